//! Shared test support: the tiny models of `libs/sbert-fixtures`.

use sbert_model::SentenceModel;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// A text and its embedding by `PyTorch`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Expected {
    pub(crate) text: String,
    pub(crate) vector: Vec<f32>,
}

/// A tiny model with random weights, saved by Sentence-Transformers.
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) model: SentenceModel,
    pub(crate) expected: Vec<Expected>,
}

impl Fixture {
    pub(crate) fn texts(&self) -> Vec<String> {
        self.expected.iter().map(|expected| expected.text.clone()).collect()
    }
}

/// Returns a path in the workspace.
pub(crate) fn workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

pub(crate) fn fixture(folder: &Path) -> Fixture {
    let expected = fs::read(folder.join("expected.json")).unwrap();
    Fixture {
        name: folder.file_name().unwrap().to_string_lossy().into_owned(),
        model: SentenceModel::open(folder).unwrap(),
        expected: serde_json::from_slice(&expected).unwrap(),
    }
}

/// Returns the folder of all-MiniLM-L6-v2.
pub(crate) fn minilm() -> PathBuf {
    let models = std::env::var_os("AKIN_MODELS").map(PathBuf::from);
    let models = models.unwrap_or_else(|| {
        let home = PathBuf::from(std::env::var_os("HOME").unwrap());
        let cache = std::env::var_os("XDG_CACHE_HOME").map_or(home.join(".cache"), PathBuf::from);
        cache.join("akin/models")
    });
    models.join("all-MiniLM-L6-v2")
}
