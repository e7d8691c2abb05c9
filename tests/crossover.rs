//! The `auto` engine with engines and a clock of the test's own: which one it takes, and when it asks.
#![cfg(feature = "gpu")]

use std::cell::{Cell, RefCell};
use std::time::Duration;

use corefine::engine::fastest::{Fastest, term_points};
use corefine::engine::gpu::GpuError;
use corefine::engine::gpu::error_bound;
use corefine::engine::{Cpu, Engine, EngineError, Grid, Peak, Peaks, Rows, Term};

thread_local! {
    /// The time, which only fake engines let pass.
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// Who was asked for how many terms times points.
    static ASKED: RefCell<Vec<(&'static str, u64)>> = const { RefCell::new(Vec::new()) };
}

fn now() -> Duration {
    NOW.get()
}

/// Who was asked since the last question.
fn asked() -> Vec<&'static str> {
    ASKED.take().into_iter().map(|(who, _)| who).collect()
}

/// The CPU's rows, changed in one point, after a time that the work decides.
struct Fake {
    name: &'static str,
    /// Microseconds for so many terms times points.
    time: fn(u64) -> u64,
    /// Added to the point of the largest bound, in units of that bound.
    off: f64,
    /// Calls that it lives.
    lives: usize,
}

fn fake(name: &'static str, time: fn(u64) -> u64) -> Fake {
    Fake { name, time, off: 0.0, lives: usize::MAX }
}

impl Engine for Fake {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        let size = term_points(peaks);
        ASKED.with_borrow_mut(|asked| asked.push((self.name, size)));
        NOW.set(NOW.get() + Duration::from_micros((self.time)(size)));
        if self.lives == 0 {
            return Err(EngineError { engine: self.name(), reason: "it died".to_owned() });
        }
        self.lives -= 1;
        let mut rows = Cpu.broaden(peaks)?;
        let bound = error_bound(peaks).values;
        let worst = (0..bound.len()).max_by(|&i, &k| bound[i].total_cmp(&bound[k])).expect("points");
        rows.values[worst] += self.off * bound[worst];
        Ok(rows)
    }
}

/// Two terms on each of 2¹⁰ points, `n` times.
fn peaks(n: usize) -> Peaks {
    let grid = Grid { first: 0, step: 0.01, n: 2048 };
    let terms = [Term { row: 0, a: 1.0, b: 0.0, c: 0.0 }, Term { row: 1, a: 1.0, b: -2.0, c: 0.5 }];
    Peaks {
        grid,
        rows: 2,
        peaks: vec![Peak { center: 1000, half: 512, offset: 0.002, sigma: 0.9 }; n],
        start: (0..=n as u32).map(|i| 2 * i).collect(),
        terms: terms.repeat(n),
    }
}

/// A microsecond for each 1024 on the one, 10 µs and a tenth of that on the other: even at 11 of them.
fn slow(size: u64) -> u64 {
    size / 1024
}

fn quick_after_a_while(size: u64) -> u64 {
    10 + size / 10240
}

fn auto(gpu: Fake) -> Fastest<Fake, Fake> {
    Fastest::new(fake("cpu", slow), || Ok(gpu), now).with_patience(Duration::ZERO)
}

#[test]
fn the_work_is_counted() {
    assert_eq!(term_points(&peaks(3)), 3 * 2 * 1025);
    let mut at_the_edge = peaks(1);
    at_the_edge.peaks[0].center = 0;
    assert_eq!(term_points(&at_the_edge), 2 * 513);
    at_the_edge.peaks[0].center = 5000;
    assert_eq!(term_points(&at_the_edge), 0);
}

#[test]
fn each_class_gets_the_faster_engine_and_is_measured_once() {
    let mut auto = auto(fake("gpu", quick_after_a_while));
    assert_eq!(auto.name(), "cpu");
    for (n, winner) in [(1, "cpu"), (4, "cpu"), (16, "gpu"), (64, "gpu")] {
        asked();
        assert_eq!(auto.broaden(&peaks(n)), Cpu.broaden(&peaks(n)));
        assert_eq!(asked(), ["cpu", "gpu", "gpu"], "{n}: both, the second twice");
        for same_class in [n, n + n / 2, n] {
            assert_eq!(auto.broaden(&peaks(same_class)), Cpu.broaden(&peaks(same_class)));
        }
        assert_eq!(asked(), [winner; 3], "{n}");
    }
    assert_eq!(auto.won(), [15, 17]);
    assert_eq!(auto.name(), "gpu for sums of 2^15, 2^17 terms times points, else cpu");
    assert!(!auto.exact() && auto.trouble().is_none() && auto.missing().is_none());
}

