//! `akin model get` from a local hub: downloads are verified, and resumed after an interruption.

use crate::support::hub::Hub;
use crate::support::{Outcome, Sandbox};
use sbert_fixtures::{file_names as names, folder as fixture};
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// A sandbox, and the hub from which it downloads.
struct Download {
    sandbox: Sandbox,
    hub: Hub,
}

const TINY: &str = "minilm-l6";
const WEIGHTS: &str = "model.safetensors";

impl Download {
    fn new() -> Self {
        Self { sandbox: Sandbox::new(), hub: Hub::of(&fixture(TINY)) }
    }

    fn get(&self, arguments: &str) -> Outcome {
        self.sandbox.run_with_env(&self.variables(), &format!("model get {arguments}"))
    }

    fn variables(&self) -> [(&'static str, &'static str); 2] {
        [("AKIN_MODELS", "models"), ("HF_ENDPOINT", self.hub.endpoint().leak())]
    }

    /// Returns whether the folder contains the model and nothing else.
    fn has_the_model(&self) -> bool {
        let models = self.sandbox.path("models");
        names(&models) == ["tiny"] && same(&fixture(TINY), &models.join("tiny"))
    }
}

/// Returns whether two folders contain the same files.
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
fn a_model_is_downloaded_completely_and_only_once() {
    let download = Download::new();
    let report = download.get("tests/tiny --json").succeeds().json();
    assert!(download.has_the_model());
    assert_eq!(report["model"], "tests/tiny");
    assert_eq!((&report["revision"], &report["fetched"]), (&"c0ffee".into(), &report["files"]));
    let requests = download.hub.take_requests();
    assert!(
        requests.iter().all(|(name, from)| *from == 0 && !name.contains("onnx")),
        "{requests:?}"
    );
    assert_eq!(
        requests.last().unwrap().0,
        "modules.json",
        "the last file makes the folder a model"
    );
    let again = download.get("tests/tiny").succeeds();
    assert!(
        again.stdout.contains("models/tiny: ") && again.stdout.ends_with("; 0 downloaded\n"),
        "{again}"
    );
    assert_eq!(download.hub.take_requests(), []);
    fs::write(download.sandbox.path("models/tiny/config.json"), "changed").unwrap();
    download.get("tests/tiny").succeeds();
    assert_eq!(download.hub.take_requests(), [("config.json".to_owned(), 0)]);
    assert!(download.has_the_model());
}

#[test]
fn a_downloaded_model_can_be_used_by_its_name() {
    let download = Download::new();
    download.get("tests/tiny").succeeds();
    let run = |arguments: &str| download.sandbox.run_with_env(&download.variables(), arguments);
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
fn an_interrupted_download_is_resumed() {
    let download = Download::new();
    download.hub.interrupt(WEIGHTS, 5_000, false);
    download.get("tests/tiny").succeeds();
    assert!(download.has_the_model());
    let requests = download.hub.take_requests();
    let weights = requests.iter().filter(|(name, _)| name == WEIGHTS).map(|(_, from)| *from);
    assert_eq!(weights.collect::<Vec<_>>(), [0, 5_000]);
}

#[test]
fn a_killed_download_leaves_no_model_and_the_next_one_resumes_it() {
    let download = Download::new();
    download.hub.interrupt(WEIGHTS, 5_000, true);
    let mut command = download.sandbox.akin("model get tests/tiny");
    let mut killed = command.envs(download.variables()).spawn().unwrap();
    let part = download.sandbox.path("models/.get-tiny").join(WEIGHTS);
    for _ in 0..1_000 {
        if fs::metadata(&part).is_ok_and(|part| part.len() == 5_000) {
            break;
        }
        sleep(Duration::from_millis(20));
    }
    let busy = download.get("tests/tiny").fails_with(1);
    assert!(busy.stderr.contains("another process is downloading tests/tiny"), "{busy}");
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(!download.sandbox.path("models/tiny").exists());
    download.hub.take_requests();
    download.get("tests/tiny").succeeds();
    assert!(download.hub.take_requests().contains(&(WEIGHTS.to_owned(), 5_000)));
    assert!(download.has_the_model());
}

#[test]
fn a_file_with_a_wrong_checksum_is_discarded() {
    for name in [WEIGHTS, "config.json"] {
        let download = Download::new();
        download.hub.corrupt(Some(name));
        let outcome = download.get("tests/tiny").fails_with(1);
        assert!(
            outcome.stderr.contains(&format!("{name} does not match the hub's checksum")),
            "{outcome}"
        );
        assert!(!download.sandbox.path("models/tiny").exists());
        download.hub.corrupt(None);
        download.get("tests/tiny").succeeds();
        assert!(download.has_the_model());
    }
}

#[test]
fn a_refusal_of_the_hub_is_reported_in_one_line() {
    let download = Download::new();
    for (status, expected) in [
        ("404 Not Found", "has no model tests/tiny"),
        ("401 Unauthorized", "HF_TOKEN"),
        ("500 Internal Server Error", "answered 500"),
        ("200 OK", "is not a list of files"),
    ] {
        download.hub.always_respond(status);
        let outcome = download.get("tests/tiny").fails_with(1);
        assert!(
            outcome.stderr.contains(expected) && outcome.stderr.lines().count() == 1,
            "{outcome}"
        );
    }
    let outcome = download.sandbox.run("model get tests/tiny").fails_with(2);
    assert!(outcome.stderr.contains("HF_ENDPOINT"), "{outcome}");
    let unreachable = [("AKIN_MODELS", "models"), ("HF_ENDPOINT", "http://127.0.0.1:1")];
    let outcome = download.sandbox.run_with_env(&unreachable, "model get tests/tiny").fails_with(1);
    assert!(outcome.stderr.contains("cannot be reached"), "{outcome}");
    download.get("../tiny").fails_with(2);
}

#[test]
fn a_model_of_another_kind_is_refused_before_any_download() {
    for (name, expected) in
        [("modules.json", "not a Sentence-Transformers model"), (WEIGHTS, "safetensors")]
    {
        let download = Download::new();
        download.hub.remove(name);
        let outcome = download.get("tests/tiny").fails_with(1);
        assert!(outcome.stderr.contains(expected), "{outcome}");
        assert_eq!(download.hub.take_requests(), []);
    }
}

#[cfg(unix)]
#[test]
fn a_download_truncates_nothing_through_links() {
    use std::os::unix::fs::symlink;
    let download = Download::new();
    download.sandbox.write("precious", "precious");
    for name in [".lock", WEIGHTS] {
        let partial = download.sandbox.path("models/.get-tiny");
        fs::create_dir_all(&partial).unwrap();
        symlink(download.sandbox.path("precious"), partial.join(name)).unwrap();
        let refused = download.get("tests/tiny").fails_with(1);
        assert!(refused.stderr.contains("symbolic link"), "{refused}");
        assert_eq!(fs::read_to_string(download.sandbox.path("precious")).unwrap(), "precious");
        fs::remove_dir_all(partial).unwrap();
    }
    download.get("tests/tiny").succeeds();
    assert!(download.has_the_model());
}
