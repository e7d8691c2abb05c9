//! Settings that a job leaves open come from the header of the data file.

use crate::job::{Compat, Job, Scopes};
use crate::observed::Observed;

/// Where both speak and disagree, that is said, and the job's word holds.
pub(super) fn take_settings(job: &mut Job, dataset: usize, observed: &Observed, warnings: &mut Vec<String>) {
    let mut settler = Settler { file: &observed.name, warnings };
    let header = &observed.header;
    let data = &mut job.datasets[dataset].1;
    // A curve that this program transformed itself has been continued to Q = 0.
    let own_transform = observed.form.in_q();
    let theirs = if own_transform { None } else { header.qmin };
    data.qmin = settler.number("qmin", data.qmin, theirs);
    data.qmax = settler.number("qmax", data.qmax, header.qmax);
    match (data.radiation, header.radiation) {
        (Some(own), Some(theirs)) if own != theirs => {
            settler.disagree("radiation", &format!("{own:?}"), &format!("{theirs:?}"));
        }
        (None, None) => {
            let file = settler.file;
            settler.warnings.push(format!("neither the job nor {file} says what was scattered: X-rays are assumed"));
        }
        _ => {}
    }
    data.radiation = data.radiation.or(header.radiation);
    if let Some(theirs) = header.normalisation.filter(|theirs| *theirs != data.normalisation) {
        settler.disagree("normalisation", &format!("{:?}", data.normalisation), &format!("{theirs:?}"));
    }
    let several = job.phases.len() > 1;
    let data = &mut job.datasets[dataset].1;
    // PDFfit2's sum knows no sample.
    if let Some(theirs) = header.composition.as_ref().filter(|_| several && data.compat == Compat::None) {
        let theirs = theirs.iter().map(|(species, count)| format!("{}{count}", species.element.symbol()));
        data.composition.get_or_insert(theirs.collect::<Vec<_>>().join(" "));
    }
    let scopes = Scopes::of(job);
    for (name, theirs) in [("qdamp", header.qdamp), ("qbroad", header.qbroad)] {
        let here = |text: &str| scopes.means(text, name, dataset);
        let depth = |text: &str| scopes.scoped(text).map_or(0, |scoped| scoped.depth());
        // What is said of this data set alone goes before what is said of all.
        let own = job.set.iter().filter(|(known, _)| here(known)).max_by_key(|(known, _)| depth(known));
        let own = own.map(|(_, value)| *value);
        let refined = job.refine.iter().any(|(known, vary)| here(known) && vary.start.is_some());
        if let (None, Some(value), false) = (own, settler.number(name, own, theirs), refined) {
            // In front: what the job says of one phase goes before what a header says of one data set.
            job.set.insert(0, (scopes.in_dataset(name, dataset), value));
        }
    }
}

/// Brings together what a job says and what a header says.
struct Settler<'a> {
    file: &'a str,
    warnings: &'a mut Vec<String>,
}

impl Settler<'_> {
    fn number(&mut self, name: &str, own: Option<f64>, theirs: Option<f64>) -> Option<f64> {
        if let (Some(own), Some(theirs)) = (own, theirs)
            && (own - theirs).abs() > 1e-3 * theirs.abs().max(0.1)
        {
            self.disagree(name, &own.to_string(), &theirs.to_string());
        }
        own.or(theirs)
    }

    fn disagree(&mut self, name: &str, own: &str, theirs: &str) {
        let file = self.file;
        self.warnings.push(format!("the job has {name} {own}, the header of {file} says {theirs}: the job's is used"));
    }
}
