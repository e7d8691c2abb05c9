//! The curve against an independent sum in f64: brute-force images, its own widths, plain midpoint rules. Nothing of
//! the crate is used but the form factors and the structs that hold the model.
//!
//! Two questions: is the sum that is documented computed right (to 1e-5 of the largest |G|), and how far is that sum,
//! which fades out some ripples past rmax, from one that goes on for 30 Å more (5e-4: the ripples of peaks that far
//! away, which fall off as 1/distance)?

mod support;

use std::f64::consts::PI;

use corefine::engine::Cpu;
use corefine::model::{Adp, Model, Profile};
use corefine::scattering::xray;
use nalgebra::{Matrix3, Vector3};
use support::curves::{apart, curve, hundredths, job, largest, state, xrays};
use support::structures::{p1, site_with};

fn model(cell: [f64; 6]) -> Model {
    let sites = vec![
        site_with("Co1", "Co", [0.11, 0.23, 0.31], Adp::Aniso([0.012, 0.018, 0.009, 0.002, -0.003, 0.001])),
        site_with("N1", "N", [0.37, 0.12, 0.05], Adp::Aniso([0.02, 0.011, 0.013, 0.003, 0.001, -0.004])),
        site_with("H1", "H", [0.78, 0.62, 0.55], Adp::Aniso([0.03, 0.025, 0.03, 0.0, 0.002, 0.0])),
    ];
    Model { profile: Profile { delta2: 1.1, ..Profile::default() }, ..p1(cell, sites) }
}

const QDAMP: f64 = 0.06;
const QBROAD: f64 = 0.02;
const QMAX: f64 = 22.7;

/// The basis by its textbook formula (International Tables B, 1.1.4).
fn basis([a, b, c, alpha, beta, gamma]: [f64; 6]) -> Matrix3<f64> {
    let [alpha, beta, gamma] = [alpha, beta, gamma].map(f64::to_radians);
    let x = (alpha.cos() - beta.cos() * gamma.cos()) / gamma.sin();
    let z = (1.0 - beta.cos().powi(2) - x * x).sqrt();
    Matrix3::new(a, b * gamma.cos(), c * beta.cos(), 0.0, b * gamma.sin(), c * x, 0.0, 0.0, c * z)
}

/// The documented end of the sum: it fades from 2 ripples past rmax to 6 ripples and the widest peak's tail past it.
fn documented_fade(model: &Model) -> impl Fn(f64) -> f64 {
    let (rmax, ripple) = (9.0_f64, 2.0 * PI / QMAX);
    let largest = model.sites.iter().map(|site| site.adp.unwrap().cartesian(&model.cell).symmetric_eigenvalues().max());
    let widest = 1.3 * (2.0 * largest.fold(0.0, f64::max) * (1.0 + (QBROAD * rmax).powi(2))).sqrt();
    let (from, to) = (rmax + 2.0 * ripple, rmax + 6.0 * ripple + 6.5 * widest);
    move |r| {
        let x = (r - from) / (to - from);
        match x {
            x if x <= 0.0 => 1.0,
            x if x >= 1.0 => 0.0,
            // e^(-1/(1-x)) / (e^(-1/(1-x)) + e^(-1/x))
            x => 1.0 / (1.0 + (1.0 / (1.0 - x) - 1.0 / x).exp()),
        }
    }
}

/// A slow end, 30 Å farther out.
fn far_fade(r: f64) -> f64 {
    0.5 + 0.5 * (PI * ((r - 16.0) / 23.0).clamp(0.0, 1.0)).cos()
}

/// G(r) at `r` by brute force: every image within `far`, the damped curve on a grid of 0.005 Å, 6000 points in Q.
fn brute(cell: [f64; 6], model: &Model, r: &[f64], qmin: f64, far: f64, fade: &dyn Fn(f64) -> f64) -> Vec<f64> {
    let a = basis(cell);
    let inverse = a.try_inverse().unwrap();
    let star = Vector3::new(inverse.row(0).norm(), inverse.row(1).norm(), inverse.row(2).norm());
    let u: Vec<Matrix3<f64>> = model
        .sites
        .iter()
        .map(|site| {
            let Some(Adp::Aniso([u11, u22, u33, u12, u13, u23])) = site.adp else { unreachable!() };
            let m = Matrix3::new(u11, u12, u13, u12, u22, u23, u13, u23, u33);
            let n = Matrix3::from_diagonal(&star);
            a * n * m * n * a.transpose()
        })
        .collect();
    let step = 0.005;
    let points = (far / step) as usize;
    let atoms = model.sites.len();
    let mut partial = vec![vec![0.0; points]; atoms * atoms];
    let n = (star * far).map(|x| x.ceil() as i64 + 1);
    for i in 0..atoms {
        for j in 0..atoms {
            for h in -n[0]..=n[0] {
                for k in -n[1]..=n[1] {
                    for l in -n[2]..=n[2] {
                        let shift = Vector3::new(h as f64, k as f64, l as f64);
                        let v = a * (model.sites[j].position.0 + shift - model.sites[i].position.0);
                        let d = v.norm();
                        if d < 1e-9 || d > far + 1.0 {
                            continue;
                        }
                        let square = (v.transpose() * (u[i] + u[j]) * v)[0] / (d * d);
                        let s = (square * (1.0 - 1.1 / (d * d) + (QBROAD * d).powi(2))).sqrt();
                        let from = (((d - 9.0 * s) / step).ceil().max(0.0)) as usize;
                        let to = (((d + 9.0 * s) / step) as usize).min(points.saturating_sub(1));
                        for (m, value) in partial[i * atoms + j].iter_mut().enumerate().take(to + 1).skip(from) {
                            let t = (m as f64 * step - d) / s;
                            *value += (-0.5 * t * t).exp() / (d * s * (2.0 * PI).sqrt());
                        }
                    }
                }
            }
        }
    }
    let volume = a.determinant();
    let nq = 6000;
    let dq = (QMAX - qmin) / f64::from(nq);
    let mut g = vec![0.0; r.len()];
    // Damped and faded partials, once.
    for curve in &mut partial {
        for (m, value) in curve.iter_mut().enumerate() {
            let x = m as f64 * step;
            *value = (*value - 4.0 * PI * x / volume) * (-0.5 * (x * QDAMP).powi(2)).exp() * fade(x);
        }
    }
    for k in 0..nq {
        let q = qmin + (f64::from(k) + 0.5) * dq;
        let f: Vec<f64> = model.sites.iter().map(|site| xray::f0(site.species, q).unwrap()).collect();
        let mean = f.iter().sum::<f64>() / f.len() as f64;
        let sines: Vec<f64> = (0..points).map(|m| (q * m as f64 * step).sin()).collect();
        let mut total = 0.0;
        for i in 0..atoms {
            for j in 0..atoms {
                let wave: f64 = partial[i * atoms + j].iter().zip(&sines).map(|(d, s)| d * s).sum::<f64>() * step;
                total += f[i] * f[j] * wave;
            }
        }
        let fq = total / (atoms as f64 * mean * mean);
        for (value, r) in g.iter_mut().zip(r) {
            *value += 2.0 / PI * fq * (q * r).sin() * dq;
        }
    }
    g
}

