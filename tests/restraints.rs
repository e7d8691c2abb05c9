//! Restraints: their values by hand, every derivative against central differences, and the same sum of squares in P1 and in
//! a space group; then refinements that they hold.

mod support;

use corefine::engine::Cpu;
use corefine::expand;
use corefine::fit::{Inputs, Setup};
use corefine::job::{Job, Restraint};
use corefine::lm::Flow;
use corefine::model::{Adp, Disorder, Model};
use corefine::observed::{Form, Header, Observed};
use corefine::outcome::{Outcome, RestraintResult};
use corefine::params::{Binding, State};
use corefine::restraints::{RestraintError, Restraints};
use corefine::units::Frac;
use support::curves::{curve, hundredths, job, refining, state, xrays};
use support::groups::hall;
use support::structures::{BOX, model, p1, site, site_with};

/// Every kind, away from the edges of flat bottoms at the points where derivatives are taken.
const EVERY: &str = r#"restraints: [
    Distance(pair: "Co-N", neighbours: 3, target: 1.9, sigma: 0.03),
    Distance(pair: "Co-N", neighbours: 3, target: 1.8, within: 0.1, sigma: 0.02),
    Distance(pair: "N-C", neighbours: 2, sigma: 0.04),
    Angle(angle: "N-Co-N", neighbours: 3, target: 95, sigma: 3),
    Angle(angle: "N-Co-N", neighbours: 3, within: 0.05, sigma: 2),
    Apart(pair: "Co-C", least: 3.6, sigma: 0.05),
    Apart(pair: "N-N", least: 3.5, sigma: 0.1),
    Displacement(of: "Co", sigma: 0.15),
    Displacement(of: "N1", sigma: 0.1),
]"#;

/// Pnma: Co and a N on the mirror, Zn on an inversion centre, a N and a C anywhere.
fn orthorhombic() -> Model {
    let u = Adp::Aniso([0.012, 0.018, 0.009, 0.0, -0.003, 0.0]);
    let sites = vec![
        site_with("Co1", "Co", [0.10, 0.25, 0.20], u),
        site("N1", "N", [0.24, 0.431, 0.404]),
        site("N2", "N", [-0.197, 0.25, 0.302]),
        site("C1", "C", [0.444, 0.458, -0.071]),
        site("Zn1", "Zn", [0.0, 0.0, 0.5]),
    ];
    model([6.4, 7.2, 5.9, 90.0, 90.0, 90.0], hall("-P 2ac 2n"), sites)
}

/// The same kinds of atoms in an oblique cell with an inversion centre.
fn triclinic() -> Model {
    let sites = vec![
        site("Co1", "Co", [0.11, 0.23, 0.31]),
        site("N1", "N", [0.37, 0.35, 0.45]),
        site("N2", "N", [0.02, 0.40, 0.12]),
        site("C1", "C", [0.45, 0.71, 0.22]),
        site("Zn1", "Zn", [0.5, 0.5, 0.5]),
    ];
    model([5.1, 6.3, 7.2, 83.0, 97.0, 108.0], hall("-P 1"), sites)
}

struct Case {
    binding: Binding,
    start: State,
    restraints: Restraints,
}

impl Case {
    fn new(job: &Job, model: &Model) -> Self {
        Self::try_new(job, model).unwrap()
    }

    fn try_new(job: &Job, model: &Model) -> Result<Self, RestraintError> {
        let mut crystal = expand::crystal(model).unwrap();
        if let Some(molecules) = &job.phase().molecules {
            expand::molecules(model, &mut crystal, molecules).unwrap();
        }
        let binding = Binding::new(job, model, &crystal).unwrap();
        let start = binding.state(&binding.start()).unwrap();
        let restraints = Restraints::new(job, &binding, &start)?;
        Ok(Self { binding, start, restraints })
    }

    fn residuals(&self, p: &[f64]) -> Vec<f64> {
        self.restraints.residuals(&self.binding.state(p).unwrap(), p).collect()
    }

    fn cost(&self, p: &[f64]) -> f64 {
        self.residuals(p).iter().map(|x| x * x).sum()
    }

    fn pulls(&self, p: &[f64]) -> Vec<RestraintResult> {
        self.restraints.pulls(&self.binding.state(p).unwrap(), p)
    }

