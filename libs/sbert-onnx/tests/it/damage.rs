//! Damaged or unsupported folders are rejected with the name of the file, and nothing is written.

use sbert_fixtures::damage::{RandomNumbers, change_bytes};
use sbert_fixtures::{copy, file_names};
use sbert_model::SentenceModel;
use sbert_onnx::{Export, ExportError, ExportPrecision, Target, export};
use std::fs;
use std::path::Path;

/// Reads the folder, exports it, and asserts that only complete files remain.
fn read_and_export(folder: &Path, how: &Export) -> Result<(), ExportError> {
    let scratch = tempfile::tempdir().unwrap();
    let exported = SentenceModel::open(folder).map_err(ExportError::from).and_then(|model| {
        let target = Target::beside(scratch.path().join("model.onnx"));
        export(&model, how, &target, &mut |_| ())?.keep().map(drop)
    });
    match &exported {
        Ok(()) => assert_eq!(file_names(scratch.path()).len(), 3),
        Err(error) => assert!(file_names(scratch.path()).is_empty(), "{error} left files"),
    }
    exported
}

/// Returns the files of a folder and its subfolders.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.retain(|path| !path.ends_with("expected.json"));
    files.sort();
    files
}

#[test]
fn a_damaged_folder_never_causes_a_panic_or_partial_files() {
    let mut numbers = RandomNumbers(0x5851_f42d_4c95_7f2d);
    let mut refused = 0;
    for fixture in ["bge", "sqrt-dense", "e5"] {
        let folder = tempfile::tempdir().unwrap();
        copy(&sbert_fixtures::folder(fixture), folder.path());
        let files = files(folder.path());
        for round in 0..150 {
            let path = &files[numbers.below(files.len())];
            let whole = fs::read(path).unwrap();
            fs::write(path, change_bytes(whole.clone(), &mut numbers)).unwrap();
            let precision = [ExportPrecision::Fp32, ExportPrecision::Int8][round % 2];
            if let Err(error) =
                read_and_export(folder.path(), &Export { precision, ..Export::default() })
            {
                assert!(error.to_string().len() > 20, "{error}");
                refused += 1;
            }
            fs::write(path, whole).unwrap();
        }
    }
    assert!((100..450).contains(&refused), "{refused} of 450 damaged folders were rejected");
}

#[test]
fn unsupported_features_are_named() {
    for (file, from, to, named) in [
        ("config.json", "\"bert\"", "\"t5\"", "\"t5\""),
        ("config.json", "\"gelu\"", "\"silu\"", "silu"),
        ("modules.json", "normalize.Normalize", "cnn.CNN", "cnn.CNN"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        copy(&sbert_fixtures::folder("bge"), folder.path());
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} does not contain {from}");
        fs::write(&path, text.replace(from, to)).unwrap();
        let error = read_and_export(folder.path(), &Export::default()).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains(named), "{named}: {error}");
    }
}
