//! From pair sums to G(r): baseline, envelope, weights, truncation, grid. All of it is one linear map, the same for
//! the curve and for every derivative column.
//!
//! ```text
//! D_ab(r) = E(r) [P_ab(r) - 4π r m N_a N_b / V]       m = 1 for a = b, else 2 (both orders)
//! G(r)    = scale · T[ Σ_ab W_ab D_ab ](r)            E: envelope; W: weights; T: truncation to [qmin, qmax]
//! ```
//!
//! Damping comes before truncation: resolution acts on S(Q) before it is cut. An isolated cluster has no density, and no term with V.

mod envelope;
mod lowq;
mod normaliser;
mod pdffit2;
mod quadrature;
mod sines;
mod transform;
mod weights;

use std::collections::HashMap;
use std::f64::consts::PI;

use nalgebra::{DMatrix, DMatrixView};

pub use envelope::Envelope;
use normaliser::Normaliser;
pub use quadrature::gauss_legendre;
pub use transform::Transform;
pub use weights::{Sample, Weights};

use crate::crystal::{Crystal, classes, place};
use crate::element::Species;
use crate::engine::{Grid, Rows};
use crate::job::{Compat, Data, Normalisation, Weights as Mode};
use crate::lines::{NARROWEST, REACH, RowTable, Sum};
use crate::observed::Radiation;
use crate::read::observed::composition;
use crate::tangent::Tangent;

/// How a curve is measured and compared: what does not change during a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// X-rays or neutrons.
    pub radiation: Radiation,
    /// How pairs of species are weighted.
    pub weights: Mode,
    /// What S(Q) was normalised by.
    pub normalisation: Normalisation,
    /// Of which atoms, and how many of each; empty: of the structure's own.
    pub sample: Vec<(Species, f64)>,
    /// Whose sum.
    pub compat: Compat,
    /// Lower end of the transform, 1/Å.
    pub qmin: f64,
    /// Upper end of the transform, 1/Å; `None`: not truncated.
    pub qmax: Option<f64>,
    /// Width of a Soper-Lorch window, Å.
    pub soper_lorch: Option<f64>,
    /// The distances asked for, Å, ascending.
    pub r: Vec<f64>,
    /// First distance of the data file, Å: PDFfit2 computes nothing below it.
    pub data_rmin: f64,
}

impl Measurement {
    /// The measurement that a job's `data` describes, at the distances `r` (Å, ascending) of data that begin at
    /// `data_rmin` (Å).
    ///
    /// What the job leaves open is X-rays and a transform from 0 that is not truncated: let the data file's header speak
    /// first.
    ///
    /// ```
    /// use corefine::curve::Measurement;
    /// let text = r#"(structure: "ni.cif", data: (file: "ni.gr", rmin: 1.5, rmax: 20, qmax: 25))"#;
    /// let job = corefine::read::job::job(text, "job.ron").unwrap();
    /// let r = (150..=2000).map(|k| f64::from(k) * 0.01).collect();
    /// let measurement = Measurement::of(job.data(), r, 0.01); // the file has points below rmin
    /// assert_eq!((measurement.qmin, measurement.qmax), (0.0, Some(25.0)));
    /// assert_eq!((measurement.r[0], measurement.data_rmin), (1.5, 0.01));
    /// ```
    pub fn of(data: &Data, r: Vec<f64>, data_rmin: f64) -> Self {
        Self {
            radiation: data.radiation.unwrap_or_default(),
            weights: data.weights,
            normalisation: data.normalisation,
            sample: data.composition.as_deref().and_then(composition).unwrap_or_default(),
            compat: data.compat,
            qmin: data.qmin.unwrap_or(0.0),
            qmax: data.qmax,
            soper_lorch: data.soper_lorch,
            r,
            data_rmin,
        }
    }
}

