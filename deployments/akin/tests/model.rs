//! Models: packed, listed, checked.

mod support;

use std::fs;
use support::{Place, masked};

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
fn a_sound_model_is_told_from_a_damaged_one() {
    let place = Place::new();
    let outcome = place.run("model check").succeeds();
    assert!(outcome.stdout.starts_with("sound: all-MiniLM-L6-v2@"), "{outcome}");
    let checked = place.run("model check --json").succeeds().json();
    assert_eq!((&checked["dimension"], &checked["token_limit"]), (&384.into(), &256.into()));
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
