//! `akin model pack`, `list` and `check`.

use crate::support::{Sandbox, masked};
use std::fs;

#[test]
fn an_empty_list_of_models_is_not_an_error() {
    let sandbox = Sandbox::new();
    let variables = [("AKIN_MODELS", "no-models")];
    let outcome = sandbox.run_with_env(&variables, "model list").succeeds();
    assert_eq!(outcome.stderr, "no model in no-models: run `make model`\n");
    assert_eq!(sandbox.run_with_env(&variables, "model list --json").succeeds().stdout, "[]\n");
    sandbox.run_with_env(&variables, "model check").fails_with(2);
}

#[test]
fn a_folder_without_a_model_is_named() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("bge")).unwrap();
    for arguments in ["model pack bge", "model check --model bge", "search --model bge lamp"] {
        let outcome = sandbox.run(arguments).fails_with(2);
        assert!(outcome.stderr.contains("bge"), "{outcome}");
    }
    let outcome = sandbox.run("model pack no-folder").fails_with(2);
    assert!(outcome.stderr.contains("no-folder"), "{outcome}");
}

#[test]
#[ignore = "needs the model: make model"]
fn every_file_of_the_model_agrees_with_the_original() {
    let sandbox = Sandbox::new();
    let checked = sandbox.run("model check --json").succeeds().json();
    let checked = checked.as_array().unwrap();
    for name in ["int8.sbert", "bf16.sbert", "fp32.sbert", "fp32.onnx", "int8.onnx"] {
        let has_name = |file: &&serde_json::Value| file["path"].as_str().unwrap().ends_with(name);
        let file = checked.iter().find(has_name).expect("make model");
        assert_eq!((&file["dimension"], &file["token_limit"]), (&384.into(), &256.into()));
        assert_eq!(file["sound"], true, "{file}");
    }
    assert!(sandbox.run("model check").succeeds().stdout.contains("sound"));
}

#[test]
#[ignore = "needs the model: make model"]
fn a_damaged_model_is_refused() {
    let sandbox = Sandbox::new();
    let packed = sandbox.run("model pack --json").succeeds().json();
    assert!(packed.as_array().unwrap().iter().all(|file| file["is_new"].is_boolean()));
    let models = sandbox.run("model list --json").succeeds().json();
    let mut paths = models.as_array().unwrap().iter().filter_map(|model| model["path"].as_str());
    let int8 = paths.find(|path| path.ends_with("int8.sbert")).expect("make model");
    let mut bytes = fs::read(int8).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    sandbox.write("damaged.sbert", &bytes);
    sandbox.write("short.sbert", &bytes[..middle]);
    masked(|| {
        for file in ["damaged.sbert", "short.sbert"] {
            let outcome = sandbox.run(&format!("model check --model {file}")).fails_with(2);
            insta::assert_snapshot!(format!("model_{file}"), outcome);
        }
    });
}
