//! The texts of the report room: what scripts, plotting programs and people read.

mod report_sample;

use corefine::outcome::{Outcome, RestraintResult};
use corefine::report::{self, Scan, Scanned};
use report_sample::{comparison, sample, shell};
use serde_json::Value;

/// Writes the sample pages where `COREFINE_SAMPLE_PAGES` says.
#[test]
#[ignore = "writes pages for looking at, checks nothing"]
fn sample_pages() {
    let folder = std::env::var("COREFINE_SAMPLE_PAGES").expect("COREFINE_SAMPLE_PAGES names a folder");
    std::fs::write(format!("{folder}/report.html"), report::html(&sample())).unwrap();
    std::fs::write(format!("{folder}/fit.fgr"), report::fgr(&sample().data[0], &[])).unwrap();
    let scan = Scan {
        title: "Co ZIF-62, cycled: weights of the restraints".to_owned(),
        entries: [0.1, 1.0, 10.0].map(|weight| Scanned { weight, outcome: sample() }).to_vec(),
    };
    std::fs::write(format!("{folder}/scan.html"), report::scan_html(&scan)).unwrap();
    std::fs::write(format!("{folder}/shell.html"), report::shell_html(&shell())).unwrap();
    std::fs::write(format!("{folder}/comparison.html"), report::comparison_html(&comparison())).unwrap();
}

