//! Reduction of intensities: against the curves of another program, against what was put in, and against noise that was drawn.

mod support;

use corefine::observed::{Normalisation, Radiation};
use corefine::pattern::{Abscissa, Pattern};
use corefine::read;
use corefine::read::observed::observed;
use corefine::reduce::Reducer;
use corefine::reduction::{Absorption, Compton, Reduced, Reduction};
use corefine::report::reduced_files;
use corefine::sample::Random;
use corefine::scattering::{compton, xray};
use support::patterns::{counted, made, nickel, points, true_f};
use support::{reference, reference_text};

/// A pattern of the reference data.
fn pattern(file: &str) -> Option<Pattern> {
    let bytes = std::fs::read(reference(file)?).unwrap();
    Some(read::pattern::pattern(&bytes, file).unwrap())
}

fn reduce(settings: &Reduction, sample: &Pattern, background: Option<&Pattern>) -> Reduced {
    Reducer::new(settings).unwrap().reduce(sample, background).unwrap()
}

/// `sqrt(Σ (got - want)² / Σ want²)` over the points where `from < r`.
fn rw(r: &[f64], got: &[f64], want: &[f64], from: f64) -> f64 {
    let points = || (0..r.len()).filter(|&j| r[j] > from);
    let square = |value: f64| value * value;
    (points().map(|j| square(got[j] - want[j])).sum::<f64>() / points().map(|j| square(want[j])).sum::<f64>()).sqrt()
}

/// Ni.gr is by PDFgetX3 2.0.0: what is left of Rw is its interpolation onto the grid. The other two are by an older version, which
/// seems to have taken a polynomial of the whole degree 8 where ours is of degree 8.31.
#[test]
fn curves_of_nickel_are_those_of_pdfgetx3() {
    for (curve, most) in [("Ni", 0.001), ("Ni-hires", 0.004), ("Ni-lownoise", 0.004)] {
        let Some(theirs) = reference_text(&format!("ni_raw/{curve}.gr")) else { return };
        let (Some(sample), Some(empty)) = (pattern("ni_raw/Ni.chi"), pattern("ni_raw/kapton.chi")) else { return };
        let settings = read::reduction::reduction(&theirs, curve).unwrap().value;
        let ours = reduce(&settings, &sample, Some(&empty));
        let theirs = observed(theirs.as_bytes(), "Ni.gr").unwrap();
        assert_eq!(ours.r.len(), theirs.r.len());
        assert!(ours.r.iter().zip(&theirs.r).all(|(a, b)| (a - b).abs() < 1e-9));
        let rw = rw(&ours.r, &ours.g, &theirs.g, 1.0);
        println!("{curve}: Rw {rw:.6}, degree {:.3}", ours.degree);
        assert!(rw < most, "{curve}: Rw {rw}");
    }
}

#[test]
fn a_curve_is_made_again_from_its_own_header() {
    let (Some(sample), Some(empty)) = (pattern("ni_raw/Ni.chi"), pattern("ni_raw/kapton.chi")) else { return };
    let window = corefine::window::Window::SoperLorch(0.15);
    let composition = "Ni0.97 O0.03".to_owned();
    let settings =
        Reduction { composition, qmin: 0.85, qmax: Some(23.0), window, bgscale: 0.35, ..Reduction::default() };
    let first = reduced_files(&reduce(&settings, &sample, Some(&empty)));
    let again = read::reduction::reduction(&first[3], "first.gr").unwrap();
    assert_eq!(again.warnings, [""; 0]);
    assert_eq!(reduced_files(&reduce(&again.value, &sample, Some(&empty))), first);

    let curve = observed(first[3].as_bytes(), "first.gr").unwrap();
    assert_eq!((curve.header.qmax, curve.header.qmin, curve.header.bgscale), (Some(23.0), Some(0.85), Some(0.35)));
    assert_eq!(curve.header.program.as_deref(), Some("corefine reduce"));
    assert_eq!(curve.header.normalisation, Some(Normalisation::MeanSquared));
    assert_eq!(curve.header.composition.map(|formula| formula.len()), Some(2));
    assert_eq!((curve.r.len(), curve.dg.len(), curve.warnings.len()), (3001, 3001, 0));
}

