//! Pictures of what the members of an ensemble share: medians, with the intervals that hold 50 and 90 % of the members.

use super::plot::draw;
use super::plot::{Axis, AxisKind, Figure, Mark, Series, Shape, Size, extent, padded};
use super::tables::{dashed, decimals};
use crate::outcome::{BinAnswer, BondAnswer, Interval};

/// `14 % [12, 17]`: a fraction of 1 with its 90 % interval; of a difference with signs.
///
/// ```
/// use corefine::{outcome::Interval, report::with_interval};
/// let found = Interval { median: 0.14, interval50: [0.13, 0.15], interval90: [0.12, 0.17] };
/// assert_eq!(with_interval(&found, false), "14 % [12, 17]");
/// assert_eq!(with_interval(&found, true), "+14 % [+12, +17]");
/// ```
pub fn with_interval(fraction: &Interval, signed: bool) -> String {
    let whole = |x: f64| match format!("{:.0}", 100.0 * x) {
        zero if zero == "-0" => "0".to_owned(),
        percent if signed && percent != "0" && x > 0.0 => format!("+{percent}"),
        percent => percent,
    };
    let [low, high] = fraction.interval90;
    format!("{} % [{}, {}]", whole(fraction.median), whole(low), whole(high))
}

/// `[12, 17]` of values times `by`.
pub(crate) fn interval90(interval: &Interval, by: f64, places: usize) -> String {
    let [low, high] = interval.interval90.map(|end| decimals(by * end + 0.0, places));
    format!("[{low}, {high}]")
}

/// `1.970 Å [1.966, 1.978]`
pub(crate) fn length(interval: &Interval) -> String {
    format!("{} Å {}", decimals(interval.median, 3), interval90(interval, 1.0, 3))
}

/// The broken fraction of a kind of bonds.
pub(crate) fn fraction_of(bond: &BondAnswer) -> Interval {
    Interval { median: bond.fraction, interval50: bond.fraction_interval50, interval90: bond.fraction_interval90 }
}

/// Axes that several pictures share, so that they can be compared by eye.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axes {
    lengths: (f64, f64),
    cutoffs: (f64, f64),
    highest: f64,
    most_broken: f64,
}

impl Axes {
    /// Wide enough for all of them.
    pub(crate) fn of(kinds: &[&BondAnswer]) -> Self {
        let bins = || kinds.iter().flat_map(|kind| &kind.histogram);
        let edges: Vec<f64> = bins().flat_map(|bin| [bin.from, bin.to]).chain(kinds.iter().map(|k| k.cutoff)).collect();
        let counts: Vec<f64> = bins().map(|bin| bin.count.interval90[1]).collect();
        let curve = || kinds.iter().flat_map(|kind| &kind.fraction_by_cutoff);
        let cutoffs: Vec<f64> = curve().map(|at| at.cutoff).collect();
        let broken: Vec<f64> = curve().map(|at| 100.0 * at.fraction.interval90[1]).collect();
        let most = |values: &[f64]| extent(values).map_or(1.0, |(_, high)| high).max(1.0);
        Self {
            lengths: padded(extent(&edges), 0.02),
            cutoffs: padded(extent(&cutoffs), 0.0),
            highest: 1.15 * most(&counts),
            most_broken: 1.05 * most(&broken),
        }
    }
}

/// The lengths of one kind of bonds: a bar for the median count of each bin, whiskers for its intervals, the cutoff.
pub(crate) fn histogram(id: &str, bond: &BondAnswer, axes: Axes, stamp: &str) -> String {
    let pair = dashed(&bond.pair);
    let from = |bins: &[BinAnswer]| bins.iter().map(|bin| bin.from).collect::<Vec<_>>();
    let mut grids = vec![from(&bond.histogram)];
    let mut series = Vec::new();
    for (name, class, bins) in by_cutoff(bond) {
        series.push(bars(name, class, &bins).on_grid(grids.len()));
        grids.push(from(&bins));
    }
    series.extend([
        whiskers("90 %", "whisker90", &bond.histogram, 4.0, |bin| bin.count.interval90),
        whiskers("50 %", "whisker50", &bond.histogram, 0.0, |bin| bin.count.interval50),
    ]);
    draw::figure(&Figure {
        id: id.to_owned(),
        title: format!("Histogram of the {pair} lengths"),
        description: format!(
            "Median number of {pair} bonds per bin of length, with the intervals that hold 50 and 90 % of the members; \
             the cutoff is at {} Å.",
            bond.cutoff
        ),
        size: Size::Half,
        x: Axis::new(&format!("{pair} length"), "Å", axes.lengths, AxisKind::Linear),
        y: Axis::new("bonds", "", (0.0, axes.highest), AxisKind::Count),
        grids,
        series,
        marks: vec![cutoff(bond)],
        stamp: stamp.to_owned(),
        link: format!("length {}", bond.pair),
    })
}

