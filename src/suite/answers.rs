//! What a case gave, by the names that a suite expects it under.

use crate::observed::Observed;
use crate::outcome::{BondResult, Outcome};
use crate::reduction::Reduced;

/// A value that was found, with its standard uncertainty where it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The value.
    pub value: f64,
    /// Its standard uncertainty.
    pub esd: Option<f64>,
}

/// Values and curves by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// `rw`, `a`, `broken_Co-N`.
    pub values: Vec<(String, Found)>,
    /// `G` and the like: abscissae, ascending, and ordinates, of the same length.
    pub curves: Vec<(String, Vec<f64>, Vec<f64>)>,
}

impl Answers {
    /// Of a refinement: `rw chi2 iterations converged points determined open`, every parameter and `esd_NAME` of it,
    /// `bonds_PAIR broken_PAIR mean_PAIR sd_PAIR`; the curves `G` (calculated) and `F` where the job compares in Q.
    pub fn of_fit(outcome: &Outcome) -> Self {
        let mut all = Self::default();
        all.add("rw", outcome.rw);
        all.add("chi2", outcome.chi2);
        all.add("iterations", outcome.iterations as f64);
        all.add("converged", f64::from(u8::from(outcome.converged)));
        all.add("points", outcome.data.iter().map(|data| data.points as f64).sum());
        all.add("determined", outcome.determined.directions as f64);
        all.add("open", outcome.determined.parameters as f64 - outcome.determined.directions as f64);
        for parameter in &outcome.parameters {
            all.with_esd(parameter.name.clone(), parameter.value, parameter.esd);
            if let Some(esd) = parameter.esd {
                all.add(&format!("esd_{}", parameter.name), esd);
            }
        }
        outcome.bonds.iter().for_each(|bonds| all.bonds(bonds));
        for data in &outcome.data {
            all.curves.push(("G".to_owned(), data.r.clone(), data.gcalc.clone()));
            if let Some(seen) = &data.in_q {
                all.curves.push(("F".to_owned(), seen.q.clone(), seen.calculated.clone()));
            }
        }
        all
    }

    /// Of a computed curve: `points`, and the curve `G`.
    pub fn of_curve(r: &[f64], g: &[f64]) -> Self {
        let mut all = Self { curves: vec![("G".to_owned(), r.to_vec(), g.to_vec())], ..Self::default() };
        all.add("points", r.len() as f64);
        all
    }

    /// Of a measured curve that was read: `points rmin rmax` and what its header says of `qmin qmax qdamp qbroad`; the curve `G`.
    pub fn of_data(observed: &Observed) -> Self {
        let mut all = Self::of_curve(&observed.r, &observed.g);
        let header = &observed.header;
        for (name, value) in [
            ("rmin", observed.r.first().copied()),
            ("rmax", observed.r.last().copied()),
            ("qmin", header.qmin),
            ("qmax", header.qmax),
            ("qdamp", header.qdamp),
            ("qbroad", header.qbroad),
        ] {
            if let Some(value) = value {
                all.add(name, value);
            }
        }
        all
    }

    /// Of a reduction: `bgscale normalisation degree qmax points`, and the curves `G F S`.
    pub fn of_reduction(reduced: &Reduced) -> Self {
        let mut all = Self::of_curve(&reduced.r, &reduced.g);
        all.add("bgscale", reduced.settings.bgscale);
        all.add("normalisation", reduced.normalisation);
        all.add("degree", reduced.degree);
        if let Some(qmax) = reduced.settings.qmax {
            all.add("qmax", qmax);
        }
        all.curves.push(("F".to_owned(), reduced.q.clone(), reduced.f.clone()));
        all.curves.push(("S".to_owned(), reduced.q.clone(), reduced.s.clone()));
        all
    }

    /// The value of that name; `G(2.49)` is the point of the curve `G` that lies nearest to 2.49, less than a step away.
    ///
    /// ```
    /// let answers = corefine::suite::Answers::of_curve(&[1.0, 1.1, 1.2], &[0.5, 0.6, 0.7]);
    /// assert_eq!(answers.find("G(1.1)").unwrap().value, 0.6);
    /// assert_eq!(answers.find("points").unwrap().value, 3.0);
    /// assert_eq!(answers.find("G(1.4)"), None);
    /// ```
    pub fn find(&self, name: &str) -> Option<Found> {
        let known = self.values.iter().find(|(known, _)| known == name).map(|(_, found)| *found);
        known.or_else(|| self.point(name))
    }

    /// Every name, for messages; of curves how their points are named.
    pub fn names(&self) -> Vec<String> {
        let values = self.values.iter().map(|(name, _)| name.clone());
        values.chain(self.curves.iter().map(|(name, ..)| format!("{name}(X)"))).collect()
    }

    fn point(&self, name: &str) -> Option<Found> {
        let (curve, at) = name.strip_suffix(')')?.split_once('(')?;
        let at: f64 = at.trim().parse().ok()?;
        let (_, x, y) = self.curves.iter().find(|(known, ..)| known == curve)?;
        let nearest = (0..x.len()).min_by(|i, j| (x[*i] - at).abs().total_cmp(&(x[*j] - at).abs()))?;
        let step = (x.last()? - x.first()?) / (x.len().max(2) - 1) as f64;
        ((x[nearest] - at).abs() < step).then(|| Found { value: y[nearest], esd: None })
    }

    fn bonds(&mut self, bonds: &BondResult) {
        let name = |what: &str| format!("{what}_{}", bonds.pair);
        self.add(&name("bonds"), bonds.n);
        self.with_esd(name("broken"), bonds.fraction, bonds.fraction_esd);
        self.with_esd(name("mean"), bonds.mean, bonds.mean_esd);
        self.add(&name("sd"), bonds.sd);
    }

    fn add(&mut self, name: &str, value: f64) {
        self.with_esd(name.to_owned(), value, None);
    }

    /// Adds a value with its standard uncertainty.
    pub fn with_esd(&mut self, name: String, value: f64, esd: Option<f64>) {
        self.values.push((name, Found { value, esd }));
    }
}
