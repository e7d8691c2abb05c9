//! Makes the structures that the demo's synthetic data come from: `models/demo/pristine_true.ron` and `cycled_true.ron`,
//! and the start of its refinements, `models/demo/start.ron`.
//!
//! `scripts/make-demo-data` runs it, and then `corefine simulate` on the first two.

use std::f64::consts::PI;
use std::path::Path;

use corefine::histogram::{self, BondList};
use corefine::job::Bonds;
use corefine::model::{Adp, Beyond, Cell, Model, Site};
use corefine::outcome::BondResult;
use corefine::{expand, read, write};
use nalgebra::Vector3;

/// The cell without displacements.
const FLAGSHIP: &str = include_str!("../models/co_zif62.ron");

/// Seeds of the displacements: of the pristine crystal, of the first try at the cycled one, of the start.
const SEEDS: [u64; 3] = [62, 6200, 2021];

/// Of the 64 Co-N bonds of the cycled crystal so many are longer than 2.25 Å: 15.6 %.
const BROKEN: f64 = 10.0;

/// What is displaced, and how far.
struct Recipe {
    name: &'static str,
    cell: [f64; 3],
    /// Uiso of Co, N and C, Å².
    uiso: [f64; 3],
    /// Second Uiso of Co, beyond 4.7 Å, Å².
    uiso2: f64,
    /// Standard deviation of every Co along every axis, Å.
    shake: f64,
    /// So many Co leave one of their N, each by 0.3 to 0.7 Å.
    leaving: usize,
}

const PRISTINE: Recipe = Recipe {
    name: "pristine",
    cell: [15.68, 15.65, 18.23],
    uiso: [0.0085, 0.0105, 0.0135],
    uiso2: 0.016,
    shake: 0.02,
    leaving: 0,
};

const CYCLED: Recipe = Recipe {
    name: "cycled",
    cell: [15.64, 15.68, 18.19],
    uiso: [0.0095, 0.0115, 0.0145],
    uiso2: 0.022,
    shake: 0.03,
    leaving: 10,
};

/// Every structure of the demo as `(file name, RON)`.
pub fn structures() -> Vec<(&'static str, String)> {
    let texts = [pristine(), cycled(), start()].map(|model| write::ron(&model));
    ["pristine_true.ron", "cycled_true.ron", "start.ron"].into_iter().zip(texts).collect()
}

fn pristine() -> Model {
    displaced(&PRISTINE, SEEDS[0]).0
}

/// Displacements are tried, seed after seed, until as many bonds are broken as shall be and none is absurd.
fn cycled() -> Model {
    let tries = (SEEDS[1]..).map(|seed| displaced(&CYCLED, seed));
    let mut good =
        tries.filter(|(_, bonds)| bonds.broken == BROKEN && bonds.min > 1.78 && (2.55..2.66).contains(&bonds.max));
    good.next().map(|(model, _)| model).expect("seeds do not end")
}

/// The ideal crystal, its Co moved by a little: where all are equivalent by symmetry no slope says which way each
/// should go, and least squares would move them all alike.
fn start() -> Model {
    let mut model = cell_in_p1();
    shake(&mut model, 0.03, &mut Normal::new(SEEDS[2]));
    "Co ZIF-62, start of the demo".clone_into(&mut model.title);
    model.provenance = vec![
        "models/co_zif62.ron in P1, its Co moved at random by 0.03 A along each axis, so that no two are equivalent."
            .into(),
        format!("Made by scripts/make-demo-data, seed {}.", SEEDS[2]),
    ];
    rounded(model)
}

fn displaced(recipe: &Recipe, seed: u64) -> (Model, BondResult) {
    let mut model = cell_in_p1();
    let mut normal = Normal::new(seed);
    let [a, b, c] = recipe.cell;
    model.cell = Cell { a, b, c, ..model.cell };
    set_uiso(&mut model, recipe);
    let bonds = co_n(&model);
    shake(&mut model, recipe.shake, &mut normal);
    leave(&mut model, &bonds, recipe.leaving, &mut normal);
    model.title = format!("Co ZIF-62, {}, synthetic", recipe.name);
    model.provenance = provenance(recipe, seed);
    let model = rounded(model);
    let crystal = expand::crystal(&model).expect("the flagship expands");
    let result = histogram::measure(&bonds, &crystal, &Bonds::of("Co-N"), None);
    (model, result)
}

