//! From arguments to something that can run: every file is read and every range checked before any work is done.

use super::args::{self, Verb};
use super::messages::Failure;
use super::{
    End, calibrate, check, convert, demo, difference, engine, ensemble, histogram, init, manual, msd, rdf, reduce,
    refine, relay, rerun, scan, series, shell, simulate, trajectories,
};

/// A verb with all that it needs.
pub enum Plan {
    Demo(Box<demo::Plan>),
    Simulate(Box<simulate::Plan>),
    Init(Box<init::Plan>),
    Refine(Box<refine::Plan>),
    Scan(Box<scan::Plan>),
    Series(Box<series::Plan>),
    Shell(Box<shell::Plan>),
    Ensemble(Box<ensemble::Plan>),
    Difference(Box<difference::Plan>),
    Histogram(Box<histogram::Plan>),
    Calibrate(Box<calibrate::Plan>),
    Convert(Box<convert::Plan>),
    Rdf(Box<rdf::Plan>),
    Msd(Box<msd::Plan>),
    Relay(Box<relay::Plan>),
    Trajectories(Box<trajectories::Plan>),
    Reduce(Box<reduce::Plan>),
    Check(Box<check::Plan>),
    Rerun(Box<rerun::Plan>),
    Completions(args::Completions),
    Man(args::Man),
    Devices,
}

impl Plan {
    pub fn of(verb: Verb) -> Result<Self, Failure> {
        Ok(match verb {
            Verb::Demo(args) => Self::Demo(Box::new(demo::Plan::of(&args)?)),
            Verb::Simulate(args) => Self::Simulate(Box::new(simulate::Plan::of(&args)?)),
            Verb::Init(args) => Self::Init(Box::new(init::Plan::of(&args)?)),
            Verb::Refine(args) => Self::Refine(Box::new(refine::Plan::of(&args)?)),
            Verb::Scan(args) => Self::Scan(Box::new(scan::Plan::of(&args)?)),
            Verb::Series(args) => Self::Series(Box::new(series::Plan::of(&args)?)),
            Verb::Shell(args) => Self::Shell(Box::new(shell::Plan::of(&args)?)),
            Verb::Ensemble(args) => Self::Ensemble(Box::new(ensemble::Plan::of(&args)?)),
            Verb::Difference(args) => Self::Difference(Box::new(difference::Plan::of(&args)?)),
            Verb::Histogram(args) => Self::Histogram(Box::new(histogram::Plan::of(&args)?)),
            Verb::Calibrate(args) => Self::Calibrate(Box::new(calibrate::Plan::of(&args)?)),
            Verb::Convert(args) => Self::Convert(Box::new(convert::Plan::of(&args)?)),
            Verb::Rdf(args) => Self::Rdf(Box::new(rdf::Plan::of(&args)?)),
            Verb::Msd(args) => Self::Msd(Box::new(msd::Plan::of(&args)?)),
            Verb::Relay(args) => Self::Relay(Box::new(relay::Plan::of(&args)?)),
            Verb::Trajectories(args) => Self::Trajectories(Box::new(trajectories::Plan::of(&args)?)),
            Verb::Reduce(args) => Self::Reduce(Box::new(reduce::Plan::of(&args)?)),
            Verb::Check(args) => Self::Check(Box::new(check::Plan::of(&args)?)),
            Verb::Rerun(args) => Self::Rerun(Box::new(rerun::Plan::of(&args)?)),
            Verb::Completions(args) => Self::Completions(args),
            Verb::Man(args) => Self::Man(args),
            Verb::Devices => Self::Devices,
        })
    }

    pub fn run(self) -> Result<End, Failure> {
        match self {
            Self::Demo(plan) => plan.run(),
            Self::Simulate(plan) => plan.run(),
            Self::Init(plan) => plan.run(),
            Self::Refine(plan) => plan.run(),
            Self::Scan(plan) => plan.run(),
            Self::Series(plan) => plan.run(),
            Self::Shell(plan) => plan.run(),
            Self::Ensemble(plan) => plan.run(),
            Self::Difference(plan) => plan.run(),
            Self::Histogram(plan) => plan.run(),
            Self::Calibrate(plan) => plan.run(),
            Self::Convert(plan) => plan.run(),
            Self::Rdf(plan) => plan.run(),
            Self::Msd(plan) => plan.run(),
            Self::Relay(plan) => plan.run(),
            Self::Trajectories(plan) => plan.run(),
            Self::Reduce(plan) => plan.run(),
            Self::Check(plan) => plan.run(),
            Self::Rerun(plan) => plan.run(),
            Self::Completions(args) => manual::complete(&args),
            Self::Man(args) => manual::man(&args),
            Self::Devices => {
                engine::list_devices();
                Ok(End::Well)
            }
        }
    }
}
