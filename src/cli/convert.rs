//! `corefine convert`: a curve in another form.

use corefine::forms::{Route, Sample, convert};
use corefine::observed::{Form, Header, Radiation, Tabulated};
use corefine::report;
use corefine::scattering::neutron;
use corefine::window::Window;
use serde_json::json;

use super::End;
use super::args::{Convert, FormArg};
use super::files::Input;
use super::messages::{Failure, note, summary, tell, warn_of};
use super::output::Target;

pub struct Plan {
    curve: Tabulated,
    to: Form,
    route: Route,
    target: Target,
}

impl Plan {
    pub fn of(args: &Convert) -> Result<Self, Failure> {
        let target = Target::check(&args.output, args.replace.force)?;
        check(args)?;
        let input = Input::read(&args.input)?;
        let mut curve = corefine::read::observed::tabulated(&input.bytes, &input.name).map_err(Failure::of)?;
        curve.form = args.from.map_or(curve.form, form);
        let to = form(args.to);
        let route = route(args, &curve, to);
        Ok(Self { curve, to, route, target })
    }

    pub fn run(self) -> Result<End, Failure> {
        let Self { curve, to, route, target } = self;
        let converted = convert(&curve, to, &route).map_err(|error| Failure::of(format!("{}: {error}", curve.name)))?;
        warn_of(&converted.warnings);
        let head = [format!(
            "corefine {}: {} of {}, converted from {}",
            env!("CARGO_PKG_VERSION"),
            to.word(),
            curve.name,
            curve.form.word()
        )];
        target.write(&report::columns(&converted, &head))?;
        let axis = if to.in_q() { "Q" } else { "r" };
        summary(
            json!({ "form": to.word(), "from": curve.form.word(), "points": converted.x.len(), "file": target.path() }),
        );
        tell!(
            "{}({axis}) from {}: {} points in {}",
            to.word(),
            curve.form.word(),
            converted.x.len(),
            target.path().display()
        );
        Ok(End::Well)
    }
}

fn form(arg: FormArg) -> Form {
    match arg {
        FormArg::G => Form::G,
        FormArg::SmallG => Form::SmallG,
        FormArg::D => Form::D,
        FormArg::T => Form::T,
        FormArg::Keen => Form::Keen,
        FormArg::Rdf => Form::Rdf,
        FormArg::S => Form::SofQ,
        FormArg::I => Form::IofQ,
        FormArg::F => Form::FofQ,
    }
}

fn check(args: &Convert) -> Result<(), Failure> {
    let positive = [
        ("--number-density", args.number_density),
        ("--b-squared", args.b_squared),
        ("--qmax", args.qmax),
        ("--soper-lorch", args.soper_lorch),
        ("--rmax", args.rmax),
        ("--rstep", args.rstep),
    ];
    for (flag, value) in positive.into_iter().filter_map(|(flag, value)| Some((flag, value?))) {
        if !(value > 0.0 && value.is_finite()) {
            return Err(Failure::with_hint(format!("{flag} is {value}"), "write a number above 0"));
        }
    }
    let (qmin, qmax) = (args.qmin.unwrap_or(0.0), args.qmax.unwrap_or(f64::INFINITY));
    if qmin >= 0.0 && qmin < qmax {
        return Ok(());
    }
    Err(Failure::with_hint(
        format!("--qmin is {qmin} and --qmax {qmax}"),
        "qmin has to be the smaller, and not below 0",
    ))
}

fn route(args: &Convert, curve: &Tabulated, to: Form) -> Route {
    let needs = |form| matches!(form, Form::D | Form::T | Form::Keen);
    let b_squared = args.b_squared.or(curve.header.b_squared);
    let b_squared = b_squared.or_else(|| if needs(curve.form) || needs(to) { assumed(&curve.header) } else { None });
    let window = if args.lorch { Window::Lorch } else { Window::soper_lorch(args.soper_lorch) };
    let sample = Sample { number_density: args.number_density, b_squared };
    Route { sample, qmin: args.qmin, qmax: args.qmax, window, rmax: args.rmax, rstep: args.rstep }
}

/// Barn in fm².
const BARN: f64 = 100.0;

/// `<b>²` as the header lets one think: in barn for neutrons, 1 for X-rays, of which S(Q) was divided by `<f>²` already.
fn assumed(header: &Header) -> Option<f64> {
    match header.radiation {
        Some(Radiation::Neutron) => {
            let composition = header.composition.as_ref()?;
            let length = |(species, n): &(corefine::element::Species, f64)| Some(n * neutron::length(species.element)?);
            let sum = composition.iter().map(length).sum::<Option<f64>>()?;
            let count: f64 = composition.iter().map(|(_, n)| n).sum();
            let b_squared = (sum / count).powi(2) / BARN;
            note(&format!(
                "<b>² is taken as {b_squared:.5} barn, from the header's composition; --b-squared gives another"
            ));
            Some(b_squared)
        }
        Some(Radiation::Xray) | None => {
            note("<b>² is taken as 1, as in X-ray data that were divided by <f>²; --b-squared gives another");
            Some(1.0)
        }
    }
}
