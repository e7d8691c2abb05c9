//! Differences of measured curves: scale, stretch, smear and backgrounds that are known, and what is warned of.

mod support;

use std::fs;
use std::path::Path;

use corefine::delta::morph::Morph;
use corefine::delta::{Delta, Options, Side, delta};
use corefine::engine::Cpu;
use corefine::expand;
use corefine::forward::Forward;
use corefine::model::{Adp, Model};
use corefine::noise::correlated;
use corefine::observed::{Form, Header, Observed};
use corefine::params::{Setting, State};
use corefine::read;
use support::command::corefine;
use support::curves::xrays;
use support::{of_repository, reference};

const QMAX: f64 = 25.0;

fn nickel() -> Model {
    let path = of_repository("models/ni.ron");
    read::structure(&fs::read(&path).unwrap(), "ni.ron").unwrap().value
}

/// G(r) of nickel with its edge and U changed, 0.01 to 20 Å.
fn curve(name: &str, stretch: f64, more_u: f64) -> Observed {
    let mut model = nickel();
    for edge in [&mut model.cell.a, &mut model.cell.b, &mut model.cell.c] {
        *edge *= 1.0 + stretch;
    }
    model.sites[0].adp = Some(Adp::Iso(0.0055 + more_u));
    let crystal = expand::crystal(&model).unwrap();
    let state = State { model, crystal, setting: Setting { qdamp: 0.03, ..Setting::default() } };
    let r: Vec<f64> = (1..=2000).map(|k| f64::from(k) * 0.01).collect();
    let mut forward = Forward::new(&xrays(0.0, QMAX, r.clone()), &state).unwrap();
    let g = forward.curves(&state, &[], &mut Cpu).unwrap().g;
    let header = Header { qmax: Some(QMAX), ..Header::default() };
    Observed { name: name.into(), r, g, dg: vec![], form: Form::G, header, warnings: vec![], in_q: None }
}

fn side(observed: Observed) -> Side {
    Side { observed, backgrounds: vec![] }
}

/// The first shell of nickel stands in for the ring's bonds.
fn shell() -> Options {
    Options { window: Some((2.2, 2.8)), ..Options::default() }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |top, v| top.max(v.abs()))
}

/// The curve times `factor`, with noise of `sigma` that a Q range correlates.
fn noisy(of: &Observed, factor: f64, sigma: f64, seed: u64) -> Observed {
    let mut state = seed;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    let mut normal = || (-2.0 * uniform().ln()).sqrt() * (2.0 * std::f64::consts::PI * uniform()).cos();
    let noise = correlated(&of.r, Some(QMAX), &mut normal);
    let g = of.g.iter().zip(noise).map(|(g, n)| factor * g + sigma * n).collect();
    Observed { g, dg: vec![sigma; of.r.len()], ..of.clone() }
}

#[test]
fn a_known_scale_is_found_within_its_uncertainty() {
    let truth = curve("ni.gr", 0.0, 0.0);
    let mut pulls = Vec::new();
    let mut squares = Vec::new();
    for seed in 0..20 {
        let (first, second) = (noisy(&truth, 1.3, 0.05, 2 * seed + 1), noisy(&truth, 1.0, 0.05, 2 * seed + 2));
        let found = delta(&side(first), &side(second), &shell()).unwrap();
        pulls.push((found.scale.0 - 1.3) / found.scale.1.unwrap());
        let far: Vec<usize> = (0..found.r.len()).filter(|k| found.r[*k] > 4.0).collect();
        let square: f64 = far.iter().map(|k| (found.delta[*k] / found.sigma[*k]).powi(2)).sum();
        squares.push(square / far.len() as f64);
    }
    let rms = (pulls.iter().map(|p| p * p).sum::<f64>() / 20.0).sqrt();
    let mean = squares.iter().sum::<f64>() / 20.0;
    println!("pulls of the scale: rms {rms:.2}; ΔG²/σ²: {mean:.2}");
    // Twenty pulls have an rms of 1 to a sixth; four of these either way. The noise is white in Q up to qmax only, so points of a
    // window share it to the oversampling.
    assert!((0.4..1.7).contains(&rms), "{rms}");
    // 16 Å hold 127 independent points in each of 20 differences: 1 to 3 %.
    assert!((0.85..1.15).contains(&mean), "{mean}");
}

