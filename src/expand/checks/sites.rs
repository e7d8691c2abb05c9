//! Occupancies and displacement parameters that cannot be.

use super::{Complaint, Severity};
use crate::model::{Adp, Model, Site};

const NEGATIVE: &str = "a mean square displacement must be positive (0.005 Å² is usual)";
const NOT_DEFINITE: &str = "Uij must be positive definite; correct them or use Uiso";
const REST: &str = "atoms are at perfect rest; give them a U (0.005 Å² is usual)";

/// Everything about single sites.
pub(super) fn sites(model: &Model) -> Vec<Complaint> {
    model.sites.iter().flat_map(|site| occupancy(site).into_iter().chain(displacement(model, site))).collect()
}

fn complaint(severity: Severity, what: &'static str, who: String) -> Complaint {
    Complaint { severity, what, who }
}

fn occupancy(site: &Site) -> Option<Complaint> {
    let who = format!("{} has {}", site.label, site.occ);
    let what = match site.occ {
        occ if occ < 0.0 || !occ.is_finite() => (Severity::Error, "an occupancy must lie between 0 and 1"),
        occ if occ > 1.0 + 1e-6 => (Severity::Warning, "an occupancy above 1 is more than one atom"),
        0.0 => (Severity::Note, "an empty site adds nothing"),
        _ => return None,
    };
    Some(complaint(what.0, what.1, who))
}

/// Negative, zero or non-positive-definite U of one site.
fn displacement(model: &Model, site: &Site) -> impl Iterator<Item = Complaint> {
    let label = &site.label;
    let first = match site.adp {
        Some(Adp::Iso(u)) => isotropic(label, "Uiso", u),
        Some(Adp::Aniso(u)) => anisotropic(model, label, u),
        None => Some(complaint(Severity::Warning, "no U is given, and Uiso 0.005 Å² is used", label.clone())),
    };
    let beyond = site.beyond.and_then(|beyond| isotropic(label, "second Uiso", beyond.uiso));
    let inside = site.inside.and_then(|u| isotropic(label, "Uiso inside molecules", u));
    [first, beyond, inside].into_iter().flatten()
}

fn isotropic(label: &str, what: &str, u: f64) -> Option<Complaint> {
    let who = format!("{label} has {what} {u}");
    if u < 0.0 || !u.is_finite() {
        return Some(complaint(Severity::Error, NEGATIVE, who));
    }
    (u == 0.0).then(|| complaint(Severity::Warning, REST, who))
}

fn anisotropic(model: &Model, label: &str, u: [f64; 6]) -> Option<Complaint> {
    if u.iter().any(|x| !x.is_finite()) {
        return Some(complaint(Severity::Error, NEGATIVE, format!("{label} has Uij {u:?}")));
    }
    // Below a billionth of Å² an eigenvalue is 0 but for rounding.
    let smallest = Adp::Aniso(u).cartesian(&model.cell).symmetric_eigenvalues().min();
    let who = format!("{label} has Uij {u:?}, {smallest:.5} Å² along one axis");
    match smallest {
        s if s < -1e-9 => Some(complaint(Severity::Error, NOT_DEFINITE, who)),
        s if s < 1e-9 => Some(complaint(Severity::Warning, REST, who)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_message_names_the_default() {
        assert!((crate::expand::DEFAULT_UISO - 0.005).abs() < 1e-15, "change the texts above as well");
    }
}
