//! A made-up outcome as large as the real ones: 57 parameters, 64 bonds, a curve of Gaussians.

use std::cmp::Ordering;

use corefine::model::{Cell, Model, Profile, SpaceGroup};
use corefine::outcome::{
    Bin, Bond, BondResult, Coordination, DataResult, Determined, InputFile, Interval, IterationRecord, Outcome,
    ParameterResult, PhaseResult, RestraintResult,
};
use corefine::report::{Comparison, Entry};
use corefine::shell::{Bands, ByCutoff, NuisanceResult, ShellResult};

/// The outcome of a usual refinement.
pub fn sample() -> Outcome {
    outcome("Co ZIF-62, cycled", 7, 10)
}

/// Two of them, with a truth that is near.
pub fn comparison() -> Comparison {
    let entry = |name: &str, seed: u64, broken: usize| Entry {
        name: name.to_owned(),
        outcome: outcome(name, seed, broken),
        truth: vec![bonds(&mut Noise::new(seed + 100), broken)],
    };
    Comparison {
        title: "Co ZIF-62: pristine against cycled".to_owned(),
        entries: vec![entry("pristine", 3, 0), entry("cycled", 4, 10)],
        notes: vec!["Both data sets are synthetic, made by corefine simulate.".to_owned()],
    }
}

/// A distribution of bond lengths: a peak with a tail, and bands that are wider before the data.
#[allow(dead_code, reason = "not every test that has the outcome needs it")]
pub fn shell() -> ShellResult {
    let outcome = outcome("Co ZIF-62, cycled", 7, 10);
    let d: Vec<f64> = (75..=160).map(|k| f64::from(k) * 0.02).collect();
    let density = |width: f64| -> Vec<f64> {
        d.iter()
            .map(|d| 4.0 * (-0.5 * ((d - 2.03) / width).powi(2)).exp() + 0.3 * (-4.0 * (d - 2.4).powi(2)).exp())
            .collect()
    };
    let bands = |width: f64, off: f64| {
        let times = |factor: f64| density(width).iter().map(|p| factor * p).collect::<Vec<_>>();
        let [q05, q25, q50, q75, q95] = [1.0 - off, 1.0 - 0.4 * off, 1.0, 1.0 + 0.4 * off, 1.0 + off].map(times);
        Bands { q05, q25, q50, q75, q95 }
    };
    let about = |median: f64, off: f64| Interval {
        median,
        interval50: [median - 0.4 * off, median + 0.4 * off],
        interval90: [median - off, median + off],
    };
    ShellResult {
        title: outcome.title.clone(),
        pair: "Co-N".into(),
        cutoff: 2.25,
        bonds: 64.0,
        density: bands(0.08, 0.3),
        prior_density: bands(0.15, 0.9),
        d,
        fraction: about(0.12, 0.05),
        prior_fraction: about(0.31, 0.28),
        fraction_by_cutoff: (38..=56)
            .map(|k| ByCutoff { cutoff: f64::from(k) * 0.05, fraction: about(0.1, 0.05) })
            .collect(),
        mean: about(2.03, 0.015),
        sd: about(0.14, 0.02),
        area: about(1.0, 0.0),
        length: about(0.12, 0.04),
        amplitude: about(2.1, 0.9),
        nuisances: vec![NuisanceResult { name: "Uiso.Co".into(), start: 0.01, value: about(0.011, 0.002) }],
        r_hat: 1.01,
        effective: 640.0,
        draws: 1000,
        rw: 0.0312,
        chi_square: 1.1,
        noise_factor: 1.05,
        seed: 1,
        curve: outcome.data[0].clone(),
        warnings: vec!["a warning <of> the shell".into()],
        inputs: outcome.inputs,
    }
}

/// The same numbers on every machine: a linear congruential generator, -1 to 1.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// An outcome whose long bonds make up `broken` of 64.
fn outcome(title: &str, seed: u64, broken: usize) -> Outcome {
    let mut noise = Noise::new(seed);
    let parameters = parameters(&mut noise);
    let refined = parameters.iter().filter(|p| !p.tied).count();
    Outcome {
        title: title.to_owned(),
        rw: 0.0873,
        chi2: 25.3,
        converged: true,
        stop: "the step became smaller than 1e-6 of every parameter".to_owned(),
        iterations: 23,
        seconds: 8.42,
        engine: "cpu (2 threads)".to_owned(),
        correlations: correlations(refined, &mut noise),
        parameters,
        history: (0..24)
            .map(|i| IterationRecord { rw: 0.0873 + 0.4 * (-0.4 * f64::from(i)).exp(), lambda: 1e-3 })
            .collect(),
        data: vec![data(&mut noise, broken as f64 / 64.0)],
        bonds: vec![bonds(&mut noise, broken)],
        restraints: restraints(&mut noise),
        determined: determined(refined),
        warnings: vec![
            "The data hold 26 independent observations and 55 parameters are refined: 29 directions rest on the start."
                .to_owned(),
            "No dG in the data: the uncertainties rest on chi² = N − P.".to_owned(),
        ],
        inputs: ["structure models/co_zif62.ron", "data cycled.gr", "job cycled.ron"].map(input).to_vec(),
        phases: vec![PhaseResult { name: String::new(), model: model(), shares: vec![] }],
        refined_job: "(title: \"sample\")".to_owned(),
    }
}

