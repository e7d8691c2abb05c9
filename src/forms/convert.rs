//! A curve in one form to the same in another, by way of G(r) or F(Q).

use super::even;
use super::{Even, FormError, Line, MOST, Sample, has_density, is_open_at_zero};
use crate::observed::{Form, Header, Tabulated};
use crate::transform::sine_transform_sigma;
use crate::window::Window;

/// How to go, where there is a choice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Route {
    /// What is known of the sample; what is `None` here is taken from the curve's header.
    pub sample: Sample,
    /// Lower end of the window in Q, 1/Å (default 0).
    pub qmin: Option<f64>,
    /// Upper end, 1/Å (from r: the header's, else π/step; from Q: all of the curve).
    pub qmax: Option<f64>,
    /// A factor on F(Q) on the way to r.
    pub window: Window,
    /// Last distance, Å, on the way to r (default: π/ΔQ, where the sum of sines repeats).
    pub rmax: Option<f64>,
    /// Step, Å, on the way to r (default: the one next to 0.01 that cuts π/ΔQ into whole parts, so that the way back is exact).
    pub rstep: Option<f64>,
}

/// Step of G(r) where nobody asks for one, Å.
const STEP: f64 = 0.01;

/// The curve in the form `to`.
///
/// Forms of one kind differ point by point, and go back to rounding. Between r and Q it is the pair of sums of [`Even`]: all of
/// G(r) to Q = π/step goes back to rounding; inside a smaller window the part of G(r) that lies in it does. A curve in r
/// that begins late is continued to 0 as `-4π r ρ0`, one in Q with S(Q) constant. Uncertainties come along but from r
/// to Q, since those of neighbouring G(r) are not independent. The header of the result says what was used, and its warnings what was lost.
///
/// ```
/// use corefine::forms::{Route, convert};
/// use corefine::observed::Form;
/// let text = "# form = F\n#L Q F\n0.1 0.2\n0.2 0.5\n0.3 0.1\n";
/// let f = corefine::read::observed::tabulated(text.as_bytes(), "a.txt").unwrap();
/// let s = convert(&f, Form::SofQ, &Route::default()).unwrap();
/// assert!((s.y[1] - 3.5).abs() < 1e-12);
/// let back = convert(&convert(&f, Form::G, &Route::default()).unwrap(), Form::FofQ, &Route::default()).unwrap();
/// assert!(back.y.iter().zip(&f.y).all(|(a, b)| (a - b).abs() < 1e-12));
/// ```
///
/// # Errors
/// Where a form needs a number that neither `route` nor the header has; a form with a density, of a cluster.
pub fn convert(curve: &Tabulated, to: Form, route: &Route) -> Result<Tabulated, FormError> {
    if let Some(form) = [to, curve.form].into_iter().find(|form| curve.header.cluster && has_density(*form)) {
        return Err(FormError::Cluster(form));
    }
    let sample = Sample {
        number_density: route.sample.number_density.or(curve.header.number_density),
        b_squared: route.sample.b_squared.or(curve.header.b_squared),
    };
    let crosses = curve.form.in_q() != to.in_q();
    // Values belong to the points that the sums take, or they would not come back.
    let x = if crosses { even::unrounded(&curve.x) } else { None };
    let curve = &Tabulated { x: x.unwrap_or_else(|| curve.x.clone()), ..curve.clone() };
    let base = to_base(curve, to, &sample)?;
    let crossed = match (curve.form.in_q(), to.in_q()) {
        (false, true) => into_q(base, route, &sample)?,
        (true, false) => into_r(base, route)?,
        _ => base,
    };
    from_base(crossed, to, &sample)
}

/// The curve as G(r) or F(Q), without the point at 0 where one of the forms has none.
fn to_base(curve: &Tabulated, to: Form, sample: &Sample) -> Result<Tabulated, FormError> {
    let open = is_open_at_zero(curve.form) || is_open_at_zero(to);
    let from = usize::from(open && curve.x.first() == Some(&0.0));
    let x = curve.x[from..].to_vec();
    let lines = lines(curve.form, &x, sample)?;
    let y = lines.iter().zip(&curve.y[from..]).map(|(line, y)| line.back(*y)).collect();
    let dy = lines.iter().zip(curve.dy.iter().skip(from)).map(|(line, dy)| dy / line.factor.abs()).collect();
    let form = if curve.form.in_q() { Form::FofQ } else { Form::G };
    Ok(Tabulated { form, x, y, dy, ..curve.clone() })
}

fn from_base(base: Tabulated, to: Form, sample: &Sample) -> Result<Tabulated, FormError> {
    let lines = lines(to, &base.x, sample)?;
    let y = lines.iter().zip(&base.y).map(|(line, p)| line.apply(*p)).collect();
    let dy = lines.iter().zip(&base.dy).map(|(line, dp)| dp * line.factor.abs()).collect();
    let Sample { number_density, b_squared } = *sample;
    let header = Header { form: Some(to), number_density, b_squared, ..base.header };
    Ok(Tabulated { form: to, y, dy, header, ..base })
}

fn lines(form: Form, x: &[f64], sample: &Sample) -> Result<Vec<Line>, FormError> {
    x.iter().map(|x| Line::to(form, *x, sample)).collect()
}

