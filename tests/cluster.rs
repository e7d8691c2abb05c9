//! Isolated clusters: every pair once, no images, no baseline.
//!
//! Curves are held to sums that the tests write out themselves in f64: Gaussians in r where nothing is truncated, Debye's scattering
//! equation where Q ends. Of the crate these use only form factors and neutron lengths.

mod support;

use std::f64::consts::PI;
use std::path::Path;

use corefine::curve::{CurveError, Measurement};
use corefine::element::Species;
use corefine::engine::{Cpu, Engine};
use corefine::expand;
use corefine::fit::{FitError, Inputs, Setup};
use corefine::forward::Forward;
use corefine::job::{Bonds, Job, Normalisation, Weights};
use corefine::lm;
use corefine::model::{Adp, Cell, Model, Profile, Site};
use corefine::observed::{Form, Header, Observed, Radiation};
use corefine::outcome::Outcome;
use corefine::params::Binding;
use corefine::scattering::{neutron, xray};
use corefine::units::Frac;
use corefine::{histogram, read, write};
use nalgebra::{Matrix3, Rotation3, Vector3};
use support::command::{corefine, names};
use support::curves::{self, apart, hundredths, job, largest, refining, state, xrays};
use support::random::Random;
use support::structures::{p1, site_with};

/// A cluster of these atoms, positions in Å.
fn cluster(sites: Vec<Site>) -> Model {
    Model { cluster: true, cell: Cell::ANGSTROM, ..p1(Cell::ANGSTROM.parameters(), sites) }
}

/// Seven atoms of three elements without any symmetry, one of them half there.
fn small() -> Model {
    let atoms = [
        ("Co1", "Co", [0.1, -0.2, 0.3], 0.006),
        ("N1", "N", [1.9, 0.4, 0.1], 0.009),
        ("N2", "N", [-0.6, 1.5, 1.2], 0.009),
        ("C1", "C", [2.7, 1.4, 0.8], 0.012),
        ("C2", "C", [-0.4, 2.6, 2.1], 0.012),
        ("Co2", "Co", [4.4, 2.3, 1.6], 0.007),
        ("C3", "C", [1.0, -2.3, -1.1], 0.015),
    ];
    let mut sites: Vec<Site> =
        atoms.iter().map(|(label, species, at, u)| site_with(label, species, *at, Adp::Iso(*u))).collect();
    sites[6].occ = 0.5;
    cluster(sites)
}

/// A ball of face-centred gold and copper, every atom a little off its place: so many pairs that they go through nodes.
fn ball(radius: f64) -> Model {
    let mut random = Random(7);
    let mut sites = Vec::new();
    let cells = (radius / 4.0).ceil() as i32 + 1;
    for corner in (0..(2 * cells + 1).pow(3)).map(|k| {
        let n = 2 * cells + 1;
        [k / (n * n) - cells, k / n % n - cells, k % n - cells]
    }) {
        for centre in [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]] {
            let at = Vector3::from_fn(|k, _| 4.0 * (f64::from(corner[k]) + centre[k]));
            if at.norm() <= radius {
                let number = sites.len() + 1;
                let (species, u) = if number % 3 == 0 { ("Cu", 0.008) } else { ("Au", 0.005) };
                let off = Vector3::from_fn(|_, _| 0.05 * random.normal());
                sites.push(site_with(&format!("{species}{number}"), species, (at + off).into(), Adp::Iso(u)));
            }
        }
    }
    cluster(sites)
}

/// The amplitudes of the atoms at Q, and `N <f>²` (or `N <f²>`).
fn amplitudes(model: &Model, m: &Measurement, q: f64) -> (Vec<f64>, f64) {
    let one = |species: Species| match (m.radiation, m.weights) {
        (Radiation::Neutron, _) => neutron::length(species.element).unwrap(),
        (Radiation::Xray, Weights::Exact) => xray::f0(species, q).unwrap(),
        (Radiation::Xray, Weights::F0) => f64::from(u8::try_from(species.element.number()).unwrap()),
    };
    let f: Vec<f64> = model.sites.iter().map(|site| site.occ * one(site.species)).collect();
    let n: f64 = model.sites.iter().map(|site| site.occ).sum();
    let square: f64 = model.sites.iter().map(|site| site.occ * one(site.species).powi(2)).sum();
    let norm = match m.normalisation {
        Normalisation::MeanSquared => f.iter().sum::<f64>().powi(2) / n,
        Normalisation::SquareMean => square,
    };
    (f, norm)
}

