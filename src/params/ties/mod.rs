//! Ties: parameters that are computed from others by a formula, `Uiso.C = 1.2 * Uiso.N + 0.001`.
//!
//! A formula may hold numbers (`1.2`, `1e-3`), `pi`, names of parameters, `+ - * / ^`, brackets, and the functions
//! `sqrt exp ln log10 sin cos tan asin acos atan sinh cosh tanh`
//! (angles in radians). `-x^2` means `-(x^2)` and `a^b^c` means `a^(b^c)`, as on paper. A name with
//! other signs than letters, digits and `_ . ' @` stands in braces: `{x.H1*}`.
//!
//! ```
//! use corefine::params::ties::Tie;
//!
//! let tie = Tie::parse("Uiso.C = 1.2 * Uiso.N + 0.001")?;
//! let lookup = |name: &str| (name == "Uiso.N").then_some(0.01);
//! assert_eq!(tie.target(), "Uiso.C");
//! assert!((tie.value(&lookup)? - 0.013).abs() < 1e-15);
//! assert_eq!(tie.derivatives(&lookup)?, [("Uiso.N".to_owned(), 1.2)]);
//! # Ok::<(), corefine::params::ties::TieError>(())
//! ```

mod formula;
mod order;

use formula::Formula;
pub use order::order;

/// A parameter and the formula that it is computed by.
#[derive(Debug, Clone)]
pub struct Tie {
    target: String,
    text: String,
    formula: Formula,
}

/// What can be wrong with a tie.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TieError {
    /// Not of the form `name = formula`.
    #[error("tie \"{tie}\": expected one parameter, one \"=\" and a formula, as in \"Uiso.C = 1.2 * Uiso.N\"")]
    Form {
        /// The whole tie.
        tie: String,
    },
    /// The right side is no formula.
    #[error(
        "tie \"{tie}\": {problem} (character {column}); a formula may hold numbers, names of parameters, + - * / ^, brackets, pi and {}; a name with other signs stands in braces",
        formula::function_names()
    )]
    Formula {
        /// The whole tie.
        tie: String,
        /// Where in it, in characters from 1.
        column: usize,
        /// What stands there.
        problem: String,
    },
    /// The formula uses its own result.
    #[error("tie \"{tie}\": {target} stands on both sides; compute it from other parameters")]
    Itself {
        /// The whole tie.
        tie: String,
        /// The parameter.
        target: String,
    },
    /// A name that is no parameter.
    #[error("tie \"{tie}\": there is no parameter {name}{}; `corefine init` lists those of a structure", suggestion(nearest.as_ref()))]
    Unknown {
        /// The whole tie.
        tie: String,
        /// The name.
        name: String,
        /// A parameter of nearly this name, see [`TieError::suggest`].
        nearest: Option<String>,
    },
    /// Two formulas for one parameter.
    #[error("ties \"{first}\" and \"{second}\" both set {target}; keep one of them")]
    Twice {
        /// The parameter.
        target: String,
        /// The earlier tie.
        first: String,
        /// The later tie.
        second: String,
    },
    /// Ties that wait for each other.
    #[error("ties go round in a circle: {}; compute one of these from something else", chain.join(" <- "))]
    Circle {
        /// The parameters; each is computed from the next, and the last is the first.
        chain: Vec<String>,
    },
    /// The formula has no finite value.
    #[error(
        "tie \"{tie}\": {what} is {value} at {}; keep the parameters where the formula can be computed, by bounds if need be",
        at(point)
    )]
    NotFinite {
        /// The whole tie.
        tie: String,
        /// `the value` or `the derivative by x`.
        what: String,
        /// What came out.
        value: f64,
        /// The parameters it came from.
        point: Vec<(String, f64)>,
    },
}

fn suggestion(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean {name}?)"))
}

fn at(point: &[(String, f64)]) -> String {
    if point.is_empty() {
        return "any values".to_owned();
    }
    point.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
}

impl TieError {
    /// Adds the most similar of the known names to a complaint about an unknown one.
    #[must_use]
    pub fn suggest<'a>(self, known: impl IntoIterator<Item = &'a str>) -> Self {
        match self {
            Self::Unknown { tie, name, .. } => {
                let nearest = order::nearest(&name, known).map(str::to_owned);
                Self::Unknown { tie, name, nearest }
            }
            other => other,
        }
    }
}

impl Tie {
    /// Reads `target = formula`.
    pub fn parse(text: &str) -> Result<Self, TieError> {
        let text = text.trim();
        let (target, formula) = formula::split(text)?;
        let formula = formula::read(text, formula)?;
        if formula.variables.contains(&target) {
            return Err(TieError::Itself { tie: text.to_owned(), target });
        }
        Ok(Self { target, text: text.to_owned(), formula })
    }

