//! Readers of measured curves: every reference file, every header, and files as ugly as they come.

mod support;

use corefine::job::Normalisation;
use corefine::observed::{Form, Header, Observed, Radiation};
use corefine::read::observed::{DataError, composition, observed, reciprocal};
use corefine::window::Window;
use proptest::prelude::*;
use support::reference;

fn read_reference(file: &str) -> Option<Observed> {
    let path = reference(file)?;
    let bytes = std::fs::read(&path).unwrap();
    Some(observed(&bytes, file).unwrap_or_else(|error| panic!("{error}")))
}

fn read(text: &str, name: &str) -> Observed {
    observed(text.as_bytes(), name).unwrap_or_else(|error| panic!("{error}"))
}

fn message(bytes: &[u8], name: &str) -> String {
    observed(bytes, name).expect_err(name).to_string()
}

/// Points, first r and G, last r and G, first dG.
type Ends = (usize, (f64, f64), (f64, f64), Option<f64>);

fn assert_ends(file: &str, (points, first, last, dg): Ends) -> Option<Observed> {
    let curve = read_reference(file)?;
    let end = curve.r.len() - 1;
    assert_eq!(curve.r.len(), points, "{file}");
    assert_eq!((curve.r[0], curve.g[0]), first, "{file}");
    assert_eq!((curve.r[end], curve.g[end]), last, "{file}");
    assert_eq!(curve.dg.first().copied(), dg, "{file}");
    assert_eq!(curve.dg.len(), if dg.is_some() { points } else { 0 }, "{file}");
    Some(curve)
}

#[test]
fn reference_files_have_their_points() {
    let g60 = |first, last| (6001, (0.0, first), (60.0, last), None);
    for (file, ends) in [
        ("ni/Ni.gr", g60(0.0, 0.0219913)),
        ("pt_np/Pt-nanoparticles.gr", g60(0.0, 0.00829913)),
        ("ni_raw/Ni.gr", g60(0.0, 0.055134)),
        ("ni_raw/Ni-hires.gr", g60(0.0, 0.0498914)),
        ("ni_raw/Ni-lownoise.gr", g60(0.0, 0.0566487)),
        ("ni/Ni-xray.gr", (2000, (0.01, -0.07734561), (20.0, -3.32687), Some(0.03134926))),
        ("ni/Ni-neutron.gr", (2000, (0.01, 1.24), (20.0, -9.966), Some(0.6764))),
        ("lamno3/300K.gr", (2000, (0.01, 0.086), (20.0, 0.384), Some(0.0441))),
        ("lamno3/1150K.gr", (2000, (0.01, -0.211), (20.0, -1.0), Some(0.0262))),
        ("nisi/ni.gr", (5999, (0.0099999998, 0.0770564), (59.990002, 0.060812451), None)),
        ("nisi/si.gr", (5999, (0.0099999998, 0.12286489), (59.990002, 0.037983809), None)),
        ("nisi/sini.gr", (5999, (0.0099999998, -0.054068219), (59.990002, 0.026452754), None)),
        ("molecular/MAN_300-00000.gr", (9999, (0.01, -0.09280011), (99.99, 0.006082804), None)),
        ("operando_tio2b/B3_Bronze-3nm_ss_01.gr", (3001, (0.0, 0.0), (30.0, -0.0032746), None)),
        ("zif4_glass/ZIF4glassa_31.dofr", (2000, (0.01, 0.000174169), (0.5 * (39.98 + 40.0), -0.000148904), None)),
        ("oracle/ZIF62_Co_296_qmax23.5_qdamp0.069_r1-4.5.gr", (351, (1.0, -0.14068571), (4.5, -1.5404656), None)),
    ] {
        assert_ends(file, ends);
    }
}

fn elements(header: &Header) -> Vec<(String, f64)> {
    header.composition.iter().flatten().map(|(species, n)| (species.to_string(), *n)).collect()
}

fn formula(parts: &[(&str, f64)]) -> Vec<(String, f64)> {
    parts.iter().map(|(symbol, n)| ((*symbol).to_owned(), *n)).collect()
}