#[test]
fn stretch_and_smear_are_those_of_the_structure() {
    let (warm, cold) = (curve("warm.gr", 0.004, 0.002), curve("cold.gr", 0.0, 0.0));
    let plain = delta(&side(warm.clone()), &side(cold.clone()), &shell()).unwrap();
    let options = Options { stretch: Morph::Refined, smear: Morph::Refined, range: Some((1.5, 19.0)), ..shell() };
    let morphed = delta(&side(warm.clone()), &side(cold.clone()), &options).unwrap();
    println!(
        "stretch {:?}, smear {:?}, scale {:?}, Rw {} -> {}",
        morphed.stretch, morphed.smear, morphed.scale, plain.rw, morphed.rw
    );
    assert!((morphed.stretch.0 - 0.004).abs() < 1e-4, "{:?}", morphed.stretch);
    // Both atoms of a pair lend their U: σ² grows by 2 ΔU.
    assert!((morphed.smear.0 - (2.0 * 0.002_f64).sqrt()).abs() < 0.004, "{:?}", morphed.smear);
    assert!(morphed.rw < 0.15 * plain.rw, "{} {}", plain.rw, morphed.rw);
    assert!(morphed.stretch.1.is_some_and(|esd| esd > 0.0 && esd < 1e-3), "{:?}", morphed.stretch);
    // A smear given by hand is applied, and has no uncertainty.
    let options = Options { stretch: Morph::Fixed(0.004), smear: Morph::Fixed(morphed.smear.0), ..shell() };
    let fixed = delta(&side(warm), &side(cold), &options).unwrap();
    assert_eq!((fixed.stretch, fixed.smear), ((0.004, None), (morphed.smear.0, None)));
    assert!(fixed.rw < 0.2 * plain.rw);
}

#[test]
fn a_background_is_taken_away_with_its_factor() {
    let (sample, carbon) = (curve("ni.gr", 0.0, 0.0), curve("carbon.gr", 0.05, 0.01));
    let mut electrode = sample.clone();
    electrode.g.iter_mut().zip(&carbon.g).for_each(|(g, c)| *g += 0.3 * c);
    let with = Side { observed: electrode.clone(), backgrounds: vec![(carbon.clone(), 0.3)] };
    let options = Options { window: None, ..Options::default() };
    let found = delta(&with, &side(sample.clone()), &options).unwrap();
    assert!(largest(&found.delta) < 1e-12, "{}", largest(&found.delta));
    assert_eq!(found.scale, (1.0, None));
    let left = delta(&side(electrode), &side(sample.clone()), &options).unwrap();
    assert!((largest(&left.delta) - 0.3 * largest(&carbon.g)).abs() < 1e-9);
    let mut short = carbon;
    short.r.truncate(500);
    short.g.truncate(500);
    let error = delta(&Side { observed: sample.clone(), backgrounds: vec![(short, 0.3)] }, &side(sample), &options);
    assert!(error.unwrap_err().to_string().contains("carbon.gr goes from 0.01 to 5 Å only"));
}

#[test]
fn the_coarser_grid_is_compared() {
    let (fine, mut coarse) = (curve("fine.gr", 0.0, 0.0), curve("coarse.gr", 0.0, 0.0));
    let every = |values: &[f64]| -> Vec<f64> { values.iter().skip(2).step_by(3).copied().collect() };
    (coarse.r, coarse.g) = (every(&coarse.r), every(&coarse.g));
    for (a, b) in [(&fine, &coarse), (&coarse, &fine)] {
        let found = delta(&side(a.clone()), &side(b.clone()), &shell()).unwrap();
        assert_eq!(found.r.len(), 666);
        assert!(largest(&found.delta) < 1e-9, "{}", largest(&found.delta));
        assert!(found.warnings.iter().any(|w| w.starts_with("the grid differs: ")), "{:?}", found.warnings);
    }
}

fn warned(a: &Observed, b: &Observed) -> Vec<String> {
    delta(&side(a.clone()), &side(b.clone()), &shell()).unwrap().warnings
}

