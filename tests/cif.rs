//! CIFs: the numbers that gemmi reads in them (`tests/cif/expected.json`, made by `scripts/cif-expected.py`),
//! the warnings, and the words in which what is no CIF is refused.

mod support;

use std::collections::BTreeMap;

use corefine::model::{Adp, Model};
use corefine::read::{self, Reading};
use serde_json::Value;
use support::structures::reference_structure;

/// gemmi prints and reads the same decimal digits, so only the last bits of products such as `B / 8π²` may differ.
const DIGITS: f64 = 1e-12;

fn folder() -> std::path::PathBuf {
    support::of_repository("tests/cif")
}

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

fn ugly(file: &str) -> Reading<Model> {
    let bytes = std::fs::read(folder().join(file)).unwrap();
    read::structure(&bytes, file).unwrap_or_else(|error| panic!("{error}"))
}

fn near(got: f64, want: &Value, what: &str) {
    let want = want.as_f64().unwrap_or_else(|| panic!("{what}: {want}"));
    assert!((got - want).abs() <= DIGITS * want.abs().max(1.0), "{what}: got {got}, want {want}");
}

fn same_cell(model: &Model, want: &Value, file: &str) {
    for (k, got) in model.cell.parameters().into_iter().enumerate() {
        near(got, &want["cell"][k], &format!("{file}: cell[{k}]"));
    }
}

#[test]
fn ugly_files_are_read_as_gemmi_reads_them() {
    let expected = expected();
    let files = expected["ugly"].as_object().unwrap();
    let present = std::fs::read_dir(folder())
        .unwrap()
        .filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|e| e == "cif"));
    assert_eq!(present.count(), files.len(), "run scripts/cif-expected.py");
    for (file, want) in files {
        let model = ugly(file).value;
        same_cell(&model, want, file);
        same_operators(&model, want, file);
        let sites = want["sites"].as_array().unwrap();
        assert_eq!(model.sites.len(), sites.len(), "{file}: number of sites");
        for (site, want) in model.sites.iter().zip(sites) {
            same_site(site, want, file);
        }
    }
}

fn same_operators(model: &Model, want: &Value, file: &str) {
    let parse = |text: &str| {
        let operator: corefine::model::Operator = text.parse().unwrap();
        let mut code: Vec<i32> = operator.rotation.iter().map(|x| *x as i32).collect();
        code.extend(operator.translation.iter().map(|x| (x * 24.0).round() as i32 % 24));
        code
    };
    let mut want: Vec<_> = want["operators"].as_array().unwrap().iter().map(|o| parse(o.as_str().unwrap())).collect();
    let mut got: Vec<_> = model.space_group.operators.iter().map(|o| parse(&o.to_string())).collect();
    assert_eq!(model.space_group.operators[0].to_string(), "x,y,z", "{file}: the identity comes first");
    want.sort();
    got.sort();
    assert_eq!(got, want, "{file}: operators");
}

fn same_site(site: &corefine::model::Site, want: &Value, file: &str) {
    let what = format!("{file}: {}", site.label);
    let label = want["label"].as_str().unwrap();
    assert!(site.label == label || site.label.starts_with(&format!("{label}_")), "{what}: label {label}");
    assert_eq!(site.species.element.symbol(), want["species"][0].as_str().unwrap(), "{what}");
    assert_eq!(i64::from(site.species.charge), want["species"][1].as_i64().unwrap(), "{what}: charge");
    for k in 0..3 {
        near(site.position.0[k], &want["fract"][k], &what);
    }
    near(site.occ, &want["occ"], &what);
    match (site.adp, &want["u"]) {
        (None, Value::Null) => {}
        (Some(Adp::Iso(u)), want @ Value::Number(_)) => near(u, want, &what),
        (Some(Adp::Aniso(u)), Value::Array(want)) => u.iter().zip(want).for_each(|(u, want)| near(*u, want, &what)),
        (got, want) => panic!("{what}: U is {got:?}, not {want}"),
    }
}

