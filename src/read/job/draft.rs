//! A first job for a structure and a curve, with a comment at every line that a user may want to change.

use std::fmt::Write as _;

use crate::element::Element;
use crate::model::{Model, Site};
use crate::observed::{Observed, Radiation};

/// Below this rmax in Å, sharpening and resolution change a curve by less than its noise.
const FAR_ENOUGH: f64 = 4.5;

/// A first fit reaches so far, Å: the near order and a few cells.
const FIRST_RMAX: f64 = 20.0;

/// `Uiso` in Å² where the structure has none: an atom at room temperature.
const COMMON_U: f64 = 0.005;

/// What a first job is made of.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The structure.
    pub model: &'a Model,
    /// Its file, as the path shall stand in the job.
    pub structure: &'a str,
    /// Names of the cell parameters that the symmetry leaves free: `["a", "c"]` of a tetragonal cell.
    pub cell: &'a [&'a str],
    /// The measured curve.
    pub observed: &'a Observed,
    /// Its file, as the path shall stand in the job.
    pub data: &'a str,
}

/// Writes a commented job: what the header of the data says is filled in, the rest are defaults that say so.
pub fn write_commented(draft: &Draft) -> String {
    let Draft { model, structure, cell, observed, data } = *draft;
    let mut text = String::from(
        "// A refinement for corefine. Lengths are in Å, Q in 1/Å, U in Å²; comments start with two slashes.\n(\n",
    );
    let range = first_range(observed);
    push(&mut text, 1, &format!("title: {},", quoted(&title(model, structure))));
    push(&mut text, 1, "// Paths are relative to this file.");
    push(&mut text, 1, &format!("structure: {},", quoted(structure)));
    push(
        &mut text,
        1,
        "// SpaceGroup: atoms that symmetry relates move together. P1: every atom of the cell by itself.",
    );
    push(&mut text, 1, "symmetry: SpaceGroup,");
    measured(&mut text, observed, data, range);
    fixed(&mut text, observed, data);
    varied(&mut text, model, cell, range);
    counted(&mut text, model);
    text.push_str(")\n");
    text
}

fn push(text: &mut String, depth: usize, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:1$}{line}", "", 4 * depth);
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

fn title(model: &Model, structure: &str) -> String {
    let text = if model.title.is_empty() { structure } else { &model.title };
    text.chars().filter(|c| !c.is_control()).collect()
}

/// What is fitted first: from below the first bond to [`FIRST_RMAX`], within the data.
fn first_range(observed: &Observed) -> (f64, f64) {
    let first = observed.r.first().copied().unwrap_or(0.0);
    let last = observed.r.last().copied().unwrap_or(FIRST_RMAX);
    let rmin = if last > 1.0 { first.max(1.0) } else { first };
    (rmin, last.min(FIRST_RMAX))
}

fn measured(text: &mut String, observed: &Observed, data: &str, (rmin, rmax): (f64, f64)) {
    let header = &observed.header;
    let from_header = format!("from the header of {}", short(data));
    let (first, last) = (observed.r.first().copied().unwrap_or(0.0), observed.r.last().copied().unwrap_or(0.0));
    push(text, 1, "data: (");
    push(text, 2, &format!("file: {},", quoted(data)));
    push(text, 2, &format!("// The range that is fitted; the file covers {first} to {last}."));
    push(text, 2, &format!("rmin: {rmin:?},"));
    push(text, 2, &format!("rmax: {rmax:?},"));
    push(text, 2, "// Data: the points of the file. Nyquist: steps of π/qmax, all the information there is and");
    push(text, 2, "// nothing twice. Step(0.05): steps of 0.05.");
    push(text, 2, "grid: Data,");
    match header.radiation {
        Some(radiation) => push(text, 2, &format!("radiation: {}, // {from_header}", word(radiation))),
        None => push(text, 2, "radiation: xray, // xray or neutron; the file does not say"),
    }
    push(text, 2, "// exact: form factors that fall with Q. f0: one number per pair, as PDFgui and PDFfit2 do.");
    push(text, 2, "weights: exact,");
    push(text, 2, "// MeanSquared: reduced to <f>², as PDFgetX does. SquareMean: to <f²>, as Gudrun often does;");
    push(text, 2, "// a scale far from 1 is the sign of the wrong one.");
    match header.normalisation {
        Some(normalisation) => push(text, 2, &format!("normalisation: {normalisation:?}, // {from_header}")),
        None => push(text, 2, "normalisation: MeanSquared,"),
    }
    match header.qmin {
        Some(qmin) => push(text, 2, &format!("qmin: {qmin:?}, // {from_header}")),
        None => push(text, 2, "// qmin: 0.1, // where the transform began; the file does not say, and 0 is taken"),
    }
    match header.qmax {
        Some(qmax) => push(text, 2, &format!("qmax: {qmax:?}, // {from_header}")),
        None => push(text, 2, "// qmax: 23.5, // where the transform ended; the file does not say: write it here"),
    }
    push(text, 1, "),");
}