/// Bins on either side of the cutoff, and the one that holds it; those that there are.
fn by_cutoff(bond: &BondAnswer) -> Vec<(&'static str, &'static str, Vec<BinAnswer>)> {
    let within = |bin: &BinAnswer| bin.to <= bond.cutoff;
    let beyond = |bin: &BinAnswer| bin.from >= bond.cutoff;
    let of = |is: &dyn Fn(&BinAnswer) -> bool| bond.histogram.iter().filter(|bin| is(bin)).copied().collect();
    let parts: [(_, _, Vec<BinAnswer>); 3] = [
        ("within the cutoff", "intact", of(&within)),
        ("holds the cutoff", "straddle", of(&|bin| !within(bin) && !beyond(bin))),
        ("beyond: broken", "broken", of(&beyond)),
    ];
    parts.into_iter().filter(|(_, _, bins)| !bins.is_empty()).collect()
}

fn edges_to(bins: &[BinAnswer]) -> Vec<f64> {
    bins.iter().map(|bin| bin.to).collect()
}

fn bars(name: &str, class: &str, bins: &[BinAnswer]) -> Series {
    let counts = bins.iter().map(|bin| bin.count.median).collect();
    let shape = Shape::Bars { to: edges_to(bins), base: vec![0.0; bins.len()] };
    Series { shape, ..Series::line(name, class, counts) }
}

fn whiskers(name: &str, class: &str, bins: &[BinAnswer], cap: f64, ends: impl Fn(&BinAnswer) -> [f64; 2]) -> Series {
    let (base, high) = bins.iter().map(|bin| ends(bin).into()).unzip();
    Series { shape: Shape::Whiskers { to: edges_to(bins), base, cap }, ..Series::line(name, class, high) }
}

fn cutoff(bond: &BondAnswer) -> Mark {
    Mark::Vertical { x: bond.cutoff, text: format!("cutoff {} Å", bond.cutoff), class: "cutoff" }
}

/// How the broken fraction moves with the cutoff: the median, in bands that hold 50 and 90 % of the members.
pub(crate) fn fraction(id: &str, bond: &BondAnswer, axes: Axes, stamp: &str) -> String {
    let curve = &bond.fraction_by_cutoff;
    let of = |what: &dyn Fn(&Interval) -> f64| curve.iter().map(|at| 100.0 * what(&at.fraction)).collect::<Vec<_>>();
    let band = |name, class, low: &dyn Fn(&Interval) -> f64, high: &dyn Fn(&Interval) -> f64| {
        Series::band(name, class, of(low), of(high))
    };
    draw::figure(&Figure {
        id: id.to_owned(),
        title: format!("Broken fraction of {} against the cutoff", dashed(&bond.pair)),
        description:
            "Percentage of bonds longer than the cutoff, as the cutoff moves: the median of the members, and bands \
                      that hold 50 and 90 % of them."
                .to_owned(),
        size: Size::Half,
        x: Axis::new("cutoff", "Å", axes.cutoffs, AxisKind::Linear),
        y: Axis::new("broken", "%", (0.0, axes.most_broken), AxisKind::Linear),
        grids: vec![curve.iter().map(|at| at.cutoff).collect()],
        series: vec![
            band("90 %", "band90", &|f| f.interval90[0], &|f| f.interval90[1]),
            band("50 %", "band50", &|f| f.interval50[0], &|f| f.interval50[1]),
            Series::line("median", "broken-line", of(&|f| f.median)),
        ],
        marks: vec![Mark::Vertical { x: bond.cutoff, text: with_interval(&fraction_of(bond), false), class: "cutoff" }],
        stamp: stamp.to_owned(),
        link: format!("cutoff {}", bond.pair),
    })
}
