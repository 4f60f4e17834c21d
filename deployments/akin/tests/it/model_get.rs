//! Models from a hub: fetched, verified, taken up again. The hub is the test's own.

use crate::support::hub::Hub;
use crate::support::{Outcome, Place};
use sbert_fixtures::{file_names as names, folder as fixture};
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// A place, and the hub that it knows.
struct Stage {
    place: Place,
    hub: Hub,
}

const TINY: &str = "minilm-l6";
const WEIGHTS: &str = "model.safetensors";

impl Stage {
    fn new() -> Self {
        Self { place: Place::new(), hub: Hub::of(&fixture(TINY)) }
    }

    fn get(&self, words: &str) -> Outcome {
        self.place.run_in(&self.variables(), &format!("model get {words}"))
    }

    fn variables(&self) -> [(&'static str, &'static str); 2] {
        [("AKIN_MODELS", "models"), ("HF_ENDPOINT", self.hub.endpoint().leak())]
    }

    /// Whether the folder holds the model and nothing else.
    fn has_the_model(&self) -> bool {
        let models = self.place.path("models");
        names(&models) == ["tiny"] && same(&fixture(TINY), &models.join("tiny"))
    }
}

/// Whether two folders hold the same.
fn same(one: &Path, other: &Path) -> bool {
    let all = names(one);
    all == names(other)
        && all.iter().all(|name| {
            let (one, other) = (one.join(name), other.join(name));
            if one.is_dir() {
                same(&one, &other)
            } else {
                fs::read(one).unwrap() == fs::read(other).unwrap()
            }
        })
}

#[test]
fn a_model_is_fetched_whole_and_only_once() {
    let stage = Stage::new();
    let fetched = stage.get("tests/tiny --json").succeeds().json();
    assert!(stage.has_the_model());
    assert_eq!(fetched["model"], "tests/tiny");
    assert_eq!((&fetched["revision"], &fetched["fetched"]), (&"c0ffee".into(), &fetched["files"]));
    let asked = stage.hub.asked();
    assert!(asked.iter().all(|(name, from)| *from == 0 && !name.contains("onnx")), "{asked:?}");
    assert_eq!(asked.last().unwrap().0, "modules.json", "a folder that holds it is a model");
    let again = stage.get("tests/tiny").succeeds();
    assert!(
        again.stdout.contains("models/tiny: ") && again.stdout.ends_with("; 0 downloaded\n"),
        "{again}"
    );
    assert_eq!(stage.hub.asked(), []);
    fs::write(stage.place.path("models/tiny/config.json"), "changed").unwrap();
    stage.get("tests/tiny").succeeds();
    assert_eq!(stage.hub.asked(), [("config.json".to_owned(), 0)]);
    assert!(stage.has_the_model());
}

#[test]
fn a_model_that_was_fetched_goes_by_its_name() {
    let stage = Stage::new();
    stage.get("tests/tiny").succeeds();
    let run = |words: &str| stage.place.run_in(&stage.variables(), words);
    run("model pack tiny").succeeds();
    run("model export --model_name tests/tiny").succeeds();
    let checked = run("model check --json tiny").json();
    let paths: Vec<_> = checked.as_array().unwrap().iter().map(|file| &file["path"]).collect();
    let path = |name: &str| serde_json::Value::from(format!("models/tiny/{name}"));
    let names = ["bf16.sbert", "fp32.sbert", "int8.sbert", "onnx/fp32.onnx"];
    assert_eq!(paths, names.map(path).each_ref());
    let unknown = run("model check other").fails_with(2);
    assert!(unknown.stderr.contains("akin model get"), "{unknown}");
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_was() {
    let stage = Stage::new();
    stage.hub.break_off(WEIGHTS, 5_000, false);
    stage.get("tests/tiny").succeeds();
    assert!(stage.has_the_model());
    let asked = stage.hub.asked();
    let weights = asked.iter().filter(|(name, _)| name == WEIGHTS).map(|(_, from)| *from);
    assert_eq!(weights.collect::<Vec<_>>(), [0, 5_000]);
}

#[test]
fn a_command_that_is_killed_leaves_no_model_and_the_next_goes_on() {
    let stage = Stage::new();
    stage.hub.break_off(WEIGHTS, 5_000, true);
    let mut command = stage.place.akin("model get tests/tiny");
    let mut killed = command.envs(stage.variables()).spawn().unwrap();
    let part = stage.place.path("models/.get-tiny").join(WEIGHTS);
    for _ in 0..1_000 {
        if fs::metadata(&part).is_ok_and(|part| part.len() == 5_000) {
            break;
        }
        sleep(Duration::from_millis(20));
    }
    let busy = stage.get("tests/tiny").fails_with(1);
    assert!(busy.stderr.contains("another process is downloading tests/tiny"), "{busy}");
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!stage.place.path("models/tiny").exists());
    stage.hub.asked();
    stage.get("tests/tiny").succeeds();
    assert!(stage.hub.asked().contains(&(WEIGHTS.to_owned(), 5_000)));
    assert!(stage.has_the_model());
}

#[test]
fn what_is_not_as_listed_is_thrown_away() {
    for name in [WEIGHTS, "config.json"] {
        let stage = Stage::new();
        stage.hub.corrupt(Some(name));
        let outcome = stage.get("tests/tiny").fails_with(1);
        assert!(
            outcome.stderr.contains(&format!("{name} does not match the hub's checksum")),
            "{outcome}"
        );
        assert!(!stage.place.path("models/tiny").exists());
        stage.hub.corrupt(None);
        stage.get("tests/tiny").succeeds();
        assert!(stage.has_the_model());
    }
}

#[test]
fn what_a_hub_refuses_is_said_in_one_line() {
    let stage = Stage::new();
    for (status, said) in [
        ("404 Not Found", "has no model tests/tiny"),
        ("401 Unauthorized", "HF_TOKEN"),
        ("500 Internal Server Error", "answered 500"),
        ("200 OK", "is not a list of files"),
    ] {
        stage.hub.always(status);
        let outcome = stage.get("tests/tiny").fails_with(1);
        assert!(outcome.stderr.contains(said) && outcome.stderr.lines().count() == 1, "{outcome}");
    }
    let outcome = stage.place.run("model get tests/tiny").fails_with(2);
    assert!(outcome.stderr.contains("HF_ENDPOINT"), "{outcome}");
    let nobody = [("AKIN_MODELS", "models"), ("HF_ENDPOINT", "http://127.0.0.1:1")];
    let outcome = stage.place.run_in(&nobody, "model get tests/tiny").fails_with(1);
    assert!(outcome.stderr.contains("cannot be reached"), "{outcome}");
    stage.get("../tiny").fails_with(2);
}

#[test]
fn a_model_of_another_kind_is_refused_before_anything_is_fetched() {
    for (name, said) in
        [("modules.json", "not a Sentence-Transformers model"), (WEIGHTS, "safetensors")]
    {
        let stage = Stage::new();
        stage.hub.remove(name);
        let outcome = stage.get("tests/tiny").fails_with(1);
        assert!(outcome.stderr.contains(said), "{outcome}");
        assert_eq!(stage.hub.asked(), []);
    }
}
