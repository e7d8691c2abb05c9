//! `ensemble.csv` and `histogram.csv` of an ensemble.

use std::fmt::Write;

use super::csv::{field, number};
use crate::fit::Setup;
use crate::histogram::BondList;
use crate::job::Bonds;
use crate::outcome::{BondAnswer, Member};

/// What the columns of an `ensemble.csv` stand for: the refined parameters, and the bonds of each kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    /// Names of the refined parameters, in the job's order.
    pub parameters: Vec<String>,
    /// The bonds that are followed.
    pub kinds: Vec<(Bonds, BondList)>,
}

impl Columns {
    /// Those of a refinement.
    pub fn of(setup: &Setup) -> Self {
        let binding = &setup.binding;
        let names = binding.free.iter().map(|free| binding.variables()[free.variable].name.clone());
        let kinds = setup.bonds.iter().map(|followed| (followed.kind.clone(), followed.list.clone())).collect();
        Self { parameters: names.collect(), kinds }
    }

    /// How many bonds there are of each kind.
    pub fn lengths(&self) -> Vec<usize> {
        self.kinds.iter().map(|(_, list)| list.bonds.len()).collect()
    }

    /// The line that names them: `member chain converged chi2 rw`, the parameters, the bonds of each kind, and of each kind
    /// `broken_PAIR`. A name that was there before gets `#2`, `#3` ...
    pub fn line(&self) -> String {
        let first = ["member", "chain", "converged", "chi2", "rw"].map(str::to_owned).into_iter();
        let labels = self.kinds.iter().flat_map(|(_, list)| &list.labels);
        let bonds = labels.map(|(from, to)| format!("{from}-{to}"));
        let broken = self.kinds.iter().map(|(kind, _)| format!("broken_{}", kind.pair));
        let names = first.chain(self.parameters.iter().cloned()).chain(bonds).chain(broken).collect();
        told_apart(names).iter().map(|name| field(name)).collect::<Vec<_>>().join(",")
    }
}

fn told_apart(names: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::new();
    let mut apart = |name: String| {
        let times = seen.entry(name.clone()).and_modify(|times| *times += 1).or_insert(1);
        if *times > 1 { format!("{name}#{times}") } else { name }
    };
    names.into_iter().map(&mut apart).collect()
}

/// `ensemble.csv`: comment lines `# key: value` of what the members were made of, the names of the columns, and a row for each
/// member. Numbers are in the shortest form that reads back equal; lengths in Å, broken fractions of 1, `converged` 0 or 1.
pub fn members_csv(made_of: &[(String, String)], columns: &Columns, members: &[Member]) -> String {
    let comments = made_of.iter().map(|(key, value)| format!("# {key}: {value}"));
    let rows = members.iter().map(|member| row(columns, member));
    comments.chain([columns.line()]).chain(rows).flat_map(|line| [line, "\n".to_owned()]).collect()
}

fn row(columns: &Columns, member: &Member) -> String {
    let mut text = format!("{},{},{}", member.number, member.chain, u8::from(member.converged));
    let broken = columns.kinds.iter().zip(&member.lengths).map(|((kind, list), lengths)| broken(kind, list, lengths));
    let values = [member.chi2, member.rw].into_iter().chain(member.parameters.iter().copied());
    for value in values.chain(member.lengths.iter().flatten().copied()).chain(broken) {
        // Writing to a String cannot fail.
        let _ = write!(text, ",{}", exact(value));
    }
    text
}

/// The fraction of bonds beyond the cutoff, each as often as it is in the cell.
fn broken(kind: &Bonds, list: &BondList, lengths: &[f64]) -> f64 {
    let weights = || list.bonds.iter().map(|bond| bond.weight);
    let beyond = lengths.iter().zip(weights()).filter(|(length, _)| **length > kind.cutoff);
    beyond.map(|(_, weight)| weight).sum::<f64>() / weights().sum::<f64>().max(f64::MIN_POSITIVE)
}

/// The shortest form that reads back equal.
fn exact(x: f64) -> String {
    let text = format!("{x:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// `histogram.csv` of an ensemble: a line for each bin of each kind of bonds, with the median count and its intervals.
pub fn answers_csv(kinds: &[BondAnswer]) -> String {
    let mut text = String::from("pair,from,to,count,low50,high50,low90,high90\n");
    for kind in kinds {
        for bin in &kind.histogram {
            let count = &bin.count;
            let numbers = [&[bin.from, bin.to, count.median], &count.interval50[..], &count.interval90].concat();
            let numbers: Vec<String> = numbers.into_iter().map(number).collect();
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{},{}", field(&kind.pair), numbers.join(","));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::members::members;

    #[test]
    fn numbers_read_back_equal() {
        let columns = Columns { parameters: vec!["a, b".to_owned(), "a".to_owned(), "a".to_owned()], kinds: vec![] };
        let parameters = vec![0.1 + 0.2, -1e-300, 3.0];
        let (chi2, rw) = (25.0 / 3.0, 0.05);
        let member = Member { number: 7, chain: 2, converged: true, chi2, rw, parameters, lengths: vec![] };
        let text = members_csv(&[("seed".to_owned(), "1: one".to_owned())], &columns, std::slice::from_ref(&member));
        assert_eq!(text.lines().nth(1).unwrap(), "member,chain,converged,chi2,rw,\"a, b\",a,a#2");
        let found = members(&text, "ensemble.csv").unwrap();
        assert_eq!(found.made_of, [("seed".to_owned(), "1: one".to_owned())]);
        assert_eq!(found.taken(3, &[]).unwrap(), [member]);
        assert_eq!(found.taken(2, &[]), None);
    }
}
