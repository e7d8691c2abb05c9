//! The sites of a block: the meaning of its `_atom_site` table.

use std::collections::{BTreeMap, BTreeSet};

use super::blocks::{Block, Table, Value};
use super::displacement::{Tensors, isotropic, no_number, tensors};
use crate::element::{Element, Species};
use crate::model::{Adp, Cell, Disorder, Site};
use crate::read::ReadError;
use crate::read::error::place;
use crate::read::numbers::number;
use crate::read::species;
use crate::units::Frac;

/// The column that makes a table one of sites with fractional coordinates.
pub(super) const FRACT_X: &str = "_atom_site_fract_x";

/// The sites of a block.
///
/// Dummy atoms and rows whose coordinates are `?` or `.` are left out with a warning.
///
/// # Errors
/// Coordinates missing or Cartesian only; a value that is no number; an unknown element.
pub(super) fn sites(
    block: &Block,
    cell: &Cell,
    file: &str,
    warnings: &mut Vec<String>,
) -> Result<Vec<Site>, ReadError> {
    let table = block.table(FRACT_X).ok_or_else(|| no_fractions(block, file))?;
    let columns = Columns::new(&table, block, file)?;
    let formula = block.text(&["_chemical_formula_sum"]).map(species::of_formula).unwrap_or_default();
    let tensors = tensors(block, cell, file)?;
    let mut reader = Reader {
        columns,
        formula,
        tensors,
        used: BTreeMap::new(),
        groups: BTreeMap::new(),
        file,
        warnings,
        said: BTreeSet::new(),
    };
    let mut sites = Vec::new();
    for row in 0..reader.columns.fract[0].len() {
        sites.extend(reader.site(row)?);
    }
    reader.orphans();
    Ok(sites)
}

type Column<'a> = Option<Vec<&'a Value>>;

/// The columns that matter, each with one value per site.
struct Columns<'a> {
    fract: [Vec<&'a Value>; 3],
    label: Column<'a>,
    symbol: Column<'a>,
    occupancy: Column<'a>,
    u: Column<'a>,
    b: Column<'a>,
    adp_type: Column<'a>,
    calc_flag: Column<'a>,
    assembly: Column<'a>,
    group: Column<'a>,
}

impl<'a> Columns<'a> {
    fn new(table: &Table<'a>, block: &Block, file: &str) -> Result<Self, ReadError> {
        let axis = |tag: &str| table.column(tag).ok_or_else(|| no_fractions(block, file));
        let column = |tag: &str| table.column(tag);
        Ok(Self {
            fract: [axis(FRACT_X)?, axis("_atom_site_fract_y")?, axis("_atom_site_fract_z")?],
            label: table.first_column(&["_atom_site_label", "_atom_site_id"]),
            symbol: column("_atom_site_type_symbol"),
            occupancy: column("_atom_site_occupancy"),
            u: table.first_column(&["_atom_site_u_iso_or_equiv", "_atom_site_u_equiv_geom_mean"]),
            b: table.first_column(&["_atom_site_b_iso_or_equiv", "_atom_site_b_equiv_geom_mean"]),
            adp_type: table.first_column(&["_atom_site_adp_type", "_atom_site_thermal_displace_type"]),
            calc_flag: column("_atom_site_calc_flag"),
            assembly: column("_atom_site_disorder_assembly"),
            group: column("_atom_site_disorder_group"),
        })
    }
}

/// The value of a column in a row, if it is known.
fn known<'a>(column: &Column<'a>, row: usize) -> Option<&'a Value> {
    column.as_ref().map(|values| values[row]).filter(|value| value.known().is_some())
}

struct Reader<'a> {
    columns: Columns<'a>,
    formula: BTreeSet<Element>,
    tensors: Tensors,
    /// How many sites of a label have been met.
    used: BTreeMap<String, usize>,
    /// Names of disorder groups that are no numbers.
    groups: BTreeMap<String, i32>,
    file: &'a str,
    warnings: &'a mut Vec<String>,
    /// Remarks about species that were made already.
    said: BTreeSet<String>,
}

