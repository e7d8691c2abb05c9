//! The GPU engine against the CPU engine, on peaks that know no physics.
//!
//! Every comparison is made by the `check` engine, so that it holds the difference to the argued bound at each point.
//! Without an adapter the tests say so and pass; with `COREFINE_REQUIRE_GPU=1` they fail.
#![cfg(feature = "gpu")]

mod support;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use corefine::engine::check::{Check, compare};
use corefine::engine::fastest::{Fastest, term_points};
use corefine::engine::gpu::{Choice, Fault, Gpu, adapters, error_bound};
use corefine::engine::{Cpu, Engine, Grid, Peak, Peaks, Rows, Term};
use support::gpu::gpu;

/// Numbers that are the same everywhere (xorshift64*).
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

/// Peaks at random places on and around the grid, each with a term in each row that `kind` names.
fn random_peaks(
    seed: u64,
    grid: Grid,
    rows: usize,
    n: usize,
    term: impl Fn(&mut Random, u32) -> Option<Term>,
) -> Peaks {
    let mut random = Random(seed);
    let (first, last) = (grid.first as f64, (grid.first + grid.n) as f64);
    let places = |random: &mut Random| (random.between(first - 200.0, last + 200.0).max(0.0) * grid.step).max(0.0);
    let mut at: Vec<f64> = (0..n).map(|_| places(&mut random)).collect();
    at.sort_by(f64::total_cmp);
    let mut peaks = Peaks { grid, rows, peaks: Vec::new(), start: vec![0], terms: Vec::new() };
    for r in at {
        let sigma = random.between(0.02, 0.3);
        let center = (r / grid.step).round();
        let half = (5.5 * sigma / grid.step).ceil() as u32;
        peaks.peaks.push(Peak { center: center as u32, half, offset: r - center * grid.step, sigma });
        peaks.terms.extend((0..rows as u32).filter_map(|row| term(&mut random, row)));
        peaks.start.push(peaks.terms.len() as u32);
    }
    peaks
}

/// A Gaussian in row 0, and its changes with place and width, of both signs, in the others.
fn curve_and_columns(random: &mut Random, row: u32) -> Option<Term> {
    let a = random.between(0.1, 2.0);
    let sign = if random.unit() < 0.5 { -1.0 } else { 1.0 };
    match row % 4 {
        0 => Some(Term { row, a, b: 0.0, c: 0.0 }),
        1 => Some(Term { row, a: 0.01 * sign, b: sign * 30.0 * a, c: 0.0 }),
        2 => Some(Term { row, a: -40.0 * a, b: 0.0, c: 40.0 * a }),
        _ => (random.unit() < 0.1).then_some(Term { row, a: sign * a, b: -sign, c: a }),
    }
}

/// Holds the engine to its bound, tells how near it came, and, where asked, to a part of the row's largest value.
fn hold(name: &str, gpu: Gpu, peaks: &Peaks, of_largest: Option<f64>) -> Gpu {
    let mut check = Check::new(gpu);
    check.broaden(peaks).unwrap_or_else(|error| panic!("{name}: {error}"));
    if let Some(worst) = check.worst() {
        println!("{name}: {} on {}: {worst}", check.gpu.name(), peaks.peaks.len());
    }
    if let Some(allowed) = of_largest {
        let (got, want) = (check.gpu.broaden(peaks).expect("again"), Cpu.broaden(peaks).expect("the CPU"));
        // The aim: a part of the row's largest value, at every point.
        let mut scale = Rows::zeros(peaks.rows, peaks.grid.n);
        for row in 0..peaks.rows {
            let largest = want.row(row).iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            scale.row_mut(row).fill(allowed * largest);
        }
        let worst = compare(peaks, &got, &want, &scale).expect("points");
        println!("{name}: {:.2e} of the row's largest value at worst", worst.ratio() * allowed);
        assert!(worst.ratio() <= 1.0, "{name}: {worst}");
    }
    check.gpu
}

