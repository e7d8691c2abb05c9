//! Trajectories as other programs write them: LAMMPS, MDAnalysis, ASE and chemfiles (`scripts/make-trajectories`), all of the same walk.

mod support;

use std::fs::{File, read, read_to_string};
use std::io::BufReader;

use corefine::element::Species;
use corefine::read::trajectory::{Frames, Options, data_species};
use corefine::trajectory::Frame;
use nalgebra::{Matrix3, Vector3};
use serde::Deserialize;
use support::of_repository;

/// What the files hold.
#[derive(Deserialize)]
struct Expected {
    elements: Vec<String>,
    /// Cell vectors in rows, Å.
    cell: [[f64; 3]; 3],
    /// Frame by frame, unwrapped.
    fractions: Vec<Vec<[f64; 3]>>,
}

fn expected() -> Expected {
    serde_json::from_str(&read_to_string(of_repository("tests/trajectories/expected.json")).unwrap()).unwrap()
}

fn parsed(words: &[&str]) -> Vec<Species> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

fn frames(name: &str, options: Options) -> (Vec<Species>, Vec<Frame>) {
    let path = of_repository(&format!("tests/trajectories/{name}"));
    let stream = BufReader::new(File::open(path).unwrap());
    let mut frames = Frames::open(stream, name, options).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut found = Vec::new();
    let keep = |frame| {
        found.push(frame);
        true
    };
    frames.each(|frame| frame, keep).unwrap_or_else(|error| panic!("{name}: {error}"));
    (frames.atoms().species.clone(), found)
}

/// What a writer keeps of a file.
struct Kept {
    name: &'static str,
    /// Largest difference of a fraction: digits that it writes, single precision.
    rounding: f64,
    unwrapped: bool,
    /// Steps between frames, where it counts them.
    every: Option<u64>,
    /// Is the corner of the cell known? Else all places are off by one vector.
    corner: bool,
}

const fn kept(name: &'static str, rounding: f64, unwrapped: bool, every: Option<u64>, corner: bool) -> Kept {
    Kept { name, rounding, unwrapped, every, corner }
}

const FILES: [Kept; 16] = [
    kept("lammps-x.dump", 1e-9, false, Some(50), true),
    kept("lammps-xs.dump", 1e-9, false, Some(50), true),
    kept("lammps-xu.dump", 1e-8, true, Some(50), true),
    kept("lammps-xsu.dump", 1e-9, true, Some(50), true),
    kept("lammps-ix.dump", 1e-9, true, Some(50), true),
    kept("lammps-units.dump", 1e-9, false, Some(50), true),
    kept("lammps-general.dump", 1e-8, false, Some(50), true),
    kept("lammps-atom.dump", 1e-6, false, Some(50), true),
    kept("lammps.xyz", 1e-5, false, None, false),
    kept("lammps.dcd", 1e-6, false, Some(50), false),
    kept("lammps-unwrapped.dcd", 1e-6, false, Some(50), false),
    kept("mdanalysis.dcd", 1e-6, false, Some(1), true),
    kept("chemfiles.dcd", 1e-6, false, Some(1), true),
    kept("chemfiles.xyz", 1e-5, false, None, true),
    kept("ase.xyz", 1e-8, false, None, true),
    kept("ase.XDATCAR", 1e-8, false, None, true),
];

#[test]
fn files_of_other_programs_say_where_atoms_are() {
    let expected = expected();
    let species: Vec<Species> = expected.elements.iter().map(|word| word.parse().unwrap()).collect();
    let cell = Matrix3::from_columns(&expected.cell.map(Vector3::from));
    let types = parsed(&["Li", "N", "Zn"]);
    for file in FILES {
        let name = file.name;
        let options = Options { types: types.clone(), species: species.clone(), ..Options::default() };
        let (found, frames) = frames(name, options);
        assert_eq!(found, species, "{name}");
        assert_eq!(frames.len(), expected.fractions.len(), "{name}");
        let corner =
            if file.corner { Vector3::zeros() } else { first_place(&frames) - expected_place(&expected, 0, 0) };
        for (k, frame) in frames.iter().enumerate() {
            // A cell that lies anyhow has the same lengths and angles.
            let gram = frame.basis.transpose() * frame.basis;
            assert!((gram - cell.transpose() * cell).norm() < 2e-5, "{name}: {gram}");
            assert_eq!(frame.unwrapped, file.unwrapped, "{name}");
            assert_eq!(frame.step, file.every.map(|every| every * k as u64), "{name}");
            for (i, place) in frame.fractions.iter().enumerate() {
                let off = place - expected_place(&expected, k, i) - corner;
                let off = if file.unwrapped { off } else { off.map(|x| x - x.round()) };
                assert!(off.amax() < file.rounding, "{name}, frame {k}, atom {i}: {off}");
            }
        }
    }
}

