//! Keeps the dependency rule: arrows point inward, and adapters never meet.

use serde_json::Value;
use std::process::Command;

/// Which layers each layer may depend on. Tests may also use [`TEST_ONLY`].
const RULE: &[(&str, &[&str])] = &[
    ("core/entities", &[]),
    ("core/ports", &["core/entities"]),
    ("core/ranking", &["core/entities"]),
    ("core/evaluation", &["core/entities"]),
    ("core/usecases", &["core/entities", "core/ports", "core/ranking", "core/evaluation"]),
    ("core/contracts", &["core/entities", "core/ports"]),
    ("adapters/native", &["core/entities", "core/ports", "sbert/"]),
    ("adapters/local", &["core/entities", "core/ports", "flat"]),
    ("adapters/", &["core/entities", "core/ports"]),
    ("delivery/", &["core/"]),
    ("deployments/", &["core/", "adapters/", "delivery/", "sbert/"]),
    ("sbert/", &["sbert/"]),
    ("flat", &[]),
    ("architecture", &[]),
];

/// What a test may use beside its layer's own.
const TEST_ONLY: &[&str] = &["core/contracts", "adapters/memory"];

#[test]
fn arrows_point_inward() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1"])
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let root = metadata["workspace_root"].as_str().unwrap();
    let local = |path: &str| path.strip_prefix(root).unwrap().trim_start_matches('/').to_owned();

    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let from = local(package["manifest_path"].as_str().unwrap()).replace("/Cargo.toml", "");
        let (_, allowed) = RULE.iter().find(|(layer, _)| from.starts_with(layer)).expect(&from);
        for dependency in package["dependencies"].as_array().unwrap() {
            let Some(path) = dependency["path"].as_str() else { continue };
            let to = local(path);
            let test_only = dependency["kind"] == "dev" && TEST_ONLY.contains(&&*to);
            if !test_only && !allowed.iter().any(|layer| to.starts_with(layer)) {
                wrong.push(format!("{from} -> {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "the dependency rule is broken: {wrong:?}");
}