/// The largest difference in units of the largest |G|.
fn difference(cell: [f64; 6], qmin: f64, far: f64, fade: Option<&dyn Fn(f64) -> f64>) -> f64 {
    let model = model(cell);
    let r: Vec<f64> = (0..=90).map(|m| 0.1 * f64::from(m)).collect();
    let job = job(&format!(r#"set: {{ "qdamp": {QDAMP}, "qbroad": {QBROAD} }}"#));
    let got = curve(&state(&model, &job), &xrays(qmin, QMAX, r.clone()), &mut Cpu);
    let documented = documented_fade(&model);
    let want = brute(cell, &model, &r, qmin, far, fade.unwrap_or(&documented));
    let (worst, largest) = (apart(&got, &want), largest(&want));
    eprintln!("qmin {qmin}, summed to {far} Å: largest difference {worst:.1e} of max |G| = {largest:.2}");
    worst
}

const ORTHORHOMBIC: [f64; 6] = [4.2, 5.1, 6.3, 90.0, 90.0, 90.0];
const TRICLINIC: [f64; 6] = [4.1, 5.3, 6.2, 83.0, 97.0, 108.0];

#[test]
fn the_documented_sum_is_computed_right() {
    for cell in [ORTHORHOMBIC, TRICLINIC] {
        assert!(difference(cell, 0.0, 14.0, None) < 1e-5);
    }
}

#[test]
fn the_sum_is_long_enough() {
    for cell in [ORTHORHOMBIC, TRICLINIC] {
        assert!(difference(cell, 0.0, 40.0, Some(&far_fade)) < 5e-4);
    }
}

/// Without the part of the crystal that lies beyond the sum, this difference is 7e-3.
#[test]
fn a_lower_end_of_the_transform_is_that_of_the_crystal_without_end() {
    for cell in [ORTHORHOMBIC, TRICLINIC] {
        assert!(difference(cell, 0.4, 40.0, Some(&far_fade)) < 5e-4);
        // Here the first Bragg lines of the crystal are below qmin.
        assert!(difference(cell, 1.5, 40.0, Some(&far_fade)) < 5e-3);
    }
}

/// A particle ends, so its whole curve can be had and cut in Q by a plain sine transform there and back.
#[test]
fn a_lower_end_of_the_transform_is_that_of_the_whole_particle() {
    let mut model = model(ORTHORHOMBIC);
    model.profile.spdiameter = 20.0;
    let state = state(&model, &job(&format!(r#"set: {{ "qdamp": {QDAMP} }}"#)));
    let curve = |qmin: f64, rmax: f64| {
        let r = hundredths(1, (rmax * 100.0) as u32);
        let g = curve(&state, &xrays(qmin, QMAX, r.clone()), &mut Cpu);
        (r, g)
    };
    let (r, whole) = curve(0.0, 60.0);
    for qmin in [0.5, 1.3] {
        let (near, got) = curve(qmin, 9.0);
        let nq = 400;
        let dq = qmin / f64::from(nq);
        let mut want = whole[..near.len()].to_vec();
        for k in 0..nq {
            let q = (f64::from(k) + 0.5) * dq;
            let wave: f64 = r.iter().zip(&whole).map(|(r, g)| 0.01 * g * (q * r).sin()).sum();
            for (value, r) in want.iter_mut().zip(&near) {
                *value -= 2.0 / PI * dq * wave * (q * r).sin();
            }
        }
        let worst = apart(&got, &want);
        eprintln!("sphere, qmin {qmin}: largest difference {worst:.1e} of max |G|");
        assert!(worst < 5e-4, "{worst}");
    }
}
