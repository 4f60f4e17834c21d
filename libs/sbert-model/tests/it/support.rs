//! What the tests of folders share.

use sbert_fixtures::ModelCopy;
use sbert_model::{FolderError, SentenceModel};
use std::path::Path;

/// What is said of a folder that is refused.
pub(crate) trait Refusal {
    /// Returns the message of the refusal.
    fn error(&self) -> String;

    /// Asserts that the message has each of these parts.
    fn is_refused_for(&self, parts: &[&str]) {
        let error = self.error();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} are missing: {error}");
    }
}

impl Refusal for ModelCopy {
    fn error(&self) -> String {
        read(self.root()).expect_err("the folder is read").to_string()
    }
}

/// Reads the model of a folder, and checks all of its weights.
pub(crate) fn read(folder: &Path) -> Result<SentenceModel, FolderError> {
    let model = SentenceModel::open(folder)?;
    model.weights()?;
    for dense in &model.dense {
        dense.linear()?;
    }
    Ok(model)
}
