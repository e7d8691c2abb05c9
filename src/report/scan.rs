//! `scan.csv` and `scan.html`: one refinement for each weight of the restraints, beside each other.

use std::fmt::Write;

use askama::Template;

use super::csv::{field, number};
use super::figures;
use super::html;
use super::page::rendered;
use super::tables::{dashed, decimals, percent};
use crate::outcome::Outcome;

/// Refinements that differ in the weight of their restraints only.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The page's title.
    pub title: String,
    /// The refinements, the smallest weight first.
    pub entries: Vec<Scanned>,
}

/// One refinement of a scan.
#[derive(Debug, Clone)]
pub struct Scanned {
    /// `restraint_weight` of its job.
    pub weight: f64,
    /// What it found.
    pub outcome: Outcome,
}

impl Scanned {
    /// `Σ m pull²` over all restraints, without the weight of the job: how far the structure is from them.
    pub fn misfit(&self) -> f64 {
        self.outcome.restraints.iter().map(|restraint| restraint.weight * restraint.pull.powi(2)).sum()
    }

    /// The largest size of a pull.
    pub fn largest_pull(&self) -> f64 {
        self.outcome.restraints.iter().map(|restraint| restraint.pull.abs()).fold(0.0, f64::max)
    }
}

/// `scan.csv`: a line for each weight. `chi2_data` is `Σ [(Gcalc - Gobs)/dG]²/s`, `chi2_restraints` `Σ m pull²` without the
/// weight, `broken_...` the broken fraction of each kind of bond, `converged` 0 or 1.
pub fn scan_csv(scan: &Scan) -> String {
    let mut text = String::from("weight,rw,chi2_data,chi2_restraints,largest_pull");
    for pair in pairs(scan) {
        // Writing to a String cannot fail.
        let _ = write!(text, ",{}", field(&format!("broken_{pair}")));
    }
    text += ",converged\n";
    for entry in &scan.entries {
        let outcome = &entry.outcome;
        let (chi2, misfit) = (number(outcome.chi2), number(entry.misfit()));
        // Writing to a String cannot fail.
        let _ =
            write!(text, "{},{},{chi2},{misfit},{}", entry.weight, number(outcome.rw), number(entry.largest_pull()));
        for bonds in &outcome.bonds {
            let _ = write!(text, ",{}", number(bonds.fraction));
        }
        let _ = writeln!(text, ",{}", u8::from(outcome.converged));
    }
    text
}

/// The kinds of bonds, which all refinements of a scan have in common.
fn pairs(scan: &Scan) -> Vec<&str> {
    scan.entries.first().map_or(Vec::new(), |entry| entry.outcome.bonds.iter().map(|b| b.pair.as_str()).collect())
}

#[derive(Template)]
#[template(path = "scan.html")]
struct Page<'a> {
    title: &'a str,
    labels: Vec<&'a str>,
    pairs: Vec<String>,
    rows: Vec<Row<'a>>,
    curve: String,
    fractions: String,
}

struct Row<'a> {
    weight: f64,
    rw: String,
    chi2: String,
    misfit: String,
    pull: String,
    broken: Vec<String>,
    outcome: &'a Outcome,
}

/// The page of a scan: a table, the misfit of the restraints against Rw, and the broken fraction against the weight.
pub fn scan_html(scan: &Scan) -> String {
    let labels = html::labels(scan.entries.iter().map(|entry| &entry.outcome));
    let stamp = labels.join(", ");
    let page = Page {
        title: &scan.title,
        pairs: pairs(scan).into_iter().map(dashed).collect(),
        rows: scan.entries.iter().map(row).collect(),
        curve: figures::l_curve("l-curve", &points(scan), &stamp),
        fractions: figures::fractions("fractions", &weights(scan), &fractions(scan), &stamp),
        labels,
    };
    rendered(&page)
}

fn row(entry: &Scanned) -> Row<'_> {
    let outcome = &entry.outcome;
    Row {
        weight: entry.weight,
        rw: decimals(outcome.rw, 4),
        chi2: decimals(outcome.chi2, 1),
        misfit: decimals(entry.misfit(), 2),
        pull: decimals(entry.largest_pull(), 1),
        broken: outcome.bonds.iter().map(|bonds| percent(bonds.fraction, bonds.fraction_esd)).collect(),
        outcome,
    }
}

/// Rw and the misfit of the restraints, by ascending Rw.
fn points(scan: &Scan) -> Vec<(f64, f64)> {
    let mut points: Vec<_> = scan.entries.iter().map(|entry| (entry.outcome.rw, entry.misfit())).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

fn weights(scan: &Scan) -> Vec<f64> {
    scan.entries.iter().map(|entry| entry.weight).collect()
}

/// For each kind of bond its broken fractions, percent.
fn fractions(scan: &Scan) -> Vec<(String, Vec<f64>)> {
    let fraction = |entry: &Scanned, k: usize| entry.outcome.bonds.get(k).map_or(f64::NAN, |b| 100.0 * b.fraction);
    let of = |k: usize| scan.entries.iter().map(|entry| fraction(entry, k)).collect();
    pairs(scan).into_iter().enumerate().map(|(k, pair)| (dashed(pair), of(k))).collect()
}
