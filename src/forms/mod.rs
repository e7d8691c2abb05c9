//! The forms in which a pair distribution is written, and the ways between them.
//!
//! ```text
//! G(r)   = 4π r ρ0 [g(r) - 1]          D(r) = <b>² G(r)          T(r) = D(r) + 4π r ρ0 <b>²
//! G_K(r) = <b>² [g(r) - 1]             RDF(r) = r G(r) + 4π r² ρ0
//! F(Q)   = Q [S(Q) - 1]                i(Q) = S(Q) - 1
//! G(r)   = (2/π) ∫ F(Q) sin(Qr) dQ     F(Q) = ∫ G(r) sin(Qr) dr
//! ```
//!
//! (D. A. Keen, J. Appl. Cryst. **34** (2001) 172, whose G(r) is G_K here; Farrow et al. 2007, J. Phys.: Condens. Matter
//! 19, 335219.) ρ0: number density, 1/Å³. `<b>²`: square of the mean scattering length; 1 for X-ray data that were divided by
//! `<f>²` already, as GudrunX writes D(r).
//!
//! [`Line`] goes from G to each form in r and from F to each in Q, point by point; [`Even`] goes between r and Q by a pair of
//! sums that invert each other to rounding.

mod convert;
mod even;

pub use convert::{Route, convert};
pub use even::{Even, MOST};

use std::f64::consts::PI;

use crate::observed::Form;

/// What some forms need to know of the sample; `None` where nobody said.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sample {
    /// ρ0, 1/Å³.
    pub number_density: Option<f64>,
    /// `<b>²`, in the unit that D, T and G_K shall have (barn, fm², or 1).
    pub b_squared: Option<f64>,
}

/// A form that cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// ρ0 is not known.
    #[error(
        "{} needs the number density; say it in atoms per Å³ (--number-density), or add a line `# number_density = ...` to the header",
        _0.word()
    )]
    NumberDensity(Form),
    /// There is no ρ0.
    #[error(
        "{} holds a number density, and the curve is that of an isolated cluster, which has none: write it as G, D, F, S or i; or take \
         `# cluster = true` out of the header and say the density of what you take the particles for",
        _0.word()
    )]
    Cluster(Form),
    /// `<b>²` is not known.
    #[error(
        "{} needs <b>², the square of the mean scattering length; say it (--b-squared), or add a line `# b_squared = ...` to the \
         header",
        _0.word()
    )]
    BSquared(Form),
    /// A curve in r that begins late, and no ρ0 to continue it with.
    #[error(
        "the curve begins too late to be brought to Q; say the number density in atoms per Å³ (--number-density), and it is continued \
         to r = 0 as -4π r ρ0"
    )]
    Hole,
    /// Points that no even grid of a reasonable size holds.
    #[error(
        "there are fewer than two points, or too many would be needed (more than 2 million); look at the abscissae, give a smaller --rmax \
         or a larger --rstep"
    )]
    Grid,
}

/// `y = factor · p + offset` at one x, with p = G(r) for forms in r and F(Q) for forms in Q.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// By which G or F is multiplied.
    pub factor: f64,
    /// What is added.
    pub offset: f64,
}

impl Line {
    /// From G(r) or F(Q) to `form` at `x` (r in Å or Q in 1/Å, above 0).
    ///
    /// # Errors
    /// Where ρ0 or `<b>²` is needed and not known.
    ///
    /// ```
    /// use corefine::forms::{Line, Sample};
    /// use corefine::observed::Form;
    /// let sample = Sample { number_density: Some(0.0914), b_squared: Some(1.0) };
    /// let rdf = Line::to(Form::Rdf, 2.5, &sample).unwrap();
    /// // Where G(r) = -4π r ρ0 there are no pairs.
    /// assert!(rdf.apply(-4.0 * std::f64::consts::PI * 2.5 * 0.0914).abs() < 1e-12);
    /// assert!((rdf.back(rdf.apply(3.0)) - 3.0).abs() < 1e-14);
    /// ```
    pub fn to(form: Form, x: f64, sample: &Sample) -> Result<Self, FormError> {
        let baseline = || sample.number_density.map(|density| 4.0 * PI * x * density);
        let baseline = || baseline().ok_or(FormError::NumberDensity(form));
        let b_squared = || sample.b_squared.ok_or(FormError::BSquared(form));
        let (factor, offset) = match form {
            Form::G | Form::FofQ => (1.0, 0.0),
            Form::SmallG => (1.0 / baseline()?, 1.0),
            Form::D => (b_squared()?, 0.0),
            Form::T => (b_squared()?, baseline()? * b_squared()?),
            Form::Keen => (b_squared()? / baseline()?, 0.0),
            Form::Rdf => (x, x * baseline()?),
            Form::IofQ => (1.0 / x, 0.0),
            Form::SofQ => (1.0 / x, 1.0),
        };
        Ok(Self { factor, offset })
    }

