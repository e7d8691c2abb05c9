//! Checks of a structure before anything is computed: what is spoken of, how, and what is not.

mod support;

use corefine::expand::{Finding, Severity, checks, crystal};
use corefine::model::{Adp, Beyond, Model};
use corefine::observed::Header;
use corefine::units::Frac;
use support::groups::{HEXAGONAL, hall};
use support::structures::{BOX, model, p1, site};

fn findings(model: &Model) -> Vec<Finding> {
    checks(model, &crystal(model).unwrap(), None)
}

/// The one finding that a change to a good structure brings, and words that it must have.
fn expect(change: impl Fn(&mut Model), severity: Severity, words: &[&str]) {
    let mut model =
        model(BOX, hall("-P 1"), vec![site("Co1", "Co", [0.1, 0.2, 0.3]), site("N1", "N", [0.3, 0.2, 0.3])]);
    assert!(findings(&model).is_empty());
    change(&mut model);
    let found = findings(&model);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].severity, severity, "{}", found[0].message);
    for word in words {
        assert!(found[0].message.contains(word), "\"{word}\" is not in: {}", found[0].message);
    }
}

#[test]
fn overlaps_are_spoken_of() {
    let near = [0.15, 0.2, 0.3];
    expect(|m| m.sites[1].position = Frac(near.into()), Severity::Warning, &["Co1 and N1", "0.500 Å", "overlap"]);
    let halves = |m: &mut Model| {
        m.sites[1].position = Frac(near.into());
        m.sites[0].occ = 0.5;
        m.sites[1].occ = 0.5;
    };
    expect(halves, Severity::Note, &["Co1 and N1", "alternatives"]);
    let drawn = |m: &mut Model| {
        m.sites[1].species = "H".parse().unwrap();
        m.sites[1].position = Frac::new(0.177, 0.2, 0.3);
    };
    expect(drawn, Severity::Warning, &["Co1 and N1 (0.770 Å)", "bonds to H"]);
    expect(
        |m| m.sites[0].position = Frac::new(0.02, 0.0, 0.0),
        Severity::Warning,
        &["Co1 and Co1_2", "0.400 Å", "overlap"],
    );
}

#[test]
fn occupancies_are_spoken_of() {
    let shared = |m: &mut Model, occ: f64| {
        m.sites[1].position = m.sites[0].position;
        m.sites[0].occ = occ;
        m.sites[1].occ = occ;
    };
    expect(|m| shared(m, 0.6), Severity::Warning, &["Co1 and N1", "1.200"]);
    expect(|m| m.sites[0].occ = 1.2, Severity::Warning, &["Co1", "1.2"]);
    expect(|m| m.sites[0].occ = -0.1, Severity::Error, &["Co1 has -0.1", "between 0 and 1"]);
    // A mixed site is nothing to speak of.
    let mut mixed =
        model(BOX, hall("-P 1"), vec![site("La1", "La", [0.1, 0.2, 0.3]), site("Sr1", "Sr", [0.1, 0.2, 0.3])]);
    shared(&mut mixed, 0.5);
    assert!(findings(&mixed).is_empty());
}

#[test]
fn displacements_are_spoken_of() {
    expect(|m| m.sites[1].adp = None, Severity::Warning, &["N1", "0.005"]);
    expect(|m| m.sites[1].adp = Some(Adp::Iso(-0.01)), Severity::Error, &["N1", "-0.01"]);
    expect(|m| m.sites[1].adp = Some(Adp::Iso(f64::NAN)), Severity::Error, &["N1", "NaN"]);
    expect(|m| m.sites[1].adp = Some(Adp::Iso(0.0)), Severity::Warning, &["N1", "rest"]);
    let flat = [0.01, 0.01, 0.01, 0.02, 0.0, 0.0];
    expect(|m| m.sites[1].adp = Some(Adp::Aniso(flat)), Severity::Error, &["N1", "positive definite", "-0.01"]);
    expect(|m| m.sites[1].beyond = Some(Beyond { rcut: 4.7, uiso: -1.0 }), Severity::Error, &["N1", "second"]);
}

#[test]
fn what_many_have_in_common_is_told_once() {
    let sites = (0..30).map(|k| site(&format!("N{k}"), "N", [f64::from(k) / 30.0, 0.0, 0.0])).collect();
    let mut row = p1([90.0, 10.0, 10.0, 90.0, 90.0, 90.0], sites);
    row.sites.iter_mut().for_each(|site| site.adp = None);
    let found = findings(&row);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.ends_with("N0, N1, N2, N3 and 26 more (30 in all)"), "{found:?}");
}

#[test]
fn symmetry_that_contradicts_itself_is_spoken_of() {
    let cubic = |cell| model(cell, hall("P 4"), vec![site("Co1", "Co", [0.1, 0.2, 0.3])]);
    let found = findings(&cubic([10.0, 10.4, 10.0, 90.0, 90.0, 90.0]));
    assert!(found.len() == 1 && found[0].message.contains("10.4000"), "{found:?}");
    let mut missing = cubic(BOX);
    missing.space_group.operators.pop();
    let found = findings(&missing);
    assert!(found.len() == 1 && found[0].message.contains("no group"), "{found:?}");
    // Thirds written with four digits are no contradiction.
    let mut rounded = model(HEXAGONAL, hall("-R 3 2=c"), vec![site("O1", "O", [0.3, 0.0, 0.25])]);
    for operator in &mut rounded.space_group.operators {
        operator.translation = operator.translation.map(|x| (x * 1e4).round() / 1e4);
    }
    rounded.cell.c = 20.0;
    assert!(findings(&rounded).is_empty(), "{:?}", findings(&rounded));
}

#[test]
fn a_header_that_contradicts_the_model_is_spoken_of() {
    let model = model(BOX, hall("-P 1"), vec![site("Co1", "Co", [0.1, 0.2, 0.3]), site("O1", "O", [0.3, 0.2, 0.3])]);
    let crystal = crystal(&model).unwrap();
    let with = |header: &Header| checks(&model, &crystal, Some(header));
    let composition = |text: &[(&str, f64)]| Header {
        composition: Some(text.iter().map(|(s, n)| (s.parse().unwrap(), *n)).collect()),
        ..Header::default()
    };
    assert!(with(&Header::default()).is_empty());
    assert!(with(&composition(&[("Co2+", 1.0), ("O2-", 1.0)])).is_empty());
    let found = with(&composition(&[("Co", 3.0), ("O", 4.0)]));
    assert!(found[0].message.contains("Co 42.9 %, O 57.1 %") && found[0].message.contains("Co 50.0 %"), "{found:?}");
    assert!(with(&Header { number_density: Some(0.00404), ..Header::default() }).is_empty());
    let found = with(&Header { number_density: Some(0.05), ..Header::default() });
    assert!(found[0].message.contains("0.00400") && found[0].message.contains("0.05000"), "{found:?}");
}
