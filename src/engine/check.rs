//! The `check` engine: another engine held to the definition, point by point.

use nalgebra::Matrix3;

use super::gpu::{Gpu, LEAST_PART, error_bound, error_bound_at, moments};
use super::{Binned, Counter, Cpu, Engine, EngineError, Peaks, Rows};
use crate::crystal::{Crystal, Points};
use crate::distances::{Bins, Distances, Kinds, Nodes};

/// Runs the CPU and another engine, compares them, and returns what the CPU computed.
///
/// A difference of sums beyond [`error_bound`], of nodes beyond [`moments::ERROR`], or of counts is an error. The point of sums that
/// came nearest to its bound is kept.
#[derive(Debug)]
pub struct Check<E = Gpu> {
    /// The definition.
    pub cpu: Cpu,
    /// The engine under test.
    pub gpu: E,
    worst: Option<Worst>,
}

/// The point where the engines differ most, measured by the bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worst {
    /// Row, among those that the engine was asked for at once.
    pub row: usize,
    /// Index of the grid point.
    pub m: usize,
    /// Its distance, Å.
    pub r: f64,
    /// What the engine under test gave.
    pub got: f64,
    /// What the CPU gave.
    pub want: f64,
    /// Largest difference allowed there.
    pub bound: f64,
    /// Largest value of the row, without sign.
    pub largest: f64,
}

impl<E: Engine> Check<E> {
    /// Holds an engine to the CPU.
    pub fn new(gpu: E) -> Self {
        Self { cpu: Cpu, gpu, worst: None }
    }

    fn differs(&self, how: &str) -> EngineError {
        EngineError { engine: self.gpu.name(), reason: format!("{how}; update its driver, or use --engine cpu") }
    }

    /// The worst point of all calls so far; none before the first.
    pub fn worst(&self) -> Option<&Worst> {
        self.worst.as_ref()
    }
}

impl Worst {
    /// The difference in units of the bound: above 1 it is an error. Infinite where a number is missing (NaN).
    pub fn ratio(&self) -> f64 {
        let difference = (self.got - self.want).abs();
        match difference {
            0.0 => 0.0,
            _ if difference.is_nan() => f64::INFINITY,
            _ => difference / self.bound,
        }
    }
}

impl std::fmt::Display for Worst {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { row, m, r, got, want, bound, largest } = self;
        write!(f, "row {row}, point {m}, r = {r:.4} A: got {got:e}, want {want:e}, ")?;
        write!(f, "difference {:.2e}, bound {bound:.2e}, largest of the row {largest:.2e}", (got - want).abs())
    }
}

/// The point of `got` that is farthest from `want` in units of `bound`; none where there are no points.
pub fn compare(peaks: &Peaks, got: &Rows, want: &Rows, bound: &Rows) -> Option<Worst> {
    let mut worst: Option<Worst> = None;
    for row in 0..want.len() {
        let largest = want.row(row).iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        for m in 0..want.n {
            let (got, want, bound) = (got.row(row)[m], want.row(row)[m], bound.row(row)[m]);
            let point = Worst { row, m, r: peaks.grid.r(m), got, want, bound, largest };
            if worst.is_none_or(|worst| point.ratio() > worst.ratio()) {
                worst = Some(point);
            }
        }
    }
    worst
}

/// The point of `got` that is farthest from `want` beyond [`error_bound`]; none where all are within.
///
/// The bound takes ten times as long as the rows, so it is taken at those points only where a difference is not small
/// against the value itself.
pub(super) fn beyond(peaks: &Peaks, got: &Rows, want: &Rows) -> Option<Worst> {
    // NaN is not small.
    let small = |got: f64, want: f64| (got - want).abs() <= LEAST_PART * want.abs();
    let doubtful = |row: usize| (0..want.n).filter(|&m| !small(got.row(row)[m], want.row(row)[m])).collect();
    let doubtful: Vec<Vec<usize>> = (0..want.len()).map(doubtful).collect();
    let bound = error_bound_at(peaks, &doubtful);
    let mut sure = want.clone();
    for (row, points) in doubtful.iter().enumerate() {
        for &m in points {
            sure.row_mut(row)[m] = got.row(row)[m];
        }
    }
    compare(peaks, &sure, want, &bound).filter(|worst| worst.ratio() > 1.0)
}

impl<E: Engine> Engine for Check<E> {
    fn name(&self) -> String {
        format!("check ({} against {})", self.gpu.name(), self.cpu.name())
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        let want = self.cpu.broaden(peaks)?;
        let got = self.gpu.broaden(peaks)?;
        let Some(found) = compare(peaks, &got, &want, &error_bound(peaks)) else { return Ok(want) };
        if self.worst.is_none_or(|worst| found.ratio() > worst.ratio()) {
            self.worst = Some(found);
        }
        if found.ratio() <= 1.0 {
            return Ok(want);
        }
        Err(EngineError {
            engine: self.gpu.name(),
            reason: format!("it differs from the CPU beyond its bound: {found}"),
        })
    }

