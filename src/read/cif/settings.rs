//! Space-group symbols turned into operators, in the setting that the symbol and the cell mean.
//!
//! The 530 settings and their Hall symbols (Hall 1981, Acta Cryst. A37, 517; International Tables B, A1.4.2) are those
//! of the crate `moyo`. A Hall symbol is checked against its grammar before it is parsed there.

use std::collections::BTreeSet;

use moyo::base::Operation;
use moyo::data::{HallSymbol, HallSymbolEntry, hall_symbol_entry};
use nalgebra::Vector3;

use crate::model::{Cell, Operator};
use crate::read::numbers::snapped_to_24ths;

/// Number of settings in the table.
const SETTINGS: i32 = 530;
/// No space group has more operators in a conventional cell than Fm-3m and its like.
const MOST_OPERATORS: usize = 192;

/// All settings that a Hermann-Mauguin symbol can mean, in the order of the table.
///
/// Spaces, underlines, brackets and case do not matter; `:H`, `:R`, `:1`, `:2`, and the letters S and Z that ICSD puts
/// behind a symbol choose among settings. Old symbols (`Fm3m`, `Cmca`) and short monoclinic ones (`P21/c`) are known.
pub(super) fn of_symbol(symbol: &str) -> Vec<HallSymbolEntry> {
    let (bare, choice) = split_choice(symbol);
    let key = key(&bare);
    let meant: Vec<_> = table().filter(|entry| keys(entry).contains(&key)).collect();
    let chosen: Vec<_> = meant.iter().filter(|entry| has_choice(entry, &choice)).cloned().collect();
    if chosen.is_empty() { meant } else { chosen }
}

/// All settings of a number of International Tables, the table's first choice first.
pub(super) fn of_number(number: i32) -> Vec<HallSymbolEntry> {
    table().filter(|entry| entry.number == number).collect()
}

/// The first setting whose rotations carry the cell onto itself.
pub(super) fn fitting<'a>(settings: &'a [HallSymbolEntry], cell: &Cell) -> Option<&'a HallSymbolEntry> {
    settings.iter().find(|entry| of_hall(entry.hall_symbol).is_some_and(|operators| fits(&operators, cell)))
}

/// The setting of the table that has this Hall symbol.
pub(super) fn with_hall(symbol: &str) -> Option<HallSymbolEntry> {
    let symbol = plain_hall(symbol);
    table().find(|entry| plain_hall(entry.hall_symbol) == symbol)
}

/// The Hermann-Mauguin symbol of a setting as files write it.
pub(super) fn name(entry: &HallSymbolEntry) -> String {
    let monoclinic = (3..=15).contains(&entry.number);
    let symbol = if monoclinic { entry.hm_full } else { entry.hm_short };
    symbol.replace('_', "")
}

/// The operators that a Hall symbol stands for, the identity first; `None` if it breaks the grammar or makes no group.
pub(super) fn of_hall(symbol: &str) -> Option<Vec<Operator>> {
    let symbol = plain_hall(symbol);
    if !is_hall(&symbol) {
        return None;
    }
    let hall = HallSymbol::new(&symbol)?;
    let generators: Vec<Operator> = hall.generators.iter().map(operator).collect();
    let centring = hall.centering_translations.iter().map(|t| shifted(&Operator::identity(), *t));
    let all: Vec<Operator> = generators.iter().copied().chain(centring).collect();
    closure(vec![Operator::identity()], &generators).and_then(|point| closure(point, &all))
}

