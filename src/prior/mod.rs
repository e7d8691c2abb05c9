//! What is known of refined parameters before the data, as a map from standard normal variables.
//!
//! A [`Prior`] turns latent variables x, each standard normal beforehand, into values p of the free parameters. In x, what
//! was known is the same everywhere, `|x|²/2`, so that least squares and samplers need to know nothing else.
//!
//! | parameter | beforehand | p(x) |
//! |---|---|---|
//! | any with `sigma` in the job | start ± sigma | `start + sigma x` |
//! | U, second U, U inside molecules | start times or over [`U_FACTOR`] | `start U_FACTOR^x`, less near a lower bound |
//! | scale, particle diameter | start times or over [`SCALE_FACTOR`], [`DIAMETER_FACTOR`] | the same |
//! | edges, angles of the cell, occupancies, the others | start ± a width | `start + width x` |
//! | positions of atoms, shifts and turns of bodies | a mixture, see below | `start + R(|x|) x/|x|` |
//!
//! **Positions.** How far atoms are from where the model has them is what is to be found out, so it must not be put in. The
//! atoms of an element (the shifts of all bodies, their turns) make a [`Group`], of which a share φ is displaced by a wide normal
//! distribution and the others by a narrow one:
//!
//! ```text
//! p(δ) = (1 - φ) N(0, s²) + φ N(0, w²),     ln s ~ N(ln narrow, ln² factor),     φ uniform between 0 and most
//! ```
//!
//! Both s and φ are latent variables of their own, which the data choose. A displacement keeps the direction of its normal
//! vector and gets the length that [`Mixture::length`] gives it.
//!
//! What is known to a factor, and has a lower bound l > 0, is `l + a (factor^x)^(start/a)` with `a = max(start - l, start/2)`, which
//! has the same slope in the middle and does not reach l. Other bounds of the job are kept: where a value is beyond one, [`Prior::allowed`] says so.

mod bonds;
mod groups;
mod mixture;

pub use bonds::{BondPrior, Breaking};
pub use groups::{Group, Width};
pub use mixture::{Length, Mixture};

use nalgebra::{DMatrix, DVector};

use crate::params::{Binding, Free, Quantity, Variable, Whole};
use groups::{Cluster, Placed};

/// U is known to this factor.
pub const U_FACTOR: f64 = 1.35;
/// The scale is known to this factor: what normalisations leave open.
pub const SCALE_FACTOR: f64 = 1.25;
/// A particle's diameter is known to this factor.
pub const DIAMETER_FACTOR: f64 = 2.0;
/// Edges of the cell are known to this share of their length.
const EDGE: f64 = 0.005;

/// What is known of every free parameter of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    rules: Vec<Rule>,
    bounds: Vec<(f64, f64)>,
    clusters: Vec<Cluster>,
    /// The groups of displacements; each has two latent variables after those of the parameters.
    pub groups: Vec<Group>,
}

/// How one parameter follows from latent variables.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    Normal {
        start: f64,
        sigma: f64,
    },
    /// `low + above e^(log x)`
    Factor {
        low: f64,
        above: f64,
        log: f64,
    },
    /// By its cluster.
    Displaced {
        start: f64,
    },
}

impl Prior {
    /// What is known of the free parameters of `binding`; displacements as `width` says.
    pub fn new(binding: &Binding, width: &Width) -> Self {
        let variables: Vec<&Variable> = binding.free.iter().map(|free| &binding.variables()[free.variable]).collect();
        let (clusters, groups) = groups::clusters(binding, &variables, width);
        let rules = binding.free.iter().zip(&variables).map(|(free, variable)| rule(free, variable));
        Self { rules: rules.collect(), bounds: binding.free.iter().map(|free| free.bounds).collect(), clusters, groups }
    }

    /// How many latent variables there are: one for each parameter and two for each group.
    pub fn len(&self) -> usize {
        self.rules.len() + 2 * self.groups.len()
    }

    /// Is nothing refined?
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The parameters' values at x.
    ///
    /// # Panics
    /// Where x is shorter than [`Prior::len`].
    pub fn values(&self, x: &DVector<f64>) -> Vec<f64> {
        let mut p: Vec<f64> = self.rules.iter().zip(x.iter()).map(|(rule, x)| rule.value(*x)).collect();
        for cluster in &self.clusters {
            let placed = self.place(cluster, x);
            for (k, member) in cluster.members.iter().enumerate() {
                p[member.parameter] += placed.displacement(k) / member.unit;
            }
        }
        p
    }

