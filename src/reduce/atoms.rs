//! What the atoms of a formula scatter by themselves: form factors of X-rays, lengths of neutrons.

use super::ReduceError;
use crate::element::Element;
use crate::observed::Radiation;
use crate::read::observed::composition;
use crate::scattering::xray::{self, FormFactor};
use crate::scattering::{compton, neutron};

/// The atoms of a formula with what each scatters and their shares, which add up to one.
#[derive(Debug, Clone)]
pub(super) struct Atoms(Vec<(Element, Amplitude, f64)>);

/// What an atom scatters.
#[derive(Debug, Clone, Copy)]
enum Amplitude {
    /// f(Q), electrons.
    Electrons(FormFactor),
    /// b, fm.
    Nucleus(f64),
}

impl Amplitude {
    fn at(self, q: f64) -> f64 {
        match self {
            Self::Electrons(factor) => factor.at(q),
            Self::Nucleus(length) => length,
        }
    }
}

/// Where `<b>²` is a smaller share of `<b²>`, dividing by it leaves nothing but noise.
const CANCELLED: f64 = 1e-3;

impl Atoms {
    /// The atoms of a formula such as `Co C6.5 H5 N4`.
    pub(super) fn of(formula: &str, radiation: Radiation) -> Result<Self, ReduceError> {
        let wrong = |problem: String| ReduceError::Composition { formula: formula.to_owned(), problem };
        let counts = composition(formula).ok_or_else(|| wrong(trouble(formula)))?;
        let whole: f64 = counts.iter().map(|(_, n)| n).sum();
        let atoms = counts.into_iter().map(|(species, n)| {
            let amplitude = match radiation {
                Radiation::Xray => xray::lookup(species).map(|(factor, _)| Amplitude::Electrons(factor)),
                Radiation::Neutron => neutron::length(species.element).map(Amplitude::Nucleus),
            };
            let lacking = if radiation == Radiation::Xray { "form factor" } else { "neutron scattering length" };
            let amplitude = amplitude.ok_or_else(|| wrong(format!("{species} has no {lacking}")))?;
            Ok((species.element, amplitude, n / whole))
        });
        let atoms = atoms.collect::<Result<_, _>>().map(Self)?;
        let (square, mean) = atoms.at(0.0);
        if mean < CANCELLED * square {
            return Err(wrong(
                "its scattering lengths cancel, and S(Q) is divided by the square of their mean".to_owned(),
            ));
        }
        Ok(atoms)
    }

    /// `<f²>` and `<f>²` at `q` in 1/Å, electrons²; of neutrons `<b²>` and `<b>²`, fm².
    pub(super) fn at(&self, q: f64) -> (f64, f64) {
        let mut sums = (0.0, 0.0);
        for (_, amplitude, share) in &self.0 {
            let f = amplitude.at(q);
            sums.0 += share * f * f;
            sums.1 += share * f;
        }
        (sums.0, sums.1 * sums.1)
    }

    /// `<S(Q) (λ/λ')^power>`: Compton scattering of the mean atom, electrons², with the recoil as a detector sees it; Q in 1/Å, λ in Å.
    pub(super) fn compton(&self, q: f64, wavelength: f64, power: i32) -> f64 {
        let kept = compton::energy_kept(q, wavelength).powi(power);
        // Where there is a form factor there is a table.
        self.0.iter().map(|(element, _, share)| share * compton::incoherent(*element, q).unwrap_or(0.0) * kept).sum()
    }
}

/// Why a text is no formula.
fn trouble(formula: &str) -> String {
    if formula.trim().is_empty() {
        return "no formula is given, and form factors need one".to_owned();
    }
    let mut open = 0_i32;
    for c in formula.chars() {
        open += i32::from(c == '(') - i32::from(c == ')');
        if open < 0 {
            return "a bracket is closed that was not opened".to_owned();
        }
        if !c.is_ascii_alphanumeric() && !c.is_whitespace() && !"()+-.,_".contains(c) {
            return format!("'{c}' does not belong into a formula");
        }
    }
    if open > 0 {
        return "a bracket is opened and not closed".to_owned();
    }
    symbols(formula)
        .into_iter()
        .find(|symbol| composition(symbol).is_none())
        .map_or_else(|| "a count is no positive number".to_owned(), |symbol| format!("\"{symbol}\" is no element"))
}

/// The words of letters, each beginning with its capital.
fn symbols(formula: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = false;
    for c in formula.chars() {
        match found.last_mut().filter(|_| inside && c.is_ascii_lowercase()) {
            Some(word) => word.push(c),
            None if c.is_ascii_alphabetic() => found.push(c.to_string()),
            None => {}
        }
        inside = c.is_ascii_alphabetic();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_formula_is_told() {
        for (formula, told) in [
            ("", "no formula"),
            ("Ni(OH", "not closed"),
            ("NiOH)2", "not opened"),
            ("Co(Im)2", "\"Im\" is no element"),
            ("CoC6Xx", "\"Xx\" is no element"),
            ("ni", "\"ni\" is no element"),
            ("Ni0", "count"),
            ("Ni²", "'²'"),
            ("Lr", "Lr has no form factor"),
        ] {
            let error = Atoms::of(formula, Radiation::Xray).unwrap_err().to_string();
            assert!(error.contains(told), "{formula}: {error}");
        }
        // Titanium and zirconium of the null alloy: -3.438 and 7.16 fm.
        for (formula, told) in [("Po", "Po has no neutron scattering length"), ("Ti0.6756 Zr0.3244", "cancel")] {
            let error = Atoms::of(formula, Radiation::Neutron).unwrap_err().to_string();
            assert!(error.contains(told), "{formula}: {error}");
        }
    }

    #[test]
    fn means_are_over_atoms() {
        let (square, mean) = Atoms::of("Ni2 O2", Radiation::Xray).unwrap().at(0.0);
        // Z of the table at Q = 0: 27.996 and 7.999.
        assert!((square - f64::midpoint(28.0 * 28.0, 64.0)).abs() < 0.2 && (mean - 18.0 * 18.0).abs() < 0.2);
    }
}