/// The true G(r) up to `qmax`, the scale of what was found on it, and Rw of the shape beyond 1.5 Å. The scale rests on all that is
/// counted, what is no structure too; the shape does not.
fn beside_truth(found: &Reduced, qmax: f64) -> (Vec<f64>, f64, f64) {
    let ideal: Vec<f64> = found.q.iter().map(|q| true_f(*q)).collect();
    let window = corefine::window::Window::None;
    let want = corefine::transform::sine_transform(&found.q, &ideal, &found.r, 0.6, qmax, window);
    let scale = overlap(found, &want);
    let scaled: Vec<f64> = found.g.iter().map(|g| g / scale).collect();
    let shape = rw(&found.r, &scaled, &want, 1.5);
    (want, scale, shape)
}

/// Background, a slope of Compton's kind and noise go; the structure stays, on its absolute scale.
#[test]
fn a_known_structure_is_found_under_background_slope_and_noise() {
    let q = points();
    let (sample, empty): (Vec<f64>, Vec<f64>) = q.iter().map(|q| counted(*q, 2.0)).unzip();
    let exact = reduce(&nickel(), &made("sample", &q, sample.clone()), Some(&made("empty", &q, empty.clone())));
    let (_, scale, shape) = beside_truth(&exact, 24.0);
    println!("without noise: scale {scale:.5}, Rw of the shape {shape:.5}");
    assert!((scale - 1.0).abs() < 0.05 && shape < 0.04, "{scale}, {shape}");

    let mut random = Random::new(5, 0);
    let mut noisy = |values: &[f64]| -> Vec<f64> { values.iter().map(|i| i + i.sqrt() * random.normal()).collect() };
    let (sample, empty) = (noisy(&sample), noisy(&empty));
    let found = reduce(&nickel(), &made("sample", &q, sample), Some(&made("empty", &q, empty)));
    let far = |j: &usize| found.r[*j] > 1.5;
    let chi: f64 = (0..found.r.len()).filter(far).map(|j| ((found.g[j] - exact.g[j]) / found.dg[j]).powi(2)).sum();
    let chi = chi / (0..found.r.len()).filter(far).count() as f64;
    println!("with noise: mean square of the difference over dG² {chi:.3}");
    // 18.5 Å hold 141 independent values at qmax 24: 1 to within sqrt(2 / 141), and four of these.
    assert!((chi - 1.0).abs() < 0.5, "{chi}");
}

/// The factor that brings a curve nearest to another, beyond 1.5 Å.
fn overlap(got: &Reduced, want: &[f64]) -> f64 {
    let far = || (0..want.len()).filter(|j| got.r[*j] > 1.5);
    far().map(|j| got.g[j] * want[j]).sum::<f64>() / far().map(|j| want[j] * want[j]).sum::<f64>()
}

