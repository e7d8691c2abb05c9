//! Restraints: what is known of a structure beside the data, as residuals that least squares add to those of the data.
//!
//! Every term has a value v (a distance d, an angle θ, a displacement, a parameter), a target t, a standard deviation s,
//! and adds the square of `√(W m) · pull` to the sum of squares:
//!
//! ```text
//! Distance, Angle    pull = sign(v - t) max(|v - t| - within, 0)/s      a flat bottom of ± within; harmonic where it is 0
//! Apart              pull = min(d - least, 0)/s                          a wall: nothing from `least` on
//! Displacement       pull = [A (x - x0)]_k/s, k = 1, 2, 3                A: cell vectors now, x: fractions, x0: at the start
//! sigma              pull = (p - start)/s                                of a refined parameter p
//! ```
//!
//! W is the job's `restraint_weight`. m is the multiplicity of the site that a centre stands for (1 of `sigma`), so that a
//! restraint adds as much in a space group as in P1; occupancies do not count: a bond of a half-filled site is known as well
//! as another. Lengths in Å, angles in degrees.
//!
//! Everything is fixed at the start: which bonds there are ([`crate::histogram::bonds`]), each one's own length where no
//! target is given, and which pairs `Apart` watches, those within `least` + 1.5 Å then.

mod build;
mod places;
mod term;

use nalgebra::DMatrix;

use crate::crystal::Crystal;
use crate::histogram::HistogramError;
use crate::job::Job;
use crate::outcome::RestraintResult;
use crate::params::{Binding, State};
use crate::tangent::Tangent;
use term::{Arm, Quantity, Term};

pub use places::RestraintsInPlaces;

/// All restraints of a job on one structure, fixed where that starts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Restraints {
    terms: Vec<Term>,
    words: Vec<Words>,
    /// For each arm of all terms the term that it belongs to.
    rows: Vec<usize>,
    /// For each atom the arms that it moves, and to which side.
    touched: Vec<Vec<(usize, f64)>>,
    /// What a user should know of them.
    pub warnings: Vec<String>,
}

/// What a term is called.
#[derive(Debug, Clone, PartialEq)]
struct Words {
    kind: &'static str,
    of: String,
    name: String,
    unit: &'static str,
}