#[test]
fn headers_of_pdfgetx3_and_its_kin() {
    let Some(curve) = read_reference("ni_raw/Ni.gr") else { return };
    let h = curve.header;
    assert_eq!((h.program.as_deref(), h.radiation), (Some("PDFgetX3"), Some(Radiation::Xray)));
    assert_eq!(
        (h.qmin, h.qmax, h.qmaxinst, h.rpoly, h.bgscale),
        (Some(0.0), Some(24.0), Some(31.26), Some(0.9), Some(1.0))
    );
    assert_eq!((h.wavelength, h.normalisation), (None, Some(Normalisation::MeanSquared)));

    let h = read_reference("pt_np/Pt-nanoparticles.gr").unwrap().header;
    assert_eq!((h.program.as_deref(), h.wavelength), (Some("xPDFsuite"), Some(0.1863)));
    assert_eq!((h.qmin, h.qmax, h.bgscale), (Some(0.1), Some(25.0), Some(0.083088)));
    assert_eq!(h.composition, composition("Pt"));
}

#[test]
fn headers_of_pdfgetx2() {
    let Some(curve) = read_reference("ni/Ni-xray.gr") else { return };
    let h = &curve.header;
    assert_eq!((h.program.as_deref(), h.radiation), (Some("PDFgetX2"), Some(Radiation::Xray)));
    assert_eq!((h.qmin, h.qmax, h.wavelength), (Some(1.0), Some(40.0), Some(0.126514)));
    assert_eq!((h.temperature, h.number_density), (Some(300.0), Some(0.10991)));
    assert_eq!((elements(h), h.normalisation), (formula(&[("Ni", 1.0)]), Some(Normalisation::MeanSquared)));
    assert!(curve.warnings.is_empty(), "{:?}", curve.warnings);
}

#[test]
fn what_a_header_cannot_mean_is_left_out_aloud() {
    let Some(curve) = read_reference("molecular/MAN_300-00000.gr") else { return };
    assert_eq!(elements(&curve.header), formula(&[("C", 6.0), ("H", 14.0), ("O", 6.0)]));
    assert_eq!((curve.header.qmax, curve.header.wavelength), (None, Some(0.2113)));
    let told = curve.warnings.join("; ");
    assert!(told.contains("qmax = 100") && told.contains("9999 of 9999"), "{told}");
}

#[test]
fn headers_of_pdfgetn() {
    for (file, kelvin) in [("lamno3/300K.gr", 300.0), ("lamno3/1050K.gr", 1050.0), ("lamno3/740K.gr", 740.0)] {
        let Some(curve) = read_reference(file) else { return };
        let h = &curve.header;
        assert_eq!((h.program.as_deref(), h.radiation), (Some("PDFgetN"), Some(Radiation::Neutron)));
        assert_eq!((h.qmin, h.qmax, h.number_density, h.wavelength), (Some(2.0), Some(32.0), None, None));
        // Every one of these headers has temp=308, whatever the run.
        assert_eq!(h.temperature, Some(kelvin), "{file}");
        assert!(curve.warnings.iter().any(|w| w.contains("temp=308")));
        assert_eq!(elements(h), formula(&[("O", 0.6), ("Mn", 0.2), ("La", 0.2)]));
    }
    let h = read_reference("ni/Ni-neutron.gr").unwrap().header;
    assert_eq!((h.qmin, h.qmax, h.temperature), (Some(0.95), Some(27.0), Some(300.0)));
}

#[test]
fn a_fit_of_pdffit2_gives_back_the_measured_curve() {
    let Some(fit) = read_reference("oracle/Ni-xray_1.5-19.99.fgr") else { return };
    let data = read_reference("ni/Ni-xray.gr").unwrap();
    assert_eq!((fit.r.len(), fit.r[0], fit.r[1849]), (1850, 1.5, 19.99));
    assert!(fit.warnings[0].contains("sum of column 2 (calculated) and column 5"), "{:?}", fit.warnings);
    for (i, r) in fit.r.iter().enumerate() {
        let k = data.r.iter().position(|x| (x - r).abs() < 1e-6).unwrap();
        // Six significant digits of two summands of at most 30.
        assert!((fit.g[i] - data.g[k]).abs() < 2e-4, "r = {r}: {} and {}", fit.g[i], data.g[k]);
        assert!((fit.dg[i] - data.dg[k]).abs() < 1e-6, "r = {r}");
    }
}

