//! What an export writes, what it leaves behind, and what it refuses.

use crate::support::fixture;
use sbert_fixtures::{file_names, folders};
use sbert_model::SentenceModel;
use sbert_onnx::{Draft, Export, ExportError, ExportPrecision, Progress, Target, export};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn bge() -> SentenceModel {
    SentenceModel::open(&sbert_fixtures::folder("bge")).unwrap()
}

fn write(model: &SentenceModel, how: &Export, path: &Path) -> Result<(), ExportError> {
    export(model, how, &Target::beside(path), &mut |_| ())?.keep().map(drop)
}

#[test]
fn the_same_folder_gives_the_same_bytes() {
    let scratch = tempfile::tempdir().unwrap();
    for folder in folders() {
        let fixture = fixture(&folder);
        for precision in [ExportPrecision::Fp32, ExportPrecision::Int8] {
            let how = Export { precision, ..Export::default() };
            let bytes = ["a.onnx", "b.onnx"].map(|name| {
                write(&fixture.model, &how, &scratch.path().join(name)).unwrap();
                fs::read(scratch.path().join(name)).unwrap()
            });
            assert!(bytes[0] == bytes[1], "{} {precision:?}", fixture.name);
        }
    }
}

#[test]
fn a_summary_tells_what_was_written() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target {
        model: scratch.path().join("here/model.onnx"),
        tokenizer: scratch.path().join("there"),
    };
    let how = Export { largest_file: 20_000, ..Export::default() };
    let mut steps: Vec<Progress> = Vec::new();
    let draft = export(&bge(), &how, &target, &mut |step| steps.push(step)).unwrap();
    assert_eq!(file_names(&scratch.path().join("here")), [".model.onnx.part"]);
    assert!(draft.model().exists() && draft.tokenizer().exists());
    let summary = draft.keep().unwrap();
    assert_eq!(file_names(&scratch.path().join("here")), ["model.onnx", "model.onnx.data"]);
    assert_eq!(
        file_names(&scratch.path().join("there")),
        ["tokenizer.json", "tokenizer_config.json"]
    );
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    assert_eq!(summary.bytes, size(&summary.model) + size(summary.data.as_ref().unwrap()));
    assert!(summary.nodes > 50 && summary.source_sha256.len() == 64 && summary.seconds > 0.0);
    assert!(steps.is_sorted_by_key(|step| step.done));
    let last = steps.last().unwrap();
    assert_eq!(last.done, last.total);
}

#[test]
fn a_draft_that_is_not_kept_leaves_what_was_there() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("model.onnx");
    fs::write(&path, "what was there").unwrap();
    let draft = export(&bge(), &Export::default(), &Target::beside(&path), &mut |_| ()).unwrap();
    drop(draft);
    assert_eq!(file_names(scratch.path()), ["model.onnx"]);
    assert_eq!(fs::read(&path).unwrap(), b"what was there");
}

#[test]
fn weights_of_a_model_that_is_replaced_by_a_smaller_one_go_with_it() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("model.onnx");
    write(&bge(), &Export { largest_file: 20_000, ..Export::default() }, &path).unwrap();
    assert!(file_names(scratch.path()).contains(&"model.onnx.data".to_owned()));
    write(&bge(), &Export::default(), &path).unwrap();
    let left = ["model.onnx", "tokenizer.json", "tokenizer_config.json"];
    assert_eq!(file_names(scratch.path()), left);
}

#[test]
fn an_opset_that_is_not_known_is_refused_with_those_that_are() {
    let scratch = tempfile::tempdir().unwrap();
    for opset in [0, 12, 99] {
        let how = Export { opset, ..Export::default() };
        let error = write(&bge(), &how, &scratch.path().join("model.onnx")).unwrap_err();
        assert!(error.to_string().starts_with(&format!("opset {opset} is not supported; 13 to")));
    }
    assert!(file_names(scratch.path()).is_empty());
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let error = write(&bge(), &Export::default(), Path::new("/")).unwrap_err();
    assert!(matches!(error, ExportError::NoFile { .. }), "{error}");
    fs::write(scratch.path().join("file"), "").unwrap();
    let error =
        write(&bge(), &Export::default(), &scratch.path().join("file/model.onnx")).unwrap_err();
    assert!(error.to_string().contains("file/.model.onnx.part cannot be written"), "{error}");
    fs::create_dir(scratch.path().join("model.onnx")).unwrap();
    let error = write(&bge(), &Export::default(), &scratch.path().join("model.onnx")).unwrap_err();
    assert!(matches!(error, ExportError::NoFile { .. }), "{error}");
    assert_eq!(file_names(scratch.path()), ["file", "model.onnx"]);
}

#[test]
fn a_second_export_to_the_same_path_is_told_of_the_first() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::beside(scratch.path().join("model.onnx"));
    let first = export(&bge(), &Export::default(), &target, &mut |_| ()).unwrap();
    let error = export(&bge(), &Export::default(), &target, &mut |_| ()).unwrap_err();
    assert!(matches!(error, ExportError::Busy { .. }), "{error}");
    first.keep().unwrap();
    export(&bge(), &Export::default(), &target, &mut |_| ()).unwrap();
}

/// Where [`a_process_of_its_own_exports_where_it_is_told`] writes to.
const WHERE: &str = "SBERT_ONNX_TEST_TARGET";
/// How long it rests at every step.
const REST: &str = "SBERT_ONNX_TEST_REST";

#[test]
fn a_process_of_its_own_exports_where_it_is_told() {
    let scratch = tempfile::tempdir().unwrap();
    let path = std::env::var_os(WHERE).map_or(scratch.path().join("model.onnx"), Into::into);
    let rest = std::env::var(REST).map_or(0, |millis| millis.parse().unwrap());
    let mut progress = |_| std::thread::sleep(Duration::from_millis(rest));
    let draft = export(&bge(), &Export::default(), &Target::beside(&path), &mut progress);
    let exported = draft.and_then(Draft::keep);
    assert!(exported.is_ok(), "{}", exported.unwrap_err());
    assert!(path.exists());
}

/// This very test, as a process of its own that writes to `path`, run by a shell after `first`.
fn process(first: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{first} exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap());
    command.args(["--exact", "export::a_process_of_its_own_exports_where_it_is_told"]);
    command.env(WHERE, path).stdout(Stdio::piped());
    command
}

#[test]
fn a_full_disk_is_named_and_leaves_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("model.onnx");
    // A limit on the size of files is the full disk that needs no rights.
    let output = process("trap '' XFSZ; ulimit -f 16;", &path).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && told.contains("model.onnx cannot be written"), "{told}");
    assert_eq!(file_names(scratch.path()), [""; 0]);
}

#[test]
fn an_export_that_is_killed_leaves_no_model_and_the_next_one_cleans_up() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("model.onnx");
    let mut child = process("", &path).env(REST, "200").spawn().unwrap();
    let part = scratch.path().join(".model.onnx.part/model.onnx");
    let start = Instant::now();
    while !part.exists() {
        assert!(start.elapsed() < Duration::from_mins(1), "it writes nothing");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(file_names(scratch.path()), [".model.onnx.part"], "nothing that looks like a model");
    write(&bge(), &Export::default(), &path).unwrap();
    let left = ["model.onnx", "tokenizer.json", "tokenizer_config.json"];
    assert_eq!(file_names(scratch.path()), left);
}