/// F(Q) of a G(r).
fn into_q(g: Tabulated, route: &Route, sample: &Sample) -> Result<Tabulated, FormError> {
    let line = sample.number_density.map(|density| -4.0 * std::f64::consts::PI * density);
    let (Some(first), Some(last)) = (g.x.first(), g.x.last()) else { return Ok(g) };
    let step = (last - first) / (g.x.len().max(2) - 1) as f64;
    if line.is_none() && *first > 1.5 * step {
        return Err(FormError::Hole);
    }
    let even = Even::new(&g.x, &g.y, |r| line.unwrap_or(0.0) * r).ok_or(FormError::Grid)?;
    let qmax = route.qmax.or(g.header.qmax).unwrap_or(f64::INFINITY);
    let f = even.to_q(qmax);
    let mut warnings = told(g.warnings, even.resampled, "r");
    warnings.extend(lost(&even, &f));
    if !g.dy.is_empty() {
        warnings.push("dG is not carried to Q: neighbouring points of G(r) share their noise".to_owned());
    }
    let qmin = route.qmin.unwrap_or(0.0);
    let points: Vec<(f64, f64)> = f.x().into_iter().zip(f.values).filter(|(q, _)| *q >= qmin).collect();
    let (x, y) = points.into_iter().unzip();
    let header = Header { qmax: route.qmax.or(g.header.qmax), qmin: route.qmin.or(g.header.qmin), ..g.header };
    Ok(Tabulated { form: Form::FofQ, x, y, dy: Vec::new(), header, warnings, ..g })
}

/// What of G(r) lies outside of the window, if that is more than rounding.
fn lost(g: &Even, f: &Even) -> Option<String> {
    let back = f.to_r(g.values.len() + 1);
    let largest = g.values.iter().fold(0.0_f64, |top, g| top.max(g.abs()));
    let most = back.values.iter().zip(&g.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let end = f.step * f.values.len() as f64;
    let all = f.step * g.values.len() as f64;
    (most > 1e-6 * largest).then(|| {
        format!(
            "Q to {end:.4} 1/Å holds G(r) to {:.1e} of its largest value; --qmax {all:.0} holds all of it",
            most / largest
        )
    })
}

/// G(r) of an F(Q).
fn into_r(f: Tabulated, route: &Route) -> Result<Tabulated, FormError> {
    let (Some(first), Some(value)) = (f.x.first().copied(), f.y.first().copied()) else { return Err(FormError::Grid) };
    let below = |q: f64| if first > 0.0 { value * q / first } else { 0.0 };
    let mut even = Even::new(&f.x, &f.y, below).ok_or(FormError::Grid)?;
    let end = even.step * even.values.len() as f64;
    let (qmin, qmax) = (route.qmin.unwrap_or(0.0), route.qmax.unwrap_or(end).min(end));
    let q = even.x();
    for (q, value) in q.iter().zip(&mut even.values) {
        // Half a thousandth of a step: ends that are meant to lie on a point.
        let inside = *q >= qmin - 5e-4 * even.step && *q <= qmax + 5e-4 * even.step;
        *value *= if inside { route.window.at(*q, qmax) } else { 0.0 };
    }
    let (x, y) = points(&even, route)?;
    let dy = sigma(&f, &x, (qmin, qmax), route.window);
    let mut warnings = told(f.warnings, even.resampled, "Q");
    if first > 1.5 * even.step {
        warnings.push(format!("S(Q) is held constant below its first point, Q = {first} 1/Å"));
    }
    let header = Header { qmin: Some(qmin), qmax: Some(qmax), ..f.header };
    Ok(Tabulated { form: Form::G, x, y, dy, header, warnings, ..f })
}

/// The distances asked for and G(r) there.
fn points(f: &Even, route: &Route) -> Result<(Vec<f64>, Vec<f64>), FormError> {
    let period = std::f64::consts::PI / f.step;
    let rmax = route.rmax.unwrap_or(f64::INFINITY).min(period);
    if rmax / route.rstep.unwrap_or(STEP) > MOST || period / STEP > 10.0 * MOST {
        return Err(FormError::Grid);
    }
    if let Some(step) = route.rstep {
        let count = (rmax / step * (1.0 + 1e-9)).floor() as usize;
        let r: Vec<f64> = (1..=count).map(|k| k as f64 * step).collect();
        let g = f.at(&r);
        return Ok((r, g));
    }
    let g = f.to_r_until(f.parts(STEP), rmax);
    Ok((g.x(), g.values))
}

/// The uncertainty of G(r) from that of F(Q), if there is one.
fn sigma(f: &Tabulated, r: &[f64], (qmin, qmax): (f64, f64), window: Window) -> Vec<f64> {
    if f.dy.is_empty() {
        return Vec::new();
    }
    let of =
        |k: usize| sine_transform_sigma(&f.x, &f.dy, &r[k..=k], qmin, qmax, window).first().copied().unwrap_or(0.0);
    crate::threads::map(r.len(), of)
}

fn told(mut warnings: Vec<String>, resampled: bool, axis: &str) -> Vec<String> {
    if resampled {
        warnings.push(format!("the points of {axis} are no whole multiples of a step: they were laid anew by cubics"));
    }
    warnings
}
