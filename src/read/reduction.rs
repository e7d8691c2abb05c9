//! Settings of a reduction: RON, or the header of a file that PDFgetX3, xPDFsuite or this program wrote.

use ron::extensions::Extensions;

use super::{ReadError, Reading};
use crate::observed::Radiation;
use crate::pattern::Abscissa;
use crate::reduction::Reduction;

/// What PDFgetX3 writes beside the settings that count here.
const PASSED_OVER: [&str; 18] = [
    "version",
    "inputfile",
    "backgroundfile",
    "backgroundfilefull",
    "datapath",
    "inputdir",
    "savedir",
    "output",
    "outputtype",
    "outputtypes",
    "plot",
    "force",
    "interact",
    "verbose",
    "normalisation",
    "degree",
    "sha256",
    "program",
];

/// Reads the settings of a reduction, from RON as in `docs/reduction.md`, or from the `key = value` lines of PDFgetX3: its
/// configuration or the header of a `.gr` file, so that a curve can be made again.
///
/// # Errors
/// Text that is neither, an unknown key, a value that cannot be read.
///
/// ```
/// let settings = corefine::read::reduction::reduction("(composition: \"Ni\", qmax: 24)", "reduce.ron").unwrap().value;
/// assert_eq!(settings.qmax, Some(24.0));
/// let header = "[DEFAULT]\ncomposition = Ni\nqmax = 24\n#### start data\n0 0\n";
/// assert_eq!(corefine::read::reduction::reduction(header, "Ni.gr").unwrap().value, settings);
/// ```
pub fn reduction(text: &str, name: &str) -> Result<Reading<Reduction>, ReadError> {
    let first =
        text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//")).unwrap_or_default();
    if first.is_empty() {
        return Err(ReadError::empty(name));
    }
    if first.starts_with('(') || first.starts_with("#!") || first.starts_with("Reduction") {
        return Ok(Reading { value: of_ron(text, name)?, warnings: Vec::new() });
    }
    of_header(text, name)
}

fn of_ron(text: &str, name: &str) -> Result<Reduction, ReadError> {
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    options.from_str(text).map_err(|error| {
        let start = error.span.start;
        let message = format!("column {}: {}", start.col, error.code);
        ReadError::syntax(name, Some(start.line), message, "docs/reduction.md has every key")
    })
}

fn of_header(text: &str, name: &str) -> Result<Reading<Reduction>, ReadError> {
    let mut value = Reduction::default();
    let (mut found, mut warnings) = (0, Vec::new());
    let header = text.lines().take_while(|line| !line.trim_start().starts_with("#### start data"));
    for (line, text) in header.enumerate() {
        let bare = text.trim_start_matches('#').trim();
        let Some((key, text)) = bare.split_once('=') else { continue };
        let (key, text) = (key.trim().to_lowercase(), text.trim());
        match set(&mut value, &key, text) {
            Set::Done => found += 1,
            Set::Unknown if PASSED_OVER.contains(&key.as_str()) => {}
            Set::Unknown => warnings.push(format!("{name}:{}: {key} is no setting of a reduction here", line + 1)),
            Set::Wrong(allowed) => {
                let problem = format!("{key} is \"{text}\"");
                return Err(ReadError::value(name, Some(line + 1), problem, format!("{allowed} is expected")));
            }
        }
    }
    if found == 0 {
        let hint = "give a RON file as in docs/reduction.md, or a file of PDFgetX3 with its header";
        return Err(ReadError::missing(name, None, "no setting of a reduction was found", hint));
    }
    Ok(Reading { value, warnings })
}

enum Set {
    Done,
    Unknown,
    Wrong(&'static str),
}

fn set(settings: &mut Reduction, key: &str, text: &str) -> Set {
    match key {
        "composition" => {
            text.clone_into(&mut settings.composition);
            Set::Done
        }
        "mode" | "radiation" => {
            settings.radiation = Radiation::named(text);
            settings.radiation.map_or(Set::Wrong("xray or neutron"), |_| Set::Done)
        }
        "dataformat" => {
            settings.dataformat = Abscissa::named(text);
            settings.dataformat.map_or(Set::Wrong("twotheta, QA or Qnm"), |_| Set::Done)
        }
        "window" => put(&mut settings.window, text, "none, lorch or soper_lorch(width in Å)"),
        "absorption" => put(&mut settings.absorption, text, "none, flat_plate(μt) or capillary(μR)"),
        "compton" => put(&mut settings.compton, text, "none, counting or integrating"),
        _ => number(settings, key, text),
    }
}

fn number(settings: &mut Reduction, key: &str, text: &str) -> Set {
    // Where a setting may be left open, an empty value leaves it so.
    let open = text.is_empty() || text.eq_ignore_ascii_case("none");
    let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
    let optional = match key {
        "wavelength" => Some(&mut settings.wavelength),
        "qmax" => Some(&mut settings.qmax),
        "qmaxinst" => Some(&mut settings.qmaxinst),
        "polarisation" => Some(&mut settings.polarisation),
        _ => None,
    };
    if let Some(place) = optional {
        *place = value;
        return if open || value.is_some() { Set::Done } else { Set::Wrong("a number") };
    }
    let place = match key {
        "twothetazero" => &mut settings.twothetazero,
        "bgscale" => &mut settings.bgscale,
        "qmin" => &mut settings.qmin,
        "rpoly" => &mut settings.rpoly,
        "rmin" => &mut settings.rmin,
        "rmax" => &mut settings.rmax,
        "rstep" => &mut settings.rstep,
        _ => return Set::Unknown,
    };
    value.map_or(Set::Wrong("a number"), |value| {
        *place = value;
        Set::Done
    })
}

/// A choice such as `none`, `lorch`, `soper_lorch(0.1)`, as RON writes them.
fn put<T: serde::de::DeserializeOwned>(place: &mut T, text: &str, allowed: &'static str) -> Set {
    ron::from_str(text).map_or(Set::Wrong(allowed), |value| {
        *place = value;
        Set::Done
    })
}