    /// The parameter on the left.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The tie as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tie with a number added to its formula, as text.
    pub fn raised(&self, by: f64) -> String {
        format!("{} {} {:e}", self.text, if by < 0.0 { "-" } else { "+" }, by.abs())
    }

    /// The parameters on the right, each once, as they come.
    pub fn variables(&self) -> &[String] {
        &self.formula.variables
    }

    /// The value of the target, from the values of the variables.
    pub fn value(&self, lookup: &dyn Fn(&str) -> Option<f64>) -> Result<f64, TieError> {
        let point = self.point(lookup)?;
        // No variable has this index: the value alone is asked for.
        let (value, _) = self.formula.value_and_slope(&point, usize::MAX);
        self.finite(value, &point, || "the value".to_owned())
    }

    /// `∂target / ∂variable` for each of the variables, in their order.
    pub fn derivatives(&self, lookup: &dyn Fn(&str) -> Option<f64>) -> Result<Vec<(String, f64)>, TieError> {
        let point = self.point(lookup)?;
        let derivative = |(i, name): (usize, &String)| {
            let (_, slope) = self.formula.value_and_slope(&point, i);
            let slope = self.finite(slope, &point, || format!("the derivative by {name}"))?;
            Ok((name.clone(), slope))
        };
        self.variables().iter().enumerate().map(derivative).collect()
    }

    fn point(&self, lookup: &dyn Fn(&str) -> Option<f64>) -> Result<Vec<f64>, TieError> {
        self.variables().iter().map(|name| lookup(name).ok_or_else(|| self.unknown(name))).collect()
    }

    fn unknown(&self, name: &str) -> TieError {
        TieError::Unknown { tie: self.text.clone(), name: name.to_owned(), nearest: None }
    }

    fn finite(&self, value: f64, point: &[f64], what: impl Fn() -> String) -> Result<f64, TieError> {
        if value.is_finite() {
            return Ok(value);
        }
        let point = self.variables().iter().cloned().zip(point.iter().copied()).collect();
        Err(TieError::NotFinite { tie: self.text.clone(), what: what(), value, point })
    }
}

#[cfg(test)]
mod tests {
    use exmex::Express;

    use super::*;

    fn lookup(name: &str) -> Option<f64> {
        match name {
            "Uiso.N" => Some(0.7),
            "x.Co1" => Some(-0.4),
            "x.H1*" => Some(1.3),
            "b" => Some(0.0),
            _ => None,
        }
    }

    fn value(formula: &str) -> f64 {
        Tie::parse(&format!("a = {formula}")).unwrap().value(&lookup).unwrap()
    }

    #[test]
    fn formulas_mean_what_they_mean_on_paper() {
        let (n, x): (f64, f64) = (0.7, -0.4);
        for (formula, expected) in [
            ("1.2 * Uiso.N + 0.001", 1.2 * n + 0.001),
            ("1e-3*Uiso.N", 1e-3 * n),
            ("2E+2 + .5", 200.5),
            ("-x.Co1^2", -x * x),
            ("2^-2", 0.25),
            ("2^3^2", 512.0),
            ("1 - 2 - 3", -4.0),
            ("8 / 4 / 2", 1.0),
            ("8 / -4 * 2", -4.0),
            ("1 - -x.Co1", 1.0 + x),
            ("+Uiso.N", n),
            ("{x.H1*} * {Uiso.N}", 1.3 * n),
            ("sqrt(Uiso.N) + ln(Uiso.N) * exp(-Uiso.N)", n.sqrt() + n.ln() * (-n).exp()),
            ("cos(pi / 3)", 0.5),
            ("((x.Co1))", x),
            ("0.25", 0.25),
            ("1e-300 * 1e300", 1.0),
        ] {
            assert!(
                (value(formula) - expected).abs() <= 1e-15 * expected.abs().max(1.0),
                "{formula}: {}",
                value(formula)
            );
        }
    }

    /// Where both read a formula alike (exmex takes `-x^2` for `(-x)^2` and knows no `1e-3`), they must agree.
    #[test]
    fn values_match_another_reader() {
        for formula in [
            "1.2*n + 0.001 - x/n/3",
            "(n + x)*(n - x)^2",
            "sqrt(n) * exp(0-x) + cos(x) - atan(n*x)",
            "tanh(n)/(1+n^3) - x",
        ] {
            let other: exmex::FlatEx<f64> = exmex::parse(formula).unwrap();
            let expected = other.eval(&[0.7, -0.4]).unwrap();
            let tie = Tie::parse(&format!("a = {formula}")).unwrap();
            let found = tie.value(&|name| Some(if name == "n" { 0.7 } else { -0.4 })).unwrap();
            assert!((found - expected).abs() < 1e-15, "{formula}: {found}, not {expected}");
        }
    }

