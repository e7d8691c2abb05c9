//! Pairs from a list that is kept from step to step: where they are few, to find them costs more than to measure them.

use std::ops::Range;

use nalgebra::{Matrix3, Vector3};

use super::deposit::{Block, Deposit};
use super::spline::{Shares, sharpen};
use super::{Distances, Kinds, Nodes, measures};
use crate::crystal::{Crystal, classes};
use crate::pairs::{Pair, Pairs};
use crate::threads;

/// Pairs of atoms as they are gone through: every image of an atom that is somebody's neighbour is written down once.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What was found.
    pairs: Pairs,
    /// The same in few bytes.
    short: Short,
}

/// A list of pairs in few bytes.
#[derive(Debug, Clone)]
struct Short {
    /// Atoms, and whole cells added to their positions.
    images: Vec<(u32, Vector3<f64>)>,
    /// The neighbours of the first atom, of the second ..., as places among the images.
    neighbours: Vec<u32>,
    /// Where each atom's neighbours start; one entry more than atoms.
    start: Vec<usize>,
}

/// About as many pairs are shared out by one thread at a time.
const CHUNK: usize = 1 << 14;

impl Listed {
    /// All pairs of `crystal` with a distance of at most `reach` Å.
    pub fn find(crystal: &Crystal, reach: f64) -> Self {
        let pairs = Pairs::find(crystal, reach);
        Self { short: Short::of(&pairs.list, crystal.atoms.len()), pairs }
    }

    /// Up to which distance it was found, Å.
    pub fn reach(&self) -> f64 {
        self.pairs.reach
    }

    /// Takes note that the atoms have moved; see [`Pairs::follow`].
    pub fn follow(&mut self, crystal: &Crystal) {
        if self.pairs.follow(crystal) {
            self.short = Short::of(&self.pairs.list, crystal.atoms.len());
        }
    }
}

impl Short {
    fn of(list: &[Pair], atoms: usize) -> Self {
        let start = (0..=atoms).map(|atom| list.partition_point(|pair| (pair.i as usize) < atom)).collect();
        let (images, neighbours) = numbered(list, atoms);
        Self { images, neighbours, start }
    }

    /// Atoms that have about a chunk of pairs together.
    fn chunks(&self) -> Vec<Range<usize>> {
        let mut chunks = Vec::new();
        let (mut first, atoms) = (0, self.start.len() - 1);
        while first < atoms {
            let end = self.start.partition_point(|start| *start < self.start[first] + CHUNK).clamp(first + 1, atoms);
            chunks.push(first..end);
            first = end;
        }
        chunks
    }
}

/// The different images among the second atoms of pairs, in the order in which they appear, and which each pair has.
fn numbered(list: &[Pair], atoms: usize) -> (Vec<(u32, Vector3<f64>)>, Vec<u32>) {
    let ends = |start: f64, pick: fn(f64, f64) -> f64| {
        list.iter().fold(Vector3::repeat(start), |end, pair| end.zip_map(&pair.shift, pick))
    };
    let (low, high) = (ends(0.0, f64::min), ends(0.0, f64::max));
    let size = (high - low).map(|cells| cells as usize + 1);
    let mut known = vec![u32::MAX; size.product() * atoms];
    let mut images = Vec::new();
    let mut number = |pair: &Pair| {
        let cell = (pair.shift - low).map(|cells| cells as usize);
        let known = &mut known[((cell[0] * size[1] + cell[1]) * size[2] + cell[2]) * atoms + pair.j as usize];
        if *known == u32::MAX {
            *known = images.len() as u32;
            images.push((pair.j, pair.shift));
        }
        *known
    };
    let neighbours = list.iter().map(&mut number).collect();
    (images, neighbours)
}

impl Distances {
    /// As [`Distances::gather`], of pairs that have been found: `listed` serves to the end of the nodes.
    pub fn of_list(crystal: &Crystal, listed: &Listed, kinds: Kinds, nodes: Nodes, strains: &[Matrix3<f64>]) -> Self {
        let count = nodes.count();
        let places = Places::new(crystal, listed, &kinds, count);
        let chunks = listed.short.chunks();
        let sums = threads::map(chunks.len(), |k| {
            let mut deposit = Deposit::<Shares>::new(&nodes, places.classes, measures(strains));
            let share =
                Share { places: &places, listed: &listed.short, atoms: chunks[k].clone(), deposit: &mut deposit };
            pulp::Arch::new().dispatch(share);
            deposit.into_shares()
        });
        let mut weights = vec![vec![vec![0.0; count]; strains.len() + 1]; places.classes];
        for (table, of_table) in sums.iter().flat_map(|tables| tables.iter().enumerate()) {
            for (weights, part) in weights.iter_mut().zip(of_table.chunks_exact(count)) {
                weights[table].iter_mut().zip(part).for_each(|(weight, part)| *weight += part);
            }
        }
        weights.iter_mut().flatten().for_each(|weights| sharpen(weights));
        Self { nodes, kinds, weights }
    }
}

/// Where atoms and images are, and where in a table the nodes of each two kinds begin.
struct Places<'a> {
    kinds: &'a Kinds,
    /// Cartesian place of each atom, Å, and its occupancy.
    atoms: Vec<[f64; 4]>,
    /// The same of each image.
    images: Vec<[f64; 4]>,
    /// Index of each image's kind.
    kind: Vec<u32>,
    /// Number of pairs of kinds.
    classes: usize,
    /// Of the kinds a and b in either order, at `a n + b` of n kinds.
    base: Vec<u32>,
}

impl<'a> Places<'a> {
    fn new(crystal: &Crystal, listed: &Listed, kinds: &'a Kinds, count: usize) -> Self {
        let n = kinds.kinds.len();
        let mut base = vec![0; n * n];
        for (class, (a, b)) in classes(n).enumerate() {
            (base[a * n + b], base[b * n + a]) = ((class * count) as u32, (class * count) as u32);
        }
        let fractions = listed.pairs.fractions(crystal);
        let place = |atom: usize, shift: &Vector3<f64>| {
            let v = crystal.basis * (fractions[atom] + shift);
            [v[0], v[1], v[2], crystal.atoms[atom].occ]
        };
        Self {
            kinds,
            atoms: (0..fractions.len()).map(|atom| place(atom, &Vector3::zeros())).collect(),
            images: listed.short.images.iter().map(|(atom, shift)| place(*atom as usize, shift)).collect(),
            kind: listed.short.images.iter().map(|(atom, _)| kinds.of[*atom as usize] as u32).collect(),
            classes: classes(n).count(),
            base,
        }
    }
}

/// The pairs of some atoms, to be compiled for the widest vectors that the processor has.
struct Share<'a, 'b> {
    places: &'a Places<'a>,
    listed: &'a Short,
    atoms: Range<usize>,
    deposit: &'b mut Deposit<Shares>,
}

impl pulp::WithSimd for Share<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) {
        let Self { places, listed, atoms, deposit } = self;
        let n = places.kinds.kinds.len();
        let mut block = Block::new();
        for atom in atoms {
            let base = &places.base[places.kinds.of[atom] * n..][..n];
            for &image in &listed.neighbours[listed.start[atom]..listed.start[atom + 1]] {
                let kind = places.kind[image as usize] as usize;
                block.push(&places.atoms[atom], &places.images[image as usize], base[kind]);
                if block.is_full() {
                    deposit.add_block(simd, &block);
                    block.clear();
                }
            }
        }
        deposit.add_block(simd, &block);
    }
}
