//! The scattering tables against numbers from elsewhere.

use corefine::element::{Element, Species};
use corefine::scattering::{neutron, xray};
use std::f64::consts::PI;

fn spelled_as_xraydb(species: Species) -> String {
    match species.charge {
        0 => species.element.to_string(),
        q => format!("{}{}{}", species.element, q.unsigned_abs(), if q > 0 { '+' } else { '-' }),
    }
}

#[test]
fn form_factors_agree_with_xraydb_for_every_species_and_over_the_whole_range() {
    let db = xraydb::XrayDb::new();
    let mut compared = 0;
    for species in xray::species() {
        for s in [0.0, 0.05, 0.2, 0.7, 1.5, 3.0, 6.0] {
            let want = db.f0_at(&spelled_as_xraydb(species), s).unwrap();
            let got = xray::f0(species, 4.0 * PI * s).unwrap();
            // The same sum of six terms of the size of Z: nothing but rounding may differ.
            assert!((got - want).abs() < 1e-11, "{species} at s = {s}: {got}, xraydb has {want}");
            compared += 1;
        }
    }
    // 211 rows of the published table, less the two valence-only forms.
    assert_eq!(compared, 209 * 7);
}

#[test]
fn xraydb_knows_no_species_that_the_table_lacks() {
    let db = xraydb::XrayDb::new();
    let ours: Vec<String> = xray::species().map(spelled_as_xraydb).collect();
    let missing: Vec<_> = db.f0_ions(None).unwrap().into_iter().filter(|ion| !ours.iter().any(|o| o == ion)).collect();
    assert_eq!(missing, ["Cval", "Siva"]);
}

#[test]
fn form_factors_at_rest_are_the_published_ones() {
    for (symbol, want) in [("Co", 26.993983), ("N", 6.996361), ("C", 5.997198), ("H", 0.999978)] {
        let got = xray::f0(symbol.parse().unwrap(), 0.0).unwrap();
        assert!((got - want).abs() < 5e-7, "{symbol}: {got}");
    }
}

#[test]
fn form_factors_at_rest_count_the_electrons() {
    for species in xray::species() {
        let (got, want) = (xray::f0(species, 0.0).unwrap(), xray::electrons(species));
        // The authors' fits miss Z at s = 0 by up to a few hundredths of an electron.
        assert!((got - want).abs() < 0.1, "{species}: f0(0) = {got}, electrons {want}");
    }
}

#[test]
fn form_factors_have_a_range() {
    let cobalt = "Co".parse().unwrap();
    assert!(xray::f0(cobalt, xray::Q_LIMIT).is_some());
    for q in [-0.1, 75.5, f64::NAN] {
        assert!(xray::f0(cobalt, q).is_none(), "{q}");
    }
}

#[test]
fn neutron_lengths_are_sears() {
    let values = [("H", -3.739), ("C", 6.646), ("N", 9.36), ("O", 5.803), ("Ti", -3.438), ("Mn", -3.73), ("Co", 2.49)];
    for (symbol, want) in
        values.into_iter().chain([("Ni", 10.3), ("Zn", 5.68), ("La", 8.24), ("Pt", 9.6), ("U", 8.417)])
    {
        assert_eq!(neutron::length(symbol.parse::<Element>().unwrap()), Some(want), "{symbol}");
    }
}
