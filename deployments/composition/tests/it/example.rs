//! `examples/minimal_deployment.rs` is a deployment that works.

use crate::support::{embed_product, settings};
use std::process::Command;

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_ten_lines_answers_a_search() {
    let folder = tempfile::tempdir().unwrap();
    embed_product(&settings(folder.path(), &[]), "Phone tripod").await;
    // Cargo builds examples beside the folder of the test programs.
    let program = std::env::current_exe().unwrap();
    let example = program.parent().unwrap().with_file_name("examples").join("minimal_deployment");
    assert!(example.is_file(), "build it with `cargo test -p akin-composition`");
    let output = Command::new(example)
        .arg("tripod")
        .env("AKIN_DATA", folder.path().join("data"))
        .env("AKIN_MODEL", folder.path().join("model"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with(" Phone tripod\n"), "{text:?}");
    assert_eq!(text.lines().count(), 1);
}
