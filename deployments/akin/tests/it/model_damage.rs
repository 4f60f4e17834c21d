//! Models that are damaged anywhere: refused by name, and nothing half-written is left.

use crate::support::{Outcome, Place};
use sbert_fixtures::damage::{RandomNumbers, change_bytes};
use sbert_fixtures::{copy, file_names as names, folder as fixture};
use std::fs;
use std::path::Path;

/// A place with the tiny model in `tiny`, exported at both precisions.
fn exported() -> Place {
    let place = Place::new();
    copy(&fixture("minilm-l6"), &place.path("tiny"));
    for precision in ["fp32", "int8"] {
        place.run(&format!("model export --model_name tiny --precision {precision}")).succeeds();
    }
    place
}

/// Whatever was damaged, the command ends by itself, and says in one line what was wrong with which file.
fn assert_told(outcome: &Outcome, what: &str, named: &str) {
    assert!(matches!(outcome.code, Some(0..=2)), "{what}: {outcome}");
    assert!(!outcome.stderr.contains("panicked at"), "{what}: {outcome}");
    if outcome.code != Some(0) {
        let line = outcome.stderr.trim_end();
        assert!(line.starts_with("akin: ") && line.lines().count() == 1, "{what}: {outcome}");
        assert!(line.contains(named), "{what}: {outcome}");
    }
}

#[test]
fn an_export_that_is_damaged_anywhere_is_found_sound_or_refused_by_name() {
    let place = exported();
    let mut refused = 0;
    for precision in ["fp32", "int8"] {
        let path = format!("tiny/onnx/{precision}.onnx");
        let sound = fs::read(place.path(&path)).unwrap();
        let before = names(&place.path("tiny/onnx"));
        for seed in 1..=40 {
            place.write(&path, change_bytes(sound.clone(), &mut RandomNumbers(seed)));
            let outcome = place.run(&format!("model check --json {path}"));
            assert_told(&outcome, &format!("{precision}, damage {seed}"), &path);
            refused += u32::from(outcome.code != Some(0));
            assert_eq!(names(&place.path("tiny/onnx")), before);
        }
        place.write(&path, sound);
    }
    assert!(refused > 40, "only {refused} of 80 were refused");
}

#[test]
fn one_damaged_file_does_not_keep_the_others_from_being_checked() {
    let place = exported();
    place.write("tiny/onnx/int8.onnx", "no model");
    let outcome = place.run("model check --json tiny").fails_with(1);
    let checked = outcome.json();
    let [full, small] = [0, 1].map(|at| &checked[at]);
    assert!(full["original"]["min_cosine"].as_f64().unwrap() > 0.9999, "{outcome}");
    assert!(small["problem"].as_str().unwrap().contains("tiny/onnx/int8.onnx"), "{outcome}");
    assert_eq!(small["sound"], false);
    let table = place.run("model check tiny").fails_with(1).stdout;
    assert!(table.contains("tiny/onnx/fp32.onnx") && table.contains("unusable"), "{table}");
}

/// The files of a model that say what it is.
const FILES: [&str; 5] =
    ["model.safetensors", "config.json", "modules.json", "1_Pooling/config.json", "tokenizer.json"];

#[test]
fn a_folder_that_is_damaged_anywhere_is_exported_whole_or_not_at_all() {
    let place = exported();
    let onnx = place.path("tiny/onnx");
    let before = fs::read(onnx.join("fp32.onnx")).unwrap();
    let mut refused = 0;
    for (file, seed) in FILES.iter().flat_map(|file| (1..=8).map(move |seed| (file, seed))) {
        let path = place.path("tiny").join(file);
        let sound = fs::read(&path).unwrap();
        fs::write(&path, change_bytes(sound.clone(), &mut RandomNumbers(seed))).unwrap();
        let outcome = place.run("model export --model_name tiny");
        assert_told(&outcome, &format!("{file}, damage {seed}"), "tiny");
        if outcome.code == Some(0) {
            assert_is_whole(&place, &onnx);
            fs::write(onnx.join("fp32.onnx"), &before).unwrap();
        } else {
            refused += 1;
            assert_eq!(fs::read(onnx.join("fp32.onnx")).unwrap(), before, "{file}, damage {seed}");
        }
        assert_eq!(names(&onnx).len(), 4, "{:?}", names(&onnx));
        fs::write(&path, sound).unwrap();
    }
    assert!(refused > 20, "only {refused} of 40 were refused");
}

/// What a damaged folder says, its export says too: whoever changed a weight has another model.
fn assert_is_whole(place: &Place, onnx: &Path) {
    let outcome = place.run(&format!("model check --json {}", onnx.join("fp32.onnx").display()));
    let min = &outcome.json()[0]["original"]["min_cosine"];
    assert!(min.as_f64().is_some_and(|min| min >= 0.9999), "{outcome}");
}