/// A curve cannot be computed as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CurveError {
    /// No distances.
    #[error("no distances were asked for: rmin must be below rmax, and the data must have points between them")]
    Empty,
    /// An element without a form factor or a scattering length.
    #[error("{0} has no tabulated {1}: replace the element, or use the other radiation")]
    NoAmplitude(Species, &'static str),
    /// A window that is none.
    #[error("the window qmin {0} to qmax {1} 1/Å is empty: qmax must be larger than qmin")]
    Window(f64, f64),
    /// A grid that PDFfit2 could not have.
    #[error("compat pdffit2 needs distances in equal steps that start at a multiple of the step; got {0}")]
    Uneven(String),
    /// PDFfit2 has no clusters.
    #[error(
        "an isolated cluster cannot be computed as PDFfit2 does, which knows crystals only: leave compat pdffit2 out"
    )]
    NoPeer,
    /// Too much to be asked for.
    #[error("rmax {0} Å with qmax {1} 1/Å asks for more memory than is reasonable: lower one of them")]
    TooLong(f64, f64),
}

/// The linear map from an engine's rows to G(r) and its columns, made once for a fit.
#[derive(Debug, Clone)]
pub struct Map {
    /// The grid on which peaks are laid down.
    pub grid: Grid,
    /// Pairs are needed up to this distance, Å.
    pub reach: f64,
    /// Which sum the lines room must make.
    pub sum: Sum,
    /// The grid is fine enough for peaks of this standard deviation and wider, Å; see [`Map::finer`].
    pub narrowest: f64,
    fade: Option<(f64, f64)>,
    normaliser: Normaliser,
    way: Way,
    /// Where a particle that is summed to its very end has it, Å.
    particle: Option<f64>,
    /// What qmin takes away, for unit scale: distances × pairs of species, in the order of [`RowTable::keys`].
    below: DMatrix<f64>,
}

/// The two ways to truncate.
#[derive(Debug, Clone)]
enum Way {
    Exact(Box<Transform>),
    PdfFit2 { qmax: Option<f64>, from: usize, points: usize },
}

/// Factors on the whole curve that a fit changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factors {
    /// Scale, no unit.
    pub scale: f64,
    /// Resolution, 1/Å.
    pub qdamp: f64,
    /// Diameter of a spherical particle, Å; 0 for none.
    pub spdiameter: f64,
    /// Zero beyond, Å; 0 for nowhere.
    pub stepcut: f64,
}

/// G(r) at the distances asked for, with its derivative columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// G(r), 1/Å².
    pub g: Vec<f64>,
    /// `dG/dp`: distances × parameters, 1/Å² per unit of the parameter.
    pub columns: DMatrix<f64>,
}

/// Largest step of the fine grid, Å.
const LARGEST_STEP: f64 = 0.05;

/// Gaussians of standard deviation σ on a grid of step h are seen at Q beside their images about 2π/h: at this many
/// 1/σ from an image it is down to 2e-11.
const APART: f64 = 7.0;

/// The step of a grid that is fine enough for peaks of width `narrowest` up to `qmax`.
fn step(narrowest: f64, qmax: f64, sharp: bool) -> f64 {
    // An edge in r is no Gaussian: the finest grid there is.
    let narrowest = if sharp { NARROWEST } else { narrowest };
    (2.0 * PI / (APART / narrowest + qmax)).min(LARGEST_STEP)
}

/// How far the sum goes past rmax, in termination ripples `2π/qmax` (as PDFgui and its kin have it).
const RIPPLES: f64 = 6.0;

/// Where in these ripples the sum starts to fade out.
const RIPPLES_WHOLE: f64 = 2.0;

/// More steps than any grid needs: what a qmax of nearly nothing would ask for.
const MOST_STEPS: usize = 100_000_000;