fn first_place(frames: &[Frame]) -> Vector3<f64> {
    frames[0].fractions[0]
}

fn expected_place(expected: &Expected, frame: usize, atom: usize) -> Vector3<f64> {
    Vector3::from(expected.fractions[frame][atom])
}

/// The atoms of a DCD by the data file beside it: by masses, by comments, by labels, or as the user says.
#[test]
fn data_files_of_other_programs_say_who_the_atoms_are() {
    let expected: Vec<Species> = expected().elements.iter().map(|word| word.parse().unwrap()).collect();
    let of = |name: &str, types: &[Species]| {
        let bytes = read(of_repository(&format!("tests/trajectories/{name}"))).unwrap();
        data_species(&bytes, name, types).expect("it is a data file")
    };
    for name in ["lammps.data", "lammps-labels.data", "mdanalysis.data", "ase.data"] {
        assert_eq!(of(name, &[]).unwrap_or_else(|error| panic!("{error}")), expected, "{name}");
    }
    // ASE leaves masses out unless it is told.
    let unknown = of("ase-plain.data", &[]).unwrap_err().to_string();
    assert!(unknown.contains("ase-plain.data:13") && unknown.contains("--types Li,P,S"), "{unknown}");
    assert_eq!(of("ase-plain.data", &parsed(&["Li", "N", "Zn"])).unwrap(), expected);
}

/// Styles that say nothing of themselves, and labels in front of masses.
#[test]
fn columns_of_data_files_follow_their_style() {
    let head = "made\n\n2 atoms\n2 atom types\n";
    let masses = "\nMasses\n\n1 6.94\n2 14.007\n\n";
    let cases = [
        ("charge", format!("{head}{masses}Atoms\n\n1 2 0.5 0 0 0\n2 1 0.5 1 1 1\n")),
        ("bound", format!("{head}1 bonds\n{masses}Atoms\n\n1 1 2 0 0 0\n2 1 1 1 1 1\n\nBonds\n\n1 1 1 2\n")),
        ("no bond", format!("{head}0 bonds\n{masses}Atoms\n\n1 2 0.5 0 0 0\n2 1 0.5 1 1 1\n")),
        ("molecular", format!("{head}{masses}Atoms # molecular\n\n1 1 2 0 0 0 0 0 0\n2 1 1 1 1 1 0 0 0\n")),
        (
            "labels",
            format!(
                "{head}\nAtom Type Labels\n\n1 Li\n2 N\n\nMasses\n\nLi 6.94\nN 14.007\n\nAtoms # atomic\n\n1 N 0 0 0\n2 Li 1 1 1\n"
            ),
        ),
    ];
    for (name, text) in cases {
        let found = data_species(text.as_bytes(), name, &[]).expect("it is a data file");
        assert_eq!(found.unwrap_or_else(|error| panic!("{error}")), parsed(&["N", "Li"]), "{name}");
    }
}

/// CHARMM writes the symmetric matrix of the cell vectors where others write lengths and cosines.
#[test]
fn a_cell_of_charmm_is_its_matrix() {
    let bytes = read(of_repository("tests/trajectories/mdanalysis.dcd")).unwrap();
    let found = bytes.windows(8).position(|eight| eight == 9.0_f64.to_le_bytes()).unwrap();
    let matrix = [9.0, 1.5, 8.0, -2.0, 0.25, 7.0_f64];
    let mut charmm = bytes.clone();
    charmm[found..found + 48].copy_from_slice(&matrix.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>());
    let species = expected().elements.iter().map(|word| word.parse().unwrap()).collect();
    let mut frames =
        Frames::open(&charmm[..], "charmm.dcd", Options { species, most: Some(1), ..Options::default() }).unwrap();
    let mut basis = Matrix3::zeros();
    let take = |one| {
        basis = one;
        true
    };
    frames.each(|frame| frame.basis, take).unwrap();
    assert_eq!(basis, Matrix3::new(9.0, 1.5, -2.0, 1.5, 8.0, 0.25, -2.0, 0.25, 7.0));
}
