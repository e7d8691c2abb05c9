//! Least squares where they are not smooth going: bounds, singular problems, errors, interruptions.

#![allow(clippy::float_cmp, reason = "a parameter at a bound has the very value of the bound")]

use corefine::lm::{self, Flow, LmError, Options, Problem, Progress, Stop};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};

/// `r = A p - b`.
struct Linear {
    a: DMatrix<f64>,
    b: DVector<f64>,
}

impl Problem for Linear {
    type Error = String;

    fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, String> {
        Ok(&self.a * p - &self.b)
    }

    fn jacobian(&mut self, _: &DVector<f64>) -> Result<DMatrix<f64>, String> {
        Ok(self.a.clone())
    }
}

/// Any residuals and Jacobian.
struct Given<R, J>(R, J);

impl<R, J> Problem for Given<R, J>
where
    R: FnMut(&DVector<f64>) -> Result<DVector<f64>, String>,
    J: FnMut(&DVector<f64>) -> Result<DMatrix<f64>, String>,
{
    type Error = String;

    fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, String> {
        (self.0)(p)
    }

    fn jacobian(&mut self, p: &DVector<f64>) -> Result<DMatrix<f64>, String> {
        (self.1)(p)
    }
}

fn fit(problem: &mut impl Problem<Error = String>, start: DVector<f64>, options: &Options) -> lm::Fit {
    lm::minimise(problem, start, options, &mut lm::silent).unwrap()
}

fn bounded(bounds: &[(f64, f64)]) -> Options {
    Options { bounds: bounds.to_vec(), ..Options::default() }
}

const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

fn wiggly(m: usize, n: usize) -> DMatrix<f64> {
    DMatrix::from_fn(m, n, |i, j| ((1 + i * (j + 2)) as f64 * 0.37).sin())
}

/// A correlated pair: the minimum in the box is not the free minimum moved to the box.
#[test]
fn the_minimum_in_a_box_is_found() {
    let mut problem = Linear { a: dmatrix![1.0, 0.9; 0.0, 0.5; 0.0, 0.0], b: dvector![2.0, 2.0, 1.0] };
    // With p1 held at 1 the best p0 solves 1 p0 + 0.9 = 2.
    let fit = fit(&mut problem, dvector![0.0, 0.0], &bounded(&[FREE, (-1.0, 1.0)]));
    assert!(fit.stop.converged(), "{}", fit.stop);
    assert!((fit.p[0] - 1.1).abs() < 1e-9 && fit.p[1] == 1.0, "{}", fit.p);
    assert_eq!(fit.at_bound, [false, true]);
    assert_eq!(fit.esd(1), None);
    assert!((fit.esd(0).unwrap() - 1.0).abs() < 1e-12);
}

#[test]
fn a_bound_is_left_again_where_the_minimum_lies_inside() {
    let mut problem = Linear { a: wiggly(7, 3), b: wiggly(7, 3) * dvector![0.5, 0.2, -0.3] };
    let fit = fit(&mut problem, dvector![0.0, 1.0, -1.0], &bounded(&[(0.0, 1.0), (0.0, 1.0), (-1.0, 0.0)]));
    assert!((&fit.p - dvector![0.5, 0.2, -0.3]).amax() < 1e-9, "{}", fit.p);
    assert_eq!(fit.at_bound, [false; 3]);
}

/// At the end every gradient is zero, or points out of the box at a bound (Karush-Kuhn-Tucker).
#[test]
fn boxes_of_many_parameters_end_at_their_conditions() {
    for seed in 0..30 {
        let a = DMatrix::from_fn(12, 8, |i, j| ((3 + i * (j + 2) + seed * (j + 1)) as f64 * 0.61).sin());
        let b = DVector::from_fn(12, |i, _| 3.0 * ((i * i + seed) as f64).cos());
        let mut problem = Linear { a: a.clone(), b: b.clone() };
        let fit = fit(&mut problem, DVector::zeros(8), &bounded(&[(-0.4, 0.6); 8]));
        assert!(fit.stop.converged(), "{seed}: {}", fit.stop);
        let gradient = a.tr_mul(&(&a * &fit.p - &b));
        for j in 0..8 {
            let good = match fit.p[j] {
                -0.4 => gradient[j] >= -1e-7,
                0.6 => gradient[j] <= 1e-7,
                p => p > -0.4 && p < 0.6 && gradient[j].abs() < 1e-6,
            };
            assert!(good, "{seed}: p{j} = {}, gradient {}", fit.p[j], gradient[j]);
        }
    }
}

