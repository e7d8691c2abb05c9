//! What moves with a bond: the neighbour and the near half of its molecule.

use std::collections::HashSet;

use nalgebra::{Rotation3, Unit as Direction, Vector3};

use crate::crystal::{Atom, Crystal, Membership};
use crate::histogram::{BondList, BondRef};
use crate::lines::Single;

/// Atoms of the neighbour's molecule farther from it than this stay where they are when the bond stretches, Å.
const NEAR: f64 = 2.6;

/// A bond with all that moves along when it stretches.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    bond: BondRef,
    members: Vec<Member>,
}

/// An atom that moves with a bond.
#[derive(Debug, Clone)]
struct Member {
    atom: usize,
    /// Whole cells that move it next to the centre, counted from where those of the bond's neighbour are.
    cell: Vector3<f64>,
    /// How many pairs of the cell it makes with the bond's centre.
    weight: f64,
    /// Is it in one molecule with the centre?
    same: bool,
}

/// How a unit is placed: the bond's length, Å, or none to leave it as the crystal has it; and its bend.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub length: Option<f64>,
    /// Standard deviation of the shift of the centre across the bond, Å.
    pub bend: f64,
    /// The column that the pairs add to.
    pub column: usize,
}

/// The units of all bonds of a list, in its order.
pub(super) fn units(list: &BondList, crystal: &Crystal) -> Vec<Unit> {
    let mut taken = HashSet::new();
    list.bonds.iter().map(|bond| unit(bond, crystal, &mut taken)).collect()
}

/// Has any bond a molecule that moves with it?
pub(super) fn have_molecules(units: &[Unit]) -> bool {
    units.iter().any(|unit| unit.members.len() > 1)
}

/// `taken`: pairs of centre and atom that are in a unit already; an atom between two bonds moves with one.
fn unit(bond: &BondRef, crystal: &Crystal, taken: &mut HashSet<(usize, usize, [i64; 3])>) -> Unit {
    let (centre, neighbour) = (&crystal.atoms[bond.i], &crystal.atoms[bond.j]);
    let same = |cell: Vector3<f64>, atom: &Atom| match (centre.molecule, atom.molecule) {
        (Some(one), Some(other)) => one.molecule == other.molecule && other.cell + cell == one.cell,
        _ => false,
    };
    // Bonds of one element are counted from both ends; their pair is one.
    let ends = if centre.species == neighbour.species { 0.5 } else { 1.0 };
    let share = ends * bond.weight / neighbour.occ;
    let shift = BondList::shift(bond, crystal);
    let own = same(shift, neighbour);
    let mut members = vec![Member { atom: bond.j, cell: Vector3::zeros(), weight: share * neighbour.occ, same: own }];
    let near = neighbour.molecule.filter(|_| !own).map_or_else(Vec::new, |of| near(bond.j, of, crystal));
    for (atom, cell) in near {
        if taken.insert((bond.i, atom, (cell + shift).map(|n| n.round() as i64).into())) {
            let other = &crystal.atoms[atom];
            members.push(Member { atom, cell, weight: share * other.occ, same: same(shift + cell, other) });
        }
    }
    Unit { bond: *bond, members }
}

/// The other atoms of a molecule within [`NEAR`] of one, with the cells that move them to it.
fn near(from: usize, of: Membership, crystal: &Crystal) -> Vec<(usize, Vector3<f64>)> {
    let home = crystal.atoms[from].position.0;
    let together = crystal.atoms.iter().enumerate().filter_map(|(k, atom)| {
        let membership = atom.molecule.filter(|other| k != from && other.molecule == of.molecule)?;
        Some((k, of.cell - membership.cell))
    });
    let distance =
        |(k, cell): &(usize, Vector3<f64>)| (crystal.basis * (crystal.atoms[*k].position.0 + cell - home)).norm();
    together.filter(|other| distance(other) <= NEAR).collect()
}

impl Unit {
    /// Its pairs with the centre, placed.
    ///
    /// The bond stretches along itself and takes its molecule along unturned; a bend turns the molecule about the neighbour,
    /// seen from the centre, by `± sqrt(2) bend / length` about two axes across the bond: four places with the mean square
    /// of a shift of the centre by `bend` along each.
    pub(super) fn singles(&self, crystal: &Crystal, place: &Place, into: &mut Vec<Single>) {
        let v = BondList::vector(&self.bond, crystal);
        let shift = BondList::shift(&self.bond, crystal);
        let bond = place.length.map_or(v, |length| v * (length / v.norm()));
        let turns = turns(&bond, place.bend);
        for (k, member) in self.members.iter().enumerate() {
            let home = crystal.atoms[self.bond.i].position.0;
            let at = crystal.basis * (crystal.atoms[member.atom].position.0 + shift + member.cell - home);
            let atoms = [self.bond.i as u32, member.atom as u32];
            // The neighbour itself is on the axes of its turns.
            let turns = if k == 0 { &turns[..1] } else { &turns[..] };
            into.extend(turns.iter().map(|turn| Single {
                atoms,
                same: member.same,
                v: bond + turn * (at - v),
                weight: member.weight / turns.len() as f64,
                column: place.column,
            }));
        }
    }
}

fn turns(bond: &Vector3<f64>, bend: f64) -> Vec<Rotation3<f64>> {
    if bend <= 0.0 {
        return vec![Rotation3::identity()];
    }
    let angle = std::f64::consts::SQRT_2 * bend / bond.norm();
    let [one, other] = across(bond);
    [one, -one, other, -other].map(|axis| Rotation3::from_axis_angle(&Direction::new_normalize(axis), angle)).into()
}

/// Two unit vectors at right angles to each other and to `v`.
fn across(v: &Vector3<f64>) -> [Vector3<f64>; 2] {
    let least = v.map(f64::abs).imin();
    let one = v.cross(&Vector3::ith(least, 1.0)).normalize();
    [one, v.normalize().cross(&one)]
}
