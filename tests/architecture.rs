//! The order of the rooms, as ARCHITECTURE.md lists them, held against what the code uses.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The rooms in order, each with its modules.
fn rooms() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = text.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let files = cells[2].split('`').skip(1).step_by(2);
        (cells[1].to_owned(), files.map(|file| file.trim_end_matches('/').trim_end_matches(".rs").to_owned()).collect())
    })
    .collect()
}

/// The place of every module in the order of the rooms.
fn places() -> BTreeMap<String, usize> {
    let rooms = rooms().into_iter().enumerate();
    rooms.flat_map(|(place, (_, modules))| modules.into_iter().map(move |module| (module, place))).collect()
}

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The module of the crate that a file belongs to: `curve` for `src/curve/lowq.rs`.
fn module_of(path: &Path) -> String {
    let inner = path.strip_prefix(root().join("src")).unwrap();
    let first = inner.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file: no comments, no tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
    shipped.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

/// The modules that a piece of code names with `crate::`, `crate::{a, b}` among them.
fn used(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let after = code.match_indices("crate::").map(|(at, sign)| &code[at + sign.len()..]);
    after
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').map(|item| word(item.trim())).collect(),
            None => vec![word(rest)],
        })
        .collect()
}

#[test]
fn every_module_has_its_room() {
    let places = places();
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for module in library.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")) {
        let module = module.trim_end_matches(';');
        assert!(places.contains_key(module), "ARCHITECTURE.md has no room for src/{module}");
    }
    for module in places.keys() {
        let folder = root().join("src").join(module);
        assert!(folder.is_dir() || folder.with_extension("rs").is_file(), "there is no src/{module}");
    }
}

#[test]
fn every_room_uses_only_rooms_above_it() {
    let (rooms, places) = (rooms(), places());
    assert!(rooms.len() > 10, "the list in ARCHITECTURE.md was not found");
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        let module = module_of(&path);
        if module == "lib" {
            continue;
        }
        let place = places[&module];
        for other in used(&code(&path)) {
            if places.get(&other).is_none_or(|used| *used > place) {
                wrong.push(format!("{} ({}) uses {other}", path.display(), rooms[place].0));
            }
        }
    }
    assert!(wrong.is_empty(), "against the order in ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn uses_are_found_in_every_form() {
    let code = "use crate::model::{Adp, Model};\nuse crate::{curve, lm::Fit};\nlet x: &crate::crystal::Atom;";
    assert_eq!(used(code), ["model", "curve", "lm", "crystal"]);
}

/// Files, terminals, the environment and threads are the command's affair; rayon is that of `threads.rs`.
#[test]
fn the_library_knows_neither_files_nor_terminals_nor_threads() {
    let foreign =
        ["std::fs", "std::env", "std::io", "std::process", "std::thread", "std::path", "println!", "eprintln!"];
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        if ["cli", "main"].contains(&module_of(&path).as_str()) {
            continue;
        }
        let code = code(&path);
        // A trajectory is longer than memory: it is read as a stream, of which the library knows only that it has bytes.
        let code =
            if path.starts_with(root().join("src/read/trajectory")) { code.replace("std::io", "") } else { code };
        wrong.extend(
            foreign.iter().filter(|word| code.contains(**word)).map(|word| format!("{}: {word}", path.display())),
        );
        if code.contains("rayon::") && !path.ends_with("src/threads.rs") {
            wrong.push(format!("{}: rayon", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files that ARCHITECTURE.md names.
#[test]
fn named_files_are_there() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (folders, library) = (["src/", "tests/", "docs/", "shaders/"], ["engine/"]);
    for word in text.split('`').filter(|word| !word.contains(char::is_whitespace)) {
        let path = if library.iter().any(|f| word.starts_with(f)) { format!("src/{word}") } else { word.to_owned() };
        if folders.iter().any(|folder| path.starts_with(folder)) {
            assert!(root().join(&path).exists(), "ARCHITECTURE.md names {word}, which is not there");
        }
    }
}
