//! CIF, the crystallographic information file, as journals and databases write it.
//!
//! First the grammar (`tokens`, `blocks`), then the meaning (`symmetry`, `sites`, `displacement`, `own`).

mod blocks;
mod displacement;
mod own;
mod settings;
mod sites;
mod symmetry;
mod tokens;

use blocks::{Block, Value};

use super::error::place;
use super::numbers::number;
use super::{ReadError, Reading, sound};
use crate::model::{Cell, Model};

/// Reads the first block of a CIF that has atom sites.
///
/// Symmetry operators are kept as listed, the identity first; where there are none, the Hall symbol, the Hermann-Mauguin
/// symbol or the number stand for them, in the setting that fits the cell. Sites whose coordinates are unknown and dummy
/// atoms are left out with a warning, repeated labels are made unique with one.
///
/// # Errors
/// Text that is no CIF or is cut short, a missing cell or coordinates, values that cannot be.
///
/// ```
/// let text = "data_Po\n_cell_length_a 3.359(1)\n_cell_length_b 3.359(1)\n_cell_length_c 3.359(1)\n\
///             _symmetry_space_group_name_H-M 'P m -3 m'\n\
///             loop_ _atom_site_label _atom_site_fract_x _atom_site_fract_y _atom_site_fract_z\nPo1 0 0 0\n";
/// let reading = corefine::read::cif::cif(text, "po.cif").unwrap();
/// assert_eq!(reading.value.cell.a, 3.359);
/// assert_eq!(reading.value.space_group.operators.len(), 48);
/// assert!(reading.warnings[0].contains("angle"));
/// ```
pub fn cif(text: &str, name: &str) -> Result<Reading<Model>, ReadError> {
    let (blocks, mut warnings) = blocks::blocks(tokens::tokens(text, name)?, name)?;
    let block = with_sites(&blocks, name, &mut warnings)?;
    let cell = cell(block, name, &mut warnings)?;
    let space_group = symmetry::space_group(block, &cell, name, &mut warnings)?;
    let mut sites = sites::sites(block, &cell, name, &mut warnings)?;
    sound::unique_labels(&mut sites, name, &mut warnings);
    own::second_displacements(block, &mut sites, name)?;
    let title = block.value(&["_corefine_title"]).map_or(&block.name, |value| &value.text).clone();
    let profile = own::profile(block, name)?;
    let model = Model { title, provenance: own::provenance(block), cluster: false, cell, space_group, profile, sites };
    sound::check(&model, name)?;
    Ok(Reading { value: model, warnings })
}

/// The first block with fractional coordinates, or else the first.
fn with_sites<'a>(blocks: &'a [Block], name: &str, warnings: &mut Vec<String>) -> Result<&'a Block, ReadError> {
    let mut having = blocks.iter().filter(|block| block.table(sites::FRACT_X).is_some());
    let Some(first) = having.next() else {
        let any = blocks.iter().find(|block| block.table("_atom_site_cartn_x").is_some()).or(blocks.first());
        return any.ok_or_else(|| no_block(name));
    };
    let others: Vec<&str> = having.map(|block| block.name.as_str()).collect();
    if !others.is_empty() {
        let place = place(name, Some(first.line));
        let text = format!("block \"{}\" was read; the file has sites in {} as well", first.name, others.join(", "));
        warnings.push(format!("{place}: {text}"));
    }
    Ok(first)
}

fn no_block(name: &str) -> ReadError {
    let hint = "a CIF starts with data_NAME; check that this is a CIF and that it was saved whole";
    ReadError::syntax(name, None, "there is no data_ block in the file", hint)
}

/// The cell: edges must be there, angles are 90 degrees where the file is silent.
fn cell(block: &Block, name: &str, warnings: &mut Vec<String>) -> Result<Cell, ReadError> {
    let mut parameters = [90.0; 6];
    for (k, edge) in ["a", "b", "c"].iter().enumerate() {
        let tag = format!("_cell_length_{edge}");
        let value = block.value(&[&tag]).filter(|value| value.known().is_some());
        parameters[k] = cell_number(value.ok_or_else(|| no_edge(&tag, block, name))?, &tag, name)?;
    }
    for (k, angle) in ["alpha", "beta", "gamma"].iter().enumerate() {
        let tag = format!("_cell_angle_{angle}");
        match block.value(&[&tag]).filter(|value| value.known().is_some()) {
            Some(value) => parameters[3 + k] = cell_number(value, &tag, name)?,
            None => warnings.push(format!("{name}: no {tag}; the angle was taken as 90")),
        }
    }
    Ok(Cell::from_parameters(parameters))
}

fn cell_number(value: &Value, tag: &str, name: &str) -> Result<f64, ReadError> {
    number(&value.text).filter(|x| *x > 0.0).ok_or_else(|| {
        let message = format!("{tag} is \"{}\"", value.text);
        ReadError::value(name, Some(value.line), message, "a cell needs edges in Å and angles in degrees, above 0")
    })
}

fn no_edge(tag: &str, block: &Block, name: &str) -> ReadError {
    let message = format!("block \"{}\" has no {tag}", block.name);
    let hint = "give the six numbers of the cell; check that the file was not cut short";
    ReadError::missing(name, Some(block.line), message, hint)
}