/// A Hall symbol in the table's spelling.
fn plain_hall(symbol: &str) -> String {
    let symbol = symbol.replace('"', "=").replace('\'', "^").replace('_', " ");
    symbol.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Do the operators form a group, every product of two being one of them?
pub(super) fn is_group(operators: &[Operator]) -> bool {
    closure(operators.to_vec(), operators).is_some_and(|all| all.len() == operators.len())
}

/// Are these the same operators, whatever their order?
pub(super) fn same_operators(a: &[Operator], b: &[Operator]) -> bool {
    let set = |operators: &[Operator]| operators.iter().map(code).collect::<BTreeSet<_>>();
    set(a) == set(b)
}

/// Twelve whole numbers that name an operator, its translation to the nearest 1/24.
pub(super) fn code(operator: &Operator) -> [i32; 12] {
    let mut numbers = [0; 12];
    for (i, r) in operator.rotation.iter().enumerate() {
        numbers[i] = r.round() as i32;
    }
    for (i, t) in operator.translation.iter().enumerate() {
        numbers[9 + i] = ((t * 24.0).round() as i32).rem_euclid(24);
    }
    numbers
}

fn table() -> impl Iterator<Item = HallSymbolEntry> {
    (1..=SETTINGS).filter_map(hall_symbol_entry)
}

/// Splits `R -3 m :H` and `F d -3 m Z` into symbol and choice, in lower case.
fn split_choice(symbol: &str) -> (String, String) {
    let symbol = symbol.trim().to_lowercase();
    if let Some((bare, choice)) = symbol.split_once(':') {
        return (bare.to_owned(), choice.trim().to_owned());
    }
    // No Hermann-Mauguin symbol has an s or z in it, and r and h stand at its start only.
    for (letters, choice) in [("s", "1"), ("z", "2"), ("hr", "h"), ("h", "h"), ("r", "r")] {
        match symbol.strip_suffix(letters) {
            Some(bare) if bare.len() > 1 => return (bare.to_owned(), choice.to_owned()),
            _ => {}
        }
    }
    (symbol, String::new())
}

fn has_choice(entry: &HallSymbolEntry, choice: &str) -> bool {
    let setting = entry.setting.to_lowercase();
    choice.is_empty() || setting == *choice || (matches!(choice, "1" | "2") && setting.starts_with(choice))
}

/// A symbol with all that varies in its spelling taken out.
fn key(symbol: &str) -> String {
    symbol
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '(' | ')' | '\'' | '"'))
        .collect::<String>()
        .to_lowercase()
}

/// The keys under which a setting is known.
fn keys(entry: &HallSymbolEntry) -> BTreeSet<String> {
    let mut names = vec![entry.hm_full.to_owned()];
    if (3..=15).contains(&entry.number) {
        // The table's short symbol names the type, not the setting; `P 1 21/n 1` without its ones does.
        names.push(entry.hm_full.split(' ').filter(|part| *part != "1").collect());
    } else {
        names.push(entry.hm_short.to_owned());
    }
    // Before 1992, e was written as either of the two glides that it stands for.
    let with_e: Vec<String> = names.iter().filter(|name| name.contains('e')).cloned().collect();
    names.extend(with_e.iter().flat_map(|name| ["a", "b", "c"].map(|glide| name.replace('e', glide))));
    if entry.number >= 200 {
        names.push(entry.hm_short.replace("-3", "3"));
    }
    names.iter().map(|name| key(name)).collect()
}

/// Do all rotations leave lengths and angles of the cell as they are, to two parts in a thousand?
fn fits(operators: &[Operator], cell: &Cell) -> bool {
    let basis = cell.basis();
    let metric = basis.transpose() * basis;
    operators.iter().all(|operator| {
        let turned = operator.rotation.transpose() * metric * operator.rotation;
        (0..9).all(|k| {
            let (i, j) = (k / 3, k % 3);
            (turned[(i, j)] - metric[(i, j)]).abs() < 2e-3 * (metric[(i, i)] * metric[(j, j)]).sqrt()
        })
    })
}

/// Is this a Hall symbol by its grammar: lattice, then up to four operations, then a shift of the origin?
fn is_hall(symbol: &str) -> bool {
    let (head, shift) = symbol.split_once('(').map_or((symbol, None), |(head, shift)| (head, Some(shift)));
    let mut words = head.split_whitespace();
    let lattice = words.next().is_some_and(|word| {
        let letter = word.strip_prefix('-').unwrap_or(word);
        matches!(letter, "P" | "A" | "B" | "C" | "I" | "R" | "F")
    });
    lattice && words.clone().count() <= 4 && words.all(is_hall_operation) && shift.is_none_or(is_hall_shift)
}

fn is_hall_operation(word: &str) -> bool {
    let word = word.strip_prefix('-').unwrap_or(word);
    let Some(rest) = word.strip_prefix(['1', '2', '3', '4', '6']) else {
        return false;
    };
    let rest = rest.strip_prefix(['^', '=']).unwrap_or(rest);
    let rest = rest.strip_prefix(['x', 'y', 'z', '*']).unwrap_or(rest);
    rest.chars().all(|c| "abcnuvwd12345".contains(c))
}

fn is_hall_shift(shift: &str) -> bool {
    let numbers: Option<Vec<i32>> =
        shift.trim().strip_suffix(')').map(|list| list.split_whitespace().flat_map(str::parse).collect());
    numbers.is_some_and(|list| list.len() == 3 && list.iter().all(|n| n.abs() < 12))
}

fn operator(operation: &Operation) -> Operator {
    let rotation = operation.rotation.map(f64::from);
    shifted(&Operator { rotation, translation: Vector3::zeros() }, operation.translation)
}