    /// Somewhere near the start, the same at every call: positions move by up to 0.1 Å.
    fn elsewhere(&self) -> Vec<f64> {
        let step = |k: usize| ((k as f64 + 1.0) * 0.618_033_988_75).rem_euclid(1.0) - 0.5;
        let free = self.binding.free.iter().enumerate();
        free.map(|(k, free)| {
            let name = &self.binding.variables()[free.variable].name;
            let scale = match name.split('.').next() {
                Some("a" | "b" | "c") => 0.2,
                Some("alpha" | "beta" | "gamma") => 2.0,
                _ => 0.03,
            };
            free.start + scale * step(k)
        })
        .collect()
    }
}

fn derivatives_match(job: &Job, model: &Model) {
    let case = Case::new(job, model);
    let p = case.elsewhere();
    let at = case.binding.state(&p).unwrap();
    let jacobian = case.restraints.jacobian(&at, &case.binding.tangents(&at, &p).unwrap());
    assert_eq!(jacobian.shape(), (case.restraints.len(), p.len()));
    let active = case.residuals(&p).iter().filter(|x| **x != 0.0).count();
    assert!(active > case.restraints.len() / 2, "{active} of {} do anything", case.restraints.len());
    let results = case.pulls(&p);
    for (k, free) in case.binding.free.iter().enumerate() {
        let name = &case.binding.variables()[free.variable].name;
        let h = 1e-6 * p[k].abs().max(1.0);
        let moved = |by: f64| {
            let mut p = p.clone();
            p[k] += by;
            case.residuals(&p)
        };
        let (plus, minus) = (moved(h), moved(-h));
        let scale = jacobian.column(k).amax().max(1.0);
        for (row, result) in results.iter().enumerate() {
            let (got, want) = (jacobian[(row, k)], (plus[row] - minus[row]) / (2.0 * h));
            assert!((got - want).abs() < 2e-7 * scale, "{name}: {result:?}: {got} against {want}, largest {scale}");
        }
    }
}

#[test]
fn derivatives_match_central_differences_in_a_space_group() {
    let names = ["scale", "a", "b", "c", "xyz.Co", "xyz.N", "y.C1", "Uiso.C"];
    let ties = r#"ties: ["x.C1 = x.N1 + 0.2", "z.C1 = z.N2^2 - 0.16"], restraint_weight: 2.5,"#;
    let mut job = refining(&names, &format!("{ties} {EVERY}"));
    job.refine[5].1.sigma = Some(0.1);
    derivatives_match(&job, &orthorhombic());
}

#[test]
fn derivatives_match_central_differences_in_an_oblique_cell() {
    let names = ["a", "b", "c", "alpha", "beta", "gamma", "xyz.Co", "xyz.N", "xyz.C", "U.Zn"];
    derivatives_match(&refining(&names, EVERY), &triclinic());
}

#[test]
fn derivatives_match_central_differences_in_p1() {
    let names = ["a", "b", "c", "alpha", "beta", "gamma", "xyz.Co", "xyz.N", "xyz.C"];
    derivatives_match(&refining(&names, EVERY), &expand::to_p1(&triclinic()));
}

/// Values of the P1 parameters at which its atoms are where those of `moved` are.
fn followed(case: &Case, moved: &Model) -> Vec<f64> {
    let value = |free: &corefine::params::Free| {
        let name = &case.binding.variables()[free.variable].name;
        let Some((axis, label)) = name.split_once('.') else {
            let cell = ["a", "b", "c", "alpha", "beta", "gamma"].iter().position(|known| known == name).unwrap();
            return moved.cell.parameters()[cell];
        };
        let axis = ["x", "y", "z"].iter().position(|known| *known == axis).unwrap();
        let site = moved.sites.iter().find(|site| site.label == label).unwrap();
        let by = site.position.0[axis] - free.start;
        free.start + by - by.round()
    };
    case.binding.free.iter().map(value).collect()
}

