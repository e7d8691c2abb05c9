//! A job as its file has it: one structure and one curve without names, or several with.

use serde::{Deserialize, Serialize};

use super::{Bonds, Data, FitOptions, Job, Molecules, Named, Phase, Restraint, Symmetry, Vary, is_one, named, one};

/// The keys of a job file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "Job")]
pub(super) struct JobFile {
    #[serde(default)]
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    structure: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    symmetry: Option<Symmetry>,
    #[serde(default, with = "named", skip_serializing_if = "Vec::is_empty")]
    phases: Named<Phase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
    #[serde(default, with = "named", skip_serializing_if = "Vec::is_empty")]
    datasets: Named<Data>,
    #[serde(default, with = "named")]
    set: Named<f64>,
    #[serde(default, with = "named")]
    refine: Named<Vary>,
    #[serde(default)]
    ties: Vec<String>,
    #[serde(default, with = "named")]
    beyond: Named<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    molecules: Option<Molecules>,
    #[serde(default)]
    bonds: Vec<Bonds>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    restraints: Vec<Restraint>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    restraint_weight: f64,
    #[serde(default)]
    fit: FitOptions,
}

impl TryFrom<JobFile> for Job {
    type Error = String;

    /// Fails with `problem: hint`.
    fn try_from(file: JobFile) -> Result<Self, String> {
        let single = file.structure.map(|structure| Phase {
            structure,
            symmetry: file.symmetry.unwrap_or_default(),
            molecules: file.molecules.clone(),
        });
        if !file.phases.is_empty() && (file.symmetry.is_some() || file.molecules.is_some()) {
            return Err(
                "`symmetry` and `molecules` stand beside `phases`: write them in each phase that has them".into()
            );
        }
        Ok(Self {
            title: file.title,
            phases: one_or_more(single, file.phases, ["structure", "phases"])?,
            datasets: one_or_more(file.data, file.datasets, ["data", "datasets"])?,
            set: file.set,
            refine: file.refine,
            ties: file.ties,
            beyond: file.beyond,
            bonds: file.bonds,
            restraints: file.restraints,
            restraint_weight: file.restraint_weight,
            fit: file.fit,
        })
    }
}

/// The one without a name, or those that have some.
fn one_or_more<T>(single: Option<T>, several: Named<T>, [one, more]: [&str; 2]) -> Result<Named<T>, String> {
    match single {
        None if several.is_empty() => Err(format!("key `{one}` is missing: add `{one}: ...`")),
        None => Ok(several),
        Some(single) if several.is_empty() => Ok(vec![(String::new(), single)]),
        Some(_) => {
            Err(format!("both `{one}` and `{more}` are there: move the one among the others and give it a name"))
        }
    }
}

impl From<Job> for JobFile {
    fn from(job: Job) -> Self {
        let (phase, phases) = apart(job.phases);
        let (data, datasets) = apart(job.datasets);
        let (structure, symmetry, molecules) =
            phase.map_or((None, None, None), |phase| (Some(phase.structure), Some(phase.symmetry), phase.molecules));
        Self {
            title: job.title,
            structure,
            symmetry,
            phases,
            data,
            datasets,
            set: job.set,
            refine: job.refine,
            ties: job.ties,
            beyond: job.beyond,
            molecules,
            bonds: job.bonds,
            restraints: job.restraints,
            restraint_weight: job.restraint_weight,
            fit: job.fit,
        }
    }
}

/// A single one without a name, and all others.
fn apart<T>(mut all: Named<T>) -> (Option<T>, Named<T>) {
    if matches!(&all[..], [(name, _)] if name.is_empty()) { (all.pop().map(|(_, it)| it), all) } else { (None, all) }
}