impl Reader<'_> {
    fn warn(&mut self, line: usize, text: &str) {
        self.warnings.push(format!("{}: {text}", place(self.file, Some(line))));
    }

    fn site(&mut self, row: usize) -> Result<Option<Site>, ReadError> {
        let line = self.columns.fract[0][row].line;
        let label = known(&self.columns.label, row).map(|value| value.text.clone());
        let shown = label.clone().unwrap_or_else(|| format!("number {}", row + 1));
        if self.is_dummy(row) {
            self.warn(line, &format!("site {shown} is a dummy atom; left out"));
            return Ok(None);
        }
        let Some(position) = self.position(row)? else {
            self.warn(line, &format!("site {shown} has no coordinates; left out"));
            return Ok(None);
        };
        let species = self.species(row, label.as_deref(), line)?;
        let label = label.unwrap_or_else(|| format!("{}{}", species.element, row + 1));
        let (occ, adp) = (self.occupancy(row)?, self.adp(row, &label)?);
        Ok(Some(Site { label, species, position, occ, adp, beyond: None, inside: None, disorder: self.disorder(row) }))
    }

    fn is_dummy(&self, row: usize) -> bool {
        let flag = known(&self.columns.calc_flag, row).is_some_and(|value| value.text.eq_ignore_ascii_case("dum"));
        flag || self.columns.symbol.as_ref().is_some_and(|symbols| symbols[row].is_dot())
    }

    fn position(&self, row: usize) -> Result<Option<Frac>, ReadError> {
        let mut position = [0.0; 3];
        for (fraction, column) in position.iter_mut().zip(&self.columns.fract) {
            let Some(text) = column[row].known() else { return Ok(None) };
            *fraction = number(text).ok_or_else(|| no_number(column[row], "coordinate", self.file))?;
        }
        Ok(Some(Frac(position.into())))
    }

    fn species(&mut self, row: usize, label: Option<&str>, line: usize) -> Result<Species, ReadError> {
        let symbol = known(&self.columns.symbol, row);
        let named = match (symbol, label) {
            (Some(symbol), _) => species::of_symbol(&symbol.text),
            (None, Some(label)) => species::of_label(label, &self.formula),
            (None, None) => None,
        };
        let shown = symbol.map(|value| value.text.as_str()).or(label).unwrap_or("?");
        let named = named.ok_or_else(|| unknown_element(shown, symbol.map_or(line, |value| value.line), self.file))?;
        if let Some(remark) = named.remark.filter(|remark| self.said.insert(remark.clone())) {
            self.warn(line, &remark);
        }
        Ok(named.species)
    }

    fn occupancy(&mut self, row: usize) -> Result<f64, ReadError> {
        let Some(value) = known(&self.columns.occupancy, row) else { return Ok(1.0) };
        let occ = number(&value.text).ok_or_else(|| bad_occupancy(value, "is no number", self.file))?;
        if occ < 0.0 {
            return Err(bad_occupancy(value, "is negative", self.file));
        }
        if occ > 1.0 {
            self.warn(value.line, &format!("occupancy {} is over 1", value.text));
        }
        Ok(occ)
    }

    /// The tensor if the label has one, else the isotropic value.
    fn adp(&mut self, row: usize, label: &str) -> Result<Option<Adp>, ReadError> {
        let met = self.used.entry(label.to_owned()).or_default();
        *met += 1;
        let tensors = self.tensors.get(label).map(Vec::as_slice).unwrap_or_default();
        let stated = known(&self.columns.adp_type, row).map(|value| value.text.to_lowercase());
        let wants_tensor = stated.as_ref().is_none_or(|kind| !kind.ends_with("iso"));
        if let Some(tensor) = tensors.get(*met - 1).or(tensors.first()).filter(|_| wants_tensor) {
            return Ok(Some(Adp::Aniso(*tensor)));
        }
        if stated.is_some_and(|kind| kind.ends_with("ani")) {
            let line = self.columns.fract[0][row].line;
            self.warn(
                line,
                &format!("site {label} is said to be anisotropic but has no tensor; its equivalent U was used"),
            );
        }
        isotropic(known(&self.columns.u, row), known(&self.columns.b, row), self.file)
    }

    fn disorder(&mut self, row: usize) -> Option<Disorder> {
        let group = known(&self.columns.group, row)?;
        let assembly = known(&self.columns.assembly, row).map(|value| value.text.clone()).unwrap_or_default();
        let number = group.text.trim().parse().unwrap_or_else(|_| self.numbered(&group.text.clone(), group.line));
        Some(Disorder { assembly, group: number })
    }

    /// A number for a group that has a name, far from the numbers that files use.
    fn numbered(&mut self, group: &str, line: usize) -> i32 {
        if let Some(number) = self.groups.get(group) {
            return *number;
        }
        let number = self.groups.values().max().map_or(101, |last| last + 1);
        self.groups.insert(group.to_owned(), number);
        self.warn(line, &format!("disorder group \"{group}\" is no number; it is called {number} here"));
        number
    }

    /// Says so where a tensor belongs to no site.
    fn orphans(&mut self) {
        let orphans: Vec<_> = self.tensors.keys().filter(|label| !self.used.contains_key(*label)).cloned().collect();
        for label in orphans {
            self.warnings.push(format!("{}: the displacement tensor of \"{label}\" belongs to no site", self.file));
        }
    }
}

fn no_fractions(block: &Block, file: &str) -> ReadError {
    let cartesian = block.table("_atom_site_cartn_x").is_some();
    let message = if cartesian {
        format!("block \"{}\" has Cartesian coordinates only", block.name)
    } else {
        format!("block \"{}\" has no complete _atom_site_fract_x, _y, _z", block.name)
    };
    let hint = if cartesian {
        "convert them to _atom_site_fract_x, _y, _z, or give an extended xyz with its Lattice"
    } else {
        "give the fractional coordinates of the sites in one loop; check that the file was not cut short"
    };
    ReadError::missing(file, Some(block.line), message, hint)
}

fn unknown_element(text: &str, line: usize, file: &str) -> ReadError {
    ReadError::value(
        file,
        Some(line),
        format!("unknown element \"{text}\""),
        "write a symbol from H to Lr, with a charge such as Co2+ if any, as _atom_site_type_symbol",
    )
}

fn bad_occupancy(value: &Value, what: &str, file: &str) -> ReadError {
    let message = format!("occupancy \"{}\" {what}", value.text);
    ReadError::value(file, Some(value.line), message, "write a number from 0 to 1, such as 0.5")
}