#[test]
fn a_start_outside_is_moved_inside_and_equal_bounds_fix() {
    let mut problem = Linear { a: DMatrix::identity(3, 2), b: dvector![1.0, 2.0, 0.5] };
    let fit = fit(&mut problem, dvector![9.0, 9.0], &bounded(&[(-5.0, 5.0), (0.25, 0.25)]));
    assert!((fit.p[0] - 1.0).abs() < 1e-9 && fit.p[1] == 0.25, "{}", fit.p);
}

#[test]
fn two_columns_alike_share_and_have_no_esd() {
    let mut a = wiggly(9, 3);
    let twice = a.column(0) * 2.0;
    a.set_column(1, &twice);
    let mut problem = Linear { b: &a * dvector![1.0, 1.0, 4.0], a };
    let fit = fit(&mut problem, dvector![0.0, 0.0, 0.0], &Options::default());
    assert!(fit.stop.converged() && fit.residual_norm_sq < 1e-15, "{} {}", fit.stop, fit.residual_norm_sq);
    assert!((fit.p[0] + 2.0 * fit.p[1] - 3.0).abs() < 1e-7 && (fit.p[2] - 4.0).abs() < 1e-7);
    assert_eq!((fit.rank, fit.undetermined.len()), (2, 1));
    assert_eq!((fit.esd(0), fit.esd(1)), (None, None));
    assert!(fit.esd(2).is_some());
    // In scaled parameters the two columns are equal, and what is not determined is their difference.
    let direction = &fit.undetermined[0];
    assert!((direction[0] + direction[1]).abs() < 1e-12 && (direction[0].abs() - 0.5f64.sqrt()).abs() < 1e-12);
}

#[test]
fn a_parameter_without_effect_stays() {
    let mut a = wiggly(9, 3);
    a.column_mut(1).fill(0.0);
    let mut problem = Linear { b: &a * dvector![1.0, 0.0, -2.0], a };
    let fit = fit(&mut problem, dvector![0.0, 0.7, 0.0], &Options::default());
    assert!((&fit.p - dvector![1.0, 0.7, -2.0]).amax() < 1e-7, "{}", fit.p);
    assert_eq!(fit.esd(1), None);
    assert!(fit.esd(0).is_some() && fit.esd(2).is_some());
}

#[test]
fn more_parameters_than_points() {
    let mut problem = Linear { a: wiggly(4, 9), b: dvector![1.0, 2.0, -1.0, 0.5] };
    let fit = fit(&mut problem, DVector::zeros(9), &Options::default());
    assert!(fit.stop.converged() && fit.residual_norm_sq < 1e-15, "{} {}", fit.stop, fit.residual_norm_sq);
    assert_eq!((fit.rank, fit.undetermined.len(), fit.singular_values.len()), (4, 5, 9));
    assert_eq!(fit.reduced_chi_square(), None);
}

/// `(JᵀJ)⁻¹` by hand: a straight line through x = -1, 0, 1 has the variances 1/3 and 1/2.
#[test]
fn covariance_of_a_straight_line() {
    let mut problem = Linear { a: dmatrix![1.0, -1.0; 1.0, 0.0; 1.0, 1.0], b: dvector![0.9, 2.1, 2.9] };
    let fit = fit(&mut problem, dvector![0.0, 0.0], &Options::default());
    assert!((&fit.covariance - dmatrix![1.0 / 3.0, 0.0; 0.0, 0.5]).amax() < 1e-14);
    assert!((fit.reduced_chi_square().unwrap() - 0.08 / 3.0).abs() < 1e-12);
    assert_eq!(fit.correlation(0, 1), 0.0);
}

/// `r = ln p - 1` has no value at p <= 0, where the first step of Gauss and Newton from p = 9 leads.
#[test]
fn a_step_to_where_no_model_is_gets_shorter() {
    let mut tried_nothing = 0;
    let mut problem = Given(
        |p: &DVector<f64>| {
            tried_nothing += usize::from(p[0] <= 0.0);
            Ok(dvector![p[0].ln() - 1.0])
        },
        |p: &DVector<f64>| Ok(dmatrix![1.0 / p[0]]),
    );
    let options = Options { acceleration: false, ..Options::default() };
    let fit = lm::minimise(&mut problem, dvector![9.0], &options, &mut lm::silent).unwrap();
    assert!(fit.stop.converged() && (fit.p[0] - 1f64.exp()).abs() < 1e-8, "{} {}", fit.p, fit.stop);
    assert!(tried_nothing > 0, "the test lost its point");
}

