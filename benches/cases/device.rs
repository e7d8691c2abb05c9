//! A case by the `gpu` engine, and its largest sum by both engines side by side.

use std::time::Duration;

use corefine::engine::fastest::term_points;
use corefine::engine::gpu::{Choice, Gpu, Kind};
use corefine::engine::{Cpu, Engine, EngineError, Peaks, Rows};

use crate::work::{Adapter, Case, Row, median, timed};

/// Operations of a term at a point: 2 for t, 2 for -t²/2, 4 for the polynomial, 2 for the product and the sum. `exp` is
/// not counted, nor what the engines share out among terms or do where no term reaches.
const OPERATIONS: f64 = 10.0;

/// Times the case by the `gpu` engine, on hardware if there is any.
pub fn on_gpu(case: Case, budget: Duration) -> Result<Row, String> {
    if !case.has_gpu() {
        return Err("this case is not timed on a GPU".to_owned());
    }
    let mut gpu = pollster::block_on(Gpu::open_timed(&Choice::Any)).map_err(|error| error.to_string())?;
    let info = gpu.info();
    let adapter = Adapter { name: format!("{}, {}", info.name, info.backend), software: info.kind == Kind::Software };
    let mut row = Row { adapter: Some(adapter), ..Row::default() };
    let mut largest = Largest::default();
    timed(case, Duration::ZERO, &mut largest)?;
    side_by_side(&largest.peaks.ok_or("no sum was asked for")?, budget, &mut gpu, &mut row)?;
    // What there is, should the whole case take too long.
    row.print();
    let whole = timed(case, budget, &mut gpu)?;
    Ok(Row { seconds: whole.seconds, runs: whole.runs, ..row })
}

/// The same peaks by both engines; the GPU's first run, which makes its buffers, is not timed.
fn side_by_side(peaks: &Peaks, budget: Duration, gpu: &mut Gpu, row: &mut Row) -> Result<(), String> {
    let (cpu_s, _, _) = median(budget, || sum(&mut Cpu, peaks))?;
    sum(gpu, peaks)?;
    let before = gpu.device_time();
    let (gpu_s, runs, _) = median(budget, || sum(gpu, peaks))?;
    let also = [("sum_points", term_points(peaks) as f64), ("cpu_sum_s", cpu_s), ("gpu_sum_s", gpu_s)];
    row.also.extend(also.map(|(name, value)| (name.to_owned(), value)));
    if let (Some(before), Some(after)) = (before, gpu.device_time()) {
        row.also.insert("gpu_device_s".to_owned(), after.saturating_sub(before).as_secs_f64() / runs as f64);
    }
    Ok(())
}

fn sum(engine: &mut dyn Engine, peaks: &Peaks) -> Result<Rows, String> {
    engine.broaden(peaks).map_err(|error| error.to_string())
}

/// The CPU, and the largest sum that it was asked for.
#[derive(Default)]
struct Largest {
    peaks: Option<Peaks>,
    points: u64,
}

impl Engine for Largest {
    fn name(&self) -> String {
        Cpu.name()
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        let points = term_points(peaks);
        if points > self.points {
            (self.points, self.peaks) = (points, Some(peaks.clone()));
        }
        Cpu.broaden(peaks)
    }
}

/// The rates of both engines at the largest sum of each case.
pub fn print_rates(rows: &[Row]) {
    if rows.iter().all(|row| row.adapter.is_none()) {
        return;
    }
    println!(
        "\nThe largest sum of each case, in 1e9 terms times points per second; 1e9 operations per second in brackets.\n"
    );
    println!("| case | threads | adapter | software | terms x points | CPU | GPU, host's clock | GPU, its own clock |");
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows {
        if let (Some(adapter), Some(points)) = (&row.adapter, row.also.get("sum_points")) {
            let rate = |key| row.also.get(key).map_or("-".to_owned(), |seconds| rate(points / seconds));
            let software = if adapter.software { "yes" } else { "no" };
            let [cpu, gpu, device] = ["cpu_sum_s", "gpu_sum_s", "gpu_device_s"].map(rate);
            println!(
                "| {} | {} | {} | {software} | {points:.3e} | {cpu} | {gpu} | {device} |",
                row.case, row.threads, adapter.name
            );
        }
    }
}

fn rate(per_second: f64) -> String {
    format!("{} ({})", crate::short(1e-9 * per_second), crate::short(1e-9 * OPERATIONS * per_second))
}
