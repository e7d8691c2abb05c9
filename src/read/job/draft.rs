//! A first job for a structure and a curve, with a comment at every line that a user may want to change.

use std::fmt::Write as _;

use crate::element::Element;
use crate::job::Bonds;
use crate::model::{Model, Site};
use crate::observed::Observed;

/// Below this rmax in Å, sharpening and resolution change a curve by less than its noise.
const FAR_ENOUGH: f64 = 4.5;

/// A first fit reaches so far, Å: the near order and a few cells.
const FIRST_RMAX: f64 = 20.0;

/// No first fit begins below this, Å: there are no bonds but those of hydrogen, and errors of the reduction are largest.
const LEAST_RMIN: f64 = 1.0;

/// The peak of the first bond begins above this part of its length.
const BELOW_FIRST_BOND: f64 = 0.6;

/// A damping can be told from the other parameters on data that reach so far, Å.
const DAMPING_SHOWS: f64 = 10.0;

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
    /// The shortest distance between two atoms in Å, where it is known.
    pub nearest: Option<f64>,
    /// The bonds to count, if the structure has any that are likely meant; see [`likely_pairs`].
    pub bonds: Option<&'a Bonds>,
    /// The measured curve.
    pub observed: &'a Observed,
    /// Its file, as the path shall stand in the job.
    pub data: &'a str,
}

/// Writes a commented job: what the header of the data says is filled in, the rest are defaults that say so.
pub fn write_commented(draft: &Draft) -> String {
    let Draft { model, structure, cell, nearest, bonds, observed, data } = *draft;
    let mut text = String::from(
        "// A refinement for corefine. Lengths are in Å, Q in 1/Å, U in Å²; comments start with two slashes.\n(\n",
    );
    let range = first_range(observed, nearest);
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
    varied(&mut text, model, cell);
    sharpening(&mut text, range.1);
    instrument(&mut text, observed, range.1);
    positions(&mut text, model);
    tied(&mut text);
    counted(&mut text, bonds);
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

/// What is fitted first: from below the first bond, where there is nothing but noise, to [`FIRST_RMAX`], within the data.
fn first_range(observed: &Observed, nearest: Option<f64>) -> (f64, f64) {
    let first = observed.r.first().copied().unwrap_or(0.0);
    let last = observed.r.last().copied().unwrap_or(FIRST_RMAX);
    let below = (10.0 * BELOW_FIRST_BOND * nearest.unwrap_or(0.0)).round() / 10.0;
    let rmin = first.max(below.max(LEAST_RMIN));
    (if rmin < last { rmin } else { first }, last.min(FIRST_RMAX))
}

fn measured(text: &mut String, observed: &Observed, data: &str, (rmin, rmax): (f64, f64)) {
    let header = &observed.header;
    let from_header = format!("from the header of {}", short(data));
    // A curve that this program transformed itself says how far its data go, and was continued to Q = 0.
    let transformed = observed.form.in_q();
    let from_qmax = if transformed { format!("where {} ends", short(data)) } else { from_header.clone() };
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
        Some(radiation) => push(text, 2, &format!("radiation: {}, // {from_header}", radiation.word())),
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
        _ if transformed => push(
            text,
            2,
            "// qmin: 0.5, // where the transform begins; by default 0, S(Q) - 1 held constant below the data",
        ),
        Some(qmin) => push(text, 2, &format!("qmin: {qmin:?}, // {from_header}")),
        None => push(text, 2, "// qmin: 0.1, // where the transform began; the file does not say, and 0 is taken"),
    }
    match header.qmax {
        Some(qmax) => push(text, 2, &format!("qmax: {qmax:?}, // {from_qmax}")),
        None => push(text, 2, "// qmax: 23.5, // where the transform ended; the file does not say: write it here"),
    }
    push(text, 1, "),");
}

