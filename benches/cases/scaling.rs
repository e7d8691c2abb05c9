//! How the cost grows: tables of neighbours and the exponents between them.

use crate::work::Row;
use crate::{Options, shown, watch};

/// One axis along which a case grows.
struct Axis {
    title: &'static str,
    unit: &'static str,
    /// The size, the threads and the name of each row's case.
    rows: Vec<(f64, usize, String)>,
}

/// Prints a table for each axis and hands the rows back.
pub fn run(options: &Options) -> Vec<Row> {
    let mut all = Vec::new();
    for axis in axes(options) {
        println!(
            "\n{}\n\n| {} | s | again s | exponent | peak MB | |\n|---|---|---|---|---|---|",
            axis.title, axis.unit
        );
        let mut before: Option<(f64, f64)> = None;
        for (size, threads, case) in &axis.rows {
            let row = watch::run(case, *threads, options);
            let now = row.seconds.map(|seconds| (*size, seconds));
            print_row(*size, &row, exponent(before, now));
            before = now;
            all.push(row);
        }
    }
    all
}

/// `ln(t2 / t1) / ln(x2 / x1)`.
fn exponent(before: Option<(f64, f64)>, now: Option<(f64, f64)>) -> Option<f64> {
    let ((x1, t1), (x2, t2)) = (before?, now?);
    Some((t2 / t1).ln() / (x2 / x1).ln())
}

fn print_row(size: f64, row: &Row, exponent: Option<f64>) {
    let again = row.also.get("again_s").or(row.also.get("jacobian_s")).copied();
    println!(
        "| {size} | {} | {} | {} | {} | {} |",
        shown(row.seconds),
        shown(again),
        exponent.map_or("-".to_owned(), |value| format!("{value:.2}")),
        row.peak_mb.map_or("-".to_owned(), |value| format!("{value:.0}")),
        row.skipped.clone().unwrap_or_default()
    );
}

fn axes(options: &Options) -> Vec<Axis> {
    let threads = options.threads[0];
    let atoms = |rmax: u32| {
        let sizes: &[u32] =
            if options.quick { &[52, 416, 3_328] } else { &[52, 416, 3_328, 26_624, 212_992, 1_000_000] };
        sizes.iter().map(|n| (f64::from(*n), threads, format!("atoms-{n}-{rmax}"))).collect()
    };
    let ranges: &[u32] = if options.quick { &[5, 10, 20] } else { &[5, 10, 20, 40, 60, 80, 100] };
    let counts: &[u32] = if options.quick { &[12, 48] } else { &[12, 48, 150, 420, 1_248] };
    let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let pools = std::iter::successors(Some(1), |n| Some(n * 2)).take_while(|n| *n <= all);
    vec![
        Axis { title: "Atoms at constant density, G(r) to 10 Å", unit: "atoms", rows: atoms(10) },
        Axis { title: "Atoms at constant density, G(r) to 20 Å", unit: "atoms", rows: atoms(20) },
        Axis {
            title: "Range of r, 416 atoms",
            unit: "rmax, Å",
            rows: ranges.iter().map(|r| (f64::from(*r), threads, format!("gr-{r}"))).collect(),
        },
        Axis {
            title: "Coordinates refined, 416 atoms, to 4.5 Å (again: one Jacobian)",
            unit: "parameters",
            rows: counts.iter().map(|n| (f64::from(*n), threads, format!("lm-{n}-4.5"))).collect(),
        },
        Axis {
            title: "Threads, G(r) of 416 atoms to 20 Å",
            unit: "threads",
            rows: pools.map(|n| (n as f64, n, "gr-20".to_owned())).collect(),
        },
    ]
}
