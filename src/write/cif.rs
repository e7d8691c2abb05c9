//! A model as CIF.

use crate::model::{Adp, Model, Profile, Site};

/// The model as CIF 1.1: cell, operators, sites and displacement tensors under their standard names, what CIF has no
/// name for under `_corefine_` items.
///
/// [`crate::read::cif::cif`] reads it back equal, except that a line of a value that starts with a semicolon gets a
/// blank before it (the format's own text delimiter).
///
/// ```
/// use corefine::{read::structure, write};
/// let text = r#"(cell: (a: 3.3, b: 3.3, c: 3.3, alpha: 90, beta: 90, gamma: 90),
///     sites: [(label: "Po1", species: "Po", position: (0, 0.1, 0), adp: Iso(0.01))])"#;
/// let model = structure(text.as_bytes(), "po.ron").unwrap().value;
/// assert_eq!(structure(write::cif(&model).as_bytes(), "po.cif").unwrap().value, model);
/// ```
pub fn cif(model: &Model) -> String {
    let mut out = Out(format!("data_{}\n", block_name(&model.title)));
    out.item("_audit_creation_method", concat!("corefine ", env!("CARGO_PKG_VERSION")));
    out.item("_corefine_title", &model.title);
    provenance(&mut out, model);
    cell(&mut out, model);
    space_group(&mut out, model);
    profile(&mut out, &model.profile);
    sites(&mut out, model);
    tensors(&mut out, &model.sites);
    second_displacements(&mut out, &model.sites);
    out.0
}

struct Out(String);

impl Out {
    fn item(&mut self, tag: &str, value: &str) {
        self.row([tag.to_owned(), quoted(value)]);
    }

    fn number(&mut self, tag: &str, value: f64) {
        self.row([tag.to_owned(), value.to_string()]);
    }

    fn open_loop(&mut self, tags: &[&str]) {
        self.0.push_str("\nloop_\n");
        for tag in tags {
            self.0.push_str(tag);
            self.0.push('\n');
        }
    }

    /// One line of values; a text block among them brings its own line breaks.
    fn row(&mut self, values: impl IntoIterator<Item = String>) {
        for value in values {
            let fresh = self.0.ends_with('\n');
            if !fresh && !value.starts_with('\n') {
                self.0.push(' ');
            }
            self.0.push_str(value.strip_prefix('\n').filter(|_| fresh).unwrap_or(&value));
        }
        self.0.push('\n');
    }
}

/// The title without what a block's name may not have.
fn block_name(title: &str) -> String {
    let name: String = title.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(60).collect();
    if name.is_empty() { "corefine".to_owned() } else { name }
}

/// A value as CIF text: bare where that is safe, in quotes, or as a text block.
fn quoted(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let one_line = !text.contains(['\n', '\r']);
    match ['\'', '"'].into_iter().find(|quote| one_line && !closes_early(text, *quote)) {
        Some(quote) => format!("{quote}{text}{quote}"),
        None => format!("\n;{}\n;", text.replace("\n;", "\n ;")),
    }
}

fn is_plain(text: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '/' | '(' | ')' | ',');
    let lower = text.to_ascii_lowercase();
    let reserved = ["data_", "loop_", "save_", "stop_", "global_"].iter().any(|word| lower.starts_with(word));
    !text.is_empty() && text != "." && text.chars().all(safe) && !reserved
}

/// Would a reader take a quote inside the text for its end?
fn closes_early(text: &str, quote: char) -> bool {
    text.match_indices(quote).any(|(i, _)| text[i + 1..].chars().next().is_some_and(char::is_whitespace))
}

fn provenance(out: &mut Out, model: &Model) {
    if model.provenance.is_empty() {
        return;
    }
    out.open_loop(&["_corefine_provenance_line"]);
    for line in &model.provenance {
        out.row([quoted(line)]);
    }
}

fn cell(out: &mut Out, model: &Model) {
    let tags = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"];
    out.0.push('\n');
    for (tag, value) in tags.iter().zip(model.cell.parameters()) {
        out.number(&format!("_cell_{tag}"), value);
    }
}

