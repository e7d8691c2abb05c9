//! A job whose data are intensities: what it says of their reduction, and of the curve that comes of it, has to be one thing.

use super::{Problem, scope};
use crate::job::{Data, Job};
use crate::observed::Normalisation;
use crate::reduction::Reduction;
use crate::window::Window;

/// What the reduction leaves unsaid and the job says goes to the reduction, and the other way round, so that model and data have one
/// window.
pub(super) fn settle(job: &mut Job) -> Result<(), Problem> {
    job.datasets
        .iter_mut()
        .try_for_each(|(name, data)| settle_one(data).map_err(|problem| problem.within(&scope::in_dataset(name))))
}

fn settle_one(data: &mut Data) -> Result<(), Problem> {
    let Some(mut reduction) = data.reduce.take() else { return Ok(()) };
    possible(data, &reduction)?;
    reduction.radiation = reduction.radiation.or(data.radiation);
    data.radiation = reduction.radiation;
    reduction.qmax = one("qmax", data.qmax, reduction.qmax)?;
    data.qmax = reduction.qmax;
    // 0 is what a reduction takes where nothing is said.
    let qmin = one("qmin", data.qmin, Some(reduction.qmin).filter(|qmin| *qmin != 0.0))?;
    reduction.qmin = qmin.unwrap_or(0.0);
    data.qmin = Some(reduction.qmin);
    // The reduction divides by <f>² of what was in the beam.
    data.composition = data.composition.take().or_else(|| Some(reduction.composition.clone()));
    let width = if let Window::SoperLorch(width) = reduction.window { Some(width) } else { None };
    data.soper_lorch = one("soper_lorch", data.soper_lorch, width)?;
    reduction.window = Window::soper_lorch(data.soper_lorch);
    // A curve has to reach as far as it is compared.
    reduction.rmax = reduction.rmax.max(data.rmax);
    data.reduce = Some(reduction);
    Ok(())
}

/// A value that may be said here, there, or in both places alike.
fn one(key: &str, of_data: Option<f64>, of_reduction: Option<f64>) -> Result<Option<f64>, Problem> {
    match (of_data, of_reduction) {
        (Some(ours), Some(theirs)) if ours != theirs => Err(Problem::new(
            key,
            format!("{key} is {ours}, and that of the reduction is {theirs}"),
            "the model ends where the data do: say it once",
        )),
        (ours, theirs) => Ok(ours.or(theirs)),
    }
}

/// Is there a model for what this reduction makes?
fn possible(data: &Data, reduction: &Reduction) -> Result<(), Problem> {
    let none = |key: &str, problem: &str, hint: &str| Err(Problem::new(key, problem, hint));
    if reduction.window == Window::Lorch {
        return none("reduce/window", "the model has no Lorch window", "take none, or soper_lorch(0.1)");
    }
    if data.radiation.is_some_and(|ours| reduction.radiation.is_some_and(|theirs| theirs != ours)) {
        return none("radiation", "radiation is not that of the reduction", "say it once: xray or neutron");
    }
    if data.normalisation == Normalisation::SquareMean {
        return none("normalisation", "the reduction divides by <f>²", "leave normalisation out, or write MeanSquared");
    }
    if reduction.composition.trim().is_empty() {
        return none(
            "reduce",
            "the reduction has no composition",
            "write what was in the beam: composition: \"Co C6.5 H5 N4\"",
        );
    }
    Ok(())
}