#[test]
fn random_peaks_agree() {
    let Some(gpu) = gpu() else { return };
    let grid = Grid { first: 150, step: 0.01, n: 2850 };
    let peaks = random_peaks(1, grid, 9, 6000, curve_and_columns);
    hold("random", gpu, &peaks, Some(1e-5));
}

/// Thousands of peaks at every point, far out, of one sign: rounding would grow in a sum without depth.
#[test]
fn dense_peaks_far_out_agree() {
    let Some(gpu) = gpu() else { return };
    let grid = Grid { first: 9000, step: 0.01, n: 200 };
    let peaks =
        random_peaks(2, grid, 1, 60_000, |random, row| Some(Term { row, a: random.between(0.5, 1.5), b: 0.0, c: 0.0 }));
    hold("dense", gpu, &peaks, Some(1e-5));
}

/// Pairs of terms that cancel to a millionth: the bound follows the terms, not what is left of them.
#[test]
fn cancellation_stays_within_the_bound() {
    let Some(gpu) = gpu() else { return };
    let grid = Grid { first: 100, step: 0.01, n: 500 };
    let mut peaks = random_peaks(3, grid, 2, 4000, |random, row| {
        Some(Term { row, a: random.between(-1e3, 1e3), b: random.between(-1e3, 1e3), c: 0.0 })
    });
    for pair in peaks.peaks.chunks_exact_mut(2) {
        pair[1] = pair[0];
    }
    for pair in peaks.terms.chunks_exact_mut(4) {
        for row in 0..2 {
            let Term { a, b, .. } = pair[row];
            pair[row + 2] = Term { a: -a * (1.0 + 1e-6), b: -b * (1.0 + 1e-6), ..pair[row + 2] };
        }
    }
    hold("cancelling", gpu, &peaks, None);
}

#[test]
fn odd_grids_and_rows_agree() {
    let Some(mut gpu) = gpu() else { return };
    for (first, n) in [(300, 1), (0, 1), (0, 64), (17, 65), (500, 63), (0, 0)] {
        let grid = Grid { first, step: 0.01, n };
        gpu = hold("odd grid", gpu, &random_peaks(4 + n as u64, grid, 4, 300, curve_and_columns), None);
    }
    let grid = Grid { first: 100, step: 0.01, n: 200 };
    let nothing = Peaks { grid, rows: 3, peaks: vec![], start: vec![0], terms: vec![] };
    assert_eq!(gpu.broaden(&nothing), Ok(Rows::zeros(3, 200)));
    let one_row_of_three =
        random_peaks(5, grid, 3, 300, |random, row| (row == 1).then(|| Term { row, a: random.unit(), b: 0.0, c: 0.0 }));
    let rows = gpu.broaden(&one_row_of_three).expect("rows");
    assert!(rows.row(0).iter().chain(rows.row(2)).all(|&value| value == 0.0));
    assert!(rows.row(1).iter().any(|&value| value != 0.0));
    let mut off_the_grid = one_row_of_three;
    off_the_grid.peaks.iter_mut().for_each(|peak| peak.center += 5000);
    assert_eq!(gpu.broaden(&off_the_grid), Ok(Rows::zeros(3, 200)));
}

/// More tiles than the 65 535 workgroups that WebGPU grants to a dispatch.
#[test]
fn many_tiles_agree() {
    let Some(gpu) = gpu() else { return };
    let grid = Grid { first: 100, step: 0.01, n: 64 * 70 };
    let peaks = random_peaks(6, grid, 1000, 100, |random, row| {
        (random.unit() < 0.5).then_some(Term { row, a: 1.0, b: 0.5, c: -0.25 })
    });
    hold("many tiles", gpu, &peaks, None);
}

