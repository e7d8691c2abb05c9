//! The two ways to sum over pairs, held together: pair by pair, which is the definition, and through the nodes of a
//! lattice of distances. A tensor that differs from an isotropic U by nothing that counts keeps a crystal off the nodes.
//!
//! Bounds, in units of the largest value of the curve or column: nodes are 0.13 of the narrowest σ apart, so that a
//! peak is right to 3e-9 of its top, and its derivatives, which bend more, to some 1e-8.

mod support;

use corefine::engine::Cpu;
use corefine::expand;
use corefine::forward::Forward;
use corefine::job::{Compat, Job};
use corefine::model::{Adp, Model};
use corefine::params::Binding;
use corefine::read;
use support::curves::{apart, curve, hundredths, job, state, xrays};
use support::structures::shipped;

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
