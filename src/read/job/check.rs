//! What a job can mean: every value alone, then the values that stand against each other.

use super::{Problem, names, scope};
use crate::element::Element;
use crate::job::{Bonds, Data, FitOptions, GridChoice, Instrument, Job, Molecules, Phase, Restraint, Scopes, Vary};
use crate::read::observed::composition;

type Checked = Result<(), Problem>;

pub(super) fn check(job: &Job) -> Checked {
    let scopes = &Scopes::of(job);
    scope::names(scopes)?;
    job.phases.iter().try_for_each(|(name, it)| phase(&scope::in_phase(name), it))?;
    job.datasets.iter().try_for_each(|(name, it)| data(&scope::in_dataset(name), it))?;
    job.set.iter().try_for_each(|(name, value)| set(scopes, name, *value))?;
    job.refine.iter().try_for_each(|(name, vary)| refined(scopes, name, vary))?;
    job.ties.iter().enumerate().try_for_each(|(i, tie)| tied(scopes, i, tie))?;
    named_once(job)?;
    one_delta(job)?;
    job.beyond
        .iter()
        .try_for_each(|(name, rcut)| positive(&format!("beyond/{name}"), &format!("beyond: {name} is"), *rcut))?;
    job.bonds.iter().enumerate().try_for_each(|(i, kind)| bonds(scopes, i, kind))?;
    job.restraints.iter().enumerate().try_for_each(|(i, restraint)| restrained(scopes, i, restraint))?;
    positive("restraint_weight", "restraint_weight is", job.restraint_weight)?;
    fit(&job.fit)
}

fn phase(keys: &str, phase: &Phase) -> Checked {
    path(&format!("{keys}structure"), &phase.structure)?;
    phase.molecules.iter().try_for_each(|it| molecules(&format!("{keys}molecules"), it))
}

fn path(key: &str, file: &str) -> Checked {
    if file.trim().is_empty() {
        return Err(Problem::new(key, "the name of a file is empty", "write its path, relative to the job file"));
    }
    Ok(())
}

/// No transform ends lower, 1/Å.
const LEAST_QMAX: f64 = 0.01;

fn data(keys: &str, data: &Data) -> Checked {
    let at = |key: &str| format!("{keys}{key}");
    path(&at("file"), &data.file)?;
    not_negative(&at("rmin"), "rmin is", data.rmin)?;
    positive(&at("rmax"), "rmax is", data.rmax)?;
    smaller(&at("rmin"), ("rmin", data.rmin), ("rmax", data.rmax))?;
    if let GridChoice::Step(step) = data.grid {
        positive(&at("grid"), "the grid's step is", step)?;
    }
    if let Some(qmin) = data.qmin {
        not_negative(&at("qmin"), "qmin is", qmin)?;
    }
    if let Some(qmax) = data.qmax {
        positive(&at("qmax"), "qmax is", qmax)?;
        if qmax < LEAST_QMAX {
            let problem = format!("qmax is {qmax:e}, and a curve with it holds nothing");
            return Err(Problem::new(
                at("qmax"),
                problem,
                "write the upper end of the transform in 1/Å; usual are 15 to 30",
            ));
        }
        smaller(&at("qmin"), ("qmin", data.qmin.unwrap_or(0.0)), ("qmax", qmax))?;
    }
    if let Some(formula) = data.composition.as_ref().filter(|text| composition(text).is_none()) {
        let problem = format!("composition is \"{formula}\"");
        return Err(Problem::new(at("composition"), problem, "write symbols with counts, such as \"Co C6.5 H5 N4\""));
    }
    data.dg.map_or(Ok(()), |dg| positive(&at("dg"), "dg is", dg))?;
    data.instrument.as_ref().map_or(Ok(()), |file| path(&at("instrument"), file))?;
    data.soper_lorch.map_or(Ok(()), |width| positive(&at("soper_lorch"), "soper_lorch is", width))
}

pub(super) fn instrument(instrument: &Instrument) -> Checked {
    not_negative("qdamp", "qdamp is", instrument.qdamp)?;
    not_negative("qbroad", "qbroad is", instrument.qbroad)
}

fn set(scopes: &Scopes, name: &str, value: f64) -> Checked {
    let path = format!("set/{name}");
    known(scopes, &path, name)?;
    in_range(&path, name, &format!("{name} is {value}"), value)
}

fn refined(scopes: &Scopes, name: &str, vary: &Vary) -> Checked {
    let path = |key: &str| format!("refine/{name}/{key}");
    known(scopes, &format!("refine/{name}"), name)?;
    for (key, value) in [("start", vary.start), ("min", vary.min), ("max", vary.max)] {
        value.map_or(Ok(()), |value| finite(&path(key), &format!("{name} has {key}"), value))?;
    }
    if let Some(sigma) = vary.sigma {
        positive(&path("sigma"), &format!("{name} has sigma"), sigma)?;
    }
    if let (Some(min), Some(max)) = (vary.min, vary.max)
        && min >= max
    {
        let problem = format!("{name} has min {min} and max {max}");
        return Err(Problem::new(path("min"), problem, "min has to be smaller than max"));
    }
    vary.start.map_or(Ok(()), |start| starts(name, start, vary))
}

