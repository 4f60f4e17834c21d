//! The dependency rule and the lints hold in this workspace.

use crate::{crates, metadata};
use std::fs;

/// The crates that may contain `unsafe`, and set their own lints for it.
const UNSAFE: [&str; 3] = ["libs/flat-index", "libs/mapped-bytes", "libs/sbert-cpu"];

#[test]
fn arrows_point_inward() {
    let metadata = metadata();
    let count = metadata["packages"].as_array().map_or(0, Vec::len);
    assert!(count > 10, "only {count} crates were found");
    assert_eq!(akin_architecture::violations(&metadata), Vec::<String>::new());
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    let (root, crates) = crates(&metadata());
    for (_, folder) in crates {
        let manifest =
            fs::read_to_string(format!("{root}/{folder}/Cargo.toml")).expect("a manifest");
        let keeps = manifest.contains("[lints]\nworkspace = true");
        assert_eq!(keeps, !UNSAFE.contains(&&*folder), "{folder}");
    }
}