/// The file's name without its folders.
fn short(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
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

fn varied(text: &mut String, model: &Model, cell: &[&str]) {
    push(
        text,
        1,
        "// What is refined. Each may have (start: ..., min: ..., max: ..., sigma: ...); sigma is a soft restraint to",
    );
    push(text, 1, "// the start.");
    push(text, 1, "refine: {");
    push(text, 2, "\"scale\": (),");
    if !cell.is_empty() {
        push(text, 2, "// Edges and angles that the symmetry leaves free.");
    }
    for name in cell {
        push(text, 2, &format!("\"{name}\": (),"));
    }
    displacements(text, model);
}

fn tied(text: &mut String) {
    push(text, 1, "},");
    push(text, 1, "// Ties by formula, such as [\"Uiso.C = Uiso.N\"].");
    push(text, 1, "ties: [],");
}

fn displacements(text: &mut String, model: &Model) {
    push(text, 2, "// One U per element; \"Uiso.LABEL\" is that of one site. Hydrogen is all but unseen by X-rays.");
    for element in elements(model) {
        let starts = if has_displacements(model, element) { String::new() } else { format!("start: {COMMON_U}") };
        let slashes = if element.symbol() == "H" { "// " } else { "" };
        push(text, 2, &format!("{slashes}\"Uiso.{element}\": ({starts}),"));
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
    push(text, 2, "\"delta2\": (),");
}

/// Where the file does not say how the instrument damps, a fit can: of a standard, whose structure is known.
fn instrument(text: &mut String, observed: &Observed, rmax: f64) {
    if observed.header.qdamp.is_some() || rmax < DAMPING_SHOWS {
        return;
    }
    push(text, 2, "// The file gives no qdamp. If this is a standard (Ni, CeO2), refine it, and set it in other jobs.");
    push(text, 2, "// \"qdamp\": (start: 0.04),");
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

fn counted(text: &mut String, bonds: Option<&Bonds>) {
    push(text, 1, "// Bonds to count: the centre first; longer than `cutoff` is broken.");
    let Some(Bonds { pair, cutoff, neighbours, bin }) = bonds else {
        return push(text, 1, "// bonds: [(pair: \"Co-N\", cutoff: 2.25, neighbours: 4, bin: 0.1)],");
    };
    let line = format!("bonds: [(pair: \"{pair}\", cutoff: {cutoff}, neighbours: {neighbours}, bin: {bin})],");
    push(text, 1, &line);
    push(text, 1, "// What is known of the structure beside the data; Angle, Apart and Displacement are others.");
    let line = format!("Distance(pair: \"{pair}\", neighbours: {neighbours}, sigma: 0.1)");
    push(text, 1, &format!("// restraints: [{line}],"));
}

/// The pairs whose bonds a user may want to count: every metal with nitrogen, oxygen or sulfur.
pub fn likely_pairs(model: &Model) -> Vec<String> {
    let elements = elements(model);
    let donors: Vec<_> = elements.iter().filter(|element| ["N", "O", "S"].contains(&element.symbol())).collect();
    let metals = elements.iter().filter(|element| is_metal(**element));
    metals.flat_map(|metal| donors.iter().map(move |donor| format!("{metal}-{donor}"))).collect()
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
    use crate::observed::Radiation;
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
            cluster: false,
            cell: Cell::from_parameters([5.0, 6.0, 7.0, 90.0, 90.0, 90.0]),
            space_group: SpaceGroup::default(),
            profile: Profile::default(),
            sites: elements.iter().map(site).collect(),
        }
    }

    fn observed(last: f64, header: Header) -> Observed {
        let r: Vec<f64> = (1..=10).map(|i| last * f64::from(i) / 10.0).collect();
        let g = r.iter().map(|r| r.sin()).collect();
        Observed {
            name: "x.gr".to_owned(),
            r,
            g,
            dg: Vec::new(),
            form: Form::G,
            header,
            warnings: Vec::new(),
            in_q: None,
        }
    }

    fn draft(model: &Model, structure: &str, observed: &Observed, data: &str) -> String {
        let bonds = likely_pairs(model).first().map(|pair| Bonds::of(pair));
        let bonds = bonds.as_ref();
        write_commented(&Draft { model, structure, cell: &["a", "b", "c"], nearest: None, bonds, observed, data })
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
        assert_eq!(job.phase().structure, "my \"co\".cif");
        assert_eq!(
            (job.data().qmin, job.data().qmax, job.data().radiation),
            (None, Some(23.5), Some(Radiation::Neutron))
        );
        assert_eq!((job.data().rmin, job.data().rmax), (3.0, 20.0));
        assert_eq!(job.set, [("qdamp".to_owned(), 0.069)]);
        assert_eq!(job.bonds[0].pair, "Co-N");
        let names: Vec<&str> = job.refine.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["scale", "a", "b", "c", "Uiso.Co", "Uiso.N", "delta2"]);
        assert_eq!(job.refine[5].1.start, Some(COMMON_U), "N has no U in the model");
        assert!(text.contains("qmax: 23.5, // from the header of co.gr"), "{text}");
    }

    #[test]
    fn bounds_are_left_to_the_parameters_own() {
        let text = draft(&model(&["Co", "N"]), "a.cif", &observed(30.0, Header::default()), "x.gr");
        assert!(!text.contains("(min: 0"), "{text}");
        assert!(text.contains("\"Uiso.N\": (start: 0.005)") && text.contains("\"Uiso.Co\": ()"), "{text}");
    }

    #[test]
    fn a_fit_begins_below_the_first_bond_and_not_in_the_noise() {
        let observed = |first: f64, last: f64| Observed { r: vec![first, last], ..observed(last, Header::default()) };
        for (nearest, first, last, rmin) in [
            (Some(2.492), 0.01, 30.0, 1.5),
            (Some(1.1), 0.01, 30.0, 1.0),
            (Some(2.492), 1.8, 30.0, 1.8),
            (Some(2.492), 0.01, 1.2, 0.01),
            (None, 0.01, 30.0, 1.0),
        ] {
            assert_eq!(first_range(&observed(first, last), nearest).0, rmin, "{nearest:?} {first} {last}");
        }
    }

    #[test]
    fn qdamp_is_offered_for_refinement_where_no_header_gives_it() {
        let offered = |last: f64, qdamp: Option<f64>| {
            let header = Header { qdamp, ..Header::default() };
            draft(&model(&["Ni"]), "a.cif", &observed(last, header), "x.gr").contains("\"qdamp\": (start: 0.04)")
        };
        assert!(offered(30.0, None) && !offered(9.0, None) && !offered(30.0, Some(0.05)));
    }

    #[test]
    fn data_in_q_have_no_header_to_quote() {
        let header = Header { qmin: Some(0.0), qmax: Some(24.0), ..Header::default() };
        let observed = Observed { form: Form::SofQ, ..observed(30.0, header) };
        let text = draft(&model(&["Ni"]), "a.cif", &observed, "x.sq");
        assert!(text.contains("qmax: 24.0, // where x.sq ends") && !text.contains("from the header"), "{text}");
        assert_eq!(read(&text).data().qmin, None);
    }

    #[test]
    fn a_short_range_refines_no_delta() {
        let model = model(&["Ni"]);
        let job = read(&draft(&model, "a.cif", &observed(4.4, Header::default()), "x.gr"));
        assert!(job.refine.iter().all(|(name, _)| name != "delta2"));
        assert!(job.bonds.is_empty());
    }
}
