//! A refinement as its user writes it down: the job file, field by field.
//!
//! [`crate::read::job`] reads it from RON; the reference in `docs/job.md` explains it to a user.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::observed::Normalisation;
use crate::observed::Radiation;
use crate::reduction::Reduction;

/// One refinement: a structure, a measured curve, what to vary, what to count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// A name for people.
    #[serde(default)]
    pub title: String,
    /// Path of the structure (CIF, `.stru`, xyz, RON model), relative to the job file.
    pub structure: String,
    /// Refine in the model's space group, or with every atom of the cell on its own.
    #[serde(default)]
    pub symmetry: Symmetry,
    /// The measured curve and how it was measured.
    pub data: Data,
    /// Values that replace the structure's or the default ones, by parameter name.
    #[serde(default, with = "named")]
    pub set: Named<f64>,
    /// What is refined, by parameter name.
    #[serde(default, with = "named")]
    pub refine: Named<Vary>,
    /// Ties by formula, `"Uiso.C = Uiso.N"`.
    #[serde(default)]
    pub ties: Vec<String>,
    /// Distance in Å beyond which the second U (`Uiso2.X`) of an element or site holds.
    #[serde(default, with = "named")]
    pub beyond: Named<f64>,
    /// Look for molecules, so that pairs inside one carry their own U (`Uinside.X`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub molecules: Option<Molecules>,
    /// The bonds to count.
    #[serde(default)]
    pub bonds: Vec<Bonds>,
    /// What is known of the structure beside the data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restraints: Vec<Restraint>,
    /// Factor on the sum of squares of all restraints, those by `sigma` of a parameter included; no unit.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub restraint_weight: f64,
    /// How the least squares go about it.
    #[serde(default)]
    pub fit: FitOptions,
}

/// Pairs of name and value in the order of the file, where a repeated name is an error.
pub type Named<T> = Vec<(String, T)>;

/// Which atoms move together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Symmetry {
    /// Those that the space group relates.
    #[default]
    SpaceGroup,
    /// None: the cell is expanded and every atom is a site.
    P1,
}

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

/// How one parameter is refined.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vary {
    /// Value to start from (default: the structure's).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
    /// Lowest value allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Highest value allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Soft restraint to the start value: its standard deviation, in the parameter's unit
    /// (Å for `x. y. z.`, converted to fractions).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
}

/// How molecules are found: atoms nearer than the sum of their covalent radii plus `slack` are bonded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Molecules {
    /// Elements that bond to no molecule (the metals of a framework).
    pub exclude: Vec<String>,
    /// Added to the sum of covalent radii, Å.
    pub slack: f64,
}

/// A kind of bond to follow: for each atom of the first element its nearest neighbours of the second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bonds {
    /// `"Co-N"`: the centre first.
    pub pair: String,
    /// A bond longer than this is broken, Å.
    #[serde(default = "cutoff")]
    pub cutoff: f64,
    /// How many neighbours each centre has in the starting structure.
    #[serde(default = "neighbours")]
    pub neighbours: usize,
    /// Width of a bin of the histogram, Å.
    #[serde(default = "bin")]
    pub bin: f64,
}

/// What is known of the structure beside the data: the squares of `(value - target)/sigma` are added to those of the data.
///
/// A bottom of width `within` is flat: nothing is added up to that distance from the target, and beyond it the distance
/// from its edge counts. [`crate::restraints`] has the equations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Restraint {
    /// The lengths of bonds.
    Distance {
        /// `"Co-N"`: the centre first.
        pair: String,
        /// How many neighbours each centre has in the starting structure, as in [`Bonds`].
        #[serde(default = "neighbours")]
        neighbours: usize,
        /// Length, Å (default: each bond's own at the start).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<f64>,
        /// Half the width of the flat bottom, Å.
        #[serde(default)]
        within: f64,
        /// Standard deviation, Å.
        sigma: f64,
    },
    /// The angles between the bonds of a centre.
    Angle {
        /// `"N-Co-N"`: the centre in the middle.
        angle: String,
        /// How many neighbours each centre has in the starting structure, as in [`Bonds`].
        #[serde(default = "neighbours")]
        neighbours: usize,
        /// Angle, degrees (default: each angle's own at the start).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<f64>,
        /// Half the width of the flat bottom, degrees.
        #[serde(default)]
        within: f64,
        /// Standard deviation, degrees.
        sigma: f64,
    },
    /// Pairs that come too near are pushed apart.
    Apart {
        /// `"Co-C"`: two elements.
        pair: String,
        /// Nothing is added from this distance on, Å.
        least: f64,
        /// Standard deviation, Å.
        sigma: f64,
    },
    /// Atoms are drawn to where they start.
    Displacement {
        /// An element or the label of a site.
        of: String,
        /// Standard deviation along each axis, Å.
        sigma: f64,
    },
}

