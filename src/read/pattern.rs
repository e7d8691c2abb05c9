//! Measured patterns before any reduction: `.chi` of Fit2D, xPDFsuite and SrXplanar, `.xy`, `.xye`, `.dat` of pyFAI, `.csv`.

use super::ReadError;
use super::observed::DataError;
use super::observed::sheet::{Row, Sheet, split};
use super::observed::text::{decode, number};
use crate::pattern::{Abscissa, Pattern};

/// Fewer rows are no pattern.
const FEWEST: usize = 20;

/// Below this a wavelength is written in metres.
const METRES: f64 = 1e-6;

/// Reads a pattern: a column of angles or Q, one of intensities and, if there, one of their standard uncertainties, after
/// whatever header there is.
///
/// The header tells what the first column is: labels such as `2th_deg` and `q_A^-1` of pyFAI, `2-Theta Angle (Degrees)` and
/// `Q (Inverse Nanometres)` of Fit2D, `integrationspace = qspace` of xPDFsuite, `dataformat = QA`. Its wavelength may be in Å
/// or, as pyFAI writes it, in metres. Intensities that are no numbers stay in as NaN, so that a gap is not passed over.
///
/// # Errors
/// An empty or binary file, no rows, a word among the numbers, an abscissa that does not ascend, nothing but zeros.
///
/// ```
/// let rows: String = (1..40).map(|k| format!("{} {}\n", 0.1 * f64::from(k), 100 + k)).collect();
/// let text = format!("# Wavelength: 2.0e-11 m\n#  q_A^-1  I\n{rows}");
/// let pattern = corefine::read::pattern::pattern(text.as_bytes(), "a.dat").unwrap();
/// assert_eq!((pattern.abscissa, pattern.wavelength), (Some(corefine::pattern::Abscissa::Q), Some(0.2)));
/// ```
pub fn pattern(bytes: &[u8], name: &str) -> Result<Pattern, ReadError> {
    let _room = tracing::info_span!("read").entered();
    let text = decode(bytes, name).map_err(|error| of_data(error, name))?;
    let sheet = split(&text, name).map_err(|error| of_data(error, name))?;
    let mut warnings = Vec::new();
    let (abscissa, per) = abscissa(&sheet);
    let rows = rows(&sheet, name, &mut warnings)?;
    let uncertainty = uncertainty(&rows, sheet.columns(), &mut warnings);
    if let Some(line) = sheet.second {
        warnings.push(format!("{name}:{line}: a second data set begins; only the first was read"));
    }
    Ok(Pattern {
        name: name.to_owned(),
        abscissa,
        x: rows.iter().map(|row| row.values[0] * per).collect(),
        intensity: rows.iter().map(|row| row.values[1]).collect(),
        uncertainty,
        wavelength: wavelength(&sheet),
        warnings,
    })
}

/// The errors of the reader of curves, in the words of a pattern.
fn of_data(error: DataError, name: &str) -> ReadError {
    match error {
        DataError::Empty { .. } => ReadError::empty(name),
        DataError::Binary { line, byte, .. } => ReadError::binary(
            name,
            format!("byte 0x{byte:02x} in line {line} does not occur in a text file"),
            "integrate the image first, and give the pattern as columns of text",
        ),
        DataError::OneColumn { line, text, .. } => ReadError::syntax(
            name,
            Some(line),
            format!("one number only, \"{text}\""),
            "an angle or Q and an intensity are expected in every row (a file cut short ends like this)",
        ),
        DataError::NotANumber { line, text, .. } => ReadError::syntax(
            name,
            Some(line),
            format!("\"{text}\" is not a number"),
            "mend the row, or put # before it",
        ),
        _ => ReadError::missing(
            name,
            None,
            "it has no row of numbers",
            "two columns at least are expected: an angle or Q, and the intensity",
        ),
    }
}

/// The rows at positive abscissae, in order and not all zero.
fn rows<'a>(sheet: &'a Sheet, name: &str, warnings: &mut Vec<String>) -> Result<Vec<&'a Row>, ReadError> {
    let mut rows: Vec<&Row> = Vec::with_capacity(sheet.rows.len());
    for row in &sheet.rows {
        let x = row.values[0];
        if !x.is_finite() {
            let hint = "an angle or Q belongs there; mend or remove the row";
            return Err(ReadError::value(name, Some(row.line), "the first column is no number", hint));
        }
        if let Some(before) = rows.last().map(|before| before.values[0]).filter(|before| x <= *before) {
            let problem = format!("{x} follows {before} in the first column, which must ascend");
            return Err(ReadError::value(name, Some(row.line), problem, "sort the rows, and remove repeated ones"));
        }
        if x >= 0.0 {
            rows.push(row);
        }
    }
    if rows.len() < sheet.rows.len() {
        warnings.push(format!("{name}: {} rows at negative angles were left out", sheet.rows.len() - rows.len()));
    }
    if rows.len() < FEWEST {
        let problem = format!("{} rows of numbers, {FEWEST} at least are needed", rows.len());
        return Err(ReadError::missing(name, None, problem, "is it a powder pattern, and whole?"));
    }
    if rows.iter().all(|row| row.values[1] == 0.0) {
        let hint = "this is a dead frame: measure it again, or leave it out";
        return Err(ReadError::value(name, None, format!("all {} intensities are zero", rows.len()), hint));
    }
    Ok(rows)
}