/// The atoms' Uiso, and how far each two are apart.
fn distances(model: &Model) -> (Vec<f64>, Vec<(usize, usize, f64)>) {
    let u = model.sites.iter().map(|site| site.adp.unwrap().cartesian(&model.cell).trace() / 3.0).collect();
    let place = |k: usize| model.sites[k].position.0;
    let n = model.sites.len();
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    (u, pairs.map(|(i, j)| (i, j, (place(i) - place(j)).norm())).collect())
}

/// G(r) that is not truncated: a Gaussian for each pair, both ways, damped by the instrument.
fn gaussians(model: &Model, m: &Measurement, qdamp: f64) -> Vec<f64> {
    let ((f, norm), (u, pairs)) = (amplitudes(model, m, 0.0), distances(model));
    let at = |r: f64| {
        let one = |&(i, j, d): &(usize, usize, f64)| {
            let s = u[i] + u[j];
            2.0 * f[i] * f[j] / d * (-0.5 * (r - d).powi(2) / s).exp() / (2.0 * PI * s).sqrt()
        };
        pairs.iter().map(one).sum::<f64>() / norm * (-0.5 * (r * qdamp).powi(2)).exp()
    };
    m.r.iter().map(|r| at(*r)).collect()
}

/// G(r) by Debye's scattering equation from qmin to qmax:
///
/// ```text
/// I(Q) = Σ_ij f_i f_j sin(Q r_ij)/(Q r_ij) exp(-(u_i + u_j) Q²/2),   S - 1 = (I - Σ f²)/(N <f>²),   F = Q (S - 1)
/// ```
///
/// and `G = (2/π) ∫ F sin(Qr) dQ` by Simpson's rule.
fn debye(model: &Model, m: &Measurement) -> Vec<f64> {
    let (u, pairs) = distances(model);
    let (qmin, qmax) = (m.qmin, m.qmax.unwrap());
    let steps = 6000;
    let h = (qmax - qmin) / f64::from(steps);
    let mut g = vec![0.0; m.r.len()];
    for k in 0..=steps {
        let q = qmin + f64::from(k) * h;
        let (f, norm) = amplitudes(model, m, q);
        let one = |&(i, j, d): &(usize, usize, f64)| {
            2.0 * f[i] * f[j] * (q * d).sin() / d * (-0.5 * (u[i] + u[j]) * q * q).exp()
        };
        let fq = pairs.iter().map(one).sum::<f64>() / norm;
        let weight = if k == 0 || k == steps { 1.0 } else { f64::from(2 + 2 * (k % 2)) } * h / 3.0;
        for (g, r) in g.iter_mut().zip(&m.r) {
            *g += 2.0 / PI * fq * (q * r).sin() * weight;
        }
    }
    g
}

fn computed(model: &Model, m: &Measurement) -> Vec<f64> {
    curves::curve(&state(model, &job("")), m, &mut Cpu)
}