/// Buffers of a few kilobytes: peaks in many parts, tiles in many dispatches, the same result.
#[test]
fn split_work_agrees() {
    let Some(gpu) = gpu() else { return };
    let grid = Grid { first: 150, step: 0.02, n: 900 };
    let peaks = random_peaks(7, grid, 6, 3000, curve_and_columns);
    let gpu = hold("split", gpu.with_most_bytes(8192), &peaks, None);
    // A peak with more terms than a buffer holds cannot be split.
    let mut small = gpu.with_most_bytes(4096);
    let wide = random_peaks(8, grid, 300, 2, |_, row| Some(Term { row, a: 1.0, b: 0.0, c: 0.0 }));
    let error = small.broaden(&wide).expect_err("too many terms").to_string();
    assert!(error.contains("one peak has 300 terms and a buffer of this adapter holds 256"), "{error}");
}

/// A call with fewer peaks after one with more finds nothing of the older ones; and the same work gives the same bits.
#[test]
fn buffers_are_reused_without_a_trace() {
    let Some(mut gpu) = gpu() else { return };
    let grid = Grid { first: 150, step: 0.01, n: 500 };
    let large = random_peaks(9, grid, 8, 4000, curve_and_columns);
    let small = random_peaks(10, grid, 3, 40, curve_and_columns);
    let first = gpu.broaden(&large).expect("large");
    gpu = hold("small after large", gpu, &small, None);
    assert_eq!(gpu.broaden(&large).expect("large again"), first);
}

#[test]
fn what_does_not_fit_f32_is_an_error() {
    let Some(mut gpu) = gpu() else { return };
    let grid = Grid { first: 150, step: 0.01, n: 100 };
    let mut peaks = random_peaks(11, grid, 1, 10, |_, row| Some(Term { row, a: 1e300, b: 0.0, c: 0.0 }));
    let error = gpu.broaden(&peaks).expect_err("beyond f32").to_string();
    assert!(error.contains("1e300") && error.contains("--engine cpu"), "{error}");
    for term in &mut peaks.terms {
        term.a = 3e38;
    }
    peaks.peaks.iter_mut().for_each(|peak| peak.center = 200);
    let error = gpu.broaden(&peaks).expect_err("the sum overflows").to_string();
    assert!(error.contains("row 0 at r = "), "{error}");
}

#[test]
fn faults_are_errors_and_auto_goes_on_without_the_gpu() {
    let grid = Grid { first: 150, step: 0.01, n: 300 };
    let peaks = random_peaks(12, grid, 4, 500, curve_and_columns);
    let want = Cpu.broaden(&peaks);
    for (fault, word, lasting) in [
        (Fault::Silent, "NaN", false),
        (Fault::Invalid, "pipeline", false),
        (Fault::Memory, "buffer size", false),
        (Fault::Shader, "shader", false),
        (Fault::Lost, "lost", true),
    ] {
        let Some(mut gpu) = gpu() else { return };
        gpu.inject_fault(fault, 0);
        let error = gpu.broaden(&peaks).expect_err("the fault").to_string();
        assert!(error.starts_with("the gpu (") && error.to_lowercase().contains(&word.to_lowercase()), "{error}");
        assert_eq!(gpu.broaden(&peaks).is_err(), lasting, "after {fault:?}");

        let Some(mut gpu) = support::gpu::gpu() else { return };
        gpu.inject_fault(fault, 0);
        let mut auto = Fastest::new(Cpu, || Ok(gpu), no_time).with_patience(Duration::ZERO);
        assert_eq!(auto.broaden(&peaks), want);
        assert!(auto.trouble().is_some_and(|trouble| trouble.ends_with("the CPU takes over")), "{:?}", auto.trouble());
    }
}

