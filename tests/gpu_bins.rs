//! Pairs in bins, counted on a GPU: the numbers of the CPU, pair for pair.
#![cfg(feature = "gpu")]

mod support;

use corefine::crystal::{Place, Points, classes};
use corefine::distances::{self, Bins};
use corefine::engine::check::Check;
use corefine::engine::gpu::{Fault, Gpu};
use corefine::engine::{Binned, Counter, Cpu, Engine, EngineError, Peaks, Rows};
use corefine::sample::Random;
use nalgebra::{Matrix3, Vector3};
use support::gpu::gpu;

/// Atoms anywhere, inside the cell and out of it.
fn anywhere(seed: u64, basis: Matrix3<f64>, of_kind: &[usize]) -> Points {
    let mut random = Random::new(seed, 0);
    let kinds = of_kind.iter().enumerate().flat_map(|(kind, n)| std::iter::repeat_n(kind, *n));
    let places = kinds.map(|kind| {
        let frac = Vector3::from_fn(|_, _| 3.0 * random.uniform() - 1.0);
        Place { frac, occ: 1.0, kind }
    });
    Points { basis, places: places.collect() }
}

fn skew(scale: f64) -> Matrix3<f64> {
    Matrix3::new(1.0, 0.35, -0.3, 0.0, 0.9, 0.42, 0.0, 0.0, 1.1) * scale
}

/// Holds the GPU's numbers to the CPU's, every one.
fn hold(name: &str, gpu: &mut Gpu, points: &Points, kinds: usize, bins: Bins) -> Binned {
    let all: Vec<_> = classes(kinds).collect();
    let got = gpu.count(points, &all, bins).unwrap_or_else(|error| panic!("{name}: {error}"));
    let want = distances::bins(points, &all, bins);
    for (class, (got, want)) in all.iter().zip(got.tables.iter().zip(&want)) {
        let wrong = (0..bins.count).find(|k| got[*k] != want[*k]);
        assert!(wrong.is_none(), "{name}: {class:?}, bin {wrong:?}: {} {}", got[wrong.unwrap()], want[wrong.unwrap()]);
    }
    got
}

fn pairs(binned: &Binned) -> u64 {
    binned.tables.iter().flatten().sum()
}

#[test]
fn every_pair_is_in_the_bin_where_the_cpu_has_it() {
    let Some(mut gpu) = gpu() else { return };
    for (seed, scale, of_kind, width, count) in [
        (1, 30.0, &[700, 300, 20][..], 0.01, 1200),
        // Far beyond half the cell, and one atom of a kind.
        (2, 7.3, &[30, 1][..], 0.019, 1500),
        // More bins than a workgroup holds, and far out.
        (3, 9.0, &[40, 12][..], 0.0107, 9000),
        // Bins so wide that few of them meet all tiles, and so narrow that places need all their bits.
        (4, 50.0, &[1500][..], 1.7, 5),
        (5, 14.0, &[90, 60][..], 0.0005, 20_000),
        // Long and thin.
        (6, 3.0, &[5, 3][..], 0.01, 2000),
    ] {
        let points = anywhere(seed, skew(scale), of_kind);
        let found = hold(&format!("{seed}"), &mut gpu, &points, of_kind.len(), Bins { width, count });
        assert!(pairs(&found) > 1000, "{seed}: {}", pairs(&found));
    }
    let thin = Matrix3::from_diagonal(&Vector3::new(200.0, 3.0, 4.0));
    hold("thin", &mut gpu, &anywhere(7, thin, &[150, 70]), 2, Bins { width: 0.01, count: 2000 });
}

/// Pairs near an edge are looked at twice: about as many as lie within twice the doubt of one.
#[test]
fn pairs_in_doubt_are_few_and_are_decided() {
    let Some(mut gpu) = gpu() else { return };
    let found = hold("doubt", &mut gpu, &anywhere(11, skew(40.0), &[2500]), 1, Bins { width: 0.001, count: 20_000 });
    let expected = pairs(&found) as f64 * 2.0 * corefine::engine::gpu::bins::DOUBT;
    assert!(expected > 10.0, "{expected}");
    assert!((found.decided as f64) < 2.0 * expected && found.decided as f64 > 0.5 * expected, "{found:?}");
}