/// 64 distances, of which one is far off, and the displacements of two atoms.
fn restraints(noise: &mut Noise) -> Vec<RestraintResult> {
    let term = |kind, of: &str, name: String, target: f64, sigma: f64, pull: f64| RestraintResult {
        kind,
        of: of.to_owned(),
        name,
        value: target + sigma * pull,
        target,
        within: 0.0,
        sigma,
        pull,
        weight: 1.0,
        unit: "Å",
    };
    let name = |k: usize| format!("Co1_{}-N{}", k / 4 + 1, k % 4 + 1);
    let pull = |k: usize, noise: &mut Noise| if k == 17 { 3.4 } else { 1.5 * noise.next() };
    let mut all: Vec<RestraintResult> =
        (0..64).map(|k| term("Distance", "Co-N", name(k), 1.99, 0.03, pull(k, noise))).collect();
    for axis in ["Co1 x", "Co1 y", "Co1 z", "Co1_2 x", "Co1_2 y", "Co1_2 z"] {
        all.push(term("Displacement", "Co", axis.to_owned(), 0.0, 0.15, noise.next()));
    }
    all
}

fn input(role_and_path: &str) -> InputFile {
    let (role, path) = role_and_path.split_once(' ').unwrap();
    InputFile { role: role.to_owned(), path: path.to_owned(), sha256: "9f86d081884c7d65".repeat(4), from_results: None }
}

fn model() -> Model {
    let cell = Cell::from_parameters([15.46, 15.5, 18.2, 90.0, 90.0, 90.0]);
    Model {
        title: String::new(),
        provenance: vec![],
        cluster: false,
        cell,
        space_group: SpaceGroup::default(),
        profile: Profile::default(),
        sites: vec![],
    }
}

fn parameters(noise: &mut Noise) -> Vec<ParameterResult> {
    let parameter = |name: &str, value, esd, start, unit| ParameterResult {
        name: name.to_owned(),
        value,
        esd,
        start,
        unit,
        tied: false,
        at_bound: false,
    };
    let mut all = vec![
        parameter("scale", 0.9312, Some(0.0124), 1.0, ""),
        parameter("a", 15.4621, Some(0.0093), 15.44, "Å"),
        parameter("b", 15.5013, Some(0.0101), 15.49, "Å"),
        parameter("c", 18.1874, Some(0.0152), 18.2, "Å"),
        parameter("Uiso.Co", 0.00544, Some(0.000071), 0.005, "Å²"),
        parameter("Uiso.N", 0.0101, Some(0.0009), 0.01, "Å²"),
        parameter("Uiso.C", 0.0101, Some(0.0009), 0.01, "Å²"),
        parameter("beyond.Co", 0.031, None, 0.02, "Å²"),
        parameter("spdiameter", 250.0, Some(1900.0), 100.0, "Å"),
    ];
    all[6].tied = true;
    all[8].at_bound = true;
    for k in 1..=16 {
        for axis in ["x", "y", "z"] {
            let start = 0.5 + 0.5 * noise.next();
            let value = start + 0.004 * noise.next();
            let esd = Some(0.0003 * (1.2 + noise.next()));
            all.push(parameter(&format!("{axis}.Co1_{k}"), value, esd, start, ""));
        }
    }
    all
}