#[test]
fn p1_and_a_space_group_have_the_same_sum_of_squares() {
    for (model, cell) in
        [(orthorhombic(), &["a", "b", "c"][..]), (triclinic(), &["a", "b", "c", "alpha", "beta", "gamma"][..])]
    {
        let names: Vec<&str> = cell.iter().copied().chain(["xyz.Co", "xyz.N", "xyz.C"]).collect();
        let (in_group, each) = (names.clone(), [names, vec!["xyz.Zn"]].concat());
        let more = EVERY.replace("Displacement(of: \"N1\", sigma: 0.1)", "Displacement(of: \"N\", sigma: 0.1)");
        let group = Case::new(&refining(&in_group, &more), &model);
        let all = Case::new(&refining(&each, &more), &expand::to_p1(&group.start.model));
        assert!(all.restraints.len() > group.restraints.len());
        let p = group.elsewhere();
        let q = followed(&all, &expand::to_p1(&group.binding.state(&p).unwrap().model));
        let (one, other) = (group.cost(&p), all.cost(&q));
        assert!((one / other - 1.0).abs() < 1e-10 && one > 100.0, "{one} in the group, {other} in P1");
        let by_kind = |case: &Case, p: &[f64], kind: &str| -> f64 {
            case.pulls(p).iter().filter(|r| r.kind == kind).map(|r| r.weight * r.pull * r.pull).sum()
        };
        for kind in ["Distance", "Angle", "Apart", "Displacement"] {
            let (one, other) = (by_kind(&group, &p, kind), by_kind(&all, &q, kind));
            assert!((one / other - 1.0).abs() < 1e-10 && one > 0.0, "{kind}: {one} in the group, {other} in P1");
        }
    }
}

/// Co at the origin of a box, N at 2, 2.2 and 2.4 Å along its axes, C opposite at 2.5 Å.
fn corner() -> Model {
    let sites = vec![
        site("Co1", "Co", [0.0, 0.0, 0.0]),
        site("N1", "N", [0.2, 0.0, 0.0]),
        site("N2", "N", [0.0, 0.22, 0.0]),
        site("N3", "N", [0.0, 0.0, 0.24]),
        site("C1", "C", [0.75, 0.0, 0.0]),
    ];
    p1(BOX, sites)
}

fn held(restraint: &str, names: &[&str]) -> Case {
    Case::new(&refining(names, &format!("restraints: [{restraint}]")), &corner())
}

fn near(got: &[f64], want: &[f64]) {
    let same = got.len() == want.len() && got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-9);
    assert!(same, "{got:?}, expected {want:?}");
}