    /// A difference with h = 1e-6 is good to 1e-10 in functions whose values and third derivatives are near 1.
    #[test]
    fn derivatives_match_central_differences() {
        for formula in [
            "1.2 * Uiso.N + 0.001",
            "x.Co1^2 - x.Co1^3",
            "x.Co1 / Uiso.N / (1 + x.Co1^2)",
            "Uiso.N^x.Co1",
            "-x.Co1 * Uiso.N * x.Co1",
            "b^2 + b * x.Co1",
            "2^Uiso.N",
            "sqrt(Uiso.N) + ln(Uiso.N) - log10(Uiso.N) * exp(x.Co1)",
            "sin(x.Co1) + cos(x.Co1 * Uiso.N) + tan(Uiso.N) * asin(x.Co1) + acos(x.Co1) + atan(Uiso.N)",
            "sinh(x.Co1) - cosh(Uiso.N) * tanh(x.Co1)",
            "(Uiso.N + 1)^(x.Co1 + 2)",
        ] {
            let tie = Tie::parse(&format!("a = {formula}")).unwrap();
            for (name, derivative) in tie.derivatives(&lookup).unwrap() {
                let h = 1e-6;
                let shifted = |h: f64| tie.value(&|n| lookup(n).map(|v| if n == name { v + h } else { v })).unwrap();
                let difference = (shifted(h) - shifted(-h)) / (2.0 * h);
                assert!((difference - derivative).abs() < 1e-8, "{formula} by {name}: {derivative}, not {difference}");
            }
        }
    }

    #[test]
    fn what_is_no_tie_is_refused_in_words() {
        for (text, expected) in [
            ("Uiso.C", "tie \"Uiso.C\": expected one parameter, one \"=\""),
            ("a = b = c", "expected one parameter, one \"=\""),
            ("2 * a = b", "expected one parameter, one \"=\""),
            (" = b", "expected one parameter, one \"=\""),
            ("a = ", "the formula ends where a number, a name or a bracket should stand (character 4)"),
            ("a = 2 b", "expected + - * / ^ or the end, found \"b\" (character 7)"),
            ("a = 2 * (b", "a bracket is not closed (character 11)"),
            ("a = b)", "expected + - * / ^ or the end, found \")\" (character 6)"),
            ("a = f(b)", "there is no function f (character 5)"),
            ("a = b $ c", "or the end, found \"$ c\" (character 7)"),
            ("a = b * $", "\"$\" means nothing here (character 9)"),
            ("a = {b", "a brace is not closed (character 5)"),
            ("a = {}", "a name is empty, or has a brace in it (character 5)"),
            ("a = 1.2.3", "\"1.2.3\" is no number (character 5)"),
            ("a = b + a", "a stands on both sides"),
        ] {
            let message = Tie::parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn size_is_limited() {
        let message = |formula: String| Tie::parse(&format!("a = {formula}")).unwrap_err().to_string();
        assert!(message(format!("{}b{}", "(".repeat(99), ")".repeat(99))).contains("nested more than"));
        assert!(message("-".repeat(99)).contains("nested more than"));
        assert!(message("b^".repeat(99)).contains("nested more than"));
        assert!(message("b+".repeat(100_000)).contains("more than 2000 characters"));
    }

    #[test]
    fn the_longest_formula_has_derivatives() {
        for formula in [
            "b*".repeat(900) + "b",
            "b/".repeat(900) + "b",
            "b+".repeat(900) + "b",
            "sin(".repeat(24) + "b" + &")".repeat(24),
        ] {
            let tie = Tie::parse(&format!("a = {formula}")).unwrap();
            assert!(tie.derivatives(&|_| Some(1.0)).unwrap()[0].1.is_finite());
        }
    }

    #[test]
    fn no_number_comes_of_a_logarithm_of_nothing() {
        let tie = Tie::parse("a = ln(b)").unwrap();
        let message = tie.value(&lookup).unwrap_err().to_string();
        assert!(message.contains("the value is -inf at b = 0"), "{message}");
        assert!(matches!(Tie::parse("a = q").unwrap().value(&lookup), Err(TieError::Unknown { .. })));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[ab.0-9eE+*/^(){}=, πxsqrtln-]{0,40}") {
            if let Ok(tie) = Tie::parse(&text) {
                let _ = (tie.value(&|_| Some(0.5)), tie.derivatives(&|_| Some(0.5)));
            }
            if let Ok(tie) = Tie::parse(&format!("target = {text}")) {
                let _ = (tie.value(&|_| Some(0.0)), tie.derivatives(&|_| Some(0.0)));
            }
        }
    }
}
