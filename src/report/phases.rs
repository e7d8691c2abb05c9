//! How much of each phase there is, as a table.

use super::tables::percent;
use crate::outcome::Outcome;

/// The table: data sets across, phases down.
pub(crate) struct Phases<'a> {
    /// Heads of the columns; one that is empty belongs to a single data set.
    pub datasets: Vec<&'a str>,
    pub rows: Vec<PhaseRow<'a>>,
}

/// One phase.
pub(crate) struct PhaseRow<'a> {
    pub name: &'a str,
    pub title: &'a str,
    /// `80.3(11) %`, one for each data set.
    pub shares: Vec<String>,
}

impl<'a> Phases<'a> {
    /// Nothing where there is one phase.
    pub fn of(outcome: &'a Outcome) -> Option<Self> {
        let first = outcome.phases.first().filter(|_| outcome.phases.len() > 1)?;
        let row = |phase: &'a crate::outcome::PhaseResult| PhaseRow {
            name: &phase.name,
            title: &phase.model.title,
            shares: phase.shares.iter().map(|share| percent(share.atoms, share.esd)).collect(),
        };
        Some(Self {
            datasets: first.shares.iter().map(|share| share.dataset.as_str()).collect(),
            rows: outcome.phases.iter().map(row).collect(),
        })
    }
}
