//! How atoms of one element go from anchor to anchor: who holds whom, for how long, and where to next.
//!
//! An atom belongs to its nearest anchor, and stays with it until another one is nearer by more than a margin: an atom that rattles
//! between two does not jump at every frame. Distances are those of the nearest images. With `n` jumps in the time `t` that all
//! atoms were watched,
//!
//! ```text
//! rate = n / t        mean residence = t / n
//! ```
//!
//! which is the likeliest for stays that end at random, those among them that the trajectory cuts off. Its standard uncertainty is the
//! largest of three: `√n / t`, that of jumps that know nothing of each other; that by a jackknife over blocks of frames, where jumps of
//! several atoms set each other off; and that by how much the N atoms differ, where an atom that has jumped soon jumps back,
//! `√(N/(N - 1) Σ_i (n_i - n/N)²) / t`.

mod density;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::element::Element;
use crate::expand::neighbours::Neighbourhood;
use crate::rdf::uncertainty;
use crate::trajectory::{Atoms, Frame, Unwrapper, drift, nearest_image};
use density::Grid;
pub use density::{Density, cube, points};
use nalgebra::Vector3;

/// What is followed.
#[derive(Debug, Clone)]
pub struct Relay {
    element: Element,
    anchor: Element,
    mobile: Vec<usize>,
    anchors: Vec<usize>,
    host: Vec<usize>,
    margin: f64,
    spacing: f64,
    /// The anchor of each atom, since which frame it has it, and the one before.
    now: Vec<Stay>,
    stays: Vec<usize>,
    jumps: Vec<Jump>,
    visited: Vec<Vec<usize>>,
    frames: usize,
    unwrapper: Unwrapper,
    grid: Option<Grid>,
}

#[derive(Debug, Clone, Copy)]
struct Stay {
    anchor: usize,
    since: usize,
    before: Option<usize>,
}

/// A jump: which atom, from which anchor to which, when, how far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Jump {
    /// The atom, counted from 1 in the file.
    pub atom: usize,
    /// The anchor that it leaves, and the one that it goes to, counted from 1 in the file.
    pub from: usize,
    /// Where it goes.
    pub to: usize,
    /// Frames since the first one.
    pub frame: usize,
    /// Distance between both anchors, Å.
    pub length: f64,
    /// Does it go back to the anchor before?
    pub back: bool,
}

/// For each atom the anchors near it, the nearest first: index among the anchors and distance, Å.
#[derive(Debug, Clone)]
pub struct Near {
    frame: Frame,
    of: Vec<Vec<(usize, f64)>>,
}

impl Near {
    /// The frame itself.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }
}

/// Why there is no relay.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RelayError {
    /// An element is not there.
    #[error("there is no {element}; the trajectory has {}", elements.join(", "))]
    Element {
        /// What was asked for.
        element: Element,
        /// What is there.
        elements: Vec<String>,
    },
    /// Both are one.
    #[error("{0} cannot be the anchor of itself; name another element with --anchor")]
    Same(Element),
    /// A number that makes no sense.
    #[error("{0} is {1}; {2}")]
    Number(&'static str, f64, &'static str),
    /// Too few frames.
    #[error("{0} frames; two at least are needed to see a jump")]
    Frames(usize),
}

/// Residence, jumps and the graph of one trajectory.
#[derive(Debug, Clone, Serialize)]
pub struct RelayResult {
    /// The file.
    pub trajectory: String,
    /// What moves, and how many of it there are.
    pub element: Element,
    /// How many atoms move.
    pub atoms: usize,
    /// What holds it, and how many of it there are.
    pub anchor: Element,
    /// How many anchors there are.
    pub anchors: usize,
    /// Frames.
    pub frames: usize,
    /// Time between two, ps.
    pub step: f64,
    /// By how much another anchor has to be nearer, Å.
    pub margin: f64,
    /// Jumps for each atom and time, 1/ps.
    pub rate: f64,
    /// Its standard uncertainty, 1/ps: the largest of that of counting, of blocks of frames, and of how much atoms differ.
    pub rate_esd: f64,
    /// Mean residence, ps; `None` without jumps.
    pub residence: Option<f64>,
    /// Share of the stays that began with a jump which last longer than a time: `(ps, share)` (Kaplan and Meier).
    pub survival: Vec<(f64, f64)>,
    /// Share of the jumps that go back to the anchor before.
    pub back: f64,
    /// Mean length of a jump, from anchor to anchor, Å.
    pub length: f64,
    /// Different anchors that an atom had, in the mean.
    pub visited: f64,
    /// How often which anchor was left for which: from, to, count.
    pub graph: Vec<(usize, usize, usize)>,
    /// Every jump.
    pub jumps: Vec<Jump>,
    /// Where the moving atoms were.
    #[serde(skip)]
    pub density: Density,
    /// What a user should know.
    pub warnings: Vec<String>,
}

