//! Covariance of a reduced curve: against many patterns with drawn noise, and against how a refinement counts its points.

mod support;

use std::f64::consts::PI;

use corefine::engine::Cpu;
use corefine::expand;
use corefine::forward::Forward;
use corefine::objective::Target;
use corefine::params::Binding;
use corefine::pattern::Pattern;
use corefine::read;
use corefine::reduce::{self, Reducer, covariance, nodes};
use corefine::reduction::{Reduced, Reduction};
use corefine::sample::Random;
use nalgebra::{DMatrix, DVector};
use support::curves::xrays;
use support::patterns::{counted, made, nickel, points};
use support::structures::shipped;

const DRAWS: usize = 1500;

/// A sample and its background, with many counts or few.
fn patterns(counts: f64) -> (Pattern, Pattern) {
    let q = points();
    let (sample, empty): (Vec<f64>, Vec<f64>) = q.iter().map(|q| counted(*q, 2.0)).unzip();
    let times = |intensity: Vec<f64>| intensity.into_iter().map(|i| counts * i).collect();
    (made("sample", &q, times(sample)), made("empty", &q, times(empty)))
}

/// On the very distances that hold all of G(r) once.
fn settings(fit_bgscale: bool) -> Reduction {
    let step = PI / 24.0;
    Reduction { rmin: step, rmax: 60.5 * step, rstep: step, fit_bgscale, ..nickel() }
}

fn drawn(pattern: &Pattern, random: &mut Random) -> Pattern {
    let with = |(i, d): (&f64, &f64)| i + d * random.normal();
    let intensity = pattern.intensity.iter().zip(&pattern.uncertainty).map(with).collect();
    // Nobody asks for the uncertainties of these.
    Pattern { intensity, uncertainty: Vec::new(), ..pattern.clone() }
}

/// G(r) and every fortieth F(Q) of many patterns, a row for each.
fn many(settings: &Reduction, sample: &Pattern, empty: &Pattern) -> (DMatrix<f64>, DMatrix<f64>) {
    let mut reducer = Reducer::new(settings).unwrap();
    let mut random = Random::new(21, 0);
    let mut rows = (Vec::new(), Vec::new());
    for _ in 0..DRAWS {
        let one = reducer.reduce(&drawn(sample, &mut random), Some(&drawn(empty, &mut random))).unwrap();
        rows.0.push(DVector::from_vec(one.g.clone()).transpose());
        rows.1.push(DVector::from_iterator(one.f.len().div_ceil(40), one.f.iter().copied().step_by(40)).transpose());
    }
    (DMatrix::from_rows(&rows.0), DMatrix::from_rows(&rows.1))
}

/// Mean square and largest of what a sample's covariance is off, in units of what a finite sample may be off:
/// `sqrt((C_ii C_jj + C_ij²) / draws)`.
fn off(rows: &DMatrix<f64>, said: &DMatrix<f64>) -> (f64, f64) {
    let mean = rows.row_mean();
    let apart = DMatrix::from_fn(rows.nrows(), rows.ncols(), |k, i| rows[(k, i)] - mean[i]);
    let found = apart.transpose() * &apart / (rows.nrows() - 1) as f64;
    let (mut sum, mut most, mut count) = (0.0, 0.0_f64, 0.0);
    for i in 0..said.nrows() {
        for j in 0..=i {
            let spread = (said[(i, i)] * said[(j, j)] + said[(i, j)].powi(2)) / rows.nrows() as f64;
            let z2 = (found[(i, j)] - said[(i, j)]).powi(2) / spread;
            (sum, most, count) = (sum + z2, most.max(z2.sqrt()), count + 1.0);
        }
    }
    (sum / count, most)
}

fn of_f(reduced: &Reduced) -> DMatrix<f64> {
    let n = reduced.f.len().div_ceil(40);
    DMatrix::from_fn(n, n, |i, j| reduced.covariance.at(40 * i, 40 * j))
}

/// The reduction with so many pairs of columns of its covariance.
fn with_pairs(reduced: &Reduced, pairs: usize) -> Reduced {
    let mut reduced = reduced.clone();
    reduced.covariance.shared.truncate(pairs);
    reduced
}

fn of_g(reduced: &Reduced) -> DMatrix<f64> {
    covariance(reduced, &reduced.r).unwrap().covariance
}

#[test]
fn covariances_are_those_of_many_patterns() {
    let (sample, empty) = patterns(0.3);
    let settings = settings(false);
    let exact = Reducer::new(&settings).unwrap().reduce(&sample, Some(&empty)).unwrap();
    assert!(nodes(&exact).iter().zip(&exact.r).all(|(a, b)| (a - b).abs() < 1e-9));
    let (g, f) = many(&settings, &sample, &empty);
    let (g_off, f_off) = (off(&g, &of_g(&exact)), off(&f, &of_f(&exact)));
    let counting = off(&g, &of_g(&with_pairs(&exact, 0)));
    let diagonal = off(&g, &DMatrix::from_diagonal(&of_g(&exact).diagonal()));
    println!("G {g_off:.3?}, F {f_off:.3?}; counting alone {counting:.3?}; diagonal alone {diagonal:.3?}");
    // 1830 covariances, of which some 60 are independent of each other: their mean square is 1 to a fifth.
    assert!((g_off.0 - 1.0).abs() < 0.4 && g_off.1 < 5.0, "{g_off:?}");
    assert!((f_off.0 - 1.0).abs() < 0.4 && f_off.1 < 5.0, "{f_off:?}");
    assert!(counting.0 > 4.0 && diagonal.0 > 20.0, "{counting:?} {diagonal:?}");
}

