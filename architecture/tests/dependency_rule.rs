//! This workspace keeps the rule.

use serde_json::Value;
use std::fs;
use std::process::Command;

/// The rooms that may say `unsafe`, and say themselves how far.
const UNSAFE: [&str; 3] = ["libs/flat-index", "libs/sbert-cpu", "libs/sbert-model"];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("metadata")
}

#[test]
fn arrows_point_inward() {
    let metadata = metadata();
    let rooms = metadata["packages"].as_array().map_or(0, Vec::len);
    assert!(rooms > 10, "only {rooms} rooms were found");
    assert_eq!(akin_architecture::violations(&metadata), Vec::<String>::new());
}

#[test]
fn every_room_keeps_the_lints_of_the_house() {
    let metadata = metadata();
    let workspace = metadata["workspace_root"].as_str().expect("a workspace");
    for package in metadata["packages"].as_array().expect("packages") {
        let manifest = package["manifest_path"].as_str().expect("a manifest");
        let keeps =
            fs::read_to_string(manifest).expect("a manifest").contains("[lints]\nworkspace = true");
        let room = manifest.trim_start_matches(workspace).trim_start_matches('/');
        let room = room.trim_end_matches("/Cargo.toml");
        assert_eq!(keeps, !UNSAFE.contains(&room), "{room}");
    }
}
