//! Expansion of models against space-group tables and invariants.

mod support;

use corefine::crystal::Crystal;
use corefine::expand::{
    Finding, Severity, adp_rotation, cell_freedom, checks, crystal, freedom, molecules, symmetrized, to_p1, update,
};
use corefine::job::Molecules;
use corefine::model::{Adp, Beyond, Cell, Disorder, Model, Operator, Site, SpaceGroup};
use corefine::observed::Header;
use corefine::units::Frac;
use moyo::data::{HallSymbol, iter_wyckoff_positions_from_hall_number};
use nalgebra::{Matrix3, SVector, Vector3};

/// All operators of a Hall symbol, centring included, the identity first.
fn operators(hall: &HallSymbol) -> Vec<Operator> {
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

fn hall(symbol: &str) -> Vec<Operator> {
    operators(&HallSymbol::new(symbol).unwrap())
}

fn site(label: &str, species: &str, position: [f64; 3]) -> Site {
    Site {
        label: label.into(),
        species: species.parse().unwrap(),
        position: Frac::new(position[0], position[1], position[2]),
        occ: 1.0,
        adp: Some(Adp::Iso(0.005)),
        beyond: None,
        inside: None,
        disorder: None,
    }
}

fn model(cell: [f64; 6], operators: Vec<Operator>, sites: Vec<Site>) -> Model {
    Model {
        title: "test".into(),
        provenance: vec!["by hand".into()],
        cell: Cell::from_parameters(cell),
        space_group: SpaceGroup { name: String::new(), number: None, operators },
        profile: corefine::model::Profile::default(),
        sites,
    }
}

const CUBIC: [f64; 6] = [5.0, 5.0, 5.0, 90.0, 90.0, 90.0];
const HEXAGONAL: [f64; 6] = [4.0, 4.0, 7.0, 90.0, 90.0, 120.0];

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
        let operators = operators(&HallSymbol::from_hall_number(number).unwrap());
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

#[test]
fn the_freedom_of_a_site_on_x_2x_is_one_direction() {
    let model = model(HEXAGONAL, hall("-P 6c 2c"), vec![site("O1", "O", [0.17, 0.34, 0.25])]);
    let free = &freedom(&model)[0];
    assert_eq!(free.position.len(), 1);
    assert_eq!((free.position[0].pivot, free.position[0].vector), (0, Vector3::new(1.0, 2.0, 0.0)));
    // Peterse & Palm 1966: on (x, 2x, 1/4) with site symmetry mm2, U12 = U22 / 2, U13 = U23 = 0.
    let six = |values: [f64; 6]| SVector::<f64, 6>::from(values);
    let adp: Vec<_> = free.adp.iter().map(|d| (d.pivot, d.vector)).collect();
    let expected = [
        (0, six([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])),
        (1, six([0.0, 1.0, 0.0, 0.5, 0.0, 0.0])),
        (2, six([0.0, 0.0, 1.0, 0.0, 0.0, 0.0])),
    ];
    assert_eq!(adp, expected);
}

/// Structures with a tensor that is general, in cells of every shape.
fn anisotropic_models() -> Vec<Model> {
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
            let mut general = site("Co1", "Co", [0.11, 0.23, 0.37]);
            general.adp = Some(u);
            let mut special = site("N1", "N", [0.5, 0.0, 0.0]);
            special.adp = Some(u);
            model(cell, hall(symbol), vec![general, special, site("C1", "C", [0.07, 0.41, 0.93])])
        })
        .collect()
}

