//! A computed curve over a measured one, as a page.

use askama::Template;

use super::figures;
use super::page::rendered;
use super::tables::decimals;
use crate::outcome::{DataResult, InQResult};
use crate::overlay::Overlay;

#[derive(Template)]
#[template(path = "overlay.html")]
struct Page<'a> {
    title: String,
    overlay: &'a Overlay,
    rw: String,
    scale: String,
    range: String,
    source: &'a [String],
    figure: String,
}

/// The page; `source` says line by line what was computed.
pub fn overlay_html(overlay: &Overlay, source: &[String]) -> String {
    let unit = if overlay.in_q { "1/Å" } else { "Å" };
    let ends = [overlay.x.first(), overlay.x.last()].map(|x| decimals(x.copied().unwrap_or(f64::NAN), 2));
    let page = Page {
        title: format!("{} over {}", if overlay.in_q { "F(Q)" } else { "G(r)" }, overlay.file),
        rw: decimals(overlay.rw, 4),
        scale: decimals(overlay.scale, 4),
        range: format!("{} to {} {unit}", ends[0], ends[1]),
        overlay,
        source,
        figure: figure(overlay),
    };
    rendered(&page)
}

/// The figure of a fit, of which only the scale was fitted.
fn figure(overlay: &Overlay) -> String {
    let Overlay { file, rw, x, observed, calculated, .. } = overlay.clone();
    let in_q =
        |(q, observed, calculated)| InQResult { name: "F(Q)", unit: "1/Å", q, observed, calculated, d: Vec::new() };
    let mut data = DataResult {
        name: String::new(),
        file,
        label: String::new(),
        points: x.len(),
        independent_observations: x.len() as f64,
        rw,
        misfit: f64::NAN,
        r: Vec::new(),
        gobs: Vec::new(),
        gcalc: Vec::new(),
        dg: Vec::new(),
        partials: Vec::new(),
        in_q: None,
    };
    if overlay.in_q {
        data.in_q = Some(in_q((x, observed, calculated)));
        return figures::fit_in_q("overlay", &data);
    }
    (data.r, data.gobs, data.gcalc) = (x, observed, calculated);
    figures::fit("overlay", &data, "r")
}
