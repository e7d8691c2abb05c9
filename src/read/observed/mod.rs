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

use crate::forms::{Line, Sample};
use crate::observed::{Form, Observed, Tabulated};
use crate::window::Window;
use curve::{Curve, Layout, Value};
use labels::{Labels, Role};
use sheet::Sheet;

/// What a file holds: by its header, else by its name, and by its labels where these say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One curve.
    Curve(Form),
    /// A fit: observed, calculated and difference.
    Fit,
    /// Intensity that nobody has reduced.
    Raw,
}

/// A file taken apart.
struct Opened<'a> {
    sheet: Sheet<'a>,
    labels: Option<Labels<'a>>,
    kind: Kind,
    /// What was done to its abscissae.
    moved: Option<String>,
}

/// Reads a measured curve as a job wants it: one in r as [`observed`] does, one in Q brought to G(r) with the job's qmin,
/// qmax and window, in steps of 0.01 Å to 1 Å past its rmax.
///
/// # Errors
/// As [`observed`].
pub fn observed_for(bytes: &[u8], name: &str, data: &crate::job::Data) -> Result<Observed, DataError> {
    let _room = tracing::info_span!("read").entered();
    match reciprocal(bytes, name) {
        Ok(curve) if data.qmin.is_some() || data.qmax.is_some() || data.soper_lorch.is_some() => {
            let points = ((data.rmax + 1.0) / 0.01).ceil() as usize;
            let r: Vec<f64> = (1..=points).map(|i| i as f64 * 0.01).collect();
            let window = Window::soper_lorch(data.soper_lorch);
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
/// else is taken for columns of r, G(r) and, if there, dG(r), after whatever header there is. A line `form = T` in the header
/// goes before all that. Settings in the header become [`Observed::header`]. Uncertainties are used only where they are positive
/// (nearly) everywhere.
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
/// r that does not ascend, nothing but zeros, raw intensity, a form whose constants the header does not say.
pub fn observed(bytes: &[u8], name: &str) -> Result<Observed, DataError> {
    let _room = tracing::info_span!("read").entered();
    let text = text::decode(bytes, name)?;
    let opened = open(&text, name)?;
    match opened.kind {
        Kind::Curve(form) if form.in_q() => Ok(opened.reciprocal(form, name)?.to_observed_unasked()),
        _ => to_g(opened.tabulated(name)?),
    }
}

/// Reads a curve in whatever form it is, and leaves it so.
///
/// ```
/// use corefine::observed::Form;
/// let text = "# form = T\n# number_density = 0.09\n#L r T\n1.0 0.5\n2.0 0.6\n";
/// let curve = corefine::read::observed::tabulated(text.as_bytes(), "a.txt").unwrap();
/// assert_eq!((curve.form, curve.y[1], curve.header.number_density), (Form::T, 0.6, Some(0.09)));
/// ```
///
/// # Errors
/// As [`observed`].
pub fn tabulated(bytes: &[u8], name: &str) -> Result<Tabulated, DataError> {
    let text = text::decode(bytes, name)?;
    open(&text, name)?.tabulated(name)
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
    let opened = open(&text, name)?;
    match opened.kind {
        Kind::Curve(form) if form.in_q() => opened.reciprocal(form, name),
        Kind::Raw => Err(DataError::RawIntensity { name: name.to_owned() }),
        _ => Err(DataError::NotReciprocal { name: name.to_owned() }),
    }
}

impl Opened<'_> {
    fn reciprocal(&self, form: Form, name: &str) -> Result<Reciprocal, DataError> {
        let mut curve = reciprocal::read(&self.sheet, self.labels.as_ref(), form, name)?;
        curve.warnings.splice(0..0, self.moved.clone());
        Ok(curve)
    }

    fn tabulated(&self, name: &str) -> Result<Tabulated, DataError> {
        let (labels, columns) = (self.labels.as_ref(), self.sheet.columns());
        let (form, layout) = match self.kind {
            Kind::Raw => return Err(DataError::RawIntensity { name: name.to_owned() }),
            Kind::Curve(form) if form.in_q() => return Ok(self.reciprocal(form, name)?.tabulated()),
            Kind::Fit => (Form::G, curve::fit_layout(labels, columns, name)?),
            // The third column of a .dofr is no uncertainty: it is zero but for stray values.
            Kind::Curve(form) if is_gudrun(name) => (form, Layout { value: Value::Column(1), sigma: None }),
            Kind::Curve(form) => (form, curve::layout(labels, columns)),
        };
        let mut curve = in_r(&self.sheet, labels, layout, form, name)?;
        curve.warnings.splice(0..0, self.moved.clone());
        Ok(curve)
    }
}

fn open<'a>(text: &'a str, name: &str) -> Result<Opened<'a>, DataError> {
    let mut sheet = sheet::split(text, name)?;
    let labels = labels::find(&sheet.header);
    let stated = header::form(&sheet.header).map(Kind::Curve);
    let kind = stated.unwrap_or_else(|| kind(name, labels.as_ref()));
    // Gudrun's files are brought from the edges of their bins to the centres.
    let moved = if stated.is_none() && is_gudrun(name) { gudrun::centre_bins(&mut sheet) } else { None };
    Ok(Opened { sheet, labels, kind, moved })
}