fn provenance(recipe: &Recipe, seed: u64) -> Vec<String> {
    vec![
        "SYNTHETIC: the structure behind the demo's data, not a measured one.".into(),
        "models/co_zif62.ron in P1, with another cell and other U, its Co displaced at random.".into(),
        format!(
            "Every Co by {} A along each axis (normal); {} of 16 by 0.3 to 0.7 A away from one N.",
            recipe.shake, recipe.leaving
        ),
        format!("Made by scripts/make-demo-data, seed {seed}."),
    ]
}

fn cell_in_p1() -> Model {
    let model = read::structure(FLAGSHIP.as_bytes(), "models/co_zif62.ron").expect("the flagship reads").value;
    expand::to_p1(&model)
}

fn set_uiso(model: &mut Model, recipe: &Recipe) {
    for site in &mut model.sites {
        let place = ["Co", "N", "C"].iter().position(|symbol| *symbol == site.species.element.symbol());
        site.adp = place.map(|k| Adp::Iso(recipe.uiso[k])).or(site.adp);
        site.beyond = is_cobalt(site).then_some(Beyond { rcut: 4.7, uiso: recipe.uiso2 });
    }
}

fn is_cobalt(site: &Site) -> bool {
    site.species.element.symbol() == "Co"
}

fn co_n(model: &Model) -> BondList {
    let crystal = expand::crystal(model).expect("the flagship expands");
    histogram::bonds(model, &crystal, &Bonds::of("Co-N")).expect("the flagship has Co and N")
}

fn shake(model: &mut Model, by: f64, normal: &mut Normal) {
    for i in 0..model.sites.len() {
        if is_cobalt(&model.sites[i]) {
            shift(model, i, by * normal.vector());
        }
    }
}

/// Moves `count` Co, drawn at random, away from one of their N, with some tilt: a bond breaks on one side.
fn leave(model: &mut Model, bonds: &BondList, count: usize, normal: &mut Normal) {
    let crystal = expand::crystal(model).expect("the flagship expands");
    let mut centres: Vec<usize> = bonds.centres.iter().map(|centre| centre.atom).collect();
    for _ in 0..count {
        let atom = centres.swap_remove(normal.below(centres.len()));
        let own: Vec<_> = bonds.bonds.iter().filter(|bond| bond.i == atom).collect();
        let bond = BondList::vector(own[normal.below(own.len())], &crystal);
        let away = (0.15 * normal.vector() - bond.normalize()).normalize();
        shift(model, crystal.atoms[atom].site, away * (0.3 + 0.4 * normal.uniform()));
    }
}

/// Moves a site by a Cartesian vector, Å.
fn shift(model: &mut Model, site: usize, by: Vector3<f64>) {
    let inverse = model.cell.basis().try_inverse().expect("a cell has a volume");
    model.sites[site].position.0 += inverse * by;
}

/// With as many digits as a file has, so that the file is the whole truth.
fn rounded(mut model: Model) -> Model {
    for site in &mut model.sites {
        site.position.0 = site.position.0.map(|x| (x * 1e5).round() / 1e5);
        site.position = site.position.wrapped();
    }
    model
}

/// Normal deviates by Box and Muller from SplitMix64.
struct Normal(u64);

impl Normal {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn vector(&mut self) -> Vector3<f64> {
        Vector3::from_fn(|_, _| (-2.0 * self.uniform().ln()).sqrt() * (2.0 * PI * self.uniform()).cos())
    }

    fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }

    /// In (0, 1].
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11).wrapping_add(1) as f64 / (1_u64 << 53) as f64
    }
}

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "models/demo".to_owned());
    std::fs::create_dir_all(&folder)?;
    for (name, text) in structures() {
        std::fs::write(Path::new(&folder).join(name), text)?;
    }
    Ok(())
}