impl Relay {
    /// Makes ready; `margin` in Å, the density on a grid of about `spacing` Å.
    ///
    /// # Errors
    /// See [`RelayError`].
    pub fn new(atoms: &Atoms, [element, anchor]: [Element; 2], margin: f64, spacing: f64) -> Result<Self, RelayError> {
        for element in [element, anchor] {
            if atoms.of(element).is_empty() {
                let elements = atoms.elements().iter().map(ToString::to_string).collect();
                return Err(RelayError::Element { element, elements });
            }
        }
        if element == anchor {
            return Err(RelayError::Same(element));
        }
        if !(margin.is_finite() && margin >= 0.0) {
            return Err(RelayError::Number("--margin", margin, "write 0 or more, in Å"));
        }
        if !(spacing.is_finite() && spacing >= 0.02) {
            return Err(RelayError::Number("--grid", spacing, "write 0.02 or more, in Å"));
        }
        let mobile = atoms.of(element);
        Ok(Self {
            element,
            anchor,
            anchors: atoms.of(anchor),
            host: (0..atoms.species.len()).filter(|i| atoms.species[*i].element != element).collect(),
            margin,
            spacing,
            now: Vec::new(),
            stays: Vec::new(),
            jumps: Vec::new(),
            visited: vec![Vec::new(); mobile.len()],
            mobile,
            frames: 0,
            unwrapper: Unwrapper::default(),
            grid: None,
        })
    }

    /// Which anchors are near: those that are farther than the nearest by the margin at most.
    pub fn near(&self, frame: Frame) -> Near {
        let anchors = self.anchors.iter().map(|anchor| frame.fractions[*anchor]);
        let sorted = Neighbourhood::new(frame.basis, anchors, FIRST_REACH);
        let of = self.mobile.iter().map(|atom| self.candidates(&sorted, frame.fractions[*atom])).collect();
        Near { frame, of }
    }

    fn candidates(&self, sorted: &Neighbourhood, place: Vector3<f64>) -> Vec<(usize, f64)> {
        let mut reach = FIRST_REACH;
        loop {
            let found = sorted.around(place, reach + self.margin);
            // The nearest may have images beyond the reach, but none that is nearer.
            let nearest = found.iter().map(|neighbour| neighbour.distance).fold(f64::INFINITY, f64::min);
            if nearest > reach {
                reach *= 2.0;
                continue;
            }
            let near = found.into_iter().filter(|neighbour| neighbour.distance <= nearest + self.margin);
            let mut near: Vec<_> = near.map(|neighbour| (neighbour.index, neighbour.distance)).collect();
            near.sort_by(|a, b| a.1.total_cmp(&b.1));
            return near;
        }
    }

    /// Takes in the next frame.
    pub fn add(&mut self, near: &Near) {
        self.unwrapper.add(&near.frame);
        let drifted = drift(&self.unwrapper.moved, &self.host);
        let (mobile, host, spacing) = (&self.mobile, &self.host, self.spacing);
        let grid = self.grid.get_or_insert_with(|| Grid::new(&near.frame, host, spacing));
        grid.add(&near.frame, mobile, drifted);
        if self.now.is_empty() {
            let first = |near: &Vec<(usize, f64)>| Stay { anchor: near[0].0, since: 0, before: None };
            self.now = near.of.iter().map(first).collect();
            self.now.iter().zip(&mut self.visited).for_each(|(stay, visited)| visited.push(stay.anchor));
        }
        for (k, candidates) in near.of.iter().enumerate() {
            if !candidates.iter().any(|(anchor, _)| *anchor == self.now[k].anchor) {
                self.jump(k, candidates[0].0, &near.frame);
            }
        }
        self.frames += 1;
    }