/// What a first run alone costs does not decide.
#[test]
fn the_first_run_is_not_the_one_that_counts() {
    thread_local!(static CALLS: Cell<u64> = const { Cell::new(0) });
    let warms_up = |_| {
        CALLS.set(CALLS.get() + 1);
        if CALLS.get() == 1 { 500 } else { 1 }
    };
    let mut auto = auto(fake("gpu", warms_up));
    auto.broaden(&peaks(64)).expect("rows");
    assert_eq!(auto.won(), [17]);
}

#[test]
fn a_hopeless_first_run_is_not_repeated() {
    let mut auto = auto(fake("gpu", |size| 30 * slow(size)));
    asked();
    auto.broaden(&peaks(64)).expect("rows");
    auto.broaden(&peaks(64)).expect("rows");
    assert_eq!(asked(), ["cpu", "gpu", "cpu"]);
}

/// The other engine is not even opened before the CPU was busy for some time with one class.
#[test]
fn short_work_never_waits_for_a_gpu() {
    thread_local!(static OPENED: Cell<bool> = const { Cell::new(false) });
    let open = || {
        OPENED.set(true);
        Ok(fake("gpu", |_| 0))
    };
    let mut auto = Fastest::new(fake("cpu", |_| 100), open, now).with_patience(Duration::from_micros(250));
    for _ in 0..3 {
        auto.broaden(&peaks(1)).expect("rows");
        auto.broaden(&peaks(8)).expect("rows");
        assert!(!OPENED.get());
    }
    asked();
    auto.broaden(&peaks(1)).expect("rows");
    assert!(OPENED.get());
    auto.broaden(&peaks(1)).expect("rows");
    assert_eq!(asked(), ["cpu", "gpu", "gpu", "gpu"]);
}

#[test]
fn a_gpu_that_fails_is_left_whenever_it_does() {
    for lives in 0..4 {
        let mut auto = auto(Fake { lives, ..fake("gpu", quick_after_a_while) });
        asked();
        for _ in 0..5 {
            assert_eq!(auto.broaden(&peaks(64)), Cpu.broaden(&peaks(64)), "{lives}");
        }
        assert_eq!(asked().iter().filter(|who| **who == "gpu").count(), lives + 1);
        assert_eq!(auto.trouble(), Some("the gpu engine failed: it died; the CPU takes over"));
        assert_eq!((auto.name().as_str(), auto.exact()), ("cpu", true));
    }
}

#[test]
fn a_gpu_beyond_the_bound_is_left_although_it_is_faster() {
    for off in [1.5, -1.5, f64::NAN] {
        let mut auto = auto(Fake { off, ..fake("gpu", quick_after_a_while) });
        asked();
        for n in [64, 64, 1] {
            assert_eq!(auto.broaden(&peaks(n)), Cpu.broaden(&peaks(n)), "{off}");
        }
        assert_eq!(asked(), ["cpu", "gpu", "cpu", "cpu"]);
        let trouble = auto.trouble().expect("said");
        assert!(trouble.starts_with("the gpu engine differs from the CPU beyond its bound: row "), "{trouble}");
        assert!(trouble.ends_with("; the CPU takes over"), "{trouble}");
    }
}

#[test]
fn a_gpu_within_the_bound_is_kept() {
    let mut auto = auto(Fake { off: 0.9, ..fake("gpu", quick_after_a_while) });
    let want = Cpu.broaden(&peaks(64)).expect("rows");
    assert_eq!(auto.broaden(&peaks(64)).as_ref(), Ok(&want), "the trial's rows are the CPU's");
    assert_ne!(auto.broaden(&peaks(64)).as_ref(), Ok(&want));
    assert_eq!((auto.won(), auto.trouble()), (vec![17], None));
}

#[test]
fn no_gpu_is_said_and_looked_for_once() {
    let open = || Err::<Fake, _>(GpuError::NoAdapter);
    let mut auto = Fastest::new(fake("cpu", slow), open, now).with_patience(Duration::ZERO);
    assert_eq!(auto.missing(), None);
    for n in [64, 1] {
        assert_eq!(auto.broaden(&peaks(n)), Cpu.broaden(&peaks(n)));
    }
    assert!(auto.missing().is_some_and(|reason| reason.starts_with("no adapter found")), "{:?}", auto.missing());
    assert_eq!((auto.name().as_str(), auto.exact(), auto.trouble()), ("cpu", true, None));
}

#[test]
fn a_gpu_that_cannot_be_opened_is_trouble() {
    let refused = GpuError::Open { adapter: "a card".into(), reason: "out of memory".into() };
    let mut auto = Fastest::new(fake("cpu", slow), || Err::<Fake, _>(refused), now).with_patience(Duration::ZERO);
    for n in [64, 1] {
        assert_eq!(auto.broaden(&peaks(n)), Cpu.broaden(&peaks(n)));
    }
    assert_eq!(auto.missing(), None);
    assert_eq!(auto.warnings(), ["a card could not be opened (out of memory); the CPU takes over"]);
    assert!(auto.exact());
}
