//! The least squares against MINPACK's algorithm in the crate `levenberg-marquardt`, on problems of
//! Moré, Garbow & Hillstrom 1981 (ACM Trans. Math. Softw. 7, 17; the numbers are theirs).

use std::convert::Infallible;

use corefine::lm::{self, Options, Problem};
use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::{DMatrix, DVector};
use nalgebra_oracle as oracle;

/// Residuals and Jacobian (row by row) as plain numbers, for two versions of one matrix library.
#[derive(Clone)]
struct Example {
    name: &'static str,
    start: Vec<f64>,
    residuals: fn(&[f64]) -> Vec<f64>,
    jacobian: fn(&[f64]) -> Vec<f64>,
}

/// Residuals, Jacobian.
type Functions = (fn(&[f64]) -> Vec<f64>, fn(&[f64]) -> Vec<f64>);

/// (1) Minimum 0 at (1, 1).
const ROSENBROCK: Functions =
    (|p| vec![10.0 * (p[1] - p[0] * p[0]), 1.0 - p[0]], |p| vec![-20.0 * p[0], 10.0, -1.0, 0.0]);

/// (2) From (0.5, -2) a local minimum, 48.9842..., at (11.41..., -0.8968...).
const FREUDENSTEIN_ROTH: Functions = (
    |p| {
        let y = p[1];
        vec![-13.0 + p[0] + ((5.0 - y) * y - 2.0) * y, -29.0 + p[0] + ((y + 1.0) * y - 14.0) * y]
    },
    |p| {
        let y = p[1];
        vec![1.0, 10.0 * y - 3.0 * y * y - 2.0, 1.0, 3.0 * y * y + 2.0 * y - 14.0]
    },
);

/// (8) Bard: minimum 8.21487...e-3.
const BARD_Y: [f64; 15] = [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39];

fn bard_uvw(i: usize) -> (f64, f64, f64) {
    let (u, v) = ((i + 1) as f64, (15 - i) as f64);
    (u, v, u.min(v))
}

fn bard(p: &[f64]) -> Vec<f64> {
    let value = |i| {
        let (u, v, w) = bard_uvw(i);
        BARD_Y[i] - (p[0] + u / (v * p[1] + w * p[2]))
    };
    (0..15).map(value).collect()
}

fn bard_jacobian(p: &[f64]) -> Vec<f64> {
    let row = |i| {
        let (u, v, w) = bard_uvw(i);
        let below = (v * p[1] + w * p[2]).powi(2);
        [-1.0, u * v / below, u * w / below]
    };
    (0..15).flat_map(row).collect()
}

/// (13) Powell's singular function: minimum 0 at the origin, where the Jacobian has rank 2.
const POWELL: Functions = (
    |p| {
        let (a, b) = (p[1] - 2.0 * p[2], p[0] - p[3]);
        vec![p[0] + 10.0 * p[1], 5f64.sqrt() * (p[2] - p[3]), a * a, 10f64.sqrt() * b * b]
    },
    |p| {
        let (a, b) = (2.0 * (p[1] - 2.0 * p[2]), 2.0 * 10f64.sqrt() * (p[0] - p[3]));
        let five = 5f64.sqrt();
        [[1.0, 10.0, 0.0, 0.0], [0.0, 0.0, five, -five], [0.0, a, -2.0 * a, 0.0], [b, 0.0, 0.0, -b]].concat()
    },
);

fn examples() -> [Example; 4] {
    let example =
        |name, start: &[f64], (residuals, jacobian)| Example { name, start: start.to_vec(), residuals, jacobian };
    [
        example("Rosenbrock", &[-1.2, 1.0], ROSENBROCK),
        example("Freudenstein-Roth", &[0.5, -2.0], FREUDENSTEIN_ROTH),
        example("Bard", &[1.0, 1.0, 1.0], (bard, bard_jacobian)),
        example("Powell singular", &[3.0, -1.0, 0.0, 1.0], POWELL),
    ]
}

impl Problem for Example {
    type Error = Infallible;

    fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, Infallible> {
        Ok(DVector::from_vec((self.residuals)(p.as_slice())))
    }

    fn jacobian(&mut self, p: &DVector<f64>) -> Result<DMatrix<f64>, Infallible> {
        let rows = (self.jacobian)(p.as_slice());
        Ok(DMatrix::from_row_slice(rows.len() / p.len(), p.len(), &rows))
    }
}

/// The example where it stands.
struct Standing(Example, Vec<f64>);

impl LeastSquaresProblem<f64, oracle::Dyn, oracle::Dyn> for Standing {
    type ResidualStorage = oracle::VecStorage<f64, oracle::Dyn, oracle::U1>;
    type JacobianStorage = oracle::VecStorage<f64, oracle::Dyn, oracle::Dyn>;
    type ParameterStorage = oracle::VecStorage<f64, oracle::Dyn, oracle::U1>;

    fn set_params(&mut self, x: &oracle::DVector<f64>) {
        self.1 = x.as_slice().to_vec();
    }

    fn params(&self) -> oracle::DVector<f64> {
        oracle::DVector::from_column_slice(&self.1)
    }

    fn residuals(&self) -> Option<oracle::DVector<f64>> {
        Some(oracle::DVector::from_vec((self.0.residuals)(&self.1)))
    }

    fn jacobian(&self) -> Option<oracle::DMatrix<f64>> {
        let rows = (self.0.jacobian)(&self.1);
        Some(oracle::DMatrix::from_row_slice(rows.len() / self.1.len(), self.1.len(), &rows))
    }
}

/// Both end where the sum of squares is flat: sums to 1e-9 of the starting sum, parameters to 1e-5 (the root of its rounding,
/// times their condition), at Powell's minimum, which is flat to fourth order, to 1e-2.
#[test]
fn same_minima_as_minpack() {
    for example in examples() {
        let mut ours = example.clone();
        let fit =
            lm::minimise(&mut ours, DVector::from_column_slice(&example.start), &Options::default(), &mut lm::silent)
                .unwrap();
        let (theirs, report) = LevenbergMarquardt::new().minimize(Standing(example.clone(), example.start.clone()));
        let cost = 2.0 * report.objective_function;
        println!(
            "{:18} |r|² {:.6e} in {} residuals; MINPACK {:.6e} in {}; {:?}",
            example.name, fit.residual_norm_sq, fit.evaluations, cost, report.number_of_evaluations, fit.stop
        );
        assert!(fit.stop.converged() && report.termination.was_successful(), "{}: {}", example.name, fit.stop);
        let scale = fit.history[0].cost;
        assert!((fit.residual_norm_sq - cost).abs() <= 1e-9 * scale, "{}", example.name);
        let tolerance = if example.name == "Powell singular" { 1e-2 } else { 1e-5 };
        for (our, their) in fit.p.iter().zip(&theirs.1) {
            assert!((our - their).abs() <= tolerance * their.abs().max(1.0), "{}: {our}, not {their}", example.name);
        }
    }
}