    /// Does every value lie within its bounds?
    pub fn allowed(&self, p: &[f64]) -> bool {
        p.iter().zip(&self.bounds).all(|(p, (low, high))| (low..=high).contains(&p))
    }

    /// The latent variables' derivatives from those of the parameters: `∂/∂x = ∂/∂p ∂p/∂x`, rows × [`Prior::len`].
    ///
    /// # Panics
    /// Where there is not one column for each parameter.
    pub fn columns(&self, x: &DVector<f64>, by_parameter: &DMatrix<f64>) -> DMatrix<f64> {
        assert_eq!(by_parameter.ncols(), self.rules.len(), "one column for each parameter");
        let mut columns = by_parameter.clone().resize_horizontally(self.len(), 0.0);
        for (k, rule) in self.rules.iter().enumerate() {
            columns.column_mut(k).scale_mut(rule.slope(x[k]));
        }
        for cluster in &self.clusters {
            let placed = self.place(cluster, x);
            let [width, share] = self.group_columns(cluster.group);
            for (k, of) in cluster.members.iter().enumerate() {
                let source = by_parameter.column(of.parameter) / of.unit;
                for (c, by) in cluster.members.iter().enumerate() {
                    columns.column_mut(by.parameter).axpy(placed.slope(k, c), &source, 1.0);
                }
                columns.column_mut(width).axpy(placed.by_width(k), &source, 1.0);
                columns.column_mut(share).axpy(placed.by_share(k), &source, 1.0);
            }
        }
        columns
    }

    /// The latent variables of a group's width and share.
    fn group_columns(&self, group: usize) -> [usize; 2] {
        let first = self.rules.len() + 2 * group;
        [first, first + 1]
    }

    fn mixture(&self, group: usize, dimensions: usize, x: &DVector<f64>) -> Mixture {
        let [width, share] = self.group_columns(group);
        self.groups[group].mixture(dimensions, x[width], x[share])
    }

    fn place(&self, cluster: &Cluster, x: &DVector<f64>) -> Placed {
        let [_, share] = self.group_columns(cluster.group);
        let direction: Vec<f64> = cluster.members.iter().map(|member| x[member.parameter]).collect();
        let mixture = self.mixture(cluster.group, direction.len(), x);
        Placed::new(&self.groups[cluster.group], &mixture, direction, x[share])
    }
}

impl Rule {
    fn value(self, x: f64) -> f64 {
        match self {
            Self::Normal { start, sigma } => start + sigma * x,
            Self::Factor { low, above, log } => low + above * (log * x).exp(),
            Self::Displaced { start } => start,
        }
    }

    fn slope(self, x: f64) -> f64 {
        match self {
            Self::Normal { sigma, .. } => sigma,
            Self::Factor { above, log, .. } => above * log * (log * x).exp(),
            // What clusters add is all.
            Self::Displaced { .. } => 0.0,
        }
    }
}

fn rule(free: &Free, variable: &Variable) -> Rule {
    let start = free.start;
    let factor = |factor: f64| known_to(factor, start, free.bounds.0);
    let normal = |sigma: f64| Rule::Normal { start, sigma };
    if let Some(sigma) = free.sigma {
        return normal(sigma);
    }
    match variable.quantity() {
        Quantity::Position { .. } | Quantity::Body { .. } => Rule::Displaced { start },
        Quantity::Uiso(_) | Quantity::Beyond(_) | Quantity::Inside(_) if start > 0.0 => factor(U_FACTOR),
        Quantity::Whole(Whole::Scale) if start > 0.0 => factor(SCALE_FACTOR),
        Quantity::Whole(Whole::Spdiameter) if start > 0.0 => factor(DIAMETER_FACTOR),
        Quantity::Cell { pivot, .. } if *pivot < 3 => normal(EDGE * start),
        Quantity::Cell { .. } => normal(0.5),
        Quantity::Occ(_) => normal(0.2),
        Quantity::Whole(Whole::Qdamp | Whole::Qbroad) => normal(0.3 * start.abs().max(0.02)),
        Quantity::Whole(Whole::Delta1 | Whole::Delta2) => normal(2.0),
        Quantity::Whole(_) => normal(0.3 * start.abs().max(0.1)),
        _ => normal((0.3 * start).abs().max(0.003)),
    }
}

/// What is known to a factor and never goes to its lower bound: as wide about its middle as without one.
///
/// A start at the bound, where a refinement has ended, is no knowledge: its middle is half as much again.
fn known_to(factor: f64, start: f64, bound: f64) -> Rule {
    let low = bound.max(0.0);
    let above = (start - low).max(0.5 * start);
    Rule::Factor { low, above, log: factor.ln() * start / above }
}
