//! Pairs at the nodes of a lattice of distances, on the GPU: what [`Distances::gather`] writes down, by one compute kernel.
//!
//! The host sorts atoms into tiles and finds out which tiles may hold neighbours at which nodes (`tiles.rs`); the kernel looks at all
//! their pairs, and adds up moments in whole numbers, in windows of nodes. Pairs just where the nodes begin, which is where the list of near
//! pairs ends, or where they end are handed back: the host decides in f64, so that each is in one sum or in the other.
//!
//! # How far it is from the CPU
//!
//! Places are known to some 1e-6 of a step ([`super::bins::DOUBT`]), and each moment of a pair is rounded to a part of one ([`ONES`]). Of these [`ERROR`] is
//! made. Roundings do not know of each other: in the mean a curve is right to some 1e-7 of its largest value.

pub mod layout;

use nalgebra::{Matrix3, Vector3};

use super::Gpu;
use super::layout::{Doubt, Meeting, Place};
use super::stage::{Role, Write};
use super::tiles::{Met, Tiles};
use crate::crystal::{Crystal, classes};
use crate::distances::{Distances, Kinds, Nodes};
use crate::engine::EngineError;
use layout::{EACH, Group, MOMENTS, NODES, ONES, Settings};

/// The kernel's whole numbers hold three times the square of this many steps.
const MOST_STEPS: f64 = 26_000.0;

/// Meetings of one workgroup: three of up to 2¹² pairs, which weigh no more than 2¹⁷ each by the second of [`ONES`]; so none of its sums is
/// beyond an i32.
const OF_GROUP: usize = 3;

/// Entries of one dispatch, 2¹⁴ of up to 2¹² pairs: drivers take a kernel that runs for seconds for hung. How long this takes on slow
/// hardware has not been measured.
const MOST_ENTRIES: usize = 1 << 14;

/// Room for pairs at either end of the nodes in one dispatch.
const ROOM: usize = 1 << 14;

/// Words in front of the moments: pairs in doubt, pairs that were looked at, and two of the check sum.
const AHEAD: usize = 4;

/// The largest difference that a node's weight may show from [`Distances::gather`], for each pair among eleven nodes before and behind.
///
/// | step | error of a share |
/// |---|---|
/// | each moment rounded by half of 2⁻¹⁷ at worst ([`ONES`]), and computed in f32: 2⁻¹⁸ + 2⁻²¹; eight of them times factors whose sizes add up to 0.96 | 4.1e-6 |
/// | s is right to 7.6e-6 ([`super::bins::DOUBT`]), and no share changes faster than 0.4 s | 3.1e-6 |
/// | the weight, two occupancies and their product or what a strain does in f32, in units of the most that it could | 0.9e-6 |
/// | all sharpened: factors 1 to 0.94 of wⁿ, 9.33 together, and w at most 1 | 7.6e-5 |
pub const ERROR: f64 = 7.6e-5;

/// All that one sum over pairs is made of.
struct Work {
    tiles: Tiles,
    nodes: Nodes,
    /// Of each meeting the class that it is of, and who meets.
    met: Vec<(usize, Met)>,
    /// Of each class and window the meetings that have pairs there.
    entries: Vec<((usize, usize), u32)>,
    classes: usize,
}

/// What of the entries of a dispatch is sent.
struct Chunk {
    /// Which meetings there are, by their numbers among all.
    numbers: Vec<u32>,
    meetings: Vec<Meeting>,
    /// Of each entry the place of its meeting among these.
    entries: Vec<u32>,
    groups: Vec<Group>,
}

/// What pairs weigh: one each, or what a strain does to their distances; and what one is in the sums.
#[derive(Clone, Copy)]
struct Measure {
    strain: Option<Strain>,
    one: f32,
}

/// A strain of the cell.
#[derive(Clone, Copy)]
struct Strain {
    matrix: Matrix3<f64>,
    /// What the kernel's weights are multiplied by, Å.
    scale: f64,
}

