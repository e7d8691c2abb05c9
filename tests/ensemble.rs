//! Ensembles: derivatives of the posterior, the same members for a seed, and an answer that holds the truth.

mod support;

use corefine::engine::Cpu;
use corefine::ensemble::{Ensemble, Guide, Known, Method, Plan, Posterior};
use corefine::expand;
use corefine::fit::{Inputs, Setup};
use corefine::histogram;
use corefine::job::{Bonds, Job};
use corefine::lm::{Flow, Problem};
use corefine::model::Model;
use corefine::observed::{Form, Header, Observed};
use corefine::read;
use corefine::sample::{Guide as _, Random};
use nalgebra::DVector;
use support::curves::{curve, job, state, xrays};
use support::structures::shipped;

const QMAX: f64 = 23.5;

fn flagship() -> Model {
    expand::to_p1(&shipped("co_zif62"))
}

/// Its Co moved by `by` Å (normal, along each axis), and of the first few by another 0.45 Å away from their first N.
fn cycled(by: f64, leaving: usize) -> Model {
    let mut model = flagship();
    let crystal = expand::crystal(&model).unwrap();
    let list = histogram::bonds(&model, &crystal, &Bonds::of("Co-N")).unwrap();
    let mut random = Random::new(17, 0);
    let inverse = crystal.basis.try_inverse().unwrap();
    for (k, centre) in list.centres.iter().enumerate() {
        let mut shift = random.normals(3).fixed_rows::<3>(0) * by;
        if k < leaving {
            let bond = list.bonds.iter().find(|bond| bond.i == centre.atom).unwrap();
            shift -= histogram::BondList::vector(bond, &crystal).normalize() * 0.45;
        }
        model.sites[crystal.atoms[centre.atom].site].position.0 += inverse * shift;
    }
    model
}

/// Its G(r) on a Nyquist grid with noise.
fn data(model: &Model, noise: f64) -> Observed {
    let r: Vec<f64> = (0..27).map(|k| 1.0 + f64::from(k) * std::f64::consts::PI / QMAX).collect();
    let state = state(model, &job(r#"set: { "qdamp": 0.069 }"#));
    let mut g = curve(&state, &xrays(0.1, QMAX, r.clone()), &mut Cpu);
    let mut random = Random::new(23, 0);
    for g in &mut g {
        *g += noise * random.normal();
    }
    let header = Header { qmin: Some(0.1), qmax: Some(QMAX), qdamp: Some(0.069), ..Header::default() };
    let dg = vec![noise; r.len()];
    Observed { name: "synthetic".into(), r, g, dg, form: Form::G, header, warnings: vec![], in_q: None }
}

fn setup(observed: Observed, more: &str) -> Setup {
    let text = format!(
        r#"(
            structure: "co_zif62.ron",
            data: (file: "synthetic", rmin: 1, rmax: 4.47, radiation: xray),
            refine: {{ "scale": (), "a": (), "b": (), "c": (), "xyz.Co": (), "Uiso.Co": (), "Uiso.N": (), "Uiso.C": () {more}
            bonds: [(pair: "Co-N")],
        )"#
    );
    let job: Job = read::job::job(&text, "ensemble.ron").unwrap();
    Setup::new(Inputs::of(job, flagship(), observed)).unwrap()
}

const CO: &str = "},";
const BODIES: &str = r#", "move.C3H3N2": (), "turn.C3H3N2": () }, molecules: (exclude: ["Co"]),
    restraints: [Apart(pair: "Co-C", least: 2.6, sigma: 0.1)],"#;

fn plan(method: Method, members: usize) -> Plan {
    Plan { method, members, seed: 5, chains: 4 }
}

/// The posterior of a refinement that goes on as `more` says, against noisy data of a cycled structure, and what stands for it.
fn with_posterior(more: &str, check: impl FnOnce(&Known, Posterior)) {
    let setup = setup(data(&cycled(0.05, 4), 0.05), more);
    let known = Known::of(&setup).unwrap();
    let mut posterior = Posterior::new(&setup, &known);
    posterior.noise = 1.3;
    check(&known, posterior);
}

/// Latent variables somewhere.
fn somewhere(known: &Known) -> DVector<f64> {
    Random::new(2, 0).normals(known.len()) * 0.2
}

#[test]
fn derivatives_of_the_posterior_are_those_of_its_rows() {
    for more in [CO, BODIES] {
        with_posterior(more, |known, mut posterior| {
            let x = somewhere(known);
            let (values, slopes) = posterior.both(&x).unwrap();
            assert!(values.iter().chain(slopes.iter()).all(|value| value.is_finite()));
            let h = 1e-5;
            for k in (0..known.len()).step_by(if more == CO { 1 } else { 7 }) {
                let mut moved = |by: f64| {
                    let mut x = x.clone();
                    x[k] += by;
                    posterior.residuals(&x).unwrap()
                };
                let expected = (moved(h) - moved(-h)) / (2.0 * h);
                let worst = (&expected - slopes.column(k)).amax();
                assert!(worst < 2e-4 * expected.amax().max(1.0), "column {k}: {worst:e} of {:e}", expected.amax());
            }
        });
    }
}

#[test]
fn a_seed_gives_the_same_members_whatever_the_number_of_threads() {
    let observed = data(&cycled(0.05, 4), 0.05);
    for method in [Method::Hamiltonian, Method::Randomised, Method::Noise, Method::Starts(0.2)] {
        // A chain costs as much as fifty fits, most of it before its first member.
        let members = if method == Method::Hamiltonian { 2 } else { 4 };
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let ensemble = Ensemble::new(setup(observed.clone(), CO), plan(method, members)).unwrap();
                ensemble.run(&[], &|_| Flow::Continue).unwrap()
            })
        };
        let (one, three) = (run(1), run(3));
        assert_eq!(one.len(), members, "{method:?}");
        assert_eq!(one, three, "{method:?}");
        assert!(one.windows(2).all(|pair| pair[0].parameters != pair[1].parameters), "{method:?}");
    }
}

