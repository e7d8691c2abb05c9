//! One linear problem and its damped steps, inside the box.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use super::SMALL;
use super::bounds::Bounds;
use super::products::{cholesky, squared};
use super::result::positive_or_one;
use super::singular::Singular;

/// A Cholesky factor whose pivots differ by more than this has lost half of the digits of the step.
const WORST_PIVOTS: f64 = 1e-7;

/// Least damping of the Cholesky factor: with n unit columns its condition stays below n / 1e-10.
const LEAST_DAMPING: f64 = 1e-10;

/// Up to so many parameters singular values cost next to nothing.
const FEW: usize = 16;

/// From this `λ` on the products of up to [`SMALL`] columns give steps that are right to some 1e-6: their condition is below
/// the number of columns over `λ`, and no column is longer than one.
const TRUSTED_DAMPING: f64 = 1e-8;

/// `r + J δ` about one point, with all that its steps for several `λ` have in common.
pub(super) struct Linear<'a> {
    /// The point, n.
    pub p: &'a DVector<f64>,
    /// `r(p)`, m.
    pub residuals: &'a DVector<f64>,
    /// `J(p)`, m × n.
    pub jacobian: &'a DMatrix<f64>,
    /// `D`, n.
    pub scale: &'a DVector<f64>,
    /// The box around `p`.
    pub bounds: &'a Bounds,
    /// See [`super::Options::rank_tolerance`].
    pub rank_tolerance: f64,
}

impl Linear<'_> {
    /// The parameters that may move, and the factor of their columns.
    pub(super) fn factor(&self, free: Vec<usize>) -> Factor {
        let mut scaled = self.jacobian.select_columns(&free);
        for (mut column, &j) in scaled.column_iter_mut().zip(&free) {
            column /= positive_or_one(self.scale[j]);
        }
        Factor::new(free, scaled, self.rank_tolerance)
    }

    /// `δ` for one `λ`. Parameters that it would carry out of the box are set on their bound and the others solved again.
    pub(super) fn step(&self, factor: &mut Factor, lambda: f64) -> DVector<f64> {
        let mut step = DVector::zeros(self.p.len());
        self.spread(factor, lambda, &mut step);
        let mut free = factor.free.clone();
        while self.stop_at_bounds(&mut free, &mut step) && !free.is_empty() {
            self.spread(&mut self.factor(free.clone()), lambda, &mut step);
        }
        step
    }

    /// Solves for the factor's parameters, those of the others given, and writes them into `step`.
    fn spread(&self, factor: &mut Factor, lambda: f64, step: &mut DVector<f64>) {
        for &j in &factor.free {
            step[j] = 0.0;
        }
        let target = -(self.residuals + self.jacobian * &*step);
        *step += self.solve(factor, &target, lambda);
    }

    /// The damped solution of `J x = target` in the free parameters, zero in the others.
    pub(super) fn solve(&self, factor: &mut Factor, target: &DVector<f64>, lambda: f64) -> DVector<f64> {
        let mut x = DVector::zeros(self.p.len());
        let solution = factor.solve(target, lambda);
        for (&j, value) in factor.free.iter().zip(solution.iter()) {
            x[j] = value / positive_or_one(self.scale[j]);
        }
        x
    }

    /// Moves what left the box back to its bound, and out of `free`; false where nothing had left.
    fn stop_at_bounds(&self, free: &mut Vec<usize>, step: &mut DVector<f64>) -> bool {
        let inside = self.bounds.clip(self.p + &*step);
        let before = free.len();
        free.retain(|&j| !self.bounds.left_by(j, self.p[j] + step[j]));
        for j in 0..step.len() {
            if self.bounds.left_by(j, self.p[j] + step[j]) {
                step[j] = inside[j] - self.p[j];
            }
        }
        free.len() < before
    }

    /// By how much the linear model lowers `|r|²`: `-2 r·Jδ - |Jδ|²`.
    pub(super) fn promised(&self, step: &DVector<f64>) -> f64 {
        let change = self.jacobian * step;
        -2.0 * self.residuals.dot(&change) - change.norm_squared()
    }

    /// `|D x|`.
    pub(super) fn scaled_norm(&self, x: &DVector<f64>) -> f64 {
        x.component_mul(self.scale).norm()
    }
}

/// The scaled columns of the free parameters, ready to be solved for any `λ`.
pub(super) struct Factor {
    free: Vec<usize>,
    scaled: DMatrix<f64>,
    rank_tolerance: f64,
    form: Form,
}

enum Form {
    /// Singular values and the numerical rank.
    Singular(Singular, usize),
    /// Products of columns or rows.
    Products(Products),
}

impl Factor {
    fn new(free: Vec<usize>, scaled: DMatrix<f64>, rank_tolerance: f64) -> Self {
        let form =
            if free.len() <= FEW { singular(&scaled, rank_tolerance) } else { Form::Products(Products::of(&scaled)) };
        Self { free, scaled, rank_tolerance, form }
    }

