//! Models as ONNX: written, compared with their originals, kept only if they are near.

use crate::support::Place;
use sbert_fixtures::{copy, file_names as names, folder as fixture};
use std::fs;

#[test]
fn a_model_is_exported_by_the_flags_of_other_exporters() {
    let place = Place::new();
    for model in ["minilm-l6", "distilbert", "mpnet", "xlm-roberta", "concatenated"] {
        let folder = fixture(model);
        let words = format!(
            "model export --model_name {} --output_model_path out/{model}.onnx \
             --output_tokenizer_path out/{model} --onnx-opset-version 17 --json",
            folder.display()
        );
        let summary = place.run(&words).succeeds().json();
        assert!(summary["parity"]["min_cosine"].as_f64().unwrap() >= 0.9999, "{summary}");
        assert_eq!((&summary["opset"], &summary["precision"]), (&17.into(), &"fp32".into()));
        assert!(place.path(&format!("out/{model}/tokenizer.json")).is_file());
    }
    let out = names(&place.path("out"));
    assert!(out.iter().all(|name| !name.starts_with('.')), "{out:?}");
}

#[test]
fn an_export_that_is_there_stays_until_its_model_changes() {
    let place = Place::new();
    let folder = place.path("tiny");
    copy(&fixture("minilm-l6"), &folder);
    let is_new = |flags: &str| {
        let words = format!("model export --model_name tiny --if-missing --json {flags}");
        place.run(&words).succeeds().json()["is_new"].clone()
    };
    assert_eq!([is_new(""), is_new("")], [true, false]);
    let newer = "--onnx-opset-version 17";
    assert_eq!([is_new(newer), is_new(newer)], [true, false]);
    assert_eq!(
        names(&folder.join("onnx")),
        ["fp32.onnx", "tokenizer.json", "tokenizer_config.json"]
    );
    fs::write(folder.join("1_Pooling/config.json"), r#"{"pooling_mode_cls_token": true}"#).unwrap();
    assert_eq!(is_new(newer), true);
}

#[test]
fn what_cannot_be_exported_is_named_and_leaves_nothing() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    for (model, said) in [("empty", "modules.json"), ("no-such-model", "akin model get")] {
        let words = format!("model export --model_name {model} --output_model_path out/m.onnx");
        let outcome = place.run(&words).fails_with(2);
        assert!(outcome.stderr.contains(said), "{outcome}");
    }
    for flag in ["--onnx-opset-version 12", "--precision fp16"] {
        place.run(&format!("model export {flag}")).fails_with(2);
    }
    assert!(!place.path("out").exists());
}

#[test]
fn a_table_says_how_near_each_file_comes() {
    let place = Place::new();
    copy(&fixture("minilm-l6"), &place.path("tiny"));
    place.run("model pack tiny").succeeds();
    place.run("model export --model_name tiny").succeeds();
    let outcome = place.run("model check --json tiny");
    let checked = outcome.json();
    let of = |name: &str| {
        let mut files = checked.as_array().unwrap().iter();
        files.find(|file| file["path"].as_str().unwrap().ends_with(name)).unwrap().clone()
    };
    for name in ["fp32.sbert", "onnx/fp32.onnx"] {
        let file = of(name);
        assert!(file["original"]["min_cosine"].as_f64().unwrap() >= 0.9999, "{file}");
        assert!(file["stored"]["min_cosine"].as_f64().unwrap() >= 0.9999, "{file}");
        assert_eq!((&file["dimension"], &file["token_limit"]), (&24.into(), &24.into()));
    }
    assert_eq!(of("fp32.sbert")["model"], of("fp32.onnx")["model"], "they share an index");
    let listed = place.run_in(&[("AKIN_MODELS", ".")], "model list --json").succeeds().json();
    let formats: Vec<_> = listed.as_array().unwrap().iter().map(|file| &file["format"]).collect();
    assert_eq!(formats, ["packed", "packed", "packed", "onnx"]);
}
