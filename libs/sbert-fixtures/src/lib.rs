//! Tiny models of every architecture and pooling, with the embeddings that `PyTorch` computes, for
//! the tests of every crate that reads models.
//!
//! `make_fixtures.py` writes the folders in `models/`. Each has random weights and an
//! `expected.json` with texts, their tokens and their embeddings.
#![allow(clippy::unwrap_used, reason = "this crate serves tests, which fail by panicking")]

pub mod damage;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Returns the folder of the model `name`.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name)
}

/// Returns the folder to which `make model` downloads the default model, all-MiniLM-L6-v2.
pub fn downloaded_model() -> PathBuf {
    if let Some(folder) = std::env::var_os("AKIN_TEST_MODEL") {
        return folder.into();
    }
    let cache = || {
        let home = |name| std::env::var_os(name).map(PathBuf::from);
        let cache = home("XDG_CACHE_HOME").or_else(|| Some(home("HOME")?.join(".cache")));
        cache.unwrap().join("akin/models")
    };
    std::env::var_os("AKIN_MODELS").map_or_else(cache, PathBuf::from).join("all-MiniLM-L6-v2")
}

/// Returns the names of all models, sorted.
pub fn names() -> Vec<String> {
    let names = file_names(&folder(""));
    assert!(names.len() >= 17, "models are missing: {names:?}");
    names
}

/// Returns the folders of all models, sorted.
pub fn folders() -> Vec<PathBuf> {
    names().iter().map(|name| folder(name)).collect()
}

/// Returns the names of what a folder holds, hidden files included, sorted.
pub fn file_names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in file_names(from) {
        let path = from.join(&name);
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

/// A copy of a model's folder, to be changed or damaged; deleted when it is dropped.
#[derive(Debug)]
pub struct ModelCopy(TempDir);

impl ModelCopy {
    /// Copies the model `name`.
    pub fn new(name: &str) -> Self {
        let copied = tempfile::tempdir().unwrap();
        copy(&folder(name), copied.path());
        Self(copied)
    }

    /// Returns the folder of the copy.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// Returns the path of one of its files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces the first occurrence of a text in a file.
    pub fn edit(&self, name: &str, from: &str, to: &str) -> &Self {
        let bytes = fs::read(self.path(name)).unwrap();
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        let edited = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
        fs::write(self.path(name), edited).unwrap();
        self
    }

    /// Sets a field of a JSON file.
    pub fn set(&self, name: &str, field: &str, value: Value) -> &Self {
        let mut file: Value = serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap();
        file[field] = value;
        fs::write(self.path(name), file.to_string()).unwrap();
        self
    }
}
