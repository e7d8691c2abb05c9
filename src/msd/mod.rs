//! Mean square displacement and diffusivity of one element in a trajectory.
//!
//! ```text
//! MSD(t) = 1/(N M) Σ_i Σ_k |x_i(t_k + t) - x_i(t_k)|²        MSD(t) = c + 2 d D t
//! ```
//!
//! over the N atoms of the element and all M = T - t/Δt beginnings `t_k` in T frames; `x` in Å, unwrapped
//! ([`crate::trajectory::Unwrapper`]), less the mean displacement of all atoms of other elements (the drift of the host); d the number of
//! axes. MSD in Å², t in ps, D in Å²/ps = 10⁻⁴ cm²/s. `series.rs` computes the sums by FFT, `line.rs` fits D and c with the covariance
//! that overlapping displacements have.

mod arrhenius;
mod line;
mod series;
mod straight;

use serde::Serialize;

use crate::element::Element;
use crate::trajectory::{Atoms, Frame, Unwrapper, drift};
pub use arrhenius::{Arrhenius, BOLTZMANN, arrhenius};
pub use line::Line;
use line::Points;
use nalgebra::Vector3;
use series::Series;

/// Collects the displacements of an element.
#[derive(Debug, Clone)]
pub struct Msd {
    element: Element,
    mobile: Vec<usize>,
    host: Vec<usize>,
    unwrapper: Unwrapper,
    /// Frame after frame, atom after atom, Å: 24 bytes each.
    tracks: Vec<Vector3<f64>>,
    drift: Vector3<f64>,
    frames: usize,
}

/// Why there is no mean square displacement.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MsdError {
    /// The element is not there.
    #[error("there is no {element}; the trajectory has {}", elements.join(", "))]
    Element {
        /// What was asked for.
        element: String,
        /// What is there.
        elements: Vec<String>,
    },
    /// Too few frames for any displacement, or for the window.
    #[error("{frames} frames; {needed}")]
    Frames {
        /// How many there are.
        frames: usize,
        /// How many are needed.
        needed: String,
    },
    /// The window of the fit makes no sense.
    #[error("the fit from {from} to {to} ps; {needed}")]
    Window {
        /// Its beginning, ps.
        from: f64,
        /// Its end, ps.
        to: f64,
        /// What was allowed.
        needed: String,
    },
}

/// The mean square displacement of one element in one trajectory.
#[derive(Debug, Clone, Serialize)]
pub struct MsdResult {
    /// The file.
    pub trajectory: String,
    /// The element, and how many atoms of it there are.
    pub element: Element,
    /// How many atoms of it there are.
    pub atoms: usize,
    /// Frames, and the time between two, ps.
    pub frames: usize,
    /// Time between two frames, ps.
    pub step: f64,
    /// Temperature, K, if it was told.
    pub temperature: Option<f64>,
    /// Times, ps.
    pub time: Vec<f64>,
    /// MSD at these times, Å².
    pub msd: Vec<f64>,
    /// The parts along x, y and z, Å².
    pub axes: [Vec<f64>; 3],
    /// Standard uncertainty of the MSD, from how much atoms differ, Å²; empty for one atom.
    pub esd: Vec<f64>,
    /// How far the host drifted from the first frame to the last, Å.
    pub drift: [f64; 3],
    /// The straight line.
    pub line: Line,
    /// D along x, y and z, Å²/ps, each with its standard uncertainty.
    pub axis_lines: [Line; 3],
    /// d ln(MSD) / d ln(t) between the ends of the fit: 1 where atoms diffuse and nothing else; a rattle beside it makes it smaller.
    pub exponent: f64,
    /// What a user should know.
    pub warnings: Vec<String>,
}

/// What the frames do not say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Time between two frames, ps.
    pub step: f64,
    /// Where the fit begins and ends, ps; by default a tenth and half of the trajectory.
    pub window: Option<[f64; 2]>,
    /// Temperature, K.
    pub temperature: Option<f64>,
}

/// An MSD that is no straight line and grows more slowly than t to this power is that of a rattle.
const STILL: f64 = 0.2;

/// Fewer frames have no diffusion to show.
const FEWEST: usize = 10;

impl Msd {
    /// Makes ready to follow the atoms of an element.
    ///
    /// # Errors
    /// If there are none.
    pub fn new(atoms: &Atoms, element: Element) -> Result<Self, MsdError> {
        let mobile = atoms.of(element);
        if mobile.is_empty() {
            let elements = atoms.elements().iter().map(ToString::to_string).collect();
            return Err(MsdError::Element { element: element.to_string(), elements });
        }
        let host = (0..atoms.species.len()).filter(|i| atoms.species[*i].element != element).collect();
        let (unwrapper, tracks) = (Unwrapper::default(), Vec::new());
        Ok(Self { element, mobile, host, unwrapper, tracks, drift: Vector3::zeros(), frames: 0 })
    }

