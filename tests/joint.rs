//! Several curves and several structures in one refinement.

mod support;

use corefine::curve::Measurement;
use corefine::engine::Cpu;
use corefine::fit::{Inputs, Setup};
use corefine::forward::Forward;
use corefine::job::{Job, Scopes};
use corefine::lm::Flow;
use corefine::model::Model;
use corefine::observed::{Form, Header, Observed};
use corefine::outcome::{BondResult, Outcome, ParameterResult};
use corefine::params::{Binding, State};
use corefine::{expand, read};
use support::curves::{apart, hundredths};
use support::structures::shipped;

/// Two phases that share silicon's name with nobody, seen by X-rays and by neutrons.
fn mixture(set: &str, refine: &str, more: &str) -> Job {
    let text = format!(
        r#"(
            phases: {{ "ni": (structure: "ni.ron"), "si": (structure: "si.ron") }},
            datasets: {{
                "x": (file: "x.gr", rmin: 1.5, rmax: 12, qmax: 25, radiation: xray),
                "n": (file: "n.gr", rmin: 1.8, rmax: 9, qmax: 30, radiation: neutron),
            }},
            set: {{ "qdamp": 0.03, {set} }},
            refine: {{ {refine} }},
            {more}
        )"#
    );
    read::job::job(&text, "mixture.ron").unwrap_or_else(|error| panic!("{error}"))
}

fn models(job: &Job) -> Vec<Model> {
    job.phases.iter().map(|(_, phase)| shipped(phase.structure.trim_end_matches(".ron"))).collect()
}

fn binding(job: &Job) -> Result<Binding, corefine::params::BindError> {
    let of = |model: Model| {
        let crystal = expand::crystal(&model).unwrap();
        (model, crystal)
    };
    Binding::over(job, &models(job).into_iter().map(of).collect::<Vec<_>>())
}

/// The curves that the job's own start makes, as if they had been measured.
fn measured(job: &Job) -> Vec<Observed> {
    measured_from(job, job)
}

/// The same with the grids of a fit that starts elsewhere: where the sum fades out beyond the data depends on the widest peak there.
fn measured_from(job: &Job, start: &Job) -> Vec<Observed> {
    let at = |job: &Job| {
        let binding = binding(job).unwrap();
        (binding.states(&binding.start()).unwrap(), binding)
    };
    let ((states, binding), (begun, _)) = (at(job), at(start));
    curves(job, &binding, &states, &begun).into_iter().map(|(r, g)| observed(r, g, vec![])).collect()
}

/// Phases are added up here.
fn curves(job: &Job, binding: &Binding, states: &[State], begun: &[State]) -> Vec<(Vec<f64>, Vec<f64>)> {
    let places: Vec<(usize, usize)> = binding.places().collect();
    let of = |(number, (_, data)): (usize, &(String, corefine::job::Data))| {
        let r = hundredths((data.rmin * 100.0).round() as u32, (data.rmax * 100.0).round() as u32);
        let measurement = Measurement::of(data, r.clone(), r[0]);
        let mut sum = vec![0.0; r.len()];
        for place in (0..places.len()).filter(|place| places[*place].1 == number) {
            let mut forward = Forward::new(&measurement, &begun[place]).unwrap();
            let own = forward.curves(&states[place], &[], &mut Cpu).unwrap().g;
            sum.iter_mut().zip(own).for_each(|(sum, g)| *sum += g);
        }
        (r, sum)
    };
    job.datasets.iter().enumerate().map(of).collect()
}

fn observed(r: Vec<f64>, g: Vec<f64>, dg: Vec<f64>) -> Observed {
    let header = Header::default();
    Observed { name: "known.gr".into(), r, g, dg, form: Form::G, header, warnings: vec![], in_q: None }
}

fn refined(job: &Job, models: Vec<Model>, observed: Vec<Observed>) -> Outcome {
    let inputs = Inputs { job: job.clone(), models, observed, files: vec![], warnings: vec![] };
    let setup = Setup::new(inputs).unwrap_or_else(|error| panic!("{error}"));
    setup.refine(&mut Cpu, &mut |_| Flow::Continue).unwrap_or_else(|error| panic!("{error}"))
}

fn found<'a>(outcome: &'a Outcome, name: &str) -> &'a ParameterResult {
    let all = &outcome.parameters;
    all.iter().find(|parameter| parameter.name == name).unwrap_or_else(|| panic!("no {name} in {all:?}"))
}

