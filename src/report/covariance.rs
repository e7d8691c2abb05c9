//! `.gcov` and `.fcov`: how the noise of the points of a reduced curve hangs together.

use std::fmt::Write;

use super::reduced::entries;
use crate::reduce::{covariance, nodes};
use crate::reduction::Reduced;

/// G(r) at `k π / qmax` with its covariance (1/Å⁴), for `numpy.loadtxt`: in each row r (Å), G (1/Å²), and the covariance with G of every row in turn.
/// `None` where the sample came without uncertainties.
///
/// The header has every setting, as that of a `.gr` has.
pub fn covariance_of_g(reduced: &Reduced) -> Option<String> {
    let found = covariance(reduced, &nodes(reduced))?;
    let mut text = head(reduced, "gcov");
    let _ = writeln!(text, "# t = loadtxt(FILE); r, G, C = t[:, 0], t[:, 1], t[:, 2:]");
    let _ = writeln!(text, "#L r(Å) G(r)(1/Å²) and {} columns C(1/Å⁴), in the order of the rows", found.r.len());
    text.reserve(17 * found.covariance.len());
    for (i, (r, g)) in found.r.iter().zip(&found.g).enumerate() {
        let _ = write!(text, "{r:.9} {g:.9e}");
        for c in found.covariance.row(i).iter() {
            let _ = write!(text, " {c:.9e}");
        }
        text.push('\n');
    }
    Some(text)
}

/// F(Q) from `qmin` to `qmax` with its covariance `C = diag(v) + a bᵀ + b aᵀ` (1/Å²): in each row Q (1/Å), F (1/Å), v, the columns of a, and
/// those of b. `None` where the sample came without uncertainties.
pub fn covariance_of_f(reduced: &Reduced) -> Option<String> {
    if reduced.df.is_empty() {
        return None;
    }
    let pairs = &reduced.covariance.shared;
    let (n, end) = (pairs.len(), 3 + pairs.len());
    let mut text = head(reduced, "fcov");
    let _ =
        writeln!(text, "# t = loadtxt(FILE); Q, F, v, a, b = t[:, 0], t[:, 1], t[:, 2], t[:, 3:{end}], t[:, {end}:]");
    let _ = writeln!(text, "# C = diag(v) + a @ b.T + b @ a.T");
    let _ = writeln!(text, "#L Q(1/Å) F(1/Å) v(1/Å²), {n} columns a, {n} columns b");
    let start = reduced.q.partition_point(|q| *q <= 0.0);
    for k in start..reduced.transformed() {
        let _ = write!(text, "{:.7} {:.9e} {:.9e}", reduced.q[k], reduced.f[k], reduced.covariance.own[k]);
        for column in pairs.iter().map(|[a, _]| a).chain(pairs.iter().map(|[_, b]| b)) {
            let _ = write!(text, " {:.9e}", column[k]);
        }
        text.push('\n');
    }
    Some(text)
}

/// Every setting as a comment, so that programs that know nothing of headers read on.
fn head(reduced: &Reduced, kind: &str) -> String {
    let mut text = format!("# version = corefine reduce {}\n", super::VERSION);
    for (key, value) in entries(reduced, kind) {
        let _ = writeln!(text, "# {key} = {value}");
    }
    text.push_str("#### start data\n");
    text
}