#[test]
fn gudrun_s_third_column_is_no_uncertainty() {
    for celsius in ["31", "199", "301"] {
        let Some(curve) = read_reference(&format!("zif4_glass/ZIF4glassa_{celsius}.dofr")) else { return };
        assert_eq!((curve.form, curve.dg.len(), curve.r[1]), (Form::D, 0, 0.03));
        assert_eq!(curve.header.program.as_deref(), Some("GudrunX"));
    }
}

fn int01() -> Option<corefine::read::observed::Reciprocal> {
    let path = reference("zif4_glass/ZIF4glassa_31.int01")?;
    Some(reciprocal(&std::fs::read(path).unwrap(), "ZIF4glassa_31.int01").unwrap())
}

#[test]
fn int01_is_s_of_q_less_one_at_the_centres_of_its_bins() {
    let Some(curve) = int01() else { return };
    assert_eq!(
        (curve.q.len(), curve.q[0], curve.q[934]),
        (935, 0.5 * (0.6125 + 0.6374999), 0.5 * (23.96228 + 23.98728))
    );
    assert_eq!((curve.value[0], curve.dvalue[0], curve.form), (-0.6279581, 0.0007987294, Form::IofQ));
    assert!((curve.f()[0] + curve.q[0] * 0.6279581).abs() < 1e-15);
    assert!(curve.warnings[0].contains("lower edges of the bins"), "{:?}", curve.warnings);
}

/// Relative misfit of `a` to `b` times the best constant.
fn misfit(a: &[f64], b: &[f64]) -> f64 {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    (1.0 - dot(a, b).powi(2) / (dot(a, a) * dot(b, b))).max(0.0).sqrt()
}

/// `D(r)` of Gudrun against our transform of its `i(Q)`, 1 to 20 Å, with Q and r moved by `dq` and `dr`.
fn misfit_of_glass(celsius: &str, dq: f64, dr: f64, window: Window) -> Option<f64> {
    let bytes = |extension| std::fs::read(reference(&format!("zif4_glass/ZIF4glassa_{celsius}.{extension}"))?).ok();
    let mut curve = reciprocal(&bytes("int01")?, "a.int01").unwrap();
    let d = observed(&bytes("dofr")?, "a.dofr").unwrap();
    curve.q.iter_mut().for_each(|q| *q += dq);
    let r: Vec<f64> = d.r.iter().map(|r| r + dr).collect();
    let range = 50..1000;
    Some(misfit(&curve.to_observed(0.0, 30.0, &r, window).g[range.clone()], &d.g[range]))
}

#[test]
fn our_transform_of_the_glass_is_gudrun_s() {
    for celsius in ["31", "199", "301"] {
        let by = |dq, dr, window| misfit_of_glass(celsius, dq, dr, window);
        let soper = Window::SoperLorch(0.10);
        let Some(best) = by(0.0, 0.0, soper) else { return };
        let (edges, plain) = (by(-0.0125, -0.01, soper).unwrap(), by(0.0, 0.0, Window::None).unwrap());
        println!(
            "{celsius} C: Soper-Lorch 0.10 Å {best:.4}, at the edges of the bins {edges:.4}, no window {plain:.4}"
        );
        // What is left is how Gudrun fills low Q. The edges of the bins, or no window, are several times worse.
        assert!(best < 0.03 && edges > 3.0 * best && plain > 3.0 * best, "{celsius}: {best} {edges} {plain}");
        for (dq, dr) in [(0.0, 0.005), (0.0, -0.005), (0.0125, 0.0), (-0.0125, 0.0)] {
            assert!(by(dq, dr, soper).unwrap() > best, "{celsius}: moved by {dq}, {dr}");
        }
    }
}

