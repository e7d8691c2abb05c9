//! From arguments to something that can run: every file is read and every range checked before any work is done.

use super::args::Verb;
use super::messages::Failure;
use super::{
    End, calibrate, convert, demo, difference, engine, ensemble, histogram, init, msd, rdf, reduce, refine, relay,
    scan, shell, simulate,
};

/// A verb with all that it needs.
pub enum Plan {
    Demo(Box<demo::Plan>),
    Simulate(Box<simulate::Plan>),
    Init(Box<init::Plan>),
    Refine(Box<refine::Plan>),
    Scan(Box<scan::Plan>),
    Shell(Box<shell::Plan>),
    Ensemble(Box<ensemble::Plan>),
    Difference(Box<difference::Plan>),
    Histogram(Box<histogram::Plan>),
    Calibrate(Box<calibrate::Plan>),
    Convert(Box<convert::Plan>),
    Rdf(Box<rdf::Plan>),
    Msd(Box<msd::Plan>),
    Relay(Box<relay::Plan>),
    Reduce(Box<reduce::Plan>),
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
            Verb::Shell(args) => Self::Shell(Box::new(shell::Plan::of(&args)?)),
            Verb::Ensemble(args) => Self::Ensemble(Box::new(ensemble::Plan::of(&args)?)),
            Verb::Difference(args) => Self::Difference(Box::new(difference::Plan::of(&args)?)),
            Verb::Histogram(args) => Self::Histogram(Box::new(histogram::Plan::of(&args)?)),
            Verb::Calibrate(args) => Self::Calibrate(Box::new(calibrate::Plan::of(&args)?)),
            Verb::Convert(args) => Self::Convert(Box::new(convert::Plan::of(&args)?)),
            Verb::Rdf(args) => Self::Rdf(Box::new(rdf::Plan::of(&args)?)),
            Verb::Msd(args) => Self::Msd(Box::new(msd::Plan::of(&args)?)),
            Verb::Relay(args) => Self::Relay(Box::new(relay::Plan::of(&args)?)),
            Verb::Reduce(args) => Self::Reduce(Box::new(reduce::Plan::of(&args)?)),
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
            Self::Shell(plan) => plan.run(),
            Self::Ensemble(plan) => plan.run(),
            Self::Difference(plan) => plan.run(),
            Self::Histogram(plan) => plan.run(),
            Self::Calibrate(plan) => plan.run(),
            Self::Convert(plan) => plan.run(),
            Self::Rdf(plan) => plan.run(),
            Self::Msd(plan) => plan.run(),
            Self::Relay(plan) => plan.run(),
            Self::Reduce(plan) => plan.run(),
            Self::Devices => {
                engine::list_devices();
                Ok(End::Well)
            }
        }
    }
}
