//! X-ray form factors of free atoms and ions.

use std::f64::consts::PI;

use super::xray_table::TABLE;
use crate::element::{Element, Species};

/// The largest Q to which the form factors were fitted, 1/Å: `4 π s` at `s = 6 / Å`.
pub const Q_LIMIT: f64 = 24.0 * PI;

/// The form factor of one atom or ion, five Gaussians and a constant in `s = Q / 4π`:
///
/// ```text
/// f0(Q) = c + Σ_i a_i exp(-b_i s²)
/// ```
///
/// in electrons; `a` and `c` in electrons, `b` in Å². Source: D. Waasmaier & A. Kirfel, Acta Cryst. A**51** (1995) 416.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FormFactor {
    /// Heights, electrons.
    pub a: [f64; 5],
    /// Widths, Å²; one of carbon's is a small negative number, so nothing may be computed beyond [`Q_LIMIT`].
    pub b: [f64; 5],
    /// Constant, electrons.
    pub c: f64,
}

/// Which row of the table stands for a species.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The species has a row of its own.
    Table,
    /// The table has no row for this ion: the neutral atom's is used, which differs at low Q only.
    NeutralAtom,
}

impl FormFactor {
    /// `f0(Q)` in electrons; `q` in 1/Å, at most [`Q_LIMIT`] (beyond it the value at the limit is returned, since
    /// the fitted function may run anywhere there).
    pub fn at(&self, q: f64) -> f64 {
        let s = q.abs().min(Q_LIMIT) / (4.0 * PI);
        let gaussians = self.a.iter().zip(self.b).map(|(a, b)| a * (-b * s * s).exp());
        self.c + gaussians.sum::<f64>()
    }
}

/// The form factor of a species, and whether the table has the ion itself.
///
/// `None` for elements beyond Cf (Z = 98).
pub fn lookup(species: Species) -> Option<(FormFactor, Form)> {
    if let Some(own) = row(species.element.number(), species.charge) {
        return Some((own, Form::Table));
    }
    Some((row(species.element.number(), 0)?, Form::NeutralAtom))
}

/// `f0(Q)` of a species in electrons; `q` in 1/Å.
///
/// `None` for elements beyond Cf and for `q` outside of 0 to [`Q_LIMIT`]. An ion that the table lacks has its neutral
/// atom's form factor; [`lookup`] tells.
///
/// ```
/// use corefine::scattering::xray::f0;
/// let cobalt = "Co".parse().unwrap();
/// assert!((f0(cobalt, 0.0).unwrap() - 26.993983).abs() < 1e-9);
/// assert!(f0(cobalt, 80.0).is_none());
/// ```
pub fn f0(species: Species, q: f64) -> Option<f64> {
    let (factor, _) = lookup(species)?;
    (0.0..=Q_LIMIT).contains(&q).then(|| factor.at(q))
}

/// The number of electrons `Z - charge`: the weight of a species at Q = 0.
///
/// ```
/// assert_eq!(corefine::scattering::xray::electrons("O2-".parse().unwrap()), 10.0);
/// ```
pub fn electrons(species: Species) -> f64 {
    species.element.number() as f64 - f64::from(species.charge)
}

/// Every species that has a row of its own, in ascending order of atomic number and charge.
pub fn species() -> impl Iterator<Item = Species> {
    TABLE.iter().filter_map(|&(z, charge, _)| Some(Species { element: Element::from_number(usize::from(z))?, charge }))
}

fn row(z: usize, charge: i8) -> Option<FormFactor> {
    let row = TABLE.binary_search_by_key(&(z, charge), |&(z, charge, _)| (usize::from(z), charge)).ok()?;
    Some(TABLE[row].2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_order_so_that_the_search_finds_every_row() {
        assert!(TABLE.windows(2).all(|w| (w[0].0, w[0].1) < (w[1].0, w[1].1)));
        assert_eq!(species().count(), TABLE.len());
    }

    #[test]
    fn an_ion_outside_of_the_table_falls_back_to_the_atom_and_says_so() {
        let (factor, form) = lookup("N3-".parse().unwrap()).unwrap();
        assert_eq!(form, Form::NeutralAtom);
        assert_eq!(factor, lookup("N".parse().unwrap()).unwrap().0);
        assert_eq!(lookup("Co2+".parse().unwrap()).unwrap().1, Form::Table);
        assert!(lookup("Lr".parse().unwrap()).is_none());
    }

    #[test]
    fn beyond_the_limit_the_value_stays() {
        let (carbon, _) = lookup("C".parse().unwrap()).unwrap();
        assert!((carbon.at(200.0) - carbon.at(Q_LIMIT)).abs() < 1e-15);
    }
}