impl Map {
    /// The map for a measurement of a crystal (at the start of a fit), whose widest peak has the standard deviation
    /// `widest` and its narrowest `narrowest` (Å); `qdamp` is the resolution at the start.
    ///
    /// # Errors
    /// See [`CurveError`].
    pub fn new(
        m: &Measurement,
        crystal: &Crystal,
        qdamp: f64,
        narrowest: f64,
        widest: f64,
    ) -> Result<Self, CurveError> {
        let _room = tracing::info_span!("curve").entered();
        let (Some(first), Some(last)) = (m.r.first(), m.r.last()) else { return Err(CurveError::Empty) };
        if let Some(qmax) = m.qmax.filter(|qmax| *qmax <= m.qmin) {
            return Err(CurveError::Window(m.qmin, qmax));
        }
        match m.compat {
            Compat::None => {
                let particle = whole_particle(m, crystal);
                let map = Self::exact(m, crystal, *last, (narrowest.max(NARROWEST), widest), particle)?;
                let below = if particle.is_some() { Ok(nothing_below(m, crystal)) } else { below(m, crystal, qdamp) };
                Ok(Self { below: below?, ..map })
            }
            Compat::PdfFit2 if crystal.cluster => Err(CurveError::NoPeer),
            Compat::PdfFit2 => Self::pdffit2(m, &crystal.species, *first, *last),
        }
    }

    /// The same map for narrower peaks.
    ///
    /// # Errors
    /// As [`Map::new`].
    pub fn finer(&self, m: &Measurement, crystal: &Crystal, narrowest: f64, widest: f64) -> Result<Self, CurveError> {
        let _room = tracing::info_span!("curve").entered();
        let Some(last) = m.r.last() else { return Err(CurveError::Empty) };
        let map = Self::exact(m, crystal, *last, (narrowest.max(NARROWEST), widest), self.particle)?;
        Ok(Self { below: self.below.clone(), ..map })
    }

    fn exact(
        m: &Measurement,
        crystal: &Crystal,
        rmax: f64,
        (narrowest, widest): (f64, f64),
        particle: Option<f64>,
    ) -> Result<Self, CurveError> {
        // A curve that is not truncated has nothing beyond the Q at which its narrowest peak has died away to 1e-12.
        let qmax = m.qmax.unwrap_or(7.5 / narrowest);
        let step = step(narrowest, qmax, crystal.profile.stepcut > 0.0);
        let ripple = 2.0 * PI / qmax;
        let end = particle.unwrap_or(0.0).max(rmax);
        let fade = (end + RIPPLES_WHOLE * ripple, end + RIPPLES * ripple + REACH * widest);
        let n = (fade.1 / step).ceil() as usize;
        if n as f64 * qmax * fade.1 > 4e9 || n > MOST_STEPS {
            return Err(CurveError::TooLong(rmax, qmax));
        }
        let grid = Grid { first: 1, step, n };
        let qmin = if particle.is_some() { m.qmin } else { 0.0 };
        let transform = Transform::new(&grid, &m.r, qmin, qmax, m.soper_lorch);
        let normaliser = Normaliser::new(m, &crystal.species, &transform.q)?;
        Ok(Self {
            grid,
            // What peaks beyond leak into the range is faded out: leaving them away changes G by 1e-8 of its largest.
            reach: crystal.within(fade.1),
            sum: Sum::Exact,
            narrowest,
            fade: Some(fade),
            normaliser,
            way: Way::Exact(Box::new(transform)),
            particle,
            below: DMatrix::zeros(0, 0),
        })
    }

    fn pdffit2(m: &Measurement, species: &[Species], first: f64, last: f64) -> Result<Self, CurveError> {
        let (start, step) = even(&m.r)?;
        let ripples = m.qmax.map_or(0.0, |qmax| RIPPLES * 2.0 * PI / qmax);
        let from = ((first - ripples).max(m.data_rmin) / step).round().max(1.0) as usize;
        let to = ((last + ripples) / step).round() as usize;
        let from = from.min(start);
        Ok(Self {
            grid: Grid { first: from, step, n: to - from + 1 },
            reach: last + ripples + 1.0,
            sum: Sum::PdfFit2,
            narrowest: 0.0,
            fade: None,
            normaliser: Normaliser::new(m, species, &[0.0])?,
            way: Way::PdfFit2 { qmax: m.qmax, from: start - from, points: m.r.len() },
            particle: None,
            below: DMatrix::zeros(m.r.len(), classes(species.len()).count()),
        })
    }

