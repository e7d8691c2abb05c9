//! The least squares against the certified values of the NIST Statistical Reference Datasets (nonlinear regression).
//!
//! Digits are the logarithm of the relative error, LRE = -log10(|found - certified| / |certified|), at most the eleven digits
//! that the files certify.

#[path = "nist/file.rs"]
mod file;
#[path = "nist/models.rs"]
mod models;

use std::convert::Infallible;

use corefine::lm::{self, Fit, Options, Problem};
use nalgebra::{DMatrix, DVector};

use file::Dataset;
use models::Model;

/// A data set of the collection: its text, its model, and how many digits the fit must reach.
struct Case {
    data: Dataset,
    model: Model,
}

macro_rules! cases {
    ($($name:literal $model:ident;)*) => {
        vec![$(Case {
            data: Dataset::read($name, include_str!(concat!("nist/strd/", $name, ".dat"))),
            model: models::$model,
        }),*]
    };
}

/// All of the collection: lower, average, higher difficulty.
fn cases() -> Vec<Case> {
    cases! {
        "Misra1a" saturation; "Chwirut2" chwirut; "Chwirut1" chwirut; "Lanczos3" lanczos; "Gauss1" gauss; "Gauss2" gauss;
        "DanWood" dan_wood; "Misra1b" misra1b;
        "Kirby2" rational; "Hahn1" rational; "Nelson" nelson; "MGH17" mgh17; "Lanczos1" lanczos; "Lanczos2" lanczos;
        "Gauss3" gauss; "Misra1c" misra1c; "Misra1d" misra1d; "Roszman1" roszman; "ENSO" enso;
        "MGH09" mgh09; "Thurber" rational; "BoxBOD" saturation; "Rat42" rat42; "MGH10" mgh10; "Eckerle4" eckerle4;
        "Rat43" rat43; "Bennett5" bennett5;
    }
}

impl Case {
    /// Nelson's model is one of log y.
    fn observed(&self, k: usize) -> f64 {
        let y = self.data.y[k];
        if self.data.name == "Nelson" { y.ln() } else { y }
    }

    fn fit(&self, start: &[f64]) -> Fit {
        lm::minimise(&mut &*self, DVector::from_column_slice(start), &options(), &mut lm::silent).unwrap()
    }
}

impl Problem for &Case {
    type Error = Infallible;

    fn residuals(&mut self, b: &DVector<f64>) -> Result<DVector<f64>, Infallible> {
        let mut unused = vec![0.0; b.len()];
        let value = |k: usize| (self.model)(b.as_slice(), &self.data.x[k], &mut unused) - self.observed(k);
        Ok(DVector::from_iterator(self.data.y.len(), (0..self.data.y.len()).map(value)))
    }

    fn jacobian(&mut self, b: &DVector<f64>) -> Result<DMatrix<f64>, Infallible> {
        let mut jacobian = DMatrix::zeros(self.data.y.len(), b.len());
        let mut row = vec![0.0; b.len()];
        for k in 0..self.data.y.len() {
            (self.model)(b.as_slice(), &self.data.x[k], &mut row);
            jacobian.row_mut(k).copy_from_slice(&row);
        }
        Ok(jacobian)
    }
}

/// The tightest that makes sense, to see all digits.
fn options() -> Options {
    Options { max_iterations: 2000, ftol: 1e-15, xtol: 1e-13, gtol: 1e-15, ..Options::default() }
}

/// Correct digits, at most eleven.
fn digits(found: f64, certified: f64) -> f64 {
    let error = ((found - certified) / certified).abs();
    if error.is_nan() { 0.0 } else { (-error.log10()).clamp(0.0, 11.0) }
}

fn fewest(digits: impl Iterator<Item = f64>) -> f64 {
    digits.fold(f64::INFINITY, f64::min)
}

#[test]
fn certified_values_from_both_starts() {
    println!("{:9} start  digits of p  esd  |r|²  rank  cond     iter eval  stop", "problem");
    let mut failures = Vec::new();
    for case in cases() {
        for (which, start) in case.data.starts.iter().enumerate() {
            let fit = case.fit(start);
            let freedom = case.data.degrees_of_freedom();
            let variance = fit.residual_norm_sq / freedom;
            let of_p = fewest((0..fit.p.len()).map(|j| digits(fit.p[j], case.data.certified[j])));
            let of_esd = fewest((0..fit.p.len()).map(|j| {
                let esd = fit.esd(j).map_or(f64::NAN, |esd| esd * variance.sqrt());
                digits(esd, case.data.certified_esd[j])
            }));
            let of_cost = digits(fit.residual_norm_sq, case.data.certified_sum_of_squares);
            let s = &fit.singular_values;
            println!(
                "{:9} {}      {:8.1}  {:8.1} {:5.1} {:3}/{} {:8.1e}  {:4} {:4}  {:?}",
                case.data.name,
                which + 1,
                of_p,
                of_esd,
                of_cost,
                fit.rank,
                fit.p.len(),
                s[0] / s[s.len() - 1],
                fit.iterations,
                fit.evaluations,
                fit.stop
            );
            if of_p < 6.0 || of_esd < 5.0 || !fit.stop.converged() {
                failures.push(format!("{} from start {}", case.data.name, which + 1));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn derivatives_match_central_differences() {
    for case in cases() {
        for start in &case.data.starts {
            check_derivatives(&case, start);
        }
        check_derivatives(&case, &case.data.certified);
    }
}

/// Differences with a step h err by about ε^(2/3) of the value over the parameter; a hundred times that is allowed.
fn check_derivatives(case: &Case, b: &[f64]) {
    let jacobian = (&mut &*case).jacobian(&DVector::from_column_slice(b)).unwrap();
    for j in 0..b.len() {
        let h = 6e-6 * b[j].abs();
        let shifted = |h: f64| {
            let mut b = DVector::from_column_slice(b);
            b[j] += h;
            (&mut &*case).residuals(&b).unwrap()
        };
        let difference = (shifted(h) - shifted(-h)) / (2.0 * h);
        let size = jacobian.column(j).amax();
        let error = (&difference - jacobian.column(j)).amax();
        let noise = shifted(0.0).amax().max(case.data.y.iter().fold(0.0, |a: f64, y| a.max(y.abs()))) * 1e-15 / h;
        assert!(error <= 3e-8 * size + noise, "{}: ∂/∂b{} off by {error:e} of {size:e}", case.data.name, j + 1);
    }
}