/// The third column where every number in it can be an uncertainty; points that are zero may have none.
fn uncertainty(rows: &[&Row], columns: usize, warnings: &mut Vec<String>) -> Vec<f64> {
    if columns < 3 {
        return Vec::new();
    }
    if columns > 3 {
        warnings.push(format!("{columns} columns: the third is taken as the uncertainty, those after it are not read"));
    }
    let lacking = |row: &&&Row| {
        row.values[1] != 0.0 && row.values[1].is_finite() && (row.values[2] <= 0.0 || !row.values[2].is_finite())
    };
    if let Some(row) = rows.iter().find(lacking) {
        warnings.push(format!(
            "the uncertainties of the third column are not used: the one in line {} is {}",
            row.line, row.values[2]
        ));
        return Vec::new();
    }
    rows.iter().map(|row| if row.values[2].is_finite() { row.values[2] } else { 0.0 }).collect()
}

/// What the header says of the first column, and what brings it to the unit of [`Abscissa`]: radians become degrees.
fn abscissa(sheet: &Sheet) -> (Option<Abscissa>, f64) {
    let said = sheet.header.iter().rev().find_map(|(_, line)| named_in(&line.to_lowercase()));
    said.map_or((None, 1.0), |(abscissa, per)| (Some(abscissa), per))
}

fn named_in(line: &str) -> Option<(Abscissa, f64)> {
    let squeezed: String = line.chars().filter(|c| !c.is_whitespace() && !matches!(c, '#' | '-' | '_')).collect();
    if let Some((key, value)) = squeezed.split_once('=') {
        return of_setting(key, value).map(|abscissa| (abscissa, 1.0));
    }
    let says = |words: &[&str]| words.iter().any(|word| squeezed.contains(word));
    let begins = |words: &[&str]| words.iter().any(|word| squeezed.trim_start_matches('l').starts_with(word));
    if begins(&["2th", "tth", "twotheta", "2θ"]) {
        let radians = says(&["rad"]) && !says(&["deg"]);
        return Some((Abscissa::TwoTheta, if radians { 180.0 / std::f64::consts::PI } else { 1.0 }));
    }
    if !begins(&["q"]) {
        return None;
    }
    if says(&["nm", "nano"]) {
        return Some((Abscissa::QPerNanometre, 1.0));
    }
    says(&["qa", "a^1", "a1", "1/a", "å", "angstr", "\\aa", "q,", "qi", "q(a"]).then_some((Abscissa::Q, 1.0))
}

/// `integrationspace = qspace` of SrXplanar, `dataformat = QA` of PDFgetX3.
fn of_setting(key: &str, value: &str) -> Option<Abscissa> {
    match (key, value) {
        ("integrationspace", "qspace") => Some(Abscissa::Q),
        ("integrationspace", "twotheta" | "tthspace" | "twothetaspace") => Some(Abscissa::TwoTheta),
        ("dataformat", word) => Abscissa::named(word),
        _ => None,
    }
}

/// The number behind the word `wavelength`, in Å.
fn wavelength(sheet: &Sheet) -> Option<f64> {
    sheet.header.iter().find_map(|(_, line)| {
        let at = line.to_lowercase().find("wavelength")?;
        let rest = line.get(at + "wavelength".len()..)?;
        let word = rest.split(|c: char| c.is_whitespace() || ",;:=\"(){}".contains(c)).find(|word| !word.is_empty())?;
        let value = number(word).filter(|value| value.is_finite() && *value > 0.0)?;
        // To ten places: a number of metres is no round one in Å otherwise.
        Some(if value < METRES { (value * 1e20).round() / 1e10 } else { value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_every_program_are_understood() {
        use Abscissa::{Q, QPerNanometre, TwoTheta};
        for (line, want) in [
            ("#       2th_deg             I         sigma", Some(TwoTheta)),
            ("#   q_A^-1   I", Some(Q)),
            ("# q_nm^-1 I sigma", Some(QPerNanometre)),
            (" 2-Theta Angle (Degrees)", Some(TwoTheta)),
            ("Q (Inverse Nanometres)", Some(QPerNanometre)),
            ("Q-Space (Inverse Angstroms)", Some(Q)),
            ("integrationspace = qspace", Some(Q)),
            ("dataformat = twotheta", Some(TwoTheta)),
            ("2theta,intensity", Some(TwoTheta)),
            ("#L Q($\\AA^{-1}$)  I", Some(Q)),
            ("Q,I,dI", Some(Q)),
            ("Intensity", None),
            ("qspecial notes of the operator", None),
            ("tthstepd = 0.02", None),
            ("# r (A) G", None),
        ] {
            assert_eq!(named_in(&line.to_lowercase()).map(|(abscissa, _)| abscissa), want, "{line}");
        }
        assert!((named_in("# 2th_rad i").unwrap().1 - 57.295_779_5).abs() < 1e-6);
    }
}
