//! Models: packed, listed, checked.

use crate::support::{Place, masked};
use std::fs;

#[test]
fn no_models_are_no_error_for_a_list() {
    let place = Place::new();
    let variables = [("AKIN_MODELS", "no-models")];
    let outcome = place.run_in(&variables, "model list").succeeds();
    assert_eq!(outcome.stderr, "no model in no-models: run `make model`\n");
    assert_eq!(place.run_in(&variables, "model list --json").succeeds().stdout, "[]\n");
    place.run_in(&variables, "model check").fails_with(2);
}

#[test]
fn a_folder_that_holds_no_model_is_named() {
    let place = Place::new();
    fs::create_dir(place.path("bge")).unwrap();
    for words in ["model pack bge", "model check --model bge", "search --model bge lamp"] {
        let outcome = place.run(words).fails_with(2);
        assert!(outcome.stderr.contains("bge"), "{outcome}");
    }
    let outcome = place.run("model pack no-folder").fails_with(2);
    assert!(outcome.stderr.contains("no-folder"), "{outcome}");
}

#[test]
#[ignore = "needs the model: make model"]
fn every_file_of_the_model_comes_near_to_the_original() {
    let place = Place::new();
    let checked = place.run("model check --json").succeeds().json();
    let checked = checked.as_array().unwrap();
    for name in ["int8.sbert", "bf16.sbert", "fp32.sbert", "fp32.onnx", "int8.onnx"] {
        let is_it = |file: &&serde_json::Value| file["path"].as_str().unwrap().ends_with(name);
        let file = checked.iter().find(is_it).expect("make model");
        assert_eq!((&file["dimension"], &file["token_limit"]), (&384.into(), &256.into()));
        assert_eq!(file["sound"], true, "{file}");
    }
    assert!(place.run("model check").succeeds().stdout.contains("sound"));
}

#[test]
#[ignore = "needs the model: make model"]
fn a_damaged_model_is_refused() {
    let place = Place::new();
    let packed = place.run("model pack --json").succeeds().json();
    assert!(packed.as_array().unwrap().iter().all(|file| file["is_new"].is_boolean()));
    let models = place.run("model list --json").succeeds().json();
    let mut paths = models.as_array().unwrap().iter().filter_map(|model| model["path"].as_str());
    let int8 = paths.find(|path| path.ends_with("int8.sbert")).expect("make model");
    let mut bytes = fs::read(int8).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.write("damaged.sbert", &bytes);
    place.write("short.sbert", &bytes[..middle]);
    masked(|| {
        for file in ["damaged.sbert", "short.sbert"] {
            let outcome = place.run(&format!("model check --model {file}")).fails_with(2);
            insta::assert_snapshot!(format!("model_{file}"), outcome);
        }
    });
}