fn refused(problem: &mut impl Problem<Error = String>, start: f64) -> LmError<String> {
    lm::minimise(problem, dvector![start], &Options::default(), &mut lm::silent).unwrap_err()
}

#[test]
fn starts_without_a_model_are_errors() {
    let mut problem =
        Given(|p: &DVector<f64>| Ok(dvector![0.0, p[0].sqrt()]), |_: &DVector<f64>| Ok(dmatrix![0.0; 1.0]));
    assert!(matches!(refused(&mut problem, -1.0), LmError::NotFinite { residual: 1, .. }));
    assert!(matches!(refused(&mut problem, f64::NAN), LmError::BadStart { parameter: 0, .. }));
    let mut steep = Given(|p: &DVector<f64>| Ok(p.clone()), |_: &DVector<f64>| Ok(dmatrix![f64::INFINITY]));
    assert!(matches!(refused(&mut steep, 1.0), LmError::BadDerivative { residual: 0, parameter: 0, .. }));
}

#[test]
fn arguments_that_do_not_fit_are_errors() {
    let mut problem = Linear { a: wiggly(4, 2), b: DVector::zeros(4) };
    let refused = |problem: &mut Linear, p, bounds: &[(f64, f64)]| {
        lm::minimise(problem, p, &bounded(bounds), &mut lm::silent).unwrap_err()
    };
    assert!(matches!(
        refused(&mut problem, dvector![1.0, 1.0], &[FREE]),
        LmError::BoundsCount { got: 1, parameters: 2 }
    ));
    assert!(matches!(
        refused(&mut problem, dvector![1.0, 1.0], &[FREE, (2.0, 1.0)]),
        LmError::BadBounds { parameter: 1, .. }
    ));
    let mut empty = Linear { a: DMatrix::zeros(0, 2), b: DVector::zeros(0) };
    assert!(matches!(refused(&mut empty, dvector![1.0, 1.0], &[]), LmError::Empty));
    let mut narrow = Given(|_: &DVector<f64>| Ok(dvector![1.0, 1.0]), |_: &DVector<f64>| Ok(dmatrix![1.0]));
    let error = lm::minimise(&mut narrow, dvector![1.0], &Options::default(), &mut lm::silent).unwrap_err();
    assert!(matches!(error, LmError::Shape { got: (1, 1), expected: (2, 1), .. }));
}

#[test]
fn without_parameters_the_start_is_the_end() {
    let mut problem = Linear { a: DMatrix::zeros(3, 0), b: dvector![1.0, -2.0, 2.0] };
    let fit = lm::minimise(&mut problem, DVector::zeros(0), &Options::default(), &mut lm::silent).unwrap();
    assert_eq!((fit.stop, fit.iterations, fit.evaluations, fit.residual_norm_sq), (Stop::NothingToMove, 0, 1, 9.0));
    assert!(fit.stop.converged() && fit.rank == 0 && fit.covariance.is_empty() && fit.at_bound.is_empty());
}

#[test]
fn the_problems_own_error_comes_through() {
    let mut calls = 0;
    let mut problem = Given(
        |p: &DVector<f64>| {
            calls += 1;
            if calls > 2 { Err("the device was lost".to_owned()) } else { Ok(p * 2.0) }
        },
        |_: &DVector<f64>| Ok(dmatrix![2.0]),
    );
    let error = lm::minimise(&mut problem, dvector![1.0], &Options::default(), &mut lm::silent).unwrap_err();
    assert_eq!(error.to_string(), "the device was lost");
}

fn rosenbrock() -> impl Problem<Error = String> {
    Given(
        |p: &DVector<f64>| Ok(dvector![10.0 * (p[1] - p[0] * p[0]), 1.0 - p[0]]),
        |p: &DVector<f64>| Ok(dmatrix![-20.0 * p[0], 10.0; -1.0, 0.0]),
    )
}

