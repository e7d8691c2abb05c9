//! Bound coherent neutron scattering lengths.

use super::neutron_table::TABLE;
use crate::element::Element;

/// The bound coherent scattering length of an element, fm.
///
/// Natural isotopic abundance, real part, thermal neutrons (2200 m/s): V. F. Sears, Neutron News **3** (1992) 29.
/// It does not depend on Q. `None` where no length was measured (Po, At, Rn, Fr, Ac, Pu and beyond but for Am and Cm).
/// For strong absorbers (Cd, Sm, Eu, Gd, Dy) the length depends on the wavelength and the value is a rough guide.
///
/// ```
/// use corefine::scattering::neutron::length;
/// assert_eq!(length("Ni".parse().unwrap()), Some(10.3));
/// assert_eq!(length("Mn".parse().unwrap()), Some(-3.73));
/// ```
pub fn length(element: Element) -> Option<f64> {
    let row = TABLE.binary_search_by_key(&element.number(), |&(z, _)| usize::from(z)).ok()?;
    Some(TABLE[row].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_order() {
        assert!(TABLE.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn an_element_without_a_measured_length_has_none() {
        for symbol in ["Po", "At", "Lr"] {
            assert_eq!(length(symbol.parse().unwrap()), None, "{symbol}");
        }
    }
}