fn starts(name: &str, start: f64, vary: &Vary) -> Checked {
    let path = format!("refine/{name}/start");
    in_range(&path, name, &format!("{name} starts at {start}"), start)?;
    let (min, max) = (vary.min.unwrap_or(f64::NEG_INFINITY), vary.max.unwrap_or(f64::INFINITY));
    if start < min || start > max {
        let problem = format!("{name} starts at {start}, outside its bounds, {min} to {max}");
        return Err(Problem::new(path, problem, "move the start or the bounds"));
    }
    Ok(())
}

/// A tie's shape and the name on its left; the formula is read where parameters have values.
fn tied(scopes: &Scopes, i: usize, tie: &str) -> Checked {
    let path = format!("ties/{i}");
    match tie.split_once('=') {
        Some((name, formula)) if !formula.trim().is_empty() && !formula.contains('=') => {
            known(scopes, &path, name.trim())
        }
        _ => {
            let problem = format!("ties[{i}] is \"{tie}\"");
            Err(Problem::new(path, problem, "write \"NAME = FORMULA\", such as \"Uiso.C = 1.2 * Uiso.N\""))
        }
    }
}

/// The name on the left of a tie that [`tied`] accepted.
fn left(tie: &str) -> &str {
    tie.split('=').next().unwrap_or(tie).trim()
}

/// A parameter has one source of its value: set, refined or tied.
fn named_once(job: &Job) -> Checked {
    let is_set = |name: &str| job.set.iter().any(|(other, _)| other == name);
    for (name, _) in &job.refine {
        if is_set(name) {
            let problem = format!("{name} is both set and refined");
            let hint = "keep it in `refine`, with the value as its `start`";
            return Err(Problem::new(format!("refine/{name}"), problem, hint));
        }
        if job.ties.iter().any(|tie| left(tie) == name) {
            let problem = format!("{name} is both tied and refined");
            return Err(Problem::new(format!("refine/{name}"), problem, "drop the tie, or the line in `refine`"));
        }
    }
    for (i, tie) in job.ties.iter().enumerate() {
        let name = left(tie);
        if is_set(name) || job.ties[..i].iter().any(|earlier| left(earlier) == name) {
            let problem = format!("{name} has two values, one of them by the tie \"{tie}\"");
            return Err(Problem::new(format!("ties/{i}"), problem, "keep one of them"));
        }
    }
    Ok(())
}

/// delta1 and delta2 describe one effect in two ways: together they are not determined.
fn one_delta(job: &Job) -> Checked {
    let ends = |kind: &'static str| job.refine.iter().filter_map(move |(name, _)| name.strip_prefix(kind));
    match ends("delta1").find(|end| ends("delta2").any(|other| other == *end)) {
        Some(end) => {
            let hint = "keep delta2 at low temperature, delta1 well above the Debye temperature";
            let problem = format!("delta1{end} and delta2{end} are both refined");
            Err(Problem::new(format!("refine/delta2{end}"), problem, hint))
        }
        None => Ok(()),
    }
}

fn molecules(path: &str, molecules: &Molecules) -> Checked {
    for (i, symbol) in molecules.exclude.iter().enumerate() {
        element(&format!("{path}/exclude/{i}"), symbol)?;
    }
    not_negative(&format!("{path}/slack"), "slack is", molecules.slack)
}

fn bonds(scopes: &Scopes, i: usize, bonds: &Bonds) -> Checked {
    let path = |key: &str| format!("bonds/{i}/{key}");
    pair(&path("pair"), scope::plain(scopes, &path("pair"), &bonds.pair)?)?;
    positive(&path("cutoff"), "cutoff is", bonds.cutoff)?;
    positive(&path("bin"), "bin is", bonds.bin)?;
    neighbours(&path("neighbours"), bonds.neighbours, 1)
}

fn pair(path: &str, pair: &str) -> Checked {
    let Some((centre, neighbour)) = pair.split_once('-') else {
        let problem = format!("pair \"{pair}\" is no pair of elements");
        return Err(Problem::new(path, problem, "write the centre first and a hyphen between, \"Co-N\""));
    };
    element(path, centre)?;
    element(path, neighbour)
}

fn neighbours(path: &str, neighbours: usize, least: usize) -> Checked {
    if neighbours >= least {
        return Ok(());
    }
    let hint = if least == 1 { "each centre has at least one" } else { "an angle lies between two" };
    Err(Problem::new(path, format!("neighbours is {neighbours}"), hint))
}

