//! The parts of one evaluation, each on its own: `cargo bench --bench parts`, in half a minute with `-- --quick`.

#[allow(dead_code)]
#[path = "cases/structures.rs"]
mod structures;

use std::hint::black_box;
use std::time::Duration;

use corefine::curve::{Factors, Map, Measurement};
use corefine::engine::{Cpu, Engine, Peaks};
use corefine::job::{Compat, Job, Vary};
use corefine::lines::{Part, RowTable, Shape, lines, narrowest};
use corefine::lm::{self, Options};
use corefine::pairs::Pairs;
use corefine::params::{Binding, State};
use corefine::pattern::{Abscissa, Pattern};
use corefine::reduce::Reducer;
use corefine::reduction::Reduction;
use corefine::report::reduced_files;
use corefine::scattering::xray;
use corefine::tangent::Tangent;
use criterion::{Criterion, criterion_group, criterion_main};
use nalgebra::{DMatrix, DVector};

/// The command's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The widest peak of the flagship, Å: two H, U 0.03 Å² each.
const WIDEST: f64 = 0.245;
const RMAX: f64 = 8.0;

/// The flagship to 8 Å with its Co free, and everything that one evaluation passes on.
struct Evaluation {
    state: State,
    tangents: Vec<Tangent>,
    measurement: Measurement,
    shape: Shape,
    widths: (f64, f64),
    map: Map,
    pairs: Pairs,
}

impl Evaluation {
    fn new() -> Self {
        let model = structures::flagship();
        let start = structures::state(&model);
        let text =
            r#"#![enable(implicit_some)] (structure: "", data: (file: "", rmin: 1, rmax: 8), set: { "qdamp": 0.069 })"#;
        let mut job: Job = ron::from_str(text).expect("a job");
        job.refine = vec![("xyz.Co".to_owned(), Vary::default())];
        let binding = Binding::new(&job, &model, &start.crystal).expect("Co is there");
        let p = binding.start();
        let state = binding.state(&p).expect("the start");
        let tangents = binding.tangents(&state, &p).expect("its tangents");
        let measurement = structures::measurement(RMAX, Compat::None);
        let near = Pairs::find(&state.crystal, RMAX);
        let shape = |sum| Shape { delta1: 0.0, delta2: 0.0, qbroad: 0.0, sratio: 1.0, rcut: 0.0, sum };
        let least = narrowest(&state.crystal, &near, &shape(corefine::lines::Sum::Exact));
        let widths = (least, WIDEST);
        let map = Map::new(&measurement, &state.crystal, structures::QDAMP, 0.6 * widths.0, 1.3 * widths.1);
        let map = map.expect("a map");
        let pairs = Pairs::find(&state.crystal, map.reach);
        Self { shape: shape(map.sum), state, tangents, measurement, widths, map, pairs }
    }

    fn peaks(&self, tangents: &[Tangent]) -> Peaks {
        let table = RowTable::new(&self.state.crystal, tangents);
        let crystal = &self.state.crystal;
        let whole = Part { from: 0.0, to: self.pairs.reach, value: true };
        lines(crystal, &self.pairs, (&self.pairs.list, &whole), &self.shape, &self.map.grid, tangents, &table).peaks
    }
}

fn evaluation(criterion: &mut Criterion) {
    let it = Evaluation::new();
    let crystal = &it.state.crystal;
    criterion.bench_function("pairs to 8 A", |b| b.iter(|| Pairs::find(black_box(crystal), RMAX)));
    criterion.bench_function("lines", |b| b.iter(|| it.peaks(&[])));
    criterion.bench_function("lines with 48 columns", |b| b.iter(|| it.peaks(&it.tangents)));
    let plain = it.peaks(&[]);
    criterion.bench_function("broadening", |b| b.iter(|| Cpu.broaden(black_box(&plain))));
    let columns = it.peaks(&it.tangents);
    criterion.bench_function("columns: broadening with 48", |b| b.iter(|| Cpu.broaden(black_box(&columns))));
    maps(criterion, &it, &columns);
}

