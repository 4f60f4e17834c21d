//! Exports a Sentence-Transformers model to ONNX without Python.
//!
//! ```
//! # let source = sbert_fixtures::folder("minilm-l6");
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let model = sbert_model::SentenceModel::open(&source)?;
//! let target = sbert_onnx::Target::beside(folder.join("model.onnx"));
//! let draft = sbert_onnx::export(&model, &sbert_onnx::Export::default(), &target, &mut |_| ())?;
//! // `draft.model()` can be checked here. Dropping the draft leaves nothing behind.
//! let summary = draft.keep()?;
//! assert!(summary.bytes > 0 && target.model.exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The inputs of the graph are `input_ids`, `attention_mask` and, for models that use them,
//! `token_type_ids`: integers `[batch, sequence]`, padded on the right. The output `output` holds the
//! embeddings, f32 `[batch, dimension]`, pooled and, if the folder configures it, normalized. All operators
//! are of the standard domain. [`metadata`] describes the properties in the file.

mod attention;
mod draft;
mod encoder;
mod error;
mod export;
mod graph;
mod linear;
pub mod metadata;
pub mod parity;
mod pooling;
mod positions;
mod proto;
mod quantize;
mod tokenizer;
mod writer;

pub use draft::{Draft, Summary, Target};
pub use error::ExportError;
pub use export::{Export, ExportPrecision, ExportProgress, OPSETS, export};

/// Converts a size to the integer type of ONNX; none is near the limit.
fn int(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