#[test]
fn what_was_reduced_in_another_way_is_told() {
    let same = curve("a.gr", 0.0, 0.0);
    assert!(warned(&same, &same).is_empty(), "{:?}", warned(&same, &same));
    let composition = |text: &str| Some(read::observed::composition(text).unwrap());
    let other = |change: fn(&mut Header)| {
        let mut observed = Observed { name: "b.gr".into(), ..same.clone() };
        change(&mut observed.header);
        observed
    };
    for (changed, want) in [
        (other(|h| h.qmax = Some(23.0)), "qmax differs: 25 1/Å in a.gr, 23 1/Å in b.gr"),
        (other(|h| h.rpoly = Some(0.9)), "rpoly is 0.9 Å in b.gr, and a.gr does not say it"),
        (other(|h| h.composition = Some(Vec::new())), "a.gr does not say its composition"),
    ] {
        assert_eq!(warned(&same, &changed), [want]);
    }
    let [mut one, mut two] = [same.clone(), same.clone()];
    one.header.composition = composition("Co C7 H6 N4");
    two.header.composition = composition("Co2 C14 H12 N8");
    assert!(warned(&one, &two).is_empty(), "the same shares");
    two.header.composition = composition("Co C6 H6 N4");
    assert!(warned(&one, &two)[0].starts_with("the composition differs: "), "{:?}", warned(&one, &two));
    let doubled = Observed { g: same.g.iter().map(|g| 3.0 * g).collect(), ..same.clone() };
    assert!(warned(&doubled, &same)[0].contains("the scale is 3.000"), "{:?}", warned(&doubled, &same));
}

#[test]
fn a_window_has_to_hold_something() {
    let same = side(curve("a.gr", 0.0, 0.0));
    let at = |window, range| delta(&same, &same, &Options { window, range, ..Options::default() });
    let message = |found: Result<Delta, corefine::delta::DeltaError>| found.unwrap_err().to_string();
    assert!(message(at(Some((30.0, 31.0)), None)).contains("--window"));
    assert!(message(at(None, Some((30.0, 31.0)))).contains("no range of r in common"));
}

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    corefine(folder, &[&["difference"], args].concat())
}

#[test]
fn the_verb_tells_curves_from_ensembles() {
    let temp = tempfile::tempdir().unwrap();
    for file in ["cycled.gr", "pristine.gr"] {
        fs::copy(of_repository("models/demo").join(file), temp.path().join(file)).unwrap();
    }
    let (code, said, complained) =
        run(temp.path(), &["cycled.gr", "pristine.gr", "--out", "d.html", "-o", "d.gr", "--smear"]);
    assert_eq!(code, Some(0), "{complained}");
    assert!(said.contains("cycled.gr minus ") && said.contains("scaled to each other on 1.2 to 1.5 Å"), "{said}");
    let columns = fs::read_to_string(temp.path().join("d.gr")).unwrap();
    assert!(columns.contains("(synthetic)") && columns.contains("# r DeltaG dDeltaG"), "{columns}");
    let page = fs::read_to_string(temp.path().join("d.html")).unwrap();
    assert!(page.contains("synthetic data") && page.contains("<svg"));
    fs::create_dir(temp.path().join("folder")).unwrap();
    for (args, want) in [
        (&["cycled.gr", "folder"][..], "folder is a folder of results, cycled.gr is a file with a curve"),
        (&["folder", "folder", "--no-scale"], "--no-scale is for curves"),
        (&["folder", "folder"], "there is no file folder/result.json"),
        (&["folder/result.json", "cycled.gr"], "folder is a folder of results"),
        (&["cycled.gr", "pristine.gr", "--out", "d.html"], "exists already"),
        (&["cycled.gr", "pristine.gr", "--window", "1.5,1.2"], "--window is 1.5,1.2"),
        (&["cycled.gr", "pristine.gr", "--smear=3"], "--smear is 3"),
        (&["cycled.gr", "pristine.gr", "--background", "pristine.gr"], "write FILE=FACTOR"),
        (&["cycled.gr", "gone.gr"], "gone.gr: there is no such file"),
    ] {
        let (code, _, complained) = run(temp.path(), args);
        assert!(code == Some(2) && complained.contains(want), "{args:?}: {complained}");
    }
}

/// Two frames of an operando series: no dG, so the quiet range tells the noise; most of both is the same.
#[test]
fn frames_of_a_battery() {
    let temp = tempfile::tempdir().unwrap();
    let file = |n: &str| reference(&format!("operando_tio2b/B3_Bronze-3nm_ss_{n}.gr"));
    let (Some(first), Some(last)) = (file("01"), file("16")) else { return };
    let (first, last) = (first.display().to_string(), last.display().to_string());
    let (code, said, complained) = run(temp.path(), &[&last, &first, "--window", "1.6,2.3", "--range", "0,20"]);
    println!("{said}{complained}");
    assert_eq!(code, Some(0), "{complained}");
    assert!(said.contains("the rms of the difference from 0.2 to 1 Å"), "{said}");
}
