//! Compton scattering: X-rays that an atom scatters with a loss of energy, which interfere with nothing.

use std::f64::consts::PI;

use super::compton_table::{TABLE, X};
use crate::element::Element;
use crate::interpolate::cubic;

/// `h / (m c)`, Å: how much longer a wave becomes that is scattered by 90 degrees.
pub const COMPTON_WAVELENGTH: f64 = 0.024_263_102_35;

/// The incoherent scattering function S(Q) of a neutral atom, electrons, at `q` in 1/Å: 0 at 0, Z at large Q. `None` without a
/// table (beyond Cf).
///
/// Source: Hubbell et al. 1975, J. Phys. Chem. Ref. Data 4, 471, at x = Q / 4π to 5 1/Å; cubics in between, to 0.0015 Z.
///
/// ```
/// let carbon = "C".parse().unwrap();
/// let s = corefine::scattering::compton::incoherent(carbon, 4.0 * std::f64::consts::PI * 0.2).unwrap();
/// assert!((s - 2.604).abs() < 1e-3);
/// ```
pub fn incoherent(element: Element, q: f64) -> Option<f64> {
    let row = TABLE.get(element.number().checked_sub(1)?)?;
    Some(cubic(&X, row, (q / (4.0 * PI)).min(X[X.len() - 1])))
}

/// `λ/λ' = 1 / (1 + (h/mc λ)(1 - cos 2θ))`: the share of its energy that a quantum keeps; Q in 1/Å, λ in Å, `1 - cos 2θ = (Q λ / 4π)² 2`.
pub fn energy_kept(q: f64, wavelength: f64) -> f64 {
    let sine = q * wavelength / (4.0 * PI);
    1.0 / (1.0 + COMPTON_WAVELENGTH / wavelength * 2.0 * sine * sine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_atom_scatters_from_0_to_its_electrons() {
        for (z, electrons) in (1..=98).zip(1_u8..) {
            let element = Element::from_number(z).unwrap();
            let s: Vec<f64> = (0..600).map(|k| incoherent(element, 0.1 * f64::from(k)).unwrap()).collect();
            assert!(s[0] == 0.0 && s.iter().all(|s| (-0.001..=f64::from(electrons) * 1.001).contains(s)), "{z}");
            // Cubics through rounded points may swing by some of these.
            assert!(s.windows(2).all(|s| s[1] > s[0] - 0.002 * f64::from(electrons)), "{z}");
        }
    }

    /// 59.54 keV at 90 degrees: 59.54 / (1 + 59.54/511.0) = 53.33 keV are left.
    #[test]
    fn a_recoil_takes_what_compton_says() {
        let wavelength = 12.398_42 / 59.54;
        let q = 4.0 * PI / wavelength * (PI / 4.0).sin();
        assert!((59.54 * energy_kept(q, wavelength) - 53.3266).abs() < 1e-3);
    }
}
