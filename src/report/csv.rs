//! Bonds as comma-separated values: a header line, no comments.

use std::fmt::Write;

use super::esd;
use crate::histogram::BondSeries;
use crate::outcome::BondResult;

/// `histogram.csv`: one line per bin of every kind of bond; edges in Å.
///
/// ```
/// assert_eq!(corefine::report::histogram_csv(&[]), "pair,from,to,count\n");
/// ```
pub fn histogram_csv(kinds: &[BondResult]) -> String {
    let mut text = String::from("pair,from,to,count\n");
    for kind in kinds {
        for bin in &kind.histogram {
            // Writing to a String cannot fail.
            let _ =
                writeln!(text, "{},{},{},{}", field(&kind.pair), number(bin.from), number(bin.to), number(bin.count));
        }
    }
    text
}

/// Bonds of a trajectory, one line per frame: its number, mean length and standard deviation (Å), share beyond the cutoff.
pub fn bond_series_csv(series: &BondSeries) -> String {
    let mut text = String::from("pair,frame,mean,sd,fraction\n");
    for one in &series.frames {
        let (mean, sd, fraction) = (number(one.mean), number(one.sd), number(one.fraction));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{},{},{mean},{sd},{fraction}", field(&series.pair), one.frame);
    }
    text
}

/// The answer in one line: `Zn-N: mean 2.010(2) Å, standard deviation 0.08 Å, 1.2(3) % beyond 2.25 Å, in 140 frames`.
pub fn bond_series_sentence(series: &BondSeries) -> String {
    let percent = esd::short(100.0 * series.fraction, series.fraction_esd.map(|esd| 100.0 * esd));
    let mean = esd::short(series.mean, series.mean_esd);
    let (pair, sd, cutoff, frames) = (&series.pair, series.sd, series.cutoff, series.frames.len());
    format!("{pair}: mean {mean} Å, standard deviation {sd:.4} Å, {percent} % beyond {cutoff} Å, in {frames} frames")
}

/// `bonds.csv`: every bond of every kind, distances in Å; `esd` is empty where there is none, `broken` is 0 or 1.
pub fn bonds_csv(kinds: &[BondResult]) -> String {
    let mut text = String::from("pair,from,to,distance,esd,weight,broken\n");
    for kind in kinds {
        for bond in &kind.bonds {
            let esd = bond.esd.map_or_else(String::new, number);
            let _ = writeln!(
                text,
                "{},{},{},{},{esd},{},{}",
                field(&kind.pair),
                field(&bond.from),
                field(&bond.to),
                number(bond.distance),
                number(bond.weight),
                u8::from(bond.distance > kind.cutoff),
            );
        }
    }
    text
}

/// Six decimals at most: bin edges are sums of steps, and nobody measures a picometre's millionth.
pub(crate) fn number(x: f64) -> String {
    let rounded = (x * 1e6).round() / 1e6;
    if rounded.is_finite() { format!("{}", rounded + 0.0) } else { String::new() }
}

/// A field, in quotes where it holds a comma, a quote or a line break (RFC 4180).
pub(crate) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_no_rounding_noise() {
        assert_eq!(number(1.85 + 0.1 + 0.1 + 0.1), "2.15");
        assert_eq!(number(-0.0), "0");
        assert_eq!(number(f64::NAN), "");
    }

    #[test]
    fn fields_with_commas_are_quoted() {
        assert_eq!(field("Co-N"), "Co-N");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