#[test]
fn a_file_in_q_becomes_g_of_r_and_says_so() {
    let Some(path) = reference("zif4_glass/ZIF4glassa_31.int01") else { return };
    let curve = observed(&std::fs::read(path).unwrap(), "ZIF4glassa_31.int01").unwrap();
    assert_eq!((curve.r.len(), curve.form, curve.header.qmax), (2000, Form::IofQ, Some(0.5 * (23.96228 + 23.98728))));
    assert!((curve.r[0] - 0.02).abs() < 1e-15 && (curve.r[1999] - 40.0).abs() < 1e-9);
    assert!(curve.warnings.iter().any(|w| w.contains("sine transform")));
    // The published peaks: C-C/C-N 1.34 Å and Zn-N 1.98 Å.
    for peak in [1.34, 1.98] {
        let near = |x: f64| {
            curve
                .r
                .iter()
                .zip(&curve.g)
                .filter(|(r, _)| (**r - x).abs() < 0.15)
                .max_by(|a, b| a.1.total_cmp(b.1))
                .unwrap()
        };
        assert!((near(peak).0 - peak).abs() < 0.045, "{peak}: {}", near(peak).0);
    }
}

#[test]
fn dead_frames_and_raw_patterns_are_refused() {
    for (file, part) in [
        ("operando_tio2b/dead_frame_031.gr", "dead_frame_031.gr: all 4001 values are zero"),
        ("ni_raw/Ni.chi", "raw intensity"),
        ("electrode_raw/N1_PDF_NaTFSI.chi", "raw intensity"),
        ("li6ps5cl/XDATCAR.gz", "XDATCAR.gz:1: byte 0x1f"),
        ("ni/Ni.cif", "no row of numbers"),
    ] {
        let Some(path) = reference(file) else { return };
        let text = message(&std::fs::read(path).unwrap(), file);
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn the_operando_series_is_read_whole() {
    let Some(first) = reference("operando_tio2b/B3_Bronze-3nm_ss_01.gr") else { return };
    let frames = std::fs::read_dir(first.parent().unwrap()).unwrap().map(|f| f.unwrap().path());
    let read = frames.map(|path| observed(&std::fs::read(&path).unwrap(), &path.to_string_lossy()));
    assert_eq!(read.filter(|curve| curve.as_ref().is_ok_and(|c| c.r.len() == 3001)).count(), 21);
}

const PDFGUI: &str = "\
History written: Sat Nov 21 2026
produced by somebody
##### PDFgui
stype=N  neutron scattering
qmax=35.50 qdamp=0.012 qbroad=0.003
temperature=15
##### start data
#F x.gr
#L r(A) G(r) d_r d_Gr
1.00 0.5 0 0.1
1.01 0.6 0 0.1
1.02 0.7 0 0.1
";

#[test]
fn headers_of_pdfgui() {
    let curve = read(PDFGUI, "x.gr");
    let h = &curve.header;
    assert_eq!(
        (h.program.as_deref(), h.radiation, h.temperature),
        (Some("PDFgui"), Some(Radiation::Neutron), Some(15.0))
    );
    assert_eq!((h.qmax, h.qdamp, h.qbroad), (Some(35.5), Some(0.012), Some(0.003)));
    assert_eq!(curve.dg, [0.1; 3]);
}

#[test]
fn line_ends_number_styles_and_separators_make_no_difference() {
    let want = [(1.0, 0.5), (1.5, -0.25), (2.0, 0.125)];
    for text in [
        "1.0 0.5\r\n1.5 -0.25\r\n2.0 0.125\r\n",
        "1.0 0.5\r1.5 -0.25\r2.0 0.125\r",
        "1.0e+000 5.0e-001\n1.5e+000 -2.5e-001\n2.0e+000 1.25e-001",
        "1.0D+00 5.0D-01\n1.5D+00 -.25D+00\n0.2d1 0.125d0\n",
        "r,G\n1.0,0.5\n1.5,-0.25\n2.0,0.125\n",
        "1.0;0.5\n1.5;-0.25\n2.0;0.125\n",
        "\u{feff}1.0\t0.5\n\n1.5\t-0.25\n# a remark\n2.0\t0.125\n\u{1a}",
        "a title\nof two lines, 2026\n   3\n1.0 0.5\n1.5 -0.25\n2.0 0.125\n",
        "#S 1 nickel\n#L r G(r)\n1.0 0.5\n1.5 -0.25\n2.0 0.125\n",
        "1.0 0.5\n1.5 NaN\n1.5 -0.25\n-1.0 3\n2.0 0.125\n",
    ] {
        let curve = read(text, "x.dat");
        let points: Vec<_> = curve.r.into_iter().zip(curve.g).collect();
        assert_eq!(points, want, "{text:?}");
    }
}

#[test]
fn rows_that_are_no_numbers_are_counted() {
    let curve = read("1 0.5\n2 NaN\n3 -NaN\n4 -1.#IND\n5 ****\n6 0.5\n", "x.gr");
    assert_eq!(curve.r, [1.0, 6.0]);
    assert_eq!(curve.warnings, ["4 rows left out: not finite (NaN), or r < 0"]);
}

#[test]
fn uncertainties_are_used_where_they_are_any() {
    let rows = |sigma: &dyn Fn(usize) -> f64| -> String {
        (1..=200).map(|i| format!("{i} 1.5 {}", sigma(i))).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(read(&rows(&|_| 0.1), "x.gr").dg.len(), 200);
    let one_missing = read(&rows(&|i| if i == 7 { 0.0 } else { 0.1 }), "x.gr");
    assert_eq!((one_missing.r.len(), one_missing.dg.len()), (199, 199));
    assert!(one_missing.warnings[0].contains("r = 7"), "{:?}", one_missing.warnings);
    let junk = read(&rows(&|i| if i % 2 == 0 { 0.0 } else { 0.1 }), "x.gr");
    assert_eq!((junk.r.len(), junk.dg.len()), (200, 0));
    assert!(junk.warnings[0].contains("100 of 200"), "{:?}", junk.warnings);
}

#[test]
fn labels_say_which_column_is_the_observed_one() {
    let own = read("# r Gobs Gcalc diff dG\n1 2.0 1.5 0.5 0.1\n2 3.0 3.5 -0.5 0.2\n3 1 1 0 0.1\n", "fit.fgr");
    assert_eq!((own.g, own.dg), (vec![2.0, 3.0, 1.0], vec![0.1, 0.2, 0.1]));
    let pdfgui = read("#L r(A) G(r) d_r d_Gr Gdiff\n1 1.5 0 0.1 0.5\n2 3.5 0 0.2 -0.5\n3 1 0 0.1 0\n", "fit.fgr");
    assert_eq!((pdfgui.g, pdfgui.dg), (vec![2.0, 3.0, 1.0], vec![0.1, 0.2, 0.1]));
    let cmi = read("# x ycalc y dy\n1 1.5 2 0.1\n2 3.5 3 0.2\n3 1 1 0.1\n", "fit.dat");
    assert_eq!((cmi.g, cmi.dg), (vec![2.0, 3.0, 1.0], vec![0.1, 0.2, 0.1]));
}

#[test]
fn a_second_data_set_is_left_alone() {
    let curve = read("#S 1\n1 0.5\n2 0.6\n3 0.7\n#S 2\n1 9\n2 9\n", "x.gr");
    assert_eq!(curve.g, [0.5, 0.6, 0.7]);
    assert!(curve.warnings[0].contains("line 5"), "{:?}", curve.warnings);
}

#[test]
fn an_unreadable_setting_is_told_and_left_out() {
    let curve = read(
        "[PDF]\nmode = xray\nqmax = twenty\ncomposition = Co(Im)2\nrpoly = 0.9\nbackgroundfile =\n1 2\n2 3\n3 4\n",
        "x.gr",
    );
    assert_eq!((curve.header.qmax, curve.header.composition), (None, None));
    assert_eq!(
        curve.warnings,
        [
            "line 3: qmax = \"twenty\" is not a number and was ignored",
            "line 4: the composition \"Co(Im)2\" is not readable"
        ]
    );
}

#[test]
fn s_and_f_files_are_told_apart() {
    let s = reciprocal(b"#L Q S\n10 0.9\n11 1.1\n12 1.0\n", "x.sq").unwrap();
    assert!((s.value[0] + 0.1).abs() < 1e-15 && s.warnings.is_empty() && s.form == Form::SofQ);
    let less_one = reciprocal(b"10 -0.1\n11 0.1\n12 0.0\n12.5 0.01\n", "x.sq").unwrap();
    assert!(less_one.value == [-0.1, 0.1, 0.0, 0.01] && less_one.warnings[0].contains("S(Q) - 1"));
    let f = reciprocal(b"#L Q($\\AA^{-1}$)  F($\\AA^{-1}$)\n10 -1\n11 1\n12 0.1\n", "x.txt").unwrap();
    assert_eq!((f.form, f.f()), (Form::FofQ, vec![-1.0, 1.0, 0.1]));
    assert!(matches!(reciprocal(b"1 2\n2 3\n3 4\n", "x.gr"), Err(DataError::NotReciprocal { .. })));
}

#[test]
fn every_wrong_file_gets_its_message() {
    for (bytes, name, want) in [
        (&b""[..], "a.gr", "a.gr: the file is empty"),
        (b" \r\n\t\n", "a.gr", "a.gr: the file is empty"),
        (b"abc\n\x00\x01", "a.gr", "a.gr:2: byte 0x00 does not occur in a text file"),
        (b"hello\nworld\n", "a.gr", "a.gr: no row of numbers among its 2 lines"),
        (b"# r\n1\n2\n3\n", "a.gr", "a.gr:2: one number only, \"1\""),
        (b"1 2\n2 3\n3 4\n4\n", "a.gr", "a.gr:4: one number only, \"4\""),
        (b"1 2\n2 3\n3 4\n4 5 oops\n", "a.gr", "a.gr:4: \"oops\" is not a number"),
        (b"1 2\n2 3\n2 4\n", "a.gr", "a.gr:3: r = 2 follows r = 2; it must ascend"),
        (b"3 2\n2 3\n1 4\n", "a.gr", "a.gr:2: r = 2 follows r = 3"),
        (b"1 0\n2 0\n3 0.0e0\n", "a.gr", "a.gr: all 3 values are zero"),
        (b"1 nan\n2 nan\n3 1\n", "a.gr", "a.gr: 1 usable rows, at least 2 are needed; 2 were left out"),
        (b"#L r(nm) G\n1 1\n2 2\n3 1\n", "a.gr", "a.gr:1: \"r(nm)\" is labelled in nm"),
        (b"#L Q I\n1 1\n2 2\n3 1\n", "a.xy", "a.xy: this is raw intensity"),
        (b"#L 2theta I\n1 1\n2 2\n3 1\n", "a.xy", "a.xy: this is raw intensity"),
        (b"1 1 2\n2 2 3\n3 1 4\n", "a.fgr", "a.fgr: a fitted curve with 3 columns; five are expected"),
        (b"#L r G dr dG\n1 1 0 1\n2 2 0 1\n", "a.fgr", "a.fgr: a fitted curve with 4 columns; five are expected"),
    ] {
        let text = message(bytes, name);
        assert!(text.starts_with(want), "{text}\nwanted: {want}");
    }
}

const NAMES: [&str; 9] = ["a.gr", "a.fgr", "a.dofr", "a.int01", "a.sq", "a.fq", "a.chi", "a", "a.txt"];

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), name in 0..NAMES.len()) {
        let _ = observed(&bytes, NAMES[name]);
        let _ = reciprocal(&bytes, NAMES[name]);
    }

    #[test]
    fn no_text_makes_it_panic(text in "([0-9.eEdD+,;#LSrGQdn =()\\-\t\n]|NaN|qmax|composition|run|Å|start data|inf|1e300){0,120}", name in 0..NAMES.len()) {
        let _ = observed(text.as_bytes(), NAMES[name]);
        let _ = composition(&text);
    }

    #[test]
    fn what_is_read_is_finite_ascending_and_of_one_length(
        rows in proptest::collection::vec((-1.0..1e4f64, proptest::num::f64::ANY, proptest::num::f64::ANY), 3..40),
        name in 0..NAMES.len(),
    ) {
        let mut rows = rows;
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let text: String = rows.iter().map(|(r, g, s)| format!("{r:e} {g:e} {s:e}")).collect::<Vec<_>>().join("\n");
        if let Ok(curve) = observed(text.as_bytes(), NAMES[name]) {
            prop_assert!(curve.r.windows(2).all(|w| w[0] < w[1]) && curve.r.len() == curve.g.len());
            prop_assert!(curve.dg.is_empty() || curve.dg.len() == curve.r.len());
            prop_assert!(curve.r.iter().all(|r| r.is_finite()));
            if !curve.form.in_q() {
                prop_assert!(curve.g.iter().all(|g| g.is_finite()));
            }
        }
    }
}
