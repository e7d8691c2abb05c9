//! Members of the posterior in numbers.

use nalgebra::DVector;

use super::find::{BEFORE, Mode, Shell};
use super::nuisance::Nuisance;
use super::problem::shape_of;
use super::result::{Bands, ByCutoff, NuisanceResult, ShellResult, interval};
use crate::objective::Noise;
use crate::outcome::{DataResult, Interval};
use crate::sample::{Chain, MET, Random, agreement};

/// What was drawn.
pub(super) struct Drawn {
    pub mode: Mode,
    pub chains: Vec<Chain>,
    pub nuisances: Vec<Nuisance>,
}

/// Distributions drawn before the data.
const BEFORE_DRAWS: usize = 2000;

/// A misfit this many times the noise, squared, says that the model is not the sample.
const BAD: f64 = 1.5;

/// Cutoffs for the table, Å, in hundredths.
const CUTOFFS: std::ops::RangeInclusive<u32> = 190..=280;

impl Drawn {
    /// A number of each member, chain by chain.
    fn each(&self, number: impl Fn(&[f64]) -> f64) -> Vec<Vec<f64>> {
        let of = |chain: &Chain| chain.draws.iter().map(|draw| number(draw.x.as_slice())).collect();
        self.chains.iter().map(of).collect()
    }

    fn interval(&self, number: impl Fn(&[f64]) -> f64) -> Interval {
        interval(self.each(number).into_iter().flatten())
    }

    fn shares(&self) -> Vec<DVector<f64>> {
        let members = self.chains.iter().flat_map(|chain| &chain.draws);
        members.map(|draw| self.mode.posterior.shares(draw.x.as_slice())).collect()
    }

    /// Distributions as they are expected before the data.
    fn before(&self, seed: u64) -> Vec<DVector<f64>> {
        let density = &self.mode.posterior.density;
        let mut random = Random::new(seed, BEFORE);
        (0..BEFORE_DRAWS).map(|_| density.shares(random.normals(density.len()).as_slice())).collect()
    }

    /// The mean curve at the data's points, in units of the noise as it was multiplied.
    fn curve(&self) -> DVector<f64> {
        let members: Vec<_> = self.chains.iter().flat_map(|chain| &chain.draws).collect();
        let curves = members.iter().map(|draw| self.mode.posterior.curve(draw.x.as_slice()));
        let sum = curves.reduce(|a, b| a + b);
        sum.unwrap_or_else(|| self.mode.posterior.curve(self.mode.x.as_slice())) / members.len().max(1) as f64
    }
}

impl ShellResult {
    /// Do the chains agree?
    pub fn agrees(&self) -> bool {
        self.r_hat <= MET
    }
}

impl Shell {
    /// Everything that is said about the distribution.
    pub(super) fn summary(self, drawn: &Drawn) -> ShellResult {
        let density = &drawn.mode.posterior.density;
        let (cutoff, seed) = (self.kind.cutoff, self.options.seed);
        let shares = drawn.shares();
        let before = drawn.before(seed);
        let beyond = |shares: &[DVector<f64>], cutoff: f64| interval(shares.iter().map(|p| density.beyond(p, cutoff)));
        let per_length =
            |shares: &[DVector<f64>]| shares.iter().map(|p| (p / density.step).as_slice().to_vec()).collect::<Vec<_>>();
        let curve = self.curve(drawn);
        let (r_hat, effective) = drawn.agreement(cutoff);
        ShellResult {
            title: if self.setup.job.title.is_empty() { self.title() } else { self.setup.job.title.clone() },
            pair: self.kind.pair.clone(),
            cutoff,
            bonds: self.list.bonds.iter().map(|bond| bond.weight).sum(),
            d: density.d.clone(),
            density: Bands::of(&per_length(&shares)),
            prior_density: Bands::of(&per_length(&before)),
            fraction: beyond(&shares, cutoff),
            prior_fraction: beyond(&before, cutoff),
            fraction_by_cutoff: CUTOFFS
                .step_by(5)
                .map(|hundredths| f64::from(hundredths) / 100.0)
                .map(|cutoff| ByCutoff { cutoff, fraction: beyond(&shares, cutoff) })
                .collect(),
            mean: interval(shares.iter().map(|p| density.moments(p).0)),
            sd: interval(shares.iter().map(|p| density.moments(p).1)),
            area: drawn.interval(|x| drawn.mode.posterior.area(x)),
            amplitude: drawn.interval(|x| density.shape(shape_of(x)).0),
            length: drawn.interval(|x| density.shape(shape_of(x)).1),
            nuisances: drawn.nuisances(),
            r_hat,
            effective,
            draws: shares.len(),
            rw: curve.rw,
            chi_square: drawn.mode.chi_square,
            noise_factor: drawn.mode.noise,
            seed,
            warnings: self.warnings_of(drawn, r_hat),
            curve,
            inputs: self.setup.files,
        }
    }

