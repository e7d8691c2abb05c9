//! Displacement parameters: Uiso, Biso, and the tensors U, B and beta.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use super::blocks::{Block, Value};
use crate::model::{Adp, Cell};
use crate::read::ReadError;
use crate::read::numbers::number;
use crate::units::EIGHT_PI_SQUARED;

/// The order of [`Adp::Aniso`].
const COMPONENTS: [(&str, usize, usize); 6] =
    [("11", 0, 0), ("22", 1, 1), ("33", 2, 2), ("12", 0, 1), ("13", 0, 2), ("23", 1, 2)];

/// Tensors by label; several for a label that several sites carry.
pub(super) type Tensors = BTreeMap<String, Vec<[f64; 6]>>;

/// The tensors of a block's `_atom_site_aniso` table as U on the axes of CIF, Å².
///
/// `U = B / 8π²` and `U_ij = beta_ij / (2π² a*_i a*_j)` (Trueblood et al. 1996, Acta Cryst. A52, 770).
/// A row with a `?` or `.` in it gives no tensor.
///
/// # Errors
/// A component that is no number, a negative diagonal one.
pub(super) fn tensors(block: &Block, cell: &Cell, file: &str) -> Result<Tensors, ReadError> {
    let mut found = Tensors::new();
    let forms = [("u", [1.0; 6]), ("b", [1.0 / EIGHT_PI_SQUARED; 6]), ("beta", from_beta(cell))];
    for (form, factors) in forms {
        let Some(table) = block.table(&format!("_atom_site_aniso_{form}_11")) else { continue };
        let Some(labels) = table.column("_atom_site_aniso_label") else { continue };
        let columns: Vec<_> =
            COMPONENTS.iter().filter_map(|(ij, ..)| table.column(&format!("_atom_site_aniso_{form}_{ij}"))).collect();
        let Ok(columns) = <[Vec<&Value>; 6]>::try_from(columns) else { continue };
        for (row, label) in labels.iter().enumerate() {
            if let Some(tensor) = tensor(columns.each_ref().map(|column| column[row]), factors, file)? {
                found.entry(label.text.clone()).or_default().push(tensor);
            }
        }
    }
    Ok(found)
}

/// One tensor; `None` if a component is unknown, or all are zero, as some programs write for "none".
fn tensor(values: [&Value; 6], factors: [f64; 6], file: &str) -> Result<Option<[f64; 6]>, ReadError> {
    let mut u = [0.0; 6];
    for k in 0..6 {
        let Some(text) = values[k].known() else { return Ok(None) };
        let component = number(text).ok_or_else(|| no_number(values[k], "displacement parameter", file))?;
        if k < 3 && component < 0.0 {
            return Err(negative(values[k], file));
        }
        u[k] = component * factors[k];
    }
    Ok(u.iter().any(|component| *component != 0.0).then_some(u))
}

/// The isotropic displacement parameter of one row from its U and B columns, Å².
///
/// # Errors
/// A value that is no number, or negative.
pub(super) fn isotropic(u: Option<&Value>, b: Option<&Value>, file: &str) -> Result<Option<Adp>, ReadError> {
    for (value, factor) in [(u, 1.0), (b, 1.0 / EIGHT_PI_SQUARED)] {
        let Some(value) = value else { continue };
        let Some(text) = value.known() else { continue };
        let size = number(text).ok_or_else(|| no_number(value, "displacement parameter", file))?;
        if size < 0.0 {
            return Err(negative(value, file));
        }
        return Ok(Some(Adp::Iso(size * factor)));
    }
    Ok(None)
}

pub(super) fn no_number(value: &Value, what: &str, file: &str) -> ReadError {
    ReadError::value(
        file,
        Some(value.line),
        format!("{what} \"{}\" is no number", value.text),
        "write a number such as 0.123(4), or ? if it is unknown",
    )
}

fn negative(value: &Value, file: &str) -> ReadError {
    ReadError::value(
        file,
        Some(value.line),
        format!("displacement parameter {} is negative", value.text),
        "a mean square displacement is 0 or more: correct it, or write ? to have none",
    )
}

fn from_beta(cell: &Cell) -> [f64; 6] {
    let reciprocal = cell.reciprocal_lengths();
    COMPONENTS.map(|(_, i, j)| 1.0 / (2.0 * PI * PI * reciprocal[i] * reciprocal[j]))
}
