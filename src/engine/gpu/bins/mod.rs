//! Pairs in bins on the GPU: the counts of [`distances::bins`], by one compute kernel.
//!
//! The host sorts atoms into tiles and finds out which tiles may hold neighbours (`tiles.rs`); the kernel looks at all their
//! pairs. It is certain of a pair's bin unless the pair lies within [`DOUBT`] of an edge; those it hands back, and the host decides in
//! f64. So the counts are those of the CPU, but for pairs that lie on an edge to the last bits of f64, where what each of the two
//! adds up first decides.
//!
//! Nothing fails in silence: as many pairs must come back, counted, in doubt or beyond the reach, as were sent.

pub mod layout;

use super::Gpu;
use super::layout::{Doubt, Meeting, Place};
use super::stage::{Role, Write};
use super::tiles::{Met, Tiles};
use crate::crystal::Points;
use crate::distances::{self, Bins};
use crate::engine::{Binned, Counter, EngineError};
use layout::{BINS, Group, Settings};

/// Nearer to an edge than this, in widths of a bin, the kernel is not certain on which side of it a pair lies: `DOUBT` of the shader.
///
/// With `u = 2⁻²⁴`, `d` what is left of the difference of two places (three numbers below 3/2) and `n` its whole widths, the kernel computes
///
/// ```text
/// t - k = [ (n² - k²) + Σ d (2n + d) ] / (k + t)        k = 1, 2 ... near t, below 46000
/// ```
///
/// | step | error of `t - k` |
/// |---|---|
/// | `d` from three numbers that were rounded, and two sums: `4u` along each axis | `7u` |
/// | `n² - k²` in whole numbers; it is below 2²⁴ and none is lost | 0 |
/// | `Σ d (2n + d)`: each product twice rounded, and two sums | `4u Σ abs(d) (2 abs(n) + abs(d)) / (k + t)`: `51u` at t = 1, `11u` far out |
/// | the last sum, and the quotient, of which the denominator has a root in it | `13u` |
///
/// That is `71u` at most, and `128u` is allowed for. Below t = 1 the first edge is no doubt, and the error at the second that of k = 1.
pub const DOUBT: f64 = 1.0 / (1 << 17) as f64;

/// The kernel's whole numbers hold three times the square of this many bins.
const MOST_BINS: usize = 26_000;

/// Meetings of one dispatch: no number of 32 bits is full after 2¹⁴ times 2¹² pairs, and drivers take a kernel that runs for seconds for
/// hung. How long this takes on slow hardware has not been measured.
const MOST_MEETINGS: usize = 1 << 14;

/// Meetings of one workgroup: enough that its tables are filled before they are handed on.
const EACH: usize = 16;

/// Room for pairs in doubt in one dispatch; where there are more, which takes a crystal whose atoms stand still, the CPU counts.
const ROOM: usize = 1 << 14;

/// What the meetings of one dispatch are made of.
struct Chunk {
    groups: Vec<Group>,
    meetings: Vec<Meeting>,
    /// Of each meeting the class that it counts for, and who meets.
    met: Vec<(usize, Met)>,
}

/// What one dispatch gives.
struct Found {
    /// Pairs in doubt, and the tables.
    counts: Vec<u32>,
    /// All pairs in doubt; `None` where there were too many.
    doubts: Option<Vec<Doubt>>,
}

impl Counter for Gpu {
    fn count(&mut self, points: &Points, classes: &[(usize, usize)], bins: Bins) -> Result<Binned, EngineError> {
        self.wait(async |gpu| gpu.bins_async(points, classes, bins).await)
    }
}

impl Gpu {
    /// How many pairs lie in each bin, for a caller who may not wait; [`Counter::count`] waits.
    pub async fn bins_async(
        &mut self,
        points: &Points,
        classes: &[(usize, usize)],
        bins: Bins,
    ) -> Result<Binned, EngineError> {
        self.sound()?;
        let counted = self.binned(points, classes, bins).await;
        counted.map_err(|reason| self.failed(reason))
    }

    async fn binned(&mut self, points: &Points, classes: &[(usize, usize)], bins: Bins) -> Result<Binned, String> {
        let kinds = classes.iter().map(|(_, b)| b + 1).max().unwrap_or(0);
        let tiles = Tiles::new(points, kinds, (bins.reach(), bins.width));
        self.fits(&tiles, classes.len(), bins)?;
        let met = tiles.meetings(classes);
        let mut all = Binned::of(vec![vec![0; bins.count]; classes.len()]);
        for met in met.chunks(self.most_meetings()) {
            let chunk = Chunk::new(met, &tiles, bins);
            let found = self.count_chunk(&chunk, &tiles, (classes.len(), bins)).await?;
            chunk.are_all_there(&found, &tiles)?;
            let Some(doubts) = &found.doubts else {
                self.note("frames were counted by the CPU: most of their pairs lie on the edges of bins".to_owned());
                return Ok(Binned::of(distances::bins(points, classes, bins)));
            };
            chunk.add(&found.counts, doubts, (&tiles, bins), &mut all);
        }
        Ok(all)
    }