    fn title(&self) -> String {
        let state = self.setup.binding.state(&self.setup.binding.start());
        state.map_or_else(|_| String::new(), |state| state.model.title)
    }

    fn curve(&self, drawn: &Drawn) -> DataResult {
        let target = &self.setup.first().target;
        let noise = self.noise(drawn.mode.noise);
        let gcalc: Vec<f64> = drawn.curve().iter().zip(&noise).map(|(g, noise)| g * noise).collect();
        let known = target.noise != Noise::Unknown;
        DataResult {
            name: String::new(),
            file: self.setup.job.data().file.clone(),
            label: if self.setup.first().observed.header.synthetic { "synthetic".to_owned() } else { String::new() },
            points: target.r.len(),
            independent_observations: self.setup.independent_observations(),
            rw: target.rw(&gcalc),
            misfit: f64::NAN,
            r: target.r.clone(),
            gobs: target.g.clone(),
            gcalc,
            dg: if known { target.dg.clone() } else { Vec::new() },
            partials: Vec::new(),
            in_q: None,
        }
    }

    fn warnings_of(&self, drawn: &Drawn, r_hat: f64) -> Vec<String> {
        let mut warnings = self.setup.warnings.clone();
        let target = &self.setup.first().target;
        if r_hat.is_nan() || r_hat > MET {
            warnings.push(format!(
                "the chains do not agree (R = {r_hat:.2}, above {MET}): the intervals are not to be trusted; draw more"
            ));
        }
        if target.noise == Noise::Unknown {
            warnings.push(format!(
                "the noise was taken from the misfit: {:.3} 1/Å² for each independent point; intervals rest on it",
                self.noise(drawn.mode.noise).first().map_or(f64::NAN, |noise| noise / target.oversampling.sqrt())
            ));
        } else if drawn.mode.chi_square > BAD {
            warnings.push(format!(
                "the misfit is {:.1} times what the noise allows (squared, per free observation): the model lacks something \
                 beside bond lengths; intervals were widened by {:.2}, and may still be too narrow",
                drawn.mode.chi_square, drawn.mode.noise
            ));
        }
        warnings
    }
}

impl Drawn {
    fn nuisances(&self) -> Vec<NuisanceResult> {
        let posterior = &self.mode.posterior;
        let one = |(k, nuisance): (usize, &Nuisance)| NuisanceResult {
            name: nuisance.name.clone(),
            start: nuisance.value(0.0),
            value: self.interval(|x| nuisance.value(posterior.nuisances(x)[k])),
        };
        self.nuisances.iter().enumerate().map(one).collect()
    }

    /// The worst `R` of what is told, and how many members count for the fraction.
    fn agreement(&self, cutoff: f64) -> (f64, f64) {
        let (posterior, density) = (&self.mode.posterior, &self.mode.posterior.density);
        let fraction = agreement(&self.each(|x| density.beyond(&posterior.shares(x), cutoff)));
        let others = [
            agreement(&self.each(|x| density.moments(&posterior.shares(x)).0)),
            agreement(&self.each(|x| density.moments(&posterior.shares(x)).1)),
            agreement(&self.each(|x| x[0])),
            agreement(&self.each(|x| x[1])),
        ];
        let worst =
            others.iter().fold(fraction.r_hat, |worst, other| if other.r_hat > worst { other.r_hat } else { worst });
        (worst, fraction.effective)
    }
}
