//! Trajectories: every format says the same, pairs are those of a double loop, displacements those of walks that are known.

mod support;

use std::fmt::Write as _;
use std::io::Cursor;

use corefine::element::Element;
use corefine::engine::Cpu;
use corefine::msd::{Msd, Settings};
use corefine::rdf::{Rdf, RdfResult};
use corefine::read::trajectory::{Frames, Options};
use corefine::relay::Relay;
use corefine::trajectory::Frame;
use nalgebra::{Matrix3, Vector3};
use support::random::Random;

/// A skew cell with a along x and b in the xy plane, as LAMMPS wants it.
fn skew() -> Matrix3<f64> {
    Matrix3::new(9.0, 2.0, -1.5, 0.0, 8.0, 2.5, 0.0, 0.0, 7.0)
}

const ELEMENTS: [&str; 5] = ["Li", "Li", "N", "N", "N"];

/// Frames of five atoms that wander out of the cell.
fn made(frames: usize) -> Vec<Vec<Vector3<f64>>> {
    let mut random = Random(5);
    let mut at: Vec<Vector3<f64>> = ELEMENTS.iter().map(|_| random.vector()).collect();
    (0..frames)
        .map(|_| {
            for x in &mut at {
                *x += (random.vector() - Vector3::repeat(0.5)) * 0.3;
            }
            at.clone()
        })
        .collect()
}

fn xyz(frames: &[Vec<Vector3<f64>>], basis: &Matrix3<f64>) -> String {
    let mut text = String::new();
    for frame in frames {
        let lattice: Vec<String> = basis.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "5\nLattice=\"{}\" Properties=species:S:1:pos:R:3", lattice.join(" "));
        for (element, place) in ELEMENTS.iter().zip(frame) {
            let x = basis * place;
            let _ = writeln!(text, "{element} {} {} {}", x[0], x[1], x[2]);
        }
    }
    text
}

fn xdatcar(frames: &[Vec<Vector3<f64>>], basis: &Matrix3<f64>, every: bool) -> String {
    let mut text = String::new();
    for (k, frame) in frames.iter().enumerate() {
        if every || k == 0 {
            let row = |i: usize| basis.column(i).iter().map(|x| format!("{}", x / 2.0)).collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "made\n2.0\n{}\n{}\n{}\nLi N\n2 3", row(0), row(1), row(2));
        }
        let _ = writeln!(text, "Direct configuration= {:5}", k + 1);
        for place in frame {
            let x = place.map(|x| x - x.floor());
            let _ = writeln!(text, "{} {} {}", x[0], x[1], x[2]);
        }
    }
    text
}

/// Atoms in falling order of their ids; `columns` are x, xs, xu, xsu or x with image flags.
fn dump(frames: &[Vec<Vector3<f64>>], basis: &Matrix3<f64>, columns: &str) -> String {
    let origin = Vector3::new(-1.0, 0.5, 3.0);
    let (xy, xz, yz) = (basis[(0, 1)], basis[(0, 2)], basis[(1, 2)]);
    let ends = |values: &[f64], pick: fn(f64, f64) -> f64| values.iter().copied().fold(0.0, pick);
    let x =
        [ends(&[xy, xz, xy + xz], f64::min), basis[(0, 0)] + ends(&[xy, xz, xy + xz], f64::max)].map(|v| v + origin[0]);
    let y = [yz.min(0.0), basis[(1, 1)] + yz.max(0.0)].map(|v| v + origin[1]);
    let z = [0.0, basis[(2, 2)]].map(|v| v + origin[2]);
    let mut text = String::new();
    for (k, frame) in frames.iter().enumerate() {
        let _ =
            writeln!(text, "ITEM: TIMESTEP\n{}\nITEM: NUMBER OF ATOMS\n5\nITEM: BOX BOUNDS xy xz yz pp pp pp", 50 * k);
        let _ = writeln!(text, "{} {} {xy}\n{} {} {xz}\n{} {} {yz}", x[0], x[1], y[0], y[1], z[0], z[1]);
        let _ = writeln!(text, "ITEM: ATOMS id type {columns}");
        for (i, place) in frame.iter().enumerate().rev() {
            let cells = place.map(f64::floor);
            let inside = place - cells;
            let v = match columns {
                "xs ys zs" => inside,
                "xsu ysu zsu" => *place,
                "xu yu zu" => basis * place + origin,
                _ => basis * inside + origin,
            };
            let _ = write!(text, "{} {} {} {} {}", i + 1, if i < 2 { 1 } else { 2 }, v[0], v[1], v[2]);
            let flags =
                if columns.contains("ix") { format!(" {} {} {}", cells[0], cells[1], cells[2]) } else { String::new() };
            let _ = writeln!(text, "{flags}");
        }
    }
    text
}

