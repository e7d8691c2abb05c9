//! What only this program's CIFs carry: `_corefine_` items.

use super::blocks::{Block, Value};
use super::displacement::no_number;
use crate::model::{Beyond, Profile, Site};
use crate::read::ReadError;
use crate::read::numbers::number;

/// Corrections to the pair sum, the defaults where the file has none.
pub(super) fn profile(block: &Block, file: &str) -> Result<Profile, ReadError> {
    let mut profile = Profile::default();
    let fields = [
        ("_corefine_scale", &mut profile.scale),
        ("_corefine_delta1", &mut profile.delta1),
        ("_corefine_delta2", &mut profile.delta2),
        ("_corefine_sratio", &mut profile.sratio),
        ("_corefine_rcut", &mut profile.rcut),
        ("_corefine_spdiameter", &mut profile.spdiameter),
        ("_corefine_stepcut", &mut profile.stepcut),
    ];
    for (tag, field) in fields {
        if let Some(value) = block.value(&[tag]) {
            *field = read(value, file)?.unwrap_or(*field);
        }
    }
    Ok(profile)
}

/// Gives the sites their second U and their U inside a molecule.
pub(super) fn second_displacements(block: &Block, sites: &mut [Site], file: &str) -> Result<(), ReadError> {
    let Some(table) = block.table("_corefine_site_label") else { return Ok(()) };
    let labels = table.column("_corefine_site_label").unwrap_or_default();
    let column = |tag| table.column(tag);
    let (rcuts, beyond) = (column("_corefine_site_beyond_rcut"), column("_corefine_site_beyond_u_iso"));
    let inside = column("_corefine_site_inside_u_iso");
    for (row, label) in labels.iter().enumerate() {
        let Some(site) = sites.iter_mut().find(|site| site.label == label.text) else { continue };
        let at = |column: &Option<Vec<&Value>>| column.as_ref().map_or(Ok(None), |values| read(values[row], file));
        if let (Some(rcut), Some(uiso)) = (at(&rcuts)?, at(&beyond)?) {
            site.beyond = Some(Beyond { rcut, uiso });
        }
        site.inside = at(&inside)?;
    }
    Ok(())
}

/// Where the structure comes from: this program's own lines, or what a published CIF says of itself.
pub(super) fn provenance(block: &Block) -> Vec<String> {
    const LINE: &str = "_corefine_provenance_line";
    if block.value(&["_corefine_title"]).is_some() {
        let lines = block.table(LINE).and_then(|table| table.column(LINE)).unwrap_or_default();
        return lines.iter().map(|value| value.text.clone()).collect();
    }
    block.comments.iter().filter_map(|comment| tidy(comment)).chain(citation(block)).take(60).collect()
}

/// A comment without its ornaments.
fn tidy(comment: &str) -> Option<String> {
    let text = comment.trim_matches(|c: char| c == '#' || c.is_whitespace());
    let speaks = text.chars().any(char::is_alphabetic) && !text.eq_ignore_ascii_case("end");
    speaks.then(|| text.to_owned())
}

fn citation(block: &Block) -> Vec<String> {
    const TAGS: [&str; 12] = [
        "_database_code_csd",
        "_database_code_icsd",
        "_cod_database_code",
        "_database_code_depnum_ccdc_archive",
        "_publ_section_title",
        "_journal_name_full",
        "_journal_year",
        "_journal_volume",
        "_journal_page_first",
        "_journal_paper_doi",
        "_citation_doi",
        "_audit_creation_method",
    ];
    let line = |tag: &str| {
        let words: Vec<&str> = block.text(&[tag])?.split_whitespace().collect();
        (!words.is_empty()).then(|| format!("{tag}: {}", words.join(" ")))
    };
    TAGS.iter().filter_map(|tag| line(tag)).collect()
}

fn read(value: &Value, file: &str) -> Result<Option<f64>, ReadError> {
    let Some(text) = value.known() else { return Ok(None) };
    number(text).map(Some).ok_or_else(|| no_number(value, "value", file))
}