/// dF and dG against the spread of many patterns with drawn noise, at r where the polynomial matters and where it does not.
#[test]
fn uncertainties_are_the_spread_of_many_patterns() {
    const DRAWS: u32 = 400;
    let q = points();
    let (sample, empty): (Vec<f64>, Vec<f64>) = q.iter().map(|q| counted(*q, 2.0)).unzip();
    let settings = Reduction { rmax: 12.0, rstep: 0.05, ..nickel() };
    let mut reducer = Reducer::new(&settings).unwrap();
    let (sample, empty) = (made("sample", &q, sample), made("empty", &q, empty));
    let exact = reducer.reduce(&sample, Some(&empty)).unwrap();
    let mut random = Random::new(9, 0);
    let mut squares = (vec![0.0; exact.g.len()], vec![0.0; exact.f.len()]);
    for _ in 0..DRAWS {
        let mut drawn = |pattern: &Pattern| {
            let with = |(i, d): (&f64, &f64)| i + d * random.normal();
            let intensity = pattern.intensity.iter().zip(&pattern.uncertainty).map(with).collect();
            Pattern { intensity, ..pattern.clone() }
        };
        let (sample, empty) = (drawn(&sample), drawn(&empty));
        let one = reducer.reduce(&sample, Some(&empty)).unwrap();
        squares.0.iter_mut().zip(one.g.iter().zip(&exact.g)).for_each(|(sum, (a, b))| *sum += (a - b) * (a - b));
        squares.1.iter_mut().zip(one.f.iter().zip(&exact.f)).for_each(|(sum, (a, b))| *sum += (a - b) * (a - b));
    }
    let ratio = |squares: &[f64], said: &[f64], range: std::ops::Range<usize>| {
        let each = range.clone().map(|k| squares[k] / f64::from(DRAWS) / (said[k] * said[k]));
        each.sum::<f64>() / range.len() as f64
    };
    // One variance is known to sqrt(2/400) = 7 %, 14 independent ones together to 2 %: 8 % is four of these.
    for range in [2..6, 6..20, 20..100, 100..240] {
        let found = ratio(&squares.0, &exact.dg, range.clone());
        println!("variance of G at r {:.2} to {:.2} Å: {found:.3}", exact.r[range.start], exact.r[range.end - 1]);
        let most = if range.len() < 10 { 0.2 } else { 0.08 };
        assert!((found - 1.0).abs() < most, "{range:?}: {found}");
    }
    for range in [0..20, 20..400, 400..900] {
        let found = ratio(&squares.1, &exact.df, range.clone());
        println!("variance of F at Q {:.2} to {:.2}: {found:.3}", exact.q[range.start], exact.q[range.end - 1]);
        assert!((found - 1.0).abs() < 0.1, "{range:?}: {found}");
    }
    // Near r = 0 the polynomial takes most of the noise away: without it dG would be several times as large.
    let far = exact.dg[200];
    assert!(exact.dg[6] < 0.5 * far, "{} {far}", exact.dg[6]);
}

/// The factor of a background is found where it is known.
#[test]
fn the_factor_of_a_background_is_found() {
    let q = points();
    let (sample, empty): (Vec<f64>, Vec<f64>) = q.iter().map(|q| counted(*q, 0.0)).unzip();
    let settings = Reduction { fit_bgscale: true, ..nickel() };
    let found = reduce(&settings, &made("sample", &q, sample), Some(&made("empty", &q, empty)));
    println!("bgscale {:.4}", found.settings.bgscale);
    // Ripples of the structure are not in the fit's model: they average out over its range but for a percent or two.
    assert!((found.settings.bgscale - 0.7).abs() < 0.02 && !found.settings.fit_bgscale);
}

/// The same pattern in degrees, in 1/nm and in 1/Å, and with the zero of the angle displaced.
#[test]
fn every_abscissa_gives_the_same_curve() {
    let q = points();
    let intensity: Vec<f64> = q.iter().map(|q| counted(*q, 0.0).0).collect();
    let plain = made("a.chi", &q, intensity);
    let want = reduce(&nickel(), &plain, None);
    let angle = |q: &f64| 2.0 * (q * 0.2 / (4.0 * std::f64::consts::PI)).asin().to_degrees();
    let with = |abscissa, x: Vec<f64>| Pattern { abscissa: Some(abscissa), x, ..plain.clone() };
    let ten = with(Abscissa::QPerNanometre, q.iter().map(|q| 10.0 * q).collect());
    let degrees = with(Abscissa::TwoTheta, q.iter().map(|q| angle(q) + 0.25).collect());
    let past = |q: &f64| 20.0 * std::f64::consts::PI * (0.5 * angle(q) + 0.125).to_radians().sin();
    let moved = with(Abscissa::Q, q.iter().map(past).collect());
    let angles = Reduction { wavelength: Some(0.2), twothetazero: 0.25, ..nickel() };
    for (pattern, settings) in [(&ten, &nickel()), (&degrees, &angles), (&moved, &angles)] {
        let got = reduce(settings, pattern, None);
        let worst = got.g.iter().zip(&want.g).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-8, "{:?}: {worst}", pattern.abscissa);
    }
}