impl Gpu {
    /// As [`Distances::gather`], for a caller who may not wait; [`Engine::gather`](crate::engine::Engine::gather) waits.
    pub async fn moments_async(
        &mut self,
        crystal: &Crystal,
        kinds: Kinds,
        nodes: Nodes,
        strains: &[Matrix3<f64>],
    ) -> Result<Distances, EngineError> {
        self.sound()?;
        if let Some(why) = beyond_the_kernel(crystal, &nodes) {
            return Ok(self.left_to_the_cpu(&why, crystal, kinds, nodes, strains));
        }
        let work = Work::new(crystal, &kinds, nodes);
        if let Some(why) = self.beyond_the_buffers(&work) {
            return Ok(self.left_to_the_cpu(&why, crystal, kinds, nodes, strains));
        }
        match self.tables(&work, strains).await {
            Ok(Some(tables)) => Ok(Distances::of_moments(kinds, nodes, tables)),
            Ok(None) => {
                let why = "too many pairs lie just where the nodes begin or end, or at one node";
                Ok(self.left_to_the_cpu(why, crystal, kinds, nodes, strains))
            }
            Err(reason) => Err(self.failed(reason)),
        }
    }

    /// The CPU gathers what the kernel cannot, and a user is told.
    fn left_to_the_cpu(
        &mut self,
        why: &str,
        crystal: &Crystal,
        kinds: Kinds,
        nodes: Nodes,
        strains: &[Matrix3<f64>],
    ) -> Distances {
        self.note(format!("pairs were gathered by the CPU: {why}"));
        Distances::gather(crystal, kinds, nodes, strains)
    }

    /// What does not fit the buffers.
    fn beyond_the_buffers(&self, work: &Work) -> Option<String> {
        let (words, atoms) = (AHEAD + 2 * work.numbers(), work.tiles.places.len());
        let fits = words <= self.room::<u32>() && atoms <= self.room::<Place>();
        (!fits).then(|| format!("a buffer of this adapter does not hold {words} words or {atoms} atoms"))
    }

    /// For each class the moments of all nodes: of the number of pairs, then, strain after strain, of what it does. `None` where
    /// they are beyond what the kernel can do.
    async fn tables(&mut self, work: &Work, strains: &[Matrix3<f64>]) -> Result<Option<Vec<Vec<Vec<f64>>>>, String> {
        for one in ONES {
            if let Some(tables) = self.tables_with(work, strains, one).await? {
                return Ok(Some(tables));
            }
        }
        Ok(None)
    }

    /// With this as a weight of one; `None` where a sum was beyond an i32, or there was no room for pairs in doubt. The number of pairs comes first: what a strain does to
    /// them weighs no more.
    async fn tables_with(
        &mut self,
        work: &Work,
        strains: &[Matrix3<f64>],
        one: f32,
    ) -> Result<Option<Vec<Vec<Vec<f64>>>>, String> {
        let mut tables = vec![Vec::new(); work.classes];
        let strains = strains.iter().map(|strain| Some(Strain::new(strain, &work.nodes)));
        for strain in std::iter::once(None).chain(strains) {
            let mut sums = vec![0.0; work.numbers()];
            for (k, entries) in work.entries.chunks(self.most_entries()).enumerate() {
                // Atoms stay where they are from the first chunk on.
                let is_first = k == 0 && strain.is_none();
                if !self.add_entries(work, entries, Measure { strain, one }, is_first, &mut sums).await? {
                    return Ok(None);
                }
            }
            let each = sums.chunks_exact(work.of_class());
            tables.iter_mut().zip(each).for_each(|(tables, sums)| tables.push(sums.to_vec()));
        }
        Ok(Some(tables))
    }

    /// Entries of one dispatch.
    fn most_entries(&self) -> usize {
        MOST_ENTRIES.min(self.most_groups()).min(self.room::<Meeting>())
    }

