//! Space groups: how many atoms an expansion makes of a site, where they are, and the same crystal in P1.

mod support;

use corefine::crystal::Crystal;
use corefine::expand::{crystal, freedom, labels, symmetrized, to_p1, update};
use corefine::model::{Adp, Cell, Model};
use moyo::data::{HallSymbol, iter_wyckoff_positions_from_hall_number};
use nalgebra::{Matrix3, Vector3};
use support::groups::{CUBIC, HEXAGONAL, anisotropic_models, hall, of_hall};
use support::structures::{model, p1, site};

fn multiplicity(cell: [f64; 6], symbol: &str, position: [f64; 3]) -> usize {
    let model = model(cell, hall(symbol), vec![site("X1", "C", position)]);
    let atoms = crystal(&model).unwrap().atoms.len();
    assert_eq!(freedom(&model)[0].multiplicity, atoms);
    atoms
}

#[test]
fn multiplicities_are_those_of_the_tables() {
    // International Tables A; coordinates as files round them.
    assert_eq!(multiplicity(CUBIC, "-F 4 2 3", [0.0, 0.0, 0.0]), 4); // fcc
    assert_eq!(multiplicity(CUBIC, "-F 4vw 2vw 3", [0.125, 0.125, 0.125]), 8); // diamond, origin 2
    assert_eq!(multiplicity(CUBIC, "-P 4 2 3", [0.5, 0.0, 0.0]), 3);
    assert_eq!(multiplicity(CUBIC, "-I 4 2 3", [0.0, 0.0, 0.0]), 2);
    assert_eq!(multiplicity(CUBIC, "-P 2ac 2ab 3", [0.386, 0.386, 0.386]), 8); // pyrite S
    let rutile = [4.594, 4.594, 2.959, 90.0, 90.0, 90.0];
    assert_eq!(multiplicity(rutile, "-P 4n 2n", [0.0, 0.0, 0.0]), 2);
    assert_eq!(multiplicity(rutile, "-P 4n 2n", [0.305, 0.305, 0.0]), 4);
    assert_eq!(multiplicity(HEXAGONAL, "-P 6c 2c", [0.3333, 0.6667, 0.25]), 2); // hcp
    assert_eq!(multiplicity(HEXAGONAL, "-P 6c 2c", [0.333, 0.667, 0.25]), 2);
    assert_eq!(multiplicity(HEXAGONAL, "-P 6c 2c", [0.167, 0.333, 0.25]), 6);
    assert_eq!(multiplicity([4.759, 4.759, 12.99, 90.0, 90.0, 120.0], "-R 3 2=c", [0.0, 0.0, 0.352]), 12); // corundum
    assert_eq!(multiplicity([6.0, 7.0, 8.0, 90.0, 105.0, 90.0], "-C 2yc", [0.0, 0.21, 0.25]), 4);
    assert_eq!(multiplicity([15.0, 15.5, 18.0, 90.0, 90.0, 90.0], "-P 2ac 2ab", [0.1, 0.2, 0.3]), 8); // Pbca
}

/// Rank of the linear part of coordinates such as `x,2x,1/4`: how many of x, y, z they move with.
fn free_coordinates(text: &str) -> usize {
    let rows: Vec<Vector3<f64>> = text
        .split(',')
        .map(|row| {
            let mut factors = Vector3::zeros();
            let mut number = String::new();
            for c in row.chars() {
                match c {
                    'x' | 'y' | 'z' => {
                        let factor = match number.as_str() {
                            "" | "+" => 1.0,
                            "-" => -1.0,
                            other => other.parse().unwrap(),
                        };
                        factors["xyz".find(c).unwrap()] += factor;
                        number.clear();
                    }
                    '+' | '-' => number = c.to_string(),
                    _ => number.push(c),
                }
            }
            factors
        })
        .collect();
    Matrix3::from_columns(&rows).rank(1e-9)
}

fn at(text: &str, [x, y, z]: [f64; 3]) -> [f64; 3] {
    let values: Vec<f64> = text
        .split(',')
        .map(|row| {
            let expression = row.replace("2x", "x+x").replace("-x+x", "-x-x").replace("2y", "y+y");
            let expression = expression.replace('x', &format!("({x})")).replace('y', &format!("({y})"));
            exmex::eval_str(&expression.replace('z', &format!("({z})"))).unwrap()
        })
        .collect();
    [values[0], values[1], values[2]]
}