fn shifted(operator: &Operator, by: Vector3<f64>) -> Operator {
    Operator { rotation: operator.rotation, translation: (operator.translation + by).map(snapped_to_24ths) }
}

fn product(a: &Operator, b: &Operator) -> Operator {
    let rotation = a.rotation * b.rotation;
    shifted(&Operator { rotation, translation: a.translation }, a.rotation * b.translation)
}

/// The group that the generators make of the start; `None` if it grows beyond every space group.
fn closure(start: Vec<Operator>, generators: &[Operator]) -> Option<Vec<Operator>> {
    let mut known: BTreeSet<[i32; 12]> = start.iter().map(code).collect();
    let mut group = start;
    let mut at = 0;
    while at < group.len() {
        for generator in generators {
            let next = product(&group[at], generator);
            if known.insert(code(&next)) {
                group.push(next);
            }
        }
        if group.len() > MOST_OPERATORS {
            return None;
        }
        at += 1;
    }
    Some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hall(symbol: &str) -> Option<&'static str> {
        of_symbol(symbol).first().map(|entry| entry.hall_symbol)
    }

    #[test]
    fn symbols_of_every_spelling_name_their_setting() {
        let cases = [
            ("P b c a", "-P 2ac 2ab"),
            ("Pbca", "-P 2ac 2ab"),
            ("Pcab", "-P 2bc 2ac"),
            ("P b n m", "-P 2c 2ab"),
            ("P 1 21/c 1", "-P 2ybc"),
            ("P2(1)/c", "-P 2ybc"),
            ("P 2_1/n", "-P 2yn"),
            ("B 2/b", "-B 2b"),
            ("R -3 m :H", "-R 3 2="),
            ("R-3mR", "-P 3* 2"),
            ("R -3 m HR", "-R 3 2="),
            ("Fm-3m", "-F 4 2 3"),
            ("F m 3 m", "-F 4 2 3"),
            ("F d -3 m S", "F 4d 2 3 -1d"),
            ("Fd-3m:2", "-F 4vw 2vw 3"),
            ("F d -3 m Z", "-F 4vw 2vw 3"),
            ("C m c a", "-C 2ac 2"),
            ("P 63/m m c", "-P 6c 2c"),
            ("P 21 21 21", "P 2ac 2ab"),
        ];
        for (symbol, expected) in cases {
            assert_eq!(hall(symbol), Some(expected), "{symbol}");
        }
        for symbol in ["", "P", "Q 1", "P b c q", "unknown"] {
            assert_eq!(hall(symbol), None, "{symbol}");
        }
    }

    #[test]
    fn every_setting_makes_a_group_of_its_order() {
        for entry in table() {
            let operators = of_hall(entry.hall_symbol).unwrap_or_else(|| panic!("{}", entry.hall_symbol));
            assert_eq!(operators[0], Operator::identity());
            assert!(is_group(&operators), "{}", entry.hall_symbol);
            let hall = HallSymbol::new(entry.hall_symbol).unwrap();
            assert_eq!(operators.len(), hall.traverse().len() * (hall.centering_translations.len() + 1));
        }
    }

    /// The sum over operators that `scripts/cif-expected.py` describes.
    fn checksum(operators: &[Operator]) -> i64 {
        let number = |code: [i32; 12]| {
            code.iter().rev().fold(0_i128, |sum, n| sum * 31 + i128::from(n + 1)).rem_euclid(1_000_000_007) as i64
        };
        operators.iter().map(|operator| number(code(operator))).sum()
    }

    #[test]
    fn all_settings_are_those_of_gemmi() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cif/settings.json");
        let table: Vec<(String, i32, usize, i64)> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        assert_eq!(table.len(), 530);
        let mut other = Vec::new();
        for (symbol, number, order, sum) in table {
            let meant = of_symbol(&symbol);
            let same = meant.first().filter(|entry| {
                let operators = of_hall(entry.hall_symbol).unwrap();
                entry.number == number && operators.len() == order && checksum(&operators) == sum
            });
            if same.is_none() {
                other.push(symbol);
            }
        }
        assert_eq!(other, Vec::<String>::new());
    }

    #[test]
    fn no_text_makes_the_parser_panic() {
        for symbol in
            ["", "-", "P", "P 5", "P 2q", "P 2 (0 0", "P 2 (a b c)", "H 3", "P 4z 3x", "P 3 4x 6y", "é 2", "P -"]
        {
            let _ = of_hall(symbol);
        }
        assert_eq!(of_hall("P 31 2\" (0 0 4)").map(|o| o.len()), Some(6));
    }
}
