//! `corefine histogram`: the bonds of a structure.

use corefine::expand;
use corefine::histogram::{BondFrame, BondList, BondSeries, bonds, measure};
use corefine::job::Bonds;
use corefine::outcome::{Bin, BondResult};
use corefine::read::trajectory::Frames;
use corefine::report;
use corefine::trajectory::Frame;
use serde_json::json;

use super::End;
use super::args::Histogram;
use super::files::Structure;
use super::messages::{Failure, summary, tell, warn, warn_of};
use super::output::Target;
use super::progress::interrupted_by_user;
use super::refine::bond_numbers;
use super::trajectory::{each, first_frame, is_trajectory};

pub struct Plan {
    of: Of,
    target: Option<Target>,
}

/// What bonds are counted in.
enum Of {
    Structure(BondResult),
    Trajectory(Box<Frames<'static>>, BondList, Bonds),
}

impl Plan {
    pub fn of(args: &Histogram) -> Result<Self, Failure> {
        let Histogram { pair, cutoff, neighbours, bin, .. } = args;
        let kind = Bonds { pair: pair.clone(), cutoff: *cutoff, neighbours: *neighbours, bin: *bin };
        let target = Target::optional(args.output.as_deref(), &args.replace)?;
        if is_trajectory(&args.structure)? {
            let (frames, list) = first_bonds(args, &kind)?;
            return Ok(Self { of: Of::Trajectory(Box::new(frames), list, kind), target });
        }
        let structure = Structure::read(&args.structure, None)?;
        let list = bonds(&structure.model, &structure.crystal, &kind).map_err(Failure::of)?;
        warn_of(&structure.warnings);
        if let Some(tied) = list.ties(&structure.model, &structure.crystal, &kind, ["--neighbours "; 2]) {
            warn(&tied);
        }
        Ok(Self { of: Of::Structure(measure(&list, &structure.crystal, &kind, None)), target })
    }

    pub fn run(self) -> Result<End, Failure> {
        match self.of {
            Of::Structure(result) => {
                write(self.target, || report::histogram_csv(std::slice::from_ref(&result)))?;
                summary(json!({ "bonds": bond_numbers(&result), "histogram": result.histogram }));
                print(&result);
            }
            Of::Trajectory(mut frames, list, kind) => {
                let series = over_time(&mut frames, &list, &kind)?;
                write(self.target, || report::bond_series_csv(&series))?;
                print_series(&series);
            }
        }
        Ok(End::Well)
    }
}

fn write(target: Option<Target>, text: impl Fn() -> String) -> Result<(), Failure> {
    target.map_or(Ok(()), |target| target.write(&text()))
}

/// The bonds of a trajectory's first frame, which are followed.
fn first_bonds(args: &Histogram, kind: &Bonds) -> Result<(Frames<'static>, BondList), Failure> {
    let (frames, model) = first_frame(&args.structure, &args.reading, 0.0)?;
    let crystal = expand::crystal(&model).map_err(|error| Failure::of(format!("{}: {error}", frames.name())))?;
    let list = bonds(&model, &crystal, kind).map_err(Failure::of)?;
    Ok((frames, list))
}

/// The same bonds in every frame.
fn over_time(frames: &mut Frames, list: &BondList, kind: &Bonds) -> Result<BondSeries, Failure> {
    let (stop, atoms, name) = (interrupted_by_user(), frames.atoms().clone(), frames.name().to_owned());
    let one = |frame: Frame| -> Result<BondFrame, Failure> {
        let crystal = expand::crystal(&frame.model(&atoms, 0.0));
        let crystal = crystal.map_err(|error| Failure::of(format!("{name}: frame {}: {error}", frame.number)))?;
        Ok(BondFrame::of(frame.number, &measure(list, &crystal, kind, None)))
    };
    let mut found = Vec::new();
    each(frames, &stop, one, |frame| {
        found.push(frame?);
        Ok(())
    })?;
    Ok(BondSeries::of(&list.pair, kind.cutoff, kind.bin, found))
}

fn print_series(series: &BondSeries) {
    summary(json!({ "frames": series.frames.len(), "histogram": series.histogram }));
    tell!("{}", report::bond_series_sentence(series));
    print_bins(&series.histogram);
}

/// Prints the bonds; adding 0 makes an empty sum's -0 a plain 0.
fn print(result: &BondResult) {
    tell!(
        "{}: {} bonds, mean {:.4} Å, standard deviation {:.4} Å, {:.4} to {:.4} Å",
        result.pair,
        result.n,
        result.mean,
        result.sd,
        result.min,
        result.max
    );
    tell!("{} beyond {} Å: {:.2} %", result.broken + 0.0, result.cutoff, 100.0 * result.fraction + 0.0);
    print_bins(&result.histogram);
}

fn print_bins(bins: &[Bin]) {
    for bin in bins {
        tell!("{:6.2} - {:5.2} Å  {:8.2}", bin.from, bin.to, bin.count);
    }
}
