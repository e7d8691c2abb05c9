//! Space groups by their Hall symbols, and structures in them.

use corefine::model::{Adp, Model, Operator};
use moyo::data::HallSymbol;
use nalgebra::{Matrix3, Vector3};

use super::structures::{model, site, site_with};

/// A cell for cubic groups, Å and degrees.
pub const CUBIC: [f64; 6] = [5.0, 5.0, 5.0, 90.0, 90.0, 90.0];

/// A cell for hexagonal groups, Å and degrees.
pub const HEXAGONAL: [f64; 6] = [4.0, 4.0, 7.0, 90.0, 90.0, 120.0];

/// All operators of a Hall symbol, centring included, the identity first.
pub fn of_hall(hall: &HallSymbol) -> Vec<Operator> {
    let mut centrings = vec![Vector3::zeros()];
    for t in &hall.centering_translations {
        let t = Vector3::new(t[0], t[1], t[2]);
        if t.norm() > 1e-9 {
            centrings.push(t);
        }
    }
    let mut all = Vec::new();
    for centring in centrings {
        for operation in hall.traverse() {
            let r = operation.rotation_as_array();
            let rotation = Matrix3::from_fn(|i, j| f64::from(r[i][j]));
            let t = Vector3::from(operation.translation_as_array()) + centring;
            all.push(Operator { rotation, translation: t.map(|x| ((x * 24.0).round() / 24.0).rem_euclid(1.0)) });
        }
    }
    all
}

/// The operators of a group by its symbol, such as `-P 6c 2c`.
pub fn hall(symbol: &str) -> Vec<Operator> {
    of_hall(&HallSymbol::new(symbol).unwrap())
}

/// Structures with a tensor that is general, in cells of every shape.
pub fn anisotropic_models() -> Vec<Model> {
    let u = Adp::Aniso([0.011, 0.007, 0.013, 0.004, -0.002, 0.001]);
    let cases: [([f64; 6], &str); 6] = [
        (HEXAGONAL, "-P 6c 2c"),
        (HEXAGONAL, "P 61 2 (0 0 -1)"),
        ([6.0, 7.0, 8.0, 90.0, 105.0, 90.0], "-P 2ybc"),
        ([6.0, 6.0, 6.0, 75.0, 75.0, 75.0], "-P 3* 2"),
        ([5.0, 6.0, 7.0, 80.0, 95.0, 110.0], "-P 1"),
        (CUBIC, "-I 4bd 2c 3"),
    ];
    cases
        .into_iter()
        .map(|(cell, symbol)| {
            let general = site_with("Co1", "Co", [0.11, 0.23, 0.37], u);
            let special = site_with("N1", "N", [0.5, 0.0, 0.0], u);
            model(cell, hall(symbol), vec![general, special, site("C1", "C", [0.07, 0.41, 0.93])])
        })
        .collect()
}
