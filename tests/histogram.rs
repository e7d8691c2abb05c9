//! Bonds counted by hand.

mod support;

use corefine::crystal::Crystal;
use corefine::expand::{crystal, to_p1};
use corefine::fit::{Inputs, Setup};
use corefine::histogram::{BondCovariance, BondList, BondRef, all_bonds, bonds, measure};
use corefine::job::Bonds;
use corefine::model::{Disorder, Model, Site};
use corefine::outcome::Bin;
use corefine::read;
use corefine::units::Frac;
use nalgebra::{DMatrix, Vector3};
use support::structures::{self, BOX, operators, p1, shipped, site};

/// A Co at the origin with N at 1.95, 2.05, 2.3, 2.31 and 2.9 Å; two of them across the cell's face.
fn cobalt() -> Model {
    p1(
        BOX,
        vec![
            site("Co1", "Co", [0.0, 0.0, 0.0]),
            site("N1", "N", [0.195, 0.0, 0.0]),
            site("N2", "N", [0.795, 0.0, 0.0]),
            site("N3", "N", [0.0, 0.23, 0.0]),
            site("N4", "N", [0.0, 0.0, 0.769]),
            site("N5", "N", [0.0, 0.0, 0.29]),
        ],
    )
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} is not {b}");
}

#[test]
fn five_bonds_counted_by_hand() {
    let model = cobalt();
    let crystal = crystal(&model).unwrap();
    let kind = Bonds::of("Co-N");
    let list = bonds(&model, &crystal, &kind).unwrap();
    let result = measure(&list, &crystal, &kind, None);
    let labels: Vec<&str> = result.bonds.iter().map(|bond| bond.to.as_str()).collect();
    assert_eq!(labels, ["N1", "N2", "N3", "N4"]);
    let lengths = [1.95, 2.05, 2.3, 2.31];
    for (bond, length) in result.bonds.iter().zip(lengths) {
        close(bond.distance, length);
        assert_eq!((bond.from.as_str(), bond.weight, bond.esd), ("Co1", 1.0, None));
    }
    assert_eq!((result.n, result.broken, result.fraction), (4.0, 2.0, 0.5));
    close(result.mean, 2.1525);
    close(result.sd, (lengths.iter().map(|d| (d - 2.1525_f64).powi(2)).sum::<f64>() / 4.0).sqrt());
    close(result.min, 1.95);
    close(result.max, 2.31);
    let bin = |from, to, count| Bin { from, to, count };
    let expected = [bin(1.9, 2.0, 1.0), bin(2.0, 2.1, 1.0), bin(2.1, 2.2, 0.0), bin(2.2, 2.3, 0.0), bin(2.3, 2.4, 2.0)];
    assert_eq!(result.histogram, expected);
    assert_eq!((result.coordination[0].label.as_str(), result.coordination[0].number), ("Co1", 2.0));
    let curve = &result.fraction_by_cutoff;
    assert_eq!((curve[0], curve[90], curve.len()), ((1.9, 1.0), (2.8, 0.0), 91));
    let at = |cutoff: f64| curve.iter().find(|(c, _)| (c - cutoff).abs() < 1e-9).unwrap().1;
    assert_eq!((at(1.96), at(2.04), at(2.06), at(2.32)), (0.75, 0.75, 0.5, 0.0));
    assert!(result.fraction_esd.is_none() && result.mean_esd.is_none());
}

#[test]
fn all_bonds_up_to_a_length() {
    let model = cobalt();
    let crystal = crystal(&model).unwrap();
    assert_eq!(all_bonds(&model, &crystal, "Co-N", 3.0).unwrap().bonds.len(), 5);
    assert_eq!(all_bonds(&model, &crystal, "Co-N", 2.1).unwrap().bonds.len(), 2);
    assert_eq!(all_bonds(&model, &crystal, "N-Co", 2.1).unwrap().bonds.len(), 2);
    assert_eq!(all_bonds(&model, &crystal, "Co-Co", 10.5).unwrap().bonds.len(), 6);
}

