//! Covalent radii.

use crate::element::Element;

/// Covalent radii in Å from hydrogen to curium: Cordero et al. 2008, Dalton Trans., 2832 (doi 10.1039/b801115j),
/// Table 2; carbon as sp³ and Mn, Fe, Co as low-spin, the larger or the commoner of the values given there.
const RADII: [f64; 96] = [
    0.31, 0.28, 1.28, 0.96, 0.84, 0.76, 0.71, 0.66, 0.57, 0.58, 1.66, 1.41, 1.21, 1.11, 1.07, 1.05, 1.02, 1.06, 2.03,
    1.76, 1.70, 1.60, 1.53, 1.39, 1.39, 1.32, 1.26, 1.24, 1.32, 1.22, 1.22, 1.20, 1.19, 1.20, 1.20, 1.16, 2.20, 1.95,
    1.90, 1.75, 1.64, 1.54, 1.47, 1.46, 1.42, 1.39, 1.45, 1.44, 1.42, 1.39, 1.39, 1.38, 1.39, 1.40, 2.44, 2.15, 2.07,
    2.04, 2.03, 2.01, 1.99, 1.98, 1.98, 1.96, 1.94, 1.92, 1.92, 1.89, 1.90, 1.87, 1.87, 1.75, 1.70, 1.62, 1.51, 1.44,
    1.41, 1.36, 1.36, 1.32, 1.45, 1.46, 1.48, 1.40, 1.50, 1.50, 2.60, 2.21, 2.15, 2.06, 2.00, 1.96, 1.90, 1.87, 1.80,
    1.69,
];

/// The covalent radius of an element, Å; beyond curium, where the source ends, that of curium.
///
/// ```
/// use corefine::expand::covalent_radius;
/// assert_eq!(covalent_radius("Co".parse().unwrap()), 1.26);
/// assert_eq!(covalent_radius("N".parse().unwrap()), 0.71);
/// ```
pub fn covalent_radius(element: Element) -> f64 {
    RADII[element.number().min(RADII.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_step_with_the_elements() {
        for (symbol, radius) in [("H", 0.31), ("C", 0.76), ("Si", 1.11), ("Zn", 1.22), ("Cs", 2.44), ("Lu", 1.87)] {
            assert!((covalent_radius(symbol.parse().unwrap()) - radius).abs() < 1e-12, "{symbol}");
        }
        for (symbol, radius) in [("Pb", 1.46), ("U", 1.96), ("Cm", 1.69), ("Lr", 1.69)] {
            assert!((covalent_radius(symbol.parse().unwrap()) - radius).abs() < 1e-12, "{symbol}");
        }
    }
}
