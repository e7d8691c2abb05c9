//! What the command line and a job say of a reduction.

use std::path::PathBuf;

use corefine::pattern::Abscissa;
use corefine::read;
use corefine::reduction::{Absorption, Compton, Reduction};
use corefine::window::Window;

use crate::cli::args::{self, ComptonArg, ReduceSettings, WindowArg};
use crate::cli::files::{Input, named_file};
use crate::cli::messages::Failure;
use crate::cli::output::folder_of;

/// The background that the command line names, or else the job, seen from its own folder.
pub(super) fn background(args: &args::Reduce, settings: &Reduction) -> Result<Option<PathBuf>, Failure> {
    match (&args.background, &args.job, &settings.backgroundfile) {
        (Some(path), _, _) => Ok(Some(path.clone())),
        (None, Some(job), Some(name)) => named_file((folder_of(job), None), name, &job.display().to_string()).map(Some),
        _ => Ok(None),
    }
}

/// The settings of the job with those of the command line before them.
pub(super) fn settings(args: &args::Reduce) -> Result<(Reduction, Vec<String>), Failure> {
    let (mut settings, warnings) = match &args.job {
        Some(job) => {
            let input = Input::read(job)?;
            let reading = read::reduction::reduction(input.text()?, &input.name).map_err(Failure::of)?;
            (reading.value, reading.warnings)
        }
        None => (Reduction::default(), Vec::new()),
    };
    put(&args.settings, &mut settings)?;
    Ok((settings, warnings))
}

fn put(given: &ReduceSettings, settings: &mut Reduction) -> Result<(), Failure> {
    if let Some(word) = &given.dataformat {
        let known = || Abscissa::ALL.map(Abscissa::word).join(", ");
        let unknown = || Failure::with_hint(format!("--dataformat is {word}"), format!("known are {}", known()));
        settings.dataformat = Some(Abscissa::named(word).ok_or_else(unknown)?);
    }
    if let Some(formula) = &given.composition {
        settings.composition.clone_from(formula);
    }
    settings.radiation = given.radiation.map(Into::into).or(settings.radiation);
    let optional = [
        (given.wavelength, &mut settings.wavelength),
        (given.qmax, &mut settings.qmax),
        (given.qmaxinst, &mut settings.qmaxinst),
        (given.polarisation, &mut settings.polarisation),
    ];
    for (value, place) in optional {
        *place = value.or(*place);
    }
    // A factor that is given is not fitted, whatever the job says.
    settings.fit_bgscale = given.fit_bgscale || (settings.fit_bgscale && given.bgscale.is_none());
    let always = [
        (given.twothetazero, &mut settings.twothetazero),
        (given.bgscale, &mut settings.bgscale),
        (given.rpoly, &mut settings.rpoly),
        (given.qmin, &mut settings.qmin),
        (given.rmin, &mut settings.rmin),
        (given.rmax, &mut settings.rmax),
        (given.rstep, &mut settings.rstep),
    ];
    for (value, place) in always {
        *place = value.unwrap_or(*place);
    }
    let plate = given.flat_plate.map(Absorption::FlatPlate);
    settings.absorption = given.capillary.map(Absorption::Capillary).or(plate).unwrap_or(settings.absorption);
    settings.compton = given.compton.map_or(settings.compton, |compton| match compton {
        ComptonArg::None => Compton::None,
        ComptonArg::Counting => Compton::Counting,
        ComptonArg::Integrating => Compton::Integrating,
    });
    let named = given.window.map(|window| if window == WindowArg::Lorch { Window::Lorch } else { Window::None });
    settings.window = given.soper_lorch.map(Window::SoperLorch).or(named).unwrap_or(settings.window);
    Ok(())
}