/// The same bonds are followed when an atom leaves the cell, and however long they grow.
#[test]
fn bonds_are_followed_not_found_again() {
    let mut model = cobalt();
    let start = crystal(&model).unwrap();
    let kind = Bonds::of("Co-N");
    let list = bonds(&model, &start, &kind).unwrap();
    model.sites[0].position = Frac::new(-0.01, 0.0, 0.0);
    model.sites[2].position = Frac::new(0.66, 0.0, 0.0);
    let moved = crystal(&model).unwrap();
    close(moved.atoms[0].position.0[0], 0.99);
    let result = measure(&list, &moved, &kind, None);
    close(result.bonds[0].distance, 2.05);
    close(result.bonds[1].distance, 3.3);
    close(result.broken, 3.0);
    assert_eq!(BondList::shift(&list.bonds[0], &start), Vector3::zeros());
    assert_eq!(BondList::shift(&list.bonds[0], &moved), Vector3::new(1.0, 0.0, 0.0));
}

#[test]
fn a_space_group_counts_as_its_p1_does() {
    let group = ["x,y,z", "-x,-y,z", "-x,y,-z", "x,-y,-z"]; // P 2 2 2, Co on a general position and on an axis
    let sites = vec![
        site("Co1", "Co", [0.2, 0.2, 0.2]),
        Site { occ: 0.5, ..site("Co2", "Co", [0.0, 0.0, 0.1]) },
        site("N1", "N", [0.2, 0.2, 0.41]),
        site("N2", "N", [0.2, 0.01, 0.2]),
        Site { occ: 0.5, ..site("N3", "N", [0.15, 0.1, 0.0]) },
        site("N4", "N", [0.1, 0.15, 0.1]),
    ];
    let model = structures::model(BOX, operators(&group), sites);
    let kind = Bonds::of("Co-N");
    let measured = |model: &Model| {
        let crystal = crystal(model).unwrap();
        measure(&bonds(model, &crystal, &kind).unwrap(), &crystal, &kind, None)
    };
    let (group, p1) = (measured(&model), measured(&to_p1(&model)));
    assert_eq!(group.coordination.len(), 2);
    assert_eq!(p1.coordination.len(), 6);
    // Four of Co1 and two half ones of Co2, four bonds each.
    close(group.n, 4.0 * 4.0 + 2.0 * 0.5 * 4.0);
    close(p1.n, group.n);
    close(p1.broken, group.broken);
    close(p1.mean, group.mean);
    close(p1.sd, group.sd);
    assert!(group.broken > 0.0 && group.broken < group.n);
    for (a, b) in group.histogram.iter().zip(&p1.histogram) {
        close(a.count, b.count);
    }
}

#[test]
fn alternatives_add_up_to_one_neighbour() {
    let mut model = cobalt();
    model.sites[2].occ = 0.5; // N2 at 2.05
    model.sites[3].occ = 0.5; // N3 at 2.30
    for (index, group) in [(2, 1), (3, 2)] {
        model.sites[index].disorder = Some(Disorder { assembly: String::new(), group });
    }
    let kind = Bonds::of("Co-N");
    let crystal = crystal(&model).unwrap();
    let result = measure(&bonds(&model, &crystal, &kind).unwrap(), &crystal, &kind, None);
    let weights: Vec<f64> = result.bonds.iter().map(|bond| bond.weight).collect();
    assert_eq!(weights, [1.0, 0.5, 0.5, 1.0, 1.0]);
    close(result.n, 4.0);
    close(result.coordination[0].number, 1.5);
    // A Co of group 1 sees N2 whenever it is there, and N3 never.
    model.sites[0].occ = 0.5;
    model.sites[0].disorder = Some(Disorder { assembly: String::new(), group: 1 });
    let crystal = corefine::expand::crystal(&model).unwrap();
    let result = measure(&bonds(&model, &crystal, &kind).unwrap(), &crystal, &kind, None);
    let names: Vec<(&str, f64)> = result.bonds.iter().map(|bond| (bond.to.as_str(), bond.weight)).collect();
    assert_eq!(names, [("N1", 0.5), ("N2", 0.5), ("N4", 0.5), ("N5", 0.5)]);
    close(result.coordination[0].number, 2.0);
}

fn neighbours_of_nickel(model: &Model, neighbours: usize) -> Vec<BondRef> {
    let kind = Bonds { neighbours, ..Bonds::of("Ni-Ni") };
    bonds(model, &crystal(model).unwrap(), &kind).unwrap().bonds
}