    /// Takes in the next frame.
    pub fn add(&mut self, frame: &Frame) {
        self.unwrapper.add(frame);
        let moved = &self.unwrapper.moved;
        self.drift = drift(moved, &self.host);
        self.tracks.extend(self.mobile.iter().map(|atom| moved[*atom] - self.drift));
        self.frames += 1;
    }

    /// What all frames together say.
    ///
    /// # Errors
    /// Too few frames, or a window that holds none of the times.
    pub fn result(&self, trajectory: &str, settings: &Settings) -> Result<MsdResult, MsdError> {
        if self.frames < FEWEST {
            return Err(MsdError::Frames { frames: self.frames, needed: format!("at least {FEWEST} are needed") });
        }
        let series = Series::of(&self.tracks, self.mobile.len());
        let window = self.window(settings)?;
        let atoms = self.mobile.len();
        let points = |msd: &[f64], axes: f64| Points {
            msd: msd.to_vec(),
            frames: self.frames,
            atoms,
            axes,
            step: settings.step,
            window,
        };
        let excess = line::excess(&points(&series.total, 3.0), &series.esd);
        let line = Line::fit(&points(&series.total, 3.0), excess);
        let axis_lines = series.axes.each_ref().map(|axis| Line::fit(&points(axis, 1.0), excess));
        let exponent =
            (series.total[window[1]] / series.total[window[0]]).ln() / (window[1] as f64 / window[0] as f64).ln();
        Ok(MsdResult {
            trajectory: trajectory.to_owned(),
            element: self.element,
            atoms,
            frames: self.frames,
            step: settings.step,
            temperature: settings.temperature,
            time: (0..self.frames).map(|k| k as f64 * settings.step).collect(),
            warnings: self.warnings(exponent, &line, straight::bend(&series, &line, (settings.step, window))),
            msd: series.total,
            axes: series.axes,
            esd: series.esd,
            drift: self.drift.into(),
            line,
            axis_lines,
            exponent,
        })
    }

    /// First and last lag of the fit, frames.
    fn window(&self, settings: &Settings) -> Result<[usize; 2], MsdError> {
        let whole = self.frames as f64 * settings.step;
        let [from, to] = settings.window.unwrap_or([0.1 * whole, 0.5 * whole]);
        let frame = |t: f64, pick: fn(f64) -> f64| pick(t / settings.step) as usize;
        let (first, last) =
            (frame(from, |x| (x - 1e-9).ceil()).max(1), frame(to, |x| (x + 1e-9).floor()).min(self.frames - 2));
        if from >= 0.0 && from < to && last >= first + 2 {
            return Ok([first, last]);
        }
        let needed =
            format!("it has to hold three times at least, {} ps apart, and end before {whole} ps", settings.step);
        Err(MsdError::Window { from, to, needed })
    }

    fn warnings(&self, exponent: f64, line: &Line, bend: f64) -> Vec<String> {
        let mut warnings: Vec<String> = self.unwrapper.warning().into_iter().collect();
        if self.host.is_empty() {
            warnings.push(format!("all atoms are {}: there is no host, and no drift is taken off", self.element));
        }
        if self.mobile.len() < line::FEWEST_ATOMS {
            warnings.push(format!(
                "{} atoms are too few to see how much they differ: the uncertainty is that of independent walks",
                self.mobile.len()
            ));
        }
        // What stays at its place has no line to leave.
        if line.diffusivity - 1.645 * line.esd < 0.0 {
            warnings.push(format!(
                "D is no larger than its uncertainty: these data show no diffusion of {}, whose MSD begins the fit at {:.3} Å²",
                self.element,
                line.at(line.window[0], 3.0)
            ));
        } else if bend > straight::BENT && (0.0..STILL).contains(&exponent) {
            warnings.push(format!(
                "{} stays where it is: its MSD is {:.3} Å² where the fit begins, and grows as t to the power {exponent:.2} only; D says nothing of diffusion",
                self.element,
                line.at(line.window[0], 3.0)
            ));
        } else if bend > straight::BENT {
            warnings.push(format!(
                "the MSD is no straight line: it leaves the fitted one by {:.0} %, and grows as t to the power {exponent:.2} within the fit; atoms fly freely or are caged at these times, and a later window (--fit) or a longer run tells whether D stays",
                100.0 * bend
            ));
        }
        warnings
    }
}