/// Distances and projected mean squares of all pairs within 3.777 Å, sorted: what a pair sum sees.
fn pairs(crystal: &Crystal) -> Vec<(f64, f64)> {
    let mut pairs = Vec::new();
    for i in &crystal.atoms {
        for j in &crystal.atoms {
            for n in 0..125 {
                let cell = Vector3::new(f64::from(n % 5 - 2), f64::from(n / 5 % 5 - 2), f64::from(n / 25 - 2));
                let d = crystal.basis * (j.position.0 + cell - i.position.0);
                if d.norm() > 1e-6 && d.norm() < 3.777 {
                    pairs.push((d.norm(), d.normalize().dot(&((i.u + j.u) * d.normalize()))));
                }
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
            let mut seen: Vec<(i64, i64)> = Vec::new();
            let i = &crystal.atoms[index];
            for j in &crystal.atoms {
                for n in 0..125 {
                    let cell = Vector3::new(f64::from(n % 5 - 2), f64::from(n / 5 % 5 - 2), f64::from(n / 25 - 2));
                    let d = crystal.basis * (j.position.0 + cell - i.position.0);
                    if d.norm() > 1e-6 && d.norm() < 3.777 {
                        let u = d.normalize().dot(&((i.u + j.u) * d.normalize()));
                        seen.push(((d.norm() * 1e6).round() as i64, (u * 1e9).round() as i64));
                    }
                }
            }
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
        assert_eq!(corefine::expand::labels(&model, &whole), corefine::expand::labels(&p1, &flat));
        assert_eq!(p1.sites[0].label, "Co1");
        assert_eq!(p1.sites[1].label, "Co1_2");
        assert_eq!(to_p1(&p1), p1);
        assert_eq!(pairs(&whole).len(), pairs(&flat).len());
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

#[test]
fn allowed_tensors_stay_as_they_are_on_special_positions() {
    for mut model in anisotropic_models() {
        for (site, free) in freedom(&model).iter().enumerate() {
            let allowed = free.adp.iter().zip([0.011, 0.007, 0.013, 0.002, 0.001, 0.003]);
            let u: SVector<f64, 6> = allowed.map(|(d, amount)| d.vector * amount).sum();
            model.sites[site].adp = Some(Adp::Aniso(u.into()));
        }
        for atom in &crystal(&model).unwrap().atoms {
            let operator = &model.space_group.operators[atom.operator];
            let Some(Adp::Aniso(u)) = model.sites[atom.site].adp else { unreachable!() };
            let turned = adp_rotation(operator, &model.cell) * SVector::<f64, 6>::from(u);
            assert!((Adp::Aniso(turned.into()).cartesian(&model.cell) - atom.u).amax() < 1e-15);
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
fn an_isotropic_tensor_turns_into_itself() {
    for model in anisotropic_models() {
        for operator in &model.space_group.operators {
            // U Cartesian = 0.01: the CIF tensor whose Cartesian form is a multiple of one.
            let g = (model.cell.basis().transpose() * model.cell.basis()).try_inverse().unwrap();
            let n = model.cell.reciprocal_lengths();
            let u = |i: usize, j: usize| 0.01 * g[(i, j)] / (n[i] * n[j]);
            let six = SVector::<f64, 6>::from([u(0, 0), u(1, 1), u(2, 2), u(0, 1), u(0, 2), u(1, 2)]);
            assert!((adp_rotation(operator, &model.cell) * six - six).amax() < 1e-14, "{operator}");
        }
    }
}

fn cell_directions(cell: [f64; 6], symbol: &str) -> Vec<(usize, [f64; 6])> {
    let model = model(cell, hall(symbol), vec![site("X1", "C", [0.1, 0.2, 0.3])]);
    cell_freedom(&model).iter().map(|d| (d.pivot, d.vector.into())).collect()
}

fn axis(k: usize) -> (usize, [f64; 6]) {
    let mut vector = [0.0; 6];
    vector[k] = 1.0;
    (k, vector)
}

#[test]
fn the_cell_is_as_free_as_its_lattice_system() {
    assert_eq!(cell_directions(CUBIC, "-F 4 2 3"), [(0, [1.0, 1.0, 1.0, 0.0, 0.0, 0.0])]);
    assert_eq!(cell_directions([5.0, 5.001, 5.0, 90.0, 90.0, 90.0], "-P 4 2 3"), [(0, [1.0, 1.0, 1.0, 0.0, 0.0, 0.0])]);
    let basal = (0, [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(cell_directions(HEXAGONAL, "-P 6c 2c"), [basal, axis(2)]);
    assert_eq!(cell_directions(HEXAGONAL, "-R 3 2=c"), [basal, axis(2)]);
    assert_eq!(cell_directions([4.6, 4.6, 3.0, 90.0, 90.0, 90.0], "-P 4n 2n"), [basal, axis(2)]);
    let rhombohedral = [(0, [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]), (3, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0])];
    assert_eq!(cell_directions([6.0, 6.0, 6.0, 75.0, 75.0, 75.0], "-P 3* 2"), rhombohedral);
    assert_eq!(cell_directions([5.0, 6.0, 7.0, 90.0, 90.0, 90.0], "-P 2ac 2ab"), [axis(0), axis(1), axis(2)]);
    for (symbol, angle, cell) in [
        ("-P 2xbc", 3, [6.0, 7.0, 8.0, 105.0, 90.0, 90.0]),
        ("-P 2ybc", 4, [6.0, 7.0, 8.0, 90.0, 105.0, 90.0]),
        ("-P 2c", 5, [6.0, 7.0, 8.0, 90.0, 90.0, 105.0]),
    ] {
        assert_eq!(cell_directions(cell, symbol), [axis(0), axis(1), axis(2), axis(angle)], "{symbol}");
    }
    let all: Vec<_> = (0..6).map(axis).collect();
    assert_eq!(cell_directions([5.0, 6.0, 7.0, 80.0, 95.0, 110.0], "-P 1"), all);
}

#[test]
fn what_is_no_crystal_is_refused() {
    let good = model(CUBIC, hall("P 1"), vec![site("Ni1", "Ni", [0.0, 0.0, 0.0])]);
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
    let lost = model(CUBIC, hall("P 1"), vec![site("Ni1", "Ni", [0.0, f64::NAN, 0.0])]);
    let message = crystal(&lost).unwrap_err().to_string();
    assert!(message.contains("Ni1") && message.contains("y NaN"), "{message}");
}

// Molecules

const BOX: [f64; 6] = [10.0, 10.0, 10.0, 90.0, 90.0, 90.0];

fn formulas(model: &Model, options: &Molecules) -> Vec<String> {
    let mut crystal = crystal(model).unwrap();
    molecules(model, &mut crystal, options).unwrap().into_iter().map(|molecule| molecule.formula).collect()
}

/// Every bond inside a molecule is short when its atoms are moved by the molecule's cells, and the memberships agree.
#[test]
fn molecules_hang_together_across_the_faces_of_the_cell() {
    let sites = vec![
        site("C1", "C", [0.97, 0.5, 0.02]),
        site("O1", "O", [0.09, 0.5, 0.02]),
        site("N1", "N", [0.97, 0.5, 0.89]),
        site("C2", "C", [0.4, 0.4, 0.4]),
        site("O2", "O", [0.4, 0.4, 0.51]),
        site("Ar1", "Ar", [0.7, 0.7, 0.7]),
    ];
    let model = model(BOX, hall("P 1"), sites);
    let mut crystal = crystal(&model).unwrap();
    let found = molecules(&model, &mut crystal, &Molecules::default()).unwrap();
    assert_eq!(found.iter().map(|m| m.formula.as_str()).collect::<Vec<_>>(), ["CNO", "CO"]);
    assert!(crystal.atoms[5].molecule.is_none());
    let place = |n: usize| {
        let (atom, cell) = found[0].atoms[n];
        crystal.basis * (crystal.atoms[atom].position.0 + cell)
    };
    assert!(((place(0) - place(1)).norm() - 1.2).abs() < 1e-9);
    assert!(((place(0) - place(2)).norm() - 1.3).abs() < 1e-9);
    let member = |i: usize| crystal.atoms[i].molecule.unwrap();
    // i and j + n are in one molecule if cell_j + n = cell_i: O1 is bonded to C1 from the next cell along a.
    assert_eq!(member(1).cell + Vector3::new(1.0, 0.0, 0.0), member(0).cell);
    assert_eq!(member(2).cell + Vector3::new(0.0, 0.0, -1.0), member(0).cell);
}

#[test]
fn an_endless_network_is_refused_with_a_remedy() {
    let sites = vec![site("Co1", "Co", [0.0, 0.0, 0.0]), site("N1", "N", [0.5, 0.0, 0.0])];
    let chain = model([3.9, 9.0, 9.0, 90.0, 90.0, 90.0], hall("P 1"), sites);
    let refusal =
        |options: &Molecules| molecules(&chain, &mut crystal(&chain).unwrap(), options).unwrap_err().to_string();
    let message = refusal(&Molecules::default());
    assert!(message.contains("exclude: [\"Co\"]") && message.contains("\"test\""), "{message}");
    assert!(message.contains("N1") || message.contains("Co1"), "{message}");
    let without = Molecules { exclude: vec!["Co".into()], ..Molecules::default() };
    assert!(formulas(&chain, &without).is_empty());
    let message = refusal(&Molecules { exclude: vec!["Zz".into()], ..Molecules::default() });
    assert!(message.contains("\"Zz\""), "{message}");
    assert!(refusal(&Molecules { slack: f64::NAN, ..Molecules::default() }).contains("slack"));
}

fn alternative(mut site: Site, group: i32) -> Site {
    site.occ = 0.5;
    site.disorder = Some(Disorder { assembly: String::new(), group });
    site
}

#[test]
fn alternatives_do_not_bond() {
    // C1-O1 and C2-O2 cross at bonding distances.
    let sites = || {
        [
            site("C1", "C", [0.4, 0.5, 0.5]),
            site("O1", "O", [0.52, 0.5, 0.5]),
            site("C2", "C", [0.4, 0.6, 0.5]),
            site("O2", "O", [0.52, 0.6, 0.5]),
        ]
    };
    let [c1, o1, c2, o2] = sites();
    let one = model(BOX, hall("P 1"), vec![c1, o1, c2, o2]);
    assert_eq!(formulas(&one, &Molecules::default()), ["C2O2"]);
    let [c1, o1, c2, o2] = sites();
    let sites = vec![alternative(c1, 1), alternative(o1, 1), alternative(c2, 2), alternative(o2, 2)];
    let two = model(BOX, hall("P 1"), sites);
    assert_eq!(formulas(&two, &Molecules::default()), ["C0.5O0.5", "C0.5O0.5"]);
}

/// A part with a negative group lies across a centre of inversion: its two images overlap and never bond, in the space
/// group as in P1.
#[test]
fn a_negative_group_keeps_clear_of_its_own_images() {
    let sites =
        vec![alternative(site("C1", "C", [0.46, 0.5, 0.5]), -1), alternative(site("O1", "O", [0.58, 0.5, 0.5]), -1)];
    let model = model(BOX, hall("-P 1"), sites);
    for model in [model.clone(), to_p1(&model)] {
        assert_eq!(formulas(&model, &Molecules::default()), ["C0.5O0.5", "C0.5O0.5"]);
        // What is said is how such pairs are weighed, nothing of contacts.
        let found = findings(&model);
        assert!(found.len() == 1 && found[0].message.contains("alternatives of a disorder"), "{found:?}");
    }
    let group = |site: &Site| site.disorder.as_ref().unwrap().group;
    let p1 = to_p1(&model);
    assert_eq!(group(&p1.sites[0]), group(&p1.sites[2]));
    assert_ne!(group(&p1.sites[0]), group(&p1.sites[1]));
}

// Checks

fn findings(model: &Model) -> Vec<Finding> {
    checks(model, &crystal(model).unwrap(), None)
}

/// The one finding that a change to a good structure brings, and words that it must have.
fn expect(change: impl Fn(&mut Model), severity: Severity, words: &[&str]) {
    let mut model =
        model(BOX, hall("-P 1"), vec![site("Co1", "Co", [0.1, 0.2, 0.3]), site("N1", "N", [0.3, 0.2, 0.3])]);
    assert!(findings(&model).is_empty());
    change(&mut model);
    let found = findings(&model);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].severity, severity, "{}", found[0].message);
    for word in words {
        assert!(found[0].message.contains(word), "\"{word}\" is not in: {}", found[0].message);
    }
}

#[test]
fn overlaps_are_spoken_of() {
    let near = [0.15, 0.2, 0.3];
    expect(|m| m.sites[1].position = Frac(near.into()), Severity::Warning, &["Co1 and N1", "0.500 Å", "overlap"]);
    let halves = |m: &mut Model| {
        m.sites[1].position = Frac(near.into());
        m.sites[0].occ = 0.5;
        m.sites[1].occ = 0.5;
    };
    expect(halves, Severity::Note, &["Co1 and N1", "alternatives"]);
    let drawn = |m: &mut Model| {
        m.sites[1].species = "H".parse().unwrap();
        m.sites[1].position = Frac::new(0.177, 0.2, 0.3);
    };
    expect(drawn, Severity::Warning, &["Co1 and N1 (0.770 Å)", "bonds to H"]);
    expect(
        |m| m.sites[0].position = Frac::new(0.02, 0.0, 0.0),
        Severity::Warning,
        &["Co1 and Co1_2", "0.400 Å", "overlap"],
    );
}

#[test]
fn occupancies_are_spoken_of() {
    let shared = |m: &mut Model, occ: f64| {
        m.sites[1].position = m.sites[0].position;
        m.sites[0].occ = occ;
        m.sites[1].occ = occ;
    };
    expect(|m| shared(m, 0.6), Severity::Warning, &["Co1 and N1", "1.200"]);
    expect(|m| m.sites[0].occ = 1.2, Severity::Warning, &["Co1", "1.2"]);
    expect(|m| m.sites[0].occ = -0.1, Severity::Error, &["Co1 has -0.1", "between 0 and 1"]);
    // A mixed site is nothing to speak of.
    let mut mixed =
        model(BOX, hall("-P 1"), vec![site("La1", "La", [0.1, 0.2, 0.3]), site("Sr1", "Sr", [0.1, 0.2, 0.3])]);
    shared(&mut mixed, 0.5);
    assert!(findings(&mixed).is_empty());
}

#[test]
fn displacements_are_spoken_of() {
    expect(|m| m.sites[1].adp = None, Severity::Warning, &["N1", "0.005"]);
    expect(|m| m.sites[1].adp = Some(Adp::Iso(-0.01)), Severity::Error, &["N1", "-0.01"]);
    expect(|m| m.sites[1].adp = Some(Adp::Iso(f64::NAN)), Severity::Error, &["N1", "NaN"]);
    expect(|m| m.sites[1].adp = Some(Adp::Iso(0.0)), Severity::Warning, &["N1", "rest"]);
    let flat = [0.01, 0.01, 0.01, 0.02, 0.0, 0.0];
    expect(|m| m.sites[1].adp = Some(Adp::Aniso(flat)), Severity::Error, &["N1", "positive definite", "-0.01"]);
    expect(|m| m.sites[1].beyond = Some(Beyond { rcut: 4.7, uiso: -1.0 }), Severity::Error, &["N1", "second"]);
}

#[test]
fn what_many_have_in_common_is_told_once() {
    let sites = (0..30).map(|k| site(&format!("N{k}"), "N", [f64::from(k) / 30.0, 0.0, 0.0])).collect();
    let mut row = model([90.0, 10.0, 10.0, 90.0, 90.0, 90.0], hall("P 1"), sites);
    row.sites.iter_mut().for_each(|site| site.adp = None);
    let found = findings(&row);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.ends_with("N0, N1, N2, N3 and 26 more (30 in all)"), "{found:?}");
}

#[test]
fn symmetry_that_contradicts_itself_is_spoken_of() {
    let cubic = |cell| model(cell, hall("P 4"), vec![site("Co1", "Co", [0.1, 0.2, 0.3])]);
    let found = findings(&cubic([10.0, 10.4, 10.0, 90.0, 90.0, 90.0]));
    assert!(found.len() == 1 && found[0].message.contains("10.4000"), "{found:?}");
    let mut missing = cubic(BOX);
    missing.space_group.operators.pop();
    let found = findings(&missing);
    assert!(found.len() == 1 && found[0].message.contains("no group"), "{found:?}");
    // Thirds written with four digits are no contradiction.
    let mut rounded = model(HEXAGONAL, hall("-R 3 2=c"), vec![site("O1", "O", [0.3, 0.0, 0.25])]);
    for operator in &mut rounded.space_group.operators {
        operator.translation = operator.translation.map(|x| (x * 1e4).round() / 1e4);
    }
    rounded.cell.c = 20.0;
    assert!(findings(&rounded).is_empty(), "{:?}", findings(&rounded));
}

#[test]
fn a_header_that_contradicts_the_model_is_spoken_of() {
    let model = model(BOX, hall("-P 1"), vec![site("Co1", "Co", [0.1, 0.2, 0.3]), site("O1", "O", [0.3, 0.2, 0.3])]);
    let crystal = crystal(&model).unwrap();
    let with = |header: &Header| checks(&model, &crystal, Some(header));
    let composition = |text: &[(&str, f64)]| Header {
        composition: Some(text.iter().map(|(s, n)| (s.parse().unwrap(), *n)).collect()),
        ..Header::default()
    };
    assert!(with(&Header::default()).is_empty());
    assert!(with(&composition(&[("Co2+", 1.0), ("O2-", 1.0)])).is_empty());
    let found = with(&composition(&[("Co", 3.0), ("O", 4.0)]));
    assert!(found[0].message.contains("Co 42.9 %, O 57.1 %") && found[0].message.contains("Co 50.0 %"), "{found:?}");
    assert!(with(&Header { number_density: Some(0.00404), ..Header::default() }).is_empty());
    let found = with(&Header { number_density: Some(0.05), ..Header::default() });
    assert!(found[0].message.contains("0.00400") && found[0].message.contains("0.05000"), "{found:?}");
}

// Reference data

fn reference_model(file: &str) -> Option<Model> {
    let text = support::reference_text(file)?;
    Some(corefine::read::structure(text.as_bytes(), file).unwrap().value)
}

#[test]
fn zif4_has_32_imidazolates() {
    let Some(model) = reference_model("zif4_glass/ZIF-4_DFT_relaxed.cif") else { return };
    let options = Molecules { exclude: vec!["Zn".into()], ..Molecules::default() };
    let mut crystal = crystal(&model).unwrap();
    let found = molecules(&model, &mut crystal, &options).unwrap();
    assert_eq!(found.len(), 32);
    assert!(found.iter().all(|molecule| molecule.formula == "C3H3N2"), "{found:?}");
    let free = crystal.atoms.iter().filter(|atom| atom.molecule.is_none()).count();
    assert_eq!((crystal.atoms.len(), free), (272, 16));
    let error = molecules(&model, &mut crystal, &Molecules::default()).unwrap_err().to_string();
    assert!(error.contains("exclude: [\"Zn\"]"), "{error}");
    for finding in checks(&model, &crystal, None) {
        println!("{:?}: {}", finding.severity, finding.message);
    }
}

#[test]
fn the_flagship_has_416_atoms_and_64_bonds() {
    let Some(model) = reference_model("zif62/co_zif62_416.cif") else { return };
    assert_eq!(model.sites.len(), 52);
    let mut whole = crystal(&model).unwrap();
    assert_eq!(whole.atoms.len(), 416);
    let kind = corefine::job::Bonds::of("Co-N");
    for model in [model.clone(), to_p1(&model)] {
        let crystal = crystal(&model).unwrap();
        let list = corefine::histogram::bonds(&model, &crystal, &kind).unwrap();
        let result = corefine::histogram::measure(&list, &crystal, &kind, None);
        println!("{} Co-N, mean {:.4}, {:.4} to {:.4}", result.n, result.mean, result.min, result.max);
        assert!((result.n - 64.0).abs() < 1e-9 && result.broken == 0.0);
        for finding in checks(&model, &crystal, None) {
            println!("{:?}: {}", finding.severity, finding.message);
        }
    }
    let options = Molecules { exclude: vec!["Co".into()], ..Molecules::default() };
    let found = molecules(&model, &mut whole, &options).unwrap();
    let count = |formula: &str| found.iter().filter(|molecule| molecule.formula == formula).count();
    // 24 plain linkers, 16 images of two guests. The half benzo rings of two linkers come within 1.52 Å of each other
    // across a centre of inversion (both are in disorder group 2, though they cannot both be there), and so bond.
    assert_eq!((count("C3H3N2"), count("C10H8N4"), count("C0.75N0.25O0.25"), found.len()), (24, 4, 16, 44));
}
