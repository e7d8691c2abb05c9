//! Measured curves: `.gr` of PDFgetX2, PDFgetX3, xPDFsuite, PDFgetN and PDFgui, `.fgr`, `.dofr` and `.int01` of GudrunX,
//! `.sq`, `.fq`, and plain columns.

mod composition;
mod curve;
mod error;
mod gudrun;
pub(super) mod header;
mod labels;
mod reciprocal;
pub(super) mod sheet;
pub(super) mod text;

pub use composition::composition;
pub use error::DataError;
pub use reciprocal::Reciprocal;

use crate::observed::{Form, Observed};
use crate::transform::Window;
use curve::{Curve, Layout, Value};
use labels::{Labels, Role};
use sheet::Sheet;

/// What a file holds, by its name, and by its labels where the name says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// G(r).
    G,
    /// A fit: observed, calculated and difference.
    Fit,
    /// D(r) of GudrunX.
    D,
    /// S(Q).
    SofQ,
    /// S(Q) - 1.
    SofQMinusOne,
    /// F(Q).
    FofQ,
    /// Intensity that nobody has reduced.
    Raw,
}

/// Reads a measured curve as a job wants it: one in r as [`observed`] does, one in Q brought to G(r) with the job's qmin,
/// qmax and window, in steps of 0.01 Å to 1 Å past its rmax.
///
/// # Errors
/// As [`observed`].
pub fn observed_for(bytes: &[u8], name: &str, data: &crate::job::Data) -> Result<Observed, DataError> {
    match reciprocal(bytes, name) {
        Ok(curve) if data.qmin.is_some() || data.qmax.is_some() || data.soper_lorch.is_some() => {
            let points = ((data.rmax + 1.0) / 0.01).ceil() as usize;
            let r: Vec<f64> = (1..=points).map(|i| i as f64 * 0.01).collect();
            let window = data.soper_lorch.map_or(Window::None, Window::SoperLorch);
            let qmax = data.qmax.or(curve.q.last().copied()).unwrap_or_default();
            Ok(curve.to_observed(data.qmin.unwrap_or(0.0), qmax, &r, window))
        }
        _ => observed(bytes, name),
    }
}

/// Reads a measured G(r).
///
/// `name` is the file's name: its extension tells a fit (`.fgr`: the observed curve is `Gcalc + diff`), a D(r) (`.dofr`) and
/// curves in Q (`.int01`, `.sq`, `.fq`: brought to G(r) by [`Reciprocal::to_observed`] with all the data and no window). Anything
/// else is taken for columns of r, G(r) and, if there, dG(r), after whatever header there is. Settings in the header
/// become [`Observed::header`]. Uncertainties are used only where they are positive (nearly) everywhere.
///
/// ```
/// use corefine::read::observed::observed;
/// let text = "#L r G(r) dr dG(r)\r\n1.00 0.5 0.0 1.0e-002\r\n1.01 0.6 0.0 1.0D-02\r\n";
/// let curve = observed(text.as_bytes(), "a.gr").unwrap();
/// assert_eq!((curve.r, curve.g, curve.dg), (vec![1.0, 1.01], vec![0.5, 0.6], vec![0.01, 0.01]));
/// ```
///
/// # Errors
/// [`DataError`], with the line where there is one: an empty or binary file, no rows, one column only, words among the numbers,
/// r that does not ascend, nothing but zeros, raw intensity.
pub fn observed(bytes: &[u8], name: &str) -> Result<Observed, DataError> {
    let text = text::decode(bytes, name)?;
    let mut sheet = sheet::split(&text, name)?;
    let labels = labels::find(&sheet.header);
    let kind = kind(name, labels.as_ref());
    let moved = bins(&mut sheet, kind);
    let read = match kind {
        Kind::Raw => Err(DataError::RawIntensity { name: name.to_owned() }),
        Kind::G => in_r(&sheet, labels.as_ref(), curve::layout(labels.as_ref(), sheet.columns()), Form::G, name),
        Kind::Fit => {
            let layout = curve::fit_layout(labels.as_ref(), sheet.columns(), name)?;
            in_r(&sheet, labels.as_ref(), layout, Form::G, name)
        }
        // The third column of a .dofr is no uncertainty: it is zero but for stray values.
        Kind::D => in_r(&sheet, labels.as_ref(), Layout { value: Value::Column(1), sigma: None }, Form::D, name),
        in_q => Ok(reciprocal::read(&sheet, labels.as_ref(), in_q, name)?.to_observed_unasked()),
    };
    read.map(|curve| Observed { warnings: moved.into_iter().chain(curve.warnings).collect(), ..curve })
}