fn space_group(out: &mut Out, model: &Model) {
    let group = &model.space_group;
    out.0.push('\n');
    out.item("_space_group_name_H-M_alt", &group.name);
    let number = group.number.map_or("?".to_owned(), |number| number.to_string());
    out.row(["_space_group_IT_number".to_owned(), number]);
    out.open_loop(&["_space_group_symop_operation_xyz"]);
    for operator in &group.operators {
        out.row([format!("'{operator}'")]);
    }
}

fn profile(out: &mut Out, profile: &Profile) {
    if *profile == Profile::default() {
        return;
    }
    out.0.push('\n');
    out.number("_corefine_scale", profile.scale);
    out.number("_corefine_delta1", profile.delta1);
    out.number("_corefine_delta2", profile.delta2);
    out.number("_corefine_sratio", profile.sratio);
    out.number("_corefine_rcut", profile.rcut);
    out.number("_corefine_spdiameter", profile.spdiameter);
    out.number("_corefine_stepcut", profile.stepcut);
}

fn sites(out: &mut Out, model: &Model) {
    out.open_loop(&[
        "_atom_site_label",
        "_atom_site_type_symbol",
        "_atom_site_fract_x",
        "_atom_site_fract_y",
        "_atom_site_fract_z",
        "_atom_site_occupancy",
        "_atom_site_adp_type",
        "_atom_site_U_iso_or_equiv",
        "_atom_site_disorder_assembly",
        "_atom_site_disorder_group",
    ]);
    for site in &model.sites {
        let [x, y, z] = [0, 1, 2].map(|k| site.position.0[k].to_string());
        let [kind, u] = displacement(site, model);
        let [assembly, group] = disorder(site);
        let (label, species) = (quoted(&site.label), site.species.to_string());
        out.row([label, species, x, y, z, site.occ.to_string(), kind, u, assembly, group]);
    }
}

fn displacement(site: &Site, model: &Model) -> [String; 2] {
    match site.adp {
        None => [".".to_owned(), ".".to_owned()],
        Some(Adp::Iso(u)) => ["Uiso".to_owned(), u.to_string()],
        Some(adp @ Adp::Aniso(_)) => ["Uani".to_owned(), format!("{:.6}", adp.equivalent(&model.cell))],
    }
}

fn disorder(site: &Site) -> [String; 2] {
    match &site.disorder {
        None => [".".to_owned(), ".".to_owned()],
        Some(d) if d.assembly.is_empty() => [".".to_owned(), d.group.to_string()],
        Some(d) => [quoted(&d.assembly), d.group.to_string()],
    }
}

fn tensors(out: &mut Out, sites: &[Site]) {
    let having: Vec<_> = sites
        .iter()
        .filter_map(|site| if let Some(Adp::Aniso(u)) = site.adp { Some((&site.label, u)) } else { None })
        .collect();
    if having.is_empty() {
        return;
    }
    out.open_loop(&[
        "_atom_site_aniso_label",
        "_atom_site_aniso_U_11",
        "_atom_site_aniso_U_22",
        "_atom_site_aniso_U_33",
        "_atom_site_aniso_U_12",
        "_atom_site_aniso_U_13",
        "_atom_site_aniso_U_23",
    ]);
    for (label, u) in having {
        out.row(std::iter::once(quoted(label)).chain(u.map(|component| component.to_string())));
    }
}

/// The second U and the U inside molecules, for which CIF has no names.
fn second_displacements(out: &mut Out, sites: &[Site]) {
    let having: Vec<_> = sites.iter().filter(|site| site.beyond.is_some() || site.inside.is_some()).collect();
    if having.is_empty() {
        return;
    }
    out.open_loop(&[
        "_corefine_site_label",
        "_corefine_site_beyond_rcut",
        "_corefine_site_beyond_U_iso",
        "_corefine_site_inside_U_iso",
    ]);
    let text = |value: Option<f64>| value.map_or(".".to_owned(), |value| value.to_string());
    for site in having {
        let (rcut, uiso) = (site.beyond.map(|b| b.rcut), site.beyond.map(|b| b.uiso));
        out.row([quoted(&site.label), text(rcut), text(uiso), text(site.inside)]);
    }
}
