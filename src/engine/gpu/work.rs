//! From [`Peaks`] to what the kernel reads: terms filed by row, and tiles that know which terms can reach them.

use std::ops::Range;

use super::layout::{LANES, MAX_TERMS, Peak, Term, Tile};
use crate::engine::{Grid, Peaks, Rows};

/// The peaks of one upload and the tiles to be summed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Work {
    /// Peaks, `center` ascending.
    pub peaks: Vec<Peak>,
    /// Terms, row after row, in each row in the order of the peaks.
    pub terms: Vec<Term>,
    /// One workgroup each.
    pub tiles: Vec<Tile>,
    /// The row that each tile belongs to.
    pub rows: Vec<u32>,
}

/// Cuts the peaks so that neither `most_peaks` nor `most_terms` is exceeded by any part.
pub(super) fn parts(peaks: &Peaks, most_peaks: usize, most_terms: usize) -> Result<Vec<Range<usize>>, String> {
    let mut parts = Vec::new();
    let mut from = 0;
    while from < peaks.peaks.len() {
        let ceiling = peaks.start[from] as usize + most_terms;
        let fitting = peaks.start[from + 1..].partition_point(|&end| end as usize <= ceiling).min(most_peaks);
        if fitting == 0 {
            let terms = peaks.terms_of(from).len();
            return Err(format!(
                "one peak has {terms} terms and a buffer of this adapter holds {most_terms}; use --engine cpu"
            ));
        }
        parts.push(from..from + fitting);
        from += fitting;
    }
    Ok(parts)
}

impl Work {
    /// Files the peaks of `part` for the kernel.
    pub fn new(peaks: &Peaks, part: Range<usize>) -> Result<Self, String> {
        let from = part.start;
        let packed =
            peaks.peaks[part.clone()].iter().map(|peak| pack_peak(peak, &peaks.grid)).collect::<Result<Vec<_>, _>>()?;
        let starts = row_starts(peaks, part.clone());
        let mut next = starts.clone();
        let mut terms = vec![Term { peak: 0, a: 0.0, b: 0.0, c: 0.0 }; starts[peaks.rows]];
        for i in part {
            for term in peaks.terms_of(i) {
                let slot = &mut next[term.row as usize];
                terms[*slot] = pack_term(term, (i - from) as u32)?;
                *slot += 1;
            }
        }
        let mut work = Self { peaks: packed, terms, tiles: Vec::new(), rows: Vec::new() };
        for row in 0..peaks.rows {
            work.tile_row(&peaks.grid, row as u32, starts[row]..starts[row + 1]);
        }
        Ok(work)
    }

    /// Adds the tiles of one row: terms are sorted by centre, so that those within reach are a range.
    fn tile_row(&mut self, grid: &Grid, row: u32, terms: Range<usize>) {
        let centre = |k: usize| self.peaks[self.terms[k].peak as usize].center as usize;
        let widest =
            terms.clone().map(|k| self.peaks[self.terms[k].peak as usize].half as usize).max().unwrap_or_default();
        let (mut lo, mut hi) = (terms.start, terms.start);
        let mut tiles = Vec::new();
        for m in (0..grid.n).step_by(LANES) {
            let first = grid.first + m;
            let last = grid.first + (m + LANES).min(grid.n) - 1;
            while lo < terms.end && centre(lo) + widest < first {
                lo += 1;
            }
            hi = hi.max(lo);
            while hi < terms.end && centre(hi) <= last + widest {
                hi += 1;
            }
            let pieces = (lo..hi).step_by(MAX_TERMS);
            tiles.extend(pieces.map(|k| Tile {
                first: first as u32,
                lo: k as u32,
                hi: (k + MAX_TERMS).min(hi) as u32,
            }));
        }
        self.rows.resize(self.rows.len() + tiles.len(), row);
        self.tiles.append(&mut tiles);
    }

    /// Runs of tiles, none with more than `most_tiles` tiles or (beyond its first tile) `most_terms` terms.
    pub fn chunks(&self, most_tiles: usize, most_terms: usize) -> Vec<Range<usize>> {
        let mut chunks = Vec::new();
        let (mut from, mut terms) = (0, 0);
        for (i, tile) in self.tiles.iter().enumerate() {
            let more = (tile.hi - tile.lo) as usize;
            if i > from && (i - from == most_tiles || terms + more > most_terms) {
                chunks.push(from..i);
                (from, terms) = (i, 0);
            }
            terms += more;
        }
        if from < self.tiles.len() {
            chunks.push(from..self.tiles.len());
        }
        chunks
    }

    /// Adds the sums of the tiles of `chunk` to the rows. A sum that is no number is an error: the buffer held NaN
    /// before the kernel ran, so that work that was not done shows.
    pub fn add(&self, chunk: Range<usize>, sums: &[f32], grid: &Grid, rows: &mut Rows) -> Result<(), String> {
        for (i, sums) in chunk.zip(sums.chunks_exact(LANES)) {
            let row = self.rows[i] as usize;
            let m = self.tiles[i].first as usize - grid.first;
            let end = (m + LANES).min(grid.n);
            for (value, (lane, &sum)) in rows.row_mut(row)[m..end].iter_mut().zip(sums.iter().enumerate()) {
                if !sum.is_finite() {
                    let r = grid.r(m + lane);
                    return Err(format!("it gave {sum} in row {row} at r = {r:.4} A, so its work was not done"));
                }
                *value += f64::from(sum);
            }
        }
        Ok(())
    }
}

