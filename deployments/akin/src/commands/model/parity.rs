//! Comparison of a model's embeddings with those of its original weights.

use akin_onnx::{OnnxModel, OnnxModelFiles};
use akin_ports::PortError;
use anyhow::anyhow;
use sbert_cpu::Encoder;
use sbert_model::SentenceModel;
use sbert_onnx::ExportPrecision;
use sbert_onnx::parity::{Parity, compare, texts};
use serde_json::{Value, json};
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// Texts, with their embeddings by the original weights at full precision.
#[derive(Debug)]
pub(crate) struct Original {
    texts: Vec<String>,
    vectors: Vec<f32>,
    dimension: usize,
}

impl Original {
    /// Embeds texts of many kinds with the model's original weights.
    pub(crate) fn compute(model: &SentenceModel) -> anyhow::Result<Self> {
        let encoder =
            Encoder::from_model(model, sbert_cpu::Precision::Fp32).map_err(super::unusable)?;
        let texts = texts(model.max_tokens);
        let vectors = encoder.embed(&borrowed(&texts), threads().get()).vectors;
        Ok(Self { texts, vectors, dimension: encoder.dimension() })
    }

    /// Takes embeddings of `texts` that another program computed with the same weights, `dimension`
    /// numbers each.
    pub(crate) fn stored(texts: Vec<String>, vectors: Vec<f32>, dimension: usize) -> Self {
        Self { texts, vectors, dimension }
    }

    /// Compares the embeddings of an ONNX model.
    pub(crate) fn compare_onnx(&self, files: &OnnxModelFiles) -> anyhow::Result<Parity> {
        self.compare_with(&OnnxModel::open(files, threads()).map_err(PortError::from)?)
    }

    /// Compares the embeddings of an ONNX model that is open.
    pub(crate) fn compare_with(&self, model: &OnnxModel) -> anyhow::Result<Parity> {
        let vectors = model.raw(&borrowed(&self.texts)).map_err(|reason| anyhow!(reason))?;
        Ok(compare(&self.vectors, &vectors, self.dimension)?)
    }

    /// Compares the embeddings of a packed model.
    pub(crate) fn compare_packed(&self, encoder: &Encoder) -> anyhow::Result<Parity> {
        let vectors = encoder.embed(&borrowed(&self.texts), threads().get()).vectors;
        Ok(compare(&self.vectors, &vectors, self.dimension)?)
    }

    /// Returns the beginning of the text at `position`, for an error.
    pub(crate) fn quoted(&self, position: usize) -> String {
        self.texts.get(position).map(|text| text.chars().take(40).collect()).unwrap_or_default()
    }
}

/// Describes by how much a model misses the limits of its precision.
pub(crate) fn shortfall(parity: &Parity, precision: ExportPrecision) -> String {
    let min = precision.min_cosine();
    if parity.min_cosine < min {
        return format!(
            "its minimum cosine to the original is {:.5}, below {min}",
            parity.min_cosine
        );
    }
    let max = precision.max_norm_deviation();
    format!("the norms of its vectors deviate by {:.4}, above {max}", parity.max_norm_deviation)
}

/// Returns the figures as JSON.
pub(crate) fn document(parity: &Parity) -> Value {
    json!({
        "texts": parity.texts,
        "min_cosine": parity.min_cosine,
        "mean_cosine": parity.mean_cosine,
        "max_norm_deviation": parity.max_norm_deviation,
    })
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

pub(crate) fn threads() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