/// Frames of an operando cell with FePO4(OH): the factor of their background is found, and the first distances are P-O and Fe-O.
#[test]
fn frames_of_a_battery_cell_show_their_first_distances() {
    let Some(empty) = pattern("electrode_raw/N1_PDF_NaTFSI.chi") else { return };
    let settings = Reduction {
        dataformat: Some(Abscissa::Q),
        wavelength: Some(0.20696),
        composition: "Fe P O5 H".to_owned(),
        fit_bgscale: true,
        qmin: 1.2,
        qmax: Some(20.0),
        qmaxinst: Some(23.0),
        rpoly: 1.0,
        ..Reduction::default()
    };
    let mut reducer = Reducer::new(&settings).unwrap();
    for frame in ["001", "010", "020", "030"] {
        let Some(sample) = pattern(&format!("electrode_raw/N1_MAAK_FPOH_p4_{frame}.chi")) else { return };
        let found = reducer.reduce(&sample, Some(&empty)).unwrap();
        let peaks = peaks(&found, 1.2, 4.6);
        println!("{frame}: bgscale {:.4}, peaks {peaks:.2?}", found.settings.bgscale);
        assert!((found.settings.bgscale - 0.475).abs() < 0.004);
        for expected in [1.52, 1.99] {
            assert!(peaks.iter().any(|r| (r - expected).abs() < 0.08), "{frame}: none at {expected}: {peaks:?}");
        }
    }
}

/// Where G(r) has its larger maxima.
fn peaks(curve: &Reduced, from: f64, to: f64) -> Vec<f64> {
    let g = &curve.g;
    let high = 0.2 * g.iter().copied().fold(0.0, f64::max);
    let is_peak = |j: &usize| g[*j] > g[j - 1] && g[*j] > g[j + 1] && g[*j] > high;
    (1..g.len() - 1).filter(is_peak).map(|j| curve.r[j]).filter(|r| (from..to).contains(r)).collect()
}

/// Co2C with a little structure at a wavelength of 0.2 Å, seen through a plate by a detector that adds up energies. `lost` says whether
/// polarisation, absorption and Compton scattering are in it.
fn seen(lost: bool) -> Pattern {
    let (cobalt, carbon) = ("Co".parse().unwrap(), "C".parse().unwrap());
    let intensity = |q: f64| {
        let [f, g] = [cobalt, carbon].map(|species| xray::f0(species, q).unwrap());
        let coherent = (2.0 * f * f + g * g) / 3.0 * (1.0 + 0.2 * (2.3 * q).sin() / (1.0 + q));
        if !lost {
            return 7.0 * coherent;
        }
        let sine = q * 0.2 / (4.0 * std::f64::consts::PI);
        let cosine = 1.0 - 2.0 * sine * sine;
        let recoil = 1.0 / (1.0 + 0.024_263_1 / 0.2 * (1.0 - cosine));
        let [s, t] = [cobalt, carbon].map(|species| compton::incoherent(species.element, q).unwrap());
        let inelastic = (2.0 * s + t) / 3.0 * recoil.powi(3);
        let plate = ((-0.5_f64).exp() - (-0.5 / cosine).exp()) / (0.5 * (1.0 / cosine - 1.0));
        7.0 * (1.0 + 0.9 * cosine * cosine) / 1.9 * plate * (coherent + inelastic)
    };
    let q: Vec<f64> = (10..=1250).map(|k| 0.02 * f64::from(k)).collect();
    Pattern {
        name: "seen.chi".to_owned(),
        abscissa: Some(Abscissa::Q),
        intensity: q.iter().map(|q| intensity(*q)).collect(),
        x: q,
        uncertainty: Vec::new(),
        wavelength: Some(0.2),
        warnings: Vec::new(),
    }
}

/// What lies between sample and detector is taken away as it was put in: what is left for the polynomial is the factor `a`, which
/// is found from points that Compton scattering makes count otherwise.
#[test]
fn polarisation_absorption_and_compton_scattering_are_taken_away() {
    let bare = Reduction { composition: "Co2 C".to_owned(), rpoly: 0.9, ..Reduction::default() };
    let corrected = Reduction {
        polarisation: Some(0.9),
        absorption: Absorption::FlatPlate(0.5),
        compton: Compton::Integrating,
        ..bare.clone()
    };
    let want = reduce(&bare, &seen(false), None);
    let got = reduce(&corrected, &seen(true), None);
    let left = reduce(&bare, &seen(true), None);
    let far = |reduced: &Reduced| rw(&want.q, &reduced.f, &want.f, 0.0);
    let work = |reduced: &Reduced| reduced.polynomial.iter().fold(0.0_f64, |most, p| most.max(p.abs()));
    println!(
        "F(Q) off by {:.5} and {:.3}, polynomial to {:.3} and {:.2}",
        far(&got),
        far(&left),
        work(&got),
        work(&left)
    );
    assert!(far(&got) < 1e-3 && far(&left) > 0.1, "{} {}", far(&got), far(&left));
    assert!(work(&left) > 10.0 * work(&got), "{} {}", work(&left), work(&got));
    // As a header has them they come back.
    let again = read::reduction::reduction(&reduced_files(&got)[3], "seen.gr").unwrap().value;
    assert_eq!(
        (again.polarisation, again.absorption, again.compton),
        (corrected.polarisation, corrected.absorption, corrected.compton)
    );
}

