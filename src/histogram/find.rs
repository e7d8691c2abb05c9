//! Which bonds there are in a structure.

use super::{BondList, BondRef, Centre, HistogramError};
use crate::crystal::Crystal;
use crate::element::Element;
use crate::expand::disorder::{compatible, of_atoms};
use crate::expand::neighbours::{Neighbour, Neighbourhood};
use crate::expand::{labels, multiplicities};
use crate::job;
use crate::model::{Disorder, Model};

/// Where a search for neighbours begins, Å; it doubles until there are enough.
const FIRST_REACH: f64 = 3.0;

/// Where it gives up, Å: nothing farther is a bond, and the atoms may all be empty.
const LAST_REACH: f64 = 24.0;

/// Neighbours whose distances differ by no more than this are equally near, Å.
const EQUAL: f64 = 1e-3;

/// An atom that is there with a smaller chance is not there.
const ABSENT: f64 = 1e-6;

/// So many centres are named one by one.
const NAMED: usize = 3;

/// Most neighbours that can be asked for.
const MOST: usize = 100;

/// The bonds to follow: for each centre its nearest neighbours in the starting structure.
///
/// The centres are the atoms of the pair's first element, one for each site of the model, which stands for all atoms of
/// that site (in P1 every atom is a site). Its neighbours are the atoms of the second element, nearest first, until their
/// occupancies add up to `neighbours`: four full ones, or three full ones and two halves, the last one in part if
/// need be. Alternatives that are never there together with the centre are passed over, and a neighbour in the
/// centre's own disorder group is there whenever the centre is. Each bond's weight is the number of bonds of the cell that
/// it stands for, multiplicity times occupancies. Bonds between atoms of one element are counted from both ends. A centre
/// with too few neighbours within 48 Å keeps those it has.
///
/// `crystal` is the one made of `model`.
///
/// # Errors
/// A pair that is not two elements of the structure; a cutoff, bin or number of neighbours that makes no sense.
pub fn bonds(model: &Model, crystal: &Crystal, kind: &job::Bonds) -> Result<BondList, HistogramError> {
    check(kind)?;
    let search = Search::new(model, crystal, &kind.pair)?;
    Ok(search.list(kind, |search, i| search.nearest(i, kind.neighbours as f64)))
}

/// All bonds of a pair up to a length, each centre with as many neighbours as it has; else as [`bonds`].
///
/// # Errors
/// A pair that is not two elements of the structure; a length that is none, or longer than 20 Å.
pub fn all_bonds(model: &Model, crystal: &Crystal, pair: &str, longest: f64) -> Result<BondList, HistogramError> {
    let kind = job::Bonds::of(pair);
    if !(longest > 0.0 && longest <= 20.0) {
        return Err(number(&kind, "the longest bond", longest, "a length between 0 and 20 Å is needed"));
    }
    let search = Search::new(model, crystal, pair)?;
    Ok(search.list(&kind, |search, i| {
        let near = search.candidates(i, longest);
        near.into_iter().map(|neighbour| (neighbour, search.presence(i, neighbour.index))).collect()
    }))
}

fn check(kind: &job::Bonds) -> Result<(), HistogramError> {
    if kind.cutoff.is_nan() || kind.cutoff <= 0.0 {
        return Err(number(kind, "cutoff", kind.cutoff, "a positive length in Å is needed"));
    }
    if !(0.001..=10.0).contains(&kind.bin) {
        return Err(number(kind, "bin", kind.bin, "a width between 0.001 and 10 Å is needed"));
    }
    if !(1..=MOST).contains(&kind.neighbours) {
        return Err(number(kind, "neighbours", kind.neighbours as f64, "a number from 1 to 100 is needed"));
    }
    Ok(())
}

fn number(kind: &job::Bonds, what: &'static str, value: f64, needed: &'static str) -> HistogramError {
    HistogramError::Number { pair: kind.pair.clone(), what, value, needed }
}

/// The two elements of `Co-N`.
fn elements(pair: &str) -> Result<[Element; 2], HistogramError> {
    let bad = || HistogramError::Pair { pair: pair.to_owned() };
    let (centre, neighbour) = pair.split_once('-').ok_or_else(bad)?;
    Ok([centre.parse().map_err(|_| bad())?, neighbour.parse().map_err(|_| bad())?])
}

/// A crystal with the atoms of the second element sorted for searches.
struct Search<'a> {
    crystal: &'a Crystal,
    disorder: Vec<Option<Disorder>>,
    labels: Vec<String>,
    multiplicities: Vec<usize>,
    centres: Vec<usize>,
    /// Atoms of the second element; the neighbourhood counts them in this order.
    neighbours: Vec<usize>,
    sorted: Neighbourhood,
}

