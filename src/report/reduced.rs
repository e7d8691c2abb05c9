//! `.iq`, `.sq`, `.fq` and `.gr`: a reduced pattern, with headers that other programs read.

use std::fmt::Write;

use crate::reduction::{Absorption, Compton, Reduced, Reduction};

/// What a reduction writes: the ending of each file.
pub const REDUCED: [&str; 4] = ["iq", "sq", "fq", "gr"];

/// The texts of [`REDUCED`], in this order.
///
/// Columns: Q (1/Å) and the intensity without background; Q and S(Q); Q and F(Q) (1/Å); r (Å), G(r) (1/Å²), a zero for the
/// uncertainty of r, and the uncertainty of G(r). The last is left out of each where the sample has none. S(Q) and F(Q) go from `qmin`
/// to `qmax`, what G(r) is made of. The header has every setting, so that `corefine reduce --job FILE.gr` makes the same again.
pub fn reduced_files(reduced: &Reduced) -> [String; 4] {
    let end = reduced.transformed();
    let start = reduced.q.partition_point(|q| *q <= 0.0).min(end);
    let q = &reduced.q[start..end];
    [
        text(reduced, "iq", "Q(1/Å) I(Q) dI(Q)", &reduced.q, &reduced.intensity, &reduced.dintensity),
        text(reduced, "sq", "Q(1/Å) S(Q) dS(Q)", q, &reduced.s[start..end], part(&reduced.ds, start, end)),
        text(reduced, "fq", "Q(1/Å) F(Q)(1/Å) dF(Q)(1/Å)", q, &reduced.f[start..end], part(&reduced.df, start, end)),
        gr(reduced),
    ]
}

fn part(values: &[f64], start: usize, end: usize) -> &[f64] {
    values.get(start..end).unwrap_or_default()
}

/// Three columns in Q, or two.
fn text(reduced: &Reduced, kind: &str, labels: &str, x: &[f64], y: &[f64], dy: &[f64]) -> String {
    let labels = if dy.is_empty() { labels.rsplit_once(' ').map_or(labels, |(most, _)| most) } else { labels };
    let mut text = header(reduced, kind, labels);
    text.reserve(50 * x.len());
    for (k, (x, y)) in x.iter().zip(y).enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{x:.7} {y:.7e}");
        let _ = dy.get(k).map(|dy| write!(text, " {dy:.3e}"));
        text.push('\n');
    }
    text
}

fn gr(reduced: &Reduced) -> String {
    let noisy = !reduced.dg.is_empty();
    let labels = if noisy { "r(Å) G(r)(1/Å²) dr(Å) dG(r)(1/Å²)" } else { "r(Å) G(r)(1/Å²)" };
    let mut text = header(reduced, "gr", labels);
    text.reserve(40 * reduced.r.len());
    let places = places(&reduced.settings);
    for (j, (r, g)) in reduced.r.iter().zip(&reduced.g).enumerate() {
        let _ = write!(text, "{r:.places$} {g:.8}");
        if noisy {
            let _ = write!(text, " 0 {:.3e}", dg(reduced, j));
        }
        text.push('\n');
    }
    text
}

/// The uncertainty at a distance. At r = 0, where it vanishes, that of the next: programs that weight by it want none to be zero.
fn dg(reduced: &Reduced, j: usize) -> f64 {
    let next = || reduced.dg.get(j + 1).copied().unwrap_or_default();
    if reduced.r[j] == 0.0 { next() } else { reduced.dg[j] }
}

/// Digits behind the point that every distance of the grid has.
fn places(settings: &Reduction) -> usize {
    /// Steps in more digits are not whole numbers of anything.
    const MOST: u8 = 9;
    let whole = |value: f64| (value - value.round()).abs() < 1e-6;
    let fits = |places: &u8| [settings.rmin, settings.rstep].iter().all(|x| whole(x * 10_f64.powi((*places).into())));
    (0..MOST).find(fits).unwrap_or(MOST).into()
}

/// The settings as PDFgetX3 writes them, one `key = value` in a line.
fn header(reduced: &Reduced, kind: &str, labels: &str) -> String {
    let mut text = format!("[DEFAULT]\n\nversion = corefine reduce {}\n\n", super::VERSION);
    let mut line = |key: &str, value: String| {
        let _ = writeln!(text, "{key} = {value}");
    };
    for (key, value) in entries(reduced, kind) {
        line(key, value);
    }
    let _ = write!(text, "\n#### start data\n\n#S 1\n#L {labels}\n");
    text
}

/// Every setting by its name, and what else stands in a header.
pub(super) fn entries(reduced: &Reduced, kind: &str) -> Vec<(&'static str, String)> {
    let settings = &reduced.settings;
    let optional = |value: Option<f64>| value.map(|value| value.to_string());
    let mut entries = vec![
        ("dataformat", settings.dataformat.map(|abscissa| abscissa.word().to_owned())),
        ("inputfile", Some(reduced.sample.clone())),
        ("backgroundfile", reduced.background_file.clone()),
        ("outputtype", Some(kind.to_owned())),
        ("mode", Some(settings.scattered().word().to_owned())),
        ("composition", Some(settings.composition.clone())),
        ("wavelength", optional(settings.wavelength)),
        ("twothetazero", Some(settings.twothetazero.to_string())),
    ];
    let numbers = [
        ("bgscale", Some(settings.bgscale)),
        ("rpoly", Some(settings.rpoly)),
        ("qmaxinst", settings.qmaxinst),
        ("qmin", Some(settings.qmin)),
        ("qmax", settings.qmax),
        ("rmin", Some(settings.rmin)),
        ("rmax", Some(settings.rmax)),
        ("rstep", Some(settings.rstep)),
    ];
    entries.extend(numbers.map(|(key, value)| (key, optional(value))));
    // A window is written as RON writes it, which the reader of headers takes.
    entries.push(("window", ron::to_string(&settings.window).ok()));
    entries.push(("polarisation", optional(settings.polarisation)));
    let asked = settings.absorption != Absorption::None;
    entries.push(("absorption", asked.then(|| ron::to_string(&settings.absorption).ok()).flatten()));
    let asked = settings.compton != Compton::None;
    entries.push(("compton", asked.then(|| ron::to_string(&settings.compton).ok()).flatten()));
    entries.push(("degree", Some(format!("{:.4}", reduced.degree))));
    entries.push(("normalisation", Some(format!("{:.7e}", reduced.normalisation))));
    entries.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}