/// Reads a measured S(Q) or F(Q): `.int01` (GudrunX: S(Q) - 1), `.sq`, `.fq`, or columns labelled so.
///
/// ```
/// use corefine::read::observed::reciprocal;
/// let curve = reciprocal(b"#L Q S\n 10.0 0.9\n 11.0 1.1\n 12.0 1.0\n", "a.sq").unwrap();
/// assert!((curve.f()[1] - 1.1).abs() < 1e-12);
/// ```
///
/// # Errors
/// [`DataError`], as [`observed`], and where the file is none in Q.
pub fn reciprocal(bytes: &[u8], name: &str) -> Result<Reciprocal, DataError> {
    let text = text::decode(bytes, name)?;
    let mut sheet = sheet::split(&text, name)?;
    let labels = labels::find(&sheet.header);
    let kind = kind(name, labels.as_ref());
    let moved = bins(&mut sheet, kind);
    let read = match kind {
        Kind::Raw => Err(DataError::RawIntensity { name: name.to_owned() }),
        Kind::G | Kind::Fit | Kind::D => Err(DataError::NotReciprocal { name: name.to_owned() }),
        in_q => reciprocal::read(&sheet, labels.as_ref(), in_q, name),
    };
    read.map(|curve| Reciprocal { warnings: moved.into_iter().chain(curve.warnings).collect(), ..curve })
}

/// Gudrun's files are brought from the edges of their bins to the centres.
fn bins(sheet: &mut Sheet, kind: Kind) -> Option<String> {
    matches!(kind, Kind::D | Kind::SofQMinusOne).then(|| gudrun::centre_bins(sheet)).flatten()
}

fn kind(name: &str, labels: Option<&Labels>) -> Kind {
    let extension = name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_ascii_lowercase());
    match extension.as_str() {
        "gr" => Kind::G,
        "fgr" => Kind::Fit,
        "dofr" | "mdor01" => Kind::D,
        "sq" | "soq" => Kind::SofQ,
        "int01" | "mint01" => Kind::SofQMinusOne,
        "fq" => Kind::FofQ,
        "chi" | "iq" => Kind::Raw,
        _ => labels.map_or(Kind::G, by_labels),
    }
}

fn by_labels(labels: &Labels) -> Kind {
    let second = labels.second.to_ascii_lowercase();
    match labels.roles[0] {
        Role::Q if second.starts_with('f') => Kind::FofQ,
        Role::Q if second.starts_with('s') => Kind::SofQ,
        Role::Q | Role::Angle => Kind::Raw,
        _ => Kind::G,
    }
}

fn in_r(sheet: &Sheet, labels: Option<&Labels>, layout: Layout, form: Form, name: &str) -> Result<Observed, DataError> {
    refuse_nanometres(labels, name)?;
    let Curve { x: r, y: g, sigma: dg, mut warnings } = curve::curve(sheet, layout, "r", name)?;
    warnings.extend(told(sheet, labels, layout));
    let mut header = header::read(&sheet.header, &mut warnings);
    if form == Form::D {
        header.program.get_or_insert_with(|| "GudrunX".to_owned());
    }
    Ok(Observed { name: name.to_owned(), r, g, dg, form, header, warnings })
}

fn refuse_nanometres(labels: Option<&Labels>, name: &str) -> Result<(), DataError> {
    match labels.filter(|labels| labels.first.to_ascii_lowercase().contains("(nm")) {
        Some(labels) => {
            Err(DataError::Unit { name: name.to_owned(), line: labels.line, label: labels.first.to_owned() })
        }
        None => Ok(()),
    }
}

/// What its user should know about the choice of columns.
fn told(sheet: &Sheet, labels: Option<&Labels>, layout: Layout) -> Option<String> {
    match layout.value {
        Value::Sum(calculated, difference) => Some(format!(
            "a file of a fit: the observed curve was read, as the sum of column {} (calculated) and column {} (difference)",
            calculated + 1,
            difference + 1
        )),
        Value::Column(_) if labels.is_none() && sheet.columns() > 4 => {
            Some(format!("{} columns without labels: taken as r, G, dr, dG, the others not read", sheet.columns()))
        }
        Value::Column(_) => None,
    }
}
