//! The settings of a reduction of intensities to G(r), alone or as a part of a job, and what it gives.

use serde::{Deserialize, Serialize};

use crate::observed::Radiation;
use crate::pattern::Abscissa;
use crate::window::Window;

/// Settings of a reduction, by the names that PDFgetX3 has for them. What is `None` is taken from the data.
///
/// ```
/// let settings = corefine::reduction::Reduction { composition: "Ni".to_owned(), ..Default::default() };
/// assert_eq!((settings.bgscale, settings.rpoly, settings.rstep), (1.0, 0.9, 0.01));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reduction {
    /// What the first column is; `None`: what the file says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataformat: Option<Abscissa>,
    /// What was scattered; `None`: X-rays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radiation: Option<Radiation>,
    /// Wavelength, Å; `None`: what the file says. Needed where angles are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wavelength: Option<f64>,
    /// Where the zero of the scattering angle lies on the scale of the file, degrees.
    pub twothetazero: f64,
    /// The chemical formula, `Co C6.5 H5 N4`.
    pub composition: String,
    /// Path of the background's pattern, relative to the file that the settings stand in; `None`: no background.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backgroundfile: Option<String>,
    /// Factor on the background.
    pub bgscale: f64,
    /// Find `bgscale` together with the scale, so that what is left is nearest to what free atoms scatter.
    pub fit_bgscale: bool,
    /// How the beam and the detector see polarised light: K of `(1 + K cos² 2θ) / (1 + K)`; `None`: corrected already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polarisation: Option<f64>,
    /// What the sample itself absorbs.
    pub absorption: Absorption,
    /// Whether Compton scattering is part of the intensity.
    pub compton: Compton,
    /// Lower end of everything, 1/Å.
    pub qmin: f64,
    /// Upper end of the sine transform, 1/Å; `None`: `qmaxinst`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qmax: Option<f64>,
    /// Upper end of what the normalisation and the polynomial are fitted to, 1/Å; `None`: the last point that is not zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qmaxinst: Option<f64>,
    /// Length below which the polynomial may change G(r), Å: its degree is `rpoly qmaxinst / π`.
    pub rpoly: f64,
    /// First distance, Å.
    pub rmin: f64,
    /// Last distance, Å.
    pub rmax: f64,
    /// Step of the grid, Å.
    pub rstep: f64,
    /// Factor on F(Q) in the sine transform.
    pub window: Window,
}

/// The shape that absorbs. μ is the sample's linear absorption coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub enum Absorption {
    /// None, or corrected already.
    #[default]
    #[serde(rename = "none")]
    None,
    /// A plate across the beam, looked through: μ times its thickness.
    #[serde(rename = "flat_plate")]
    FlatPlate(f64),
    /// A capillary in the beam: μ times its inner radius.
    #[serde(rename = "capillary")]
    Capillary(f64),
}

/// Compton scattering, which holds nothing of the structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Compton {
    /// Left to the polynomial.
    #[default]
    #[serde(rename = "none")]
    None,
    /// Calculated, for a detector that counts quanta.
    #[serde(rename = "counting")]
    Counting,
    /// Calculated, for a detector that adds up their energy, such as a flat panel with a scintillator.
    #[serde(rename = "integrating")]
    Integrating,
}

impl Default for Reduction {
    fn default() -> Self {
        Self {
            dataformat: None,
            radiation: None,
            wavelength: None,
            twothetazero: 0.0,
            composition: String::new(),
            backgroundfile: None,
            bgscale: 1.0,
            fit_bgscale: false,
            polarisation: None,
            absorption: Absorption::None,
            compton: Compton::None,
            qmin: 0.0,
            qmax: None,
            qmaxinst: None,
            rpoly: 0.9,
            rmin: 0.0,
            rmax: 30.0,
            rstep: 0.01,
            window: Window::None,
        }
    }
}