/// Where each row's terms begin when filed by row; one entry more than rows.
fn row_starts(peaks: &Peaks, part: Range<usize>) -> Vec<usize> {
    let mut starts = vec![0; peaks.rows + 1];
    for term in &peaks.terms[peaks.start[part.start] as usize..peaks.start[part.end] as usize] {
        starts[term.row as usize + 1] += 1;
    }
    for row in 0..peaks.rows {
        starts[row + 1] += starts[row];
    }
    starts
}

/// Divides by σ in f64, so that only the results are rounded.
fn pack_peak(peak: &crate::engine::Peak, grid: &Grid) -> Result<Peak, String> {
    // Steps from the centre must be exact in f32, grid indices must fit the shader's i32.
    const EXACT: u32 = 1 << f32::MANTISSA_DIGITS;
    let (slope, shift) = ((grid.step / peak.sigma) as f32, (peak.offset / peak.sigma) as f32);
    if !(slope.is_finite() && shift.is_finite()) || peak.half > EXACT || peak.center > i32::MAX as u32 {
        return Err(format!(
            "a peak at grid index {} with sigma = {} A and a reach of {} points is beyond f32; use --engine cpu",
            peak.center, peak.sigma, peak.half
        ));
    }
    Ok(Peak { center: peak.center, half: peak.half, slope, shift })
}

/// Rounds the factors to f32.
fn pack_term(term: &crate::engine::Term, peak: u32) -> Result<Term, String> {
    let packed = Term { peak, a: term.a as f32, b: term.b as f32, c: term.c as f32 };
    if packed.a.is_finite() && packed.b.is_finite() && packed.c.is_finite() {
        return Ok(packed);
    }
    Err(format!(
        "a term of row {} with factors {:e}, {:e}, {:e} is beyond f32; use --engine cpu",
        term.row, term.a, term.b, term.c
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Peak, Term};

    /// Three rows, of which the first is crowded, the second sparse, the third empty.
    fn peaks() -> Peaks {
        let peak = |i: u32| Peak { center: i / 8, half: 5 + i % 40, offset: 0.0, sigma: 0.1 };
        let term = |row| Term { row, a: 1.0, b: 0.0, c: 0.0 };
        let mut peaks = Peaks {
            grid: Grid { first: 100, step: 0.01, n: 300 },
            rows: 3,
            peaks: (0..4000).map(peak).collect(),
            start: vec![0],
            terms: Vec::new(),
        };
        for i in 0..4000 {
            peaks.terms.push(term(0));
            if i % 50 == 0 {
                peaks.terms.push(term(1));
            }
            peaks.start.push(peaks.terms.len() as u32);
        }
        peaks
    }

    /// How many terms lie over each point of each row, by the tiles and by the peaks themselves.
    #[test]
    fn tiles_visit_every_term_within_reach_once() {
        let peaks = peaks();
        let work = Work::new(&peaks, 0..peaks.peaks.len()).expect("fits");
        let mut visited = vec![0; peaks.rows * peaks.grid.n];
        for (tile, &row) in work.tiles.iter().zip(&work.rows) {
            assert!(tile.lo < tile.hi && tile.hi - tile.lo <= MAX_TERMS as u32, "{tile:?}");
            for m in (tile.first as usize - 100..).take(LANES).take_while(|&m| m < 300) {
                let over = |k: &u32| {
                    let peak = &work.peaks[work.terms[*k as usize].peak as usize];
                    (m + 100).abs_diff(peak.center as usize) <= peak.half as usize
                };
                visited[row as usize * 300 + m] += (tile.lo..tile.hi).filter(over).count();
            }
        }
        let mut expected = vec![0; peaks.rows * peaks.grid.n];
        for (i, peak) in peaks.peaks.iter().enumerate() {
            for term in peaks.terms_of(i) {
                peaks.reach(peak).for_each(|m| expected[term.row as usize * 300 + m] += 1);
            }
        }
        assert_eq!(visited, expected);
        assert!(work.rows.iter().all(|&row| row < 2));
    }

    #[test]
    fn parts_and_chunks_keep_to_their_limits() {
        let peaks = peaks();
        let cut = parts(&peaks, 300, 200).expect("can be cut");
        assert_eq!((cut[0].start, cut[cut.len() - 1].end), (0, 4000));
        assert!(cut.windows(2).all(|two| two[0].end == two[1].start));
        for part in &cut {
            let terms = peaks.start[part.end] - peaks.start[part.start];
            assert!(!part.is_empty() && part.len() <= 300 && terms <= 200, "{part:?}");
        }
        assert!(parts(&peaks, 300, 1).is_err());

        let work = Work::new(&peaks, 0..4000).expect("fits");
        let chunks = work.chunks(3, 1500);
        assert_eq!((chunks[0].start, chunks[chunks.len() - 1].end), (0, work.tiles.len()));
        assert!(chunks.windows(2).all(|two| two[0].end == two[1].start));
        for chunk in chunks {
            let terms: u32 = work.tiles[chunk.clone()].iter().map(|tile| tile.hi - tile.lo).sum();
            assert!((1..=3).contains(&chunk.len()) && terms <= 1500, "{chunk:?}: {terms}");
        }
    }
}