/// In a lattice that stands still every pair may lie on an edge. Then the CPU counts, and the numbers are its own.
#[test]
fn a_still_lattice_is_left_to_the_cpu() {
    let Some(mut gpu) = gpu() else { return };
    let place = |n: usize| {
        let at = |k: usize| (n / 12_usize.pow(k as u32) % 12) as f64 / 12.0;
        Place { frac: Vector3::new(at(0), at(1), at(2)), occ: 1.0, kind: 0 }
    };
    let points = Points { basis: Matrix3::identity() * 24.0, places: (0..1728).map(place).collect() };
    let bins = Bins { width: 0.01, count: 900 };
    let got = gpu.count(&points, &[(0, 0)], bins).unwrap();
    assert_eq!(got, Binned::of(distances::bins(&points, &[(0, 0)], bins)));
    assert!(gpu.warnings()[0].contains("counted by the CPU"), "{:?}", gpu.warnings());
    // Six neighbours at 2 Å, each pair seen from one of its ends: on the edge of two bins they are all in the upper one.
    assert_eq!((got.tables[0][199], got.tables[0][200]), (0, 3 * 1728));
}

/// Two atoms at one place, one atom alone, none at all.
#[test]
fn few_atoms_are_counted_too() {
    let Some(mut gpu) = gpu() else { return };
    let bins = Bins { width: 0.013, count: 700 };
    let mut points = anywhere(21, skew(8.0), &[1]);
    hold("one", &mut gpu, &points, 1, bins);
    points.places.push(points.places[0]);
    let found = hold("two", &mut gpu, &points, 1, bins);
    assert_eq!(found.tables[0][0], 1);
    points.places.clear();
    assert_eq!(pairs(&hold("none", &mut gpu, &points, 1, bins)), 0);
}

/// Work in small parts gives the same numbers, and what does not fit at all says so.
#[test]
fn small_buffers_are_enough_or_too_small_aloud() {
    let Some(mut gpu) = gpu().map(|gpu| gpu.with_most_bytes(1 << 15)) else { return };
    let points = anywhere(31, skew(25.0), &[800, 200]);
    hold("parts", &mut gpu, &points, 2, Bins { width: 0.02, count: 600 });
    let error = gpu.count(&points, &[(0, 1)], Bins { width: 0.001, count: 12_000 }).expect_err("too many").to_string();
    assert!(error.contains("12002 numbers") && error.contains("--engine cpu"), "{error}");
}

#[test]
fn numbers_beyond_the_kernel_are_an_error() {
    let Some(mut gpu) = gpu() else { return };
    let points = anywhere(41, skew(25.0), &[100]);
    let error = gpu.count(&points, &[(0, 0)], Bins { width: 0.0004, count: 30_000 }).expect_err("too many").to_string();
    assert!(error.contains("30000 bins") && error.contains("wider bins"), "{error}");
}

#[test]
fn faults_are_errors_and_no_counts() {
    for fault in [Fault::Lost, Fault::Memory, Fault::Invalid, Fault::Shader, Fault::Silent] {
        let Some(mut gpu) = gpu() else { return };
        let points = anywhere(51, skew(12.0), &[60]);
        gpu.inject_fault(fault, 1);
        let bins = Bins { width: 0.02, count: 400 };
        gpu.count(&points, &[(0, 0)], bins).unwrap();
        let error = gpu.count(&points, &[(0, 0)], bins).expect_err("a fault").to_string();
        assert!(error.contains("engine failed"), "{fault:?}: {error}");
    }
}

/// A counter that loses a pair.
struct Off;

impl Engine for Off {
    fn name(&self) -> String {
        "off".into()
    }

    fn broaden(&mut self, peaks: &Peaks) -> Result<Rows, EngineError> {
        Cpu.broaden(peaks)
    }
}

impl Counter for Off {
    fn count(&mut self, points: &Points, classes: &[(usize, usize)], bins: Bins) -> Result<Binned, EngineError> {
        let mut binned = Cpu.count(points, classes, bins)?;
        // Pairs near edges that were decided are no excuse.
        binned.decided = 1000;
        *binned.tables[0].iter_mut().find(|n| **n > 0).unwrap() -= 1;
        Ok(binned)
    }
}

#[test]
fn check_counts_with_both_and_sees_one_pair_that_is_lost() {
    let points = anywhere(61, skew(15.0), &[100, 50]);
    let (classes, bins) = ([(0, 0), (0, 1), (1, 1)], Bins { width: 0.02, count: 500 });
    let error = Check::new(Off).count(&points, &classes, bins).expect_err("a pair is missing").to_string();
    assert!(error.contains("differ from the CPU's by 1 "), "{error}");
    let Some(gpu) = gpu() else { return };
    assert_eq!(Check::new(gpu).count(&points, &classes, bins), Cpu.count(&points, &classes, bins));
}