#[test]
fn every_wyckoff_position_of_every_setting_has_its_multiplicity_and_freedom() {
    let mut checked = 0;
    for number in 1..=530 {
        let operators = of_hall(&HallSymbol::from_hall_number(number).unwrap());
        for wyckoff in iter_wyckoff_positions_from_hall_number(number) {
            let position = at(wyckoff.coordinates, [0.0937, 0.2113, 0.3371]);
            // A cell that any group leaves as it is does not exist; the 0.05 Å play no part at these coordinates.
            let model = model(CUBIC, operators.clone(), vec![site("X1", "C", position)]);
            let free = &freedom(&model)[0];
            let place = format!("Hall number {number}, {}", wyckoff.coordinates);
            assert_eq!(free.multiplicity, wyckoff.multiplicity, "{place}");
            assert_eq!(free.position.len(), free_coordinates(wyckoff.coordinates), "{place}");
            checked += 1;
        }
    }
    assert!(checked > 3000, "{checked}");
}

/// Distance and projected mean square of every pair of one atom within 3.777 Å, sorted: what a pair sum sees.
fn seen_from(crystal: &Crystal, index: usize) -> Vec<(f64, f64)> {
    let i = &crystal.atoms[index];
    let mut pairs = Vec::new();
    for j in &crystal.atoms {
        for n in 0..125 {
            let cell = Vector3::new(f64::from(n % 5 - 2), f64::from(n / 5 % 5 - 2), f64::from(n / 25 - 2));
            let d = crystal.basis * (j.position.0 + cell - i.position.0);
            if d.norm() > 1e-6 && d.norm() < 3.777 {
                pairs.push((d.norm(), d.normalize().dot(&((i.u + j.u) * d.normalize()))));
            }
        }
    }
    pairs.sort_by(|a, b| a.partial_cmp(b).unwrap());
    pairs
}

/// The pairs seen from each atom of a site are the same: the tensors turned as the positions did.
#[test]
fn every_image_sees_what_its_site_sees() {
    for model in anisotropic_models() {
        let crystal = crystal(&model).unwrap();
        let seen = |index: usize| {
            let whole = |(d, u): (f64, f64)| ((d * 1e6).round() as i64, (u * 1e9).round() as i64);
            let mut seen: Vec<(i64, i64)> = seen_from(&crystal, index).into_iter().map(whole).collect();
            seen.sort_unstable();
            seen
        };
        for (index, atom) in crystal.atoms.iter().enumerate() {
            let first = crystal.atoms.iter().position(|other| other.site == atom.site).unwrap();
            let (one, other) = (seen(first), seen(index));
            assert_eq!(one.len(), other.len());
            // Sorting by rounded numbers may order near ties differently; a unit in the last place is allowed.
            for (a, b) in one.iter().zip(&other) {
                assert!((a.0 - b.0).abs() <= 1, "{:?}: {a:?} {b:?}", model.cell);
            }
            let sum = |pairs: &[(i64, i64)]| pairs.iter().map(|pair| pair.0 as f64 * pair.1 as f64).sum::<f64>();
            assert!((sum(&one) / sum(&other) - 1.0).abs() < 1e-6, "{:?} atom {index}", model.cell);
        }
    }
}

#[test]
fn p1_has_the_same_atoms_in_the_same_order() {
    for model in anisotropic_models() {
        let (whole, p1) = (crystal(&model).unwrap(), to_p1(&model));
        let flat = crystal(&p1).unwrap();
        assert_eq!(p1.provenance, model.provenance);
        assert_eq!(whole.atoms.len(), flat.atoms.len());
        for (a, b) in whole.atoms.iter().zip(&flat.atoms) {
            assert_eq!((a.position, a.species, a.occ), (b.position, b.species, b.occ));
            assert!((a.u - b.u).amax() < 1e-15, "{} {}", a.u, b.u);
        }
        assert_eq!(labels(&model, &whole), labels(&p1, &flat));
        assert_eq!(p1.sites[0].label, "Co1");
        assert_eq!(p1.sites[1].label, "Co1_2");
        assert_eq!(to_p1(&p1), p1);
        for index in 0..whole.atoms.len() {
            assert_eq!(seen_from(&whole, index).len(), seen_from(&flat, index).len());
        }
    }
}