    /// `x` that minimises `|A x - b|² + λ |x|²`.
    fn solve(&mut self, b: &DVector<f64>, lambda: f64) -> DVector<f64> {
        let trusted = self.free.len() > SMALL || lambda >= TRUSTED_DAMPING;
        if let Form::Products(products) = &mut self.form {
            if let Some(solution) = products.solve(&self.scaled, b, lambda).filter(|_| trusted) {
                return solution;
            }
            self.form = singular(&self.scaled, self.rank_tolerance);
        }
        match &self.form {
            Form::Singular(singular, rank) => singular.solve(b, lambda, *rank),
            Form::Products(_) => DVector::zeros(self.free.len()),
        }
    }
}

/// The smaller of `AᵀA` and `AAᵀ`: `(AᵀA + λ)⁻¹ Aᵀ = Aᵀ (AAᵀ + λ)⁻¹`.
struct Products {
    matrix: DMatrix<f64>,
    /// Of rows, `AAᵀ`?
    of_rows: bool,
    /// The last `λ`, and its factor where there is one: a step and its bend share it.
    last: Option<(f64, Option<Cholesky<f64, Dyn>>)>,
}

impl Products {
    fn of(a: &DMatrix<f64>) -> Self {
        let of_rows = a.nrows() < a.ncols();
        Self { matrix: squared(a, of_rows), of_rows, last: None }
    }

    /// `x` that minimises `|A x - b|² + λ |x|²`, unless rounding has spoilt it.
    fn solve(&mut self, a: &DMatrix<f64>, b: &DVector<f64>, lambda: f64) -> Option<DVector<f64>> {
        let of_rows = self.of_rows;
        let factor = self.factor(lambda)?;
        Some(if of_rows { a.tr_mul(&factor.solve(b)) } else { factor.solve(&a.tr_mul(b)) })
    }

    fn factor(&mut self, lambda: f64) -> Option<&Cholesky<f64, Dyn>> {
        if self.last.as_ref().is_none_or(|last| last.0 != lambda) {
            self.last = Some((lambda, damped_cholesky(&self.matrix, lambda)));
        }
        self.last.as_ref()?.1.as_ref()
    }
}

fn singular(scaled: &DMatrix<f64>, tolerance: f64) -> Form {
    let singular = Singular::of(scaled);
    let rank = singular.rank(tolerance);
    Form::Singular(singular, rank)
}

/// The factor of `products + λ`, unless rounding has spoilt it.
fn damped_cholesky(products: &DMatrix<f64>, lambda: f64) -> Option<Cholesky<f64, Dyn>> {
    let mut damped = products.clone();
    for i in 0..damped.nrows() {
        damped[(i, i)] += lambda.max(LEAST_DAMPING);
    }
    let factor = cholesky(damped)?;
    let pivots = factor.l_dirty().diagonal();
    (pivots.min() > WORST_PIVOTS * pivots.max()).then_some(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(m: usize, n: usize) -> DMatrix<f64> {
        DMatrix::from_fn(m, n, |i, j| ((1 + i * i) as f64 * (1.3 + j as f64)).sin())
    }

    #[test]
    fn products_of_rows_and_columns_and_singular_values_give_one_solution() {
        for (m, n) in [(60, 130), (120, 120), (200, 110), (90, 40)] {
            let (a, b) = (wave(m, n), DVector::from_fn(m, |i, _| (0.7 * i as f64).cos()));
            for lambda in [1e-3, 1.0] {
                let singular = Singular::of(&a);
                let expected = singular.solve(&b, lambda, singular.rank(1e-12));
                for (of_rows, matrix) in [(true, &a * a.transpose()), (false, a.transpose() * &a)] {
                    let mut products = Products { matrix, of_rows, last: None };
                    let got = products.solve(&a, &b, lambda).unwrap();
                    assert!((got - &expected).norm() < 1e-9 * expected.norm(), "{m} {n} {lambda} {of_rows}");
                }
            }
        }
    }

    #[test]
    fn a_step_into_bounds_solves_the_damped_equations_of_the_rest() {
        for (m, n) in [(60, 130), (200, 110)] {
            let (jacobian, residuals) = (wave(m, n), DVector::from_fn(m, |i, _| (0.7 * i as f64).cos()));
            let scale = DVector::from_iterator(n, jacobian.column_iter().map(|column| column.norm()));
            let (p, bounds) = (DVector::zeros(n), Bounds::new::<()>(&vec![(-0.02, 0.02); n], n).unwrap());
            let linear = Linear {
                p: &p,
                residuals: &residuals,
                jacobian: &jacobian,
                scale: &scale,
                bounds: &bounds,
                rank_tolerance: 1e-12,
            };
            let step = linear.step(&mut linear.factor((0..n).collect()), 1e-2);
            let slope = jacobian.tr_mul(&(&residuals + &jacobian * &step));
            let free: Vec<usize> = (0..n).filter(|&j| step[j].abs() < 0.02).collect();
            assert!(!free.is_empty() && free.len() < n, "the test lost its point: {} of {n}", free.len());
            for j in free {
                assert!((slope[j] + 1e-2 * scale[j].powi(2) * step[j]).abs() < 1e-9 * scale[j], "{m} {n} {j}");
            }
        }
    }
}
