//! One measured curve of a refinement with the model of it: the sum of the curves of all phases.

use nalgebra::{DMatrix, DVector};

use super::setup::FitError;
use super::spread::Spread;
use crate::curve::{Curves, Measurement};
use crate::engine::Engine;
use crate::forward::Forward;
use crate::job::Data;
use crate::objective::Target;
use crate::observed::Observed;
use crate::outcome::Share;
use crate::params::State;
use crate::tangent::Tangent;

/// A share that changes by less than this part of what a parameter does to the phases does not change.
const ROUNDING: f64 = 1e-9;

/// The parts of a curve by name, such as `Co-N`.
pub(super) type Parts = Vec<(String, Vec<f64>)>;

/// A measured curve and what computes it.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    /// Its name in the job; empty if it is the only one.
    pub name: String,
    /// What the job says of it, and where that is silent, the file's header.
    pub data: Data,
    pub observed: Observed,
    pub target: Target,
    /// One for each phase.
    pub forwards: Vec<Forward>,
    /// The numbers of the places that it sees, one for each phase.
    pub places: Vec<usize>,
}

impl Dataset {
    /// `places`: those of this curve, with the structures at the start.
    pub fn new(
        (name, data): (&str, &Data),
        observed: Observed,
        target: Target,
        places: Vec<usize>,
        states: &[State],
    ) -> Result<Self, FitError> {
        let first = observed.r.first().copied().unwrap_or(0.0);
        let measurement = Measurement::of(data, target.r.clone(), first);
        let forwards = places.iter().map(|place| Forward::new(&measurement, &states[*place]));
        let forwards = forwards.collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), data: data.clone(), observed, target, forwards, places })
    }

    /// G(r) of all phases together, with its derivative by every refined parameter; `states` and `tangents` have one entry for
    /// each place. Without derivatives `tangents` are empty.
    pub fn curves(
        &mut self,
        states: &[State],
        tangents: &[Vec<Tangent>],
        engine: &mut dyn Engine,
    ) -> Result<Curves, FitError> {
        let mut sum: Option<Curves> = None;
        for (forward, place) in self.forwards.iter_mut().zip(&self.places) {
            let curves = forward.curves(&states[*place], tangents.get(*place).map_or(&[], Vec::as_slice), engine)?;
            match &mut sum {
                None => sum = Some(curves),
                Some(sum) => {
                    sum.g.iter_mut().zip(&curves.g).for_each(|(sum, g)| *sum += g);
                    sum.columns += curves.columns;
                }
            }
        }
        // A job has at least one phase.
        Ok(sum.unwrap_or_else(|| Curves { g: Vec::new(), columns: DMatrix::zeros(0, 0) }))
    }

    /// The parts of the curve: by pair of species of each phase, `("Co-N@glass", curve)`; they add up to the whole.
    pub(super) fn partials(
        &mut self,
        phases: &[String],
        states: &[State],
        engine: &mut dyn Engine,
    ) -> Result<Parts, FitError> {
        let mut all = Vec::new();
        for ((forward, place), phase) in self.forwards.iter_mut().zip(&self.places).zip(phases) {
            let parts = forward.partials(&states[*place], engine)?.into_iter();
            let end = if phases.len() > 1 { format!("@{phase}") } else { String::new() };
            all.extend(parts.map(|(pair, curve)| (pair + &end, curve)));
        }
        Ok(all)
    }

    /// The share of all atoms that is in each phase, `x_p = s_p w_p / Σ s w`, where there are several.
    ///
    /// s are the factors on the curves of the phases, w brings them in proportion to atoms ([`Forward::per_atom`]); uncertainties
    /// go through `dx_p = x_p (ds_p/s_p - Σ_q x_q ds_q/s_q)`.
    pub(super) fn shares(&self, states: &[State], tangents: &[Vec<Tangent>], spread: &Spread) -> Vec<Share> {
        if self.places.len() == 1 {
            return Vec::new();
        }
        let scale = |place: usize| states[place].model.profile.scale * states[place].setting.pscale;
        let amounts = self.forwards.iter().zip(&self.places);
        let amounts: Vec<f64> =
            amounts.map(|(forward, &place)| scale(place) * forward.per_atom(&states[place])).collect();
        let whole: f64 = amounts.iter().sum();
        let shares: Vec<f64> = amounts.iter().map(|amount| amount / whole).collect();
        // d ln s of each phase by each refined parameter.
        let slope = |place: usize, k: usize| tangents[place][k].shape.scale / scale(place);
        let parameters = tangents.first().map_or(0, Vec::len);
        let logs = DMatrix::from_fn(shares.len(), parameters, |phase, k| slope(self.places[phase], k));
        let mean = DVector::from_column_slice(&shares).transpose() * &logs;
        let of = |(phase, atoms): (usize, &f64)| {
            let gradient = (logs.row(phase) - &mean) * *atoms;
            let moves = |k: usize| gradient[k].abs() > ROUNDING * logs.column(k).amax();
            let known = (0..parameters).all(|k| !moves(k) || spread.known[k]);
            let variance = (&gradient * &spread.plain * gradient.transpose())[0];
            let esd = (known && variance.is_finite()).then(|| variance.max(0.0).sqrt());
            Share { dataset: self.name.clone(), atoms: *atoms, esd }
        };
        shares.iter().enumerate().map(of).collect()
    }

    pub fn qmin(&self) -> f64 {
        self.data.qmin.unwrap_or(0.0)
    }

    pub fn qmax(&self) -> Option<f64> {
        self.data.qmax
    }

    /// How many pairs had no real width at the last structure.
    pub fn clamped(&self) -> usize {
        self.forwards.iter().map(|forward| forward.clamped).sum()
    }

    /// `(qmax - qmin)(r2 - r1) / π` (Farrow et al. 2011, Phys. Rev. B 84, 134105); the points where qmax is not known.
    pub fn independent_observations(&self) -> f64 {
        let points = self.target.points() as f64;
        self.information().map_or(points, |known| known.min(points))
    }

    /// The same, however few the points are; `None` where qmax is not known.
    pub fn information(&self) -> Option<f64> {
        let length = self.data.rmax - self.data.rmin;
        Some((self.qmax()? - self.qmin()) * length / std::f64::consts::PI)
    }
}
