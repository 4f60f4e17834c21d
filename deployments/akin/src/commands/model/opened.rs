//! A model file of either format, opened.

use crate::commands::model::parity::{self, Original};
use akin_native::NativeModelError;
use akin_onnx::{OnnxError, OnnxModel};
use akin_ports::PortError;
use anyhow::anyhow;
use sbert_cpu::Encoder;
use sbert_model::provenance::{self, Provenance};
use sbert_onnx::parity::Parity;
use std::path::Path;

/// An opened packed or ONNX model.
pub(crate) enum OpenedModel {
    Packed(Box<Encoder>),
    Onnx(Box<OnnxModel>),
}

impl OpenedModel {
    /// Opens the file at `path`: an ONNX model if its name ends in `.onnx`, else a packed one.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let is_onnx = path.extension().is_some_and(|kind| kind == "onnx");
        if let Provenance::Altered(path) = provenance::verify(path) {
            return Err(if is_onnx {
                PortError::from(OnnxError::Altered { path }).into()
            } else {
                PortError::from(NativeModelError::Altered(path)).into()
            });
        }
        if is_onnx {
            let files = akin_onnx::OnnxModelFiles::at(path, None).map_err(PortError::from)?;
            let model = OnnxModel::open(&files, parity::threads()).map_err(PortError::from)?;
            return Ok(Self::Onnx(Box::new(model)));
        }
        let encoder =
            Encoder::open(path).map_err(NativeModelError::from).map_err(PortError::from)?;
        Ok(Self::Packed(Box::new(encoder)))
    }

    /// Returns the vectors of `texts`, concatenated.
    pub(crate) fn vectors(&self, texts: &[&str]) -> anyhow::Result<Vec<f32>> {
        match self {
            Self::Packed(encoder) => Ok(encoder.embed(texts, 1).vectors),
            Self::Onnx(model) => model.raw(texts).map_err(|reason| anyhow!(reason)),
        }
    }

    /// Compares its embeddings with the original.
    pub(crate) fn compare(&self, original: &Original) -> anyhow::Result<Parity> {
        match self {
            Self::Packed(encoder) => original.compare_packed(encoder),
            Self::Onnx(model) => original.compare_with(model),
        }
    }

    /// Returns its name, its precision and its token limit.
    pub(crate) fn description(&self) -> (String, String, usize) {
        match self {
            Self::Packed(encoder) => {
                let hash = encoder.sha256().get(..8).unwrap_or_default();
                let model = format!("{}@{hash}", encoder.name());
                (model, encoder.precision().name().to_owned(), encoder.max_tokens())
            }
            Self::Onnx(model) => {
                let is = model.fingerprint();
                (is.model.clone(), is.precision.clone(), model.token_limit())
            }
        }
    }
}
