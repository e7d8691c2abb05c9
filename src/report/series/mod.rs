//! `series.csv`, `series.json` and `series.html`: many curves of one structure, frame by frame.

mod page;

use serde::Serialize;
use serde_json::{Value, json};

use super::csv::field;
use crate::series::{Fitted, Frame, Record};

pub use page::series_html;

/// A series as far as it has come.
#[derive(Debug, Clone)]
pub struct Series<'a> {
    /// The job's title.
    pub title: &'a str,
    /// The columns of the manifest.
    pub columns: &'a [String],
    /// Which of them is the axis.
    pub axis: usize,
    /// Everything that decides what the results are, as keys and values.
    pub made_of: &'a [(String, String)],
    /// Frames that there are to refine.
    pub wanted: usize,
    /// What became of them, in the order of the series.
    pub records: Vec<&'a Record>,
}

impl Series<'_> {
    /// A frame's value on the axis.
    fn at(&self, frame: &Frame) -> Option<f64> {
        frame.values.get(self.axis).copied().flatten()
    }

    /// The first refined frame: all have the same parameters and kinds of bonds.
    fn first(&self) -> Option<&Fitted> {
        self.records.iter().find_map(|record| record.fitted.as_ref())
    }
}

/// `series.csv`: a line for each frame; numbers are in the shortest form that reads back equal, and fields that have none are empty.
///
/// Columns: `name,file`, those of the manifest, `rw,chi2,converged,stop,iterations,begun_from`; each parameter and its esd; for each kind
/// of bonds the broken fraction (of 1), the mean length (Å) and their esds; the number of `warnings`; `remarks`, which tells why a
/// frame was skipped, or the warnings.
pub fn series_csv(series: &Series) -> String {
    let mut text = line(&head(series));
    for record in &series.records {
        text += &line(&row(series, record));
    }
    text
}

fn line(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|text| field(text)).collect();
    fields.join(",") + "\n"
}

fn head(series: &Series) -> Vec<String> {
    let mut head = vec!["name".to_owned(), "file".to_owned()];
    head.extend(series.columns.iter().cloned());
    head.extend(["rw", "chi2", "converged", "stop", "iterations", "begun_from"].map(str::to_owned));
    let mut pair = |name: String| head.extend([name.clone(), format!("{name}_esd")]);
    if let Some(fitted) = series.first() {
        fitted.parameters.iter().for_each(|parameter| pair(parameter.name.clone()));
        for bonds in &fitted.bonds {
            pair(format!("broken_{}", bonds.pair));
            pair(format!("mean_{}", bonds.pair));
        }
    }
    head.extend(["warnings", "remarks"].map(str::to_owned));
    head
}

fn row(series: &Series, record: &Record) -> Vec<String> {
    let Record { frame, fitted, skipped, .. } = record;
    let mut row = vec![frame.name.clone(), frame.file.clone()];
    row.extend(frame.values.iter().map(|value| number(*value)));
    let Some(fitted) = fitted else {
        let width = head(series).len();
        row.resize(width - 2, String::new());
        row.extend(["0".to_owned(), format!("skipped: {skipped}")]);
        return row;
    };
    row.extend([number(Some(fitted.rw)), number(Some(fitted.chi2)), u8::from(fitted.converged).to_string()]);
    row.extend([fitted.stop.clone(), fitted.iterations.to_string(), fitted.begun_from.clone().unwrap_or_default()]);
    let parameters = fitted.parameters.iter().flat_map(|parameter| [Some(parameter.value), parameter.esd]);
    let bonds = fitted.bonds.iter().flat_map(|b| [Some(b.fraction), b.esd, Some(b.mean), b.mean_esd]);
    row.extend(parameters.chain(bonds).map(number));
    row.extend([fitted.warnings.len().to_string(), fitted.warnings.join(" | ")]);
    row
}

fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(String::new, |value| value.to_string())
}

#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    version: &'static str,
    made_of: &'a [(String, String)],
    columns: &'a [String],
    axis: Option<&'a String>,
    wanted: usize,
    frames: Vec<Value>,
}

/// `series.json`: the records of all frames but for their curves, which are in `frames/NAME/fit.fgr`.
pub fn series_json(series: &Series) -> String {
    let document = Document {
        title: series.title,
        version: super::VERSION,
        made_of: series.made_of,
        columns: series.columns,
        axis: series.columns.get(series.axis),
        wanted: series.wanted,
        frames: series.records.iter().map(|record| without_curve(record)).collect(),
    };
    // Numbers, texts and lists always have a form in JSON.
    serde_json::to_string(&document).unwrap_or_default() + "\n"
}

fn without_curve(record: &Record) -> Value {
    let mut value = json!(record);
    if let Some(fitted) = value.get_mut("fitted").and_then(Value::as_object_mut) {
        fitted.remove("curve");
    }
    value
}

/// `frame.json`: all that a series needs of a frame when it goes on.
pub fn frame_json(record: &Record) -> String {
    serde_json::to_string(record).unwrap_or_default() + "\n"
}
