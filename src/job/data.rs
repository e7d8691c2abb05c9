//! A measured curve as a job speaks of it.

use serde::{Deserialize, Serialize};

use crate::observed::{Normalisation, Radiation};
use crate::reduction::Reduction;

/// A measured curve and its settings. `None`: taken from the file's header, and where that is silent, from the default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Path of the data file, relative to the job file.
    pub file: String,
    /// First distance that is fitted, Å.
    pub rmin: f64,
    /// Last distance that is fitted, Å.
    pub rmax: f64,
    /// Where the curves are compared.
    #[serde(default)]
    pub grid: GridChoice,
    /// What is compared: G(r), or its part between `rmin` and `rmax` as F(Q) or S(Q).
    #[serde(default, skip_serializing_if = "Compare::is_g")]
    pub compare: Compare,
    /// X-rays or neutrons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radiation: Option<Radiation>,
    /// How pairs of elements are weighted.
    #[serde(default)]
    pub weights: Weights,
    /// What the data are normalised by.
    #[serde(default)]
    pub normalisation: Normalisation,
    /// The atoms by whose `<f>²` (or `<f²>`) the data were divided, `"Si 0.8 Ni 0.2"`, where that is not the structure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub composition: Option<String>,
    /// Which program's sum is computed.
    #[serde(default, skip_serializing_if = "Compat::is_none")]
    pub compat: Compat,
    /// Lower end of the transform, 1/Å (default 0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qmin: Option<f64>,
    /// Upper end of the transform, 1/Å (default: not truncated).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qmax: Option<f64>,
    /// Uncertainty of every point in 1/Å², where the file has none or a wrong one (default: the file's).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dg: Option<f64>,
    /// Real-space width of a Soper-Lorch window that the data's transform had, Å (default: none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soper_lorch: Option<f64>,
    /// The file holds intensities, and G(r) is made of them by these settings (default: it holds a reduced curve).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduce: Option<Reduction>,
    /// Path of a file with the instrument's resolution ([`Instrument`]), relative to the job file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
}

/// The resolution of an instrument, as a calibration finds it once for many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Damping of the curve, 1/Å.
    pub qdamp: f64,
    /// Broadening of its peaks, 1/Å.
    #[serde(default)]
    pub qbroad: f64,
}

/// The points on which model and data are compared.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum GridChoice {
    /// The points of the data file.
    #[default]
    Data,
    /// Steps of π / qmax from rmin: all the information there is, nothing twice. Data are interpolated.
    Nyquist,
    /// Steps of the given length in Å from rmin. Data are interpolated.
    Step(f64),
}

/// What model and data are compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Compare {
    /// G(r).
    #[default]
    G,
    /// `F(Q) = Q [S(Q) - 1]` of what lies between rmin and rmax.
    F,
    /// `S(Q)` of it: low Q count more.
    S,
}

impl Compare {
    /// Is it G(r)? A job need not say so.
    pub fn is_g(&self) -> bool {
        *self == Self::G
    }
}

/// Weights of the partial curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// Faber-Ziman: `c_a c_b f_a(Q) f_b(Q) / <f(Q)>²`, applied in Q space.
    #[default]
    Exact,
    /// One number per pair: electron numbers, or neutron lengths.
    F0,
}

/// Whose sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Compat {
    /// This program's: `1/r_ij`, damping before truncation, exact truncation.
    #[default]
    None,
    /// That of `PDFfit2`: `1/r` on the grid, peaks cut at 5 σ, its FFT truncation, Z as weights.
    #[serde(rename = "Pdffit2")]
    PdfFit2,
}

impl Compat {
    /// Is it this program's own? A job need not say so.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl Data {
    /// A curve with every default.
    pub fn of(file: String, rmin: f64, rmax: f64) -> Self {
        Self {
            file,
            rmin,
            rmax,
            grid: GridChoice::default(),
            compare: Compare::default(),
            radiation: None,
            weights: Weights::default(),
            normalisation: Normalisation::default(),
            composition: None,
            compat: Compat::default(),
            qmin: None,
            qmax: None,
            dg: None,
            soper_lorch: None,
            reduce: None,
            instrument: None,
        }
    }
}
