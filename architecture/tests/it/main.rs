//! This workspace keeps its rules: the direction of dependencies, and tidiness.

mod tidy;
mod workspace;

use serde_json::Value;
use std::process::Command;

/// `cargo metadata` of this workspace.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("metadata")
}

/// The folder of the workspace, and each crate's name and folder within it.
fn crates(metadata: &Value) -> (String, Vec<(String, String)>) {
    let root = metadata["workspace_root"].as_str().expect("a workspace").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    let within = |package: &Value| {
        let manifest = package["manifest_path"].as_str().expect("a manifest");
        let folder = manifest.strip_prefix(&root).and_then(|path| path.strip_suffix("/Cargo.toml"));
        let folder = folder.expect("a folder of the workspace").trim_start_matches('/').to_owned();
        (package["name"].as_str().expect("a name").to_owned(), folder)
    };
    let crates = packages.iter().map(within).collect();
    (root, crates)
}