    /// By what a factor on the curve of a phase has to be multiplied to be in proportion to its atoms in a sample.
    pub fn per_atom(&self, crystal: &Crystal) -> f64 {
        self.normaliser.per_atom(crystal)
    }

    /// G(r) and its columns from an engine's rows.
    ///
    /// The rows are those of `table`, which was made for `crystal` and `tangents`.
    pub fn curves(
        &self,
        crystal: &Crystal,
        factors: &Factors,
        tangents: &[Tangent],
        table: &RowTable,
        rows: Rows,
    ) -> Curves {
        let _room = tracing::info_span!("curve").entered();
        let rows = self.damped(crystal, factors, tangents, table, rows);
        let weights = self.weights(crystal);
        let moved: Vec<Option<Vec<f64>>> = tangents.iter().map(|tangent| count_tangent(crystal, tangent)).collect();
        let columns_of = |row: usize| table.keys[row].0;
        let all = self.project(&rows, table, &weights, table.columns, &columns_of, &moved);
        let unscaled = all.column(0) - self.below.column_sum();
        let mut columns = all.columns(1, tangents.len()).into_owned() * factors.scale;
        for (mut column, tangent) in columns.column_iter_mut().zip(tangents) {
            column.axpy(tangent.shape.scale, &unscaled, 1.0);
        }
        Curves { g: (unscaled * factors.scale).as_slice().to_vec(), columns }
    }

    /// G(r) by pair of species: `((a, b), curve)`; they add up to the whole.
    pub fn partials(
        &self,
        crystal: &Crystal,
        factors: &Factors,
        table: &RowTable,
        rows: Rows,
    ) -> Vec<((usize, usize), Vec<f64>)> {
        let _room = tracing::info_span!("curve").entered();
        let rows = self.damped(crystal, factors, &[], table, rows);
        let weights = self.weights(crystal);
        let parts = self.project(&rows, table, &weights, table.keys.len(), &|row| row, &[]);
        let parts = (parts - &self.below) * factors.scale;
        table
            .keys
            .iter()
            .zip(parts.column_iter())
            .map(|((_, class), part)| (*class, part.as_slice().to_vec()))
            .collect()
    }

    /// What pairs on their own add to G(r), without any baseline: distances × columns of `table`, scale included.
    pub fn pairs(&self, crystal: &Crystal, factors: &Factors, table: &RowTable, mut rows: Rows) -> DMatrix<f64> {
        let _room = tracing::info_span!("curve").entered();
        let envelope = self.envelope(factors);
        let factor: Vec<f64> = self.distances().map(|r| envelope.at(r, self.grid.step) / self.divisor(r)).collect();
        for row in 0..rows.len() {
            rows.row_mut(row).iter_mut().zip(&factor).for_each(|(value, factor)| *value *= factor);
        }
        let column = |row: usize| table.keys[row].0;
        self.project(&rows, table, &self.weights(crystal), table.columns, &column, &[]) * factors.scale
    }

    /// By what a sum of peaks is divided at r: PDFfit2's peaks have no `1/r_ij`.
    fn divisor(&self, r: f64) -> f64 {
        match self.sum {
            Sum::PdfFit2 => r,
            Sum::Exact => 1.0,
        }
    }

    /// Are the weights the same at every Q?
    fn even(&self) -> bool {
        self.normaliser.is_even()
    }

