//! The structures that are timed, and how they are measured.

use corefine::crystal::{Atom, Crystal};
use corefine::curve::Measurement;
use corefine::expand;
use corefine::job::{Compat, Normalisation, Weights};
use corefine::model::{Adp, Cell, Model, Profile, Site, SpaceGroup};
use corefine::observed::Radiation;
use corefine::params::{Setting, State};
use corefine::read;
use corefine::units::{EIGHT_PI_SQUARED, Frac};
use nalgebra::{Matrix3, Vector3};

/// Resolution, 1/Å.
pub const QDAMP: f64 = 0.069;

/// Upper end of the transform, 1/Å.
pub const QMAX: f64 = 23.5;

/// The 416-atom cell in P1.
pub fn flagship() -> Model {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/models/co_zif62.ron");
    let text = std::fs::read(path).expect("the model is part of the repository");
    expand::to_p1(&read::structure(&text, path).expect("and can be read").value)
}

/// X-rays, one weight for each pair of species, 1.00 Å to `rmax` in steps of 0.01 Å.
pub fn measurement(rmax: f64, compat: Compat) -> Measurement {
    let r: Vec<f64> = (100..=(rmax * 100.0).round() as u32).map(|m| f64::from(m) * 0.01).collect();
    Measurement {
        radiation: Radiation::Xray,
        weights: Weights::F0,
        normalisation: Normalisation::MeanSquared,
        sample: Vec::new(),
        compat,
        qmin: 0.0,
        qmax: Some(QMAX),
        soper_lorch: None,
        data_rmin: r[0],
        r,
    }
}

/// A model as it stands, with the instrument's resolution.
pub fn state(model: &Model) -> State {
    State { crystal: expand::crystal(model).expect("a sound model"), model: model.clone(), setting: setting() }
}

fn setting() -> Setting {
    Setting { qdamp: QDAMP, ..Setting::default() }
}

/// Moves every Co by about `by` Å along each axis, the same way at every run.
pub fn displace(model: &mut Model, by: f64) {
    let mut uniform = uniform();
    let edges = [model.cell.a, model.cell.b, model.cell.c];
    for site in model.sites.iter_mut().filter(|site| site.species.element.symbol() == "Co") {
        for (axis, edge) in edges.iter().enumerate() {
            site.position.0[axis] += by * normal(&mut uniform) / edge;
        }
    }
}

/// Numbers between 0 and 1, the same at every run.
fn uniform() -> impl FnMut() -> f64 {
    let mut seed = 1_u64;
    move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Twelve uniform numbers less their mean: variance 1.
fn normal(uniform: &mut impl FnMut() -> f64) -> f64 {
    (0..12).map(|_| uniform()).sum::<f64>() - 6.0
}

/// A block of fcc nickel of some `atoms` atoms that repeats without end, every atom moved by about 0.05 Å along each axis.
pub fn nickel(atoms: usize) -> State {
    let cells = (atoms as f64 / 4.0).cbrt().round() as usize;
    let edge = 3.524 * cells as f64;
    let mut uniform = uniform();
    let mut positions = Vec::with_capacity(4 * cells.pow(3));
    for corner in (0..cells.pow(3)).map(|k| [k % cells, k / cells % cells, k / cells / cells]) {
        for centre in [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]] {
            let jitter: [f64; 3] = std::array::from_fn(|_| 0.05 * normal(&mut uniform) / edge);
            positions.push(Vector3::from_fn(|k, _| (corner[k] as f64 + centre[k]) / cells as f64 + jitter[k]));
        }
    }
    cube(edge, &["Ni"], 0.006, positions)
}

/// An isolated ball of fcc nickel of some `atoms` atoms, every atom moved by about 0.05 Å along each axis.
pub fn ball(atoms: usize) -> Model {
    let edge = 3.524;
    let radius = edge * (atoms as f64 * 3.0 / (16.0 * std::f64::consts::PI)).cbrt();
    let most = (radius / edge) as i32 + 1;
    let cells = (-most..=most).flat_map(|x| (-most..=most).flat_map(move |y| (-most..=most).map(move |z| [x, y, z])));
    let centres = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]];
    let places = cells.flat_map(|cell| centres.map(|centre| Vector3::from_fn(|k, _| f64::from(cell[k]) + centre[k])));
    let mut uniform = uniform();
    let inside = places.map(|place| edge * place).filter(|place| place.norm() <= radius);
    let sites = inside.enumerate().map(|(index, place)| Site {
        label: format!("Ni{}", index + 1),
        species: "Ni".parse().expect("an element"),
        position: Frac(place.map(|x| x + 0.05 * normal(&mut uniform))),
        occ: 1.0,
        adp: Some(Adp::Iso(UISO)),
        beyond: None,
        inside: None,
        disorder: None,
    });
    Model {
        title: "ball of nickel".to_owned(),
        provenance: Vec::new(),
        cluster: true,
        cell: Cell::ANGSTROM,
        space_group: SpaceGroup::default(),
        profile: Profile::default(),
        sites: sites.collect(),
    }
}