#[test]
fn what_needs_a_wavelength_says_so() {
    let no_wavelength = Pattern { wavelength: None, ..seen(true) };
    let settings = Reduction { composition: "Co2 C".to_owned(), compton: Compton::Counting, ..Reduction::default() };
    let error = Reducer::new(&settings).unwrap().reduce(&no_wavelength, None).unwrap_err().to_string();
    assert_eq!(error, "compton needs the wavelength, which nothing gives; give wavelength");
    let settings = Reduction { absorption: Absorption::FlatPlate(0.5), wavelength: Some(0.4), ..settings };
    let error = Reducer::new(&settings).unwrap().reduce(&no_wavelength, None).unwrap_err().to_string();
    assert!(error.starts_with("a flat plate lets nothing through at Q = 25.0000 1/Å"), "{error}");
    let settings = Reduction { absorption: Absorption::Capillary(-1.0), ..settings };
    assert!(Reducer::new(&settings).err().unwrap().to_string().starts_with("absorption is -1"));
}

/// Neutrons: constant lengths, an amorphous background, and what slows down with Q as light nuclei have it.
#[test]
fn neutrons_are_reduced_with_constant_lengths() {
    let q: Vec<f64> = (1..=2000).map(|k| 0.025 * f64::from(k)).collect();
    // Sears 1992, fm: Ni 10.3, O 5.803.
    let (square, mean) = (f64::midpoint(10.3 * 10.3, 5.803 * 5.803), f64::midpoint(10.3, 5.803).powi(2));
    let seen = |q: f64| 4.0 * (square + mean * true_f(q) / q) * (1.0 - 1e-5 * q * q) + 200.0 / (1.0 + 0.2 * q);
    let sample = made("pearl.xye", &q, q.iter().map(|q| seen(*q)).collect());
    let empty = made("can.xye", &q, q.iter().map(|q| 200.0 / (1.0 + 0.2 * q)).collect());
    let settings = Reduction {
        composition: "Ni O".to_owned(),
        radiation: Some(Radiation::Neutron),
        bgscale: 1.0,
        qmax: Some(40.0),
        qmaxinst: Some(50.0),
        ..nickel()
    };
    let found = reduce(&settings, &sample, Some(&empty));
    // A polynomial bends fastest at its ends: one of degree 14 takes a little of the structure at low Q, at all r.
    let (want, scale, shape) = beside_truth(&found, 40.0);
    println!("neutrons: scale {scale:.5}, Rw of the shape {shape:.5}");
    assert!((scale - 1.0).abs() < 0.02 && shape < 0.06, "{scale} {shape}");

    let files = reduced_files(&found);
    assert!(files[3].contains("\nmode = neutron\n"));
    let again = read::reduction::reduction(&files[3], "pearl.gr").unwrap().value;
    assert_eq!(again.radiation, Some(Radiation::Neutron));
    assert_eq!(observed(files[3].as_bytes(), "pearl.gr").unwrap().header.radiation, Some(Radiation::Neutron));
    // Form factors that fall make another curve of it.
    let xray = reduce(&Reduction { radiation: None, ..settings.clone() }, &sample, Some(&empty));
    assert!(rw(&found.r, &xray.g, &want, 1.5) > 0.5);

    let asked = Reduction { polarisation: Some(1.0), ..settings };
    let error = Reducer::new(&asked).err().unwrap().to_string();
    assert!(
        error.starts_with("polarisation is a correction of X-rays, and radiation is neutron; leave it out"),
        "{error}"
    );
}