    /// Adds the moments of some entries, and says whether they add up.
    async fn add_entries(
        &mut self,
        work: &Work,
        entries: &[((usize, usize), u32)],
        measure: Measure,
        is_first: bool,
        sums: &mut [f64],
    ) -> Result<bool, String> {
        let room = ROOM.min(self.room::<Doubt>());
        let words = vec![0_u32; AHEAD + 2 * sums.len()];
        let doubts = vec![Doubt { a: 0, b: 0, meeting: 0 }; room];
        let Chunk { numbers, meetings, entries: places, groups } = &work.chunk(entries);
        let settings = [work.settings(room, measure)];
        let mut writes = vec![
            Write::of(1, meetings, Role::Input),
            Write::of(2, groups, Role::Input),
            Write::of(3, places, Role::Input),
            Write::of(5, &words, Role::Output),
            Write::of(6, &doubts, Role::Output),
            Write::of(7, &settings, Role::Settings),
        ];
        if is_first {
            writes.push(Write::of(0, &work.tiles.places, Role::Input));
            writes.push(Write::of(4, &work.tiles.occ, Role::Input));
        }
        let [words, doubts] = self.run(&MOMENTS, &writes, groups.len() as u32).await?;
        work.are_all_there(entries, words[1])?;
        let Some(doubts) = Doubt::first(&doubts, words[0]) else { return Ok(false) };
        let moments = words[AHEAD..].as_chunks().0;
        let written: i64 = moments.iter().step_by(EACH).map(|words| wide(*words)).sum();
        if written != wide([words[2], words[3]]) {
            return Ok(false);
        }
        let scale = measure.strain.map_or(1.0, |strain| strain.scale) / f64::from(measure.one);
        sums.iter_mut().zip(moments).for_each(|(sum, words)| *sum += wide(*words) as f64 * scale);
        for doubt in &doubts {
            let number = numbers[doubt.meeting as usize % numbers.len()];
            work.decide(doubt, number, measure.strain, sums);
        }
        Ok(true)
    }
}

/// What the kernel's numbers do not hold.
fn beyond_the_kernel(crystal: &Crystal, nodes: &Nodes) -> Option<String> {
    let steps = nodes.to / nodes.step;
    if steps > MOST_STEPS {
        return Some(format!("{steps:.0} nodes are more than the kernel's {MOST_STEPS}"));
    }
    let heavy = crystal.atoms.iter().map(|atom| atom.occ).find(|occ| !(0.0..=1.0).contains(occ));
    heavy.map(|occ| format!("the kernel takes occupancies of 0 to 1, and one is {occ}"))
}

/// Two words as a number.
fn wide([low, high]: [u32; 2]) -> i64 {
    (u64::from(low) | u64::from(high) << 32).cast_signed()
}

impl Strain {
    /// No distance up to the last node becomes longer by more than the scale.
    fn new(matrix: &Matrix3<f64>, nodes: &Nodes) -> Self {
        let symmetric = 0.5 * (matrix + matrix.transpose());
        Self { matrix: symmetric, scale: (symmetric.norm() * nodes.to).max(f64::MIN_POSITIVE) }
    }
}

impl Work {
    fn new(crystal: &Crystal, kinds: &Kinds, nodes: Nodes) -> Self {
        let count = kinds.kinds.len();
        let tiles = Tiles::new(&kinds.points(crystal), count, (nodes.to, nodes.step));
        let classes: Vec<(usize, usize)> = classes(count).collect();
        let met = tiles.meetings(&classes);
        let mut entries: Vec<((usize, usize), u32)> = Vec::new();
        for (number, (class, met)) in met.iter().enumerate() {
            let [least, most] = tiles.apart(met);
            let window = |r: f64| (r.min(nodes.to) / nodes.step) as usize / NODES;
            // A hair more at either end, for what rounding may do there.
            let (first, last) = (window(least.max(nodes.from) * (1.0 - 1e-6)), window(most * (1.0 + 1e-6) + 1e-6));
            entries.extend((first..=last).map(|window| ((*class, window), number as u32)));
        }
        entries.sort_unstable();
        Self { tiles, nodes, met, entries, classes: classes.len() }
    }

    /// Moments of one class: whole windows.
    fn of_class(&self) -> usize {
        self.nodes.count().next_multiple_of(NODES) * EACH
    }

    /// Moments of all classes.
    fn numbers(&self) -> usize {
        self.classes * self.of_class()
    }

    /// What of some entries is sent.
    fn chunk(&self, entries: &[((usize, usize), u32)]) -> Chunk {
        let mut numbers: Vec<u32> = entries.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let place = |number: &u32| numbers.partition_point(|known| known < number) as u32;
        let places = entries.iter().map(|(_, number)| place(number)).collect();
        let meetings = numbers.iter().map(|number| self.tiles.meeting(&self.met[*number as usize].1)).collect();
        Chunk { groups: self.groups(entries), entries: places, meetings, numbers }
    }

    /// Entries of one class and window follow each other; of no more than [`OF_GROUP`] one workgroup is made.
    fn groups(&self, entries: &[((usize, usize), u32)]) -> Vec<Group> {
        let mut groups = Vec::new();
        let mut first = 0;
        for alike in entries.chunk_by(|(a, _), (b, _)| a == b) {
            let (class, window) = alike[0].0;
            let table = (class * self.of_class()) as u32;
            let end = first + alike.len();
            groups.extend((first..end).step_by(OF_GROUP).map(|from| Group {
                first: from as u32,
                end: (from + OF_GROUP).min(end) as u32,
                table,
                window: window as u32,
            }));
            first = end;
        }
        groups
    }