/// Restraints that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RestraintError {
    /// Not the shape of a pair or an angle.
    #[error("restraints: \"{of}\" is not {needed}")]
    Shape {
        /// The text.
        of: String,
        /// What was expected.
        needed: &'static str,
    },
    /// No such element.
    #[error("restraints: \"{of}\" needs {element}, and the structure has none (it has {known})")]
    NoElement {
        /// The text.
        of: String,
        /// What is missing.
        element: String,
        /// The elements that it has.
        known: String,
    },
    /// Neither an element nor the label of a site.
    #[error("restraints: the structure has no element or site \"{of}\" (its elements are {known})")]
    NoSite {
        /// The text.
        of: String,
        /// The elements that it has.
        known: String,
    },
    /// An end that no phase and no data set has.
    #[error("restraints: {0}")]
    Scope(#[from] crate::job::ScopeError),
    /// The bonds to follow.
    #[error(transparent)]
    Bonds(#[from] HistogramError),
    /// More terms than least squares can hold.
    #[error("restraints: \"{of}\" brings the terms to {count}, and {most} can be used; take a smaller `least`")]
    TooMany {
        /// Of which restraint.
        of: String,
        /// How many.
        count: usize,
        /// The limit.
        most: usize,
    },
}

impl Restraints {
    /// The restraints of a job of one phase on what `binding` moves, fixed in the structure `start` at its starting values.
    ///
    /// Those by `sigma` of a refined parameter come first, then the job's list in its order.
    ///
    /// # Errors
    /// Elements or sites that are not there, numbers of neighbours that make no sense, too many pairs to watch.
    pub fn new(job: &Job, binding: &Binding, start: &State) -> Result<Self, RestraintError> {
        let knows_molecules = job.phase().molecules.is_some();
        let (restraints, weight) = (&job.restraints[..], job.restraint_weight);
        build::restraints(&build::Asked { restraints, weight, knows_molecules, parameters: Some(binding) }, start)
    }

    fn of(terms: Vec<Term>, words: Vec<Words>, warnings: Vec<String>, crystal: &Crystal) -> Self {
        let mut restraints =
            Self { terms, words, warnings, rows: Vec::new(), touched: vec![Vec::new(); crystal.atoms.len()] };
        for (row, term) in restraints.terms.iter().enumerate() {
            for arm in term.arms(crystal).into_iter().flat_map(|(_, arms)| arms).flatten() {
                let number = restraints.rows.len();
                restraints.rows.push(row);
                restraints.touched[arm.to].push((number, 1.0));
                if let Some(from) = arm.from {
                    restraints.touched[from].push((number, -1.0));
                }
            }
        }
        restraints
    }

    /// Those that are no `sigma` of a parameter; `crystal` is that of the start.
    #[must_use]
    pub fn of_structure(&self, crystal: &Crystal) -> Self {
        let kept = |k: &usize| !matches!(self.terms[*k].quantity, Quantity::Parameter(_));
        let kept: Vec<usize> = (0..self.terms.len()).filter(kept).collect();
        let terms = kept.iter().map(|k| self.terms[*k].clone()).collect();
        let words = kept.iter().map(|k| self.words[*k].clone()).collect();
        Self::of(terms, words, self.warnings.clone(), crystal)
    }

    /// How many residuals there are: always as many.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// For each residual: does it act as a measurement with a Gaussian error, of standard deviation 1?
    ///
    /// So do `sigma`, `Displacement`, and `Distance` and `Angle` without a flat bottom. The others are walls.
    pub fn gaussian(&self) -> Vec<bool> {
        self.terms.iter().map(Term::is_gaussian).collect()
    }

    /// The residuals at `p`, the values of the refined parameters; `state` is the structure there.
    ///
    /// # Panics
    /// Where `state` has fewer atoms, or `p` fewer values, than at the start.
    pub fn residuals(&self, state: &State, p: &[f64]) -> impl Iterator<Item = f64> {
        self.terms.iter().map(|term| term.factor * term.pull(term.value(state, p)))
    }

    /// The derivative of the residuals by every refined parameter, residuals × parameters; `tangents` are those at `state`.
    ///
    /// At the edge of a flat bottom, where there are two, that inside is taken: 0.
    ///
    /// # Panics
    /// As [`Restraints::residuals`].
    pub fn jacobian(&self, state: &State, tangents: &[Tangent]) -> DMatrix<f64> {
        let _room = tracing::info_span!("restraints").entered();
        let mut jacobian = DMatrix::zeros(self.len(), tangents.len());
        for (row, term) in self.terms.iter().enumerate() {
            if let Quantity::Parameter(k) = term.quantity {
                jacobian[(row, k)] = term.factor / term.sigma;
            }
        }
        let arms = self.arms(&state.crystal);
        for (k, tangent) in tangents.iter().enumerate() {
            self.add_moves(&arms, state, tangent, &mut |row, change| jacobian[(row, k)] += change);
        }
        jacobian
    }

    /// The arms of all terms, their gradients those of the residuals.
    fn arms(&self, crystal: &Crystal) -> Vec<Arm> {
        let mut all = Vec::with_capacity(self.rows.len());
        for term in &self.terms {
            let Some((value, arms)) = term.arms(crystal) else { continue };
            let slope = term.factor * term.slope(value);
            all.extend(arms.into_iter().flatten().map(|arm| Arm { gradient: arm.gradient * slope, ..arm }));
        }
        all
    }

    /// What a tangent does to each residual.
    fn add_moves(&self, arms: &[Arm], state: &State, tangent: &Tangent, add: &mut dyn FnMut(usize, f64)) {
        let crystal = &state.crystal;
        for (atom, change) in &tangent.atoms {
            let touched = &self.touched[*atom as usize];
            if touched.is_empty() {
                continue;
            }
            let moved = crystal.basis * change.position;
            for (arm, side) in touched {
                add(self.rows[*arm], side * arms[*arm].gradient.dot(&moved));
            }
        }
        if let Some(strain) = tangent.strain(&crystal.basis) {
            for (row, arm) in self.rows.iter().zip(arms) {
                add(*row, arm.gradient.dot(&(strain * arm.vector)));
            }
        }
    }

    /// Every term with its value and its pull at `p`.
    ///
    /// # Panics
    /// As [`Restraints::residuals`].
    pub fn pulls(&self, state: &State, p: &[f64]) -> Vec<RestraintResult> {
        self.terms.iter().zip(&self.words).map(|(term, words)| result(term, words, term.value(state, p))).collect()
    }
}

fn result(term: &Term, words: &Words, value: f64) -> RestraintResult {
    RestraintResult {
        kind: words.kind,
        of: words.of.clone(),
        name: words.name.clone(),
        value,
        target: term.target,
        within: match term.shape {
            term::Shape::Flat(within) => within,
            term::Shape::Below => 0.0,
        },
        sigma: term.sigma,
        pull: term.pull(value),
        weight: term.weight,
        unit: words.unit,
    }
}