fn correlations(n: usize, noise: &mut Noise) -> Vec<Vec<f64>> {
    let triangle: Vec<Vec<f64>> = (0..n).map(|i| (0..i).map(|_| noise.next().powi(5)).collect()).collect();
    let entry = |i: usize, j: usize| match i.cmp(&j) {
        Ordering::Greater => triangle[i][j],
        Ordering::Less => triangle[j][i],
        Ordering::Equal => 1.0,
    };
    (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
}

/// Place in Å, width in Å, area.
type Peak = (f64, f64, f64);

fn gaussian(r: f64, at: f64, width: f64, area: f64) -> f64 {
    area / r * (-0.5 * ((r - at) / width).powi(2)).exp()
}

fn data(noise: &mut Noise, broken: f64) -> DataResult {
    let r: Vec<f64> = (0..=350).map(|i| 1.0 + 0.01 * f64::from(i)).collect();
    let shapes: [(&str, &[Peak]); 6] = [
        ("C-N", &[(1.36, 0.06, 1.9), (2.2, 0.08, 1.2), (3.4, 0.2, 0.9)]),
        ("C-C", &[(1.38, 0.06, 0.7), (2.15, 0.07, 0.6), (3.6, 0.2, 0.8)]),
        ("C-H", &[(1.08, 0.07, 0.25), (2.1, 0.1, 0.3)]),
        ("Co-N", &[(2.0, 0.07, 3.6 * (1.0 - broken)), (2.4, 0.12, 3.6 * broken), (4.1, 0.15, 2.2)]),
        ("C-Co", &[(2.98, 0.1, 4.4), (4.2, 0.2, 3.0)]),
        ("N-N", &[(2.21, 0.07, 0.5), (3.25, 0.15, 1.2)]),
    ];
    let curve = |peaks: &[Peak]| -> Vec<f64> {
        let at = |r: &f64| peaks.iter().map(|(p, w, a)| gaussian(*r, *p, *w, *a)).sum::<f64>() - 0.03 * r;
        r.iter().map(at).collect()
    };
    let partials: Vec<(String, Vec<f64>)> = shapes.iter().map(|(pair, p)| ((*pair).to_owned(), curve(p))).collect();
    let gcalc: Vec<f64> = (0..r.len()).map(|i| partials.iter().map(|(_, c)| c[i]).sum()).collect();
    let misfit = |r: &f64| 0.06 * (23.5 * r).sin() / r;
    let gobs = r.iter().zip(&gcalc).map(|(r, g)| g + misfit(r) + 0.02 * noise.next()).collect();
    DataResult {
        name: String::new(),
        file: "demo/co_zif62_cycled.gr".to_owned(),
        label: "synthetic".to_owned(),
        points: r.len(),
        independent_observations: 26.07,
        rw: 0.0873,
        misfit: 1.1,
        dg: vec![0.01; r.len()],
        r,
        gobs,
        gcalc,
        partials,
        in_q: None,
    }
}

/// 64 bonds, the last `broken` of them stretched.
fn bonds(noise: &mut Noise, broken: usize) -> BondResult {
    let mut length = |i: usize| {
        let spread = noise.next() + noise.next();
        if i < 64 - broken { 2.03 + 0.05 * spread } else { 2.45 + 0.09 * spread }
    };
    let bonds: Vec<Bond> = (0..64)
        .map(|i| Bond {
            from: format!("Co1_{}", i / 4 + 1),
            to: format!("N{}_{}", i % 4 + 1, i / 4 + 1),
            distance: length(i),
            esd: Some(0.013),
            weight: 1.0,
        })
        .collect();
    summary(bonds, 2.25)
}

fn summary(bonds: Vec<Bond>, cutoff: f64) -> BondResult {
    let n = bonds.len() as f64;
    let lengths: Vec<f64> = bonds.iter().map(|b| b.distance).collect();
    let beyond = |cutoff: f64| lengths.iter().filter(|d| **d > cutoff).count() as f64;
    let mean = lengths.iter().sum::<f64>() / n;
    let bin = |k: i32| {
        let (from, to) = (1.7 + 0.1 * f64::from(k), 1.8 + 0.1 * f64::from(k));
        Bin { from, to, count: lengths.iter().filter(|d| **d >= from && **d < to).count() as f64 }
    };
    let centre = |k: usize| Coordination {
        label: format!("Co1_{k}"),
        number: bonds[4 * (k - 1)..4 * k].iter().filter(|b| b.distance <= cutoff).count() as f64,
        esd: Some(if k > 13 { 0.3 } else { 0.0 }),
    };
    BondResult {
        pair: "Co-N".to_owned(),
        cutoff,
        n,
        broken: beyond(cutoff),
        fraction: beyond(cutoff) / n,
        fraction_esd: Some(0.031),
        mean,
        mean_esd: Some(0.0042),
        sd: (lengths.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n).sqrt(),
        min: lengths.iter().copied().fold(f64::INFINITY, f64::min),
        max: lengths.iter().copied().fold(0.0, f64::max),
        histogram: (0..10).map(bin).collect(),
        coordination: (1..=16).map(centre).collect(),
        fraction_by_cutoff: (0..=70)
            .map(|k| 2.0 + 0.01 * f64::from(k))
            .map(|cutoff| (cutoff, beyond(cutoff) / n))
            .collect(),
        bonds,
    }
}

fn determined(parameters: usize) -> Determined {
    Determined {
        singular_values: (0..parameters).map(|i| 3.0 * (-0.22 * i as f64).exp()).collect(),
        directions: 26,
        parameters,
        observations: 26.07,
        words: vec![
            "The data hold about 26 independent observations; 56 parameters were refined.".to_owned(),
            "26 directions in the space of parameters are determined by the data; the others rest on the start."
                .to_owned(),
        ],
    }
}
