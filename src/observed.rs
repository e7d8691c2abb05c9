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
    /// F(Q) as the file has it, where it holds a curve in Q.
    pub in_q: Option<InQ>,
}

/// A measured F(Q), the vectors of one length but for `df`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InQ {
    /// Momentum transfer, 1/Å, ascending.
    pub q: Vec<f64>,
    /// `F(Q) = Q [S(Q) - 1]`, 1/Å.
    pub f: Vec<f64>,
    /// Its standard uncertainty, 1/Å; empty where the file has none.
    pub df: Vec<f64>,
}

/// The function of r or of Q that a file holds; `forms` has the equations. The reader converts to [`Form::G`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// `G(r) = 4 π r ρ0 [g(r) - 1]`, 1/Å².
    G,
    /// `g(r)`, the pair distribution function; goes to 1.
    SmallG,
    /// `D(r) = <b>² G(r)`. In GudrunX's `.dofr` the constant is not stated; a refined scale absorbs it.
    D,
    /// `T(r) = D(r) + 4 π r ρ0 <b>²`.
    T,
    /// `G_K(r) = <b>² [g(r) - 1]`: `G(r)` of Keen 2001.
    Keen,
    /// `RDF(r) = r G(r) + 4 π r² ρ0`, the radial distribution function, 1/Å.
    Rdf,
    /// `S(Q)`, brought to `G(r)` by a sine transform of this program.
    SofQ,
    /// `i(Q) = S(Q) - 1`, brought to `G(r)` in the same way.
    IofQ,
    /// `F(Q) = Q [S(Q) - 1]`, 1/Å, brought to `G(r)` in the same way.
    FofQ,
}

impl Form {
    /// Every form, those in r first.
    pub const ALL: [Self; 9] =
        [Self::G, Self::SmallG, Self::D, Self::T, Self::Keen, Self::Rdf, Self::SofQ, Self::IofQ, Self::FofQ];

    /// Its short name, as headers have it: `G g D T G_K RDF S i F`. Capitals count.
    pub fn word(self) -> &'static str {
        match self {
            Self::G => "G",
            Self::SmallG => "g",
            Self::D => "D",
            Self::T => "T",
            Self::Keen => "G_K",
            Self::Rdf => "RDF",
            Self::SofQ => "S",
            Self::IofQ => "i",
            Self::FofQ => "F",
        }
    }

    /// The form of a short name.
    ///
    /// ```
    /// use corefine::observed::Form;
    /// assert_eq!(Form::of_word("G_K"), Some(Form::Keen));
    /// assert_eq!(Form::of_word("rdf"), None);
    /// ```
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.word() == word)
    }

    /// Is it a function of Q?
    pub fn in_q(self) -> bool {
        matches!(self, Self::SofQ | Self::IofQ | Self::FofQ)
    }
}

/// A curve as its file has it, in whatever form: `x` (r in Å or Q in 1/Å) ascending, all of the same length.
#[derive(Debug, Clone, PartialEq)]
pub struct Tabulated {
    /// The file's name, for messages and reports.
    pub name: String,
    /// What `y` is.
    pub form: Form,
    /// r in Å, or Q in 1/Å.
    pub x: Vec<f64>,
    /// The values, in the unit of the form.
    pub y: Vec<f64>,
    /// Their standard uncertainties; empty where the file has no column of positive numbers for it.
    pub dy: Vec<f64>,
    /// What the header says.
    pub header: Header,
    /// What a reader should tell its user.
    pub warnings: Vec<String>,
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
    /// The file says that its sample is an isolated cluster, which has no density.
    #[serde(default)]
    pub cluster: bool,
    /// What the reduction divided S(Q) by.
    pub normalisation: Option<Normalisation>,
    /// The form of the curve, where the header names it.
    pub form: Option<Form>,
    /// `<b>²` of the forms that hold it, in the unit of the file.
    pub b_squared: Option<f64>,
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

impl Radiation {
    /// The name in settings and headers: `xray`, `neutron`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Xray => "xray",
            Self::Neutron => "neutron",
        }
    }

    /// The radiation of a name, in any case.
    ///
    /// ```
    /// use corefine::observed::Radiation;
    /// assert_eq!(Radiation::named("XRAY"), Some(Radiation::Xray));
    /// assert_eq!(Radiation::named("muon"), None);
    /// ```
    pub fn named(word: &str) -> Option<Self> {
        [Self::Xray, Self::Neutron].into_iter().find(|radiation| radiation.word().eq_ignore_ascii_case(word))
    }
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
