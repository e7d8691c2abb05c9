//! What lies between the sample's coherent scattering and the detector: polarisation, absorption, Compton scattering.

use std::f64::consts::{PI, TAU};

use super::ReduceError;
use super::atoms::Atoms;
use crate::interpolate::cubic;
use crate::reduction::{Absorption, Compton, Reduction};

/// What becomes of `I = k C(Q) [<f>² S + (<f²> - <f>²) + <S>]`, point by point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Losses {
    /// C: what polarisation and absorption leave.
    pub factor: Vec<f64>,
    /// Compton scattering of the mean atom as the detector sees it, electrons².
    pub compton: Vec<f64>,
}

impl Losses {
    /// At the points `q` (1/Å); `settings` with a wavelength where one is needed.
    pub(super) fn at(q: &[f64], atoms: &Atoms, settings: &Reduction) -> Self {
        let wavelength = settings.wavelength.unwrap_or(0.0);
        let cosine = |q: &f64| 1.0 - 2.0 * (q * wavelength / (4.0 * PI)).powi(2);
        let polarised = |cosine: f64| settings.polarisation.map_or(1.0, |k| (1.0 + k * cosine * cosine) / (1.0 + k));
        let left = transmission(settings.absorption);
        let factor = q.iter().map(cosine).map(|cosine| polarised(cosine) * left(cosine)).collect();
        let power = match settings.compton {
            Compton::None => None,
            Compton::Counting => Some(2),
            Compton::Integrating => Some(3),
        };
        let compton = q.iter().map(|q| power.map_or(0.0, |power| atoms.compton(*q, wavelength, power))).collect();
        Self { factor, compton }
    }
}

/// Can these be calculated with what is known?
pub(super) fn check(settings: &Reduction, last: f64) -> Result<(), ReduceError> {
    let asked = [
        ("polarisation", settings.polarisation.is_some()),
        ("absorption", settings.absorption != Absorption::None),
        ("compton", settings.compton != Compton::None),
    ];
    let Some((name, _)) = asked.into_iter().find(|(_, asked)| *asked) else { return Ok(()) };
    let Some(wavelength) = settings.wavelength else {
        return Err(ReduceError::Setting(format!("{name} needs the wavelength, which nothing gives; give wavelength")));
    };
    let sine = last * wavelength / (4.0 * PI);
    if matches!(settings.absorption, Absorption::FlatPlate(_)) && 2.0 * sine * sine >= 1.0 {
        return Err(ReduceError::Setting(format!(
            "a flat plate lets nothing through at Q = {last:.4} 1/Å, 90 degrees and more; lower qmaxinst, or leave absorption out"
        )));
    }
    Ok(())
}

/// The share of the scattered light that leaves the sample, by cos 2θ.
fn transmission(absorption: Absorption) -> Box<dyn Fn(f64) -> f64> {
    match absorption {
        Absorption::None => Box::new(|_| 1.0),
        Absorption::FlatPlate(thickness) => Box::new(move |cosine| flat_plate(thickness, cosine)),
        Absorption::Capillary(radius) => {
            let angles: Vec<f64> = (0..=ANGLES).map(|k| PI * k as f64 / ANGLES as f64).collect();
            let values: Vec<f64> = angles.iter().map(|angle| capillary(radius, *angle)).collect();
            Box::new(move |cosine| cubic(&angles, &values, cosine.clamp(-1.0, 1.0).acos()))
        }
    }
}

/// A plate of `m = μ t` across the beam: `[exp(-m) - exp(-m / cos 2θ)] / [m (1 / cos 2θ - 1)]`, the mean over the depth at which
/// it is scattered.
fn flat_plate(m: f64, cosine: f64) -> f64 {
    let more = m * (1.0 / cosine - 1.0);
    (-m).exp() * if more.abs() < 1e-8 { 1.0 } else { -(-more).exp_m1() / more }
}

/// Angles between 0 and π at which a capillary is calculated.
const ANGLES: usize = 90;
/// Places along the radius, each of equal area, and around.
const RINGS: usize = 60;
const AROUND: usize = 60;

/// A cylinder of `m = μ R`, the beam and the detector across its axis: the mean of `exp(-m (l_in + l_out))` over its section, the
/// lengths l of the ways in and out in units of R.
fn capillary(m: f64, angle: f64) -> f64 {
    let (sine, cosine) = angle.sin_cos();
    let way = |x: f64, y: f64, along: f64| (1.0 - x * x - y * y + along * along).sqrt() - along;
    let place = |k: usize| {
        let r = (((k / AROUND) as f64 + 0.5) / RINGS as f64).sqrt();
        let (y, x) = (TAU * (k % AROUND) as f64 / AROUND as f64).sin_cos();
        (r * x, r * y)
    };
    let light = |(x, y): (f64, f64)| (-m * (way(x, y, -x) + way(x, y, x * cosine + y * sine))).exp();
    (0..RINGS * AROUND).map(place).map(light).sum::<f64>() / (RINGS * AROUND) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Along the beam the way through a cylinder is its chord: `A = (2/π) ∫ sqrt(1 - y²) exp(-2 m sqrt(1 - y²)) dy` from -1 to 1.
    #[test]
    fn a_capillary_straight_through_is_its_chords() {
        for m in [0.1, 0.5, 1.0, 2.0] {
            let n = 20_000;
            let chord = |k: i32| (f64::from(2 * k + 1) / f64::from(n) * PI / 2.0).sin();
            // y = cos t: sqrt(1 - y²) = sin t and dy = sin t dt.
            let sum: f64 = (0..n).map(chord).map(|s| s * s * (-2.0 * m * s).exp()).sum();
            let want = 2.0 / PI * sum * PI / f64::from(n);
            assert!((capillary(m, 0.0) / want - 1.0).abs() < 3e-3, "{m}: {} {want}", capillary(m, 0.0));
        }
    }

    /// The mean way in is 8 R / 3π, whatever the angle.
    #[test]
    fn little_absorption_is_the_mean_way() {
        for angle in [0.0, 0.7, 1.9, PI] {
            let slope = (1.0 - capillary(1e-4, angle)) / 1e-4;
            assert!((slope - 16.0 / (3.0 * PI)).abs() < 5e-3, "{angle}: {slope}");
        }
    }

    /// Back to where it came from, the way out is the way in: a strong absorber sends back `∫ exp(-2 m l) dl` from its lit half, which
    /// nears `1 / (π m) · ∫ cos φ dφ / 2` of the section: `A → 1 / (π m)`.
    #[test]
    fn a_strong_absorber_scatters_back_from_its_skin() {
        let m = 20.0;
        assert!((capillary(m, PI) * PI * m - 1.0).abs() < 0.1, "{}", capillary(m, PI) * PI * m);
    }

    #[test]
    fn a_plate_is_the_mean_over_its_depth() {
        let (m, cosine) = (0.8, 0.6);
        let n = 10_000;
        let depth = |k: i32| (f64::from(k) + 0.5) / f64::from(n);
        let light = (0..n).map(depth).map(|d| (-m * d - m * (1.0 - d) / cosine).exp()).sum::<f64>() / f64::from(n);
        assert!((flat_plate(m, cosine) - light).abs() < 1e-8);
        assert!((flat_plate(m, 1.0) - (-m).exp()).abs() < 1e-15);
    }
}