    fn jump(&mut self, k: usize, to: usize, frame: &Frame) {
        let Stay { anchor: from, since, before } = self.now[k];
        let [a, b] = [from, to].map(|anchor| frame.fractions[self.anchors[anchor]]);
        let length = (frame.basis * nearest_image(&frame.basis, &(b - a))).norm();
        let name = |anchor: usize| self.anchors[anchor] + 1;
        let (atom, back) = (self.mobile[k] + 1, before == Some(to));
        self.jumps.push(Jump { atom, from: name(from), to: name(to), frame: self.frames, length, back });
        // Nobody knows when the first stay began.
        self.stays.extend(before.map(|_| self.frames - since));
        self.now[k] = Stay { anchor: to, since: self.frames, before: Some(from) };
        if !self.visited[k].contains(&to) {
            self.visited[k].push(to);
        }
    }

    /// What all frames together say; `step` is the time between two, ps.
    ///
    /// # Errors
    /// Where there are fewer than two.
    pub fn result(&self, trajectory: &str, step: f64) -> Result<RelayResult, RelayError> {
        let Some(grid) = self.grid.as_ref().filter(|_| self.frames >= 2) else {
            return Err(RelayError::Frames(self.frames));
        };
        let jumps = self.jumps.len() as f64;
        let watched = self.mobile.len() as f64 * (self.frames - 1) as f64 * step;
        let share = |holds: fn(&Jump) -> f64| self.jumps.iter().map(holds).sum::<f64>() / jumps.max(1.0);
        Ok(RelayResult {
            trajectory: trajectory.to_owned(),
            element: self.element,
            atoms: self.mobile.len(),
            anchor: self.anchor,
            anchors: self.anchors.len(),
            frames: self.frames,
            step,
            margin: self.margin,
            rate: jumps / watched,
            rate_esd: self.scatter() / watched,
            residence: (jumps > 0.0).then_some(watched / jumps),
            survival: self.survival(step),
            back: share(|jump| f64::from(jump.back)),
            length: share(|jump| jump.length),
            visited: self.visited.iter().map(Vec::len).sum::<usize>() as f64 / self.visited.len() as f64,
            graph: self.graph(),
            jumps: self.jumps.clone(),
            density: grid.density(self.frames),
            warnings: self.unwrapper.warning().into_iter().collect(),
        })
    }

    /// The standard uncertainty of the number of jumps.
    fn scatter(&self) -> f64 {
        let (n, atoms) = (self.jumps.len() as f64, self.mobile.len() as f64);
        let (mut by_frame, mut by_atom) = (vec![0.0; self.frames], BTreeMap::new());
        for jump in &self.jumps {
            by_frame[jump.frame] += 1.0;
            *by_atom.entry(jump.atom).or_insert(0.0) += 1.0;
        }
        // Nothing jumps in the first frame.
        let watched = by_frame.len() as f64 - 1.0;
        let in_time = uncertainty(by_frame.into_iter().skip(1)).map_or(0.0, |esd| esd * watched);
        let still = (atoms - by_atom.len() as f64) * (n / atoms).powi(2);
        let squares = by_atom.values().map(|own: &f64| (own - n / atoms).powi(2)).sum::<f64>() + still;
        let among_atoms = if atoms > 1.0 { (squares * atoms / (atoms - 1.0)).sqrt() } else { 0.0 };
        n.sqrt().max(in_time).max(among_atoms)
    }

    /// Stays that ended, and those that were still going on, which say only that they are longer.
    fn survival(&self, step: f64) -> Vec<(f64, f64)> {
        let mut ends: BTreeMap<usize, [usize; 2]> = BTreeMap::new();
        self.stays.iter().for_each(|stay| ends.entry(*stay).or_default()[0] += 1);
        for stay in self.now.iter().filter(|stay| stay.before.is_some()) {
            ends.entry(self.frames - stay.since).or_default()[1] += 1;
        }
        let mut at_risk = ends.values().flatten().sum::<usize>() as f64;
        let mut share = 1.0;
        let mut curve = vec![(0.0, 1.0)];
        for (length, [ended, cut]) in ends {
            share *= 1.0 - ended as f64 / at_risk;
            at_risk -= (ended + cut) as f64;
            curve.push((length as f64 * step, share));
        }
        curve
    }

    fn graph(&self) -> Vec<(usize, usize, usize)> {
        let mut edges: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        self.jumps.iter().for_each(|jump| *edges.entry((jump.from, jump.to)).or_default() += 1);
        edges.into_iter().map(|((from, to), count)| (from, to, count)).collect()
    }
}

/// Where a search for the nearest anchor begins, Å; it doubles until there is one.
const FIRST_REACH: f64 = 3.0;