#[test]
fn finished_units_are_taken_as_they_are_and_a_stop_keeps_what_there_is() {
    let observed = data(&cycled(0.05, 4), 0.05);
    let ensemble = Ensemble::new(setup(observed, CO), plan(Method::Starts(0.2), 4)).unwrap();
    let whole = ensemble.run(&[], &|_| Flow::Continue).unwrap();
    assert_eq!(ensemble.run(&whole[..2], &|_| Flow::Continue).unwrap(), whole);
    assert!(ensemble.run(&[], &|_| Flow::Stop).unwrap().is_empty());
    let result = ensemble.result(&whole, 0.0).unwrap();
    // What plain fits say is no uncertainty, and the report must not let it pass for one.
    assert!(result.bonds[0].fraction_before.is_none());
    assert!(result.warnings.iter().any(|warning| warning.contains("plain refinements")), "{:?}", result.warnings);
}

/// `|r|²/2` and its gradient.
fn energy(posterior: &mut Posterior, x: &DVector<f64>) -> (f64, DVector<f64>) {
    let (r, j) = posterior.both(x).unwrap();
    (0.5 * r.norm_squared(), j.tr_mul(&r))
}

#[test]
fn a_guide_has_the_slope_of_the_posterior() {
    for more in [CO, BODIES] {
        with_posterior(more, |known, mut posterior| {
            let x = somewhere(known);
            let kernel = posterior.kernel(&x).unwrap().unwrap();
            let mut guide = Guide::new(posterior.clone(), &kernel, &x).unwrap().unwrap();
            let (start, slope) = energy(&mut posterior, &x);
            let (about, found) = guide.look(&x).unwrap();
            let off = (&found - &slope).amax();
            assert!(off < 2e-3 * slope.amax(), "{off:e} of {:e}", slope.amax());
            for (seed, size, allowed) in [(0, 0.1, 0.1), (1, 0.1, 0.1), (2, 0.3, 0.5), (3, 0.3, 0.5)] {
                // Every latent variable moved: U by some 3 and 10 %, Co by 0.05 and 0.15 Å.
                let away = &x + Random::new(3, seed).normals(known.len()) * size;
                let (exact, by) = energy(&mut posterior, &away);
                let (near, found) = guide.look(&away).unwrap();
                let off = ((exact - start) - (near - about)).abs();
                assert!(off < allowed + 1e-3 * (exact - start).abs(), "energies: off by {off} of {}", exact - start);
                assert!((&found - &by).norm() < 5e-3 * by.norm(), "{:e} of {:e}", (&found - &by).norm(), by.norm());
            }
        });
    }
}

#[test]
fn the_slope_of_a_guide_is_that_of_its_value() {
    with_posterior(BODIES, |known, mut posterior| {
        let x = somewhere(known);
        let kernel = posterior.kernel(&x).unwrap().unwrap();
        let mut guide = Guide::new(posterior.clone(), &kernel, &x).unwrap().unwrap();
        let there = &x + Random::new(3, 1).normals(known.len()) * 0.3;
        let (_, slope) = guide.look(&there).unwrap();
        let h = 1e-5;
        for k in (0..known.len()).step_by(5).chain(known.len() - 3..known.len()) {
            let mut moved = |by: f64| {
                let mut x = there.clone();
                x[k] += by;
                guide.look(&x).unwrap().0
            };
            let expected = (moved(h) - moved(-h)) / (2.0 * h);
            assert!((slope[k] - expected).abs() < 2e-4 * slope.amax(), "{k}: {} {expected}", slope[k]);
        }
    });
}

#[test]
fn a_guide_without_data_is_exact() {
    for more in [CO, BODIES] {
        with_posterior(more, |known, mut posterior| {
            posterior.data = false;
            let mut guide = Guide::without_data(posterior.clone());
            for seed in 0..4 {
                let x = Random::new(3, seed).normals(known.len()) * 0.4;
                let (exact, slope) = energy(&mut posterior, &x);
                let (energy, found) = guide.look(&x).unwrap();
                assert!((energy - exact).abs() < 1e-9 * exact && (&found - &slope).amax() < 1e-9 * slope.amax());
            }
        });
    }
}

#[test]
fn positions_held_by_sigma_leave_bonds_no_room_and_that_is_said() {
    let observed = data(&cycled(0.05, 4), 0.05);
    let said = |text: &str| {
        let job = read::job::job(text, "held.ron").unwrap();
        let inputs = Inputs::of(job, flagship(), observed.clone());
        let ensemble = Ensemble::new(Setup::new(inputs).unwrap(), plan(Method::Randomised, 1)).unwrap();
        let members = ensemble.run(&[], &|_| Flow::Continue).unwrap();
        let warnings = ensemble.result(&members, 0.0).unwrap().warnings;
        warnings.iter().any(|warning| warning.contains("leaves these bonds no room to break"))
    };
    let job = |co: &str| {
        format!(
            r#"(structure: "x", data: (file: "synthetic", rmin: 1, rmax: 4.47, radiation: xray),
                refine: {{ "scale": (), "xyz.Co": {co} }}, bonds: [(pair: "Co-N")])"#
        )
    };
    assert!(said(&job("(sigma: 0.25)")));
    assert!(!said(&job("()")));
}
