//! `fit.fgr`: the fitted curve in columns.

use std::fmt::Write;

use crate::outcome::DataResult;

/// The curves of one fit as five columns, after header lines that begin with `#`.
///
/// `header` comes first, one comment line per line of text. Columns: r in Å; Gobs, Gcalc, diff = Gobs - Gcalc and dG in
/// 1/Å²; dG is 0 where the data give none. `numpy.loadtxt` reads it.
///
/// `G(r) = 4 π r [ρ(r) - ρ0]` (Keen 2001, J. Appl. Cryst. 34, 172), the form in which the comparison was made.
pub fn fgr(data: &DataResult, header: &[String]) -> String {
    let mut text = String::new();
    for line in header.iter().flat_map(|entry| entry.lines()).chain(own_header(data).lines()) {
        text.push_str("# ");
        text.push_str(line);
        text.push('\n');
    }
    for (i, r) in data.r.iter().enumerate() {
        let at = |curve: &[f64]| curve.get(i).copied().unwrap_or(0.0);
        let (obs, calc, dg) = (at(&data.gobs), at(&data.gcalc), at(&data.dg));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{r:.6} {obs:.9e} {calc:.9e} {:.9e} {dg:.9e}", obs - calc);
    }
    text
}

/// What was compared in Q as five columns: Q in 1/Å, observed, calculated, difference, uncertainty (0 where there is none); `None`
/// where nothing was.
///
/// It is the part of F(Q), or of S(Q) - 1, that lies between the two ends of the fitted range of r; see [`crate::objective::Seen`].
pub fn fq(data: &DataResult) -> Option<String> {
    let seen = data.in_q.as_ref()?;
    let label = if data.label.is_empty() { String::new() } else { format!(" ({})", data.label) };
    let ends = data.r.first().zip(data.r.last()).map_or((0.0, 0.0), |(first, last)| (*first, *last));
    let unit = if seen.unit.is_empty() { "no unit" } else { "1/A" };
    let mut text = format!(
        "# corefine {}: fit of {}{label} in Q, Rw = {:.6}, {} points\n\
         # form: {} of what lies between {} and {} A, {unit}; Q in 1/A\n\
         # diff = obs - calc; d is the uncertainty of obs, 0 where the data give none\n\
         # Q obs calc diff d\n",
        super::VERSION,
        data.file,
        data.rw,
        data.points,
        seen.name,
        ends.0,
        ends.1,
    );
    for (k, q) in seen.q.iter().enumerate() {
        let at = |curve: &[f64]| curve.get(k).copied().unwrap_or(0.0);
        let (obs, calc, d) = (at(&seen.observed), at(&seen.calculated), at(&seen.d));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{q:.6} {obs:.9e} {calc:.9e} {:.9e} {d:.9e}", obs - calc);
    }
    Some(text)
}

/// What the columns are; ASCII, so that any reader's default encoding serves.
fn own_header(data: &DataResult) -> String {
    let label = if data.label.is_empty() { String::new() } else { format!(" ({})", data.label) };
    format!(
        "corefine {}: fit of {}{label}, Rw = {:.6}, {} points\n\
         form: G(r) = 4 pi r [rho(r) - rho0] in 1/A^2, r in A\n\
         diff = Gobs - Gcalc; dG is the uncertainty of Gobs, 0 where the data give none\n\
         r Gobs Gcalc diff dG",
        super::VERSION,
        data.file,
        data.rw,
        data.points,
    )
}
