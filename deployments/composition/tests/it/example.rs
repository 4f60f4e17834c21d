//! `examples/minimal_deployment.rs` is a deployment that works.

use crate::support::{embed_product, settings};
use std::path::Path;
use std::process::Command;

/// Returns a command that searches the store below `folder` with the example.
fn example(folder: &Path) -> Command {
    // Cargo builds examples beside the folder of the test programs.
    let program = std::env::current_exe().unwrap();
    let example = program.parent().unwrap().with_file_name("examples").join("minimal_deployment");
    assert!(example.is_file(), "build it with `cargo test -p akin-composition`");
    let mut command = Command::new(example);
    command
        .arg("tripod")
        .env("AKIN_DATA", folder.join("data"))
        .env("AKIN_MODEL", folder.join("model"));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_ten_lines_answers_a_search() {
    let folder = tempfile::tempdir().unwrap();
    embed_product(&settings(folder.path(), &[]), "Phone tripod").await;
    let output = example(folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with(" Phone tripod\n"), "{text:?}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn an_unknown_instruction_set_is_refused_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let output = example(folder.path()).env("AKIN_CPU", "sse9").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("no such instruction set as sse9"), "{text}");
    assert!(!folder.path().join("data").exists());
}