/// The twelve neighbours of fcc nickel are equally near: four of them are those with the lowest numbers. Which they are
/// is the order of the atoms, not a property of the crystal.
#[test]
fn equally_near_neighbours_are_told_apart_by_number() {
    let model = to_p1(&shipped("ni"));
    let crystal = crystal(&model).unwrap();
    let (four, twelve) = (neighbours_of_nickel(&model, 4), neighbours_of_nickel(&model, 12));
    assert_eq!((four.len(), twelve.len()), (16, 48));
    for bond in &twelve {
        close(BondList::vector(bond, &crystal).norm(), 3.524 / 2.0_f64.sqrt());
    }
    for (some, all) in four.chunks(4).zip(twelve.chunks(12)) {
        assert_eq!(some, &all[..4]);
    }
    // Every atom has four neighbours of each other number.
    let numbers: Vec<usize> = four.iter().map(|bond| bond.j).collect();
    assert_eq!(numbers, [[1; 4], [0; 4], [0; 4], [0; 4]].concat());
}

#[test]
fn the_last_digit_of_a_distance_tells_no_neighbours_apart() {
    let model = to_p1(&shipped("ni"));
    let mut shaken = model.clone();
    shaken.sites.iter_mut().skip(2).for_each(|site| site.position.0 *= 1.0 - 1e-12);
    let crystal = crystal(&shaken).unwrap();
    let twelve = neighbours_of_nickel(&shaken, 12);
    let lengths = twelve[..12].iter().map(|bond| BondList::vector(bond, &crystal).norm());
    assert!(!lengths.is_sorted(), "by their last digits they stand in another order");
    let ends = |bonds: Vec<BondRef>| -> Vec<_> { bonds.iter().map(|bond| (bond.i, bond.j, bond.shift)).collect() };
    assert_eq!(ends(twelve), ends(neighbours_of_nickel(&model, 12)));
}

/// A generator of Gaussian numbers that is the same everywhere: SplitMix64 and Box-Muller.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn gaussian(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

fn start() -> (Crystal, BondList, Bonds) {
    let model = cobalt();
    let crystal = crystal(&model).unwrap();
    let kind = Bonds::of("Co-N");
    let list = bonds(&model, &crystal, &kind).unwrap();
    (crystal, list, kind)
}

#[test]
fn uncertainties_match_a_monte_carlo_with_the_same_covariance() {
    let (crystal, list, kind) = start();
    // Square root of the covariance, lengths 1.95, 2.05, 2.3, 2.31 Å against 2.25 Å.
    let root = DMatrix::from_row_slice(
        4,
        4,
        &[0.20, 0.0, 0.0, 0.0, -0.15, 0.05, 0.0, 0.0, 0.02, 0.03, 0.04, 0.0, 0.01, -0.02, 0.08, 0.03],
    );
    let covariance = BondCovariance { covariance: &root * root.transpose() };
    let result = measure(&list, &crystal, &kind, Some(&covariance));
    let mut random = Random(7);
    let samples = 400_000;
    let [mut count, mut count2, mut mean, mut mean2] = [0.0; 4];
    for _ in 0..samples {
        let z = nalgebra::DVector::from_fn(4, |_, _| random.gaussian());
        let d: Vec<f64> = (&root * z).iter().zip(&result.bonds).map(|(e, bond)| e + bond.distance).collect();
        let n = d.iter().filter(|d| **d > 2.25).count() as f64 / 4.0;
        let m = d.iter().sum::<f64>() / 4.0;
        count += n;
        count2 += n * n;
        mean += m;
        mean2 += m * m;
    }
    let n = f64::from(samples);
    let esd = |sum: f64, squares: f64| (squares / n - (sum / n).powi(2)).sqrt();
    // A standard deviation from n samples is good to 1/sqrt(2n) = 0.11 %; five times that.
    let agree = |ours: f64, theirs: f64| assert!((ours / theirs - 1.0).abs() < 0.006, "{ours} {theirs}");
    agree(result.fraction_esd.unwrap(), esd(count, count2));
    agree(result.mean_esd.unwrap(), esd(mean, mean2));
    agree(result.coordination[0].esd.unwrap(), 4.0 * esd(count, count2));
    close(result.bonds[0].esd.unwrap(), 0.2);
}