/// To G(r), point by point, with the constants that the header says.
fn to_g(curve: Tabulated) -> Result<Observed, DataError> {
    let Tabulated { name, form, x, y, dy, header, warnings } = curve;
    // A constant that nobody states goes into the scale.
    let sample = Sample { number_density: header.number_density, b_squared: header.b_squared.or(Some(1.0)) };
    let lines = x.iter().map(|r| Line::to(form, *r, &sample)).collect::<Result<Vec<Line>, _>>();
    let lines = lines.map_err(|problem| DataError::Form { name: name.clone(), problem })?;
    // G(0) is 0, whatever is written where a form divides by r.
    let g =
        lines.iter().zip(&y).map(|(line, y)| Some(line.back(*y)).filter(|g| g.is_finite()).unwrap_or(0.0)).collect();
    let dg: Vec<f64> = lines.iter().zip(&dy).map(|(line, dy)| dy / line.factor.abs()).collect();
    let dg = if dg.iter().all(|dg| dg.is_finite() && *dg > 0.0) { dg } else { Vec::new() };
    Ok(Observed { name, r: x, g, dg, form, header, warnings, in_q: None })
}

fn extension(name: &str) -> String {
    name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_ascii_lowercase())
}

fn is_gudrun(name: &str) -> bool {
    matches!(extension(name).as_str(), "dofr" | "mdor01" | "int01" | "mint01")
}

fn kind(name: &str, labels: Option<&Labels>) -> Kind {
    match extension(name).as_str() {
        "gr" => Kind::Curve(Form::G),
        "fgr" => Kind::Fit,
        "dofr" | "mdor01" => Kind::Curve(Form::D),
        "sq" | "soq" => Kind::Curve(Form::SofQ),
        "int01" | "mint01" => Kind::Curve(Form::IofQ),
        "fq" => Kind::Curve(Form::FofQ),
        "chi" | "iq" => Kind::Raw,
        _ => labels.map_or(Kind::Curve(Form::G), by_labels),
    }
}

fn by_labels(labels: &Labels) -> Kind {
    let second = labels.second.to_ascii_lowercase();
    match labels.roles[0] {
        Role::Q if second.starts_with('f') => Kind::Curve(Form::FofQ),
        Role::Q if second.starts_with('s') => Kind::Curve(Form::SofQ),
        Role::Q | Role::Angle => Kind::Raw,
        _ => Kind::Curve(Form::G),
    }
}

fn in_r(
    sheet: &Sheet,
    labels: Option<&Labels>,
    layout: Layout,
    form: Form,
    name: &str,
) -> Result<Tabulated, DataError> {
    refuse_nanometres(labels, name)?;
    let Curve { x, y, sigma: dy, mut warnings } = curve::curve(sheet, layout, "r", name)?;
    warnings.extend(told(sheet, labels, layout));
    let mut header = header::read(&sheet.header, &mut warnings);
    if is_gudrun(name) {
        header.program.get_or_insert_with(|| "GudrunX".to_owned());
    }
    Ok(Tabulated { name: name.to_owned(), form, x, y, dy, header, warnings })
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
