//! The atoms of a cluster as extended xyz.

use std::fmt::Write as _;

use crate::model::{Model, Site};

/// The atoms of a cluster as extended xyz, for programs that draw them: elements, positions in Å, occupancies, and Uiso where every site
/// has one (a third of the trace of a tensor).
///
/// [`crate::read::xyz::xyz`] reads these back equal. What xyz has no place for (labels, tensors, a second U, delta and their kin)
/// is in [`crate::write::ron`].
///
/// ```
/// use corefine::{read::structure, write};
/// let text = "2\nProperties=species:S:1:pos:R:3:uiso:R:1\nAu 0.1 0 0 0.004\nAu 2.98 0 0 0.005\n";
/// let model = structure(text.as_bytes(), "au2.xyz").unwrap().value;
/// assert_eq!(structure(write::xyz(&model).as_bytes(), "again.xyz").unwrap().value, model);
/// ```
pub fn xyz(model: &Model) -> String {
    let with_u = model.sites.iter().all(|site| site.adp.is_some());
    let mut text = format!("{}\n{}\n", model.sites.len(), comment(model, with_u));
    for site in &model.sites {
        text.push_str(&atom(model, site, with_u));
    }
    text
}

fn comment(model: &Model, with_u: bool) -> String {
    let u = if with_u { ":uiso:R:1" } else { "" };
    let title = if model.title.is_empty() { String::new() } else { format!(" title=\"{}\"", one_word(&model.title)) };
    format!("Properties=species:S:1:pos:R:3:occ:R:1{u} pbc=\"F F F\"{title}")
}

/// A text that a quoted value can hold.
fn one_word(text: &str) -> String {
    text.replace('"', "'").replace(['\n', '\r'], " ")
}

fn atom(model: &Model, site: &Site, with_u: bool) -> String {
    let [x, y, z] = site.position.0.into();
    let mut line = format!("{} {x} {y} {z} {}", site.species.element, site.occ);
    if let Some(adp) = site.adp.filter(|_| with_u) {
        // Writing to a string cannot fail.
        let _ = write!(line, " {}", adp.equivalent(&model.cell));
    }
    line + "\n"
}