#[test]
fn an_interrupted_fit_keeps_what_it_has() {
    let mut seen = Vec::new();
    let mut observer = |progress: &Progress| {
        seen.push(*progress);
        if progress.iteration == 3 { Flow::Stop } else { Flow::Continue }
    };
    let fit = lm::minimise(&mut rosenbrock(), dvector![-1.2, 1.0], &Options::default(), &mut observer).unwrap();
    assert_eq!((fit.stop, fit.iterations), (Stop::Interrupted, 3));
    assert!(!fit.stop.converged() && fit.stop.to_string().contains("interrupted"));
    assert_eq!(seen, fit.history);
    assert!(fit.residual_norm_sq < 24.2 && fit.residual_norm_sq == seen[3].cost);
    assert!(fit.history.windows(2).all(|pair| pair[1].cost < pair[0].cost));
}

#[test]
fn iterations_run_out() {
    let options = Options { max_iterations: 2, ..Options::default() };
    let fit = fit(&mut rosenbrock(), dvector![-1.2, 1.0], &options);
    assert_eq!((fit.stop, fit.iterations), (Stop::MaxIterations, 2));
}

#[test]
fn derivatives_of_another_function_are_found_out() {
    let mut problem =
        Given(|p: &DVector<f64>| Ok(dvector![p[0] - 1.0, 1.0]), |_: &DVector<f64>| Ok(dmatrix![-1.0; 0.0]));
    let fit = fit(&mut problem, dvector![3.0], &Options::default());
    assert_eq!(fit.stop, Stop::NoImprovement);
    assert!(!fit.stop.converged());
}

#[test]
fn a_perfect_start_is_an_exact_fit() {
    let fit = fit(&mut rosenbrock(), dvector![1.0, 1.0], &Options::default());
    assert_eq!((fit.stop, fit.iterations), (Stop::ExactFit, 0));
}

/// More parameters than are solved by singular values; a tenth of them copies of others.
#[test]
fn a_large_singular_problem() {
    let (m, n) = (500, 150);
    let mut a = DMatrix::from_fn(m, n, |i, j| ((i * i + 7 * i * j + 3 * j * j) as f64 * 0.731).sin());
    for j in 0..15 {
        let copy = a.column(j).into_owned();
        a.set_column(n - 1 - j, &copy);
    }
    let truth = DVector::from_fn(n, |j, _| (j as f64).cos());
    let mut problem = Linear { b: &a * truth, a };
    let fit = fit(&mut problem, DVector::zeros(n), &Options::default());
    assert!(fit.stop.converged() && fit.residual_norm_sq < 1e-12 * fit.history[0].cost, "{}", fit.stop);
    assert_eq!(fit.rank, 135);
    assert!(fit.p.amax() < 2.0);
}

/// Prints what one iteration costs at 2500 points and 300 parameters; no promise is made about it.
#[test]
fn cost_at_2500_by_300() {
    let mut problem = Linear { a: wiggly(2500, 300), b: DVector::from_fn(2500, |i, _| (i as f64).sin()) };
    for max_iterations in [0, 1, 6] {
        let options = Options { max_iterations, acceleration: false, ..Options::default() };
        let begun = std::time::Instant::now();
        let fit = fit(&mut problem, DVector::zeros(300), &options);
        println!(
            "2500 x 300: {} iterations and the singular values at the end took {:.0?}",
            fit.iterations,
            begun.elapsed()
        );
    }
}

/// The first damping would let `p1` go to 10, while `r` bends within 0.01 of the start: the bend itself says how far to go,
/// not a series of ever shorter trials.
#[test]
fn a_step_that_bends_too_much_is_shortened_at_once() {
    let mut problem = Given(
        |p: &DVector<f64>| Ok(dvector![1.0 + p[0] + 1e4 * p[1].powi(2), 0.01 * p[1] - 0.1]),
        |p: &DVector<f64>| Ok(dmatrix![1.0, 2e4 * p[1]; 0.0, 0.01]),
    );
    let options = Options { max_iterations: 1, widths: vec![1e3, 1e3], ..Options::default() };
    let fit = fit(&mut problem, dvector![0.0, 0.0], &options);
    assert_eq!(fit.iterations, 1);
    assert!(fit.evaluations <= 5 && fit.history[1].cost < fit.history[0].cost, "{} {:?}", fit.evaluations, fit.history);
}
