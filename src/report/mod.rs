//! What a refinement found, as texts: JSON, columns, comma-separated values, and pages for people.
//!
//! Nothing here writes a file: every function returns a `String`.
//!
//! | function | file | for |
//! |---|---|---|
//! | [`json`] | `result.json` | scripts |
//! | [`fgr`] | `fit.fgr` | plotting programs, `numpy.loadtxt` |
//! | [`fq`] | `fit.fq` | the same of a comparison in Q |
//! | [`columns`] | any | a curve with its form in the header |
//! | [`histogram_csv`], [`bonds_csv`] | `histogram.csv`, `bonds.csv` | spreadsheets |
//! | [`html`] | `report.html` | people: one page, nothing loaded from elsewhere |
//! | [`scan_csv`], [`scan_html`] | `scan.csv`, `scan.html` | one refinement for each weight of the restraints |
//! | [`series_csv`], [`series_json`], [`series_html`], [`frame_json`] | `series.csv`, `series.json`, `series.html`, `frame.json` | a series of curves |
//! | [`shell_json`], [`shell_csv`], [`shell_html`] | `shell.json` ... | the same three, of a distribution of bond lengths |
//! | [`ensemble_json`], [`members_csv`], [`answers_csv`], [`ensemble_html`] | `result.json`, `ensemble.csv`, `histogram.csv`, `report.html` | an ensemble |
//! | [`difference_html`] | any | two ensembles beside each other |
//! | [`delta_columns`], [`delta_html`] | any | two curves and their difference |
//! | [`rdf_json`], [`rdf_csv`], [`rdf_html`] | `result.json`, `rdf.csv`, `report.html` | g(r) and n(r) of trajectories |
//! | [`msd_json`], [`msd_csv`], [`msd_html`] | `result.json`, `msd.csv`, `report.html` | mean square displacement and diffusivity |
//! | [`bond_series_csv`] | any | the bonds of a trajectory, frame by frame |
//! | [`overlay_html`] | any | a computed curve over a measured one |
//! | [`relay_json`], [`jumps_csv`], [`graph_csv`], [`relay_html`] | `result.json` ... | jumps from anchor to anchor |
//! | [`beside_json`], [`summary_csv`], [`beside_html`] | `result.json`, `summary.csv`, `report.html` | all of this of several trajectories beside each other |
//! | [`reduced_files`] | `.iq`, `.sq`, `.fq`, `.gr` | a reduced pattern |
//! | [`covariance_of_g`], [`covariance_of_f`] | `.gcov`, `.fcov` | how the noise of its points hangs together |
//! | [`reduction_html`] | any | people: a reduction, or several of one pattern over each other |
//! | [`checked_json`], [`checked_junit`] | any | a suite of regression cases |
//! | [`comparison_html`] | `comparison.html` | people: several refinements beside each other |

mod beside;
mod checked;
mod columns;
mod compare;
mod covariance;
mod csv;
mod delta;
mod difference;
mod ensemble;
pub mod esd;
mod fgr;
mod figures;
mod html;
mod json;
mod map;
mod members;
mod msd;
mod overlay;
mod page;
mod phases;
mod plot;
mod rdf;
mod reduced;
mod reduction;
mod relay;
mod scan;
mod series;
mod shell;
mod spread;
mod strain;
mod tables;

pub use beside::{Beside, Change, Quantity, beside_html, beside_json, summary_csv};
pub use checked::{checked_head, checked_json, checked_junit, checked_lines, checked_sum};
pub use columns::columns;
pub use compare::comparison_html;
pub use covariance::{covariance_of_f, covariance_of_g};
pub use csv::{bond_series_csv, bond_series_sentence, bonds_csv, histogram_csv};
pub use delta::{delta_columns, delta_html, delta_lines};
pub use difference::{Side, difference_html};
pub use ensemble::{ensemble_html, ensemble_json};
pub use fgr::{fgr, fq};
pub use html::html;
pub use json::json;
pub use members::{Columns, answers_csv, members_csv};
pub use msd::{msd_csv, msd_html, msd_json, msd_lines};
pub use overlay::overlay_html;
pub use page::named_warnings;
pub use rdf::{rdf_csv, rdf_html, rdf_json, rdf_lines};
pub use reduced::{REDUCED, reduced_files};
pub use reduction::{Variant, reduction_html};
pub use relay::{graph_csv, jumps_csv, relay_html, relay_json, relay_sentence};
pub use scan::{Scan, Scanned, scan_csv, scan_html};
pub use series::{Series, frame_json, series_csv, series_html, series_json};
pub use shell::{shell_csv, shell_html, shell_json, shell_sentence};
pub use spread::with_interval;
pub use strain::restraint_summary;

use crate::outcome::{BondResult, Outcome};

/// The version that stands in every report.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Several refinements to be read beside each other: pristine against cycled.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The page's title.
    pub title: String,
    /// The refinements; differences are taken against the first.
    pub entries: Vec<Entry>,
    /// Paragraphs that stand at the head of the page: where the data come from, what was done.
    pub notes: Vec<String>,
}

/// One refinement of a comparison.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is called beside the others: `pristine`.
    pub name: String,
    /// What the refinement found.
    pub outcome: Outcome,
    /// The bonds of the structure from which synthetic data were made, where that is known; else empty.
    ///
    /// Matched with the outcome's bonds by pair.
    pub truth: Vec<BondResult>,
}