impl<'a> Search<'a> {
    fn new(model: &Model, crystal: &'a Crystal, pair: &str) -> Result<Self, HistogramError> {
        let [centre, neighbour] = elements(pair)?;
        let of = |element: Element| -> Result<Vec<usize>, HistogramError> {
            let is = |&i: &usize| crystal.species[crystal.atoms[i].species].element == element;
            let found: Vec<usize> = (0..crystal.atoms.len()).filter(is).collect();
            if found.is_empty() { Err(no_element(model, crystal, pair, element)) } else { Ok(found) }
        };
        let mut centres = of(centre)?;
        centres.dedup_by_key(|i| crystal.atoms[*i].site);
        let neighbours = of(neighbour)?;
        let positions = neighbours.iter().map(|&j| crystal.atoms[j].position.0);
        Ok(Self {
            crystal,
            disorder: of_atoms(model, crystal),
            labels: labels(model, crystal),
            multiplicities: multiplicities(model, crystal),
            sorted: Neighbourhood::new(crystal.basis, positions, FIRST_REACH),
            centres,
            neighbours,
        })
    }

    /// The list of the bonds that `choose` finds for each centre, with the chance that each is there.
    fn list(&self, kind: &job::Bonds, choose: impl Fn(&Self, usize) -> Vec<(Neighbour, f64)>) -> BondList {
        let mut list = BondList { pair: kind.pair.clone(), bonds: vec![], centres: vec![], labels: vec![] };
        for &i in &self.centres {
            let atom = &self.crystal.atoms[i];
            let weight = self.multiplicities[atom.site] as f64 * atom.occ;
            list.centres.push(Centre { atom: i, label: self.label(i), weight });
            for (neighbour, presence) in choose(self, i) {
                list.bonds.push(self.bond(i, &neighbour, weight * presence));
                list.labels.push((self.label(i), self.label(neighbour.index)));
            }
        }
        list
    }

    fn bond(&self, i: usize, neighbour: &Neighbour, weight: f64) -> BondRef {
        let (j, shift) = (neighbour.index, neighbour.cell);
        let start = self.crystal.atoms[j].position.0 + shift - self.crystal.atoms[i].position.0;
        BondRef { i, j, shift, weight, start }
    }

    fn label(&self, i: usize) -> String {
        self.labels.get(i).cloned().unwrap_or_default()
    }

    /// The nearest neighbours until they are `wanted` atoms.
    fn nearest(&self, i: usize, wanted: f64) -> Vec<(Neighbour, f64)> {
        let mut reach = FIRST_REACH;
        loop {
            let chosen = self.first(i, self.candidates(i, reach), wanted);
            if is_enough(&chosen, wanted) || reach > LAST_REACH {
                return chosen;
            }
            reach *= 2.0;
        }
    }

    /// Is it only the order of the atoms that makes the last of the nearest neighbours one of them? Alternatives to it, which
    /// are never there together with it, are no others.
    fn tie(&self, i: usize, wanted: f64) -> Option<Tie> {
        let chosen = self.nearest(i, wanted);
        let last = chosen.last().filter(|_| is_enough(&chosen, wanted))?.0;
        // They stand in the same order as those that were chosen from, and reach farther than those may have done.
        let mut near = self.candidates(i, last.distance + EQUAL);
        near.retain(|n| self.presence(i, n.index) > ABSENT);
        let disorder = |n: &Neighbour| self.disorder[n.index].as_ref();
        let tied = near.iter().skip(chosen.len()).any(|n| compatible(disorder(n), disorder(&last)));
        tied.then(|| Tie {
            centre: self.label(i),
            distance: near.last().map_or(last.distance, |n| n.distance),
            near: near.iter().map(|n| self.presence(i, n.index)).sum(),
        })
    }

    /// As many of the candidates as make up `wanted` atoms.
    fn first(&self, i: usize, candidates: Vec<Neighbour>, wanted: f64) -> Vec<(Neighbour, f64)> {
        let mut rest = wanted;
        let mut chosen = Vec::new();
        for neighbour in candidates {
            let presence = self.presence(i, neighbour.index).min(rest);
            if presence > ABSENT {
                rest -= presence;
                chosen.push((neighbour, presence));
            }
        }
        chosen
    }

