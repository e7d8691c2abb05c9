//! Rows of numbers to one curve: which columns, which rows, and what its user must be told.

use super::DataError;
use super::labels::{Labels, Role};
use super::sheet::{Row, Sheet};

/// A curve out of a file.
pub(super) struct Curve {
    /// r or Q.
    pub x: Vec<f64>,
    /// The values.
    pub y: Vec<f64>,
    /// Their standard uncertainties; empty where the file gives none that can be used.
    pub sigma: Vec<f64>,
    /// What happened on the way.
    pub warnings: Vec<String>,
}

/// Which columns a curve is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// The curve.
    pub value: Value,
    /// Its uncertainty.
    pub sigma: Option<usize>,
}

/// Where the observed curve stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// In a column.
    Column(usize),
    /// As the sum of a calculated curve and the difference.
    Sum(usize, usize),
}

/// The layout of r, G and dG: by the labels, and without them by the number of columns, as PDFgetX2, PDFgetN and PDFgui
/// write them (2: r G; 3: r G dG; 4 and more: r G dr dG).
pub(super) fn layout(labels: Option<&Labels>, columns: usize) -> Layout {
    labels
        .and_then(|labels| labelled(labels, columns))
        .unwrap_or(Layout { value: Value::Column(1), sigma: sigma_by_count(columns) })
}

/// The layout of a fit: with labels the observed curve, without them PDFgui's five columns.
pub(super) fn fit_layout(labels: Option<&Labels>, columns: usize, name: &str) -> Result<Layout, DataError> {
    let by_label = labels.and_then(|labels| labelled(labels, columns)).filter(|_| names_a_part(labels));
    match by_label {
        Some(layout) => Ok(layout),
        None if columns == 5 => Ok(Layout { value: Value::Sum(1, 4), sigma: Some(3) }),
        None => Err(DataError::NoObserved { name: name.to_owned(), columns }),
    }
}

fn names_a_part(labels: Option<&Labels>) -> bool {
    let has = |role| labels.is_some_and(|labels| labels.column(role).is_some());
    has(Role::Observed) || has(Role::Calculated) || has(Role::Difference)
}

fn sigma_by_count(columns: usize) -> Option<usize> {
    match columns {
        0..=2 => None,
        3 => Some(2),
        _ => Some(3),
    }
}

fn labelled(labels: &Labels, columns: usize) -> Option<Layout> {
    let column = |role| labels.column(role).filter(|&i| i > 0 && i < columns);
    let (curve, calculated) = (column(Role::Curve), column(Role::Calculated));
    let summed = || Some(Value::Sum(calculated.or(curve)?, column(Role::Difference)?));
    let value = match (column(Role::Observed), calculated) {
        (Some(observed), _) => Some(Value::Column(observed)),
        (None, Some(_)) => curve.map(Value::Column).or_else(summed),
        (None, None) => summed().or(curve.map(Value::Column)),
    };
    Some(Layout { value: value?, sigma: column(Role::Sigma) })
}

/// Share of the rows that may lack an uncertainty before the column is given up.
const MAY_LACK_SIGMA: f64 = 0.01;

/// The curve of a sheet. Rows that are not finite or at negative x are left out, and so are the few without a positive
/// uncertainty where nearly all rows have one; x must ascend, and not every value may be zero.
pub(super) fn curve(sheet: &Sheet, layout: Layout, axis: &'static str, name: &str) -> Result<Curve, DataError> {
    let mut warnings = remarks(sheet, axis);
    let mut points: Vec<Point> = sheet.rows.iter().filter_map(|row| point(row, layout)).collect();
    let left_out = sheet.rows.len() - points.len();
    if left_out > 0 {
        warnings.push(format!("{left_out} rows left out: not finite (NaN), or {axis} < 0"));
    }
    settle_sigma(&mut points, layout, axis, &mut warnings);
    check(&points, axis, left_out, name)?;
    let sigma = points.iter().filter_map(|p| p.sigma).collect();
    Ok(Curve { x: points.iter().map(|p| p.x).collect(), y: points.iter().map(|p| p.y).collect(), sigma, warnings })
}

struct Point {
    line: usize,
    x: f64,
    y: f64,
    sigma: Option<f64>,
}

fn remarks(sheet: &Sheet, axis: &str) -> Vec<String> {
    let ragged = sheet.ragged().map(|line| {
        format!(
            "rows differ in length (line {line} is longer than others): only the {} columns of all rows are read",
            sheet.columns()
        )
    });
    let second = sheet
        .second
        .map(|line| format!("a second data set begins at line {line}: only the first {axis} block is read"));
    ragged.into_iter().chain(second).collect()
}

fn point(row: &Row, layout: Layout) -> Option<Point> {
    let at = |column: usize| row.values.get(column).copied();
    let x = at(0)?;
    let y = match layout.value {
        Value::Column(column) => at(column)?,
        Value::Sum(calculated, difference) => at(calculated)? + at(difference)?,
    };
    let sigma = layout.sigma.and_then(at).filter(|s| s.is_finite() && *s > 0.0);
    (x.is_finite() && x >= 0.0 && y.is_finite()).then_some(Point { line: row.line, x, y, sigma })
}

fn settle_sigma(points: &mut Vec<Point>, layout: Layout, axis: &str, warnings: &mut Vec<String>) {
    let Some(column) = layout.sigma else { return };
    let lacking = points.iter().filter(|p| p.sigma.is_none()).count();
    if lacking == 0 {
        return;
    }
    if lacking as f64 <= MAY_LACK_SIGMA * points.len() as f64 {
        let first = points.iter().find(|p| p.sigma.is_none()).map_or(0.0, |p| p.x);
        warnings.push(format!("{lacking} rows without a positive uncertainty left out, the first at {axis} = {first}"));
        points.retain(|p| p.sigma.is_some());
    } else {
        warnings.push(format!(
            "uncertainties in column {} not used: {lacking} of {} are not positive",
            column + 1,
            points.len()
        ));
        for point in points {
            point.sigma = None;
        }
    }
}

fn check(points: &[Point], axis: &'static str, left_out: usize, name: &str) -> Result<(), DataError> {
    if points.len() < 2 {
        return Err(DataError::TooFew { name: name.to_owned(), points: points.len(), left_out });
    }
    if let Some((before, here)) = points.iter().zip(&points[1..]).find(|(before, here)| here.x <= before.x) {
        return Err(DataError::NotAscending {
            name: name.to_owned(),
            line: here.line,
            axis,
            value: here.x,
            before: before.x,
        });
    }
    if points.iter().all(|p| p.y == 0.0) {
        return Err(DataError::AllZero { name: name.to_owned(), points: points.len() });
    }
    Ok(())
}
