//! Copies of the tiny models, to be damaged.
#![allow(dead_code, reason = "each test uses some of it")]

#[path = "../../../sbert-fixtures/bytes.rs"]
mod bytes;
pub(crate) mod damage;

use sbert_model::{ModelError, SentenceModel};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A copy of a tiny model.
pub(crate) struct Folder(TempDir);

/// Where the tiny models are.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sbert-fixtures")
}

/// The names of all of them.
pub(crate) fn names() -> Vec<String> {
    let entries = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().join("modules.json").is_file());
    let mut names: Vec<_> = folders.map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() > 15, "models are missing");
    names
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

impl Folder {
    pub(crate) fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&fixtures().join(name), folder.path());
        Self(folder)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces one text of a file by another.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) -> &Self {
        let bytes = fs::read(self.path(name)).unwrap();
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        let edited = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
        fs::write(self.path(name), edited).unwrap();
        self
    }

    /// Sets a field of a file of JSON.
    pub(crate) fn set(&self, name: &str, field: &str, value: Value) -> &Self {
        let mut file: Value = serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap();
        file[field] = value;
        fs::write(self.path(name), file.to_string()).unwrap();
        self
    }

    /// What is said of it.
    pub(crate) fn error(&self) -> String {
        read(self.0.path()).expect_err("the folder is read").to_string()
    }

    /// That what is said names each of these.
    pub(crate) fn is_refused_for(&self, parts: &[&str]) {
        let error = self.error();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} are missing: {error}");
    }
}

/// The model of a folder, with all of its weights checked.
pub(crate) fn read(folder: &Path) -> Result<SentenceModel, ModelError> {
    let model = SentenceModel::open(folder)?;
    model.weights()?;
    for dense in &model.dense {
        dense.linear()?;
    }
    Ok(model)
}