    /// Do the numbers fit what the kernel counts in, and the buffers?
    fn fits(&self, tiles: &Tiles, classes: usize, bins: Bins) -> Result<(), String> {
        let advice = "take wider bins, a shorter range, or --engine cpu";
        if bins.count > MOST_BINS {
            return Err(format!("{} bins are more than the kernel's {MOST_BINS}; {advice}", bins.count));
        }
        let (numbers, atoms) = (1 + classes * (bins.count + 1), tiles.places.len());
        if numbers > self.room::<u32>() || atoms > self.room::<Place>() {
            return Err(format!("a buffer of this adapter does not hold {numbers} numbers or {atoms} atoms; {advice}"));
        }
        Ok(())
    }

    /// Meetings in one dispatch.
    fn most_meetings(&self) -> usize {
        MOST_MEETINGS.min(self.most_groups()).min(self.room::<Meeting>())
    }

    async fn count_chunk(
        &mut self,
        chunk: &Chunk,
        tiles: &Tiles,
        (classes, bins): (usize, Bins),
    ) -> Result<Found, String> {
        let room = ROOM.min(self.room::<Doubt>());
        let counts = vec![0_u32; 1 + classes * (bins.count + 1)];
        let doubts = vec![Doubt { a: 0, b: 0, meeting: 0 }; room];
        let settings = [Settings { bins: bins.count as u32, room: room as u32 }];
        let writes = [
            Write::of(0, &tiles.places, Role::Input),
            Write::of(1, &chunk.meetings, Role::Input),
            Write::of(2, &chunk.groups, Role::Input),
            Write::of(3, &counts, Role::Output),
            Write::of(4, &doubts, Role::Output),
            Write::of(5, &settings, Role::Settings),
        ];
        let [counts, doubts] = self.run(&BINS, &writes, chunk.groups.len() as u32).await?;
        Ok(Found { doubts: Doubt::first(&doubts, counts[0]), counts })
    }
}

impl Chunk {
    /// Meetings of one class follow each other; of no more than [`EACH`] one workgroup is made.
    fn new(met: &[(usize, Met)], tiles: &Tiles, bins: Bins) -> Self {
        let mut groups = Vec::new();
        let mut first = 0;
        for of_class in met.chunk_by(|(a, _), (b, _)| a == b) {
            let table = 1 + of_class[0].0 * (bins.count + 1);
            let end = first + of_class.len();
            let group =
                |from: usize| Group { first: from as u32, end: (from + EACH).min(end) as u32, table: table as u32 };
            groups.extend((first..end).step_by(EACH).map(group));
            first = end;
        }
        Self { groups, meetings: met.iter().map(|(_, met)| tiles.meeting(met)).collect(), met: met.to_vec() }
    }

    /// Has every pair come back?
    fn are_all_there(&self, found: &Found, tiles: &Tiles) -> Result<(), String> {
        let sent: u64 = self.met.iter().map(|(_, met)| tiles.pairs(met)).sum();
        let came: u64 = found.counts.iter().map(|n| u64::from(*n)).sum();
        if came == sent {
            return Ok(());
        }
        Err(format!(
            "of {sent} pairs of atoms that it was given {came} came back; update its driver, or use --engine cpu"
        ))
    }

    /// Adds what was found, the pairs in doubt among it.
    fn add(&self, counts: &[u32], doubts: &[Doubt], (tiles, bins): (&Tiles, Bins), all: &mut Binned) {
        for (all, table) in all.tables.iter_mut().zip(counts[1..].chunks_exact(bins.count + 1)) {
            all.iter_mut().zip(table).for_each(|(all, n)| *all += u64::from(*n));
        }
        for doubt in doubts {
            let (class, met) = &self.met[doubt.meeting as usize % self.met.len()];
            let r = tiles.vector(doubt, met).norm();
            if let Some(count) = all.tables[*class].get_mut(bins.of(r)) {
                *count += 1;
            }
            all.on_edge += u64::from(bins.is_on_edge(r));
        }
        all.decided += doubts.len() as u64;
    }
}