#[test]
fn reference_files_are_read_as_gemmi_reads_them() {
    let expected = expected();
    for (file, want) in expected["reference"].as_object().unwrap() {
        let Some(Reading { value: model, .. }) = reference_structure(file) else { return };
        same_cell(&model, want, file);
        assert_eq!(model.space_group.operators.len() as u64, want["operators"].as_u64().unwrap(), "{file}: operators");
        same_sums(&model, want, file);
        let charges: i64 = model.sites.iter().map(|site| i64::from(site.species.charge)).sum();
        assert_eq!(charges, want["charges"].as_i64().unwrap(), "{file}: charges");
    }
}

/// Sites, coordinates and occupancies summed over each element, and all displacement parameters.
fn same_sums(model: &Model, want: &Value, file: &str) {
    let mut sums: BTreeMap<&str, [f64; 5]> = BTreeMap::new();
    let mut u_sum = 0.0;
    for site in &model.sites {
        let p = site.position.0;
        let sum = sums.entry(site.species.element.symbol()).or_default();
        for (total, value) in sum.iter_mut().zip([1.0, p[0], p[1], p[2], site.occ]) {
            *total += value;
        }
        u_sum += match site.adp {
            None => 0.0,
            Some(Adp::Iso(u)) => u,
            Some(Adp::Aniso(u)) => u.iter().sum(),
        };
    }
    let elements = want["elements"].as_object().unwrap();
    assert_eq!(sums.len(), elements.len(), "{file}: elements");
    for (element, sum) in sums {
        sum.iter()
            .enumerate()
            .for_each(|(k, got)| near(*got, &elements[element][k], &format!("{file}: {element}[{k}]")));
    }
    near(u_sum, &want["u"], &format!("{file}: sum of U"));
}

// ---- what is said about files that are odd

fn warned(file: &str, expected: &[&str]) {
    let warnings = ugly(file).warnings;
    for text in expected {
        assert!(warnings.iter().any(|warning| warning.contains(text)), "{file}: \"{text}\" not in {warnings:#?}");
    }
    assert_eq!(warnings.len(), expected.len(), "{file}: {warnings:#?}");
}

#[test]
fn what_is_guessed_or_left_out_is_said_with_file_and_line() {
    warned("01_journal.cif", &[]);
    warned("02_icsd.cif", &[]);
    warned("03_cod.cif", &["03_cod.cif:16: space group \"not a symbol\" is not in the table; the operators were used"]);
    warned("04_ccdc.cif", &["04_ccdc.cif:44: site Cg1 is a dummy atom", "04_ccdc.cif:45: site X1 is a dummy atom"]);
    warned("05_vesta.cif", &[]);
    warned("06_blocks.cif", &["06_blocks.cif:4: block \"first\" was read; the file has sites in second as well"]);
    warned("07_pbnm.cif", &[]);
    warned("10_r3m_rhombohedral.cif", &[]);
    warned("13_labels_only.cif", &["D was read as H"]);
    warned("14_beta.cif", &["\"Fe2.6+\" was read as Fe3+"]);
    warned(
        "16_holes.cif",
        &[
            "16_holes.cif:19: site C2 has no coordinates; left out",
            "16_holes.cif:20: site C3 has no coordinates; left out",
            "2 sites bear a label that others have; they were renamed (C1 -> C1_2, ...)",
            "the displacement tensor of \"C9\" belongs to no site",
        ],
    );
    warned("17_number.cif", &["17_number.cif:8: only the number 225 tells the space group"]);
    warned("20_hall_quote.cif", &[]);
}

#[test]
fn names_numbers_and_provenance_come_along() {
    let model = ugly("07_pbnm.cif").value;
    assert_eq!((model.title.as_str(), model.space_group.name.as_str()), ("pbnm", "Pbnm"));
    assert_eq!(model.space_group.number, Some(62));
    assert_eq!(ugly("11_unique_axis_c.cif").value.space_group.number, Some(14));
    let scalar = ugly("18_scalar.cif").value.space_group;
    assert_eq!((scalar.name.as_str(), scalar.number), ("P m -3 m", Some(221)));
    let provenance = ugly("02_icsd.cif").value.provenance;
    assert!(provenance.contains(&"_publ_section_title: A title with a second line".to_owned()), "{provenance:?}");
    assert!(provenance.contains(&"_database_code_icsd: 12345".to_owned()), "{provenance:?}");
    let latin = std::fs::read(folder().join("04_ccdc.cif")).unwrap();
    assert!(read::text_of(&latin, "04_ccdc.cif").unwrap().contains("20 °C"));
}