#[test]
fn an_untruncated_curve_is_the_sum_of_its_pairs() {
    let neutrons = Measurement { radiation: Radiation::Neutron, ..xrays(0.0, None, hundredths(50, 900)) };
    let electrons = Measurement { radiation: Radiation::Xray, weights: Weights::F0, ..neutrons.clone() };
    for measurement in [neutrons, electrons] {
        let got = curves::curve(&state(&small(), &job(r#"set: { "qdamp": 0.05 }"#)), &measurement, &mut Cpu);
        let worst = apart(&got, &gaussians(&small(), &measurement, 0.05));
        assert!(worst < 1e-8, "{worst:e}");
        // There is nothing between the pairs and beyond the last one: no density is taken off.
        let (low, high) = (got[0], got[got.len() - 1]);
        assert!(low.abs().max(high.abs()) < 1e-9 * largest(&got), "{low} {high}");
    }
}

#[test]
fn a_truncated_curve_is_that_of_the_debye_equation() {
    for normalisation in [Normalisation::MeanSquared, Normalisation::SquareMean] {
        for (qmin, rmax) in [(0.0, 900), (0.8, 900), (0.8, 400), (2.1, 400)] {
            let measurement = Measurement { normalisation, ..xrays(qmin, 21.3, hundredths(0, rmax)) };
            let worst = apart(&computed(&small(), &measurement), &debye(&small(), &measurement));
            assert!(worst < 1e-8, "qmin {qmin}, to {rmax}: {worst:e}");
        }
    }
}

/// Through nodes, and with the whole of its small-angle scattering cut away: what is computed to 6 Å needs all pairs to 20 Å.
#[test]
fn a_large_cluster_is_that_of_the_debye_equation() {
    let model = ball(9.0);
    assert!(model.sites.len() > 150, "{}", model.sites.len());
    for qmin in [0.0, 0.9, 2.5] {
        let measurement = xrays(qmin, 20.0, (5..120).map(|k| 0.05 * f64::from(k)).collect());
        let worst = apart(&computed(&model, &measurement), &debye(&model, &measurement));
        assert!(worst < 1e-8, "qmin {qmin}: {worst:e}");
    }
}

/// From Q = 0 on, the sum over a cluster of millions of pairs ends past rmax, as that of a crystal does, and as near: 3e-3 here. From a Q
/// that cuts nothing away it goes on to the very end.
#[test]
fn the_sum_over_a_large_cluster_is_long_enough() {
    let model = ball(24.0);
    assert!(expand::crystal(&model).unwrap().pairs_within(48.0) > 5e6, "{} atoms", model.sites.len());
    let to = |qmin: f64| computed(&model, &xrays(qmin, 20.0, (5..200).map(|k| 0.05 * f64::from(k)).collect()));
    let worst = apart(&to(0.0), &to(1e-6));
    assert!((1e-5..5e-3).contains(&worst), "{worst:e}");
}

/// The engines there are, and how near two descriptions of one cluster have to be; see `tests/invariance.rs`.
fn engines() -> Vec<(Box<dyn Engine>, f64)> {
    let mut engines: Vec<(Box<dyn Engine>, f64)> = vec![(Box::new(Cpu), 1e-9)];
    #[cfg(feature = "gpu")]
    if let (Some(gpu), Some(other)) = (support::gpu::gpu(), support::gpu::gpu()) {
        engines.push((Box::new(gpu), 2e-5));
        engines.push((Box::new(corefine::engine::check::Check::new(other)), 1e-9));
    }
    engines
}

/// The same cluster elsewhere: turned, then shifted, tensors with it.
fn moved(model: &Model, turn: &Rotation3<f64>, by: Vector3<f64>) -> Model {
    let mut moved = model.clone();
    for site in &mut moved.sites {
        site.position = Frac(turn * site.position.0 + by);
        if let Some(Adp::Aniso(u)) = site.adp {
            let u = turn.matrix() * corefine::model::symmetric(u) * turn.matrix().transpose();
            site.adp = Some(Adp::Aniso([u[(0, 0)], u[(1, 1)], u[(2, 2)], u[(0, 1)], u[(0, 2)], u[(1, 2)]]));
        }
    }
    moved
}

#[test]
fn where_a_cluster_lies_and_how_it_is_written_does_not_matter() {
    let mut tensor = small();
    tensor.sites[3].adp = Some(Adp::Aniso([0.012, 0.018, 0.009, 0.002, -0.003, 0.001]));
    let turn = Rotation3::new(Vector3::new(0.4, -1.1, 0.7));
    let still = Rotation3::identity();
    for (mut engine, bound) in engines() {
        for qmin in [0.0, 0.8] {
            let m = xrays(qmin, 21.0, hundredths(100, 700));
            for model in [tensor.clone(), ball(9.0)] {
                let want = curves::curve(&state(&model, &job("")), &m, engine.as_mut());
                for other in [
                    moved(&model, &still, Vector3::new(1234.5, -37.0, 0.25)),
                    moved(&model, &turn, Vector3::zeros()),
                    moved(&model, &turn, Vector3::new(3.0, 400.0, -7.0)),
                    Model { sites: model.sites.iter().rev().cloned().collect(), ..model.clone() },
                ] {
                    let got = curves::curve(&state(&other, &job("")), &m, engine.as_mut());
                    let worst = apart(&got, &want);
                    assert!(worst < bound, "{}: {worst:e}", engine.name());
                }
            }
        }
    }
}

/// A molecule in a large cell is no cluster, since it has a density; and a job can make it one.
#[test]
fn a_job_takes_the_atoms_of_a_cell_for_a_cluster() {
    let cell = [31.0, 33.0, 29.0, 84.0, 97.0, 101.0];
    let basis = Cell::from_parameters(cell).basis();
    let mut crystal = p1(cell, small().sites);
    for site in &mut crystal.sites {
        site.position = Frac(basis.try_inverse().unwrap() * site.position.0);
    }
    crystal.sites[1].adp = Some(Adp::Aniso([0.012, 0.018, 0.009, 0.002, -0.003, 0.001]));
    crystal.profile.spdiameter = 20.0;
    let isolated = expand::isolated(&crystal).unwrap();
    assert_eq!(isolated.profile, Profile::default());
    let off = |(a, b): (&Site, &Site)| (a.position.0 - b.position.0).norm();
    assert!(isolated.sites.iter().zip(&small().sites).map(off).fold(0.0, f64::max) < 1e-12);
    let [one, other] = [&isolated, &crystal].map(|model| model.sites[1].adp.unwrap().cartesian(&model.cell));
    assert!((one - other).abs().max() < 1e-15);
    assert_eq!(expand::isolated(&isolated).unwrap(), isolated);
    assert_eq!(expand::to_p1(&isolated), isolated);

    let text =
        r#"(structure: "a.cif", symmetry: Cluster, data: (file: "a.gr", rmin: 1.0, rmax: 6.0, qmin: 0.7, qmax: 22.0))"#;
    let job = read::job::job(text, "job.ron").unwrap();
    let measurement = Measurement::of(job.data(), hundredths(100, 600), 1.0);
    let observed = observed(&measurement, computed(&isolated, &measurement));
    let outcome = refined(&job, &crystal, &observed);
    assert!(outcome.rw < 1e-9, "{}", outcome.rw);
}

/// A quarter of its atoms lie on one side of the origin: nothing of a cluster is moved into a cell.
#[test]
fn coordinates_stay_as_they_are_written() {
    let text = "3\nthree atoms\nAu -1.25 0.5 17\nAu 1.5 0.5 17 ignored\nO 0 -2.125 17\n";
    let model = read::structure(text.as_bytes(), "three.xyz").unwrap().value;
    assert!(model.cluster && model.cell == Cell::ANGSTROM);
    assert_eq!(model.sites[0].position, Frac::new(-1.25, 0.5, 17.0));
    let crystal = expand::crystal(&model).unwrap();
    for (atom, site) in crystal.atoms.iter().zip(&model.sites) {
        assert_eq!(crystal.basis * atom.position.0, site.position.0);
    }
    for text in [write::ron(&model), write::xyz(&model)] {
        let name = if text.starts_with('3') { "again.xyz" } else { "again.ron" };
        assert_eq!(read::structure(text.as_bytes(), name).unwrap().value, model, "{text}");
    }
}

#[test]
fn what_a_file_says_of_its_lattice_is_heeded() {
    let lattice = "Lattice=\"20 0 0 0 20 0 0 0 20\"";
    let atoms = "Properties=species:S:1:pos:R:3\nAu 1 0 0\nAu 4 0 0\n";
    let read = |head: &str| read::structure(format!("2\n{head} {atoms}").as_bytes(), "a.xyz");
    assert!(read("").unwrap().value.cluster);
    assert!(read("pbc=\"F F F\"").unwrap().value.cluster);
    assert!(!read(lattice).unwrap().value.cluster);
    assert!(!read(&format!("{lattice} pbc=\"T T T\"")).unwrap().value.cluster);
    let boxed = read(&format!("{lattice} pbc=\"F False 0\"")).unwrap().value;
    assert!(boxed.cluster && boxed.sites[1].position.0[0] == 4.0);
    let layer = read(&format!("{lattice} pbc=\"T T F\"")).unwrap();
    assert!(!layer.value.cluster && layer.warnings[0].contains("layers and rods are taken as crystals"), "{layer:?}");
    for (head, said) in [
        ("pbc=\"T T T\"", "a.xyz:2: pbc is \"T T T\", and there is no Lattice"),
        ("pbc=\"T T\"", "a.xyz:2: pbc is \"T T\"; write three of T and F"),
    ] {
        let message = read(head).unwrap_err().to_string();
        assert!(message.starts_with(said), "{message}");
    }
}

#[test]
fn a_model_is_a_crystal_or_a_cluster() {
    let read = |head: &str| {
        let text = format!(
            "({head} sites: [(label: \"Au1\", species: \"Au\", position: (5, 0, 0)), (label: \"Au2\", species: \"Au\", position: (8, 0, 0))])"
        );
        read::structure(text.as_bytes(), "a.ron").map(|reading| reading.value)
    };
    let model = read("cluster: true,").unwrap();
    assert_eq!(expand::crystal(&model).unwrap().diameter(), 3.0);
    assert_eq!(read::structure(write::ron(&model).as_bytes(), "b.ron").unwrap().value, model);
    for (head, said) in [
        ("", "a.ron: the structure has no cell, or one of 1 Å; write cell: ("),
        (
            "cluster: true, cell: (a: 9, b: 9, c: 9, alpha: 90, beta: 90, gamma: 90),",
            "a.ron: a cluster with a cell; take `cell` out",
        ),
        ("cluster: true, profile: (spdiameter: 30),", "a.ron: a cluster with spdiameter or stepcut; take it out"),
        (
            "cluster: true, space_group: (name: \"P -1\", operators: [\"x,y,z\", \"-x,-y,-z\"]),",
            "a.ron: a cluster with a space group; take",
        ),
    ] {
        let message = read(head).unwrap_err().to_string();
        assert!(message.starts_with(said), "{message}");
    }
}

/// As in `tests/derivatives.rs`: every column against differences of fourth order.
fn check(model: &Model, refine: &[&str], more: &str, measurement: &Measurement) {
    let job = refining(refine, more);
    let mut crystal = expand::crystal(model).unwrap();
    if let Some(molecules) = &job.phase().molecules {
        expand::molecules(model, &mut crystal, molecules).unwrap();
    }
    let binding = Binding::new(&job, model, &crystal).unwrap();
    let p = binding.start();
    let start = binding.state(&p).unwrap();
    let mut forward = Forward::new(measurement, &start).unwrap();
    let columns = forward.curves(&start, &binding.tangents(&start, &p).unwrap(), &mut Cpu).unwrap().columns;
    let mut at = |p: &[f64]| forward.curves(&binding.state(p).unwrap(), &[], &mut Cpu).unwrap().g;
    for (k, free) in binding.free.iter().enumerate() {
        let variable = &binding.variables()[free.variable];
        // Some 3e-4 Å, 1e-6 Å² or 1e-2 degrees.
        let h = match variable.unit {
            "Å" => 3e-4,
            "°" => 1e-2,
            _ => 1e-4 * p[k].abs().max(0.01),
        };
        let [two, one, minus, minus_two] = [2.0, 1.0, -1.0, -2.0].map(|steps| {
            let mut p = p.clone();
            p[k] += steps * h;
            at(&p)
        });
        let scale = columns.column(k).amax();
        assert!(scale > 1e-6, "{} moves nothing", variable.name);
        for m in 0..measurement.r.len() {
            let difference = (8.0 * (one[m] - minus[m]) - (two[m] - minus_two[m])) / (12.0 * h);
            let off = (columns[(m, k)] - difference).abs();
            assert!(off < 2e-6 * scale, "{} at {} Å: off by {off:e}, largest {scale}", variable.name, measurement.r[m]);
        }
    }
}

#[test]
fn derivatives_match_central_differences() {
    let set = r#"set: { "qdamp": 0.04, "qbroad": 0.02, "delta2": 0.8 }"#;
    let all = ["scale", "xyz.Co", "y.C3", "Uiso.N", "U.C1", "occ.C3", "delta2", "qdamp", "qbroad"];
    for qmin in [0.0, 0.9] {
        let measurement = xrays(qmin, 21.3, (100..800).step_by(7).map(|m| f64::from(m) * 0.01).collect());
        check(&small(), &all, set, &measurement);
        let many = ["scale", "xyz.Au4", "Uiso.Cu", "delta2", "qdamp"];
        check(&ball(9.0), &many, set, &measurement);
    }
}

/// Two bent molecules that shift and turn, in Å and degrees.
#[test]
fn molecules_of_a_cluster_move_as_rigid_bodies() {
    let bent = [("N", [0.0, 0.0, 0.0]), ("C", [1.2, 0.1, 0.0]), ("O", [1.8, 1.2, 0.1])];
    let molecule = |number: usize, by: Vector3<f64>, turn: Rotation3<f64>| {
        bent.map(|(species, at)| {
            site_with(&format!("{species}{number}"), species, (turn * Vector3::from(at) + by).into(), Adp::Iso(0.008))
        })
    };
    let mut sites = molecule(1, Vector3::new(-1.0, 0.4, 2.0), Rotation3::identity()).to_vec();
    sites.extend(molecule(2, Vector3::new(2.0, 3.1, 1.0), Rotation3::new(Vector3::new(0.7, -0.3, 1.1))));
    let model = cluster(sites);
    let more = r#"molecules: (), set: { "movez.N1": 0.1 }"#;
    let measurement = xrays(0.9, 21.3, (100..800).step_by(7).map(|m| f64::from(m) * 0.01).collect());
    check(&model, &["movex.N1", "movey.N1", "turn.N1", "move.N2", "turn.N2"], more, &measurement);
}

fn observed(measurement: &Measurement, g: Vec<f64>) -> Observed {
    let (r, header) = (measurement.r.clone(), Header::default());
    Observed { name: "known.gr".into(), r, g, dg: vec![], form: Form::G, header, warnings: vec![], in_q: None }
}

fn setup(job: &Job, model: &Model, observed: &Observed) -> Result<Setup, FitError> {
    Setup::new(Inputs::of(job.clone(), model.clone(), observed.clone()))
}

fn refined(job: &Job, model: &Model, observed: &Observed) -> Outcome {
    setup(job, model, observed).unwrap().refine(&mut Cpu, &mut |_| lm::Flow::Continue).unwrap()
}

#[test]
fn a_refinement_finds_displaced_atoms() {
    let text = r#"(structure: "start.xyz", data: (file: "known.gr", rmin: 1.0, rmax: 8.0, qmin: 0.9, qmax: 24.0),
        set: { "qdamp": 0.03 },
        refine: { "scale": (start: 0.9), "xyz.Co": (), "xyz.N": (), "xyz.C": (), "Uiso.Co": (start: 0.008), "Uiso.N": () },
        bonds: [(pair: "Co-N", cutoff: 2.4, neighbours: 2)], fit: (tolerance: 1e-10, max_iterations: 500))"#;
    let job = read::job::job(text, "job.ron").unwrap();
    let mut truth = small();
    truth.sites[6].occ = 1.0;
    // One U for both Co is refined.
    truth.sites[5].adp = truth.sites[0].adp;
    let measurement = Measurement::of(job.data(), hundredths(100, 800), 1.0);
    let mut own = job.clone();
    (own.refine, own.bonds) = (vec![], vec![]);
    let observed = observed(&measurement, curves::curve(&state(&truth, &own), &measurement, &mut Cpu));
    let mut start = truth.clone();
    let mut random = Random(3);
    for site in &mut start.sites {
        site.position.0 += Vector3::from_fn(|_, _| 0.03 * random.normal());
    }
    let outcome = refined(&job, &start, &observed);
    assert!(outcome.converged && outcome.rw < 1e-5, "{}, Rw {}", outcome.stop, outcome.rw);
    let found = &outcome.phases[0].model;
    // A shift and a turn of all atoms change nothing: lengths are what is found.
    let ((_, got), (_, want)) = (distances(found), distances(&truth));
    let worst = got.iter().zip(&want).map(|(a, b)| (a.2 - b.2).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-3, "{worst}");
    let x = outcome.parameters.iter().find(|parameter| parameter.name == "x.Co1").unwrap();
    assert_eq!(x.unit, "Å");
    assert!((x.value - found.sites[0].position.0[0]).abs() < 1e-12);
    assert_eq!(read::structure(write::ron(found).as_bytes(), "refined-model.ron").unwrap().value, *found);
    // The job goes on from there.
    let next = read::job::job(&outcome.refined_job, "refined.ron").unwrap();
    assert_eq!(next.phase().structure, "refined-model.ron");
    assert!(refined(&next, found, &observed).rw < 1e-5);
}

/// The curve of a mixture is the sum of both, and each is written in its own way.
#[test]
fn a_cluster_stands_beside_a_crystal() {
    let text = r#"(phases: { "ni": (structure: "ni.cif"), "dust": (structure: "dust.xyz") },
        data: (file: "known.gr", rmin: 1.0, rmax: 8.0, qmin: 0.9, qmax: 24.0, weights: f0),
        refine: { "pscale@ni": (start: 0.6), "pscale@dust": (start: 0.4), "a@ni": (), "x.Co2@dust": (start: 4.38) })"#;
    let job = read::job::job(text, "job.ron").unwrap();
    let (nickel, dust) = (support::structures::shipped("ni"), small());
    let measurement = Measurement::of(job.data(), hundredths(100, 800), 1.0);
    let [one, other] = [&nickel, &dust].map(|model| computed(model, &measurement));
    let g = one.iter().zip(&other).map(|(one, other)| 0.7 * one + 0.3 * other).collect();
    let single = Inputs::of(job, nickel, observed(&measurement, g));
    let inputs = Inputs { models: vec![single.models[0].clone(), dust], ..single };
    let outcome = Setup::new(inputs).unwrap().refine(&mut Cpu, &mut |_| lm::Flow::Continue).unwrap();
    let value = |name: &str| outcome.parameters.iter().find(|parameter| parameter.name == name).unwrap().value;
    assert!(outcome.rw < 1e-5, "{}", outcome.rw);
    assert!((value("pscale@dust") - 0.3).abs() < 1e-4 && (value("x.Co2@dust") - 4.4).abs() < 1e-4);
    let next = read::job::job(&outcome.refined_job, "refined.ron").unwrap();
    let structures: Vec<&str> = next.phases.iter().map(|(_, phase)| phase.structure.as_str()).collect();
    assert_eq!(structures, ["refined-ni.cif", "refined-dust.ron"]);
}

#[test]
fn what_a_cluster_has_not_is_refused() {
    let observed = observed(&xrays(0.0, 20.0, hundredths(100, 600)), vec![1.0; 501]);
    let complaint = |more: &str| {
        let text = format!(r#"(structure: "a.xyz", data: (file: "a.gr", rmin: 1.0, rmax: 6.0{more}"#);
        setup(&read::job::job(&text, "job.ron").unwrap(), &small(), &observed).unwrap_err().to_string()
    };
    let cell = "is of a cell, and the structure is an isolated cluster, which has none: take it out, and refine xyz. of its atoms";
    assert_eq!(complaint(r#"), refine: { "a": () })"#), format!("\"a\" {cell}"));
    assert_eq!(complaint(r#"), set: { "gamma": 90.0 })"#), format!("\"gamma\" {cell}"));
    let end = "cuts a particle out of a crystal, and the structure is an isolated cluster, which ends with its atoms: take it out";
    assert_eq!(complaint(r#"), refine: { "spdiameter": (start: 30.0) })"#), format!("\"spdiameter\" {end}"));
    assert_eq!(complaint(r#"), set: { "stepcut": 30.0 })"#), format!("\"stepcut\" {end}"));
    assert_eq!(complaint(", compat: Pdffit2))"), CurveError::NoPeer.to_string());
}

/// Neighbours that are not there are not taken from images.
#[test]
fn bonds_are_those_of_one_particle() {
    let model = cluster(
        (0..3).map(|k| site_with(&format!("O{k}"), "O", [0.0, 0.0, 1.2 * f64::from(k)], Adp::Iso(0.005))).collect(),
    );
    let crystal = expand::crystal(&model).unwrap();
    let kind = Bonds { cutoff: 1.5, neighbours: 12, ..Bonds::of("O-O") };
    let list = histogram::bonds(&model, &crystal, &kind).unwrap();
    assert_eq!(list.bonds.len(), 6);
    let result = histogram::measure(&list, &crystal, &kind, None);
    assert!((result.max - 2.4).abs() < 1e-12 && (result.n - 6.0).abs() < 1e-12, "{result:?}");
}

fn run(folder: &Path, args: &[&str]) -> String {
    let (code, said, complained) = corefine(folder, args);
    assert_eq!(code, Some(0), "{args:?}: {said}{complained}");
    said
}

#[test]
fn a_user_goes_from_a_plain_xyz_to_a_refined_one() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    let mut model = ball(4.5);
    model.sites.iter_mut().for_each(|site| site.species = "Au".parse().unwrap());
    let atom =
        |site: &Site| format!("Au {:.6} {:.6} {:.6}\n", site.position.0[0], site.position.0[1], site.position.0[2]);
    let atoms: String = model.sites.iter().map(atom).collect();
    std::fs::write(folder.join("au.xyz"), format!("{}\nno lattice here\n{atoms}", model.sites.len())).unwrap();

    run(
        folder,
        &[
            "simulate", "au.xyz", "-o", "au.gr", "--qmin", "0.8", "--qmax", "24", "--qdamp", "0.04", "--rmax", "12",
            "--uiso", "0.006",
        ],
    );
    let text = std::fs::read_to_string(folder.join("au.gr")).unwrap();
    assert!(text.contains("# cluster = true\n"), "{text}");
    run(folder, &["convert", "au.gr", "au.fq", "--to", "F"]);
    assert!(std::fs::read_to_string(folder.join("au.fq")).unwrap().contains("# cluster = true\n"));
    for form in ["g", "T", "RDF", "G_K"] {
        let (code, _, said) = corefine(folder, &["convert", "au.gr", "x.gr", "--to", form, "--number-density", "0.06"]);
        assert!(code == Some(2) && said.contains("an isolated cluster, which has none"), "{form}: {said}");
    }
    let (code, _, said) =
        corefine(folder, &["simulate", "au.xyz", "-o", "x.gr", "--compat", "pdffit2", "--rmin", "0.01"]);
    assert!(code == Some(2) && said.contains("leave compat pdffit2 out"), "{said}");

    run(folder, &["init", "au.xyz", "au.gr", "-o", "job.ron"]);
    let job = std::fs::read_to_string(folder.join("job.ron")).unwrap();
    assert!(!job.contains("\"a\": ()") && job.contains("\"Uiso.Au\": (start: 0.005)"), "{job}");
    run(folder, &["refine", "job.ron", "--out", "result"]);
    let files = names(&folder.join("result"));
    assert!(
        ["refined-model.ron", "refined-model.xyz"].iter().all(|name| files.contains(&(*name).to_owned())),
        "{files:?}"
    );
    assert!(!files.contains(&"refined.cif".to_owned()), "{files:?}");
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("result/result.json")).unwrap()).unwrap();
    assert!(report["rw"].as_f64().unwrap() < 1e-4, "{}", report["rw"]);
    run(folder, &["refine", "result/refined.ron", "--out", "again"]);
    let bonds = run(
        folder,
        &["histogram", "result/refined-model.xyz", "--pair", "Au-Au", "--neighbours", "1", "--cutoff", "3.2"],
    );
    assert!(bonds.contains(&format!("Au-Au: {} bonds", model.sites.len())), "{bonds}");
}

/// Images are farther away than half an edge, pairs of the cluster are not.
#[test]
fn the_box_is_wide_enough_for_every_pair() {
    for model in [small(), ball(9.0), cluster(vec![site_with("Au1", "Au", [0.0; 3], Adp::Iso(0.005))])] {
        let crystal = expand::crystal(&model).unwrap();
        let half = crystal.within(f64::INFINITY);
        assert_eq!(crystal.basis, Matrix3::identity() * (2.0 * half));
        let (_, pairs) = distances(&model);
        let longest = pairs.iter().map(|pair| pair.2).fold(0.0, f64::max);
        assert!(longest <= crystal.diameter() + 1e-9 && 1.2 * crystal.diameter() < half, "{longest} {half}");
    }
}