/// Biso 0.3 Å², the default of DebyeCalculator.
const UISO: f64 = 0.3 / EIGHT_PI_SQUARED;

/// A cluster without any damping by an instrument.
pub fn isolated(model: &Model) -> State {
    State { setting: Setting::default(), ..state(model) }
}

/// X-rays with exact weights from 1 to 30 1/Å, 0 to 30 Å in steps of 0.01 Å: the default of DebyeCalculator, to a longer r.
pub fn of_cluster() -> Measurement {
    let r: Vec<f64> = (0..3000).map(|m| f64::from(m) * 0.01).collect();
    Measurement {
        weights: Weights::Exact,
        qmin: 1.0,
        qmax: Some(30.0),
        data_rmin: r[0],
        r,
        ..measurement(30.0, Compat::None)
    }
}

/// A cube of any number of atoms of four elements at the flagship's density, spread evenly.
pub fn spread(atoms: usize) -> State {
    let edge = (atoms as f64 / DENSITY).cbrt();
    // Multiples of powers of the root of x^4 = x + 1, modulo 1: no two points come near each other.
    let root = 1.220_744_084_605_759_5_f64;
    let position = |n: usize| Vector3::from_fn(|k, _| (n as f64 / root.powf(k as f64 + 1.0)).fract());
    cube(edge, &["C", "N", "H", "Co"], 0.012, (0..atoms).map(position).collect())
}

/// Atoms in 1 Å^3 of the flagship.
const DENSITY: f64 = 416.0 / (15.662 * 15.6621 * 18.2073);

/// Atoms of the given elements, in turns, in a cube: without a list of sites, which a million atoms do not need.
fn cube(edge: f64, elements: &[&str], uiso: f64, positions: Vec<Vector3<f64>>) -> State {
    let cell = Cell::from_parameters([edge, edge, edge, 90.0, 90.0, 90.0]);
    let atom = |(index, position): (usize, Vector3<f64>)| Atom {
        site: index,
        operator: 0,
        shift: Vector3::zeros(),
        species: index % elements.len(),
        position: Frac(position).wrapped(),
        occ: 1.0,
        u: Matrix3::identity() * uiso,
        beyond: None,
        inside: None,
        molecule: None,
    };
    let crystal = Crystal {
        cluster: false,
        cell,
        basis: cell.basis(),
        species: elements.iter().map(|symbol| symbol.parse().expect("an element")).collect(),
        atoms: positions.into_iter().enumerate().map(atom).collect(),
        profile: Profile::default(),
    };
    let model = Model {
        title: "cube".to_owned(),
        provenance: Vec::new(),
        cluster: false,
        cell,
        space_group: SpaceGroup::default(),
        profile: Profile::default(),
        sites: Vec::new(),
    };
    State { model, crystal, setting: setting() }
}

/// A P1 model with isotropic U as PDFfit2 reads it.
pub fn stru(model: &Model) -> String {
    let cell = model.cell.parameters().map(|value| value.to_string()).join(", ");
    let mut text = format!(
        "title  {}\nformat pdffit\nscale   1.0\nsharp   0.0, 0.0, 1.0, 0.0\nspcgr   P1\ncell   {cell}\n\
         dcell   0, 0, 0, 0, 0, 0\nncell  1, 1, 1, {}\natoms\n",
        model.title,
        model.sites.len()
    );
    for site in &model.sites {
        let [x, y, z] = [0, 1, 2].map(|axis| site.position.0[axis]);
        let u = site.adp.unwrap_or(Adp::Iso(0.0)).equivalent(&model.cell);
        let symbol = site.species.element.symbol();
        let occ = site.occ;
        let lines = format!("{symbol} {x:.12} {y:.12} {z:.12} {occ:.6}\n   0 0 0 0\n   {u} {u} {u}\n");
        text.push_str(&lines);
        text.push_str(&"   0 0 0\n".repeat(3));
    }
    text
}