#[test]
fn disorder_comes_along() {
    let model = ugly("04_ccdc.cif").value;
    let places: Vec<_> =
        model.sites.iter().map(|site| site.disorder.as_ref().map(|d| (d.assembly.as_str(), d.group))).collect();
    assert_eq!(places, [None, Some(("A", 1)), Some(("A", 2)), Some(("A", 1)), Some(("B", -1))]);
}

// ---- one change to a good file, one clear message

const GOOD: &str = "data_x\n_cell_length_a 4\n_cell_length_b 5\n_cell_length_c 6\n_cell_angle_alpha 90\n\
    _cell_angle_beta 90\n_cell_angle_gamma 90\n_symmetry_space_group_name_H-M 'P m m m'\nloop_\n\
    _symmetry_equiv_pos_as_xyz\n'x,y,z'\n'-x,-y,-z'\n'-x,-y,z'\n'x,y,-z'\n'-x,y,-z'\n'x,-y,z'\n'x,-y,-z'\n'-x,y,z'\n\
    loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n\
    _atom_site_occupancy\n_atom_site_U_iso_or_equiv\nCo1 Co 0.1 0.2 0.3 1 0.01\nN1 N 0.4 0.5 0.6 0.5 0.02\n";

fn change(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replace(from, to)
}

fn refused(text: &str) -> String {
    match read::structure(text.as_bytes(), "co.cif") {
        Err(error) => error.to_string(),
        Ok(reading) => panic!("was read: {:?}", reading.value),
    }
}

fn warnings(text: &str) -> Vec<String> {
    read::structure(text.as_bytes(), "co.cif").unwrap_or_else(|error| panic!("{error}")).warnings
}

#[test]
fn wrong_values_are_refused_with_their_line() {
    assert_eq!(warnings(GOOD), Vec::<String>::new());
    let cases = [
        (change("0.6 0.5", "0.6 abc"), "co.cif:28: occupancy \"abc\" is no number; write a number from 0 to 1"),
        (change("0.6 0.5", "0.6 -0.5"), "co.cif:28: occupancy \"-0.5\" is negative; "),
        (change("0.02", "-0.02"), "co.cif:28: displacement parameter -0.02 is negative; "),
        (change("0.02", "0,02"), "co.cif:28: displacement parameter \"0,02\" is no number; "),
        (change("0.1 0.2", "0.1x 0.2"), "co.cif:27: coordinate \"0.1x\" is no number; "),
        (change("Co1 Co", "Co1 Xx"), "co.cif:27: unknown element \"Xx\"; "),
        (change("'x,y,-z'", "'x,y,-w'"), "co.cif:14: \"x,y,-w\" is no symmetry operator"),
        (change("_cell_length_a 4", "_cell_length_a four"), "co.cif:2: _cell_length_a is \"four\"; "),
        (change("_cell_length_a 4", "_cell_length_a -4"), "co.cif:2: _cell_length_a is \"-4\"; "),
        (change("_cell_length_b 5\n", ""), "co.cif:1: block \"x\" has no _cell_length_b; "),
        (change("gamma 90", "gamma 190"), "encloses no volume"),
        (change("_fract_", "_Cartn_"), "co.cif:1: block \"x\" has Cartesian coordinates only; "),
        (change("_atom_site_fract_z", "_atom_site_z"), "co.cif:1: block \"x\" has no complete _atom_site_fract_x"),
        (GOOD[..GOOD.find("loop_").unwrap()].to_owned(), "no complete _atom_site_fract_x"),
    ];
    for (text, expected) in cases {
        let message = refused(&text);
        assert!(message.contains(expected), "{message}\n{expected}");
    }
}