#[test]
fn a_distribution_is_written_as_numbers_columns_and_a_sentence() {
    let result = shell();
    let json = parsed(&report::shell_json(&result));
    assert_keys(
        &json,
        "version pair cutoff d density prior_density fraction prior_fraction fraction_by_cutoff mean sd",
    );
    assert_keys(&json, "area length amplitude nuisances r_hat effective draws rw chi_square seed warnings inputs");
    assert_keys(&json["fraction"], "median interval50 interval90");
    assert_keys(&json["density"], "q05 q25 q50 q75 q95");
    let csv = report::shell_csv(&result);
    assert_eq!(csv.lines().count(), result.d.len() + 1);
    assert!(csv.lines().all(|line| line.split(',').count() == 9), "{csv}");
    assert_eq!(
        report::shell_sentence(&result),
        "Co-N: 12 % [7, 17] beyond 2.25 Å (90 %); mean 2.030 Å [2.015, 2.045]; before the data 31 % [3, 59]"
    );
    let page = report::shell_html(&result);
    assert!(page.contains("a warning &#60;of&#62; the shell") && page.contains("cutoff 2.25 Å"));
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn assert_keys(value: &Value, wanted: &str) {
    let present = keys(value);
    for key in wanted.split(' ') {
        assert!(present.contains(&key), "{key} is missing from {present:?}");
    }
}

#[test]
fn json_has_the_keys_that_scripts_rely_on() {
    let outcome = sample();
    let result = parsed(&report::json(&outcome));
    assert_keys(&result, "rw converged stop iterations seconds engine parameters data bonds version");
    assert_keys(&result, "chi2 restraints");
    assert_keys(&result["restraints"][0], "kind of name value target within sigma pull weight unit");
    assert_eq!(result["restraints"].as_array().unwrap().len(), outcome.restraints.len());
    assert_keys(&result, "correlations warnings inputs determined bonds_all history title");
    assert_keys(&result["parameters"][0], "name value esd start unit tied at_bound");
    assert_keys(&result["data"][0], "file points independent_observations rw label");
    assert_keys(&result["bonds"], "pair cutoff n broken fraction fraction_esd mean sd min max histogram");
    assert_keys(&result["bonds"]["histogram"][0], "from to count");
    assert_keys(&result["inputs"][0], "role path sha256");
    assert_eq!(result["bonds"], result["bonds_all"][0]);
    assert_eq!(result["rw"].as_f64(), Some(outcome.rw));
    assert_eq!(result["parameters"][4]["esd"].as_f64(), outcome.parameters[4].esd);
    assert_eq!(result["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn json_of_bonds_is_null_without_bonds() {
    let mut outcome = sample();
    outcome.bonds.clear();
    let result = parsed(&report::json(&outcome));
    assert!(result["bonds"].is_null());
    assert_eq!(result["bonds_all"].as_array().map(Vec::len), Some(0));
}

#[test]
fn json_writes_null_for_what_is_no_number() {
    let mut outcome = sample();
    outcome.rw = f64::NAN;
    outcome.parameters[0].esd = Some(f64::INFINITY);
    outcome.correlations[1][0] = f64::NAN;
    let text = report::json(&outcome);
    let result = parsed(&text);
    assert!(result["rw"].is_null() && result["parameters"][0]["esd"].is_null());
    assert!(result["correlations"][1][0].is_null() && !text.contains("NaN"));
}

#[test]
fn fgr_holds_five_columns_that_read_back() {
    let outcome = sample();
    let data = &outcome.data[0];
    let text = report::fgr(data, &["title: Co ZIF-62".to_owned(), "two\nlines".to_owned()]);
    let (comments, rows): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
    assert_eq!(comments[..3], ["# title: Co ZIF-62", "# two", "# lines"]);
    assert_eq!(comments.last(), Some(&"# r Gobs Gcalc diff dG"));
    assert!(text.contains("4 pi r [rho(r) - rho0]") && text.contains("synthetic"));
    assert_eq!(rows.len(), data.r.len());
    for (i, row) in rows.iter().enumerate() {
        let row: Vec<f64> = row.split_whitespace().map(|field| field.parse().unwrap()).collect();
        let wanted = [data.r[i], data.gobs[i], data.gcalc[i], data.gobs[i] - data.gcalc[i], data.dg[i]];
        // Ten significant digits are written, six decimals of r.
        let near = row.iter().zip(wanted).all(|(got, want)| (got - want).abs() <= 1e-9 * want.abs().max(1.0));
        assert!(row.len() == 5 && near, "{row:?} is not {wanted:?}");
    }
}

#[test]
fn fgr_writes_zero_where_there_is_no_dg() {
    let mut data = sample().data.remove(0);
    data.dg.clear();
    let text = report::fgr(&data, &[]);
    let last = text.lines().last().unwrap().split_whitespace().last().unwrap();
    assert_eq!(last.parse::<f64>(), Ok(0.0));
}

#[test]
fn csv_counts_every_bond_once() {
    let outcome = sample();
    let text = report::histogram_csv(&outcome.bonds);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("pair,from,to,count"));
    assert_eq!(lines.next(), Some("Co-N,1.7,1.8,0"));
    let counts = lines.map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap());
    assert!((counts.sum::<f64>() - 64.0).abs() < 1e-9);
    let bonds = report::bonds_csv(&outcome.bonds);
    assert_eq!(bonds.lines().count(), 65);
    assert_eq!(bonds.lines().filter(|line| line.ends_with(",1,1")).count(), 10);
}

#[test]
fn the_page_holds_what_a_colleague_asks_for() {
    let page = report::html(&sample());
    let wanted = [
        "0.0873",
        "10 of 64 Co–N bonds, 16(3) %, are longer than 2.25 Å",
        "15.462(9)",
        "0.00544(7)",
        "not determined",
        "at bound",
        "tied",
        "synthetic",
        "cpu (2 threads)",
        "9f86d081884c7d659f86d081884c7d65",
        "G(r) (Å⁻²)",
        "r (Å)",
        "cutoff 2.25 Å",
        "26 directions determined",
        "demo/co_zif62_cycled.gr",
        env!("CARGO_PKG_VERSION"),
    ];
    for want in wanted {
        assert!(page.contains(want), "{want} is missing");
    }
}

#[test]
fn pages_load_nothing_from_elsewhere() {
    for page in [report::html(&sample()), report::comparison_html(&comparison())] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        for link in ["http:", "https:", "src=", "@import", "url(//", "<link rel=\"stylesheet"] {
            assert!(!page.contains(link), "{link} in the page");
        }
    }
}

#[test]
fn what_comes_from_files_is_escaped() {
    let mut outcome = sample();
    let evil = "</script><script>alert(1)</script>";
    outcome.title = evil.to_owned();
    outcome.parameters[0].name = evil.to_owned();
    outcome.data[0].file = evil.to_owned();
    outcome.data[0].label = evil.to_owned();
    outcome.data[0].partials[0].0 = evil.to_owned();
    outcome.warnings.push(evil.to_owned());
    outcome.bonds[0].pair = evil.to_owned();
    let mut compared = comparison();
    compared.entries[0].outcome = outcome.clone();
    compared.entries[0].name = evil.to_owned();
    assert!(!report::html(&outcome).contains("<script>alert"));
    assert!(!report::comparison_html(&compared).contains("<script>alert"));
}