    /// Columns on the grid to Q; PDFfit2's sum is truncated in another way.
    fn to_q(&self, columns: DMatrixView<f64>) -> DMatrix<f64> {
        match &self.way {
            Way::Exact(transform) => transform.to_q(columns),
            Way::PdfFit2 { .. } => columns.into_owned(),
        }
    }

    fn weights(&self, crystal: &Crystal) -> Weights {
        self.normaliser.weights(crystal)
    }

    /// Subtracts the baseline and applies the envelope, to the curve and to its columns (product rule).
    fn damped(&self, crystal: &Crystal, factors: &Factors, tangents: &[Tangent], table: &RowTable, rows: Rows) -> Rows {
        let bare = self.bare(crystal, tangents, table, rows);
        self.enveloped(factors, tangents, table, bare)
    }

    /// The sums over pairs less the baseline: `P_ab - 4π r m N_a N_b / V`, and its derivatives.
    fn bare(&self, crystal: &Crystal, tangents: &[Tangent], table: &RowTable, mut rows: Rows) -> Rows {
        let baseline = Baseline::new(crystal);
        let distances: Vec<f64> = self.distances().collect();
        let changes: Vec<_> = tangents.iter().map(|tangent| BaselineChange::new(crystal, tangent)).collect();
        for (row, (column, class)) in table.keys.iter().enumerate() {
            let slope = match column.checked_sub(1) {
                None => baseline.of(*class),
                Some(k) => baseline.derivative(*class, &changes[k]),
            };
            let points = rows.row_mut(row).iter_mut().zip(&distances);
            match self.sum {
                Sum::PdfFit2 => points.for_each(|(value, r)| *value = *value / r - slope * r),
                Sum::Exact => points.for_each(|(value, r)| *value -= slope * r),
            }
        }
        rows
    }

    /// Bare rows times the envelope; columns also get the bare curve times the change of the envelope.
    fn enveloped(&self, factors: &Factors, tangents: &[Tangent], table: &RowTable, mut rows: Rows) -> Rows {
        let envelope = self.envelope(factors);
        let factor: Vec<f64> = self.distances().map(|r| envelope.at(r, self.grid.step)).collect();
        let mut slopes: HashMap<usize, Vec<f64>> = HashMap::new();
        // Columns first: they need the curve's rows as they are before the envelope.
        for (row, (column, class)) in table.keys.iter().enumerate().rev() {
            for (value, factor) in rows.row_mut(row).iter_mut().zip(&factor) {
                *value *= factor;
            }
            let shape = column.checked_sub(1).map(|k| &tangents[k].shape);
            let Some(shape) = shape.filter(|shape| shape.qdamp != 0.0 || shape.spdiameter != 0.0) else { continue };
            let slope = slopes
                .entry(*column)
                .or_insert_with(|| self.distances().map(|r| envelope.derivative(r, self.grid.step, shape)).collect());
            let curve = rows.row(table.row(0, *class).expect("column 0 has every class")).to_vec();
            for ((value, bare), slope) in rows.row_mut(row).iter_mut().zip(curve).zip(slope.iter()) {
                *value += slope * bare;
            }
        }
        rows
    }

    /// The distances of the fine grid, Å.
    fn distances(&self) -> impl Iterator<Item = f64> {
        let grid = self.grid;
        (0..grid.n).map(move |m| grid.r(m))
    }

    fn envelope(&self, factors: &Factors) -> Envelope {
        let Factors { qdamp, spdiameter, stepcut, .. } = *factors;
        Envelope { qdamp, spdiameter, stepcut, fade: self.fade }
    }