    /// The chance that j is there if i is.
    fn presence(&self, i: usize, j: usize) -> f64 {
        match (&self.disorder[i], &self.disorder[j]) {
            (Some(one), Some(other)) if one == other => 1.0,
            _ => self.crystal.atoms[j].occ,
        }
    }

    /// The atoms of the second element that can be there with i, nearest first.
    fn candidates(&self, i: usize, reach: f64) -> Vec<Neighbour> {
        let mut near = self.sorted.around(self.crystal.atoms[i].position.0, self.crystal.within(reach));
        for neighbour in &mut near {
            neighbour.index = self.neighbours[neighbour.index];
        }
        // Nearer than 0.1 Å is the atom itself or another on its position.
        near.retain(|n| n.distance > 0.1 && compatible(self.disorder[i].as_ref(), self.disorder[n.index].as_ref()));
        // Equal distances are told apart by number, whatever the last digit of the distance says.
        let rank = |n: &Neighbour| ((n.distance * 1e8).round(), n.index as f64, n.cell[0], n.cell[1], n.cell[2]);
        near.sort_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal));
        near
    }
}

fn is_enough(chosen: &[(Neighbour, f64)], wanted: f64) -> bool {
    chosen.iter().map(|(_, presence)| presence).sum::<f64>() > wanted - ABSENT
}

/// A centre with more equally near neighbours than are followed.
struct Tie {
    /// Label of the centre.
    centre: String,
    /// Where the farthest of them is, Å.
    distance: f64,
    /// Occupancies of all neighbours up to there, added up.
    near: f64,
}

impl BondList {
    /// What a user should know if some centres have more equally near neighbours than the list follows: then the order of the
    /// atoms, not the structure, says which bonds these are.
    ///
    /// `model`, `crystal` and `kind` are those that [`bonds`] made the list of. `asked` are the words before the number of
    /// neighbours where it was asked for, and where another is: `["neighbours: ", ""]` in a job.
    pub fn ties(&self, model: &Model, crystal: &Crystal, kind: &job::Bonds, asked: [&str; 2]) -> Option<String> {
        let search = Search::new(model, crystal, &self.pair).ok()?;
        let ties: Vec<Tie> =
            self.centres.iter().filter_map(|centre| search.tie(centre.atom, kind.neighbours as f64)).collect();
        let (centres, near) = (centres_of(&ties), near_of(&ties)?);
        let (pair, n, [here, there]) = (&self.pair, kind.neighbours, asked);
        let hint = number_for(&ties)
            .map_or("ask for a number that ends with a shell".to_owned(), |number| format!("ask for {there}{number}"));
        Some(format!(
            "bonds of \"{pair}\": {centres} {near}, and {here}{n} takes {n} of them by the order of the atoms; {hint}"
        ))
    }
}

/// The first centres, how many more there are, and how many in all; with the verb.
fn centres_of(ties: &[Tie]) -> String {
    let shown = ties.iter().take(NAMED).map(|tie| tie.centre.as_str()).collect::<Vec<_>>().join(", ");
    match ties.len() {
        1 => format!("{shown} has"),
        all if all <= NAMED => format!("{shown} have"),
        all => format!("{shown} and {} more ({all} in all) have", all - NAMED),
    }
}

/// How many neighbours they have, up to where; `None` without a centre.
fn near_of(ties: &[Tie]) -> Option<String> {
    let least = ties.iter().map(|tie| tie.near).min_by(f64::total_cmp)?;
    let most = ties.iter().map(|tie| tie.near).max_by(f64::total_cmp)?;
    let distance = ties.iter().map(|tie| tie.distance).max_by(f64::total_cmp)?;
    let short = |n: f64| (n * 1e3).round() / 1e3;
    let range = if most - least < ABSENT { String::new() } else { format!("{} to ", short(least)) };
    Some(format!("{range}{} neighbours at {distance:.3} Å or nearer", short(most)))
}

/// The number of neighbours to ask for that has no ties: there is one if it is the same for all centres, and whole.
fn number_for(ties: &[Tie]) -> Option<usize> {
    let number = ties.first()?.near.round();
    let same = ties.iter().all(|tie| (tie.near - number).abs() < 1e-3);
    (same && number <= MOST as f64).then_some(number as usize)
}

fn no_element(model: &Model, crystal: &Crystal, pair: &str, element: Element) -> HistogramError {
    let mut present: Vec<&str> = crystal.species.iter().map(|species| species.element.symbol()).collect();
    present.sort_unstable();
    present.dedup();
    HistogramError::NoElement {
        pair: pair.to_owned(),
        element: element.to_string(),
        title: model.title.clone(),
        present: present.join(", "),
    }
}
