//! Cheap rules about names and files that no compiler checks.

use crate::{crates, metadata};
use std::fs;
use std::path::{Path, PathBuf};

/// The maximum number of lines in a source file. Most have fewer than 300.
const MAX_LINES: usize = 400;

/// Folders that hold no source of this repository.
const SKIPPED: [&str; 4] = ["target", "node_modules", "corpus", "artifacts"];

/// Every file below a folder with this extension.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type().expect("a type").is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&&*name) {
                files(&path, extension, found);
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

fn sources() -> Vec<PathBuf> {
    let (root, _) = crates(&metadata());
    let mut found = Vec::new();
    files(Path::new(&root), "rs", &mut found);
    assert!(found.len() > 100, "only {} source files were found", found.len());
    found
}

#[test]
fn a_crate_is_named_after_its_folder() {
    let (_, crates) = crates(&metadata());
    let wrong: Vec<_> = crates
        .iter()
        .filter(|(name, folder)| {
            let last = folder.rsplit('/').next().unwrap_or_default();
            let is_own_name = folder.starts_with("libs/") || folder == "deployments/akin";
            let expected = if is_own_name { last.to_owned() } else { format!("akin-{last}") };
            *name != expected
        })
        .collect();
    assert!(wrong.is_empty(), "akin-FOLDER, or FOLDER in libs/: {wrong:?}");
}

#[test]
fn the_code_map_lists_every_crate_exactly_once() {
    let (root, crates) = crates(&metadata());
    let map = fs::read_to_string(format!("{root}/ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (_, folder) in crates {
        let rows = map.lines().filter(|line| line.starts_with(&format!("| `{folder}` |"))).count();
        assert_eq!(rows, 1, "rows of ARCHITECTURE.md's code map that begin with | `{folder}` |");
    }
}

#[test]
fn no_row_of_the_code_map_names_a_folder_that_is_gone() {
    let (root, _) = crates(&metadata());
    let map = fs::read_to_string(format!("{root}/ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let named = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    for folder in map.lines().filter_map(named) {
        assert!(Path::new(&root).join(&folder).is_dir(), "ARCHITECTURE.md names {folder}");
    }
}

#[test]
fn no_module_is_a_mod_rs() {
    let wrong: Vec<_> = sources().into_iter().filter(|path| path.ends_with("mod.rs")).collect();
    assert!(wrong.is_empty(), "foo.rs beside foo/ instead: {wrong:?}");
}

#[test]
fn no_source_file_is_too_long() {
    let lines = |path: &PathBuf| fs::read_to_string(path).expect("UTF-8").lines().count();
    let wrong: Vec<_> = sources()
        .into_iter()
        .map(|path| (lines(&path), path))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .collect();
    assert!(wrong.is_empty(), "more than {MAX_LINES} lines: {wrong:?}");
}

/// Cargo builds the examples of all crates into one folder, where the last of two would win.
#[test]
fn no_two_examples_have_one_name() {
    let mut names: Vec<_> = sources()
        .into_iter()
        .filter(|path| path.parent().is_some_and(|folder| folder.ends_with("examples")))
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert!(count > 5 && names.len() == count, "{count} examples have {} names", names.len());
}
