//! What G(r) may not depend on: where the cell begins, how large it is, how it is turned, in what order atoms are
//! written, whether symmetry is spelt out. Every property is asked of every engine.
//!
//! Bounds, in units of the largest |G|:
//!
//! - CPU (and `check`, which hands on what the CPU computed): 1e-9. Both descriptions are the same sum up to rounding in
//!   f64 (1e-16 for each of some thousand terms) and up to a grid whose step follows the narrowest peak, whose images in Q
//!   are 2e-11.
//! - PDFfit2's sum: 4e-6. Its peaks end at 5 σ on the nearest grid point, where they are exp(-12.5) of their top; a place
//!   that rounding moves across the middle between two points moves that end by a point.
//! - GPU: 2e-5. Each of the two curves is within 1e-5 of the CPU's, the bound that `tests/models.rs` holds it to.
//!
//! Without an adapter the GPU's share is skipped, aloud; with `COREFINE_REQUIRE_GPU=1` that is a failure.

mod support;

use corefine::curve::Measurement;
use corefine::engine::{Cpu, Engine};
use corefine::expand;
use corefine::job::{Compat, Job, Normalisation, Weights};
use corefine::model::{Adp, Beyond, Cell, Model, Operator, Profile, Site};
use corefine::observed::Radiation;
use corefine::params::Binding;
use nalgebra::{Matrix3, Vector3};
use support::curves::{self, apart, hundredths, job, largest, state, xrays};
use support::structures::{self, molecular, operators, shipped, site_with};

/// An engine and how far two descriptions of one crystal may be apart, in units of the largest |G|.
type Bounded = (Box<dyn Engine>, f64);

const CPU_BOUND: f64 = 1e-9;

const PDFFIT2_BOUND: f64 = 4e-6;

#[cfg(feature = "gpu")]
const GPU_BOUND: f64 = 2e-5;

fn engines() -> Vec<Bounded> {
    let mut engines: Vec<Bounded> = vec![(Box::new(Cpu), CPU_BOUND)];
    #[cfg(feature = "gpu")]
    engines.extend(on_the_gpu().into_iter().flatten());
    engines
}

/// The GPU by itself, and one that is checked.
#[cfg(feature = "gpu")]
fn on_the_gpu() -> Option<[Bounded; 2]> {
    use corefine::engine::check::Check;
    use corefine::engine::gpu::Gpu;
    let [gpu, checked]: [Gpu; 2] = [support::gpu::gpu()?, support::gpu::gpu()?];
    Some([(Box::new(gpu), GPU_BOUND), (Box::new(Check::new(checked)), CPU_BOUND)])
}

fn model(title: &str, cell: [f64; 6], group: &[&str], sites: Vec<Site>) -> Model {
    let profile = Profile { scale: 0.8, delta2: 1.1, ..Profile::default() };
    Model { title: title.into(), profile, ..structures::model(cell, operators(group), sites) }
}

fn nickel() -> Model {
    shipped("ni")
}

/// P 63 m c: two sites on 1/3, 2/3, z with tensors that their symmetry allows (3m), one half filled without symmetry.
fn hexagonal() -> Model {
    let group = [
        "x,y,z",
        "-y,x-y,z",
        "-x+y,-x,z",
        "-x,-y,z+1/2",
        "y,-x+y,z+1/2",
        "x-y,x,z+1/2",
        "-y,-x,z",
        "-x+y,y,z",
        "x,x-y,z",
        "y,x,z+1/2",
        "x-y,-y,z+1/2",
        "-x,-x+y,z+1/2",
    ];
    let third = |z: f64| [1.0 / 3.0, 2.0 / 3.0, z];
    let mut sites = vec![
        site_with("Zn1", "Zn", third(0.0), Adp::Aniso([0.010, 0.010, 0.016, 0.005, 0.0, 0.0])),
        site_with("O1", "O", third(0.382), Adp::Aniso([0.014, 0.014, 0.009, 0.007, 0.0, 0.0])),
        site_with("N1", "N", [0.11, 0.47, 0.21], Adp::Aniso([0.02, 0.012, 0.015, 0.004, -0.002, 0.003])),
    ];
    sites[2].occ = 0.5;
    model("P 63 m c", [5.25, 5.25, 6.1, 90.0, 90.0, 120.0], &group, sites)
}

/// P 21/c: Co on an inversion centre, tensors, a second U, a site that is filled by six tenths.
fn monoclinic() -> Model {
    let mut sites = vec![
        site_with("Co1", "Co", [0.0, 0.0, 0.0], Adp::Aniso([0.012, 0.018, 0.009, 0.002, -0.003, 0.001])),
        site_with("N1", "N", [0.23, 0.12, 0.09], Adp::Aniso([0.02, 0.01, 0.015, -0.001, 0.002, 0.003])),
        site_with("C1", "C", [0.41, 0.27, 0.33], Adp::Iso(0.011)),
        site_with("O1", "O", [0.67, 0.38, 0.14], Adp::Iso(0.017)),
    ];
    sites[3].occ = 0.6;
    sites[2].beyond = Some(Beyond { rcut: 3.2, uiso: 0.02 });
    let group = ["x,y,z", "-x,y+1/2,-z+1/2", "-x,-y,-z", "x,-y+1/2,z+1/2"];
    model("P 21/c", [5.6, 6.3, 7.1, 90.0, 104.0, 90.0], &group, sites)
}

