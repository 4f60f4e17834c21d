//! Damaged models are refused by name, and leave no partial files.

use crate::support::{Outcome, Sandbox};
use sbert_fixtures::damage::{RandomNumbers, change_bytes};
use sbert_fixtures::{copy, file_names as names, folder as fixture};
use std::fs;
use std::path::Path;

/// Returns a sandbox with the tiny model in `tiny`, exported at both precisions.
fn exported() -> Sandbox {
    let sandbox = Sandbox::new();
    copy(&fixture("minilm-l6"), &sandbox.path("tiny"));
    for precision in ["fp32", "int8"] {
        sandbox.run(&format!("model export --model_name tiny --precision {precision}")).succeeds();
    }
    sandbox
}

/// Asserts that the command did not crash, and that a failure is one line that names the file.
fn assert_no_crash(outcome: &Outcome, damage: &str, file: &str) {
    assert!(matches!(outcome.code, Some(0..=2)), "{damage}: {outcome}");
    assert!(!outcome.stderr.contains("panicked at"), "{damage}: {outcome}");
    if outcome.code != Some(0) {
        let line = outcome.stderr.trim_end();
        assert!(line.starts_with("akin: ") && line.lines().count() == 1, "{damage}: {outcome}");
        assert!(line.contains(file), "{damage}: {outcome}");
    }
}

#[test]
fn a_damaged_export_passes_its_check_or_is_refused_by_name() {
    let sandbox = exported();
    let mut refused = 0;
    for precision in ["fp32", "int8"] {
        let path = format!("tiny/onnx/{precision}.onnx");
        let sound = fs::read(sandbox.path(&path)).unwrap();
        // Nothing of a file is read that differs from its record.
        fs::remove_file(sandbox.path(&format!("{path}.made"))).unwrap();
        let before = names(&sandbox.path("tiny/onnx"));
        for seed in 1..=40 {
            sandbox.write(&path, change_bytes(sound.clone(), &mut RandomNumbers(seed)));
            let outcome = sandbox.run(&format!("model check --json {path}"));
            assert_no_crash(&outcome, &format!("{precision}, damage {seed}"), &path);
            refused += u32::from(outcome.code != Some(0));
            assert_eq!(names(&sandbox.path("tiny/onnx")), before);
        }
        sandbox.write(&path, sound);
    }
    assert!(refused > 40, "only {refused} of 80 were refused");
}

#[test]
fn the_other_files_are_checked_beside_a_damaged_one() {
    let sandbox = exported();
    sandbox.write("tiny/onnx/int8.onnx", "no model");
    let outcome = sandbox.run("model check --json tiny").fails_with(1);
    let checked = outcome.json();
    let [fp32, int8] = [0, 1].map(|at| &checked[at]);
    assert!(fp32["original"]["min_cosine"].as_f64().unwrap() > 0.9999, "{outcome}");
    assert!(int8["problem"].as_str().unwrap().contains("tiny/onnx/int8.onnx"), "{outcome}");
    assert_eq!(int8["sound"], false);
    let table = sandbox.run("model check tiny").fails_with(1).stdout;
    assert!(table.contains("tiny/onnx/fp32.onnx") && table.contains("unusable"), "{table}");
}

/// The files that define a model.
const FILES: [&str; 5] =
    ["model.safetensors", "config.json", "modules.json", "1_Pooling/config.json", "tokenizer.json"];

#[test]
fn a_damaged_folder_is_exported_completely_or_not_at_all() {
    let sandbox = exported();
    let onnx = sandbox.path("tiny/onnx");
    let before = fs::read(onnx.join("fp32.onnx")).unwrap();
    let mut refused = 0;
    for (file, seed) in FILES.iter().flat_map(|file| (1..=8).map(move |seed| (file, seed))) {
        let path = sandbox.path("tiny").join(file);
        let sound = fs::read(&path).unwrap();
        fs::write(&path, change_bytes(sound.clone(), &mut RandomNumbers(seed))).unwrap();
        let outcome = sandbox.run("model export --model_name tiny");
        assert_no_crash(&outcome, &format!("{file}, damage {seed}"), "tiny");
        if outcome.code == Some(0) {
            assert_agrees_with_folder(&sandbox, &onnx);
            fs::write(onnx.join("fp32.onnx"), &before).unwrap();
        } else {
            refused += 1;
            assert_eq!(fs::read(onnx.join("fp32.onnx")).unwrap(), before, "{file}, damage {seed}");
        }
        // Two exports with their records, and the files of the tokenizer.
        assert_eq!(names(&onnx).len(), 6, "{:?}", names(&onnx));
        fs::write(&path, sound).unwrap();
    }
    assert!(refused > 20, "only {refused} of 40 were refused");
}

/// Asserts that an export agrees with its folder. A changed weight makes another model, not a damaged one.
fn assert_agrees_with_folder(sandbox: &Sandbox, onnx: &Path) {
    let outcome = sandbox.run(&format!("model check --json {}", onnx.join("fp32.onnx").display()));
    let min = &outcome.json()[0]["original"]["min_cosine"];
    assert!(min.as_f64().is_some_and(|min| min >= 0.9999), "{outcome}");
}