    /// Weights, truncates and resamples the rows, adding up those of one group: distances × groups.
    ///
    /// Group k + 1 also gets the curve (group 0) times the change of its weights, where `moved[k]` says that a
    /// parameter changes the numbers of atoms.
    fn project(
        &self,
        rows: &Rows,
        table: &RowTable,
        weights: &Weights,
        groups: usize,
        group: &dyn Fn(usize) -> usize,
        moved: &[Option<Vec<f64>>],
    ) -> DMatrix<f64> {
        let rows = DMatrixView::from_slice(&rows.values, rows.n, rows.len());
        // Weights that do not depend on Q may as well come first: then fewer rows have to be taken there.
        let mut sums = if self.even() {
            self.to_q(weighted(rows, table, weights, (groups, group)).as_view())
        } else {
            weighted(self.to_q(rows).as_view(), table, weights, (groups, group))
        };
        for (parameter, counts) in moved.iter().enumerate() {
            let Some(counts) = counts else { continue };
            for k in 0..sums.nrows() {
                sums[(k, parameter + 1)] += weights.slope(counts, k) * sums[(k, 0)];
            }
        }
        match &self.way {
            Way::Exact(transform) => transform.to_r(&sums),
            Way::PdfFit2 { qmax, from, points } => {
                if let Some(qmax) = qmax {
                    for mut column in sums.column_iter_mut() {
                        pdffit2::cut(column.as_mut_slice(), self.grid.step, *qmax);
                    }
                }
                sums.rows(*from, *points).into_owned()
            }
        }
    }
}

/// The rows (as columns) times their weights, added up in groups: points × groups.
fn weighted(
    rows: DMatrixView<f64>,
    table: &RowTable,
    weights: &Weights,
    (groups, group): (usize, &dyn Fn(usize) -> usize),
) -> DMatrix<f64> {
    let of = |class| (0..rows.nrows()).map(|k| weights.at(class, k)).collect();
    let of_class: Vec<Vec<f64>> = classes(table.species).map(of).collect();
    let mut sums = DMatrix::zeros(rows.nrows(), groups);
    for ((row, (_, class)), values) in table.keys.iter().enumerate().zip(rows.column_iter()) {
        let weights = &of_class[place(table.species, *class)];
        let mut sum = sums.column_mut(group(row));
        for ((sum, value), weight) in sum.as_mut_slice().iter_mut().zip(values.as_slice()).zip(weights) {
            *sum += weight * value;
        }
    }
    sums
}

/// The slope of `4π r m N_a N_b / V` against r for each pair of species; 0 for a cluster, around which there is nothing.
struct Baseline {
    counts: Vec<f64>,
    /// `4π / V`, 1/Å³.
    front: f64,
}

impl Baseline {
    fn new(crystal: &Crystal) -> Self {
        let front = if crystal.cluster { 0.0 } else { 4.0 * PI / crystal.volume() };
        Self { counts: crystal.species_counts(), front }
    }

    fn of(&self, (a, b): (usize, usize)) -> f64 {
        let orders = if a == b { 1.0 } else { 2.0 };
        self.front * orders * self.counts[a] * self.counts[b]
    }

    fn derivative(&self, (a, b): (usize, usize), change: &BaselineChange) -> f64 {
        let orders = if a == b { 1.0 } else { 2.0 };
        let by_counts = change
            .counts
            .as_ref()
            .map_or(0.0, |moved| self.front * orders * (moved[a] * self.counts[b] + self.counts[a] * moved[b]));
        by_counts - self.of((a, b)) * change.swell
    }
}

/// What a tangent does to the baseline.
struct BaselineChange {
    /// See [`count_tangent`].
    counts: Option<Vec<f64>>,
    /// Change of the logarithm of the volume.
    swell: f64,
}

impl BaselineChange {
    fn new(crystal: &Crystal, tangent: &Tangent) -> Self {
        let swell = tangent.strain(&crystal.basis).map_or(0.0, |strain| strain.trace());
        Self { counts: count_tangent(crystal, tangent), swell }
    }
}