fn models() -> [Model; 3] {
    [nickel(), hexagonal(), monoclinic()]
}

/// Exact X-ray weights with a window that has two ends, one number per pair, neutrons, and the sum of `PDFfit2`.
fn measurements() -> Vec<(&'static str, Measurement)> {
    let exact = xrays(0.7, 21.3, hundredths(100, 500));
    let open = Measurement { qmin: 0.0, ..exact.clone() };
    vec![
        ("X-rays, exact weights, qmin 0.7", exact),
        ("X-rays, f0, not truncated", Measurement { weights: Weights::F0, qmax: None, ..open.clone() }),
        (
            "neutrons, by <f²>",
            Measurement { radiation: Radiation::Neutron, normalisation: Normalisation::SquareMean, ..open.clone() },
        ),
        ("PDFfit2's sum", Measurement { weights: Weights::F0, compat: Compat::PdfFit2, ..open }),
    ]
}

fn curve(model: &Model, measurement: &Measurement, engine: &mut dyn Engine) -> Vec<f64> {
    let job = job(r#"set: { "qdamp": 0.05, "qbroad": 0.02 }"#);
    curves::curve(&state(model, &job), measurement, engine)
}

/// Every model, measured every way, by every engine: is the other description's curve the same?
fn same(property: &str, other: impl Fn(&Model) -> Model) {
    for (mut engine, bound) in engines() {
        let mut worst = [0.0_f64; 2];
        for model in models() {
            for (how, measurement) in measurements() {
                let cut = measurement.compat == Compat::PdfFit2;
                let bound = if cut { bound.max(PDFFIT2_BOUND) } else { bound };
                let got = curve(&other(&model), &measurement, engine.as_mut());
                let want = curve(&model, &measurement, engine.as_mut());
                let apart = apart(&got, &want);
                assert!(apart <= bound, "{property}, {}, {how}, {}: {apart:e}", model.title, engine.name());
                worst[usize::from(cut)] = worst[usize::from(cut)].max(apart);
            }
        }
        let [exact, cut] = worst;
        println!("{property}: {exact:.1e} of the largest |G| at worst, PDFfit2's sum {cut:.1e}, {}", engine.name());
    }
}

#[test]
fn the_origin_does_not_matter() {
    // Far enough for some atoms to leave the cell on every side.
    for shift in [Vector3::new(0.137, -0.411, 0.733), Vector3::new(-2.5, 1.0 / 3.0, 0.999)] {
        same("translation", |model| {
            let mut moved = expand::to_p1(model);
            moved.sites.iter_mut().for_each(|site| site.position.0 += shift);
            moved
        });
    }
}

/// The crystal in a cell that is twice as long along one axis.
fn doubled(model: &Model, axis: usize) -> Model {
    let mut large = expand::to_p1(model);
    let mut edges = large.cell.parameters();
    edges[axis] *= 2.0;
    large.cell = Cell::from_parameters(edges);
    // U is given on the axes of CIF, in lengths that a longer edge leaves alone.
    large.sites.iter_mut().for_each(|site| site.position.0[axis] *= 0.5);
    let mut copies = large.sites.clone();
    for copy in &mut copies {
        copy.position.0[axis] += 0.5;
        copy.label.push('b');
    }
    large.sites.extend(copies);
    large
}

#[test]
fn a_larger_cell_is_the_same_crystal() {
    same("2x1x1", |model| doubled(model, 0));
    same("1x2x1", |model| doubled(model, 1));
}

#[test]
fn the_order_of_the_sites_does_not_matter() {
    same("sites reversed", |model| {
        let mut other = model.clone();
        other.sites.reverse();
        other
    });
    same("atoms reversed", |model| {
        let mut other = expand::to_p1(model);
        other.sites.reverse();
        other
    });
}

#[test]
fn symmetry_spelt_out_is_the_same_crystal() {
    same("P1", expand::to_p1);
}

/// The same crystal with its axes renamed: b, c, a become a, b, c.
fn renamed(model: &Model) -> Model {
    // New coordinates are (y, z, x).
    let turn = Matrix3::new(0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0);
    let mut other = model.clone();
    let [a, b, c, alpha, beta, gamma] = model.cell.parameters();
    other.cell = Cell::from_parameters([b, c, a, beta, gamma, alpha]);
    for operator in &mut other.space_group.operators {
        let Operator { rotation, translation } = *operator;
        *operator = Operator { rotation: turn * rotation * turn.transpose(), translation: turn * translation };
    }
    for site in &mut other.sites {
        site.position.0 = turn * site.position.0;
        if let Some(Adp::Aniso([u11, u22, u33, u12, u13, u23])) = site.adp {
            site.adp = Some(Adp::Aniso([u22, u33, u11, u23, u12, u13]));
        }
    }
    other
}

#[test]
fn the_names_of_the_axes_do_not_matter() {
    same("axes b, c, a", renamed);
    same("axes c, a, b", |model| renamed(&renamed(model)));
}

#[test]
fn the_scale_is_a_factor() {
    for (mut engine, bound) in engines() {
        for (how, measurement) in measurements() {
            let small = monoclinic();
            let mut large = small.clone();
            large.profile.scale *= 2.5;
            let want = curve(&small, &measurement, engine.as_mut());
            let largest = largest(&want);
            for (got, want) in curve(&large, &measurement, engine.as_mut()).iter().zip(&want) {
                assert!((got - 2.5 * want).abs() <= bound * 2.5 * largest, "{how}, {}: {got} {want}", engine.name());
            }
        }
    }
}

/// `n = ∫ (r G + 4π r² ρ0) dr` over the first peak of an untruncated, undamped curve: fcc nickel has 12 neighbours.
///
/// With Uiso 0.003 Å² the peak at 2.492 Å has σ = 0.077 Å: its ends at 2.0 and 3.0 Å, and the next peak's at 3.524 Å,
/// are 6.3 σ away and more (3e-10 of its area). The trapezoidal rule in steps of 0.01 Å adds nothing to that.
#[test]
fn nickel_has_twelve_neighbours() {
    let mut nickel = nickel();
    nickel.sites[0].adp = Some(Adp::Iso(0.003));
    let density = 4.0 / nickel.cell.volume();
    let state = state(&nickel, &job(""));
    for radiation in [Radiation::Xray, Radiation::Neutron] {
        let (_, untruncated) = measurements().swap_remove(1);
        let r = hundredths(200, 300);
        let measurement = Measurement { radiation, r: r.clone(), ..untruncated };
        for (mut engine, bound) in engines() {
            let g = curves::curve(&state, &measurement, engine.as_mut());
            let largest = largest(&g);
            let n: f64 =
                r.iter().zip(&g).map(|(r, g)| 0.01 * (r * g + 4.0 * std::f64::consts::PI * r * r * density)).sum();
            println!("{radiation:?}: {n} neighbours, {}", engine.name());
            // Over 1 Å of a curve that is off by up to bound * largest, times r <= 3 Å.
            assert!((n - 12.0).abs() < 1e-7 + 3.0 * bound * largest, "{n}, {}", engine.name());
        }
    }
}

/// Rings that are moved and turned as bodies, in a cell that is not the file's.
fn turned_bodies() -> Job {
    job(
        r#"set: { "qdamp": 0.05, "a": 9.45, "gamma": 101.0, "move.C3H3N2": 0.2, "turnx.N1A": 35.0, "turn.N1B": -20.0, "turnz.O1C": 50.0 },
        molecules: Some((exclude: ["Co"]))"#,
    )
}

fn curve_of_bodies(model: &Model, measurement: &Measurement, engine: &mut dyn Engine) -> Vec<f64> {
    let mut crystal = expand::crystal(model).unwrap();
    let job = turned_bodies();
    let found = expand::molecules(model, &mut crystal, job.phase().molecules.as_ref().unwrap()).unwrap();
    assert_eq!(found.len(), 3);
    let state = Binding::new(&job, model, &crystal).unwrap().state(&[]).unwrap();
    curves::curve(&state, measurement, engine)
}

/// Bodies are the same wherever the cell begins, and in whatever cell each of their atoms is written down.
#[test]
fn where_bodies_are_cut_does_not_matter() {
    let cells = |k: usize| Vector3::new(k % 3, k % 5, k % 2).map(|n| n as f64 - 1.0);
    let origin = Vector3::new(0.437, -0.311, 1.733);
    let model = molecular();
    let move_each = |by: &dyn Fn(usize) -> Vector3<f64>| {
        let mut moved = model.clone();
        moved.sites.iter_mut().enumerate().for_each(|(k, site)| site.position.0 += by(k));
        moved
    };
    let others = [move_each(&cells), move_each(&|_| Vector3::new(1.0, -2.0, 0.0)), move_each(&|k| cells(k) + origin)];
    for (mut engine, bound) in engines() {
        let mut worst = 0.0_f64;
        for (how, measurement) in measurements() {
            let bound = if measurement.compat == Compat::PdfFit2 { bound.max(PDFFIT2_BOUND) } else { bound };
            let want = curve_of_bodies(&model, &measurement, engine.as_mut());
            for other in &others {
                let apart = apart(&curve_of_bodies(other, &measurement, engine.as_mut()), &want);
                assert!(apart <= bound, "{how}, {}: {apart:e}", engine.name());
                worst = worst.max(apart);
            }
        }
        println!("bodies: {worst:.1e} of the largest |G| at worst, {}", engine.name());
    }
}