/// The file's name without its folders.
fn short(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn word(radiation: Radiation) -> &'static str {
    match radiation {
        Radiation::Xray => "xray",
        Radiation::Neutron => "neutron",
    }
}

fn fixed(text: &mut String, observed: &Observed, data: &str) {
    push(
        text,
        1,
        "// Values that stay as they are. qdamp and qbroad belong to the instrument: take them from a fit to a",
    );
    push(text, 1, "// standard such as Ni or CeO2, measured in the same way.");
    push(text, 1, "set: {");
    for (name, value, common) in [("qdamp", observed.header.qdamp, "0.04"), ("qbroad", observed.header.qbroad, "0.01")]
    {
        match value {
            Some(value) => push(text, 2, &format!("\"{name}\": {value:?}, // from the header of {}", short(data))),
            None => push(text, 2, &format!("// \"{name}\": {common}, // the file does not say, and 0 is taken")),
        }
    }
    push(text, 1, "},");
}

fn varied(text: &mut String, model: &Model, cell: &[&str], (_, rmax): (f64, f64)) {
    push(
        text,
        1,
        "// What is refined. Each may have (start: ..., min: ..., max: ..., sigma: ...); sigma is a soft restraint to",
    );
    push(text, 1, "// the start.");
    push(text, 1, "refine: {");
    push(text, 2, "\"scale\": (min: 0.0),");
    push(text, 2, "// Edges and angles that the symmetry leaves free.");
    for name in cell {
        push(text, 2, &format!("\"{name}\": (),"));
    }
    displacements(text, model);
    sharpening(text, rmax);
    positions(text, model);
    push(text, 1, "},");
    push(text, 1, "// Ties by formula, such as [\"Uiso.C = Uiso.N\"].");
    push(text, 1, "ties: [],");
}

fn displacements(text: &mut String, model: &Model) {
    push(text, 2, "// One U per element; \"Uiso.LABEL\" is that of one site. Hydrogen is all but unseen by X-rays.");
    for element in elements(model) {
        let starts = if has_displacements(model, element) { String::new() } else { format!(", start: {COMMON_U}") };
        let slashes = if element.symbol() == "H" { "// " } else { "" };
        push(text, 2, &format!("{slashes}\"Uiso.{element}\": (min: 0.0{starts}),"));
    }
}

fn has_displacements(model: &Model, element: Element) -> bool {
    model
        .sites
        .iter()
        .filter(|site| site.species.element == element)
        .all(|site| site.adp.is_some_and(|adp| adp.equivalent(&model.cell) > 0.0))
}

fn sharpening(text: &mut String, rmax: f64) {
    if rmax < FAR_ENOUGH {
        push(
            text,
            2,
            &format!(
                "// With rmax below about {FAR_ENOUGH} neither delta1 nor delta2, qdamp or qbroad can be refined."
            ),
        );
        return;
    }
    push(
        text,
        2,
        "// Near atoms move together and their peaks are sharper: delta2 at low temperature, delta1 at high, not both.",
    );
    push(text, 2, &format!("// With rmax below about {FAR_ENOUGH} neither can be refined, nor qdamp, nor qbroad."));
    push(text, 2, "\"delta2\": (min: 0.0),");
}

fn positions(text: &mut String, model: &Model) {
    push(
        text,
        2,
        "// Positions: \"xyz.ELEMENT\" moves each site of the element by itself, as far as its symmetry lets it;",
    );
    push(
        text,
        2,
        "// \"xyz.LABEL\", \"x.LABEL\" move one. Refine scale, cell and U first; sigma, in Å, holds them near the start.",
    );
    for element in elements(model) {
        push(text, 2, &format!("// \"xyz.{element}\": (sigma: 0.1),"));
    }
}