fn dcd(frames: &[Vec<Vector3<f64>>], basis: &Matrix3<f64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut record = |content: &[u8]| {
        let length = (content.len() as u32).to_le_bytes();
        bytes.extend(length);
        bytes.extend(content);
        bytes.extend(length);
    };
    let mut head = b"CORD".to_vec();
    let mut settings = [0_u32; 20];
    (settings[0], settings[1], settings[2], settings[10], settings[19]) = (frames.len() as u32, 0, 50, 1, 24);
    head.extend(settings.iter().flat_map(|x| x.to_le_bytes()));
    record(&head);
    record(&[0; 84]);
    record(&5_u32.to_le_bytes());
    let (a, b, c) = (basis.column(0), basis.column(1), basis.column(2));
    let cosine = |u: &Vector3<f64>, v: &Vector3<f64>| u.dot(v) / (u.norm() * v.norm());
    let (a, b, c) = (a.into_owned(), b.into_owned(), c.into_owned());
    let cell = [a.norm(), cosine(&a, &b), b.norm(), cosine(&a, &c), cosine(&b, &c), c.norm()];
    for frame in frames {
        record(&cell.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>());
        for axis in 0..3 {
            let column = frame.iter().flat_map(|place| (((basis * place)[axis]) as f32).to_le_bytes());
            record(&column.collect::<Vec<_>>());
        }
    }
    bytes
}

fn read(bytes: &[u8], options: Options) -> Result<Vec<Frame>, String> {
    let mut frames = Frames::open(Cursor::new(bytes.to_vec()), "made", options).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    let read = frames.each(
        |frame| frame,
        |frame| {
            found.push(frame);
            true
        },
    );
    read.map(|_| found).map_err(|error| error.to_string())
}

fn typed() -> Options {
    Options { types: ["Li", "N"].map(|word| word.parse().unwrap()).to_vec(), ..Options::default() }
}

