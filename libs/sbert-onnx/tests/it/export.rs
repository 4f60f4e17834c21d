//! Output, cleanup and errors of an export.

use crate::support::fixture;
use sbert_fixtures::{file_names, folders};
use sbert_model::SentenceModel;
use sbert_onnx::{Draft, Export, ExportError, ExportPrecision, ExportProgress, Target, export};
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
fn exports_of_the_same_folder_are_identical() {
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
fn a_summary_describes_the_written_files() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target {
        model: scratch.path().join("here/model.onnx"),
        tokenizer: scratch.path().join("there"),
    };
    let how = Export { largest_file: 20_000, ..Export::default() };
    let mut steps: Vec<ExportProgress> = Vec::new();
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
fn a_dropped_draft_leaves_existing_files_unchanged() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("model.onnx");
    fs::write(&path, "existing content").unwrap();
    let draft = export(&bge(), &Export::default(), &Target::beside(&path), &mut |_| ()).unwrap();
    drop(draft);
    assert_eq!(file_names(scratch.path()), ["model.onnx"]);
    assert_eq!(fs::read(&path).unwrap(), b"existing content");
}

#[test]
fn replacing_a_model_with_a_smaller_one_removes_its_weights_file() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("model.onnx");
    write(&bge(), &Export { largest_file: 20_000, ..Export::default() }, &path).unwrap();
    assert!(file_names(scratch.path()).contains(&"model.onnx.data".to_owned()));
    write(&bge(), &Export::default(), &path).unwrap();
    let left = ["model.onnx", "tokenizer.json", "tokenizer_config.json"];
    assert_eq!(file_names(scratch.path()), left);
}

#[test]
fn an_unsupported_opset_is_rejected_with_the_supported_range() {
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
fn a_second_export_to_the_same_path_is_rejected_during_the_first() {
    let scratch = tempfile::tempdir().unwrap();
    let target = Target::beside(scratch.path().join("model.onnx"));
    let first = export(&bge(), &Export::default(), &target, &mut |_| ()).unwrap();
    let error = export(&bge(), &Export::default(), &target, &mut |_| ()).unwrap_err();
    assert!(matches!(error, ExportError::Busy { .. }), "{error}");
    first.keep().unwrap();
    export(&bge(), &Export::default(), &target, &mut |_| ()).unwrap();
}

/// The target path of [`a_separate_process_exports_to_a_given_path`].
const TARGET: &str = "SBERT_ONNX_TEST_TARGET";
/// Its pause at every step in milliseconds.
const PAUSE: &str = "SBERT_ONNX_TEST_PAUSE";

#[test]
fn a_separate_process_exports_to_a_given_path() {
    let scratch = tempfile::tempdir().unwrap();
    let path = std::env::var_os(TARGET).map_or(scratch.path().join("model.onnx"), Into::into);
    let rest = std::env::var(PAUSE).map_or(0, |millis| millis.parse().unwrap());
    let mut progress = |_| std::thread::sleep(Duration::from_millis(rest));
    let draft = export(&bge(), &Export::default(), &Target::beside(&path), &mut progress);
    let exported = draft.and_then(Draft::keep);
    assert!(exported.is_ok(), "{}", exported.unwrap_err());
    assert!(path.exists());
}

/// Returns a command that runs this test in a separate process, by a shell after `first`.
fn process(first: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{first} exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap());
    command.args(["--exact", "export::a_separate_process_exports_to_a_given_path"]);
    command.env(TARGET, path).stdout(Stdio::piped());
    command
}

#[test]
fn a_full_disk_is_reported_and_no_files_remain() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("model.onnx");
    // A file size limit simulates a full disk without privileges.
    let output = process("trap '' XFSZ; ulimit -f 16;", &path).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        !output.status.success() && stdout.contains("model.onnx cannot be written"),
        "{stdout}"
    );
    assert_eq!(file_names(scratch.path()), [""; 0]);
}

#[test]
fn an_export_that_is_killed_leaves_no_model_and_the_next_one_cleans_up() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("model.onnx");
    let mut child = process("", &path).env(PAUSE, "200").spawn().unwrap();
    let part = scratch.path().join(".model.onnx.part/model.onnx");
    let start = Instant::now();
    while !part.exists() {
        assert!(start.elapsed() < Duration::from_mins(1), "the process writes nothing");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(file_names(scratch.path()), [".model.onnx.part"], "no partial model");
    write(&bge(), &Export::default(), &path).unwrap();
    let left = ["model.onnx", "tokenizer.json", "tokenizer_config.json"];
    assert_eq!(file_names(scratch.path()), left);
}
