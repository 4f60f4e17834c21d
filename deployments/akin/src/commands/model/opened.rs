//! A model's file, opened, whatever its format.

use crate::commands::model::parity::{self, Original};
use akin_native::NativeModelError;
use akin_onnx::OnnxModel;
use akin_ports::PortError;
use anyhow::anyhow;
use sbert_cpu::Encoder;
use sbert_onnx::parity::Parity;
use std::path::Path;

/// A packed or an ONNX model.
pub(crate) enum Opened {
    Packed(Box<Encoder>),
    Onnx(Box<OnnxModel>),
}

impl Opened {
    /// Opens what is at `path`: an ONNX model by its name, else a packed one.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        if path.extension().is_some_and(|kind| kind == "onnx") {
            let files = akin_onnx::OnnxModelFiles::at(path, None).map_err(PortError::from)?;
            let model = OnnxModel::open(&files, parity::threads()).map_err(PortError::from)?;
            return Ok(Self::Onnx(Box::new(model)));
        }
        let encoder =
            Encoder::open(path).map_err(NativeModelError::from).map_err(PortError::from)?;
        Ok(Self::Packed(Box::new(encoder)))
    }

    /// The vectors of `texts`, one behind the other.
    pub(crate) fn vectors(&self, texts: &[&str]) -> anyhow::Result<Vec<f32>> {
        match self {
            Self::Packed(encoder) => Ok(encoder.embed(texts, 1).vectors),
            Self::Onnx(model) => model.raw(texts).map_err(|reason| anyhow!(reason)),
        }
    }

    /// How near it comes.
    pub(crate) fn compare(&self, original: &Original) -> anyhow::Result<Parity> {
        match self {
            Self::Packed(encoder) => original.compare_packed(encoder),
            Self::Onnx(model) => original.compare_with(model),
        }
    }

    /// Its name, its precision and its limit.
    pub(crate) fn described(&self) -> (String, String, usize) {
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
