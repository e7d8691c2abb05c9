//! DCD as CHARMM, NAMD and LAMMPS write it: binary, little-endian, a cell and three records of floats for each frame.

use nalgebra::{Matrix3, Vector3};

use super::super::ReadError;
use super::source::{Source, cut_short};
use super::{Format, FrameOf, Raw, room};
use crate::element::Species;
use crate::model::Cell;
use crate::trajectory::{Atoms, Frame};

/// What the head of the file says.
pub struct Dcd {
    atoms: usize,
    /// Steps of the simulation at the first frame, and between two frames.
    start: u64,
    every: u64,
    species: Vec<Species>,
    came: u64,
}

/// No record of a head is longer, bytes.
const HEAD: usize = 1 << 24;

const UNREADABLE: &str = "write it with LAMMPS (dump dcd), NAMD or MDAnalysis, with its cell, little-endian";

impl Dcd {
    pub fn new(source: &mut Source, species: &[Species]) -> Result<Self, ReadError> {
        let head = record(source, HEAD)?.ok_or_else(|| ReadError::empty(&source.name))?;
        record(source, HEAD)?;
        let count = record(source, HEAD)?.ok_or_else(|| cut_short(&source.name, None))?;
        let whole = |bytes: &[u8], k: usize| {
            u32::from_le_bytes(std::array::from_fn(|b| bytes.get(4 * k + b).copied().unwrap_or(0)))
        };
        let atoms = whole(&count, 0) as usize;
        if whole(&head, 11) == 0 {
            return Err(ReadError::missing(&source.name, None, "the frames have no cell", UNREADABLE));
        }
        if whole(&head, 9) > 0 || head.len() != 84 {
            return Err(ReadError::syntax(
                &source.name,
                None,
                "atoms that are fixed, or a head of another kind",
                UNREADABLE,
            ));
        }
        if species.len() != atoms {
            let has = if species.is_empty() {
                "a DCD knows no elements".to_owned()
            } else {
                format!("{} atoms in the other file", species.len())
            };
            let hint = "name a file with the atoms in order: --topology system.data (LAMMPS), or any structure";
            return Err(ReadError::missing(
                &source.name,
                None,
                format!("{has}, and this file has {atoms} atoms"),
                hint,
            ));
        }
        let [start, every] = [2, 3].map(|k| u64::from(whole(&head, k)));
        Ok(Self { atoms, start, every, species: species.to_vec(), came: 0 })
    }
}

/// A record of Fortran: its length, its bytes, its length again; `None` at the end of the file.
fn record(source: &mut Source, most: usize) -> Result<Option<Vec<u8>>, ReadError> {
    let mut mark = Vec::new();
    if !source.bytes(4, &mut mark)? {
        return if mark.is_empty() { Ok(None) } else { Err(cut_short(&source.name, None)) };
    }
    let length = u32::from_le_bytes([mark[0], mark[1], mark[2], mark[3]]) as usize;
    if length > most {
        let message = format!("a record of {length} bytes where at most {most} were expected");
        return Err(ReadError::syntax(&source.name, None, message, UNREADABLE));
    }
    let mut bytes = Vec::new();
    if !source.bytes(length + 4, &mut bytes)? {
        return Err(cut_short(&source.name, None));
    }
    bytes.truncate(length);
    Ok(Some(bytes))
}

impl Format for Dcd {
    fn next(&mut self, source: &mut Source) -> Result<Option<Raw>, ReadError> {
        let Some(head) = record(source, 48)? else { return Ok(None) };
        let mut body = Vec::with_capacity(12 * self.atoms);
        for _ in 0..3 {
            let part = record(source, 4 * self.atoms)?.filter(|part| part.len() == 4 * self.atoms);
            body.extend(part.ok_or_else(|| cut_short(&source.name, None))?);
        }
        // The line of a frame's head stands for its step.
        let step = self.start + self.came * self.every;
        self.came += 1;
        Ok(Some(Raw { number: 0, head: (head, step as usize), body: (body, 0) }))
    }

    fn atoms(&self, _: &Raw, _: &str) -> Result<Atoms, ReadError> {
        Ok(Atoms { species: self.species.clone() })
    }

    fn reads(&self) -> FrameOf {
        frame
    }
}

fn frame(raw: &Raw, atoms: &Atoms, name: &str) -> Result<Frame, ReadError> {
    let count = atoms.species.len();
    let wrong = |message: String| {
        let message = format!("frame {}: {message}", raw.number);
        ReadError::value(name, None, message, "every position and cell is finite; write the file again")
    };
    let edges: [f64; 6] = std::array::from_fn(|k| {
        f64::from_le_bytes(std::array::from_fn(|b| raw.head.0.get(8 * k + b).copied().unwrap_or(0)))
    });
    let basis = basis(edges).ok_or_else(|| wrong(format!("the cell {edges:?} is none")))?;
    let inverse = basis.try_inverse().ok_or_else(|| wrong("the cell is flat".to_owned()))?;
    let at = |i: usize, k: usize| {
        let start = 4 * (k * count + i);
        f64::from(f32::from_le_bytes(std::array::from_fn(|b| raw.body.0.get(start + b).copied().unwrap_or(0))))
    };
    let mut fractions = room(atoms);
    for i in 0..count {
        let place = Vector3::new(at(i, 0), at(i, 1), at(i, 2));
        if !place.iter().all(|x| x.is_finite()) {
            return Err(wrong(format!("atom {} has no finite position", i + 1)));
        }
        fractions.push(inverse * place);
    }
    Ok(Frame { number: raw.number, step: Some(raw.head.1 as u64), basis, fractions, unwrapped: false })
}

/// The cell vectors from `a, cos γ, b, cos β, cos α, c`. Other writers have angles in degrees instead of cosines, and CHARMM has the symmetric
/// matrix of the vectors, `xx, xy, yy, xz, yz, zz`, which differs from cosines where an element is beyond 1 Å, and from angles where none is one.
fn basis([a, gamma, b, beta, alpha, c]: [f64; 6]) -> Option<Matrix3<f64>> {
    let others = [alpha, beta, gamma];
    let sound = [a, b, c].iter().all(|edge| edge.is_finite() && *edge > 0.0) && others.iter().all(|x| x.is_finite());
    if !sound {
        return None;
    }
    let cosines = others.iter().all(|x| x.abs() <= 1.0);
    if !cosines && others.iter().any(|x| !ANGLES.contains(x)) {
        return Some(Matrix3::new(a, gamma, beta, gamma, b, alpha, beta, alpha, c));
    }
    let degrees = |x: f64| if cosines { x.acos().to_degrees() } else { x };
    Some(Cell::from_parameters([a, b, c, degrees(alpha), degrees(beta), degrees(gamma)]).basis())
}

/// No cell has an angle outside of this, degrees.
const ANGLES: std::ops::Range<f64> = 15.0..165.0;