    fn settings(&self, room: usize, Measure { strain, one }: Measure) -> Settings {
        let steps = |r: f64| {
            let t = r / self.nodes.step;
            (t.floor() as i32, (t - t.floor()) as f32)
        };
        let ((least, least_past), (most, most_past)) = (steps(self.nodes.from), steps(self.nodes.to));
        // The kernel has vectors in steps and divides by their length in steps, so that one step is left.
        let e = strain.map_or(Matrix3::zeros(), |strain| strain.matrix * (self.nodes.step / strain.scale));
        let [xx, yy, zz] = [0, 1, 2].map(|k| e[(k, k)] as f32);
        let [xy, xz, yz] = [(0, 1), (0, 2), (1, 2)].map(|at| 2.0 * e[at] as f32);
        let (room, strained) = (room as u32, u32::from(strain.is_some()));
        Settings { least, least_past, most, most_past, room, strained, one, xx, yy, zz, xy, xz, yz }
    }

    /// Has every pair been looked at? The kernel's count goes round at 2³².
    fn are_all_there(&self, entries: &[((usize, usize), u32)], looked: u32) -> Result<(), String> {
        let sent: u64 = entries.iter().map(|(_, meeting)| self.tiles.pairs(&self.met[*meeting as usize].1)).sum();
        if sent as u32 == looked {
            return Ok(());
        }
        Err(format!(
            "of {sent} pairs of atoms that it was given it looked at {looked}; update its driver, or use --engine cpu"
        ))
    }

    /// Adds a pair at an end of the nodes, if it is one of theirs.
    fn decide(&self, doubt: &Doubt, number: u32, strain: Option<Strain>, sums: &mut [f64]) {
        let (class, met) = &self.met[number as usize];
        let v = self.tiles.vector(doubt, met);
        let Nodes { from, to, .. } = self.nodes;
        if v.norm_squared() <= from * from || v.norm_squared() > to * to {
            return;
        }
        let r = v.norm();
        let t = r / self.nodes.step;
        let [a, b] = [doubt.a, doubt.b].map(|slot| f64::from(self.tiles.occ[slot as usize]));
        let mut moment = a * b * strain.map_or(1.0, |strain| along(&strain.matrix, &v) / r);
        let first = class * self.of_class() + t as usize * EACH;
        for sum in &mut sums[first..first + EACH] {
            *sum += moment;
            moment *= t.fract();
        }
    }
}

fn along(e: &Matrix3<f64>, v: &Vector3<f64>) -> f64 {
    v.dot(&(e * v))
}

/// In what gathered distances differ from the CPU's by more than [`ERROR`] allows.
pub(in crate::engine) fn differ(got: &Distances, want: &Distances, strains: &[Matrix3<f64>]) -> Option<String> {
    let scales: Vec<f64> =
        std::iter::once(1.0).chain(strains.iter().map(|strain| Strain::new(strain, &want.nodes).scale)).collect();
    let count = |distances: &Distances| distances.weights.iter().map(Vec::len).collect::<Vec<_>>();
    if count(got) != count(want) {
        return Some("there are other tables".to_owned());
    }
    for (got, want) in got.weights.iter().zip(&want.weights) {
        let bound = bounds(&want[0]);
        for ((got, want), scale) in got.iter().zip(want).zip(&scales) {
            // NaN is beyond every bound.
            let is_within = |k: usize| (got[k] - want[k]).abs() <= bound[k] * scale;
            if let Some(k) = (0..want.len()).find(|k| !is_within(*k)) {
                return Some(format!("node {k}: got {:e}, want {:e}, bound {:.2e}", got[k], want[k], bound[k] * scale));
            }
        }
    }
    None
}

/// [`ERROR`] for all pairs that may have a share of each node.
fn bounds(weights: &[f64]) -> Vec<f64> {
    let near = |k: usize| {
        let range = k.saturating_sub(2 * Nodes::SHARED)..(k + 2 * Nodes::SHARED + 1).min(weights.len());
        weights[range].iter().map(|weight| weight.abs()).sum::<f64>()
    };
    (0..weights.len()).map(|k| ERROR * near(k) + f64::MIN_POSITIVE).collect()
}
