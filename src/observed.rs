//! A measured curve, as the readers hand it on.

use serde::{Deserialize, Serialize};

use crate::element::Species;

/// A measured G(r): `r` in Å, `g` in 1/Å², the same length, `r` ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The file's name, for messages and reports.
    pub name: String,
    /// Distances, Å.
    pub r: Vec<f64>,
    /// `G(r)`, 1/Å².
    pub g: Vec<f64>,
    /// Standard uncertainty of `g`, 1/Å²; empty where the file has no column of positive numbers for it.
    pub dg: Vec<f64>,
    /// The form in which the file had it.
    pub form: Form,
    /// What the header says.
    pub header: Header,
    /// What a reader should tell its user (rows left out, a column ignored).
    pub warnings: Vec<String>,
}

/// The function that a file holds. The reader converts to [`Form::G`] what can be converted without a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// `G(r) = 4 π r ρ0 [g(r) - 1]`.
    G,
    /// `D(r)` of GudrunX, `G(r)` times a constant that the file does not state; a refined scale absorbs it.
    D,
    /// `S(Q) - 1`, brought to `G(r)` by a sine transform of this program.
    SofQ,
    /// `F(Q) = Q [S(Q) - 1]`, brought to `G(r)` by a sine transform of this program.
    FofQ,
}

/// Settings found in a file's header; `None` where it is silent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Header {
    /// The program that wrote the file, as far as the header tells.
    pub program: Option<String>,
    /// X-rays or neutrons.
    pub radiation: Option<Radiation>,
    /// Lower end of the transform, 1/Å.
    pub qmin: Option<f64>,
    /// Upper end of the transform, 1/Å.
    pub qmax: Option<f64>,
    /// Upper end of the measured pattern, 1/Å.
    pub qmaxinst: Option<f64>,
    /// Damping by the instrument's resolution, 1/Å.
    pub qdamp: Option<f64>,
    /// Broadening by the instrument's resolution, 1/Å.
    pub qbroad: Option<f64>,
    /// Wavelength, Å.
    pub wavelength: Option<f64>,
    /// `rpoly` of the ad-hoc correction, Å.
    pub rpoly: Option<f64>,
    /// Factor on the background.
    pub bgscale: Option<f64>,
    /// What the reduction took the sample to be: species with their counts.
    pub composition: Option<Vec<(Species, f64)>>,
    /// Number density that the reduction took, 1/Å³.
    pub number_density: Option<f64>,
    /// Temperature, K.
    pub temperature: Option<f64>,
    /// The file says of itself that it was computed, not measured.
    pub synthetic: bool,
    /// What the reduction divided S(Q) by.
    pub normalisation: Option<Normalisation>,
}

/// What was scattered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Radiation {
    /// X-rays: form factors that fall with Q.
    #[default]
    Xray,
    /// Neutrons: constant lengths.
    Neutron,
}

/// What S(Q) was normalised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Normalisation {
    /// `<f>²`, as `PDFgetX` does.
    #[default]
    MeanSquared,
    /// `<f²>`, as Gudrun often does.
    SquareMean,
}