    /// The form's value where G or F is `p`.
    pub fn apply(&self, p: f64) -> f64 {
        self.factor * p + self.offset
    }

    /// G or F where the form's value is `y`.
    pub fn back(&self, y: f64) -> f64 {
        (y - self.offset) / self.factor
    }
}

/// Does the form hold the number density?
pub fn has_density(form: Form) -> bool {
    matches!(form, Form::SmallG | Form::T | Form::Keen | Form::Rdf)
}

/// Does the form, divided by x, say nothing at x = 0 or divide by it there?
pub fn is_open_at_zero(form: Form) -> bool {
    matches!(form, Form::SmallG | Form::Keen | Form::SofQ | Form::IofQ | Form::Rdf)
}

/// The equation of a form in ASCII without a sign of equality, for headers, and its unit.
pub fn words(form: Form) -> (&'static str, &'static str) {
    match form {
        Form::G => ("G(r): 4 pi r rho0 [g(r) - 1]", "1/A^2"),
        Form::SmallG => ("g(r): G(r) / (4 pi r rho0) + 1", "no unit"),
        Form::D => ("D(r): <b>^2 G(r)", "<b>^2/A^2"),
        Form::T => ("T(r): <b>^2 [G(r) + 4 pi r rho0]", "<b>^2/A^2"),
        Form::Keen => ("G_K(r): <b>^2 [g(r) - 1], the G(r) of Keen 2001", "<b>^2"),
        Form::Rdf => ("RDF(r): r G(r) + 4 pi r^2 rho0", "1/A"),
        Form::SofQ => ("S(Q): F(Q) / Q + 1", "no unit"),
        Form::IofQ => ("i(Q): S(Q) - 1", "no unit"),
        Form::FofQ => ("F(Q): Q [S(Q) - 1]", "1/A"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Sample = Sample { number_density: Some(0.0423), b_squared: Some(0.37) };

    #[test]
    fn every_form_goes_back() {
        for form in Form::ALL {
            for x in [0.02, 1.3, 47.0] {
                let line = Line::to(form, x, &SAMPLE).unwrap();
                for p in [-3.0, 0.0, 0.7] {
                    assert!((line.back(line.apply(p)) - p).abs() < 1e-12, "{form:?} {x} {p}");
                }
            }
        }
    }

    /// Keen's equations among the forms, none of them by way of G.
    #[test]
    fn forms_are_those_of_keen() {
        let (r, p) = (2.7, 1.9);
        let at = |form| Line::to(form, r, &SAMPLE).unwrap().apply(p);
        let (density, b_squared) = (SAMPLE.number_density.unwrap(), SAMPLE.b_squared.unwrap());
        let baseline = 4.0 * PI * r * density;
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} {b}");
        near(at(Form::D), baseline * at(Form::Keen));
        near(at(Form::T), at(Form::D) + baseline * b_squared);
        near(at(Form::Keen), b_squared * (at(Form::SmallG) - 1.0));
        near(at(Form::Rdf), 4.0 * PI * r * r * density * at(Form::SmallG));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let none = Sample::default();
        assert_eq!(Line::to(Form::SmallG, 1.0, &none), Err(FormError::NumberDensity(Form::SmallG)));
        assert_eq!(Line::to(Form::D, 1.0, &none), Err(FormError::BSquared(Form::D)));
        assert!(FormError::NumberDensity(Form::T).to_string().starts_with("T needs the number density; "));
        assert!(Line::to(Form::SofQ, 1.0, &none).is_ok());
    }
}
