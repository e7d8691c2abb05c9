//! S(Q) and F(Q) files, and their way to G(r).

use super::curve::{Curve, curve, layout};
use super::labels::Labels;
use super::sheet::Sheet;
use super::{DataError, header};
use crate::observed::{Form, Header, InQ, Observed, Tabulated};
use crate::transform::{sine_transform, sine_transform_sigma};
use crate::window::Window;

/// A measured curve in Q: `q` in 1/Å ascending, `value` and `dvalue` of the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Reciprocal {
    /// The file's name, for messages and reports.
    pub name: String,
    /// Momentum transfer, 1/Å.
    pub q: Vec<f64>,
    /// `S(Q) - 1` (no unit) for [`Form::SofQ`] and [`Form::IofQ`], `F(Q) = Q [S(Q) - 1]` in 1/Å for [`Form::FofQ`].
    pub value: Vec<f64>,
    /// Standard uncertainty of `value`; empty where the file has no column of positive numbers for it.
    pub dvalue: Vec<f64>,
    /// What the file holds.
    pub form: Form,
    /// What the header says.
    pub header: Header,
    /// What a reader should tell its user.
    pub warnings: Vec<String>,
}

/// Last distance of the grid on which a file in Q is brought to G(r) unasked, Å.
const R_LAST: f64 = 40.0;

/// Largest step of that grid, Å.
const R_STEP: f64 = 0.02;

impl Reciprocal {
    /// `F(Q)` at the points of the file, 1/Å.
    pub fn f(&self) -> Vec<f64> {
        self.times_q(&self.value)
    }

    /// G(r) at the distances `r` in Å, from the part of the curve between `qmin` and `qmax` in 1/Å.
    ///
    /// Below the first point `S(Q) - 1` keeps its first value; see [`sine_transform`]. The header of the result carries
    /// the limits that were used. Uncertainties come along unless the file has none or `r` begins at 0, where theirs would vanish.
    pub fn to_observed(&self, qmin: f64, qmax: f64, r: &[f64], window: Window) -> Observed {
        let qmax = self.q.last().map_or(qmax, |last| qmax.min(*last));
        let g = sine_transform(&self.q, &self.f(), r, qmin, qmax, window);
        let dg = self.transformed_sigma(qmin, qmax, r, window);
        Observed {
            name: self.name.clone(),
            r: r.to_vec(),
            g,
            dg,
            form: self.form,
            header: Header { qmin: Some(qmin), qmax: Some(qmax), ..self.header.clone() },
            warnings: self.warnings.clone(),
            in_q: Some(InQ { q: self.q.clone(), f: self.f(), df: self.times_q(&self.dvalue) }),
        }
    }

    /// G(r) on the grid that is taken unasked: all of the curve, no window, to 40 Å in steps of 0.02 Å, or of a quarter of
    /// the Nyquist step `π / qmax` where that is finer.
    pub(super) fn to_observed_unasked(&self) -> Observed {
        let qmax = self.q.last().copied().unwrap_or_default();
        let step = R_STEP.min(std::f64::consts::PI / (4.0 * qmax)).max(R_STEP / 4.0);
        let points = (R_LAST / step).round() as usize;
        let r: Vec<f64> = (1..=points).map(|i| i as f64 * step).collect();
        let mut observed = self.to_observed(0.0, qmax, &r, Window::None);
        observed.warnings.push(format!(
            "G(r) is this program's sine transform of the file's {}, from Q = 0 to {qmax} 1/Å without a window, S(Q) - 1 held constant below \
             its first point",
            if self.form == Form::FofQ { "F(Q)" } else { "S(Q)" }
        ));
        observed
    }

    /// The curve as the file has it.
    pub(super) fn tabulated(self) -> Tabulated {
        let Self { name, q, mut value, dvalue, form, header, warnings } = self;
        if form == Form::SofQ {
            for value in &mut value {
                *value += 1.0;
            }
        }
        Tabulated { name, form, x: q, y: value, dy: dvalue, header, warnings }
    }

    fn times_q(&self, values: &[f64]) -> Vec<f64> {
        match self.form {
            Form::FofQ => values.to_vec(),
            _ => self.q.iter().zip(values).map(|(q, value)| q * value).collect(),
        }
    }

    /// Empty where the file has no uncertainties, or where they vanish in the transform (at r = 0).
    fn transformed_sigma(&self, qmin: f64, qmax: f64, r: &[f64], window: Window) -> Vec<f64> {
        let sigma = sine_transform_sigma(&self.q, &self.times_q(&self.dvalue), r, qmin, qmax, window);
        if sigma.iter().all(|s| s.is_finite() && *s > 0.0) { sigma } else { Vec::new() }
    }
}

/// The curve of a sheet that is known to hold one in Q.
pub(super) fn read(sheet: &Sheet, labels: Option<&Labels>, form: Form, name: &str) -> Result<Reciprocal, DataError> {
    let mut curve = curve(sheet, layout(labels, sheet.columns()), "Q", name)?;
    if form == Form::SofQ {
        subtract_one(&mut curve);
    }
    let mut header = header::read(&sheet.header, &mut curve.warnings);
    if super::is_gudrun(name) {
        header.program.get_or_insert_with(|| "GudrunX".to_owned());
    }
    let Curve { x: q, y: value, sigma: dvalue, warnings } = curve;
    Ok(Reciprocal { name: name.to_owned(), q, value, dvalue, form, header, warnings })
}

/// S(Q) goes to 1 at high Q; some programs write S(Q) - 1 into a file of the same name.
fn subtract_one(curve: &mut Curve) {
    let tail = &curve.y[curve.y.len() - curve.y.len().div_ceil(4)..];
    let mean = tail.iter().sum::<f64>() / tail.len() as f64;
    if mean > 0.5 {
        curve.y.iter_mut().for_each(|y| *y -= 1.0);
    } else {
        curve.warnings.push(format!("S(Q) goes to {mean:.2} at high Q, not to 1: the file was taken to hold S(Q) - 1"));
    }
}
