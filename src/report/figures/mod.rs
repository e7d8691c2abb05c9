//! The pictures of a report, each from the part of the outcome that it shows.

mod bonds;
mod fits;
mod run;
mod weights;

pub(crate) use bonds::{Shared, fraction, histogram};
pub(crate) use fits::{change, fit, fit_in_q, partials};
pub(crate) use run::{convergence, correlations, singular_values};
pub(crate) use weights::{fractions, l_curve};

/// Ten colours; from the eleventh on they return as dashes.
pub(crate) fn category(i: usize) -> String {
    let dash = ["", " dash", " dot"][(i / 10) % 3];
    format!("c{}{dash}", i % 10)
}
