//! Molecules: which atoms hang together, across the faces of the cell and among alternatives of a disorder.

mod support;

use corefine::expand::{checks, crystal, molecules, to_p1};
use corefine::histogram::{bonds, measure};
use corefine::job::{Bonds, Molecules};
use corefine::model::{Disorder, Model, Site};
use corefine::read::Reading;
use nalgebra::Vector3;
use support::groups::hall;
use support::structures::{BOX, model, p1, reference_structure, site};

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
    let model = p1(BOX, sites);
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
    let chain = p1([3.9, 9.0, 9.0, 90.0, 90.0, 90.0], sites);
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
    let one = p1(BOX, vec![c1, o1, c2, o2]);
    assert_eq!(formulas(&one, &Molecules::default()), ["C2O2"]);
    let [c1, o1, c2, o2] = sites();
    let sites = vec![alternative(c1, 1), alternative(o1, 1), alternative(c2, 2), alternative(o2, 2)];
    let two = p1(BOX, sites);
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
        let found = checks(&model, &crystal(&model).unwrap(), None);
        assert!(found.len() == 1 && found[0].message.contains("alternatives of a disorder"), "{found:?}");
    }
    let group = |site: &Site| site.disorder.as_ref().unwrap().group;
    let p1 = to_p1(&model);
    assert_eq!(group(&p1.sites[0]), group(&p1.sites[2]));
    assert_ne!(group(&p1.sites[0]), group(&p1.sites[1]));
}

#[test]
fn zif4_has_32_imidazolates() {
    let Some(Reading { value: model, .. }) = reference_structure("zif4_glass/ZIF-4_DFT_relaxed.cif") else { return };
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
    let Some(Reading { value: model, .. }) = reference_structure("zif62/co_zif62_416.cif") else { return };
    assert_eq!(model.sites.len(), 52);
    let mut whole = crystal(&model).unwrap();
    assert_eq!(whole.atoms.len(), 416);
    let kind = Bonds::of("Co-N");
    for model in [model.clone(), to_p1(&model)] {
        let crystal = crystal(&model).unwrap();
        let list = bonds(&model, &crystal, &kind).unwrap();
        let result = measure(&list, &crystal, &kind, None);
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
