//! What symmetry leaves free: coordinates, displacement tensors, the cell.

mod support;

use corefine::expand::{adp_rotation, cell_freedom, crystal, freedom};
use corefine::model::Adp;
use nalgebra::{SVector, Vector3};
use support::groups::{CUBIC, HEXAGONAL, anisotropic_models, hall};
use support::structures::{model, site};

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