/// A sample of one distance and a background of another: what is found by a fit over all points, a and bgscale, is uncertain along these
/// two, and takes noise away there.
#[test]
fn what_is_fitted_on_the_way_is_in_the_covariance() {
    let q = points();
    let atoms = |q: f64| corefine::scattering::xray::f0("Ni".parse().unwrap(), q).unwrap().powi(2);
    let with = |height: f64, distance: f64| -> Vec<f64> {
        q.iter().map(|q| height * atoms(*q) * (1.0 + 0.9 * (q * distance).sin())).collect()
    };
    let known = |intensity: Vec<f64>| {
        let uncertainty = q.iter().map(|q| 0.1 * atoms(*q)).collect();
        Pattern { uncertainty, ..made("made", &q, intensity) }
    };
    let empty = known(with(2.0, 5.0));
    let sample = known(with(3.0, 3.0).iter().zip(&empty.intensity).map(|(s, b)| s + 0.7 * b).collect());
    for (fit_bgscale, count) in [(false, 1), (true, 2)] {
        let settings = settings(fit_bgscale);
        let exact = Reducer::new(&settings).unwrap().reduce(&sample, Some(&empty)).unwrap();
        let polynomial = exact.degree.ceil() as usize;
        assert_eq!(exact.covariance.shared.len(), polynomial + count);
        let (g, f) = many(&settings, &sample, &empty);
        let (g_off, f_off) = (off(&g, &of_g(&exact)), off(&f, &of_f(&exact)));
        println!("fitted {fit_bgscale} ({}): G {g_off:.3?}, F {f_off:.3?}", exact.settings.bgscale);
        assert!((g_off.0 - 1.0).abs() < 0.4 && g_off.1 < 5.0, "{g_off:?}");
        assert!((f_off.0 - 1.0).abs() < 0.4 && f_off.1 < 5.0, "{f_off:?}");
        for pairs in polynomial..polynomial + count {
            let less = off(&g, &of_g(&with_pairs(&exact, pairs)));
            println!("    with {} of {count}: G {less:.3?}", pairs - polynomial);
            assert!(less.1 > 6.0, "{less:?}");
        }
    }
}

/// The columns dF and dG are the roots of the diagonals.
#[test]
fn columns_are_the_diagonals() {
    let (sample, empty) = patterns(1.0);
    let exact = Reducer::new(&settings(true)).unwrap().reduce(&sample, Some(&empty)).unwrap();
    let diagonal = of_g(&exact).diagonal();
    for (dg, variance) in exact.dg.iter().zip(diagonal.iter()) {
        assert!((dg / variance.sqrt() - 1.0).abs() < 2e-3, "{dg} {}", variance.sqrt());
    }
    for (k, df) in exact.df.iter().enumerate() {
        assert!((df / exact.covariance.at(k, k).sqrt() - 1.0).abs() < 1e-12);
    }
}

/// Esds as a refinement has them, by the column of uncertainties and the oversampling, against those that follow for the same fit from the
/// whole covariance C of what is compared: `K Jᵀ W C W J K`, `K = (Jᵀ W J)⁻¹`, `W = 1 / (s σ²)`.
#[test]
fn esds_of_a_refinement_and_the_covariance() {
    let (sample, empty) = patterns(1.0);
    let settings = Reduction { rmin: 0.0, rmax: 8.0, rstep: 0.02, ..settings(false) };
    let exact = Reducer::new(&settings).unwrap().reduce(&sample, Some(&empty)).unwrap();
    let model = shipped("ni");
    for (compare, grid, bounds) in
        [("G", "Data", 0.55..1.35), ("G", "Nyquist", 0.55..1.35), ("F", "Nyquist", 0.7..1.5), ("F", "Data", 0.7..1.5)]
    {
        let text = format!(
            r#"(structure: "ni.ron", data: (file: "a.gr", rmin: 1.7, rmax: 7.5, compare: {compare}, grid: {grid}),
                set: {{ "qdamp": 0.04 }}, refine: {{ "scale": (), "a": (), "Uiso.Ni": (), "delta2": (start: 2) }})"#
        );
        let job = read::job::job(&text, "job.ron").unwrap_or_else(|error| panic!("{error}"));
        let target = Target::select(&reduce::observed(&exact), job.data(), Some(24.0), false).unwrap();
        let binding = Binding::new(&job, &model, &expand::crystal(&model).unwrap()).unwrap();
        let p = binding.start();
        let (state, measurement) = (binding.state(&p).unwrap(), xrays(0.6, 24.0, target.r.clone()));
        let tangents = binding.tangents(&state, &p).unwrap();
        let columns = Forward::new(&measurement, &state).unwrap().curves(&state, &tangents, &mut Cpu).unwrap().columns;
        // Of residuals: each is divided by its uncertainty and the root of the oversampling.
        let jacobian = target.jacobian(&columns);
        let of_g = covariance(&exact, &target.r).unwrap().covariance;
        let c = target.jacobian(&target.jacobian(&of_g).transpose());
        let k = (jacobian.transpose() * &jacobian).try_inverse().unwrap();
        let spread = &k * jacobian.transpose() * &c * &jacobian * &k;
        let ratios: Vec<f64> = (0..p.len()).map(|m| (spread[(m, m)] / k[(m, m)]).sqrt()).collect();
        let effective = c.trace().powi(2) / (&c * &c).trace();
        println!(
            "{compare} {grid}: {:.1} points by the oversampling, {effective:.1} by the covariance; spread over esd {ratios:.2?}",
            target.effective_points()
        );
        // In r noise is taken to be even in Q; it is largest at qmax, and the structure where Q is small. In Q each point has its own, but what
        // the window in r brings from high Q to low is shared.
        assert!(ratios.iter().all(|ratio| bounds.contains(ratio)), "{compare} {grid}: {ratios:?}");
    }
}
