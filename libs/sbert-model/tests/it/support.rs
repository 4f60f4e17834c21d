//! Shared test support.

use sbert_fixtures::ModelCopy;
use sbert_model::{FolderError, SentenceModel};
use std::path::Path;

/// Assertions about a folder that is rejected.
pub(crate) trait Rejection {
    /// Returns the error message.
    fn error(&self) -> String;

    /// Asserts that the message contains each of these parts.
    fn is_rejected_with(&self, parts: &[&str]) {
        let error = self.error();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} are missing: {error}");
    }
}

impl Rejection for ModelCopy {
    fn error(&self) -> String {
        read(self.root()).expect_err("the folder is valid").to_string()
    }
}

/// Reads the model of a folder and validates all of its weights.
pub(crate) fn read(folder: &Path) -> Result<SentenceModel, FolderError> {
    let model = SentenceModel::open(folder)?;
    model.weights()?;
    for dense in &model.dense {
        dense.linear()?;
    }
    Ok(model)
}