#[test]
fn every_format_says_the_same() {
    let (frames, basis) = (made(7), skew());
    let mut texts = vec![
        ("xyz", xyz(&frames, &basis).into_bytes(), Options::default(), 1e-12),
        ("xdatcar", xdatcar(&frames, &basis, false).into_bytes(), Options::default(), 1e-12),
        ("xdatcar of a cell that changes", xdatcar(&frames, &basis, true).into_bytes(), Options::default(), 1e-12),
    ];
    for columns in ["x y z", "xs ys zs", "xu yu zu", "xsu ysu zsu", "x y z ix iy iz"] {
        texts.push((columns, dump(&frames, &basis, columns).into_bytes(), typed(), 1e-12));
    }
    let species = ELEMENTS.map(|word| word.parse().unwrap()).to_vec();
    texts.push(("dcd", dcd(&frames, &basis), Options { species, ..Options::default() }, 1e-6));
    for (name, text, options, rounding) in texts {
        let unwrapped = name.contains('u') && name.starts_with('x') && name.contains(' ') || name.contains("ix");
        let found = read(&text, options.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.len(), 7, "{name}");
        for (frame, true_places) in found.iter().zip(&frames) {
            assert!((frame.basis - basis).norm() < 1e-9, "{name}: {}", frame.basis);
            for (place, want) in frame.fractions.iter().zip(true_places) {
                let off = place - want;
                let off = if frame.unwrapped { off } else { off.map(|x| x - x.round()) };
                assert!(off.norm() < rounding, "{name}: {off}");
            }
        }
        assert_eq!(found[0].unwrapped, unwrapped && !name.contains("changes"), "{name}");
        let some = read(&text, Options { skip: 1, stride: 2, most: Some(2), ..options }).unwrap();
        assert_eq!(some.iter().map(|frame| frame.number).collect::<Vec<_>>(), [2, 4], "{name}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let (frames, basis) = (made(3), skew());
    let (whole, vasp, lammps) = (xyz(&frames, &basis), xdatcar(&frames, &basis, false), dump(&frames, &basis, "x y z"));
    let cut =
        |text: &str| text.lines().take(text.lines().count() - 2).flat_map(|line| [line, "\n"]).collect::<String>();
    let fewer = whole.replacen("5\n", "FIRST", 1).replacen("\n5\n", "\n4\n", 1).replace("FIRST", "5\n");
    let last = fewer.rfind("\nN ").unwrap();
    let cases = [
        (cut(&whole), "cut short"),
        (cut(&vasp), "cut short"),
        (cut(&lammps), "cut short"),
        (format!("{}\n", &whole.replacen("Lattice", "Grid", 1)), "no cell"),
        (whole.replacen("\nN ", "\nN nan ", 1), "\"nan\" is no number"),
        (vasp.replacen("Direct", "Cartesian", 1), "was expected"),
        (vasp.replacen("Li N", "Lx N", 1), "\"Lx\" is no element"),
        (vasp.replacen("2 3", "2 3 1", 1), "do not go with the elements"),
        (lammps.replacen("ITEM: BOX BOUNDS", "ITEM: NOTHING", 1), "without a cell"),
        (whole.replacen("\nLi ", "\nNa ", 3), "unknown order"),
        (String::new(), "the file is empty"),
        ("hello\nworld\n".to_owned(), "no trajectory that is known"),
        (fewer[..last].to_owned() + "\n", "of one system"),
    ];
    for (text, said) in cases {
        let error = read(text.as_bytes(), typed());
        if said == "unknown order" {
            // The first frame alone has other elements: the second one differs from it.
            assert!(error.as_ref().is_err_and(|e| e.contains("as it is in the first frame")), "{error:?}");
            continue;
        }
        assert!(error.as_ref().is_err_and(|e| e.contains(said)), "{said}: {error:?}");
    }
    let without = read(lammps.as_bytes(), Options::default()).unwrap_err();
    assert!(without.contains("--types"), "{without}");
    let unknown = read(&dcd(&frames, &basis), Options::default()).unwrap_err();
    assert!(unknown.contains("--topology"), "{unknown}");
    let real =
        read(lammps.replace("ITEM: TIMESTEP", "ITEM: UNITS\nlj\nITEM: TIMESTEP").as_bytes(), typed()).unwrap_err();
    assert!(real.contains("units lj"), "{real}");
}

fn rdf(frames: &[Frame], atoms: &corefine::trajectory::Atoms, pairs: &[&str], reach: f64, width: f64) -> RdfResult {
    let pairs: Vec<String> = pairs.iter().map(ToString::to_string).collect();
    let mut rdf = Rdf::new(atoms, &pairs, reach, width).unwrap();
    for frame in frames {
        let counted = rdf.count(&rdf.see(frame), &mut Cpu).unwrap();
        rdf.add(&counted);
    }
    rdf.result("made", "cpu".to_owned())
}

fn five_atoms() -> corefine::trajectory::Atoms {
    corefine::trajectory::Atoms { species: ELEMENTS.map(|word| word.parse().unwrap()).to_vec() }
}

/// Every image up to 20 Å, three cells far, one by one, in single bins; and the one lithium atom of a smaller system has its own
/// images for neighbours.
#[test]
fn pairs_are_those_of_a_double_loop_beyond_the_cell() {
    let (width, bins) = (0.25, 80);
    let frames = read(xyz(&made(9), &skew()).as_bytes(), Options::default()).unwrap();
    let result = rdf(&frames, &five_atoms(), &["Li-N", "Li-Li", "N-Li"], 20.0, width);
    let kinds: [(&str, &[usize], &[usize]); 3] =
        [("Li-N", &[0, 1], &[2, 3, 4]), ("Li-Li", &[0, 1], &[0, 1]), ("N-Li", &[2, 3, 4], &[0, 1])];
    for ((name, centres, others), found) in kinds.iter().zip(&result.pairs) {
        let mut counts = vec![0.0; bins];
        for frame in &frames {
            for (i, j) in centres.iter().flat_map(|i| others.iter().map(move |j| (*i, *j))) {
                for n in 0..13 * 13 * 13 {
                    let whole = Vector3::new(f64::from(n % 13 - 6), f64::from(n / 13 % 13 - 6), f64::from(n / 169 - 6));
                    let r = (frame.basis
                        * (frame.fractions[j] - frame.fractions[i]
                            + (whole - (frame.fractions[j] - frame.fractions[i]).map(f64::floor))))
                    .norm();
                    if r > 1e-9 && r < 20.0 {
                        counts[(r / width) as usize] += 1.0;
                    }
                }
            }
        }
        let mut n = 0.0;
        for (k, count) in counts.iter().enumerate() {
            n += count / (9.0 * centres.len() as f64);
            let shell = 4.0 / 3.0 * std::f64::consts::PI * width.powi(3) * ((k + 1).pow(3) - k.pow(3)) as f64;
            let density = others.len() as f64 / skew().determinant();
            let g = count / (9.0 * centres.len() as f64 * density * shell);
            assert!((found.g[k] - g).abs() < 1e-9 * g.max(1.0), "{name} bin {k}: {} {g}", found.g[k]);
            assert!((found.n[k] - n).abs() < 1e-9 * n.max(1.0), "{name} bin {k}: {} {n}", found.n[k]);
        }
    }
    assert_eq!(result.pairs[0].dg.len(), bins);
}

#[test]
fn what_cannot_be_counted_is_said() {
    let atoms = five_atoms();
    let said = |pair: &str, reach: f64, width: f64| {
        Rdf::new(&atoms, &[pair.to_owned()], reach, width).unwrap_err().to_string()
    };
    assert!(said("Li", 5.0, 0.1).contains("two symbols"));
    assert!(said("Li-S", 5.0, 0.1).contains("there is no S; the trajectory has Li, N"));
    assert!(said("Li-N", 5.0, 0.0).contains("--bin is 0") && said("Li-N", -1.0, 0.1).contains("--rmax is -1"));
    assert!(said("Li-N", f64::NAN, 0.1).contains("--rmax") && said("Li-N", 1e9, 0.01).contains("a million"));
}

/// Li atoms that move with a known velocity in a host that drifts and a cell that breathes: MSD = v² t², to rounding.
#[test]
fn the_drift_of_the_host_and_the_breath_of_the_cell_are_no_displacement() {
    let velocity = Vector3::new(0.05, -0.03, 0.02);
    let frames: Vec<Frame> = (0..40)
        .map(|k| {
            let basis = skew() * (1.0 + 0.02 * f64::from(k % 2));
            let drift = Vector3::new(0.011, 0.02, -0.013) * f64::from(k);
            let places = (0..5).map(|i| {
                Vector3::new(0.1, 0.2, 0.17) * f64::from(i)
                    + drift
                    + if i < 2 { velocity * f64::from(k) } else { Vector3::zeros() }
            });
            Frame {
                number: 1,
                step: None,
                basis,
                fractions: places.map(|x| x.map(|x| x - x.floor())).collect(),
                unwrapped: false,
            }
        })
        .collect();
    let mut msd = Msd::new(&five_atoms(), "Li".parse().unwrap()).unwrap();
    for frame in &frames {
        msd.add(frame);
    }
    let settings = Settings { step: 0.1, window: None, temperature: None };
    let result = msd.result("made", &settings).unwrap();
    // Two steps: one into the large cell, one back.
    let two = (skew() * velocity * 2.02).norm_squared();
    assert!((result.msd[2] / two - 1.0).abs() < 1e-10, "{} {two}", result.msd[2]);
    assert!((result.exponent - 2.0).abs() < 0.05 && result.warnings.iter().any(|text| text.contains("to the power")));
    assert!(result.drift.iter().any(|x| x.abs() > 0.1));
    for window in [[0.0, 1e-3], [2.0, 1.0], [3.85, 9.0]] {
        assert!(msd.result("made", &Settings { window: Some(window), ..settings }).is_err(), "{window:?}");
    }
    let none = Msd::new(&five_atoms(), "S".parse().unwrap()).unwrap_err().to_string();
    assert!(none.contains("there is no S; the trajectory has Li, N"), "{none}");
}

/// 200 random walks with a rattle around each site: how many of the 90 % intervals hold the D that they were made with.
#[test]
fn diffusivities_are_as_uncertain_as_they_say() {
    let (atoms, frames, step, d) = (24, 200, 0.1_f64, 0.4_f64);
    let species: Vec<_> = (0..atoms + 8).map(|i| if i < atoms { "Li" } else { "N" }.parse().unwrap()).collect();
    let all = corefine::trajectory::Atoms { species };
    let li: Element = "Li".parse().unwrap();
    let basis = Matrix3::identity() * 60.0;
    let (mut held, mut sum, mut bent, mut random) = (0, 0.0, 0, Random(11));
    for _ in 0..200 {
        let mut msd = Msd::new(&all, li).unwrap();
        let mut at = vec![Vector3::zeros(); atoms];
        for number in 0..frames {
            let hop = (2.0 * d * step).sqrt();
            for x in &mut at {
                *x += Vector3::from_fn(|_, _| hop * random.normal());
            }
            let rattled =
                at.iter().map(|x| x + Vector3::from_fn(|_, _| 0.15 * random.normal())).collect::<Vec<Vector3<f64>>>();
            let host = (0..8).map(|i| Vector3::repeat(f64::from(i)));
            let fractions = rattled.into_iter().chain(host).map(|x| x / 60.0).collect();
            msd.add(&Frame { number, step: None, basis, fractions, unwrapped: true });
        }
        let result = msd.result("made", &Settings { step, window: None, temperature: None }).unwrap();
        let line = &result.line;
        bent += usize::from(result.warnings.iter().any(|text| text.contains("no straight line")));
        held += usize::from((line.interval90[0]..=line.interval90[1]).contains(&d));
        sum += line.diffusivity / 200.0;
    }
    println!("{held} of 200 intervals hold the truth; mean D {sum:.4}, true {d}; {bent} are said to have no line");
    assert!(bent <= 20, "{bent} of 200 walks are said to have no line");
    assert!((170..=190).contains(&held), "{held} of 200");
    assert!((sum / d - 1.0).abs() < 0.02, "{sum}");
}

/// One Li among two N in a cell of 20 Å: it rattles in the middle without a jump, goes over, comes back, and goes over again.
#[test]
fn jumps_are_those_that_were_made() {
    let places = [2.0, 3.4, 3.2, 3.4, 5.0, 5.2, 1.8, 2.0, 2.0, 5.0, 5.0, 5.0];
    let atoms = corefine::trajectory::Atoms { species: ["Li", "N", "N"].map(|word| word.parse().unwrap()).to_vec() };
    let (li, n) = ("Li".parse().unwrap(), "N".parse().unwrap());
    let mut relay = Relay::new(&atoms, [li, n], 0.5, 1.0).unwrap();
    for (k, x) in places.iter().enumerate() {
        // The host drifts through a face of the cell, the Li atom with it.
        let drift = 0.05 * k as f64 + 0.97;
        let fractions =
            [*x, 0.0, 6.5].map(|x| Vector3::new(x / 20.0 + drift, 0.4, 0.5).map(|x| x - x.floor())).to_vec();
        let frame = Frame { number: k + 1, step: None, basis: Matrix3::identity() * 20.0, fractions, unwrapped: false };
        let near = relay.near(frame);
        relay.add(&near);
    }
    let result = relay.result("made", 0.1).unwrap();
    let jumps: Vec<_> =
        result.jumps.iter().map(|jump| (jump.atom, jump.from, jump.to, jump.frame, jump.back)).collect();
    assert_eq!(jumps, [(1, 2, 3, 4, false), (1, 3, 2, 6, true), (1, 2, 3, 9, true)]);
    assert!(result.jumps.iter().all(|jump| (jump.length - 6.5).abs() < 1e-10));
    assert!((result.rate - 3.0 / 1.1).abs() < 1e-12 && (result.residence.unwrap() - 1.1 / 3.0).abs() < 1e-12);
    // Stays of 2 and 3 frames ended, one of 3 was cut off.
    let survival: Vec<f64> = result.survival.iter().map(|(_, share)| *share).collect();
    assert!(survival.iter().zip([1.0, 2.0 / 3.0, 1.0 / 3.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{survival:?}");
    assert_eq!(result.graph, [(2, 3, 2), (3, 2, 1)]);
    let atoms_there: f64 = result.density.values.iter().sum::<f64>() * 8000.0 / result.density.values.len() as f64;
    assert!((atoms_there - 1.0).abs() < 1e-12, "{atoms_there}");
    let (map, size) = result.density.projection(2);
    // At rest with the host, which begins 0.6 Å before a face: boxes from 1, 2 and 4 Å on.
    assert_eq!((size, map.iter().filter(|value| **value > 0.0).count()), ([20, 20], 3));
    for (element, margin, grid) in [(n, 0.5, 1.0), (li, -1.0, 1.0), (li, 0.5, 0.0)] {
        assert!(Relay::new(&atoms, [element, n], margin, grid).is_err());
    }
}
