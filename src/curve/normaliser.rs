//! Amplitudes of the species at each Q, and what partial curves are divided by.

use super::weights::{Sample, Weights, mean};
use super::{CurveError, Measurement};
use crate::crystal::Crystal;
use crate::element::Species;
use crate::job::{Compat, Normalisation, Weights as Mode};
use crate::observed::Radiation;
use crate::scattering;

/// What partial curves are weighted by.
#[derive(Debug, Clone)]
pub(super) struct Normaliser {
    normalisation: Normalisation,
    /// Of each species of the structure, at each Q.
    amplitudes: Vec<Vec<f64>>,
    /// The sample, if it is not the structure alone.
    sample: Option<Sample>,
}

impl Normaliser {
    pub fn new(m: &Measurement, species: &[Species], q: &[f64]) -> Result<Self, CurveError> {
        let of_sample: Vec<Species> = m.sample.iter().map(|(species, _)| *species).collect();
        let sample = Sample {
            counts: m.sample.iter().map(|(_, count)| *count).collect(),
            amplitudes: amplitudes(m, &of_sample, q)?,
        };
        let sample = (!of_sample.is_empty()).then_some(sample);
        Ok(Self { normalisation: m.normalisation, amplitudes: amplitudes(m, species, q)?, sample })
    }

    /// By what a factor on the curve has to be multiplied to be in proportion to atoms: 1 where the whole sample normalises, else
    /// `1/<f>²` (or `1/<f²>`) of the phase, at the lowest Q there is.
    pub fn per_atom(&self, crystal: &Crystal) -> f64 {
        if self.sample.is_some() {
            return 1.0;
        }
        let counts = crystal.species_counts();
        let mean = mean(&counts, &self.amplitudes, self.normalisation, 0);
        if self.normalisation == Normalisation::MeanSquared { mean.powi(-2) } else { 1.0 / mean }
    }

    pub fn weights(&self, crystal: &Crystal) -> Weights {
        let (amplitudes, counts) = (self.amplitudes.clone(), crystal.species_counts());
        match &self.sample {
            Some(sample) => Weights::within(sample, amplitudes, &counts, self.normalisation),
            None => Weights::new(amplitudes, &counts, self.normalisation),
        }
    }

    /// Are the weights the same at every Q?
    pub fn is_even(&self) -> bool {
        self.amplitudes.iter().all(|amplitude| amplitude.len() == 1)
    }
}

/// The amplitude of each species at each Q; a single one where Q does not matter.
fn amplitudes(m: &Measurement, species: &[Species], q: &[f64]) -> Result<Vec<Vec<f64>>, CurveError> {
    let even = m.radiation == Radiation::Neutron || m.compat == Compat::PdfFit2 || m.weights == Mode::F0;
    let q = if even { &q[..q.len().min(1)] } else { q };
    species.iter().map(|s| q.iter().map(|q| amplitude(m, *s, *q)).collect()).collect()
}

fn amplitude(m: &Measurement, species: Species, q: f64) -> Result<f64, CurveError> {
    match (m.radiation, m.compat, m.weights) {
        (Radiation::Neutron, ..) => scattering::neutron::length(species.element)
            .ok_or(CurveError::NoAmplitude(species, "neutron scattering length")),
        (Radiation::Xray, Compat::PdfFit2, _) => Ok(species.element.number() as f64),
        (Radiation::Xray, Compat::None, Mode::F0) => Ok(scattering::xray::electrons(species)),
        (Radiation::Xray, Compat::None, Mode::Exact) => scattering::xray::lookup(species)
            .map(|(factor, _)| factor.at(q))
            .ok_or(CurveError::NoAmplitude(species, "X-ray form factor")),
    }
}
