//! A fit like the one that this program is for: far more parameters than the curve has independent points.

use std::convert::Infallible;

use corefine::lm::{self, Options, Problem};
use nalgebra::{DMatrix, DVector, Vector3};

const CENTRES: usize = 16;
const NEIGHBOURS: usize = 12;
const POINTS: usize = 351;
/// Places of the centres, scale, three lengths of the cell, four widths: 56.
const PARAMETERS: usize = 3 * CENTRES + 8;

/// Centres in cages of fixed neighbours. The residuals are those of `scale Σ w exp(-(r - d)² / 2σ²) / (d σ)` from 1.0 to 4.5 Å,
/// with d the distances; σ² = U of the neighbour's class + 0.13², as wide as a truncation at 23.5 1/Å leaves it.
struct Cages {
    /// Offsets from each centre's starting place, and the class of each neighbour.
    neighbours: Vec<Vec<(Vector3<f64>, usize)>>,
    target: DVector<f64>,
    jacobians: usize,
}

/// Numbers from 0 to 1 that are the same everywhere (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn direction(&mut self) -> Vector3<f64> {
        Vector3::from_fn(|_, _| self.roll() - 0.5).normalize()
    }
}

impl Cages {
    /// Four neighbours at 1.98 Å, four at 2.9 to 3.1, four at 4.0 to 4.3; the truth displaces the centres by `displacement` Å.
    fn new(displacement: f64) -> (Self, DVector<f64>) {
        let mut dice = Dice(7);
        let mut shell = |from: f64, to: f64, class: usize| {
            let length = from + (to - from) * dice.roll();
            (dice.direction() * length, class)
        };
        let cage = |_| {
            let class = |k: usize| [(1.95, 2.0, 0), (2.9, 3.1, 1), (4.0, 4.3, 2 + k % 2)][k / 4];
            (0..NEIGHBOURS).map(|k| shell(class(k).0, class(k).1, class(k).2)).collect()
        };
        let neighbours = (0..CENTRES).map(cage).collect();
        let mut cages = Self { neighbours, target: DVector::zeros(POINTS), jacobians: 0 };
        let mut dice = Dice(11);
        let mut truth = start();
        for j in 0..3 * CENTRES {
            truth[j] = displacement * (2.0 * dice.roll() - 1.0);
        }
        for (j, value) in
            [(48, 1.1), (49, 1.01), (50, 0.995), (51, 1.004), (52, 0.004), (53, 0.008), (54, 0.012), (55, 0.02)]
        {
            truth[j] = value;
        }
        cages.target = cages.curve(&truth, None);
        (cages, truth)
    }

    fn curve(&self, p: &DVector<f64>, mut jacobian: Option<&mut DMatrix<f64>>) -> DVector<f64> {
        let mut curve = DVector::zeros(POINTS);
        let cell = Vector3::new(p[49], p[50], p[51]);
        for (centre, neighbours) in self.neighbours.iter().enumerate() {
            let place = Vector3::new(p[3 * centre], p[3 * centre + 1], p[3 * centre + 2]);
            for (offset, class) in neighbours {
                let fractional = offset - place;
                let arrow = fractional.component_mul(&cell);
                let d = arrow.norm();
                let variance = p[52 + class] + 0.13f64.powi(2);
                let sigma = variance.sqrt();
                for k in 0..POINTS {
                    let t = (1.0 + 0.01 * k as f64 - d) / sigma;
                    let shape = (-0.5 * t * t).exp() / (d * sigma * CENTRES as f64);
                    curve[k] += p[48] * shape;
                    if let Some(j) = jacobian.as_deref_mut() {
                        let by_d = p[48] * shape * (t / sigma - 1.0 / d);
                        for axis in 0..3 {
                            j[(k, 3 * centre + axis)] -= by_d * arrow[axis] * cell[axis] / d;
                            j[(k, 49 + axis)] += by_d * arrow[axis] * fractional[axis] / d;
                        }
                        j[(k, 48)] += shape;
                        j[(k, 52 + class)] += p[48] * shape * (t * t - 1.0) / (2.0 * variance);
                    }
                }
            }
        }
        curve
    }
}

fn start() -> DVector<f64> {
    let mut p = DVector::zeros(PARAMETERS);
    p.rows_mut(48, 4).fill(1.0);
    p.rows_mut(52, 4).fill(0.006);
    p
}

impl Problem for Cages {
    type Error = Infallible;

    fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, Infallible> {
        Ok(self.curve(p, None) - &self.target)
    }

    fn jacobian(&mut self, p: &DVector<f64>) -> Result<DMatrix<f64>, Infallible> {
        self.jacobians += 1;
        let mut jacobian = DMatrix::zeros(POINTS, PARAMETERS);
        self.curve(p, Some(&mut jacobian));
        Ok(jacobian)
    }
}

fn bounds() -> Vec<(f64, f64)> {
    (0..PARAMETERS).map(|j| if j < 52 { (f64::NEG_INFINITY, f64::INFINITY) } else { (0.0005, 0.2) }).collect()
}

#[test]
fn fifty_six_parameters_of_which_the_curve_knows_half() {
    for displacement in [0.1, 0.3, 0.6] {
        for acceleration in [true, false] {
            let (mut cages, _) = Cages::new(displacement);
            let scale = cages.target.norm_squared();
            let options =
                Options { acceleration, bounds: bounds(), exact: 1e-12 * scale, ..Options::with_tolerance(1e-8, 200) };
            let begun = std::time::Instant::now();
            let fit = lm::minimise(&mut cages, start(), &options, &mut lm::silent).unwrap();
            let rw = |cost: f64| (cost / scale).sqrt();
            let reached = fit.history.iter().position(|h| rw(h.cost) < 1e-4);
            let significant = fit.singular_values.iter().filter(|&&s| s > 1e-4 * fit.singular_values[0]).count();
            println!(
                "displaced {displacement} Å, acceleration {acceleration}: Rw {:.3} -> {:.2e}, < 1e-4 after {reached:?}, {} iterations, {} residuals, rank {} ({significant} > 1e-4), {:?}, {:.0?}",
                rw(fit.history[0].cost),
                rw(fit.residual_norm_sq),
                fit.iterations,
                fit.evaluations,
                fit.rank,
                fit.stop,
                begun.elapsed()
            );
            if acceleration {
                assert!(fit.stop.converged() && rw(fit.residual_norm_sq) < 1e-5, "{displacement}: {}", fit.stop);
                assert!(reached.is_some_and(|iteration| iteration <= 30), "{displacement}: {reached:?}");
            }
        }
    }
}