fn counted(text: &mut String, model: &Model) {
    push(text, 1, "// Bonds to count: the centre first; longer than `cutoff` is broken.");
    let Some(pair) = likely_bond(model) else {
        return push(text, 1, "// bonds: [(pair: \"Co-N\", cutoff: 2.25, neighbours: 4, bin: 0.1)],");
    };
    push(text, 1, &format!("bonds: [(pair: \"{pair}\", cutoff: 2.25, neighbours: 4, bin: 0.1)],"));
}

/// The first metal, with the nitrogen, oxygen or sulfur that it will be bonded to.
fn likely_bond(model: &Model) -> Option<String> {
    let elements = elements(model);
    let metal = elements.iter().find(|element| is_metal(**element))?;
    let donor = ["N", "O", "S"].into_iter().find(|donor| elements.iter().any(|e| e.symbol() == *donor))?;
    Some(format!("{metal}-{donor}"))
}

fn is_metal(element: Element) -> bool {
    const OTHERS: [&str; 22] = [
        "H", "He", "B", "C", "N", "O", "F", "Ne", "Si", "P", "S", "Cl", "Ar", "Ge", "As", "Se", "Br", "Kr", "Te", "I",
        "Xe", "Rn",
    ];
    !OTHERS.contains(&element.symbol())
}

/// The elements of a model in order of first appearance.
fn elements(model: &Model) -> Vec<Element> {
    let mut elements = Vec::new();
    for Site { species, .. } in &model.sites {
        if !elements.contains(&species.element) {
            elements.push(species.element);
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Job;
    use crate::model::{Adp, Cell, Profile, SpaceGroup};
    use crate::observed::{Form, Header};
    use crate::units::Frac;

    fn model(elements: &[&str]) -> Model {
        let site = |symbol: &&str| Site {
            label: format!("{symbol}1"),
            species: symbol.parse().unwrap(),
            position: Frac::new(0.1, 0.2, 0.3),
            occ: 1.0,
            adp: (*symbol != "N").then_some(Adp::Iso(0.01)),
            beyond: None,
            inside: None,
            disorder: None,
        };
        Model {
            title: "a \"model\"".to_owned(),
            provenance: Vec::new(),
            cell: Cell::from_parameters([5.0, 6.0, 7.0, 90.0, 90.0, 90.0]),
            space_group: SpaceGroup::default(),
            profile: Profile::default(),
            sites: elements.iter().map(site).collect(),
        }
    }

    fn observed(last: f64, header: Header) -> Observed {
        let r: Vec<f64> = (1..=10).map(|i| last * f64::from(i) / 10.0).collect();
        let g = r.iter().map(|r| r.sin()).collect();
        Observed { name: "x.gr".to_owned(), r, g, dg: Vec::new(), form: Form::G, header, warnings: Vec::new() }
    }

    fn draft(model: &Model, structure: &str, observed: &Observed, data: &str) -> String {
        write_commented(&Draft { model, structure, cell: &["a", "b", "c"], observed, data })
    }

    fn read(text: &str) -> Job {
        crate::read::job::job(text, "draft.ron").unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn a_draft_is_a_job_with_what_the_header_says() {
        let model = model(&["Co", "N", "H"]);
        let header =
            Header { qmax: Some(23.5), qdamp: Some(0.069), radiation: Some(Radiation::Neutron), ..Header::default() };
        let text = draft(&model, "my \"co\".cif", &observed(30.0, header), "co.gr");
        let job = read(&text);
        assert_eq!(job.structure, "my \"co\".cif");
        assert_eq!((job.data.qmin, job.data.qmax, job.data.radiation), (None, Some(23.5), Some(Radiation::Neutron)));
        assert_eq!((job.data.rmin, job.data.rmax), (3.0, 20.0));
        assert_eq!(job.set, [("qdamp".to_owned(), 0.069)]);
        assert_eq!(job.bonds[0].pair, "Co-N");
        let names: Vec<&str> = job.refine.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["scale", "a", "b", "c", "Uiso.Co", "Uiso.N", "delta2"]);
        assert_eq!(job.refine[5].1.start, Some(COMMON_U), "N has no U in the model");
        assert!(text.contains("qmax: 23.5, // from the header of co.gr"), "{text}");
    }

    #[test]
    fn a_short_range_refines_no_delta() {
        let model = model(&["Ni"]);
        let job = read(&draft(&model, "a.cif", &observed(4.4, Header::default()), "x.gr"));
        assert!(job.refine.iter().all(|(name, _)| name != "delta2"));
        assert!(job.bonds.is_empty());
    }
}