/// A reduced pattern. Everything in Q has the length of `q`, which ends at `qmaxinst`; columns of uncertainties are empty
/// where the sample's file has none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reduced {
    /// The sample's file.
    pub sample: String,
    /// The background's file, if there is one.
    pub background_file: Option<String>,
    /// The settings, every value filled in as it was used.
    pub settings: Reduction,
    /// Momentum transfer, 1/Å.
    pub q: Vec<f64>,
    /// ΔQ that each point stands for in the transform, 1/Å.
    pub widths: Vec<f64>,
    /// Intensity of the sample, as measured.
    pub measured: Vec<f64>,
    /// `bgscale` times the background at the sample's points; zeros without one.
    pub background: Vec<f64>,
    /// What is left of the intensity after the background.
    pub intensity: Vec<f64>,
    /// Its standard uncertainty.
    pub dintensity: Vec<f64>,
    /// `<f²>`, electrons²; of neutrons `<b²>`, fm².
    pub square_mean: Vec<f64>,
    /// `<f>²`, electrons²; of neutrons `<b>²`, fm².
    pub mean_squared: Vec<f64>,
    /// What free atoms would show: `C (<f²> + <S>)`, C what polarisation and absorption leave of it, S Compton scattering; electrons².
    pub free_atoms: Vec<f64>,
    /// The factor `a` that brings the intensity to electrons² per atom.
    pub normalisation: f64,
    /// The degree of the polynomial, in general not whole.
    pub degree: f64,
    /// F(Q) before the polynomial is taken from it, 1/Å.
    pub uncorrected: Vec<f64>,
    /// The polynomial, 1/Å.
    pub polynomial: Vec<f64>,
    /// F(Q) = Q [S(Q) - 1], 1/Å.
    pub f: Vec<f64>,
    /// Its standard uncertainty, 1/Å.
    pub df: Vec<f64>,
    /// Covariance of its points, 1/Å².
    pub covariance: Covariance,
    /// S(Q) = 1 + F(Q) / Q; no number at Q = 0.
    pub s: Vec<f64>,
    /// Its standard uncertainty.
    pub ds: Vec<f64>,
    /// Distances, Å.
    pub r: Vec<f64>,
    /// G(r), 1/Å².
    pub g: Vec<f64>,
    /// Its standard uncertainty, 1/Å².
    pub dg: Vec<f64>,
    /// What its user should know.
    pub warnings: Vec<String>,
}

/// Covariance of F(Q), 1/Å²: what counting makes is each point's own, what is fitted on the way (polynomial, scale, `bgscale`) they share.
///
/// ```text
/// C_kl = δ_kl own_k + Σ_m (a_mk b_ml + b_mk a_ml)
/// ```
///
/// ```
/// let covariance = corefine::reduction::Covariance { own: vec![4.0, 9.0], shared: vec![[vec![1.0, 2.0], vec![-0.5, 0.1]]] };
/// assert_eq!((covariance.at(0, 0), covariance.at(0, 1), covariance.at(1, 0)), (3.0, -0.9, -0.9));
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Covariance {
    /// Variance that each point has for itself, 1/Å².
    pub own: Vec<f64>,
    /// Pairs of columns a and b, as long as the points: those of the polynomial's degrees, that of the scale, that of a fitted `bgscale`.
    pub shared: Vec<[Vec<f64>; 2]>,
}

impl Covariance {
    /// The covariance of two points, by their numbers.
    pub fn at(&self, k: usize, l: usize) -> f64 {
        let own = if k == l { self.own[k] } else { 0.0 };
        own + self.shared.iter().map(|[a, b]| a[k] * b[l] + b[k] * a[l]).sum::<f64>()
    }
}

impl Reduction {
    /// What was scattered: X-rays, where nothing is said.
    pub fn scattered(&self) -> Radiation {
        self.radiation.unwrap_or_default()
    }
}

impl Reduced {
    /// Number of points from `qmin` to `qmax`: what the sine transform takes, the first of `q`.
    pub fn transformed(&self) -> usize {
        let qmax = self.settings.qmax.unwrap_or(f64::INFINITY);
        self.q.partition_point(|q| *q <= qmax * (1.0 + NEARLY))
    }
}

/// Points of a grid are written in few digits: one at a limit belongs to it, to this relative precision.
pub const NEARLY: f64 = 1e-9;
