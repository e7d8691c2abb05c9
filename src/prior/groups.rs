//! Displacements whose size is not known beforehand.

use super::mixture::{Length, Mixture, bell, below};
use crate::params::{Binding, Quantity, Variable};

/// What is thought of displacements before the data: see [`super`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Width {
    /// Middle of the guesses at s, Å.
    pub narrow: f64,
    /// s is known to this factor.
    pub factor: f64,
    /// w, Å.
    pub wide: f64,
    /// The largest φ.
    pub most: f64,
}

/// Turns of a body: an arm of so many Å moves by what a shift would; degrees per Å.
const DEGREES_PER_ANGSTROM: f64 = 180.0 / std::f64::consts::PI / 2.0;

/// Displacements that share a width.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// `positions of Co`, `shifts of bodies`, `turns of bodies`.
    pub name: String,
    /// `Å` or `°`.
    pub unit: &'static str,
    /// In that unit.
    pub width: Width,
}

/// Parameters that move one thing: the coordinates of an atom, the shift or the turn of a body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cluster {
    pub group: usize,
    pub members: Vec<Member>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member {
    pub parameter: usize,
    /// How far it moves per unit of the parameter, in the group's unit.
    pub unit: f64,
}

/// What moves, and which of its kind: atoms of a site, shifts or turns of a body.
#[derive(PartialEq)]
enum Mover {
    Site(usize),
    Shift(usize),
    Turn(usize),
}

/// The clusters among the free parameters that carry no `sigma`, and their groups.
pub(super) fn clusters(binding: &Binding, variables: &[&Variable], width: &Width) -> (Vec<Cluster>, Vec<Group>) {
    let mut groups: Vec<Group> = Vec::new();
    let mut clusters: Vec<(Mover, Cluster)> = Vec::new();
    for (parameter, (free, variable)) in binding.free.iter().zip(variables).enumerate() {
        let Some((mover, group, unit)) = displaced(binding, variable, width).filter(|_| free.sigma.is_none()) else {
            continue;
        };
        let member = Member { parameter, unit };
        if let Some((_, cluster)) = clusters.iter_mut().find(|(known, _)| *known == mover) {
            cluster.members.push(member);
            continue;
        }
        let number = groups.iter().position(|known| *known == group).unwrap_or_else(|| {
            groups.push(group);
            groups.len() - 1
        });
        clusters.push((mover, Cluster { group: number, members: vec![member] }));
    }
    (clusters.into_iter().map(|(_, cluster)| cluster).collect(), groups)
}

/// What a variable moves, the group that belongs to, and how far it moves per unit of the variable.
fn displaced(binding: &Binding, variable: &Variable, width: &Width) -> Option<(Mover, Group, f64)> {
    let group = |name: String, unit, width| Group { name, unit, width };
    match variable.quantity() {
        Quantity::Position { site, .. } => {
            let name = format!("positions of {}", binding.element(*site));
            Some((Mover::Site(*site), group(name, "Å", *width), binding.length(variable)))
        }
        Quantity::Body { body, component } if *component < 3 => {
            Some((Mover::Shift(*body), group("shifts of bodies".to_owned(), "Å", *width), 1.0))
        }
        Quantity::Body { body, .. } => {
            Some((Mover::Turn(*body), group("turns of bodies".to_owned(), "°", width.turned()), 1.0))
        }
        _ => None,
    }
}

impl Width {
    /// The same for turns, in degrees.
    fn turned(&self) -> Self {
        Self { narrow: self.narrow * DEGREES_PER_ANGSTROM, wide: self.wide * DEGREES_PER_ANGSTROM, ..*self }
    }
}

impl Group {
    /// The mixture at the latent variables of width and share.
    pub(super) fn mixture(&self, dimensions: usize, width: f64, share: f64) -> Mixture {
        let Width { narrow, factor, wide, most } = self.width;
        Mixture { dimensions, narrow: narrow * factor.powf(width), wide, share: most * below(share) }
    }
}

/// A cluster at given latent variables.
pub(super) struct Placed {
    /// The cluster's own latent variables.
    direction: Vec<f64>,
    length: f64,
    r: Length,
    /// d ln s / dx, dφ / dx.
    slopes: [f64; 2],
}

impl Placed {
    pub fn new(group: &Group, mixture: &Mixture, direction: Vec<f64>, share: f64) -> Self {
        let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-6);
        let slopes = [group.width.factor.ln(), group.width.most * bell(share)];
        Self { r: mixture.length(length), direction, length, slopes }
    }

    /// How far along member k, in the group's unit.
    pub fn displacement(&self, k: usize) -> f64 {
        self.r.value * self.unit(k)
    }

    /// Derivative of that along k by the latent variable of member c.
    pub fn slope(&self, k: usize, c: usize) -> f64 {
        let across = self.r.value / self.length;
        let diagonal = if k == c { across } else { 0.0 };
        diagonal + (self.r.by_length - across) * self.unit(k) * self.unit(c)
    }

    pub fn by_width(&self, k: usize) -> f64 {
        self.r.by_log_narrow * self.slopes[0] * self.unit(k)
    }

    pub fn by_share(&self, k: usize) -> f64 {
        self.r.by_share * self.slopes[1] * self.unit(k)
    }

    fn unit(&self, k: usize) -> f64 {
        self.direction[k] / self.length
    }
}