fn maps(criterion: &mut Criterion, it: &Evaluation, columns: &Peaks) {
    let crystal = &it.state.crystal;
    let (low, high) = it.widths;
    criterion.bench_function("map made", |b| {
        b.iter(|| Map::new(&it.measurement, crystal, structures::QDAMP, 0.6 * low, 1.3 * high));
    });
    let table = RowTable::new(crystal, &it.tangents);
    let rows = Cpu.broaden(columns).expect("the CPU does not fail");
    let factors = Factors { scale: 1.0, qdamp: structures::QDAMP, spdiameter: 0.0, stepcut: 0.0 };
    criterion.bench_function("map used on the curve and 48 columns", |b| {
        b.iter(|| it.map.curves(crystal, &factors, &it.tangents, &table, rows.clone()));
    });
}

/// Residuals that are linear in the parameters: what is left is the step itself.
struct Straight {
    jacobian: DMatrix<f64>,
    residuals: DVector<f64>,
}

impl lm::Problem for Straight {
    type Error = std::convert::Infallible;

    fn residuals(&mut self, p: &DVector<f64>) -> Result<DVector<f64>, Self::Error> {
        Ok(&self.residuals + &self.jacobian * p)
    }

    fn jacobian(&mut self, _: &DVector<f64>) -> Result<DMatrix<f64>, Self::Error> {
        Ok(self.jacobian.clone())
    }
}

fn steps(criterion: &mut Criterion) {
    for (points, parameters) in [(351, 56), (351, 300)] {
        // Waves of all lengths: columns that are alike, as those of a curve are.
        let jacobian =
            DMatrix::from_fn(points, parameters, |i, j| (0.01 * i as f64 * (1.0 + 0.3 * j as f64) + j as f64).sin());
        let mut straight = Straight { jacobian, residuals: DVector::from_fn(points, |i, _| (0.2 * i as f64).cos()) };
        let options = Options { max_iterations: 1, ..Options::default() };
        criterion.bench_function(&format!("lm step, {parameters} parameters"), |b| {
            b.iter(|| lm::minimise(&mut straight, DVector::zeros(parameters), &options, &mut lm::silent));
        });
    }
}

/// 2500 points with uncertainties and a background, to G(r) at 0 to 100 Å: the first pattern of a series, and a further one.
fn reductions(criterion: &mut Criterion) {
    let q: Vec<f64> = (1..=2500).map(|k| 0.01 * f64::from(k)).collect();
    let nickel = "Ni".parse().expect("an element");
    let intensity =
        |q: &f64| 100.0 + xray::f0(nickel, *q).expect("in the table").powi(2) * (1.0 + 0.3 * (2.5 * q).sin());
    let pattern = |intensity: Vec<f64>| Pattern {
        name: String::new(),
        abscissa: Some(Abscissa::Q),
        x: q.clone(),
        uncertainty: intensity.iter().map(|i: &f64| i.sqrt()).collect(),
        intensity,
        wavelength: None,
        warnings: Vec::new(),
    };
    let (sample, empty) = (pattern(q.iter().map(intensity).collect()), pattern(vec![100.0; q.len()]));
    let settings = Reduction { composition: "Ni".to_owned(), rmax: 100.0, ..Reduction::default() };
    criterion.bench_function("reduction, the first", |b| {
        b.iter(|| Reducer::new(&settings).and_then(|mut new| new.reduce(black_box(&sample), Some(&empty))));
    });
    let mut reducer = Reducer::new(&settings).expect("settings that can be");
    criterion.bench_function("reduction, one more", |b| b.iter(|| reducer.reduce(black_box(&sample), Some(&empty))));
    let plain = Pattern { uncertainty: Vec::new(), ..sample.clone() };
    criterion.bench_function("reduction, one more, without uncertainties", |b| {
        b.iter(|| reducer.reduce(black_box(&plain), Some(&empty)));
    });
    let reduced = reducer.reduce(&sample, Some(&empty)).expect("a pattern");
    criterion.bench_function("its four files as text", |b| b.iter(|| reduced_files(black_box(&reduced))));
}

fn settings() -> Criterion {
    let times = Criterion::default().warm_up_time(Duration::from_millis(500));
    times.measurement_time(Duration::from_secs(2)).sample_size(20)
}

criterion_group!(name = parts; config = settings(); targets = evaluation, steps, reductions);
criterion_main!(parts);