/// What is shared, what is one phase's, one data set's, and what is tied across them is found again from another start.
#[test]
fn a_mixture_seen_twice_gives_back_what_made_it() {
    let truth = r#""pscale@ni": 0.7, "pscale@si": 0.3, "scale@x": 0.9, "scale@n": 1.1, "a@ni": 3.53, "a@si": 5.42,
        "Uiso.Ni": 0.006, "Uiso.Si@si@x": 0.008, "Uiso.Si@si@n": 0.004, "delta2@ni": 2.0, "delta2@si": 1.0"#;
    let job = mixture(
        r#""pscale@ni": 0.7"#,
        r#""pscale@si": (start: 0.4), "scale@x": (), "scale@n": (), "a@ni": (), "a@si": (), "Uiso.Ni": (start: 0.004),
            "Uiso.Si@x": (start: 0.006), "delta2@ni": (start: 1.5)"#,
        r#"ties: ["Uiso.Si@n = 0.5 * Uiso.Si@x", "delta2@si = delta2@ni / 2"], fit: (tolerance: 1e-10),"#,
    );
    let observed = measured_from(&mixture(truth, "", ""), &job);
    let outcome = refined(&job, models(&job), observed);
    assert!(outcome.converged && outcome.rw < 1e-5, "Rw {:.1e}: {}", outcome.rw, outcome.stop);
    for (name, value) in [
        ("pscale@si", 0.3),
        ("scale@x", 0.9),
        ("scale@n", 1.1),
        ("a@ni", 3.53),
        ("a@si", 5.42),
        ("Uiso.Ni", 0.006),
        ("Uiso.Si@x", 0.008),
        ("Uiso.Si@n", 0.004),
        ("delta2@ni", 2.0),
        ("delta2@si", 1.0),
    ] {
        let got = found(&outcome, name).value;
        assert!((got - value).abs() < 1e-4 * value, "{name}: {got} for {value}");
    }
    assert_eq!(outcome.data.iter().map(|data| data.name.as_str()).collect::<Vec<_>>(), ["x", "n"]);
    for data in &outcome.data {
        let names: Vec<&str> = data.partials.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Ni-Ni@ni", "Si-Si@si"]);
        let sum: Vec<f64> = (0..data.r.len()).map(|k| data.partials.iter().map(|(_, part)| part[k]).sum()).collect();
        assert!(apart(&sum, &data.gcalc) < 1e-12, "the parts of {} do not add up to it", data.name);
    }
}

