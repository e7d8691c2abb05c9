//! The space group of a block: its operators, or those that its symbol stands for.

use moyo::data::HallSymbolEntry;

use super::blocks::{Block, Value};
use super::settings;
use crate::model::{Cell, Operator, SpaceGroup};
use crate::read::ReadError;
use crate::read::error::place;
use crate::read::numbers::{number, snapped_to_24ths};

const OPERATORS: [&str; 3] =
    ["_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz", "_symmetry_equiv_as_xyz"];
const HALL: [&str; 2] = ["_space_group_name_hall", "_symmetry_space_group_name_hall"];
const HERMANN_MAUGUIN: [&str; 5] = [
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m_ref",
    "_space_group_name_h-m_full",
    "_space_group_name_h-m",
];
const NUMBER: [&str; 3] = ["_space_group_it_number", "_symmetry_int_tables_number", "_space_group_int_tables_number"];

/// The space group of a block, in the setting of its coordinates.
///
/// # Errors
/// An operator that is none; a symbol that is not known where there are no operators.
pub(super) fn space_group(
    block: &Block,
    cell: &Cell,
    file: &str,
    warnings: &mut Vec<String>,
) -> Result<SpaceGroup, ReadError> {
    let mut reader = Reader { block, cell, file, warnings };
    let stated = reader.operators()?;
    let (operators, setting) = if stated.is_empty() { reader.by_symbols()? } else { (stated, None) };
    Ok(reader.named(operators, setting.as_ref()))
}

struct Reader<'a> {
    block: &'a Block,
    cell: &'a Cell,
    file: &'a str,
    warnings: &'a mut Vec<String>,
}

type Found = (Vec<Operator>, Option<HallSymbolEntry>);

