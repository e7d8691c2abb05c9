//! A measured powder pattern before any reduction, as the readers hand it on.

use serde::{Deserialize, Serialize};

/// A measured intensity: `x` ascending, `intensity` and `uncertainty` of the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// The file's name, for messages and reports.
    pub name: String,
    /// What `x` is, as far as the file tells; in degrees, 1/Å or 1/nm.
    pub abscissa: Option<Abscissa>,
    /// The abscissa, in the unit of [`Self::abscissa`].
    pub x: Vec<f64>,
    /// Intensity in whatever unit the detector's program has; NaN where the file has no number.
    pub intensity: Vec<f64>,
    /// Standard uncertainty of the intensity; empty where the file has no column for it.
    pub uncertainty: Vec<f64>,
    /// Wavelength that the header states, Å.
    pub wavelength: Option<f64>,
    /// What a reader should tell its user (rows left out, columns ignored).
    pub warnings: Vec<String>,
}

/// What the first column of a pattern is, by the names that PDFgetX3 has for it (`dataformat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Abscissa {
    /// Scattering angle 2θ in degrees.
    #[serde(rename = "twotheta")]
    TwoTheta,
    /// Q in 1/Å.
    #[serde(rename = "QA")]
    Q,
    /// Q in 1/nm.
    #[serde(rename = "Qnm")]
    QPerNanometre,
}

impl Abscissa {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TwoTheta, Self::Q, Self::QPerNanometre];

    /// The name in settings: `twotheta`, `QA`, `Qnm`.
    pub fn word(self) -> &'static str {
        match self {
            Self::TwoTheta => "twotheta",
            Self::Q => "QA",
            Self::QPerNanometre => "Qnm",
        }
    }

    /// The abscissa of a name, in any case.
    ///
    /// ```
    /// use corefine::pattern::Abscissa;
    /// assert_eq!(Abscissa::named("qa"), Some(Abscissa::Q));
    /// assert_eq!(Abscissa::named("d"), None);
    /// ```
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|abscissa| abscissa.word().eq_ignore_ascii_case(word.trim()))
    }
}
