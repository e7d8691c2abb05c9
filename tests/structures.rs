//! Structures of every format: what is read, what is refused and in which words, and that what is written reads back.

mod support;

use corefine::element::Species;
use corefine::model::{Adp, Beyond, Cell, Disorder, Model, Operator, Profile, Site, SpaceGroup};
use corefine::read::{self, ReadError, Reading};
use corefine::units::{EIGHT_PI_SQUARED, Frac};
use corefine::write;
use proptest::prelude::*;
use support::of_repository;
use support::structures::{reference_structure, shipped};

fn read(text: &str, name: &str) -> Reading<Model> {
    read::structure(text.as_bytes(), name).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(bytes: &[u8], name: &str) -> String {
    match read::structure(bytes, name) {
        Err(error) => error.to_string(),
        Ok(reading) => panic!("{name} was read: {:?}", reading.value),
    }
}

// ---- models that are shipped

const SHIPPED: [(&str, usize, usize, u16); 5] =
    [("co_zif62", 52, 8, 61), ("ni", 1, 192, 225), ("pt", 1, 192, 225), ("si", 1, 192, 227), ("ceo2", 2, 192, 225)];

#[test]
fn every_shipped_model_is_read_and_tells_where_it_comes_from() {
    let folder = of_repository("models");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .filter(|f| f.as_ref().unwrap().path().extension().is_some_and(|e| e == "ron"));
    assert_eq!(files.count(), SHIPPED.len(), "a model in models/ is not in this test's list");
    for (name, sites, operators, number) in SHIPPED {
        let model = shipped(name);
        assert_eq!(model.sites.len(), sites, "{name}");
        assert_eq!(model.space_group.operators.len(), operators, "{name}");
        assert_eq!(model.space_group.number, Some(number), "{name}");
        assert!(!model.provenance.is_empty(), "{name} does not say where it comes from");
        assert!(model.sites.iter().all(|site| site.adp.is_some()), "{name} has a site without U");
    }
}

#[test]
fn shipped_operators_are_those_of_the_symbol() {
    for (name, ..) in SHIPPED {
        let model = shipped(name);
        // Written without its operators, the symbol must bring the same ones back.
        let text = write::cif(&model);
        let (head, tail) = text.split_once("loop_\n_space_group_symop").unwrap();
        let tail = &tail[tail.find("loop_\n_atom_site").unwrap()..];
        let again = read(&format!("{head}{tail}"), "symbol.cif").value;
        let set = |model: &Model| {
            let mut texts: Vec<String> = model.space_group.operators.iter().map(ToString::to_string).collect();
            texts.sort();
            texts
        };
        assert_eq!(set(&again), set(&model), "{name}");
    }
}

/// Uiso that `models/co_zif62.ron` starts from; the deposited structure's are not public.
fn assumed_uiso(element: &str) -> f64 {
    match element {
        "Co" => 0.010,
        "N" => 0.012,
        "C" => 0.015,
        "O" | "H" => 0.03,
        other => panic!("no U for {other}"),
    }
}

/// The flagship model as the reader makes it of the reconstruction.
///
/// `COREFINE_WRITE_MODELS=1` writes it to `models/`, which is how the shipped file was made.
#[test]
fn the_flagship_model_is_what_the_reader_makes_of_the_reconstruction() {
    let Some(Reading { value: mut model, warnings }) = reference_structure("zif62/co_zif62_416.cif") else { return };
    assert!(warnings.is_empty(), "{warnings:?}");
    for site in &mut model.sites {
        site.adp = Some(Adp::Iso(assumed_uiso(site.species.element.symbol())));
    }
    model.provenance.push(
        "Uiso of every site is an assumed starting value: Co 0.010, N 0.012, C 0.015, O 0.03, H 0.03 A^2.".to_owned(),
    );
    if std::env::var("COREFINE_WRITE_MODELS").is_ok() {
        std::fs::write(of_repository("models/co_zif62.ron"), write::ron(&model)).unwrap();
    }
    assert_eq!(shipped("co_zif62"), model);
}

// ---- PDFfit

#[test]
fn the_pdffit_manuals_nickel_is_read() {
    let Some(Reading { value: model, warnings }) = reference_structure("ni/Ni.stru") else { return };
    assert!(warnings.is_empty());
    assert_eq!(model.cell, Cell::from_parameters([3.52, 3.52, 3.52, 90.0, 90.0, 90.0]));
    assert_eq!(model.title, "structure Ni FCC");
    assert_eq!(model.sites.len(), 4);
    assert!(model.sites.iter().all(|site| site.adp == Some(Adp::Iso(0.00126651))));
    assert_eq!(model.sites[1].position, Frac::new(0.0, 0.5, 0.5));
    assert_eq!(model.profile, Profile::default());
}

#[test]
fn the_oracles_structure_is_read() {
    let Some(Reading { value: model, .. }) = reference_structure("oracle/ZIF62_Co_296.stru") else { return };
    assert_eq!(model.sites.len(), 296);
    assert_eq!(model.sites.iter().filter(|site| site.species.element.symbol() == "Co").count(), 16);
    assert!(model.sites.iter().all(|site| matches!(site.adp, Some(Adp::Iso(_)))));
}

const STRU: &str = "title  two words\nformat pdffit\nscale   0.8\nsharp   2.5,  0.5,  0.9, 2.2\nspcgr  P1\n\
    shape sphere, 35.5\nshape stepcut, 40\ncell    4.0, 4.0, 5.0, 90.0, 90.0, 120.0\ndcell   0,0,0,0,0,0\n\
    ncell        2,       1,       1,         1\natoms\n\
    ZN2+  0.5  0.25 0.0 0.5\n 0 0 0 0\n 0.01 0.01 0.01\n 0 0 0\n 0.005 0 0\n 0 0 0\n\
    O2-  1.5  0.25 0.0 1\n 0 0 0 0\n 0.01 0.02 0.03\n 0 0 0\n 0.001 0.002 0.003\n 0 0 0\n";

#[test]
fn every_keyword_of_a_stru_file_is_understood() {
    let model = read(STRU, "a.stru").value;
    let expected =
        Profile { scale: 0.8, delta1: 0.5, delta2: 2.5, sratio: 0.9, rcut: 2.2, spdiameter: 35.5, stepcut: 40.0 };
    assert_eq!(model.profile, expected);
    assert_eq!(model.cell, Cell::from_parameters([8.0, 4.0, 5.0, 90.0, 90.0, 120.0]));
    assert_eq!(model.sites[0].species.to_string(), "Zn2+");
    assert_eq!(model.sites[0].position, Frac::new(0.25, 0.25, 0.0));
    assert_eq!(model.sites[1].position, Frac::new(0.75, 0.25, 0.0));
    assert_eq!((model.sites[0].occ, model.sites[1].occ), (0.5, 1.0));
    // U12 = U11 / 2 is what an isotropic U looks like on hexagonal axes.
    assert_eq!(model.sites[0].adp, Some(Adp::Iso(0.01)));
    assert_eq!(model.sites[1].adp, Some(Adp::Aniso([0.01, 0.02, 0.03, 0.001, 0.002, 0.003])));
}

#[test]
fn sharp_with_three_fields_has_no_delta1() {
    let model = read(&STRU.replace("2.5,  0.5,  0.9, 2.2", "2.5, 0.9, 2.2"), "a.stru").value;
    let Profile { delta1, delta2, sratio, rcut, .. } = model.profile;
    assert_eq!((delta1, delta2, sratio, rcut), (0.0, 2.5, 0.9, 2.2));
}

#[test]
fn the_discus_form_has_one_line_and_a_b_per_atom() {
    let text = "title d\nformat discus\ncell 3, 3, 3, 90, 90, 90\natoms\nCU 0 0 0 0.5\nAU 0.5 0.5 0.5 0.4\n";
    let model = read(text, "d.stru").value;
    assert_eq!(model.sites[1].adp, Some(Adp::Iso(0.4 / EIGHT_PI_SQUARED)));
    assert_eq!(model.sites[0].label, "Cu1");
    let said = read(&text.replace("cell", "spcgr Fm-3m\ncell"), "d.stru").warnings;
    assert!(said[0].contains("space group Fm-3m was not applied"), "{said:?}");
}

#[test]
fn wrong_stru_files_are_refused_with_a_line() {
    let cases = [
        (STRU.replace("scale   0.8", "scale   x"), "a.stru:3: \"scale x\": 1 numbers were expected, found x"),
        (STRU.replace("spcgr", "spcgp"), "a.stru:5: unknown keyword \"spcgp\""),
        (STRU.replace("ZN2+", "Xq"), "a.stru:12: unknown element \"Xq\""),
        (STRU.replace(" 0.01 0.02 0.03", " 0.01 -0.02 0.03"), "a.stru:20: displacement parameters"),
        (STRU.replace("ncell        2", "ncell        4"), "a.stru: ncell says 4 atoms, the file has 2"),
        (STRU[..STRU.len() - 30].to_owned(), "the file ends inside the atom that starts here"),
        (STRU[..STRU.find("spcgr").unwrap()].to_owned(), "a.stru: there is no line \"atoms\""),
        (STRU.replace("cell    4.0", "cell    0.0"), "encloses no volume"),
    ];
    for (text, expected) in cases {
        let message = refused(text.as_bytes(), "a.stru");
        assert!(message.contains(expected), "{message}");
    }
}

// ---- xyz

#[test]
fn the_rmc_glass_is_read() {
    let Some(Reading { value: model, .. }) = reference_structure("zif4_glass/ZIF-4_RMC_glass.xyz") else { return };
    assert_eq!(model.cell, Cell::from_parameters([47.5225, 47.5225, 47.5225, 90.0, 90.0, 90.0]));
    assert_eq!(model.sites.len(), 8704);
    let first = &model.sites[0];
    assert!((first.position.0[0] - 26.2020056 / 47.5225).abs() < 1e-12);
    assert_eq!((first.occ, first.adp), (1.0, Some(Adp::Iso(1.0 / EIGHT_PI_SQUARED))));
}

/// One of these is the cell of a crystal whose lattice the file does not tell: that is told of.
#[test]
fn a_plain_xyz_is_a_cluster_and_says_so() {
    for (file, sites) in [("zif62/ZIF-62_ordered_DFT.xyz", 296), ("molecular/MAN.xyz", 26)] {
        let Some(Reading { value: model, warnings }) = reference_structure(file) else { return };
        assert!(model.cluster && model.sites.len() == sites, "{file}: {}", model.sites.len());
        assert!(
            warnings[0].contains("there is no Lattice") && warnings[0].contains("isolated cluster"),
            "{warnings:?}"
        );
    }
    assert_eq!(read("1\npbc=\"F F F\"\nNi 0 0 0\n", "ni.xyz").warnings, Vec::<String>::new());
}

#[test]
fn an_xyz_may_lie_anyhow_in_space() {
    // The monoclinic cell a 4, b 5, c 6, beta 100 with b along -x, turned about no axis in particular.
    let cell = Cell::from_parameters([4.0, 5.0, 6.0, 90.0, 100.0, 90.0]);
    let turn = nalgebra::Rotation3::from_euler_angles(0.3, -1.1, 2.0).into_inner();
    let lattice = turn * cell.basis();
    let fractions = Frac::new(0.1, 0.7, -0.3);
    let r = lattice * fractions.0;
    let vectors: Vec<String> = lattice.iter().map(ToString::to_string).collect();
    let text = format!(
        "1\nPROPERTIES=id:I:1:pos:R:3:species:S:1:occ:R:1 pbc=\"T T T\" lattice=\"{}\"\n7 {} {} {} Co 0.5\n",
        vectors.join(" "),
        r[0],
        r[1],
        r[2]
    );
    let model = read(&text, "turned.xyz").value;
    for (got, want) in model.cell.parameters().iter().zip(cell.parameters()) {
        assert!((got - want).abs() < 1e-12 * 100.0, "{got} {want}");
    }
    assert!((model.sites[0].position.0 - fractions.0).amax() < 1e-14);
    assert_eq!((model.sites[0].occ, model.sites[0].adp), (0.5, None));
}

#[test]
fn wrong_xyz_files_are_refused_with_a_line() {
    let good = "2\nLattice=\"3 0 0 0 3 0 0 0 3\" Properties=species:S:1:pos:R:3\nCu 0 0 0\nAu 1 1 1\n";
    assert_eq!(read(good, "a.xyz").value.sites.len(), 2);
    let cases = [
        (good.replace("2\n", "3\n"), "a.xyz:1: the first line says 3 atoms, the file has 2"),
        (good.replace("Au 1 1 1", "Au 1 1"), "a.xyz:4: column 4 is nothing"),
        (good.replace("Au", "Qq"), "a.xyz:4: unknown element \"Qq\""),
        (good.replace("3 0 0 0 3 0 0 0 3", "3 0 0 3 0 0 0 0 3"), "lie in a plane"),
        (good.replace("3 0 0 0 3 0 0 0 3", "3 0 0"), "a.xyz:2: Lattice is \"3 0 0\""),
        (good.replace("pos:R:3", "pos:R"), "a.xyz:2: Properties is"),
        (good.replace("2\n", "two\n"), "a.xyz:1: the first line is \"two\""),
    ];
    for (text, expected) in cases {
        let message = refused(text.as_bytes(), "a.xyz");
        assert!(message.contains(expected), "{message}");
    }
}

// ---- RON, and files that are nothing

#[test]
fn wrong_ron_models_are_refused_with_line_and_column() {
    let good = write::ron(&shipped("ceo2"));
    let cases = [
        (good.replace("title:", "titel:"), "Unexpected field named `titel`"),
        (good.replace("\"Ce", "\"Qq"), "unknown element"),
        (good.replace("occ: 1.0", "occ: -1.0").replace("occ:1.0", "occ:-1.0"), "is negative"),
        (good.replacen("\"x,y,z\"", "\"-x,y,z\"", 1), "not the identity"),
        (good[..good.len() / 2].to_owned(), "m.ron:"),
    ];
    for (text, expected) in cases {
        let message = refused(text.as_bytes(), "m.ron");
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn what_is_no_structure_is_refused_in_plain_words() {
    assert!(refused(b"", "a.cif").starts_with("a.cif: the file is empty; "));
    assert!(refused(b" \r\n\n", "a.cif").contains("the file is empty"));
    assert!(refused(b"\x7fELF\x00\x01\x02", "a.cif").contains("binary"));
    assert!(refused(b"\x1f\x8b\x08", "a.cif.gz").contains("compressed"));
    assert!(refused(b"\xff\xfed\0a\0", "a.cif").contains("UTF-16"));
    assert!(refused(b"hello world\n", "notes.txt").contains("neither its name nor its content"));
    assert!(matches!(read::structure(b"", "a"), Err(ReadError::Empty(_))));
}

#[test]
fn the_content_tells_the_format_where_the_name_does_not() {
    let model = shipped("ceo2");
    assert_eq!(read(&write::cif(&model), "ceo2.txt").value, model);
    assert_eq!(read(&write::ron(&model), "ceo2").value, model);
    assert_eq!(read(STRU, "structure.dat").value.sites.len(), 2);
}

// ---- written and read back

#[test]
fn shipped_models_read_back_equal_from_both_forms() {
    for (name, ..) in SHIPPED {
        let model = shipped(name);
        assert_eq!(read(&write::cif(&model), "back.cif").value, model);
        assert_eq!(read(&write::ron(&model), "back.ron").value, model);
    }
}

#[test]
fn reference_structures_read_back_equal_from_both_forms() {
    let files =
        ["lamno3/LaMnO3_Pbnm.cif", "molecular/MAN.cif", "oracle/ZIF62_Co_296.stru", "zif4_glass/ZIF-4_Park2006.cif"];
    for file in files {
        let Some(Reading { value: model, .. }) = reference_structure(file) else { return };
        assert_eq!(read(&write::cif(&model), "back.cif").value, model);
        assert_eq!(read(&write::ron(&model), "back.ron").value, model);
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        Just("_tag".to_owned()),
        Just("data_x".to_owned()),
        Just("?".to_owned()),
        Just(".".to_owned()),
        Just("; 'a' \"b\" ".to_owned()),
        Just("Å² ü 'x' ".to_owned()),
        Just("two\nlines".to_owned()),
    ]
}

fn operators() -> impl Strategy<Value = Vec<Operator>> {
    let row = prop::sample::select(vec!["x", "-x", "x-y", "y"]);
    let shift = (0..24_i32).prop_map(|n| f64::from(n) / 24.0);
    let operator = (row, [shift.clone(), shift.clone(), shift]).prop_map(|(row, t)| {
        let rows = match row {
            "y" => "y,x,-z",
            "x-y" => "x-y,x,z",
            "-x" => "-x,-y,z",
            _ => "x,-y,-z",
        };
        let mut operator: Operator = rows.parse().unwrap();
        operator.translation = t.into();
        operator
    });
    prop::collection::vec(operator, 0..6).prop_map(|more| {
        let mut operators = vec![Operator::identity()];
        for operator in more {
            if !operators.contains(&operator) {
                operators.push(operator);
            }
        }
        operators
    })
}

fn site() -> impl Strategy<Value = Site> {
    let species = prop::sample::select(vec!["Co", "Co2+", "O2-", "H", "U", "N3-"]);
    let adp = prop_oneof![
        Just(None),
        (0.0..0.1_f64).prop_map(|u| Some(Adp::Iso(u))),
        [0.001..0.1_f64, 0.001..0.1, 0.001..0.1, -0.01..0.01, -0.01..0.01, -0.01..0.01]
            .prop_map(|u| Some(Adp::Aniso(u))),
    ];
    let beyond =
        prop::option::of((0.0..10.0_f64, 0.0..0.1_f64)).prop_map(|b| b.map(|(rcut, uiso)| Beyond { rcut, uiso }));
    let disorder =
        prop::option::of((text(), -3..4_i32)).prop_map(|d| d.map(|(assembly, group)| Disorder { assembly, group }));
    let position = [-1.0..2.0_f64, -1e-9..1e-9, -1.0..2.0];
    (text(), species, position, 0.0..1.0_f64, adp, beyond, prop::option::of(0.0..0.1_f64), disorder).prop_map(
        |(label, species, position, occ, adp, beyond, inside, disorder)| Site {
            label,
            species: species.parse::<Species>().unwrap(),
            position: position.into(),
            occ,
            adp,
            beyond,
            inside,
            disorder,
        },
    )
}

fn model() -> impl Strategy<Value = Model> {
    let cell =
        [1.0..50.0_f64, 1.0..50.0, 1.0..50.0, 70.0..110.0, 70.0..110.0, 70.0..110.0].prop_map(Cell::from_parameters);
    let group = (text(), prop::option::of(1..231_u16), operators()).prop_map(|(name, number, operators)| SpaceGroup {
        name,
        number,
        operators,
    });
    let profile = [0.0..2.0_f64, 0.0..3.0, 0.0..3.0, 0.5..1.0, 0.0..3.0, 0.0..90.0, 0.0..90.0].prop_map(
        |[scale, delta1, delta2, sratio, rcut, spdiameter, stepcut]| Profile {
            scale,
            delta1,
            delta2,
            sratio,
            rcut,
            spdiameter,
            stepcut,
        },
    );
    let sites = prop::collection::vec(site(), 1..6);
    (text(), prop::collection::vec(text(), 0..4), cell, group, profile, sites).prop_map(
        |(title, provenance, cell, space_group, profile, mut sites)| {
            for (i, site) in sites.iter_mut().enumerate() {
                site.label.push_str(&i.to_string());
            }
            Model { title, provenance, cluster: false, cell, space_group, profile, sites }
        },
    )
}

proptest! {
    #[test]
    fn any_model_reads_back_equal_from_cif(model in model()) {
        let text = write::cif(&model);
        let back = read::structure(text.as_bytes(), "back.cif").map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(back.value, model, "{}", text);
    }

    #[test]
    fn any_model_reads_back_equal_from_ron(model in model()) {
        let text = write::ron(&model);
        let back = read::structure(text.as_bytes(), "back.ron").map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(back.value, model, "{}", text);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[ -~\n]{0,200}", extension in prop::sample::select(vec!["cif", "stru", "xyz", "ron", "txt"])) {
        let _ = read::structure(text.as_bytes(), &format!("x.{extension}"));
    }

    #[test]
    fn no_cut_makes_a_reader_panic(part in 0.0..1.0_f64, which in 0..3_usize) {
        let name = ["back.cif", "a.stru", "back.ron"][which];
        let ceo2 = shipped("ceo2");
        let text = [write::cif(&ceo2), STRU.to_owned(), write::ron(&ceo2)][which].clone();
        let end = (part * text.len() as f64) as usize;
        let _ = read::structure(&text.as_bytes()[..end], name);
    }
}