/// When the least squares stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitOptions {
    /// Most iterations.
    pub max_iterations: usize,
    /// Relative tolerance on the sum of squares, the step and the gradient.
    pub tolerance: f64,
}

fn one() -> f64 {
    1.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_one(value: &f64) -> bool {
    *value == 1.0
}

fn cutoff() -> f64 {
    2.25
}

fn neighbours() -> usize {
    4
}

fn bin() -> f64 {
    0.1
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

impl Job {
    /// A job that refines nothing, with every default.
    pub fn of(structure: String, data: Data) -> Self {
        Self {
            title: String::new(),
            structure,
            symmetry: Symmetry::default(),
            data,
            set: Vec::new(),
            refine: Vec::new(),
            ties: Vec::new(),
            beyond: Vec::new(),
            molecules: None,
            bonds: Vec::new(),
            restraints: Vec::new(),
            restraint_weight: one(),
            fit: FitOptions::default(),
        }
    }

    /// Takes the resolution of an instrument where the job itself says nothing of it: as the start of what is refined, else as a
    /// value that is set.
    ///
    /// ```
    /// use corefine::job::Instrument;
    /// let text = r#"(structure: "a.cif", data: (file: "a.gr", rmin: 1, rmax: 9), refine: { "qbroad": () })"#;
    /// let mut job = corefine::read::job::job(text, "job.ron").unwrap();
    /// job.take(&Instrument { qdamp: 0.045, qbroad: 0.017 });
    /// assert_eq!((job.set[0].1, job.refine[0].1.start), (0.045, Some(0.017)));
    /// ```
    pub fn take(&mut self, instrument: &Instrument) {
        for (name, value) in [("qdamp", instrument.qdamp), ("qbroad", instrument.qbroad)] {
            let is_left = |tie: &String| tie.split('=').next().is_some_and(|left| left.trim() == name);
            if self.set.iter().any(|(known, _)| known == name) || self.ties.iter().any(is_left) {
                continue;
            }
            match self.refine.iter_mut().find(|(known, _)| known == name) {
                Some((_, vary)) => vary.start = vary.start.or(Some(value)),
                None => self.set.push((name.to_owned(), value)),
            }
        }
    }
}

impl Bonds {
    /// The bonds of a pair with every default.
    pub fn of(pair: &str) -> Self {
        Self { pair: pair.to_owned(), cutoff: cutoff(), neighbours: neighbours(), bin: bin() }
    }
}

impl Restraint {
    /// What it is of, as the job writes it: the pair, the angle, the element or site.
    pub fn of(&self) -> &str {
        match self {
            Self::Distance { pair, .. } | Self::Apart { pair, .. } => pair,
            Self::Angle { angle, .. } => angle,
            Self::Displacement { of, .. } => of,
        }
    }
}

impl Default for Molecules {
    fn default() -> Self {
        Self { exclude: Vec::new(), slack: 0.2 }
    }
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { max_iterations: 200, tolerance: 1e-6 }
    }
}

/// Maps in RON whose names may stand once only, kept in the file's order.
pub(crate) mod named {
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
    use serde::ser::{Serialize, SerializeMap, Serializer};

    use super::{BTreeMap, Named};

    pub fn serialize<S: Serializer, T: Serialize>(pairs: &Named<T>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(pairs.len()))?;
        for (name, value) in pairs {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }

    pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Named<T>, D::Error> {
        deserializer.deserialize_map(Pairs(PhantomData))
    }

    struct Pairs<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
        type Value = Named<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of parameter names, { \"a\": ..., }")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
            let mut pairs = Vec::new();
            let mut seen = BTreeMap::new();
            while let Some(name) = map.next_key::<String>()? {
                if seen.insert(name.clone(), ()).is_some() {
                    return Err(A::Error::custom(format!("duplicate parameter \"{name}\": name it once")));
                }
                pairs.push((name, map.next_value()?));
            }
            Ok(pairs)
        }
    }
}