#[test]
fn a_failed_refinement_says_so() {
    let mut outcome = sample();
    outcome.converged = false;
    outcome.stop = "interrupted".to_owned();
    let page = report::html(&outcome);
    assert!(page.contains("Not converged") && page.contains("did not reach a minimum"));
    assert!(!report::html(&sample()).contains("did not reach a minimum"));
}

#[test]
fn an_empty_or_broken_outcome_still_makes_a_page() {
    let mut outcome = sample();
    outcome.parameters.clear();
    outcome.correlations.clear();
    outcome.history.clear();
    outcome.bonds.clear();
    outcome.warnings.clear();
    outcome.determined = corefine::outcome::Determined::default();
    let data = &mut outcome.data[0];
    data.partials.clear();
    data.gobs.fill(f64::NAN);
    data.gcalc.fill(0.0);
    let page = report::html(&outcome);
    assert!(page.contains("</html>") && !page.contains("NaN"), "a page without holes");
    outcome.data[0].r.truncate(1);
    outcome.data.push(outcome.data[0].clone());
    outcome.data[1].r.clear();
    assert!(report::html(&outcome).contains("</html>"));
}

#[test]
fn a_comparison_sets_found_against_true() {
    let page = report::comparison_html(&comparison());
    for want in
        ["pristine", "cycled", "cycled minus pristine", "ΔG(r)", "Found − true", "10 of 64", "class=\"series truth\""]
    {
        assert!(page.contains(want), "{want} is missing");
    }
    let mut unknown = comparison();
    unknown.entries.iter_mut().for_each(|entry| entry.truth.clear());
    assert!(!report::comparison_html(&unknown).contains("Found − true"));
}

/// One entry of each kind, worked out by hand.
fn strained() -> Vec<RestraintResult> {
    let term = |kind, of: &str, name: &str, pull: f64, weight: f64| RestraintResult {
        kind,
        of: of.to_owned(),
        name: name.to_owned(),
        value: 2.0 + 0.1 * pull,
        target: 2.0,
        within: 0.0,
        sigma: 0.1,
        pull,
        weight,
        unit: "Å",
    };
    let mut all = vec![term("Distance", "Co-N", "Co1-N1", -1.0, 4.0), term("Distance", "Co-N", "Co1-<N2>", 2.0, 1.0)];
    all.extend(["Co1 x", "Co1 y", "Co1 z"].map(|name| term("Displacement", "Co", name, 0.0, 2.0)));
    all
}

#[test]
fn restraints_are_summed_up_in_a_line() {
    let said = report::restraint_summary(&strained()).unwrap();
    // Σ m pull² = 4 + 4 over Σ m = 4 + 1 + 6.
    assert_eq!(said, "5 distances, 2 displacements, rms pull 0.85, largest Co1-<N2> +2.0");
    assert_eq!(report::restraint_summary(&[]), None);
}

#[test]
fn restraints_have_a_section_where_there_are_any() {
    let mut outcome = sample();
    outcome.restraints = strained();
    let page = report::html(&outcome);
    let section = page.split("id=\"restraints\"").nth(1).unwrap().split("</section>").next().unwrap();
    for part in ["Distance Co-N", "Displacement Co", "none pulls", "Co1-&#60;N2&#62;", "1.26", "+2.0"] {
        assert!(section.contains(part), "{part}: {section}");
    }
    outcome.restraints.clear();
    assert!(!report::html(&outcome).contains("id=\"restraints\""));
}

#[test]
fn a_scan_has_a_line_for_each_weight() {
    let entry = |weight: f64| Scanned { weight, outcome: Outcome { restraints: strained(), ..sample() } };
    let scan = Scan { title: "A & B".to_owned(), entries: vec![entry(0.1), entry(10.0)] };
    let text = report::scan_csv(&scan);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "weight,rw,chi2_data,chi2_restraints,largest_pull,broken_Co-N,converged");
    assert_eq!(lines[1], "0.1,0.0873,25.3,8,2,0.15625,1");
    assert_eq!(lines.len(), 3);
    let page = report::scan_html(&scan);
    assert!(
        page.contains("A &#38; B") && page.contains("id=\"l-curve\"") && page.contains("id=\"fractions\""),
        "{page}"
    );
    assert!(!page.contains("http://") || !page.replace("http://www.w3.org", "").contains("http://"));
    assert!(report::scan_html(&Scan { title: String::new(), entries: vec![] }).contains("<table>"));
}
