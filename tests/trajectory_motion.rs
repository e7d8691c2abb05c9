//! What is said of motion that is no plain diffusion: rattles, cages, jumps in bursts.

mod support;

use corefine::msd::{Msd, MsdResult, Settings};
use corefine::relay::Relay;
use corefine::trajectory::{Atoms, Frame};
use nalgebra::{Matrix3, Vector3};
use support::random::Random;

/// Displacements of 40 Li atoms, made frame by frame from as many numbers of each as `modes`, beside eight atoms at rest.
fn walked(frames: usize, mut next: impl FnMut(&mut Random, &mut [Vector3<f64>]), modes: usize) -> MsdResult {
    let species = (0..48).map(|i| if i < 40 { "Li" } else { "N" }.parse().unwrap()).collect();
    let mut msd = Msd::new(&Atoms { species }, "Li".parse().unwrap()).unwrap();
    let (mut random, mut states) = (Random(3), vec![vec![Vector3::zeros(); modes]; 40]);
    for number in 0..frames {
        for state in &mut states {
            next(&mut random, state);
        }
        let mobile = states.iter().map(|state| state.iter().sum::<Vector3<f64>>());
        let host = (0..8).map(|i| Vector3::repeat(f64::from(i)));
        let fractions = mobile.chain(host).map(|x| x / 60.0).collect();
        msd.add(&Frame { number, step: None, basis: Matrix3::identity() * 60.0, fractions, unwrapped: true });
    }
    msd.result("made", &Settings { step: 0.1, window: None, temperature: None }).unwrap()
}

fn kick(random: &mut Random, size: f64) -> Vector3<f64> {
    Vector3::from_fn(|_, _| size * random.normal())
}

/// A rattle beside diffusion takes nothing from the line; without diffusion that is what is said; and atoms whose MSD grows as the root of
/// time, a sum of springs of many lengths, have no line.
#[test]
fn a_rattle_is_told_from_a_cage() {
    let says = |result: &MsdResult, words: &str| result.warnings.iter().filter(|text| text.contains(words)).count();
    let rattle_and_walk = |random: &mut Random, state: &mut [Vector3<f64>]| {
        state[0] += kick(random, 0.15);
        state[1] = kick(random, 0.6);
    };
    let both = walked(400, rattle_and_walk, 2);
    // By the exponent alone it would be taken for a cage.
    assert!(both.exponent < 0.85 && both.warnings.is_empty(), "{} {:?}", both.exponent, both.warnings);

    let still = walked(400, |random, state| state[0] = kick(random, 0.15), 1);
    assert!(says(&still, "no diffusion of Li") == 1 && still.warnings.len() == 1, "{:?}", still.warnings);

    // A rattle in a cage that breathes slowly: it grows a little, and in no straight line.
    let breath = |random: &mut Random, state: &mut [Vector3<f64>]| {
        state[0] = kick(random, 0.15);
        state[1] = state[1] * 0.99 + kick(random, 0.15 * (1.0 - 0.99_f64.powi(2)).sqrt());
    };
    let breathing = walked(2000, breath, 2);
    let is_said = breathing.warnings.len() == 1
        && says(&breathing, "Li stays where it is") + says(&breathing, "no diffusion of Li") == 1;
    assert!(is_said, "{:?}", breathing.warnings);

    let springs = |random: &mut Random, state: &mut [Vector3<f64>]| {
        for (mode, frames) in state.iter_mut().zip([1.0, 4.0, 16.0, 64.0, 256.0, 1024.0_f64]) {
            let keep = (-1.0 / frames).exp();
            let size = 0.1 * frames.powf(0.25);
            *mode = *mode * keep + kick(random, size * (1.0 - keep * keep).sqrt());
        }
    };
    let caged = walked(2000, springs, 6);
    assert!(says(&caged, "no straight line") == 1, "{} {:?}", caged.exponent, caged.warnings);
}

/// Jumps that come in bursts are fewer than they look: the rate is as uncertain as the bursts, not as the jumps.
#[test]
fn rates_of_bursts_are_as_uncertain_as_bursts() {
    let atoms = Atoms { species: ["Li", "N", "N"].map(|word| word.parse().unwrap()).to_vec() };
    let pair = ["Li", "N"].map(|word| word.parse().unwrap());
    let mut random = Random(17);
    let mut relay = Relay::new(&atoms, pair, 0.0, 1.0).unwrap();
    let (mut side, mut left, mut bursts) = (0, 0, 0.0);
    for number in 0..4000 {
        // A burst is ten jumps in a row.
        if left == 0 && random.next() < 0.01 {
            (left, bursts) = (10, bursts + 1.0);
        }
        if left > 0 {
            (left, side) = (left - 1, 1 - side);
        }
        let places = [0.1 + 0.3 * f64::from(side), 0.1, 0.4].map(|x| Vector3::new(x, 0.5, 0.5)).to_vec();
        let basis = Matrix3::identity() * 20.0;
        let near = relay.near(Frame { number, step: None, basis, fractions: places, unwrapped: false });
        relay.add(&near);
    }
    let result = relay.result("made", 1.0).unwrap();
    let relative = result.rate_esd / result.rate;
    let counted = 1.0 / (result.jumps.len() as f64).sqrt();
    println!("{} jumps in {bursts} bursts: {relative:.3}, by counting {counted:.3}", result.jumps.len());
    assert!(relative > 2.0 * counted && (0.6..1.8).contains(&(relative * f64::sqrt(bursts))), "{relative} {counted}");
}