#[test]
fn certain_and_unknown_lengths() {
    let (crystal, list, kind) = start();
    let none = BondCovariance { covariance: DMatrix::zeros(4, 4) };
    let certain = measure(&list, &crystal, &kind, Some(&none));
    assert_eq!((certain.fraction_esd, certain.mean_esd), (Some(0.0), Some(0.0)));
    let unknown = BondCovariance { covariance: DMatrix::from_element(4, 4, f64::NAN) };
    assert_eq!(measure(&list, &crystal, &kind, Some(&unknown)).fraction_esd, None);
    // Only the last two are near the cutoff, 0.05 and 0.06 Å above; σ = 0.01 Å: 5 and 6 σ.
    let small = BondCovariance { covariance: DMatrix::identity(4, 4) * 1e-4 };
    let sure = measure(&list, &crystal, &kind, Some(&small));
    let five_sigma = 2.866516e-7_f64;
    assert!((sure.fraction_esd.unwrap() / (five_sigma.sqrt() / 4.0) - 1.0).abs() < 2e-3);
}

#[test]
fn what_cannot_be_counted_is_said() {
    let model = cobalt();
    let crystal = crystal(&model).unwrap();
    let message = |kind: Bonds| bonds(&model, &crystal, &kind).unwrap_err().to_string();
    for pair in ["Co", "Co-", "Co-Xx", "Co-N-O", ""] {
        assert!(message(Bonds::of(pair)).contains("two elements"), "{pair}");
    }
    let zinc = message(Bonds::of("Zn-N"));
    assert!(zinc.contains("needs Zn") && zinc.contains("Co, N"), "{zinc}");
    assert!(message(Bonds { bin: 0.0, ..Bonds::of("Co-N") }).contains("bin is 0"));
    assert!(message(Bonds { cutoff: f64::NAN, ..Bonds::of("Co-N") }).contains("cutoff is NaN"));
    assert!(message(Bonds { neighbours: 0, ..Bonds::of("Co-N") }).contains("neighbours is 0"));
}

/// Many centres: a search of everything by everything would take minutes.
#[test]
fn a_hundred_thousand_atoms_are_searched_in_boxes() {
    let mut sites = Vec::new();
    let n = 46;
    for k in 0..n * n * n {
        let x = [k % n, k / n % n, k / n / n].map(|i| (f64::from(i) + 0.25) / f64::from(n));
        sites.push(site(&format!("X{k}"), if k % 8 == 0 { "Co" } else { "N" }, x));
    }
    let model = p1([92.0, 92.0, 92.0, 90.0, 90.0, 90.0], sites);
    let crystal = crystal(&model).unwrap();
    let list = bonds(&model, &crystal, &Bonds::of("Co-N")).unwrap();
    assert_eq!(list.bonds.len(), 4 * list.centres.len());
    let result = measure(&list, &crystal, &Bonds::of("Co-N"), None);
    assert!(result.coordination.iter().all(|centre| (centre.number - 4.0).abs() < 1e-9));
    let findings = corefine::expand::checks(&model, &crystal, None);
    assert!(findings.is_empty(), "{:?}", findings.first());
}

fn ties(model: &Model, pair: &str, neighbours: usize) -> Option<String> {
    let kind = Bonds { neighbours, ..Bonds::of(pair) };
    let crystal = crystal(model).unwrap();
    bonds(model, &crystal, &kind).unwrap().ties(model, &crystal, &kind, ["neighbours: ", ""])
}

#[test]
fn some_of_equally_near_neighbours_are_told_of() {
    let all =
        "12 neighbours at 2.492 Å or nearer, and neighbours: 4 takes 4 of them by the order of the atoms; ask for 12";
    let nickel = shipped("ni");
    assert_eq!(ties(&nickel, "Ni-Ni", 4).unwrap(), format!("bonds of \"Ni-Ni\": Ni1 has {all}"));
    let four = ties(&to_p1(&nickel), "Ni-Ni", 4).unwrap();
    assert!(four.ends_with(&format!(" and 1 more (4 in all) have {all}")), "{four}");
    for (neighbours, told) in [(1, true), (11, true), (12, false), (13, true), (18, false)] {
        assert_eq!(ties(&nickel, "Ni-Ni", neighbours).is_some(), told, "{neighbours}");
    }
    // 140 atoms are within the eighth shell, more than can be asked for.
    assert!(ties(&nickel, "Ni-Ni", 100).unwrap().ends_with("; ask for a number that ends with a shell"));
}

