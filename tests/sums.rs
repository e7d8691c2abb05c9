//! The two ways to sum over pairs, held together: pair by pair, which is the definition, and through the nodes of a
//! lattice of distances. A tensor that differs from an isotropic U by nothing that counts keeps a crystal off the nodes.
//!
//! Bounds, in units of the largest value of the curve or column: nodes are 0.22 of the narrowest σ apart, so that a
//! peak is right to 2e-9 of its top, and its derivatives, which bend more, to some 1e-8.

mod support;

use corefine::crystal::Crystal;
use corefine::engine::Cpu;
use corefine::expand;
use corefine::fit::{FitError, Inputs, Setup};
use corefine::forward::Forward;
use corefine::job::{Compat, Job};
use corefine::lines::Sum;
use corefine::model::{Adp, Model};
use corefine::observed::{Form, Header, Observed};
use corefine::params::Binding;
use corefine::read;
use corefine::sums::{Load, Sums, TooMuch};
use corefine::tangent::{AtomTangent, Tangent};
use support::curves::{apart, curve, hundredths, job, state, xrays};
use support::structures::{p1, shipped, site};

const CURVE: f64 = 1e-8;
const COLUMN: f64 = 1e-7;

fn flagship() -> Model {
    expand::to_p1(&shipped("co_zif62"))
}

/// The same with one atom's U written as a tensor that is not quite isotropic.
fn off_the_nodes(mut model: Model) -> Model {
    let site = model.sites.iter_mut().find(|site| site.species.element.symbol() == "O").unwrap();
    let Some(Adp::Iso(u)) = site.adp else { panic!("the flagship's U are isotropic") };
    site.adp = Some(Adp::Aniso([u, u, u, 0.0, 0.0, 1e-13]));
    model
}

/// Curve and columns for a model.
fn curves(model: &Model, job: &Job, rmax: u32) -> (Vec<String>, Vec<f64>, Vec<Vec<f64>>) {
    let crystal = expand::crystal(model).unwrap();
    let binding = Binding::new(job, model, &crystal).unwrap();
    let p = binding.start();
    let state = binding.state(&p).unwrap();
    let tangents = binding.tangents(&state, &p).unwrap();
    let measurement = xrays(0.0, 23.5, hundredths(100, 100 * rmax));
    let mut forward = Forward::new(&measurement, &state).unwrap();
    let curves = forward.curves(&state, &tangents, &mut Cpu).unwrap();
    // A second structure: what was kept from the first must not be used.
    let moved: Vec<f64> = p.iter().map(|p| p + 1e-3).collect();
    let state = binding.state(&moved).unwrap();
    let g = [curves.g, forward.curves(&state, &[], &mut Cpu).unwrap().g].concat();
    let names = binding.free.iter().map(|free| binding.variables()[free.variable].name.clone()).collect();
    (names, g, curves.columns.column_iter().map(|column| column.iter().copied().collect()).collect())
}

fn compare(refine: &str, more: &str, rmax: u32) {
    let text = format!(
        r#"(structure: "co_zif62.ron", data: (file: "noiseless", rmin: 1, rmax: {rmax}, radiation: xray), refine: {{ {refine} }}, {more})"#
    );
    let job: Job = read::job::job(&text, "job.ron").unwrap();
    let (names, got, columns) = curves(&flagship(), &job, rmax);
    let (_, want, expected) = curves(&off_the_nodes(flagship()), &job, rmax);
    let worst = apart(&got, &want);
    println!("{refine} to {rmax} Å: curve {worst:.1e}");
    assert!(worst < CURVE, "{worst:e}");
    assert!(worst > 1e-12, "both went the same way");
    for ((name, got), want) in names.iter().zip(&columns).zip(&expected) {
        let worst = apart(got, want);
        println!("  {name}: {worst:.1e}");
        assert!(worst < COLUMN, "{name}: {worst:e}");
    }
}

#[test]
fn cell_widths_and_single_atoms() {
    compare(
        r#""scale": (), "a": (), "b": (), "c": (), "Uiso.Co": (), "Uiso.N": (), "Uiso.C": (), "xyz.Co1_2": ()"#,
        "",
        14,
    );
}