/// No contact is longer, Å.
const LONGEST_CONTACT: f64 = 10.0;

fn restrained(scopes: &Scopes, i: usize, restraint: &Restraint) -> Checked {
    let path = |key: &str| format!("restraints/{i}/{key}");
    let plain = |key: &str, of| scope::plain(scopes, &path(key), of);
    let flat = |within: f64, sigma: f64| {
        not_negative(&path("within"), "within is", within)?;
        positive(&path("sigma"), "sigma is", sigma)
    };
    match restraint {
        Restraint::Distance { pair: of, neighbours: count, target, within, sigma } => {
            pair(&path("pair"), plain("pair", of)?)?;
            neighbours(&path("neighbours"), *count, 1)?;
            target.map_or(Ok(()), |target| positive(&path("target"), "target is", target))?;
            flat(*within, *sigma)
        }
        Restraint::Angle { angle: of, neighbours: count, target, within, sigma } => {
            angle(&path("angle"), plain("angle", of)?)?;
            neighbours(&path("neighbours"), *count, 2)?;
            target.map_or(Ok(()), |target| of_an_angle(&path("target"), target))?;
            flat(*within, *sigma)
        }
        Restraint::Apart { pair: of, least, sigma } => {
            pair(&path("pair"), plain("pair", of)?)?;
            contact(&path("least"), *least)?;
            positive(&path("sigma"), "sigma is", *sigma)
        }
        Restraint::Displacement { of, sigma } if !of.is_empty() => {
            plain("of", of)?;
            positive(&path("sigma"), "sigma is", *sigma)
        }
        Restraint::Displacement { .. } => {
            Err(Problem::new(path("of"), "of is empty", "write an element or the label of a site, such as \"Co\""))
        }
    }
}

fn angle(path: &str, angle: &str) -> Checked {
    let parts: Vec<&str> = angle.split('-').collect();
    let [first, centre, last] = parts[..] else {
        let problem = format!("angle \"{angle}\" is not made of three elements");
        return Err(Problem::new(path, problem, "write the centre in the middle, \"N-Co-N\""));
    };
    element(path, first)?;
    element(path, centre)?;
    if first == last {
        return Ok(());
    }
    let problem = format!("angle \"{angle}\" ends in two elements");
    Err(Problem::new(path, problem, "write it between bonds of one kind, the centre in the middle, \"N-Co-N\""))
}

fn of_an_angle(path: &str, target: f64) -> Checked {
    let in_range = target > 0.0 && target <= 180.0;
    holds(in_range, path, "target is", target, "write an angle above 0 and up to 180 degrees")
}

fn contact(path: &str, least: f64) -> Checked {
    let in_range = least > 0.0 && least <= LONGEST_CONTACT;
    holds(in_range, path, "least is", least, "write a length in Å above 0 and up to 10")
}

fn fit(fit: &FitOptions) -> Checked {
    positive("fit/tolerance", "tolerance is", fit.tolerance)
}

fn known(scopes: &Scopes, path: &str, name: &str) -> Checked {
    let plain = scope::plain(scopes, path, name)?;
    names::check(plain).map_err(|unknown| Problem::new(path, unknown.problem, unknown.hint))
}

fn in_range(path: &str, name: &str, said: &str, value: f64) -> Checked {
    finite(path, &format!("{name} is"), value)?;
    match names::allowed(name) {
        Some((holds, words)) if !holds(value) => {
            Err(Problem::new(path, format!("{said}, but {words}"), "give it a value in that range"))
        }
        _ => Ok(()),
    }
}

fn element(path: &str, symbol: &str) -> Checked {
    let unknown = |_| Problem::new(path, format!("unknown element \"{symbol}\""), "write a symbol from H to Lr");
    symbol.parse::<Element>().map(drop).map_err(unknown)
}

fn finite(path: &str, what: &str, value: f64) -> Checked {
    holds(value.is_finite(), path, what, value, "write a finite number")
}

fn positive(path: &str, what: &str, value: f64) -> Checked {
    holds(value > 0.0 && value.is_finite(), path, what, value, "write a number above 0")
}

fn not_negative(path: &str, what: &str, value: f64) -> Checked {
    holds(value >= 0.0 && value.is_finite(), path, what, value, "write 0 or more")
}

fn holds(holds: bool, path: &str, what: &str, value: f64, hint: &str) -> Checked {
    if holds { Ok(()) } else { Err(Problem::new(path, format!("{what} {value}"), hint)) }
}

fn smaller(path: &str, (low, from): (&str, f64), (high, to): (&str, f64)) -> Checked {
    if from < to {
        return Ok(());
    }
    Err(Problem::new(path, format!("{low} is {from}"), format!("it has to be smaller than {high}, {to}")))
}