#[test]
fn structures_whose_bonds_are_whole_shells_have_no_ties() {
    for model in [shipped("co_zif62"), to_p1(&shipped("co_zif62")), shipped("demo/start"), shipped("demo/cycled_true")]
    {
        assert_eq!(ties(&model, "Co-N", 4), None);
    }
    assert_eq!(ties(&shipped("si"), "Si-Si", 4), None);
}

#[test]
fn shipped_jobs_follow_whole_shells() {
    for name in ["pristine", "cycled"] {
        let bytes = |file: &str| std::fs::read(support::of_repository("models/demo").join(file)).unwrap();
        let job = read::job::job(&String::from_utf8(bytes(&format!("{name}.ron"))).unwrap(), name).unwrap();
        let model = read::structure(&bytes(&job.phase().structure), &job.phase().structure).unwrap().value;
        let observed = read::observed::observed_for(&bytes(&job.data().file), &job.data().file, job.data()).unwrap();
        assert!(!job.bonds.is_empty());
        let setup = Setup::new(Inputs::of(job, model, observed)).unwrap();
        assert!(!setup.warnings.iter().any(|text| text.starts_with("bonds of")), "{:?}", setup.warnings);
    }
}

/// A Co with N at these distances along x, y and z, Å, of these occupancies.
fn with_nitrogen(atoms: [(f64, f64); 3]) -> Model {
    let mut sites = vec![site("Co1", "Co", [0.0; 3])];
    for (axis, (distance, occ)) in atoms.into_iter().enumerate() {
        let at = std::array::from_fn(|k| if k == axis { distance / 10.0 } else { 0.0 });
        sites.push(Site { occ, ..site(&format!("N{axis}"), "N", at) });
    }
    p1(BOX, sites)
}

/// Distances count as equal to 0.001 Å, also where a first search for neighbours ends, at 3 Å.
#[test]
fn nearly_equal_distances_are_ties() {
    for (second, third, told) in
        [(2.1, 2.1008, true), (2.1, 2.1015, false), (2.9996, 3.0004, true), (2.9992, 3.0008, false)]
    {
        let said = ties(&with_nitrogen([(1.9, 1.0), (second, 1.0), (third, 1.0)]), "Co-N", 2);
        assert_eq!(said.is_some(), told, "{second} {third}: {said:?}");
    }
}

#[test]
fn partly_filled_neighbours_and_alternatives() {
    // Half of the second is enough: an equally near third could have been it.
    let said = ties(&with_nitrogen([(1.9, 0.5), (2.1, 1.0), (2.1, 1.0)]), "Co-N", 1).unwrap();
    assert!(said.contains("Co1 has 2.5 neighbours at 2.100 Å") && said.ends_with("ends with a shell"), "{said}");
    assert_eq!(ties(&with_nitrogen([(1.9, 0.5), (2.1, 1.0), (2.2, 1.0)]), "Co-N", 1), None);
    assert_eq!(ties(&with_nitrogen([(1.9, 0.5), (2.1, 1.0), (2.1, 0.0)]), "Co-N", 1), None);
    let mut halves = with_nitrogen([(1.9, 0.5), (2.1, 0.5), (2.1, 0.5)]);
    assert!(ties(&halves, "Co-N", 1).is_some());
    for (index, group) in [(2, 1), (3, 2)] {
        halves.sites[index].disorder = Some(Disorder { assembly: String::new(), group });
    }
    assert_eq!(ties(&halves, "Co-N", 1), None);
    // All that there are within 48 Å, and not enough.
    assert_eq!(ties(&with_nitrogen([(1.9, 0.01), (2.1, 0.01), (2.1, 0.01)]), "Co-N", 100), None);
}