    fn gather(
        &mut self,
        crystal: &Crystal,
        kinds: Kinds,
        nodes: Nodes,
        strains: &[Matrix3<f64>],
    ) -> Result<Distances, EngineError> {
        let want = self.cpu.gather(crystal, kinds.clone(), nodes, strains)?;
        let got = self.gpu.gather(crystal, kinds, nodes, strains)?;
        match moments::differ(&got, &want, strains) {
            None => Ok(want),
            Some(found) => {
                Err(self.differs(&format!("its pairs at a distance differ from the CPU's beyond their bound: {found}")))
            }
        }
    }
}

impl<E: Counter + Engine> Counter for Check<E> {
    /// Both must count alike, but for pairs on the edge of a bin to the last bits of f64: as many as there are may be in the bin beside.
    fn count(&mut self, points: &Points, classes: &[(usize, usize)], bins: Bins) -> Result<Binned, EngineError> {
        let want = self.cpu.count(points, classes, bins)?;
        let got = self.gpu.count(points, classes, bins)?;
        match differ(&want, &got) {
            None => Ok(want),
            Some(how) => Err(self.differs(&how)),
        }
    }
}

/// In what counts differ more than they may.
fn differ(want: &Binned, got: &Binned) -> Option<String> {
    if want.tables.len() != got.tables.len() {
        return Some("its tables are others".to_owned());
    }
    let differing = |(want, got): (&Vec<u64>, &Vec<u64>)| -> u64 {
        want.iter().zip(got).map(|(want, got)| want.abs_diff(*got)).sum()
    };
    let differ: u64 = want.tables.iter().zip(&got.tables).map(differing).sum();
    let on_edge = got.on_edge;
    (differ > 2 * on_edge).then(|| {
        format!("its counts differ from the CPU's by {differ} in all bins, and {on_edge} pairs lay on the edge of one")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Grid, Peak, Term};

    /// The CPU with one value changed.
    struct Off(f64);

    impl Engine for Off {
        fn name(&self) -> String {
            "off".into()
        }

        fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
            let mut rows = Cpu.broaden(peaks)?;
            rows.row_mut(1)[7] += self.0;
            Ok(rows)
        }
    }

    fn peaks() -> Peaks {
        Peaks {
            grid: Grid { first: 5, step: 0.1, n: 20 },
            rows: 2,
            peaks: vec![Peak { center: 10, half: 8, offset: 0.02, sigma: 0.2 }],
            start: vec![0, 2],
            terms: vec![Term { row: 0, a: 1.0, b: 0.0, c: 0.0 }, Term { row: 1, a: 1.0, b: -2.0, c: 0.5 }],
        }
    }

    #[test]
    fn a_difference_beyond_the_bound_is_named() {
        for wrong in [1e-3, f64::NAN] {
            let mut check = Check::new(Off(wrong));
            let error = check.broaden(&peaks()).expect_err("too far off").to_string();
            assert!(error.contains("row 1, point 7, r = 1.2000 A"), "{error}");
        }
    }

    /// With and without the short cut.
    #[test]
    fn what_is_beyond_is_found_wherever_it_is() {
        let (peaks, want) = (peaks(), Cpu.broaden(&peaks()).expect("the CPU"));
        let bound = error_bound(&peaks);
        assert_eq!(beyond(&peaks, &want, &want,), None);
        for at in (0..want.values.len()).filter(|&at| bound.values[at] > 0.0) {
            for (part, is_beyond) in [(0.99, false), (-0.99, false), (1.01, true), (-1.01, true), (f64::NAN, true)] {
                let mut got = want.clone();
                got.values[at] += part * bound.values[at];
                let found = beyond(&peaks, &got, &want).map(|worst| worst.row * peaks.grid.n + worst.m);
                assert_eq!(found, is_beyond.then_some(at), "{part}");
            }
        }
        let mut got = want.clone();
        got.row_mut(0)[19] = 1e-300;
        assert_eq!(beyond(&peaks, &got, &want).map(|worst| worst.m), Some(19), "no peak is there");
    }

    #[test]
    fn a_difference_within_the_bound_is_kept_and_passes() {
        let mut check = Check::new(Off(1e-7));
        assert_eq!(check.broaden(&peaks()), Cpu.broaden(&peaks()));
        let worst = check.worst().expect("compared");
        assert_eq!((worst.row, worst.m), (1, 7));
        assert!(worst.ratio() > 0.0 && worst.ratio() < 1.0, "{worst}");
    }
}