#[test]
fn one_delta_for_unlike_structures_is_told_of() {
    let warnings = |refine: &str| {
        let job = mixture(r#""pscale@ni": 0.7"#, refine, "");
        let observed = measured(&job);
        refined(&job, models(&job), observed).warnings
    };
    let told = |warnings: &[String]| {
        warnings.iter().any(|text| text.starts_with("delta2 is one number for the phases ni, si"))
    };
    assert!(told(&warnings(r#""delta2": (start: 1.0)"#)));
    assert!(!told(&warnings(r#""delta2@ni": (start: 1.0), "delta2@si": (start: 1.0)"#)));
}

/// Every derivative of every curve, whatever its name is meant for, against central differences.
#[test]
fn derivatives_are_those_of_the_curves() {
    let job = mixture(
        r#""pscale": 0.5"#,
        r#""pscale@si": (start: 0.4), "scale": (start: 0.8), "a@ni": (), "a@si@n": (), "Uiso.Ni@n": (start: 0.005), "Uiso.Si": (),
            "qdamp@n": (), "qbroad": (start: 0.02), "delta1@si": (start: 0.3)"#,
        r#"ties: ["delta2@ni = 2 * delta1@si"],"#,
    );
    let binding = binding(&job).unwrap();
    let p = binding.start();
    let states = binding.states(&p).unwrap();
    let tangents = binding.all_tangents(&states, &p).unwrap();
    let places: Vec<(usize, usize)> = binding.places().collect();
    for k in 0..p.len() {
        let name = &binding.variables()[binding.free[k].variable].name;
        let h = 1e-5 * p[k].abs().max(1e-2);
        let at = |by: f64| {
            let mut moved = p.clone();
            moved[k] += by;
            curves(&job, &binding, &binding.states(&moved).unwrap(), &states)
        };
        for (number, (more, less)) in at(h).into_iter().zip(at(-h)).enumerate() {
            let (r, data) = (more.0, &job.datasets[number].1);
            let want: Vec<f64> = more.1.iter().zip(&less.1).map(|(more, less)| (more - less) / (2.0 * h)).collect();
            let mut got = vec![0.0; r.len()];
            let measurement = Measurement::of(data, r.clone(), r[0]);
            for (place, (_, dataset)) in places.iter().enumerate().filter(|(_, (_, dataset))| *dataset == number) {
                assert_eq!(*dataset, number);
                let mut forward = Forward::new(&measurement, &states[place]).unwrap();
                let columns = forward.curves(&states[place], &tangents[place], &mut Cpu).unwrap().columns;
                got.iter_mut().zip(columns.column(k).iter()).for_each(|(sum, slope)| *sum += slope);
            }
            let moves = want.iter().any(|slope| slope.abs() > 1e-9);
            let expected = !(number == 0 && name.ends_with("@n"));
            assert_eq!(moves, expected, "{name} in data set {number}");
            if moves {
                assert!(apart(&got, &want) < 2e-6, "{name} in data set {number}: {:.1e}", apart(&got, &want));
            } else {
                assert!(got.iter().all(|slope| *slope == 0.0), "{name} in data set {number}");
            }
        }
    }
}

/// One structure as two halves is one structure, and one curve given twice is one curve that is known better.
#[test]
fn halves_and_doubles_change_nothing_but_esds() {
    let text = |phases: &str, datasets: &str, set: &str| {
        let refine = r#""scale": (start: 0.8), "a": (), "Uiso.Ni": (start: 0.006), "delta2": (start: 1.5)"#;
        let text = format!(r#"({phases}, {datasets}, set: {{ "qdamp": 0.04, {set} }}, refine: {{ {refine} }})"#);
        read::job::job(&text, "job.ron").unwrap_or_else(|error| panic!("{error}"))
    };
    let data = r#"(file: "x.gr", rmin: 1.5, rmax: 12, qmax: 25, radiation: xray)"#;
    let (phase, single) = (r#"structure: "ni.ron""#, format!("data: {data}"));
    let one = text(phase, &single, "");
    let truth = read::job::job(
        &format!(r#"({phase}, {single}, set: {{ "qdamp": 0.04, "delta2": 2.0, "a": 3.53, "Uiso.Ni": 0.005 }})"#),
        "truth.ron",
    );
    let exact = measured(&truth.unwrap()).remove(0);
    // A misfit that no parameter can follow.
    let g = exact.g.iter().zip(&exact.r).map(|(g, r)| g + 0.05 * (40.0 * r).sin()).collect();
    let curve = observed(exact.r.clone(), g, vec![0.02; exact.r.len()]);
    let alone = refined(&one, models(&one), vec![curve.clone()]);

    let halves = text(
        r#"phases: { "one": (structure: "ni.ron"), "other": (structure: "ni.ron") }"#,
        &single,
        r#""pscale@one": 0.25, "pscale@other": 0.75"#,
    );
    let doubles = text(phase, &format!(r#"datasets: {{ "one": {data}, "other": {data} }}"#), "");
    let as_two = refined(&halves, models(&halves), vec![curve.clone()]);
    let twice = refined(&doubles, models(&doubles), vec![curve.clone(), curve.clone()]);
    for parameter in &alone.parameters {
        let esd = parameter.esd.unwrap();
        for (other, share) in [(&as_two, 1.0), (&twice, 0.5_f64.sqrt())] {
            let other = found(other, &parameter.name);
            assert!((other.value - parameter.value).abs() < 2e-3 * esd, "{other:?} {parameter:?}");
            let ratio = other.esd.unwrap() / esd;
            // Twice the points leave a little more for the noise.
            assert!((ratio / share - 1.0).abs() < 0.03, "{}: esd by {ratio} for {share}", parameter.name);
        }
    }
    assert!((as_two.rw - alone.rw).abs() < 1e-7 && (twice.rw - alone.rw).abs() < 1e-7);
}

/// Neutrons see `Σ x_p (b_p²/b²) G_p` of a mixture; X-rays of a phase in a sample of itself what they see of it alone.
#[test]
fn a_sample_normalises_all_its_phases() {
    let (x_ni, b_ni, b_si) = (0.3, 10.3, 4.1491);
    let with = |composition: &str, phases: &str, radiation: &str, pscale: &str| {
        let data = format!(
            r#"(file: "n.gr", rmin: 1.5, rmax: 9, qmin: 0.5, qmax: 30, radiation: {radiation}, {composition})"#
        );
        let text = format!(r#"(phases: {{ {phases} }}, data: {data}, set: {{ "qdamp": 0.03, {pscale} }})"#);
        measured(&read::job::job(&text, "job.ron").unwrap_or_else(|error| panic!("{error}"))).remove(0).g
    };
    let (ni, si) = (r#""ni": (structure: "ni.ron")"#, r#""si": (structure: "si.ron")"#);
    let alone = |phase: &str| with("", phase, "neutron", "");
    let b = x_ni * b_ni + (1.0 - x_ni) * b_si;
    let share = |x: f64, own: f64| x * (own / b).powi(2);
    let pairs = alone(ni).into_iter().zip(alone(si));
    let want: Vec<f64> = pairs.map(|(n, s)| share(x_ni, b_ni) * n + share(1.0 - x_ni, b_si) * s).collect();
    let composition = r#"composition: "Ni 0.3 Si 0.7""#;
    let got = with(composition, &format!("{ni}, {si}"), "neutron", r#""pscale@ni": 0.3, "pscale@si": 0.7"#);
    assert!(apart(&got, &want) < 1e-9, "{:.1e}", apart(&got, &want));
    let plain = with("", si, "xray", "");
    let of_itself = with(r#"composition: "Si""#, si, "xray", "");
    assert!(apart(&of_itself, &plain) < 1e-12, "{:.1e}", apart(&of_itself, &plain));
    // At low Q a sample with nickel in it scatters more: silicon's part of it is smaller.
    let within = with(composition, si, "xray", "");
    assert!(support::curves::largest(&within) < 0.7 * support::curves::largest(&plain));
}

/// The shares of phases are those that the curves were made with, whatever sees them.
#[test]
fn shares_of_atoms_are_found() {
    let text = |start: &str| {
        format!(
            r#"(
                phases: {{ "ni": (structure: "ni.ron"), "si": (structure: "si.ron") }},
                datasets: {{
                    "x": (file: "x.gr", rmin: 1.5, rmax: 12, qmax: 25, radiation: xray, composition: "Ni 0.3 Si 0.7"),
                    "n": (file: "n.gr", rmin: 1.8, rmax: 9, qmax: 30, radiation: neutron, composition: "Ni3 Si7"),
                }},
                set: {{ "qdamp": 0.03, "pscale@ni": 0.3, {start} }}
            )"#
        )
    };
    let job = |text: &str| read::job::job(text, "job.ron").unwrap_or_else(|error| panic!("{error}"));
    let truth = job(&text(r#""pscale@si": 0.7, "scale@x": 0.8, "scale@n": 1.2"#));
    let fit = text("").replace("set:", r#"refine: { "pscale@si": (start: 0.5), "scale@x": (), "scale@n": () }, set:"#);
    let fit = job(&fit);
    let mut observed = measured_from(&truth, &fit);
    for curve in &mut observed {
        curve.dg = vec![0.02; curve.r.len()];
    }
    let outcome = refined(&fit, models(&fit), observed);
    assert!(outcome.warnings.iter().all(|text| !text.contains("write composition")), "{:?}", outcome.warnings);
    for (phase, want) in outcome.phases.iter().zip([0.3, 0.7]) {
        let datasets: Vec<&str> = phase.shares.iter().map(|share| share.dataset.as_str()).collect();
        assert_eq!(datasets, ["x", "n"]);
        let (first, esd) = (&phase.shares[0], found(&outcome, "pscale@si").esd.unwrap());
        // x = 0.3/(0.3 + p): dx = x² / 0.3 dp.
        let slope = 0.3_f64.powi(2) / 0.3;
        assert!((first.esd.unwrap() / (slope * esd) - 1.0).abs() < 1e-3, "{:?} for {}", first.esd, slope * esd);
        assert!(phase.shares.iter().all(|share| (share.atoms - want).abs() < 1e-4), "{:?}", phase.shares);
    }
}

/// In which order phases and data sets are named is nobody's business.
#[test]
fn the_order_of_names_does_not_matter() {
    let truth = r#""pscale@ni": 0.7, "pscale@si": 0.3, "Uiso.Ni": 0.006"#;
    let refine = r#""pscale@ni": (), "pscale@si": (start: 0.4), "a@ni": (), "Uiso.Ni": (start: 0.004), "qdamp@n": ()"#;
    let job = mixture("", refine, "");
    let observed = measured(&mixture(truth, "", ""));
    let first = refined(&job, models(&job), observed.clone());
    let mut turned = job.clone();
    turned.phases.reverse();
    turned.datasets.reverse();
    let other = refined(&turned, models(&turned), observed.into_iter().rev().collect());
    for parameter in &first.parameters {
        let other = found(&other, &parameter.name).value;
        assert!((other - parameter.value).abs() < 1e-6 * parameter.value.abs(), "{}: {other}", parameter.name);
    }
}

/// A curve without weight says nothing, and its own misfit widens what it alone determines, not the rest.
#[test]
fn each_curve_has_noise_of_its_own() {
    let job = mixture("", r#""scale@x": (), "scale@n": (), "a@ni": (), "Uiso.Ni": (start: 0.005)"#, "");
    let noisy = |rough: f64| {
        let mut all = measured(&mixture(r#""a@ni": 3.53"#, "", ""));
        for (curve, size) in all.iter_mut().zip([0.01, rough]) {
            for (g, r) in curve.g.iter_mut().zip(&curve.r) {
                *g += size * (1.4 * (37.0 * r).sin() + (53.0 * r).cos());
            }
            curve.dg = vec![0.01; curve.r.len()];
        }
        refined(&job, models(&job), all)
    };
    let (quiet, rough) = (noisy(0.01), noisy(0.1));
    let ratio = |name: &str| found(&rough, name).esd.unwrap() / found(&quiet, name).esd.unwrap();
    println!("esds grow by {:.2} (scale@x), {:.2} (scale@n)", ratio("scale@x"), ratio("scale@n"));
    assert!(ratio("scale@n") > 5.0 && ratio("scale@x") < 4.0);
    assert!(rough.warnings.iter().any(|text| text.contains("hardly on one scale")), "{:?}", rough.warnings);
    assert!(!quiet.warnings.iter().any(|text| text.contains("hardly on one scale")), "{:?}", quiet.warnings);
}

/// The job that goes on from the result begins where it ended.
#[test]
fn the_refined_job_goes_on_from_the_result() {
    let truth = r#""pscale@ni": 0.7, "pscale@si": 0.3, "scale@n": 1.1, "a@ni": 3.53, "Uiso.Ni": 0.006"#;
    let job = mixture(
        r#""scale@x": 1.0"#,
        r#""pscale@ni": (), "pscale@si": (start: 0.4), "scale@n": (), "a@ni": (), "Uiso.Ni@x": (start: 0.004), "Uiso.Ni@n": (start: 0.005)"#,
        "",
    );
    let observed = measured_from(&mixture(truth, "", ""), &job);
    let short = Job { fit: corefine::job::FitOptions { max_iterations: 2, ..job.fit }, ..job };
    let ended = refined(&short, models(&short), observed.clone());
    let next = read::job::job(&ended.refined_job, "refined.ron").unwrap_or_else(|error| panic!("{error}"));
    let structures: Vec<&str> = next.phases.iter().map(|(_, phase)| phase.structure.as_str()).collect();
    assert_eq!(structures, ["refined-ni.cif", "refined-si.cif"]);
    let again = ended.phases.iter().map(|phase| {
        let text = corefine::write::cif(&phase.model);
        read::structure(text.as_bytes(), "refined.cif").unwrap().value
    });
    let begun = refined(&next, again.collect(), observed);
    let (before, after) = (ended.history.last().unwrap().rw, begun.history[0].rw);
    assert!(ended.history[0].rw > 0.01, "nothing was refined: {:?}", ended.history);
    // The next fit's grid is made for other widths: that alone is some 2e-5.
    assert!((after - before).abs() < 3e-5, "ended at Rw {before}, begins at {after}\n{}", ended.refined_job);
}

/// What one data set has of its own goes on with it: the refined structure is that of the first.
#[test]
fn what_a_data_set_has_of_its_own_is_kept() {
    let set = r#""Uiso.Ni@n": 0.012, "a@ni@n": 3.6, "delta2@si@n": 1.0, "spdiameter@ni@n": 200.0, "Uiso2.Ni@n": 0.03"#;
    let refine =
        r#""scale@n": (start: 0.9), "Uiso.Ni@x": (start: 0.004), "a@ni@x": (start: 3.53), "delta1@ni@x": (start: 0.5)"#;
    let job = mixture(set, refine, r#"beyond: { "Ni@n": 4.0 },"#);
    let observed = measured(&mixture(r#""Uiso.Ni": 0.006"#, "", ""));
    let short = Job { fit: corefine::job::FitOptions { max_iterations: 3, ..job.fit }, ..job };
    let ended = refined(&short, models(&short), observed.clone());
    let next = read::job::job(&ended.refined_job, "refined.ron").unwrap_or_else(|error| panic!("{error}"));
    let again = ended.phases.iter().map(|phase| {
        let text = corefine::write::cif(&phase.model);
        read::structure(text.as_bytes(), "refined.cif").unwrap().value
    });
    let begun = refined(&next, again.collect(), observed);
    for (before, after) in ended.data.iter().zip(&begun.data) {
        println!("{}: Rw {:.6} and {:.6}", before.name, before.rw, after.rw);
    }
    let (before, after) = (ended.history.last().unwrap().rw, begun.history[0].rw);
    assert!((after - before).abs() < 3e-5, "ended at Rw {before}, begins at {after}\n{}", ended.refined_job);
}

/// A number that a formula only reads is still one that has to be set, and one that a formula gives is not.
#[test]
fn what_ties_read_goes_on_with_them() {
    let ties = r#"ties: ["qbroad = qdamp / 3"],"#;
    let job = mixture("", r#""scale@n": (start: 0.9)"#, ties);
    let outcome = refined(&job, models(&job), measured(&mixture("", "", ties)));
    let next = read::job::job(&outcome.refined_job, "refined.ron").unwrap_or_else(|error| panic!("{error}"));
    let of = |name: &str| next.set.iter().filter(|(known, _)| known.starts_with(name)).collect::<Vec<_>>();
    assert_eq!(of("qdamp"), [&("qdamp@x".to_owned(), 0.03), &("qdamp@n".to_owned(), 0.03)]);
    assert!(of("qbroad").is_empty(), "{:?}", next.set);
}

/// Data sets that see atoms in the same places share bonds and restraints, whatever their peaks are; one that is named counts too.
#[test]
fn bonds_are_counted_once_where_atoms_are_shared() {
    let more = |of: &str| {
        format!(
            r#"bonds: [(pair: "Ni-Ni", cutoff: 2.6, neighbours: 12)], restraints: [Distance(pair: "{of}", neighbours: 4, target: 2.36, sigma: 0.01)],"#
        )
    };
    let observed = measured(&mixture("", "", ""));
    for of in ["Si-Si", "Si-Si@n", "Si-Si@si@x"] {
        let job = mixture(r#""Uiso.Ni@n": 0.0041, "delta2@si@n": 1.0"#, r#""a@ni": (), "a@si": ()"#, &more(of));
        let outcome = refined(&job, models(&job), observed.clone());
        let names: Vec<&str> = outcome.bonds.iter().map(|bonds| bonds.pair.as_str()).collect();
        assert_eq!(names, ["Ni-Ni@ni"]);
        assert_eq!(outcome.restraints.len(), 4, "{of}: {:?}", outcome.restraints);
        assert!(outcome.restraints.iter().all(|restraint| restraint.of == "Si-Si@si"));
        assert!(outcome.refined_job.contains(&format!("pair: \"{of}\"")));
    }
}

/// What a user should hear of.
#[test]
fn doubtful_questions_are_told_of() {
    let told = |job: &Job, observed: Vec<Observed>| {
        let inputs = Inputs { job: job.clone(), models: models(job), observed, files: vec![], warnings: vec![] };
        Setup::new(inputs).map(|setup| setup.warnings.join("\n")).map_err(|error| error.to_string())
    };
    let observed = measured(&mixture("", "", ""));
    let twice = told(&mixture("", r#""scale": ()"#, ""), vec![observed[0].clone(), observed[0].clone()]).unwrap();
    assert!(
        twice.contains("n and x are one measurement, which counts twice from 1.8 to 9 Å")
            || twice.contains("x and n are one measurement, which counts twice from 1.8 to 9 Å"),
        "{twice}"
    );
    let factors = told(&mixture("", r#""scale": (), "pscale@ni": (), "pscale@si": ()"#, ""), observed.clone()).unwrap();
    assert!(factors.contains("set the pscale of one phase"), "{factors}");
    let one_set = told(&mixture("", r#""scale": (), "pscale@ni": ()"#, ""), observed.clone()).unwrap();
    assert!(!one_set.contains("set the pscale") && !one_set.contains("counts twice"), "{one_set}");
    assert!(one_set.contains("write composition in x"), "{one_set}");
    let mut copper = mixture("", r#""scale": ()"#, "");
    copper.datasets[0].1.composition = Some("Cu".to_owned());
    let refused = told(&copper, observed.clone()).unwrap_err();
    assert!(refused.contains("composition \"Cu\" of x has no Ni"), "{refused}");
    // The header's resolution is that of every phase but the one that has its own.
    let mut with_header = observed.clone();
    with_header[0].header.qdamp = Some(0.05);
    let mut job = mixture("", r#""scale@n": (start: 0.9)"#, "");
    job.set = vec![("qdamp@si".to_owned(), 0.02)];
    let outcome = refined(&job, models(&job), with_header);
    let next = read::job::job(&outcome.refined_job, "next.ron").unwrap();
    for entry in [("qdamp@ni@x", 0.05), ("qdamp@si@x", 0.02), ("qdamp@ni@n", 0.0), ("qdamp@si@n", 0.02)] {
        assert!(next.set.contains(&(entry.0.to_owned(), entry.1)), "{entry:?} is not in {:?}", next.set);
    }
    // A sample that the phases do not add up to.
    let mut wrong = mixture(r#""pscale@ni": 0.3"#, r#""pscale@si": (start: 0.7)"#, "");
    for (_, data) in &mut wrong.datasets {
        data.composition = Some("Ni 0.3 Si 0.7".to_owned());
    }
    let data = measured(&wrong);
    let right = refined(&wrong, models(&wrong), data.clone());
    assert!(!right.warnings.iter().any(|text| text.contains("amount to")), "{:?}", right.warnings);
    for (_, data) in &mut wrong.datasets {
        data.composition = Some("Ni 0.6 Si 0.4".to_owned());
    }
    let told = refined(&wrong, models(&wrong), data).warnings.join("\n");
    assert!(told.contains("the phases amount to Ni 0.") && told.contains("says \"Ni 0.6 Si 0.4\""), "{told}");
}

/// Names that mean too much, too little, or nothing.
#[test]
fn names_that_cannot_be_are_refused() {
    let refusal = |refine: &str, more: &str| binding(&mixture("", refine, more)).unwrap_err().to_string();
    let two = refusal(r#""a": ()"#, "");
    assert!(two.contains("\"a\" would be one number for several") && two.contains("\"a@ni@x\""), "{two}");
    assert!(binding(&mixture("", r#""a": (start: 4.0)"#, "")).is_ok(), "with a start it is one number");
    let both = refusal(r#""Uiso.Ni": (), "Uiso.Ni@n": ()"#, "");
    assert!(both.contains("\"Uiso.Ni@n\" and \"Uiso.Ni\" move the same number"), "{both}");
    assert!(binding(&mixture("", r#""Uiso.Ni@x": (), "Uiso.Ni@n": ()"#, "")).is_ok());
    let nobody = refusal(r#""Uiso.Ni@si": ()"#, "");
    assert!(nobody.contains("\"Uiso.Ni@si\": the structure has no element or site \"Ni\""), "{nobody}");
    let deltas = refusal(r#""delta1@ni": (start: 1), "delta2@ni@x": (start: 1)"#, "");
    assert!(deltas.contains("describe the same sharpening"), "{deltas}");
    assert!(binding(&mixture("", r#""delta1@ni": (start: 1), "delta2@si": (start: 1)"#, "")).is_ok());
}

/// The same in the words of a job file, each with its place.
#[test]
fn job_files_of_several_are_read_strictly() {
    let text = r#"(
    phases: { "ni": (structure: "ni.ron"), "si": (structure: "si.ron") },
    datasets: { "x": (file: "x.gr", rmin: 1, rmax: 9), "n": (file: "n.gr", rmin: 1, rmax: 9) },
    refine: { "a@ni": (), "Uiso.Ni": () },
    bonds: [(pair: "Ni-Ni@ni")],
)"#;
    let job = read::job::job(text, "job.ron").unwrap();
    assert_eq!(read::job::job(&read::job::to_ron(&job), "again.ron").unwrap(), job);
    assert_eq!(Scopes::of(&job).in_dataset("qdamp", 1), "qdamp@n");
    let mut wrong = Vec::new();
    for (from, to, start, part) in [
        ("a@ni", "a@nj", "job.ron:4:23: \"a@nj\": there is no phase or data set \"nj\"", "there are ni si x n"),
        ("a@ni", "a@ni@si", "job.ron:4:26: \"a@ni@si\": it names two of a kind", ""),
        ("a@ni", "aa@ni", "job.ron:4:24: unknown parameter \"aa\"", ""),
        ("\"x\":", "\"x y\":", "job.ron:3:24: datasets: \"x y\" is no name", "letters"),
        ("\"x\":", "\"ni\":", "job.ron:3:23: \"ni\" is a phase and a data set", ""),
        ("\"n\":", "\"x\":", "job.ron:3:", "duplicate name \"x\""),
        ("\"n\":", "\"X\":", "job.ron:3:", "there twice but for capital letters"),
        ("rmax: 9), \"n\"", "rmax: 0.5), \"n\"", "job.ron:3:43: rmin is 1", ""),
        ("Ni-Ni@ni", "Ni-Ni@no", "job.ron:5:20: \"Ni-Ni@no\"", "there are ni si x n"),
        ("phases:", "structure: \"a.cif\", phases:", "job.ron:6:", "both `structure` and `phases`"),
        ("phases:", "symmetry: P1, phases:", "job.ron:6:", "in each phase"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let error = read::job::job(&changed, "job.ron").expect_err(to).to_string();
        if !(error.starts_with(start) && error.contains(part)) {
            wrong.push(format!("{to}\n got  {error}\n want {start} ... {part}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Bonds and restraints are those of the phase that they name, or of every phase that has them.
#[test]
fn bonds_and_restraints_know_their_phase() {
    let more = r#"bonds: [(pair: "Ni-Ni", cutoff: 2.6, neighbours: 12), (pair: "Si-Si@si", cutoff: 2.4)],
        restraints: [Distance(pair: "Si-Si", neighbours: 4, target: 2.36, sigma: 0.0001)],"#;
    let observed = measured(&mixture("", "", ""));
    let free = r#""a@ni": (), "a@si@x": (), "a@si@n": ()"#;
    let job = mixture("", free, more);
    let outcome = refined(&job, models(&job), observed);
    let names: Vec<&str> = outcome.bonds.iter().map(|bonds: &BondResult| bonds.pair.as_str()).collect();
    // Silicon has a cell of its own in each data set.
    assert_eq!(names, ["Ni-Ni@ni", "Si-Si@si@x", "Si-Si@si@n"]);
    for name in ["a@si@x", "a@si@n"] {
        let drawn = found(&outcome, name).value;
        assert!((drawn - 2.36 * 4.0 / 3.0_f64.sqrt()).abs() < 2e-3, "{name} {drawn} is not drawn to 2.36 Å");
    }
    assert!(
        outcome.restraints.iter().all(|restraint| restraint.of.starts_with("Si-Si@si@")),
        "{:?}",
        outcome.restraints
    );
}

/// Nickel by X-rays and neutrons (the examples of PDFgui's manual), and nickel mixed with silicon, against what PDFgui found. Its sum
/// is taken where its numbers are compared with.
#[test]
fn published_joint_refinements_are_found_again() {
    let job = r#"(
        structure: "ni/Ni.cif",
        datasets: {
            "x": (file: "ni/Ni-xray.gr", rmin: 1.5, rmax: 19.99, qmin: 0, qmax: 30, radiation: xray, weights: f0, compat: Pdffit2),
            "n": (file: "ni/Ni-neutron.gr", rmin: 1.5, rmax: 10, qmin: 0, radiation: neutron, compat: Pdffit2),
        },
        refine: {
            "a": (start: 3.52), "Uiso.Ni": (start: 0.005), "delta2": (start: 2), "scale@x": (start: 0.7), "scale@n": (start: 1),
            "qdamp@x": (start: 0.06), "qdamp@n": (start: 0.02),
        },
    )"#;
    let Some(outcome) = of_files(job) else { return };
    within_esds(
        &outcome,
        &[("a", 3.5316, 0.0), ("Uiso.Ni", 0.005445, 0.0), ("delta2", 2.2532, 0.0), ("scale@x", 0.732, 0.0)],
    );
    let mixed = r#"(
        phases: { "Si": (structure: "nisi/Si_Fd-3m.cif"), "Ni": (structure: "nisi/Ni_Fm-3m.cif") },
        data: (file: "nisi/sini.gr", rmin: 1.49, rmax: 20, radiation: xray, qmax: 27, weights: f0, compat: Pdffit2),
        set: { "qdamp": 0.05 },
        refine: {
            "pscale@Si": (start: 0.8), "pscale@Ni": (start: 0.2), "a@Si": (), "a@Ni": (), "Uiso.Si": (start: 0.009),
            "Uiso.Ni": (start: 0.006), "delta1@Si": (start: 1.5), "delta1@Ni": (start: 1.5),
        },
    )"#;
    let Some(outcome) = of_files(mixed) else { return };
    assert!((outcome.rw - 0.0931).abs() < 1e-3, "Rw {}", outcome.rw);
    within_esds(
        &outcome,
        &[
            ("a@Si", 5.42945, 0.00066),
            ("Uiso.Si", 0.00951, 0.00026),
            ("delta1@Si", 1.545, 0.093),
            ("pscale@Si", 0.803, 0.011),
            ("a@Ni", 3.52166, 0.00062),
            ("Uiso.Ni", 0.00552, 0.00027),
            ("delta1@Ni", 1.50, 0.18),
            ("pscale@Ni", 0.196, 0.006),
        ],
    );
}

/// A job whose files are reference data; `None` (said aloud) where these are not at hand.
fn of_files(text: &str) -> Option<Outcome> {
    let job = read::job::job(text, "job.ron").unwrap_or_else(|error| panic!("{error}"));
    let bytes = |file: &str| Some(std::fs::read(support::reference(file)?).unwrap());
    let (mut models, mut curves) = (Vec::new(), Vec::new());
    for (_, phase) in &job.phases {
        models.push(read::structure(&bytes(&phase.structure)?, &phase.structure).unwrap().value);
    }
    for (_, data) in &job.datasets {
        curves.push(read::observed::observed_for(&bytes(&data.file)?, &data.file, data).unwrap());
    }
    Some(refined(&job, models, curves))
}

/// Published values with their esds, or none; ours have to agree within one esd of both.
fn within_esds(outcome: &Outcome, published: &[(&str, f64, f64)]) {
    for (name, value, esd) in published {
        let ours = found(outcome, name);
        let both = ours.esd.unwrap().hypot(*esd);
        println!("{name}: {:.6} ± {:.6}, published {value} ± {esd}", ours.value, ours.esd.unwrap());
        assert!((ours.value - value).abs() < both, "{name}: {} for {value}, esd {both}", ours.value);
    }
}