/// The device's own clock runs while the kernel does, and is part of the host's time; without being asked it stands still.
#[test]
fn the_device_times_its_own_work() {
    let Some(gpu) = gpu() else { return };
    assert_eq!(gpu.device_time(), None);
    let choice = Choice::Named(gpu.info().name.clone());
    let mut gpu = pollster::block_on(Gpu::open_timed(&choice)).expect("it could be opened before");
    let Some(before) = gpu.device_time() else {
        println!("{} has no clock", gpu.name());
        return;
    };
    assert_eq!(before, Duration::ZERO);
    let peaks = random_peaks(16, Grid { first: 150, step: 0.01, n: 1500 }, 6, 2000, curve_and_columns);
    let mut last = before;
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(gpu.broaden(&peaks).map(|rows| rows.len()), Ok(6));
        let (host, now) = (start.elapsed(), gpu.device_time().expect("a clock"));
        let kernel = now.saturating_sub(last);
        println!("{}: {kernel:?} of {host:?}", gpu.name());
        assert!(Duration::ZERO < kernel && kernel <= host, "{last:?}, {now:?}, {host:?}");
        last = now;
    }
}

/// A clock that stands still: no engine is the faster.
fn no_time() -> Duration {
    Duration::ZERO
}

/// The true clock decides; whatever it decides, rows are within the bound.
#[test]
fn auto_stays_within_the_bound_whichever_engine_it_takes() {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let Some(gpu) = gpu() else { return };
    let mut auto = Fastest::new(Cpu, || Ok(gpu), || START.elapsed()).with_patience(Duration::ZERO);
    for n in [20, 200, 2000] {
        let peaks = random_peaks(15, Grid { first: 150, step: 0.01, n: 1500 }, 6, n, curve_and_columns);
        let (want, bound) = (Cpu.broaden(&peaks).expect("the CPU"), error_bound(&peaks));
        for _ in 0..2 {
            let worst = compare(&peaks, &auto.broaden(&peaks).expect("auto"), &want, &bound).expect("points");
            assert!(worst.ratio() <= 1.0, "{}: {worst}", auto.name());
        }
        println!("{} terms times points: {}", term_points(&peaks), auto.name());
    }
    assert_eq!(auto.trouble(), None);
}

/// A program may refine on one thread and listen on another.
#[test]
fn the_engine_may_change_threads() {
    fn may_move<T: Send>() {}
    may_move::<Gpu>();
    may_move::<Fastest>();
}

#[test]
fn adapters_are_listed() {
    let listed = pollster::block_on(adapters());
    for adapter in &listed {
        println!("{} | {} | {} | {}", adapter.name, adapter.backend, adapter.kind, adapter.driver);
    }
    assert_eq!(listed.is_empty(), gpu().is_none());
}

/// `cargo test --test gpu -- --ignored --nocapture` prints times; a fit of 300 parameters over 30 Å is like this.
#[test]
#[ignore = "a measurement, not a test"]
fn times() {
    let Some(mut gpu) = gpu() else { return };
    let large = Grid { first: 0, step: 0.01, n: 3000 };
    let small = Grid { first: 100, step: 0.01, n: 350 };
    for (name, peaks) in [
        ("20000 peaks, 40 rows, 3000 points", random_peaks(13, large, 40, 20_000, curve_and_columns)),
        ("200 peaks, 60 rows, 350 points", random_peaks(14, small, 60, 200, curve_and_columns)),
    ] {
        let warm = gpu.broaden(&peaks).expect("warm");
        let gpu_time = best(|| gpu.broaden(&peaks).expect("the GPU"));
        let cpu_time = best(|| Cpu.broaden(&peaks).expect("the CPU"));
        let worst = compare(&peaks, &warm, &Cpu.broaden(&peaks).expect("the CPU"), &error_bound(&peaks));
        let terms = peaks.terms.len();
        println!("{name}, {terms} terms: {} {gpu_time:.2} ms, {} {cpu_time:.2} ms", gpu.name(), Cpu.name());
        println!("  worst: {}", worst.expect("points"));
    }
}

/// The shortest of five, ms.
fn best(mut work: impl FnMut() -> Rows) -> f64 {
    let one = |_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..5).map(one).fold(f64::INFINITY, f64::min)
}
