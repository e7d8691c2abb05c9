//! What the columns hold.

use super::text::words;

/// The meaning of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// r.
    R,
    /// Q.
    Q,
    /// A scattering angle.
    Angle,
    /// The curve, `G(r)`; the calculated one if a difference stands beside it.
    Curve,
    /// The curve, labelled as measured.
    Observed,
    /// The curve, labelled as calculated.
    Calculated,
    /// Observed less calculated.
    Difference,
    /// Uncertainty of the curve.
    Sigma,
    /// Anything else, the uncertainty of r among them.
    Other,
}

/// The labels of the columns.
pub(super) struct Labels<'a> {
    /// Their line, 1-based.
    pub line: usize,
    /// The label of the first column.
    pub first: &'a str,
    /// The label of the second column.
    pub second: &'a str,
    /// What they mean.
    pub roles: Vec<Role>,
}

impl Labels<'_> {
    /// The column with a role.
    pub fn column(&self, role: Role) -> Option<usize> {
        self.roles.iter().position(|&r| r == role)
    }
}

/// The last header line that begins with the name of an abscissa: `#L r G(r) dr dG(r)`, `r,G,dG`.
pub(super) fn find<'a>(header: &[(usize, &'a str)]) -> Option<Labels<'a>> {
    header.iter().rev().find_map(|&(line, text)| labels(line, text))
}

fn labels(line: usize, text: &str) -> Option<Labels<'_>> {
    let bare = text.trim_start().trim_start_matches(['#', '!', '%']);
    let bare = bare.strip_prefix("L ").or_else(|| bare.strip_prefix("L\t")).unwrap_or(bare);
    let names: Vec<&str> = words(bare).filter(|word| !word.starts_with('(')).collect();
    let [first, second, ..] = names[..] else { return None };
    let roles: Vec<Role> = names.iter().map(|name| role(name)).collect();
    let abscissa = matches!(roles[0], Role::R | Role::Q | Role::Angle);
    // "r = 5" or "x of y" in a title is no label line: a curve must follow.
    let curve = roles[1..].iter().any(|r| !matches!(r, Role::Other | Role::Sigma));
    (abscissa && curve).then_some(Labels { line, first, second, roles })
}

fn role(label: &str) -> Role {
    let bare: String = label.split('(').next().unwrap_or_default().chars().filter(|&c| c != '_').collect();
    match bare.to_ascii_lowercase().as_str() {
        "r" | "x" => Role::R,
        "q" => Role::Q,
        "2theta" | "2th" | "tth" | "twotheta" => Role::Angle,
        "g" | "gr" | "gofr" | "d" | "dofr" | "y" | "s" | "sq" | "f" | "fq" | "i" | "iq" | "intensity" | "t" | "gk"
        | "rdf" => Role::Curve,
        "gobs" | "gexp" | "yobs" | "obs" | "observed" => Role::Observed,
        "gcalc" | "gfit" | "ycalc" | "calc" | "calculated" => Role::Calculated,
        "gdiff" | "diff" | "ydiff" | "difference" => Role::Difference,
        "dg" | "dgr" | "dgobs" | "dy" | "ds" | "df" | "di" | "dd" | "dt" | "dgk" | "drdf" | "sigma" | "esd" | "err"
        | "error" => Role::Sigma,
        _ => Role::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(text: &str) -> Vec<Role> {
        labels(1, text).map(|l| l.roles).unwrap_or_default()
    }

    #[test]
    fn labels_of_every_program_are_understood() {
        use Role::{Calculated, Curve, Difference, Observed, Other, Q, R, Sigma};
        assert_eq!(roles("#L r G(r) dr dG(r)"), [R, Curve, Other, Sigma]);
        assert_eq!(roles("#L r(A)    G(r)    d_r    d_Gr"), [R, Curve, Other, Sigma]);
        assert_eq!(roles("#L r($\\AA$)  G($\\AA^{-2}$)"), [R, Curve]);
        assert_eq!(roles("# r (A)  G (1/A^2)"), [R, Curve]);
        assert_eq!(roles("#L r(A) G(r) d_r d_Gr Gdiff"), [R, Curve, Other, Sigma, Difference]);
        assert_eq!(roles("# r Gobs Gcalc diff dG"), [R, Observed, Calculated, Difference, Sigma]);
        assert_eq!(roles("# x ycalc y dy"), [R, Calculated, Curve, Sigma]);
        assert_eq!(roles("#L Q($\\AA^{-1}$)  S"), [Q, Curve]);
        assert_eq!(roles("r,G,dG"), [R, Curve, Sigma]);
    }

    #[test]
    fn prose_is_no_label_line() {
        for text in [
            "#L symbol valence fractions z",
            "r = 5",
            "#S 1 nickel",
            "",
            "#",
            "run=300K  background=x",
            "bank   angle   blendQmin",
        ] {
            assert!(roles(text).is_empty(), "{text}");
        }
    }
}
