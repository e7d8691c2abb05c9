//! A computed curve over a measured one.

use corefine::observed::Tabulated;
use corefine::overlay::{Overlay, overlay};
use corefine::read;
use corefine::report;
use serde_json::json;

use super::computation::holds;
use crate::cli::args::Simulate;
use crate::cli::files::Input;
use crate::cli::messages::{Failure, summary, tell, warn_of};
use crate::cli::output::Target;
use crate::cli::typed::range;

/// A measured curve to lie over.
pub struct Against {
    measured: Tabulated,
    range: Option<[f64; 2]>,
    page: Option<Target>,
}

impl Against {
    pub fn lay(&self, r: &[f64], g: &[f64]) -> Result<Overlay, Failure> {
        overlay(r, g, &self.measured, self.range).map_err(Failure::of)
    }

    pub fn write(&self, found: &Overlay, source: &[String]) -> Result<(), Failure> {
        summary(json!({ "rw": found.rw, "scale": found.scale, "compared": found.x.len() }));
        let space = if found.in_q { "F(Q)" } else { "G(r)" };
        tell!(
            "{space} over {}: Rw {:.4} with the scale {:.4}, {} points",
            found.file,
            found.rw,
            found.scale,
            found.x.len()
        );
        self.page.as_ref().map_or(Ok(()), |page| page.write(&report::overlay_html(found, source)))
    }
}

/// The curve that the options name, if they name one.
pub fn against(args: &Simulate) -> Result<Option<Against>, Failure> {
    let Some(path) = &args.against else { return Ok(None) };
    let input = Input::read(path)?;
    let measured = read::observed::tabulated(&input.bytes, &input.name).map_err(Failure::of)?;
    warn_of(&measured.warnings);
    let hint = "write two numbers, the smaller one first: --range 1,20";
    let range = args.range.as_ref().map(|ends| range("--range", ends, hint)).transpose()?;
    holds(
        !measured.form.in_q() || args.rmin == 0.0,
        format!("--rmin is {}, and {} is a curve in Q", args.rmin, measured.name),
        "an integral over r begins at 0: leave --rmin out",
    )?;
    let page = Target::optional(args.report.as_deref(), &args.output.replace)?;
    Ok(Some(Against { measured, range, page }))
}