#[test]
fn broken_grammar_is_refused_with_its_line() {
    let cases = [
        (
            GOOD.trim_end().trim_end_matches("0.02").to_owned(),
            "co.cif:28: the loop of _atom_site_label that starts on line 19",
        ),
        (change("'P m m m'", "'P m m m"), "co.cif:8: the quote that opens at 'P m m m"),
        (change("'P m m m'", "\n;P m m m"), "co.cif:9: the text block"),
        (change("_cell_angle_gamma 90", "_cell_angle_gamma"), "co.cif:7: _cell_angle_gamma has no value; "),
        (change("_cell_length_a 4", "_cell_length_a 4 A"), "co.cif:2: the value \"A\" belongs to no tag; "),
        (change("data_x\n", ""), "co.cif:1: values stand before the first \"data_\" line; "),
        (
            change("loop_\n_atom_site_label", "loop_\n loop_\n_atom_site_label"),
            "co.cif:19: loop_ is followed by no tag; ",
        ),
        ("hello world\n".to_owned(), "co.cif:1: the value \"hello\" belongs to no tag; "),
        ("# nothing\n".to_owned(), "co.cif: there is no data_ block in the file; "),
    ];
    for (text, expected) in cases {
        let message = refused(&text);
        assert!(message.starts_with(expected), "{message}\n{expected}");
    }
}

#[test]
fn contradictions_in_the_symmetry_are_said() {
    let cases = [
        (
            change("'P m m m'", "'P b c a'"),
            "co.cif:8: space group \"P b c a\" (No. 61) and the 8 operators do not agree",
        ),
        (change("'P m m m'", "'P q'"), "co.cif:8: space group \"P q\" is not in the table; the operators were used"),
        (change("'-x,y,z'\n", ""), "co.cif:11: the 7 operators are no group"),
        (change("'x,y,z'\n", ""), "the identity x,y,z is not among the operators; it was added"),
        (change("'-x,y,z'", "'x,y,z'"), "co.cif:18: operator \"x,y,z\" stands twice; used once"),
        (change("_cell_angle_gamma 90\n", ""), "no _cell_angle_gamma; the angle was taken as 90"),
        (
            change("_cell_length_a 4", "_cell_length_a 4 _cell_length_a 7"),
            "co.cif:2: _cell_length_a stands twice; the first value was used",
        ),
        (change("0.6 0.5", "0.6 1.5"), "co.cif:28: occupancy 1.5 is over 1"),
    ];
    for (text, expected) in cases {
        let said = warnings(&text);
        assert!(said.iter().any(|warning| warning.contains(expected)), "{said:#?}\n{expected}");
    }
}

fn without_operators(symmetry: &str) -> String {
    let start = GOOD.find("_symmetry_space").unwrap();
    let end = GOOD.find("loop_\n_atom").unwrap();
    format!("{}{symmetry}\n{}", &GOOD[..start], &GOOD[end..])
}

#[test]
fn symbols_that_stand_alone_are_used_or_refused() {
    let said = warnings(&without_operators("_space_group_IT_number 48"));
    assert!(said.iter().any(|warning| warning.contains("two choices of origin")), "{said:#?}");
    let said = warnings(&without_operators("_symmetry_space_group_name_H-M 'F m -3 m'"));
    assert!(said.iter().any(|warning| warning.contains("co.cif:8: the cell does not have the symmetry")), "{said:#?}");
    let said = warnings(&without_operators("_space_group_name_Hall 'nonsense' _space_group_IT_number 16"));
    assert!(said.iter().any(|warning| warning.contains("Hall symbol \"nonsense\" could not be read")), "{said:#?}");
    let said = warnings(&without_operators(""));
    assert!(said.iter().any(|warning| warning.contains("taken as P 1")), "{said:#?}");
    let message = refused(&without_operators("_symmetry_space_group_name_H-M 'P q'"));
    assert!(message.starts_with("co.cif:8: space group \"P q\" is not known"), "{message}");
}
