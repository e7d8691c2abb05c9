//! The page of a reduction: the curves, what was taken off on the way, and figures of merit; or several reductions over each other.

use askama::Template;

use super::page::rendered;
use super::plot::{Axis, AxisKind, Figure, Mark, Series, Size, draw, extent, padded};
use super::reduced::entries;
use super::tables::decimals;
use crate::reduce::{Quality, quality};
use crate::reduction::Reduced;

/// One reduction, and what it is called beside others.
#[derive(Debug, Clone)]
pub struct Variant {
    /// `qmax = 22`; empty for one alone.
    pub label: String,
    /// The reduction.
    pub reduced: Reduced,
}

#[derive(Template)]
#[template(path = "reduction.html")]
struct Page {
    title: String,
    sentence: String,
    varied: String,
    rows: Vec<Row>,
    warnings: Vec<String>,
    g: String,
    f: String,
    single: Vec<(&'static str, String)>,
    settings: Vec<(&'static str, String)>,
}

struct Row {
    label: String,
    cells: Vec<String>,
}

/// The page of one reduction, or of several of one pattern that differ in the setting `varied`.
pub fn reduction_html(variants: &[Variant], varied: &str) -> String {
    let Some(first) = variants.first().map(|variant| &variant.reduced) else { return String::new() };
    let alone = variants.len() == 1;
    let page = Page {
        title: first.sample.clone(),
        sentence: if alone {
            sentence(first)
        } else {
            format!("{} reductions that differ in {varied}.", variants.len())
        },
        varied: if alone { "Pattern".to_owned() } else { varied.to_owned() },
        rows: variants.iter().map(row).collect(),
        warnings: first.warnings.clone(),
        g: g(variants),
        f: f(variants),
        single: if alone { steps(first) } else { Vec::new() },
        settings: entries(first, "html")
            .into_iter()
            .filter(|(key, _)| *key != "outputtype" && *key != varied)
            .collect(),
    };
    rendered(&page)
}

fn sentence(reduced: &Reduced) -> String {
    let background = reduced.background_file.as_ref();
    let background =
        background.map_or_else(|| "no background".to_owned(), |file| format!("less the background {file}"));
    format!("Intensities reduced to G(r), {background}.")
}

fn row(variant: &Variant) -> Row {
    let reduced = &variant.reduced;
    let Quality { low, density, noise, highest, corrected, .. } = quality(reduced);
    let numbers = [
        (reduced.settings.bgscale, 4),
        (reduced.degree, 2),
        (low, 4),
        (density, 4),
        (noise, 4),
        (highest, 2),
        (corrected, 2),
    ];
    let cell =
        |(value, places): (f64, usize)| if value.is_finite() { decimals(value, places) } else { "–".to_owned() };
    let name = reduced.sample.rsplit(['/', '\\']).next().unwrap_or_default();
    let label = if variant.label.is_empty() { name.to_owned() } else { variant.label.clone() };
    Row { label, cells: numbers.map(cell).into() }
}

/// Ten colours, the data's own for one curve alone.
fn class(k: usize, of: usize) -> String {
    if of == 1 { "calc".to_owned() } else { format!("c{}", k % 10) }
}

fn g(variants: &[Variant]) -> String {
    let curves = variants.iter().map(|variant| (&variant.label, &variant.reduced.r, &variant.reduced.g));
    let mut figure = curves_over("reduced-g", "G(r)", Axis::g((0.0, 1.0)), &curves.collect::<Vec<_>>());
    let ranges: Vec<f64> = variants.iter().flat_map(|variant| variant.reduced.r.iter().copied()).collect();
    figure.x = Axis::r(padded(extent(&ranges), 0.0));
    if let [one] = variants {
        let rpoly = one.reduced.settings.rpoly;
        figure.marks.push(Mark::Vertical { x: rpoly, text: "rpoly".to_owned(), class: "cutoff" });
    }
    draw::figure(&figure)
}

fn f(variants: &[Variant]) -> String {
    let curves: Vec<_> = variants
        .iter()
        .map(|variant| {
            let end = variant.reduced.transformed();
            (variant.label.clone(), variant.reduced.q[..end].to_vec(), variant.reduced.f[..end].to_vec())
        })
        .collect();
    let curves: Vec<_> = curves.iter().map(|(label, q, f)| (label, q, f)).collect();
    let y = Axis::new("F(Q)", "Å⁻¹", (0.0, 1.0), AxisKind::Linear);
    draw::figure(&curves_over("reduced-f", "F(Q) within qmin and qmax", y, &curves))
}

/// Curves over each other in Q, each on its own points.
fn curves_over(id: &str, title: &str, mut y: Axis, curves: &[(&String, &Vec<f64>, &Vec<f64>)]) -> Figure {
    let (x, values): (Vec<f64>, Vec<f64>) =
        curves.iter().flat_map(|(_, x, y)| x.iter().copied().zip(y.iter().copied())).unzip();
    y.range = padded(extent(&values), 0.05);
    let line = |(k, (label, _, y)): (usize, &(&String, &Vec<f64>, &Vec<f64>))| {
        Series::line((*label).clone(), class(k, curves.len()), (*y).clone()).on_grid(k)
    };
    Figure {
        id: id.to_owned(),
        title: title.to_owned(),
        description: format!("{title} of every reduction as a line."),
        size: Size::Wide,
        x: Axis::new("Q", "Å⁻¹", padded(extent(&x), 0.0), AxisKind::Linear),
        y,
        grids: curves.iter().map(|(_, x, _)| (*x).clone()).collect(),
        series: curves.iter().enumerate().map(line).collect(),
        marks: vec![Mark::Horizontal { y: 0.0, class: "zero" }],
        stamp: String::new(),
        link: String::new(),
    }
}

/// A power of a thousand in which intensities are small numbers, and how the axis names it.
fn unit(intensity: &[f64]) -> (f64, String) {
    let highest = extent(intensity).map_or(1.0, |(_, high)| high);
    let thousands = if highest > 0.0 { (highest.log10() / 3.0).floor() as i32 } else { 0 };
    let unit = 1000_f64.powi(thousands);
    (unit, if thousands == 0 { "as measured".to_owned() } else { format!("as measured / {unit:.0e}") })
}

/// Intensities, S(Q), and the polynomial of one reduction.
fn steps(reduced: &Reduced) -> Vec<(&'static str, String)> {
    let (unit, label) = unit(&reduced.measured);
    let free: Vec<f64> = reduced.free_atoms.iter().map(|f| f / reduced.normalisation / unit).collect();
    let [measured, empty] = [&reduced.measured, &reduced.background].map(|i| i.iter().map(|i| i / unit).collect());
    let intensity = Axis::new("Intensity", &label, (0.0, 1.0), AxisKind::Linear);
    let q = &reduced.q;
    let names = ["sample", "background × bgscale", "free atoms"].map(str::to_owned);
    let [sample, background, atoms] = &names;
    let mut lines = vec![(sample, q, &measured), (atoms, q, &free)];
    if reduced.background_file.is_some() {
        lines.insert(1, (background, q, &empty));
    }
    let s = Axis::new("S(Q)", "", (0.0, 1.0), AxisKind::Linear);
    let unnamed = String::new();
    let start = q.partition_point(|q| *q <= 0.0);
    let (positive, values) = (q[start..].to_vec(), reduced.s[start..].to_vec());
    let f = Axis::new("F(Q)", "Å⁻¹", (0.0, 1.0), AxisKind::Linear);
    let names = ["before the polynomial", "polynomial"].map(str::to_owned);
    let corrections = [(&names[0], q, &reduced.uncorrected), (&names[1], q, &reduced.polynomial)];
    let drawn = |figure: Figure| draw::figure(&figure);
    vec![
        ("Intensities", drawn(curves_over("reduced-i", "Intensities", intensity, &lines))),
        ("What the polynomial takes", drawn(curves_over("reduced-p", "F(Q) before the polynomial", f, &corrections))),
        ("S(Q)", drawn(curves_over("reduced-s", "S(Q)", s, &[(&unnamed, &positive, &values)]))),
    ]
}