impl Reader<'_> {
    fn warn(&mut self, line: Option<usize>, text: &str) {
        self.warnings.push(format!("{}: {text}", place(self.file, line)));
    }

    /// The operators that the file lists, the identity first.
    fn operators(&mut self) -> Result<Vec<Operator>, ReadError> {
        let column = OPERATORS.iter().find_map(|tag| self.block.table(tag)?.column(tag)).unwrap_or_default();
        let line = column.first().map(|value| value.line);
        let mut operators: Vec<Operator> = Vec::new();
        for value in column.iter().filter(|value| value.known().is_some()) {
            let operator = read_operator(value, self.file)?;
            if operators.iter().any(|known| settings::code(known) == settings::code(&operator)) {
                self.warn(Some(value.line), &format!("operator \"{}\" stands twice; used once", value.text));
            } else {
                operators.push(operator);
            }
        }
        if !operators.is_empty() {
            self.identity_first(&mut operators, line);
            self.check(&operators, line);
        }
        Ok(operators)
    }

    fn identity_first(&mut self, operators: &mut Vec<Operator>, line: Option<usize>) {
        if let Some(at) = operators.iter().position(|operator| *operator == Operator::identity()) {
            operators[..=at].rotate_right(1);
        } else {
            operators.insert(0, Operator::identity());
            self.warn(line, "the identity x,y,z is not among the operators; it was added");
        }
    }

    /// Says so if the operators are no group, or not that of the symbol or number.
    fn check(&mut self, operators: &[Operator], line: Option<usize>) {
        if !settings::is_group(operators) {
            let count = operators.len();
            self.warn(line, &format!("the {count} operators are no group: one is missing or misprinted"));
        }
        for (value, meant) in [self.symbol_settings(), self.number_settings()].into_iter().flatten() {
            let agrees = |entry: &HallSymbolEntry| {
                settings::of_hall(entry.hall_symbol).is_some_and(|other| settings::same_operators(&other, operators))
            };
            if meant.is_empty() {
                let text = format!("space group \"{}\" is not in the table; the operators were used", value.text);
                self.warn(Some(value.line), &text);
            } else if !meant.iter().any(agrees) {
                self.warn(Some(value.line), &disagreement(&value, &meant[0], operators.len()));
            }
        }
    }

    fn known(&self, tags: &[&str]) -> Option<Value> {
        let found = tags.iter().find_map(|tag| self.block.value(&[tag]).filter(|value| value.known().is_some()))?;
        (!found.text.trim().is_empty()).then(|| found.clone())
    }

    fn symbol_settings(&self) -> Option<(Value, Vec<HallSymbolEntry>)> {
        let symbol = self.known(&HERMANN_MAUGUIN)?;
        let settings = settings::of_symbol(&symbol.text);
        Some((symbol, settings))
    }

    fn number_settings(&self) -> Option<(Value, Vec<HallSymbolEntry>)> {
        let value = self.known(&NUMBER)?;
        let settings = number(&value.text).map(|n| settings::of_number(n as i32)).unwrap_or_default();
        Some((value, settings))
    }

    /// The operators that Hall symbol, Hermann-Mauguin symbol or number stand for, in this order of trust.
    fn by_symbols(&mut self) -> Result<Found, ReadError> {
        if let Some(found) = self.by_hall() {
            return Ok(found);
        }
        let (by_symbol, by_number) = (self.symbol_settings(), self.number_settings());
        match (by_symbol, by_number) {
            (Some((symbol, meant)), _) if !meant.is_empty() => Ok(self.choose(&symbol, &meant)),
            (symbol, Some((number, meant))) if !meant.is_empty() => {
                let unread = symbol.map(|(value, _)| format!(" (the symbol \"{}\" is not known)", value.text));
                let unread = unread.unwrap_or_default();
                self.warn(Some(number.line), &format!("only the number {} tells the space group{unread}", number.text));
                Ok(self.choose(&number, &meant))
            }
            (Some((value, _)), _) | (None, Some((value, _))) => Err(unknown(&value, self.file)),
            (None, None) => {
                self.warn(Some(self.block.line), "no operators, symbol or number of a space group: taken as P 1");
                Ok((vec![Operator::identity()], None))
            }
        }
    }

    fn by_hall(&mut self) -> Option<Found> {
        let value = self.known(&HALL)?;
        let operators = settings::of_hall(&value.text);
        if operators.is_none() {
            self.warn(Some(value.line), &format!("Hall symbol \"{}\" could not be read; it was not used", value.text));
        }
        let operators = operators?;
        self.check(&operators, Some(value.line));
        Some((operators, settings::with_hall(&value.text)))
    }

    /// The setting that fits the cell; says so if that needed a guess.
    fn choose(&mut self, value: &Value, meant: &[HallSymbolEntry]) -> Found {
        let chosen = settings::fitting(meant, self.cell).unwrap_or_else(|| {
            self.warn(Some(value.line), &format!("the cell does not have the symmetry of \"{}\"", value.text));
            &meant[0]
        });
        if origin_is_open(chosen, meant) {
            let text = format!(
                "\"{}\" has two choices of origin and the file lists no operators; choice {} was taken: write the operators, or \":1\" or \":2\" behind the symbol",
                value.text, chosen.setting
            );
            self.warn(Some(value.line), &text);
        }
        (settings::of_hall(chosen.hall_symbol).unwrap_or_default(), Some(chosen.clone()))
    }

    fn named(&self, operators: Vec<Operator>, setting: Option<&HallSymbolEntry>) -> SpaceGroup {
        let symbol = HERMANN_MAUGUIN.iter().find_map(|tag| self.block.text(&[tag]));
        let stated = self.block.value(&NUMBER);
        let number = match stated {
            Some(value) => value.known().and_then(number).filter(|n| (1.0..=230.0).contains(n)).map(|n| n as u16),
            None => setting.map(|entry| entry.number as u16).or_else(|| self.inferred(&operators)),
        };
        let name = symbol.map(str::to_owned).or_else(|| setting.map(settings::name));
        let name = name.unwrap_or_else(|| if operators.len() == 1 { "P 1".to_owned() } else { String::new() });
        SpaceGroup { name, number, operators }
    }

    /// The number of a file that gives none, where symbol and operators agree.
    fn inferred(&self, operators: &[Operator]) -> Option<u16> {
        if operators.len() == 1 {
            return Some(1);
        }
        let (_, meant) = self.symbol_settings()?;
        let agrees = |entry: &&HallSymbolEntry| {
            settings::of_hall(entry.hall_symbol).is_some_and(|o| settings::same_operators(&o, operators))
        };
        meant.iter().find(agrees).map(|entry| entry.number as u16)
    }
}

/// Is there the same setting with another origin?
fn origin_is_open(chosen: &HallSymbolEntry, meant: &[HallSymbolEntry]) -> bool {
    let other = |entry: &HallSymbolEntry| entry.setting.strip_prefix('2').is_some();
    chosen.setting.starts_with('1') && meant.iter().any(other)
}

fn disagreement(value: &Value, meant: &HallSymbolEntry, count: usize) -> String {
    format!(
        "space group \"{}\" (No. {}) and the {count} operators do not agree; the operators were used",
        value.text, meant.number
    )
}

fn read_operator(value: &Value, file: &str) -> Result<Operator, ReadError> {
    let mut operator: Operator = value
        .text
        .parse()
        .map_err(|message: String| ReadError::value(file, Some(value.line), message, "correct the operator"))?;
    operator.translation = operator.translation.map(snapped_to_24ths);
    Ok(operator)
}

fn unknown(value: &Value, file: &str) -> ReadError {
    ReadError::value(
        file,
        Some(value.line),
        format!("space group \"{}\" is not known, and the file lists no operators", value.text),
        "list them under _space_group_symop_operation_xyz, or write a symbol such as 'P b c a' or a number from 1 to 230",
    )
}
