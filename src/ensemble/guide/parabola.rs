//! A smooth function of some variables, taken as a parabola.

use nalgebra::{DMatrix, DVector};

/// `f(x) ≈ f(x°) + J d + Σ_kl B_kl d_k d_l / 2`, with d = x - x° of some of the variables; values are vectors.
#[derive(Debug, Clone)]
pub struct Parabola {
    /// The variables that count.
    of: Vec<usize>,
    /// x° of these.
    x: DVector<f64>,
    value: DVector<f64>,
    /// J.
    slopes: DMatrix<f64>,
    /// For each variable k the `B_kl`, a column for each l.
    bends: Vec<DMatrix<f64>>,
}

/// How far from x° values are taken.
const STEP: f64 = 0.3;

impl Parabola {
    /// The parabola through values of `f` at and about x°; `None` where `f` has none.
    pub fn through<E>(
        x: &DVector<f64>,
        of: Vec<usize>,
        mut f: impl FnMut(&DVector<f64>) -> Result<Option<DVector<f64>>, E>,
    ) -> Result<Option<Self>, E> {
        let mut at = |steps: &[(usize, f64)]| {
            let mut x = x.clone();
            for (k, step) in steps {
                x[of[*k]] += step * STEP;
            }
            f(&x)
        };
        let n = of.len();
        let mut sides = Vec::with_capacity(n);
        for k in 0..n {
            let (Some(up), Some(down)) = (at(&[(k, 1.0)])?, at(&[(k, -1.0)])?) else { return Ok(None) };
            sides.push([up, down]);
        }
        let mut corners = Vec::new();
        for (k, l) in (0..n).flat_map(|k| (0..k).map(move |l| (k, l))) {
            let Some(corner) = at(&[(k, 1.0), (l, 1.0)])? else { return Ok(None) };
            corners.push((k, l, corner));
        }
        // Last, so that what f left behind is of x° itself.
        let Some(value) = at(&[])? else { return Ok(None) };
        let mut slopes = DMatrix::zeros(value.len(), n);
        let mut bends = vec![DMatrix::zeros(value.len(), n); n];
        for (k, [up, down]) in sides.iter().enumerate() {
            slopes.set_column(k, &((up - down) / (2.0 * STEP)));
            bends[k].set_column(k, &((up + down - &value * 2.0) / (STEP * STEP)));
        }
        for (k, l, corner) in corners {
            let straight = &sides[k][0] + &sides[l][0] - &value;
            let bend = (corner - straight) / (STEP * STEP);
            bends[k].set_column(l, &bend);
            bends[l].set_column(k, &bend);
        }
        let x = of.iter().map(|k| x[*k]).collect::<Vec<_>>().into();
        Ok(Some(Self { of, x, value, slopes, bends }))
    }

    fn away(&self, x: &DVector<f64>) -> DVector<f64> {
        DVector::from_iterator(self.of.len(), self.of.iter().map(|k| x[*k])) - &self.x
    }

    /// The slopes at d: `J + Σ_k B_k d_k`, times a share of what is beyond J.
    fn slopes_at(&self, d: &DVector<f64>, share: f64) -> DMatrix<f64> {
        let mut slopes = self.slopes.clone();
        for (bend, d) in self.bends.iter().zip(d.iter()) {
            slopes.zip_apply(bend, |slope, bend| *slope += share * d * bend);
        }
        slopes
    }

    /// The value at x.
    pub fn at(&self, x: &DVector<f64>) -> DVector<f64> {
        let d = self.away(x);
        &self.value + self.slopes_at(&d, 0.5) * d
    }

    /// Adds to `by_x` the slopes of `value · by` at x.
    pub fn pull(&self, x: &DVector<f64>, by: &DVector<f64>, by_x: &mut DVector<f64>) {
        let slopes = self.slopes_at(&self.away(x), 1.0).tr_mul(by);
        for (k, slope) in self.of.iter().zip(slopes.iter()) {
            by_x[*k] += slope;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_found_and_has_its_slopes() {
        let f = |x: &DVector<f64>| {
            let (a, b) = (x[0], x[2]);
            DVector::from_vec(vec![1.0 + a - 2.0 * b + 0.5 * a * b, a * a - b * b + 3.0])
        };
        let x = DVector::from_vec(vec![0.2, 5.0, -0.4]);
        let found = Parabola::through::<()>(&x, vec![0, 2], |x| Ok(Some(f(x)))).unwrap().unwrap();
        let there = DVector::from_vec(vec![1.1, -3.0, 0.7]);
        assert!((found.at(&there) - f(&there)).amax() < 1e-12);
        let by = DVector::from_vec(vec![0.3, -0.8]);
        let mut slopes = DVector::zeros(3);
        found.pull(&there, &by, &mut slopes);
        let expected = [0.3 * (1.0 + 0.35) - 0.8 * 2.2, 0.0, 0.3 * (-2.0 + 0.55) + 0.8 * 1.4];
        assert!((slopes - DVector::from_row_slice(&expected)).amax() < 1e-12);
        assert!(Parabola::through::<()>(&x, vec![0], |x| Ok((x[0] < 0.3).then(|| f(x)))).unwrap().is_none());
    }
}