#[test]
fn residuals_are_those_done_by_hand() {
    let at_start = |restraint: &str| {
        let case = held(restraint, &["xyz.Co"]);
        (case.residuals(&case.binding.start()), case.restraints.gaussian())
    };
    let (residuals, gaussian) = at_start(r#"Distance(pair: "Co-N", neighbours: 3, target: 2.2, sigma: 0.1)"#);
    near(&residuals, &[-2.0, 0.0, 2.0]);
    assert_eq!(gaussian, [true; 3]);
    let (residuals, gaussian) =
        at_start(r#"Distance(pair: "Co-N", neighbours: 3, target: 2.2, within: 0.15, sigma: 0.1)"#);
    near(&residuals, &[-0.5, 0.0, 0.5]);
    assert_eq!(gaussian, [false; 3]);
    near(&at_start(r#"Distance(pair: "Co-N", neighbours: 3, sigma: 0.1)"#).0, &[0.0; 3]);
    near(&at_start(r#"Angle(angle: "N-Co-N", neighbours: 3, target: 96, sigma: 2)"#).0, &[-3.0; 3]);
    near(&at_start(r#"Angle(angle: "N-Co-N", neighbours: 3, target: 96, within: 4, sigma: 2)"#).0, &[-1.0; 3]);
    let (residuals, gaussian) = at_start(r#"Apart(pair: "Co-C", least: 2.7, sigma: 0.1)"#);
    near(&residuals, &[-2.0]);
    assert_eq!(gaussian, [false]);
    near(&at_start(r#"Apart(pair: "Co-C", least: 2.4, sigma: 0.1)"#).0, &[0.0]);
    let far = held(r#"Apart(pair: "Co-C", least: 0.9, sigma: 0.1)"#, &["xyz.Co"]);
    assert!(far.restraints.is_empty() && far.restraints.warnings[0].contains("\"Co-C\" restrains nothing"));
    let case = held(r#"Displacement(of: "N", sigma: 0.2), Displacement(of: "C1", sigma: 0.2)"#, &["xyz.N1", "a"]);
    let p: Vec<f64> = case.binding.start().iter().zip([0.01, 0.02, -0.03, 0.0]).map(|(p, by)| p + by).collect();
    near(&case.residuals(&p)[..3], &[0.5, 1.0, -1.5]);
    near(&case.residuals(&p)[3..], &[0.0; 9]);
    assert_eq!(case.pulls(&p)[2].name, "N1 z");
    assert_eq!(case.restraints.gaussian(), [true; 12]);
}

/// A cell that grows takes its atoms along: none of them is displaced.
#[test]
fn a_change_of_the_cell_is_no_displacement() {
    let case = held(r#"Displacement(of: "N", sigma: 0.2)"#, &["a", "beta"]);
    near(&case.residuals(&[11.0, 95.0]), &[0.0; 9]);
}

#[test]
fn the_weight_is_that_of_the_sum_of_squares() {
    let text = r#"restraint_weight: 4, restraints: [Distance(pair: "Co-N", neighbours: 3, target: 2.2, sigma: 0.1)]"#;
    let mut job = refining(&["xyz.Co"], text);
    job.refine[0].1.sigma = Some(0.1);
    let case = Case::new(&job, &corner());
    let p = [0.02, 0.0, 0.0];
    let residuals = case.residuals(&p);
    near(&residuals[..3], &[4.0, 0.0, 0.0]);
    assert!((residuals[3] - 2.0 * (-4.0)).abs() < 1e-9, "1.8 Å to N1: {residuals:?}");
    near(&case.pulls(&p).iter().map(|r| r.pull).take(4).collect::<Vec<_>>(), &[2.0, 0.0, 0.0, -4.0]);
}

/// Pairs that are watched stay the same ones, and stay as many, wherever atoms go.
#[test]
fn a_pair_that_comes_near_later_was_watched() {
    let case = held(r#"Apart(pair: "Co-C", least: 1.5, sigma: 0.1)"#, &["x.C1"]);
    near(&case.residuals(&[0.75]), &[0.0]);
    near(&case.residuals(&[0.90]), &[-5.0]);
    near(&case.residuals(&[0.30]), &[0.0]);
}

#[test]
fn a_bond_is_followed_through_the_edge_of_the_cell() {
    let case = held(r#"Distance(pair: "Co-N", neighbours: 1, target: 2.0, sigma: 0.1)"#, &["x.Co", "x.N1"]);
    near(&case.residuals(&[-0.3, -0.1]), &[0.0]);
    near(&case.residuals(&[5.0, 5.2]), &[0.0]);
}

/// What belongs to one molecule, and what is never there together, does not bump.
#[test]
fn molecules_and_alternatives_do_not_bump() {
    let sites = vec![
        site("C1", "C", [0.1, 0.1, 0.1]),
        site("N1", "N", [0.23, 0.1, 0.1]),
        site("C2", "C", [0.5, 0.1, 0.1]),
        site("N2", "N", [0.63, 0.1, 0.1]),
    ];
    let mut model = p1(BOX, sites);
    let names = |model: &Model, more: &str| -> Vec<String> {
        let job = refining(&["xyz.C"], &format!(r#"{more} restraints: [Apart(pair: "C-N", least: 2.8, sigma: 0.1)]"#));
        let case = Case::new(&job, model);
        case.pulls(&case.binding.start()).into_iter().filter(|r| r.pull != 0.0).map(|r| r.name).collect()
    };
    assert_eq!(names(&model, ""), ["C1-N1", "C2-N1", "C2-N2"]);
    assert_eq!(names(&model, "molecules: (),"), ["C2-N1"]);
    for (site, group) in [(1, 1), (2, 2)] {
        model.sites[site].disorder = Some(Disorder { assembly: "A".into(), group });
        model.sites[site].occ = 0.5;
    }
    assert!(names(&model, "molecules: (),").is_empty());
    let warned = Case::new(&refining(&["a"], r#"restraints: [Apart(pair: "C-N", least: 2.8, sigma: 0.1)]"#), &model);
    assert!(warned.restraints.warnings[0].contains("molecules: ()"), "{:?}", warned.restraints.warnings);
}

/// Alternatives of a neighbour make no angle with each other, and each makes one with the others.
#[test]
fn alternatives_make_no_angle() {
    let mut model = corner();
    model.sites[2].occ = 0.5;
    model.sites[3].occ = 0.5;
    for (site, group) in [(2, 1), (3, 2)] {
        model.sites[site].disorder = Some(Disorder { assembly: "A".into(), group });
    }
    let text = r#"restraints: [Angle(angle: "N-Co-N", neighbours: 2, target: 90, sigma: 1)]"#;
    let case = Case::new(&refining(&["xyz.Co"], text), &model);
    let names: Vec<String> = case.pulls(&case.binding.start()).into_iter().map(|r| r.name).collect();
    assert_eq!(names, ["N1-Co1-N2", "N1-Co1-N3"]);
}

/// Three atoms in line: the angle has an edge there, and nothing becomes infinite.
#[test]
fn a_straight_angle_is_no_trap() {
    let mut model = corner();
    model.sites.remove(3);
    model.sites[2].position = Frac::new(-0.2, 0.0, 0.0);
    let text = r#"restraints: [Angle(angle: "N-Co-N", neighbours: 2, target: 170, sigma: 1)]"#;
    let case = Case::new(&refining(&["xyz.Co"], text), &model);
    let p = case.binding.start();
    near(&case.residuals(&p), &[10.0]);
    let at = case.binding.state(&p).unwrap();
    let jacobian = case.restraints.jacobian(&at, &case.binding.tangents(&at, &p).unwrap());
    assert!(jacobian.iter().all(|x| *x == 0.0), "{jacobian}");
}

#[test]
fn what_is_not_there_cannot_be_restrained() {
    for (restraint, said) in [
        (r#"Distance(pair: "Co-O", sigma: 0.1)"#, "\"Co-O\" needs O, and the structure has none (it has C, Co, N)"),
        (r#"Distance(pair: "Co", sigma: 0.1)"#, "\"Co\" is not made of elements"),
        (r#"Angle(angle: "N-Co-C", sigma: 1)"#, "\"N-Co-C\" is not an angle between bonds of one kind"),
        (r#"Angle(angle: "O-Co-O", sigma: 1)"#, "\"O-Co-O\" needs O"),
        (r#"Apart(pair: "O-N", least: 2, sigma: 1)"#, "\"O-N\" needs O"),
        (
            r#"Displacement(of: "N9", sigma: 1)"#,
            "the structure has no element or site \"N9\" (its elements are C, Co, N)",
        ),
        (r#"Distance(pair: "Co-N", neighbours: 200, sigma: 0.1)"#, "neighbours is 200"),
        (r#"Apart(pair: "Co-N", least: 300, sigma: 0.1)"#, "take a smaller `least`"),
    ] {
        let job = refining(&["a"], &format!("restraints: [{restraint}]"));
        let error = Case::try_new(&job, &corner()).err().unwrap_or_else(|| panic!("{restraint} was taken")).to_string();
        assert!(error.contains(said), "{restraint}: {error}");
    }
}

/// Co with three N in a box, and the curve of such a molecule with bonds of 2.1 Å.
fn stretched() -> (Model, Observed) {
    let mut truth = corner();
    for (k, site) in truth.sites.iter_mut().enumerate().skip(1).take(3) {
        site.position.0[k - 1] = 0.21;
    }
    let r = hundredths(100, 400);
    let g = curve(&state(&truth, &job("")), &xrays(0.0, 20.0, r.clone()), &mut Cpu);
    let header = Header { qmax: Some(20.0), ..Header::default() };
    (truth, Observed { name: "known.gr".into(), r, g, dg: vec![], form: Form::G, header, warnings: vec![], in_q: None })
}

fn refined(more: &str) -> Outcome {
    let (model, observed) = stretched();
    let text = format!(
        r#"(structure: "a.cif", data: (file: "known.gr", rmin: 1, rmax: 4, dg: 0.05, radiation: xray),
            refine: {{ "x.N1": (), "y.N2": (), "z.N3": () }}, bonds: [(pair: "Co-N", neighbours: 3)], {more})"#
    );
    let job = corefine::read::job::job(&text, "job.ron").unwrap();
    let inputs = Inputs::of(job, model, observed);
    Setup::new(inputs).unwrap().refine(&mut Cpu, &mut |_| Flow::Continue).unwrap()
}

#[test]
fn a_heavier_restraint_takes_bonds_nearer_to_its_target() {
    let restraint = r#"restraints: [Distance(pair: "Co-N", neighbours: 3, target: 1.95, sigma: 0.01)]"#;
    let free = refined("");
    assert!(free.restraints.is_empty() && free.rw < 1e-6 && (free.bonds[0].mean - 2.1).abs() < 1e-6);
    let mut last = free;
    for weight in [0.01, 1.0, 100.0] {
        let outcome = refined(&format!("restraint_weight: {weight}, {restraint}"));
        let (now, before) = (outcome.bonds[0].mean, last.bonds[0].mean);
        println!("weight {weight}: Rw {:.4}, mean {now:.4} ± {:.4} Å", outcome.rw, outcome.bonds[0].mean_esd.unwrap());
        assert!(outcome.converged && now < before && outcome.rw > last.rw, "{weight}: {now} after {before}");
        assert_eq!(outcome.restraints.len(), 3);
        let off = outcome.restraints.iter().any(|term| term.pull.abs() > 3.0);
        let warned =
            outcome.warnings.iter().any(|text| text.contains("off by more than 3 sigma, the most Distance Co1-"));
        assert_eq!(warned, off, "{:?}", outcome.warnings);
        let term = &outcome.restraints[0];
        assert_eq!((term.kind, term.of.as_str(), term.name.as_str(), term.unit), ("Distance", "Co-N", "Co1-N1", "Å"));
        let bond = outcome.bonds[0].bonds.iter().find(|bond| bond.to == "N1").unwrap();
        assert!((bond.distance - term.value).abs() < 1e-12 && ((term.value - 1.95) / 0.01 - term.pull).abs() < 1e-9);
        last = outcome;
    }
    assert!((last.bonds[0].mean - 1.95).abs() < 0.01, "{}", last.bonds[0].mean);
}

/// Inside its flat bottom a restraint leaves the fit alone, up to the esds.
#[test]
fn a_flat_bottom_leaves_what_lies_in_it_alone() {
    let (free, held) = (
        refined(r#"restraints: [Distance(pair: "Co-N", neighbours: 3, target: 2.1, within: 1, sigma: 0.01)]"#),
        refined(r#"restraints: [Distance(pair: "Co-N", neighbours: 3, target: 2.1, within: 0.2, sigma: 0.01)]"#),
    );
    assert!(held.restraints.iter().all(|term| term.pull == 0.0));
    assert_eq!(free.rw, held.rw);
    assert_eq!(free.bonds[0].mean_esd, held.bonds[0].mean_esd);
    assert_eq!(free.bonds[0].mean_esd, refined("").bonds[0].mean_esd);
}

/// Where the origin lies does not matter.
#[test]
fn a_translation_of_everything_changes_no_residual() {
    let shifted = |by: f64| {
        let mut model = triclinic();
        model.space_group = corefine::model::SpaceGroup::default();
        for site in &mut model.sites {
            site.position.0.add_scalar_mut(by);
        }
        let case = Case::new(&refining(&["a", "alpha", "xyz.N"], EVERY), &model);
        let p = case.elsewhere();
        let mut residuals = case.residuals(&p);
        residuals.sort_by(f64::total_cmp);
        residuals
    };
    near(&shifted(0.0), &shifted(0.37));
}

#[test]
fn no_restraints_are_no_rows() {
    let case = held("", &["a"]);
    assert!(case.restraints.is_empty() && case.restraints.gaussian().is_empty());
    let tangents = case.binding.tangents(&case.start, &[10.0]).unwrap();
    assert_eq!(case.restraints.jacobian(&case.start, &tangents).shape(), (0, 1));
}

/// A job that goes on draws to the same targets; where it cannot say them, it says that.
#[test]
fn a_refined_job_keeps_its_targets() {
    let kinds = r#"Distance(pair: "Co-N", neighbours: 3, target: 1.95, sigma: 0.01), Distance(pair: "N-Co", neighbours: 1, sigma: 0.01),
        Angle(angle: "N-Co-N", neighbours: 3, sigma: 1), Displacement(of: "N", sigma: 0.2), Apart(pair: "Co-C", least: 2.7, sigma: 0.1)"#;
    let outcome = refined(&format!("restraints: [{kinds}]"));
    let text = outcome.refined_job;
    let next = corefine::read::job::job(&text, "refined.ron").unwrap();
    let targets: Vec<Option<f64>> = next.restraints.iter().map(target).collect();
    assert_eq!((targets[0], targets[3], targets[4]), (Some(1.95), None, None));
    // Every N-Co is 2.1 Å at the start, and every angle is right.
    assert!((targets[1].unwrap() - 2.1).abs() < 1e-9 && (targets[2].unwrap() - 90.0).abs() < 1e-9, "{text}");
    let head = text.lines().next().unwrap();
    assert!(head.ends_with("no longer to where the first one did: Displacement of N."), "{head}");
    assert!(refined("").refined_job.starts_with('('));
}

fn target(restraint: &Restraint) -> Option<f64> {
    match restraint {
        Restraint::Distance { target, .. } | Restraint::Angle { target, .. } => *target,
        Restraint::Apart { .. } | Restraint::Displacement { .. } => None,
    }
}
