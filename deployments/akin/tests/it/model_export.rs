//! `akin model export`: ONNX files are compared with the original model, and kept only if they agree.

use crate::support::Sandbox;
use sbert_fixtures::{copy, file_names as names, folder as fixture};
use std::fs;

#[test]
fn the_flags_of_other_exporters_are_accepted() {
    let sandbox = Sandbox::new();
    for model in ["minilm-l6", "distilbert", "mpnet", "xlm-roberta", "concatenated"] {
        let folder = fixture(model);
        let arguments = format!(
            "model export --model_name {} --output_model_path out/{model}.onnx \
             --output_tokenizer_path out/{model} --onnx-opset-version 17 --json",
            folder.display()
        );
        let summary = sandbox.run(&arguments).succeeds().json();
        assert!(summary["parity"]["min_cosine"].as_f64().unwrap() >= 0.9999, "{summary}");
        assert_eq!((&summary["opset"], &summary["precision"]), (&17.into(), &"fp32".into()));
        assert!(sandbox.path(&format!("out/{model}/tokenizer.json")).is_file());
    }
    let out = names(&sandbox.path("out"));
    assert!(out.iter().all(|name| !name.starts_with('.')), "{out:?}");
}

#[test]
fn an_existing_export_is_kept_until_its_model_changes() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("tiny");
    copy(&fixture("minilm-l6"), &folder);
    let is_new = |flags: &str| {
        let arguments = format!("model export --model_name tiny --if-missing --json {flags}");
        sandbox.run(&arguments).succeeds().json()["is_new"].clone()
    };
    assert_eq!([is_new(""), is_new("")], [true, false]);
    let newer = "--onnx-opset-version 17";
    assert_eq!([is_new(newer), is_new(newer)], [true, false]);
    assert_eq!(
        names(&folder.join("onnx")),
        ["fp32.onnx", "fp32.onnx.made", "tokenizer.json", "tokenizer_config.json"]
    );
    fs::write(folder.join("1_Pooling/config.json"), r#"{"pooling_mode_cls_token": true}"#).unwrap();
    assert_eq!(is_new(newer), true);
}

#[test]
fn an_export_that_was_altered_is_made_again() {
    let sandbox = Sandbox::new();
    copy(&fixture("minilm-l6"), &sandbox.path("tiny"));
    let export = || sandbox.run("model export --model_name tiny --if-missing --json").succeeds();
    assert_eq!(export().json()["is_new"], true);
    let names = ["fp32.onnx", "tokenizer.json", "tokenizer_config.json"];
    for name in names.map(|name| format!("tiny/onnx/{name}")) {
        let whole = fs::read(sandbox.path(&name)).unwrap();
        let mut altered = whole.clone();
        *altered.last_mut().unwrap() ^= 1;
        sandbox.write(&name, altered);
        let outcome = export();
        assert_eq!(outcome.json()["is_new"], true, "{name}");
        assert!(outcome.stderr.contains("is not an unchanged export"), "{outcome}");
        assert_eq!(fs::read(sandbox.path(&name)).unwrap(), whole);
        assert_eq!(export().json()["is_new"], false);
    }
    fs::remove_file(sandbox.path("tiny/onnx/fp32.onnx.made")).unwrap();
    assert_eq!(export().json()["is_new"], true);
}

#[test]
fn a_packed_model_that_was_altered_is_packed_again_with_a_message() {
    let sandbox = Sandbox::new();
    copy(&fixture("minilm-l6"), &sandbox.path("tiny"));
    sandbox.run("model pack tiny").succeeds();
    assert!(sandbox.run("model pack tiny").succeeds().stdout.starts_with("already packed: "));
    fs::copy(sandbox.path("tiny/fp32.sbert"), sandbox.path("tiny/int8.sbert")).unwrap();
    let checked = sandbox.run("model check tiny/int8.sbert").fails_with(2);
    assert!(checked.stderr.contains("tiny/int8.sbert was altered"), "{checked}");
    let again = sandbox.run("model pack tiny").succeeds().stdout;
    assert!(again.starts_with("packed again: "), "{again}");
    assert!(again.contains("int8.sbert (it was altered since it was packed)"), "{again}");
    // The tiny model is no sentence model, but what was made of it.
    let checked = sandbox.run("model check tiny/int8.sbert").fails_with(1);
    assert!(!checked.stderr.contains("altered"), "{checked}");
}

#[test]
fn a_model_that_cannot_be_exported_is_named_and_leaves_no_files() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("empty")).unwrap();
    for (model, expected) in [("empty", "modules.json"), ("no-such-model", "akin model get")] {
        let arguments = format!("model export --model_name {model} --output_model_path out/m.onnx");
        let outcome = sandbox.run(&arguments).fails_with(2);
        assert!(outcome.stderr.contains(expected), "{outcome}");
    }
    for flag in ["--onnx-opset-version 12", "--precision fp16"] {
        sandbox.run(&format!("model export {flag}")).fails_with(2);
    }
    assert!(!sandbox.path("out").exists());
}

#[test]
fn a_check_reports_the_similarity_of_every_file() {
    let sandbox = Sandbox::new();
    copy(&fixture("minilm-l6"), &sandbox.path("tiny"));
    sandbox.run("model pack tiny").succeeds();
    sandbox.run("model export --model_name tiny").succeeds();
    let outcome = sandbox.run("model check --json tiny");
    let checked = outcome.json();
    let file = |name: &str| {
        let mut files = checked.as_array().unwrap().iter();
        files.find(|file| file["path"].as_str().unwrap().ends_with(name)).unwrap().clone()
    };
    for name in ["fp32.sbert", "onnx/fp32.onnx"] {
        let file = file(name);
        assert!(file["original"]["min_cosine"].as_f64().unwrap() >= 0.9999, "{file}");
        assert!(file["stored"]["min_cosine"].as_f64().unwrap() >= 0.9999, "{file}");
        assert_eq!((&file["dimension"], &file["token_limit"]), (&24.into(), &24.into()));
    }
    assert_eq!(
        file("fp32.sbert")["model"],
        file("fp32.onnx")["model"],
        "both can use the same index"
    );
    let listed =
        sandbox.run_with_env(&[("AKIN_MODELS", ".")], "model list --json").succeeds().json();
    let formats: Vec<_> = listed.as_array().unwrap().iter().map(|file| &file["format"]).collect();
    assert_eq!(formats, ["packed", "packed", "packed", "onnx"]);
}

#[cfg(unix)]
#[test]
fn an_export_changes_nothing_through_links() {
    use std::os::unix::fs::symlink;
    let sandbox = Sandbox::new();
    copy(&fixture("minilm-l6"), &sandbox.path("tiny"));
    for folder in ["tiny/onnx", "keep"] {
        fs::create_dir(sandbox.path(folder)).unwrap();
    }
    sandbox.write("keep/precious", "precious");
    symlink(sandbox.path("keep"), sandbox.path("tiny/onnx/.fp32.onnx.part")).unwrap();
    sandbox.run("model export --model_name tiny").succeeds();
    assert_eq!(fs::read_to_string(sandbox.path("keep/precious")).unwrap(), "precious");

    fs::create_dir(sandbox.path("tiny/onnx/.fp32.onnx.part")).unwrap();
    let lock = sandbox.path("tiny/onnx/.fp32.onnx.part/lock");
    symlink(sandbox.path("keep/precious"), lock).unwrap();
    let refused = sandbox.run("model export --model_name tiny").fails_with(2);
    assert!(refused.stderr.contains("symbolic link"), "{refused}");
    assert_eq!(fs::read_to_string(sandbox.path("keep/precious")).unwrap(), "precious");
}
