//! `corefine relay`: how atoms go from anchor to anchor.

use corefine::element::Element;
use corefine::read::trajectory::Frames;
use corefine::relay::{Relay, RelayResult, cube, points};
use corefine::report;
use corefine::trajectory::Atoms;

use super::End;
use super::args;
use super::clock::Clock;
use super::messages::{Failure, parsed, summary, tell, warn_of};
use super::output::Folder;
use super::progress::interrupted_by_user;
use super::trajectory::{Sources, each};
use super::typed::element;

/// What the folder of results holds.
const RESULTS: [&str; 6] = ["result.json", "jumps.csv", "graph.csv", "density.cube", "density.xyz", "report.html"];

pub struct Plan {
    frames: Frames<'static>,
    sources: Sources,
    relay: Relay,
    clock: Clock,
    folder: Folder,
}

impl Plan {
    pub fn of(args: &args::Relay) -> Result<Self, Failure> {
        let clock = Clock::of(&args.clock, &args.reading, (0, 1))?;
        let folder = Folder::of(&args.output, &RESULTS)?;
        let pair = pair(&args.stays)?;
        let mut sources = Sources::of(&args.reading)?;
        let frames = sources.open(&args.trajectory, &args.reading, (0, 1))?;
        let relay = ready(&frames, pair, &args.stays)?;
        Ok(Self { frames, sources, relay, clock, folder })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { mut frames, sources, mut relay, mut clock, folder } = self;
        let (stop, searching) = (interrupted_by_user(), relay.clone());
        each(
            &mut frames,
            &stop,
            |frame| searching.near(frame),
            |near| {
                clock.see(near.frame());
                relay.add(&near);
                Ok(())
            },
        )?;
        let name = frames.name();
        let result =
            relay.result(name, clock.between(name)?).map_err(|error| Failure::of(format!("{name}: {error}")))?;
        warn_of(&report::named_warnings(name, &result.warnings));
        let json = report::relay_json(&result, &sources.records(&folder, &stop)?);
        summary(parsed(&json));
        let [jumps, graph, cube, xyz] = texts(&result, frames.atoms());
        folder.write_named(RESULTS, [json, jumps, graph, cube, xyz, report::relay_html(&result)])?;
        tell!("{}", report::relay_sentence(&result));
        tell!("results in {}", folder.path().display());
        Ok(End::Well)
    }
}

/// What moves, and along what.
pub fn pair(stays: &args::Stays) -> Result<[Element; 2], Failure> {
    Ok([element("--element", &stays.element)?, element("--anchor", &stays.anchor)?])
}

/// What follows the jumps of a trajectory.
pub fn ready(frames: &Frames, pair: [Element; 2], stays: &args::Stays) -> Result<Relay, Failure> {
    let relay = Relay::new(frames.atoms(), pair, stays.margin, stays.grid);
    relay.map_err(|error| Failure::of(format!("{}: {error}", frames.name())))
}

/// `jumps.csv`, `graph.csv`, `density.cube` and `density.xyz`.
pub fn texts(result: &RelayResult, atoms: &Atoms) -> [String; 4] {
    let numbers: Vec<usize> = atoms.species.iter().map(|species| species.element.number()).collect();
    let symbols: Vec<&str> = atoms.species.iter().map(|species| species.element.symbol()).collect();
    let title = format!("{} in {}, mean of {} frames", result.element, result.trajectory, result.frames);
    [
        report::jumps_csv(result),
        report::graph_csv(result),
        cube(&result.density, &numbers, &title),
        points(&result.density, result.element.symbol(), &symbols),
    ]
}
