//! A curve as columns of text, in whatever form it is.

use std::fmt::Write;

use crate::forms;
use crate::observed::{Header, Tabulated};

/// The curve with its form and settings in the header, in the spelling that this program and others read.
///
/// `head` comes first, one comment line for each line of text. Columns: r in Å or Q in 1/Å, the curve, its uncertainty if it has
/// one. Numbers have as many digits as their columns need to read back to 1e-9.
///
/// ```
/// let text = "#L r G\n0.01 0.5\n0.02 0.6\n0.03 0.1\n";
/// let curve = corefine::read::observed::tabulated(text.as_bytes(), "a.gr").unwrap();
/// let written = corefine::report::columns(&curve, &[]);
/// assert!(written.contains("# form = G\n") && written.contains("#L r G\n0.01"), "{written}");
/// ```
pub fn columns(curve: &Tabulated, head: &[String]) -> String {
    let mut text = String::new();
    for line in head.iter().flat_map(|entry| entry.lines()).map(str::to_owned).chain(settings(curve)) {
        text.extend(["# ", &line, "\n"]);
    }
    let word = curve.form.word();
    let axis = if curve.form.in_q() { "Q" } else { "r" };
    let sigma = if curve.dy.is_empty() { String::new() } else { format!(" d{word}") };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "#L {axis} {word}{sigma}");
    for (k, (x, y)) in curve.x.iter().zip(&curve.y).enumerate() {
        let _ = write!(text, "{} {y:.11e}", (x * 1e9).round() / 1e9);
        if let Some(dy) = curve.dy.get(k) {
            let _ = write!(text, " {dy:.6e}");
        }
        text.push('\n');
    }
    text
}

/// What the header of a curve says, line by line.
fn settings(curve: &Tabulated) -> Vec<String> {
    let h = &curve.header;
    let (equation, unit) = forms::words(curve.form);
    let mut lines = vec![format!("form = {}", curve.form.word()), format!("{equation}; unit: {unit}")];
    lines.extend(h.synthetic.then(|| "synthetic: computed, not measured".to_owned()));
    lines.extend(h.cluster.then(|| "cluster = true".to_owned()));
    lines.extend(h.radiation.map(|radiation| format!("mode = {}", radiation.word())));
    lines.extend(h.composition.as_ref().map(|composition| {
        let parts: Vec<String> = composition.iter().map(|(species, n)| format!("{}{n}", species.element)).collect();
        format!("composition = {}", parts.join(" "))
    }));
    lines.extend(numbers(h).into_iter().filter_map(|(key, value)| Some(format!("{key} = {}", value?))));
    lines
}

fn numbers(h: &Header) -> [(&'static str, Option<f64>); 11] {
    [
        ("wavelength", h.wavelength),
        ("qmin", h.qmin),
        ("qmax", h.qmax),
        ("qmaxinst", h.qmaxinst),
        ("qdamp", h.qdamp),
        ("qbroad", h.qbroad),
        ("rpoly", h.rpoly),
        ("bgscale", h.bgscale),
        ("number_density", h.number_density),
        ("b_squared", h.b_squared),
        ("temperature", h.temperature),
    ]
}
