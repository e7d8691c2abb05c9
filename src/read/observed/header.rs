//! Settings out of the headers of PDFgetX2, PDFgetX3, xPDFsuite, PDFgetN, PDFgui and `corefine reduce`.

use std::f64::consts::PI;

use super::composition::{add, composition};
use super::sheet::excerpt;
use super::text::{number, words};
use crate::element::Species;
use crate::job::Normalisation;
use crate::observed::{Form, Header, Radiation};

type Lines<'a> = [(usize, &'a str)];

/// What a header says; what it says unreadably goes to `warnings`.
pub(super) fn read(lines: &Lines, warnings: &mut Vec<String>) -> Header {
    let settings = Settings(lines.iter().flat_map(|&(line, text)| settings(line, text)).collect());
    let program = program(lines, &settings);
    let mut positive = |keys: &[&str]| settings.number(keys, warnings).filter(|&x| x > 0.0);
    let mut header = Header {
        qmax: positive(&["qmax"]),
        qmaxinst: positive(&["qmaxinst"]),
        wavelength: positive(&["wavelength", "lambda"]),
        rpoly: positive(&["rpoly"]),
        number_density: positive(&["numberdensity", "numdensity", "number_density"]),
        b_squared: positive(&["b_squared"]),
        ..Header::default()
    };
    let mut not_negative = |keys: &[&str]| settings.number(keys, warnings).filter(|&x| x >= 0.0);
    header.qmin = not_negative(&["qmin"]);
    header.qdamp = not_negative(&["qdamp"]);
    header.qbroad = not_negative(&["qbroad"]);
    header.bgscale = settings.number(&["bgscale"], warnings);
    header.temperature = temperature(&settings, warnings);
    header.radiation = radiation(program, &settings);
    header.composition = elements(lines, &settings, warnings);
    header.normalisation = normalisation(program, lines);
    header.program = program.map(str::to_owned);
    header.form = form(lines);
    header.cluster = settings.find(&["cluster"]).is_some_and(|setting| setting.value.trim() == "true");
    header.synthetic = lines.iter().any(|(_, text)| says_synthetic(text));
    check_range(&mut header, warnings);
    header
}

/// The form that a header names: `form = T`.
pub(super) fn form(lines: &Lines) -> Option<Form> {
    let settings = Settings(lines.iter().flat_map(|&(line, text)| settings(line, text)).collect());
    words(settings.find(&["form"])?.value).next().and_then(Form::of_word)
}

/// One `key=value` of a header, the key in lower case.
struct Setting<'a> {
    line: usize,
    key: String,
    value: &'a str,
}

/// Every `key=value` of a line. A value goes on to the next key, so that `composition = C6 H5` is whole.
fn settings(line: usize, text: &str) -> Vec<Setting<'_>> {
    let signs: Vec<usize> = text.match_indices('=').map(|(at, _)| at).collect();
    let keys: Vec<(usize, usize)> = signs.iter().map(|&at| key_before(text, at)).collect();
    let ends = keys.iter().skip(1).map(|&(start, _)| start).chain([text.len()]);
    let found = signs.iter().zip(&keys).zip(ends);
    found
        .filter(|((_, (start, end)), _)| start < end)
        .map(|((&sign, &(start, end)), stop)| Setting {
            line,
            key: text[start..end].to_ascii_lowercase(),
            value: text.get(sign + 1..stop).unwrap_or_default().trim(),
        })
        .collect()
}

/// Start and end of the word before a `=`.
fn key_before(text: &str, sign: usize) -> (usize, usize) {
    let before = text[..sign].trim_end();
    let word = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (word.len(), before.len())
}

struct Settings<'a>(Vec<Setting<'a>>);

impl Settings<'_> {
    /// The first of these keys that has a value.
    fn find(&self, keys: &[&str]) -> Option<&Setting<'_>> {
        self.0.iter().find(|s| keys.contains(&s.key.as_str()) && !s.value.is_empty())
    }

    fn number(&self, keys: &[&str], warnings: &mut Vec<String>) -> Option<f64> {
        let setting = self.find(keys)?;
        let value = words(setting.value).next().and_then(number).filter(|x| x.is_finite());
        if value.is_none() {
            let (line, key, text) = (setting.line, &setting.key, excerpt(setting.value));
            warnings.push(format!("line {line}: {key} = \"{text}\" is not a number and was ignored"));
        }
        value
    }
}

/// Computed data that say so must not pass for measured ones.
fn says_synthetic(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case("synthetic"))
}

const PROGRAMS: [(&str, &str); 9] = [
    ("corefine reduce", "corefine reduce"),
    ("xpdfsuite", "xPDFsuite"),
    ("pdfgetxgui", "PDFgetXgui"),
    ("diffpy.pdfgetx", "PDFgetX3"),
    ("pdfgetx3", "PDFgetX3"),
    ("get_xpdf", "PDFgetX2"),
    ("relatomnum", "PDFgetN"),
    ("from pdfgetn", "PDFgetN"),
    ("pdfgui", "PDFgui"),
];