#[test]
fn corrections_and_a_second_u() {
    compare(
        r#""delta2": (start: 1.5), "qbroad": (start: 0.02), "qdamp": (start: 0.05), "spdiameter": (start: 60), "Uiso2.Co": (start: 0.02), "b": ()"#,
        r#"beyond: { "Co": 4.7 }"#,
        14,
    );
}

#[test]
fn occupancies_of_a_kind_and_of_one_atom() {
    compare(r#""occ.N": (), "occ.Co1_2": (start: 0.9), "delta1": (start: 0.3)"#, "", 9);
}

/// PDFfit2 ends peaks at 5 σ, on the nearest grid point. Where pairs are shared out that edge, 4e-6 of a peak's top, moves by
/// some of a grid point; there are so many pairs then that little is left of it.
#[test]
fn the_sum_of_pdffit2() {
    let measurement = |rmax: u32| {
        let r = hundredths(100 * rmax - 500, 100 * rmax);
        corefine::curve::Measurement { compat: Compat::PdfFit2, ..xrays(0.0, 23.5, r) }
    };
    let off = |rmax: u32| {
        let [nodes, pairs] = [flagship(), off_the_nodes(flagship())].map(|model| {
            let job = job(r#"set: { "qdamp": 0.02 }"#);
            curve(&state(&model, &job), &measurement(rmax), &mut Cpu)
        });
        apart(&nodes, &pairs)
    };
    assert!(off(8) < 1e-12, "pair by pair, both");
    for rmax in [16, 24] {
        let beyond = off(rmax);
        println!("to {rmax} Å: {beyond:.1e}");
        assert!(beyond > 1e-12 && beyond < 4e-7, "{beyond:e}");
    }
}

/// Nickel repeated `n` times along each axis, all atoms written out.
fn nickel(n: usize) -> Crystal {
    let mut crystal = expand::crystal(&expand::to_p1(&shipped("ni"))).unwrap();
    // What is asked of it knows the number and kinds of the atoms, not where they are.
    crystal.basis *= n as f64;
    crystal.atoms = crystal.atoms.iter().cycle().take(4 * n * n * n).cloned().collect();
    crystal
}

/// The same with a tensor.
fn with_tensor(mut crystal: Crystal) -> Crystal {
    crystal.atoms[0].u[(0, 0)] += 1e-3;
    crystal
}

fn load(crystal: &Crystal, rmax: f64, tangents: &[Tangent]) -> Load {
    Sums::load(crystal, Sum::Exact, (rmax, Some(25.0)), tangents)
}

#[test]
fn streamed_pairs_take_time_and_no_memory() {
    let million = load(&nickel(63), 30.0, &[]);
    // 1e6 atoms with 0.0914 others in a cubic ångström, to 33.5 Å, each pair once; nearest neighbours are listed.
    assert!((million.streamed / 7.2e9 - 1.0).abs() < 0.05, "{million:?}");
    assert!(million.listed < 1e7 && million.memory < 2e9, "{million:?}");
    assert_eq!(million.check(), Ok(()));
    // 4 x 0.0914 / 2 x 4/3 π r³ = 1e13 at 23 600 Å.
    assert_eq!(load(&nickel(1), 23_000.0, &[]).check(), Ok(()));
    let days = load(&nickel(1), 24_000.0, &[]).check();
    assert!(matches!(days, Err(TooMuch::Time(pairs)) if pairs > 1e13 && pairs < 1.2e13), "{days:?}");
}

#[test]
fn listed_pairs_take_memory() {
    // 64 bytes each, and a batch of them: 8 GB are 1.2e8 pairs, which are within 541 Å.
    let most = load(&with_tensor(nickel(1)), 530.0, &[]);
    assert!(most.check().is_ok() && most.streamed == 0.0 && most.listed > 1.1e8, "{most:?}");
    let more = load(&with_tensor(nickel(1)), 550.0, &[]).check().unwrap_err();
    assert!(
        more.to_string().contains("1.3e8 pairs of atoms have to be held in memory, which takes some 8.5 GB"),
        "{more}"
    );
    assert!(load(&with_tensor(nickel(63)), 30.0, &[]).check().is_err());
    // The near pairs of a structure whose widths jump at 30 Å are listed too.
    let mut jump = nickel(63);
    (jump.profile.sratio, jump.profile.rcut) = (0.8, 30.0);
    assert!(load(&jump, 60.0, &[]).check().is_err());
}

/// More pairs for each node are asked of PDFfit2's sum.
#[test]
fn few_pairs_of_pdffit2_are_listed() {
    let crystal = expand::crystal(&flagship()).unwrap();
    let load = |rmax: f64| Sums::load(&crystal, Sum::PdfFit2, (rmax, Some(23.5)), &[]);
    assert_eq!(load(6.0).listed, crystal.pairs_within(6.0 + 6.0 * std::f64::consts::TAU / 23.5 + 2.0));
    assert_eq!(load(6.0).streamed, 0.0);
    assert!(load(24.0).streamed > 20.0 * load(24.0).listed);
}

/// Columns of atoms whose U change one by one are made of these atoms' pairs.
#[test]
fn pairs_of_single_atoms_are_listed() {
    let crystal = nickel(63);
    let widen = |atoms: std::ops::Range<u32>| {
        let change = AtomTangent { u: nalgebra::Matrix3::identity(), ..AtomTangent::default() };
        Tangent { atoms: atoms.map(|atom| (atom, change)).collect(), ..Tangent::default() }
    };
    let none = load(&crystal, 30.0, &[]);
    let few = load(&crystal, 30.0, &[widen(0..10), widen(20..30)]);
    // Twenty atoms of a million, each with both ends of its pairs.
    assert!(((few.listed - none.listed) / (40.0 / 1.0e6 * none.streamed) - 1.0).abs() < 0.01, "{few:?} {none:?}");
    assert_eq!(few.check(), Ok(()));
    assert!(load(&crystal, 30.0, &[widen(0..100_000)]).check().is_err());
}

/// Columns of atoms that move need no list where these have more pairs than there are nodes.
#[test]
fn pairs_of_atoms_that_move_are_streamed() {
    let crystal = nickel(63);
    let change = AtomTangent { position: nalgebra::Vector3::x(), ..AtomTangent::default() };
    let moves = Tangent { atoms: (0..100_000).map(|atom| (atom, change)).collect(), ..Tangent::default() };
    let none = load(&crystal, 30.0, &[]);
    let many = load(&crystal, 30.0, std::slice::from_ref(&moves));
    assert_eq!((many.listed, many.streamed), (none.listed, none.streamed));
    assert_eq!(many.check(), Ok(()));
    // Among many kinds one atom has too few pairs at short distances.
    let mut crystal = crystal;
    (0..).zip(&mut crystal.atoms).for_each(|(k, atom)| atom.u *= 1.0 + 0.1 * f64::from(k % 8));
    let one = Tangent { atoms: vec![(0, change)], ..Tangent::default() };
    assert!(load(&crystal, 2.0, &[one]).listed > load(&crystal, 2.0, &[]).listed);
}

/// A fit to 70 Å of 2048 atoms, of which the first `n` have U's of their own that start alike.
fn fit_of_single_widths(n: usize) -> Result<Setup, FitError> {
    let at = |k: usize| [k % 16, k / 16 % 16, k / 256].map(|i| i as f64 / 16.0 + 0.01);
    let sites = (0..2048).map(|k| site(&format!("Ni{k}"), "Ni", at(k))).collect();
    let model = p1([28.192, 28.192, 28.192, 90.0, 90.0, 90.0], sites);
    let names = (0..n).map(|k| format!("\"Uiso.Ni{k}\": ()")).collect::<Vec<_>>().join(", ");
    let job =
        format!(r#"(structure: "ni.ron", data: (file: "ni.gr", rmin: 68, rmax: 70, qmax: 25), refine: {{ {names} }})"#);
    let job = read::job::job(&job, "job.ron").unwrap();
    let r = hundredths(6800, 7000);
    let (g, header) = (vec![1.0; r.len()], Header::default());
    let observed =
        Observed { name: "ni.gr".into(), r, g, dg: vec![], form: Form::G, header, warnings: vec![], in_q: None };
    Setup::new(Inputs::of(job, model, observed))
}

/// Once atoms that start with one U have parted, they may be more kinds than nodes are made for.
#[test]
fn a_fit_whose_pairs_would_have_to_be_listed_is_refused_before_it_begins() {
    assert!(fit_of_single_widths(10).is_ok());
    let said = fit_of_single_widths(20).unwrap_err().to_string();
    assert!(
        said.starts_with("to rmax 70 Å ")
            && said.contains("held in memory")
            && said.contains("; take a smaller rmax, isotropic U"),
        "{said}"
    );
}