/// `dN_s / d parameter` for each species, or `None` if the parameter leaves the numbers alone.
fn count_tangent(crystal: &Crystal, tangent: &Tangent) -> Option<Vec<f64>> {
    if tangent.atoms.iter().all(|(_, change)| change.occ == 0.0) {
        return None;
    }
    let mut counts = vec![0.0; crystal.species.len()];
    for (atom, change) in &tangent.atoms {
        counts[crystal.atoms[*atom as usize].species] += change.occ;
    }
    Some(counts)
}

/// Pairs up to which a particle is summed whole: some seconds without derivatives.
const MOST_PAIRS: f64 = 5e6;

/// How much a refined diameter may grow before the sum ends inside the particle.
const GROWTH: f64 = 1.3;

/// Where the sum has to end to hold a whole particle, Å, if it is one and small enough, and the transform has a lower
/// end: then the curve that is cut in Q is all there is, and no endless crystal need be thought of.
///
fn whole_particle(m: &Measurement, crystal: &Crystal) -> Option<f64> {
    if crystal.cluster {
        return whole_cluster(crystal, m.qmin);
    }
    let end = GROWTH * crystal.profile.spdiameter;
    (m.qmin > 0.0 && end > 0.0 && crystal.pairs_within(end) <= MOST_PAIRS).then_some(end)
}

/// The same of a cluster: with a lower end of the transform always, as there is no crystal whose lines could stand for its
/// small-angle scattering, and where that costs little.
fn whole_cluster(crystal: &Crystal, qmin: f64) -> Option<f64> {
    let end = crystal.diameter() + FLANK;
    (qmin > 0.0 || crystal.pairs_within(end) <= MOST_PAIRS).then_some(end)
}

/// What the farthest pair of a cluster, whose atoms move a little, has beyond it, Å.
const FLANK: f64 = 1.0;

/// Up to which distance the pairs of a crystal or a cluster count in a curve to `rmax` (Å) that is cut at `qmin` (1/Å), before the ripples
/// of a truncation.
pub fn summed_to(crystal: &Crystal, rmax: f64, qmin: f64) -> f64 {
    let end = if crystal.cluster { whole_cluster(crystal, qmin) } else { None };
    end.map_or(rmax, |end| end.max(rmax))
}

fn nothing_below(m: &Measurement, crystal: &Crystal) -> DMatrix<f64> {
    DMatrix::zeros(m.r.len(), classes(crystal.species.len()).count())
}

/// What the lower end of the transform takes away.
fn below(m: &Measurement, crystal: &Crystal, qdamp: f64) -> Result<DMatrix<f64>, CurveError> {
    if m.qmin <= 0.0 {
        return Ok(nothing_below(m, crystal));
    }
    let rmax = m.r.last().copied().unwrap_or(0.0);
    // Lines are at least 0.01 wide: nodes at half that, and enough for the fastest wave.
    let nodes = (m.qmin / 0.005).ceil() as usize + (0.5 * m.qmin * rmax).ceil() as usize + 20;
    let (q, dq) = gauss_legendre(nodes, 0.0, m.qmin);
    let weights = Normaliser::new(m, &crystal.species, &q)?.weights(crystal);
    Ok(lowq::below(crystal, &weights, &q, &dq, qdamp, &m.r))
}

/// Index of the first distance in steps, and the step, of distances that are multiples of their step.
fn even(r: &[f64]) -> Result<(usize, f64), CurveError> {
    let [first, .., last] = r else { return Err(CurveError::Empty) };
    let step = (last - first) / (r.len() - 1) as f64;
    let start = (first / step).round();
    let off = r.iter().enumerate().map(|(k, r)| (r / step - start - k as f64).abs()).fold(0.0, f64::max);
    // A tenth of a step: files round their distances to a few digits.
    if off > 0.1 || start < 1.0 {
        return Err(CurveError::Uneven(format!("{} points from {first} to {last} Å", r.len())));
    }
    // The step that makes the distances whole multiples: 0.01, not 0.009999 from rounded ends.
    Ok((start as usize, last / (start + (r.len() - 1) as f64)))
}
