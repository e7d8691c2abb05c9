//! What an ensemble can and cannot claim, in sentences.

use super::Method;
use crate::fit::Setup;
use crate::outcome::{BondAnswer, EnsembleResult, Member, Narrowed};
use crate::sample::MET;

/// A spread of less than this share of what it was before is knowledge gained.
const NARROWED: f64 = 0.7;
/// Fewer independent members do not make a 90 % interval.
const ENOUGH: f64 = 100.0;
/// Where the misfit is so much larger than the noise, the model is wrong somewhere.
const MISFIT: f64 = 1.5;

/// Restraints by kind, for beside the numbers.
pub(super) fn restraint_words(setup: &Setup) -> String {
    let sigma = setup.job.refine.iter().filter(|(_, vary)| vary.sigma.is_some()).count();
    let listed = setup.job.restraints.len();
    match (sigma, listed) {
        (0, 0) => "none".to_owned(),
        (sigma, 0) => format!("sigma of {sigma} entries of refine"),
        (0, listed) => format!("{listed} kinds of restraints"),
        (sigma, listed) => format!("{listed} kinds of restraints, sigma of {sigma} entries of refine"),
    }
}

pub(super) fn words(result: &EnsembleResult, method: Method) -> Vec<String> {
    let mut words: Vec<String> = result.bonds.iter().map(|bonds| answer(bonds, method)).collect();
    if matches!(method, Method::Hamiltonian | Method::Randomised) {
        words.push(format!(
            "The data know {} of {} directions of the parameters (and of what describes their spread) better than they were known \
             before.",
            result.directions, result.latent
        ));
        words.extend(parameters(&result.parameters));
    }
    words
}

fn answer(bonds: &BondAnswer, method: Method) -> String {
    let percent = |x: f64| format!("{:.0} %", 100.0 * x);
    let [low, high] = bonds.fraction_interval90;
    let head = format!(
        "{}: {} of {:.0} bonds are longer than {} Å, between {} and {} with 90 %",
        bonds.pair,
        percent(bonds.fraction),
        bonds.n,
        bonds.cutoff,
        percent(low),
        percent(high)
    );
    match bonds.fraction_before {
        Some(before) => {
            let [first, last] = before.interval90;
            let gained = (high - low) / (last - first).max(f64::MIN_POSITIVE);
            let apart = high < first || low > last;
            let verdict = if apart || gained < NARROWED { "the data decide" } else { "the data hardly say more" };
            format!("{head}; before the data it was between {} and {}: {verdict}.", percent(first), percent(last))
        }
        None => format!("{head} of these fits ({}), which is no uncertainty: see the warnings.", method.name()),
    }
}

/// Which parameters the data know.
fn parameters(parameters: &[Narrowed]) -> Vec<String> {
    let gained = |p: &&Narrowed| p.sd_before.is_some_and(|before| p.sd < NARROWED * before);
    let position = |p: &&Narrowed| ["x.", "y.", "z.", "move", "turn"].iter().any(|word| p.name.starts_with(word));
    let positions: Vec<&Narrowed> = parameters.iter().filter(position).collect();
    let others: Vec<&str> = parameters.iter().filter(|p| !position(p) && gained(p)).map(|p| p.name.as_str()).collect();
    let mut words = Vec::new();
    if !positions.is_empty() {
        let known = positions.iter().filter(|p| gained(p)).count();
        let verdict = if 2 * known > positions.len() { "are" } else { "are not" };
        words.push(format!(
            "{known} of {} coordinates are known to less than {NARROWED} of what was known before: single positions {verdict} \
             determined by these data.",
            positions.len()
        ));
    }
    if !others.is_empty() {
        words.push(format!("Beside positions the data narrow {}.", others.join(", ")));
    }
    words
}

/// Bonds that cannot break.
pub(super) fn held(pair: &str) -> String {
    format!(
        "{pair}: what is refined leaves these bonds no room to break, and the interval rests on that: refine positions, without \
         `sigma`, which an ensemble does not need"
    )
}

/// What a reader must know before an answer is one. `noise_known`: do the data or the job say how large the noise is?
pub(super) fn warnings(result: &EnsembleResult, method: Method, members: &[Member], noise_known: bool) -> Vec<String> {
    let mut warnings = Vec::new();
    if members.len() < result.wanted {
        warnings.push(format!("{} of {} members were made", members.len(), result.wanted));
    }
    let open = members.len() - result.converged;
    if open > 0 {
        warnings.push(format!("{open} of {} fits did not converge; they are counted as they are", members.len()));
    }
    if matches!(method, Method::Noise | Method::Starts(_)) {
        warnings.push(format!(
            "intervals by {} are those of plain refinements, which cover the truth far less often than they say: take \
             hamiltonian for an answer",
            method.name()
        ));
    }
    if noise_known && result.noise > MISFIT {
        warnings.push(format!(
            "the model misses the data by {:.1} times their noise; intervals take the whole misfit for noise",
            result.noise
        ));
    }
    for bonds in &result.bonds {
        if let Some(r_hat) = bonds.r_hat.filter(|r_hat| *r_hat > MET) {
            warnings.push(format!("{}: the chains do not agree yet (R {r_hat:.2}): ask for more members", bonds.pair));
        } else if bonds.effective < ENOUGH {
            warnings.push(format!(
                "{}: the members count as {:.0} independent ones: ask for more",
                bonds.pair, bonds.effective
            ));
        }
    }
    warnings
}