#[test]
fn positions_are_their_operators_images_and_move_with_the_freedom() {
    for mut model in anisotropic_models() {
        let free = freedom(&model);
        let before = crystal(&model).unwrap();
        let shift = 1e-3;
        for (site, free) in model.sites.iter_mut().zip(&free) {
            site.position.0 += free.position.iter().map(|d| d.vector * shift).sum::<Vector3<f64>>();
        }
        let after = crystal(&model).unwrap();
        assert_eq!(before.atoms.len(), after.atoms.len());
        for (old, new) in before.atoms.iter().zip(&after.atoms) {
            let operator = &model.space_group.operators[new.operator];
            let image = operator.apply(model.sites[new.site].position).0 + new.shift;
            assert!((image - new.position.0).amax() < 1e-12);
            let moved =
                operator.rotation * free[old.site].position.iter().map(|d| d.vector * shift).sum::<Vector3<f64>>();
            let difference = (new.position.0 - old.position.0 - moved).map(|x| x - x.round());
            assert!(difference.amax() < 1e-12);
        }
    }
}

/// Moved along its freedom, a crystal that is updated is the one that would be expanded anew.
#[test]
fn an_updated_crystal_is_the_expanded_one() {
    let mut rounded = model(HEXAGONAL, hall("-P 6c 2c"), vec![site("Co1", "Co", [0.333, 0.667, 0.25])]);
    rounded.sites.push(site("O1", "O", [0.1671, 0.3339, 0.1]));
    rounded.sites[1].adp = Some(Adp::Aniso([0.011, 0.007, 0.013, 0.004, -0.002, 0.001]));
    for model in anisotropic_models().into_iter().chain([rounded]) {
        let mut moved = symmetrized(&model).unwrap();
        let mut updated = crystal(&model).unwrap();
        assert_eq!(freedom(&moved), freedom(&model));
        for (site, free) in moved.sites.iter_mut().zip(&freedom(&model)) {
            site.position.0 += free.position.iter().map(|d| d.vector * 0.07).sum::<Vector3<f64>>();
            site.occ = 0.9;
        }
        let [a, b, c, alpha, beta, gamma] = moved.cell.parameters();
        moved.cell = Cell::from_parameters([1.1 * a, 1.1 * b, 1.1 * c, alpha, beta, gamma]);
        update(&moved, &mut updated);
        let anew = crystal(&moved).unwrap();
        assert_eq!((updated.cell, updated.atoms.len()), (anew.cell, anew.atoms.len()));
        for (one, other) in updated.atoms.iter().zip(&anew.atoms) {
            let difference = one.position.0 - other.position.0;
            assert!(difference.map(|x| x - x.round()).amax() < 1e-12, "{:?}", model.cell);
            assert!((one.u - other.u).amax() < 1e-12, "{:?}", model.cell);
            assert!((one.occ - other.occ).abs() < 1e-15);
        }
    }
}

#[test]
fn what_is_no_crystal_is_refused() {
    let good = p1(CUBIC, vec![site("Ni1", "Ni", [0.0, 0.0, 0.0])]);
    assert!(crystal(&good).is_ok());
    for cell in [
        [5.0, 5.0, 0.0, 90.0, 90.0, 90.0],
        [5.0, 5.0, -5.0, 90.0, 90.0, 90.0],
        [5.0, 5.0, 5.0, 90.0, 90.0, 190.0],
        [5.0, 5.0, 5.0, 30.0, 30.0, 90.0],
        [f64::NAN, 5.0, 5.0, 90.0, 90.0, 90.0],
    ] {
        let message = crystal(&Model { cell: Cell::from_parameters(cell), ..good.clone() }).unwrap_err().to_string();
        assert!(message.contains("\"test\"") && message.contains("volume"), "{message}");
    }
    let empty = crystal(&Model { sites: vec![], ..good.clone() }).unwrap_err().to_string();
    assert!(empty.contains("no atoms"), "{empty}");
    let lost = p1(CUBIC, vec![site("Ni1", "Ni", [0.0, f64::NAN, 0.0])]);
    let message = crystal(&lost).unwrap_err().to_string();
    assert!(message.contains("Ni1") && message.contains("y NaN"), "{message}");
}