fn program(lines: &Lines, settings: &Settings) -> Option<&'static str> {
    let named = lines.iter().find_map(|(_, text)| {
        let text = text.to_ascii_lowercase();
        PROGRAMS.iter().find(|(sign, _)| text.contains(sign)).map(|&(_, program)| program)
    });
    // The keys of PDFgetX3's configuration, in a header that does not name it.
    named.or_else(|| settings.find(&["rpoly"]).map(|_| "PDFgetX3"))
}

fn radiation(program: Option<&str>, settings: &Settings) -> Option<Radiation> {
    let said = settings.find(&["mode", "stype", "scatteringtype"]).and_then(|s| s.value.chars().next());
    match said.map(|c| c.to_ascii_lowercase()) {
        Some('x') => return Some(Radiation::Xray),
        Some('n') => return Some(Radiation::Neutron),
        _ => {}
    }
    match program? {
        "PDFgetN" => Some(Radiation::Neutron),
        "PDFgui" => None,
        _ => Some(Radiation::Xray),
    }
}

/// `temperature=300` or `temp=300`; PDFgetN's `temp` is often a left-over, so that a run named `1050K` goes before it.
fn temperature(settings: &Settings, warnings: &mut Vec<String>) -> Option<f64> {
    let stated = settings.number(&["temperature", "temp"], warnings).filter(|&t| t > 0.0);
    let run = settings
        .find(&["run"])
        .and_then(|s| s.value.strip_suffix('K'))
        .and_then(number)
        .filter(|t| t.is_finite() && *t > 0.0);
    match (stated, run) {
        (Some(stated), Some(run)) if (stated - run).abs() > 0.5 => {
            warnings.push(format!("the header has temp={stated}, but the run is named {run}K: {run} K was taken"));
            Some(run)
        }
        _ => stated.or(run),
    }
}

fn elements(lines: &Lines, settings: &Settings, warnings: &mut Vec<String>) -> Option<Vec<(Species, f64)>> {
    if let Some(setting) = settings.find(&["composition"]) {
        let formula = composition(setting.value);
        if formula.is_none() {
            warnings.push(format!(
                "line {}: the composition \"{}\" is not readable",
                setting.line,
                excerpt(setting.value)
            ));
        }
        return formula;
    }
    element_table(lines, "#L symbol valence fractions", pdfgetx2_row)
        .or_else(|| element_table(lines, "Element relAtomNum", pdfgetn_row))
}

type ElementRow = fn(&[&str]) -> Option<(Species, f64)>;

/// The rows below a table's title, as long as they can be read.
fn element_table(lines: &Lines, title: &str, row: ElementRow) -> Option<Vec<(Species, f64)>> {
    let start = lines.iter().position(|(_, text)| text.trim_start().starts_with(title))?;
    let mut formula = Vec::new();
    for (_, text) in &lines[start + 1..] {
        let Some((species, n)) = row(&words(text).collect::<Vec<_>>()) else { break };
        add(&mut formula, species, n);
    }
    (!formula.is_empty()).then_some(formula)
}

/// `Ni  0.00  1.000000  28 ...`: symbol, valence, fraction.
fn pdfgetx2_row(columns: &[&str]) -> Option<(Species, f64)> {
    let element = columns.first()?.parse().ok()?;
    let valence = number(columns.get(1)?).filter(|v| v.is_finite())?;
    Some((Species { element, charge: valence.round() as i8 }, fraction(columns.get(2)?)?))
}

/// `Ni  1.0000  58.693 ...`: symbol, relative number of atoms.
fn pdfgetn_row(columns: &[&str]) -> Option<(Species, f64)> {
    Some((Species::neutral(columns.first()?.parse().ok()?), fraction(columns.get(1)?)?))
}

fn fraction(word: &str) -> Option<f64> {
    number(word).filter(|n| n.is_finite() && *n > 0.0)
}

/// PDFgetX3 divides by `<f>²`; PDFgetX2 says what it divides by: `weight_isa=1    weighttype=0    (0: <ASF>^2, 1: <ASF^2>, ...`.
fn normalisation(program: Option<&str>, lines: &Lines) -> Option<Normalisation> {
    match program? {
        "PDFgetX3" | "xPDFsuite" | "PDFgetXgui" | "corefine reduce" => Some(Normalisation::MeanSquared),
        "PDFgetX2" => {
            let (line, text) = lines.iter().find(|(_, text)| text.contains("weight_isa="))?;
            match Settings(settings(*line, text)).find(&["weighttype"])?.value.chars().next()? {
                '0' => Some(Normalisation::MeanSquared),
                '1' => Some(Normalisation::SquareMean),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A pattern ends at `Q = 4 π / λ` at the latest; a header that claims more has a left-over there.
fn check_range(header: &mut Header, warnings: &mut Vec<String>) {
    if let (Some(qmax), Some(wavelength)) = (header.qmax, header.wavelength) {
        let reach = 4.0 * PI / wavelength;
        if qmax > reach {
            warnings.push(format!("qmax = {qmax} in the header was ignored: a wavelength of {wavelength} Å reaches {reach:.1} 1/Å only; set qmax in the job"));
            header.qmax = None;
        }
    }
    if let (Some(qmin), Some(qmax)) = (header.qmin, header.qmax)
        && qmin >= qmax
    {
        warnings.push(format!("qmin = {qmin} in the header was ignored: it is not below qmax = {qmax}"));
        header.qmin = None;
    }
}
