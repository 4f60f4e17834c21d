//! Turns a Sentence-Transformers folder into ONNX, with no Python.
//!
//! ```no_run
//! # use std::path::Path;
//! let model = sbert_model::SentenceModel::open(Path::new("all-MiniLM-L6-v2"))?;
//! let target = sbert_onnx::Target::beside("all-MiniLM-L6-v2/model.onnx");
//! let draft = sbert_onnx::export(&model, &sbert_onnx::Export::default(), &target, &mut |_| ())?;
//! // Here is the place for a look at `draft.model()`: if it is dropped, nothing stays.
//! let summary = draft.keep()?;
//! println!("{} bytes in {:.1} s", summary.bytes, summary.seconds);
//! # Ok::<(), sbert_onnx::ExportError>(())
//! ```
//!
//! The graph takes `input_ids` and `attention_mask` (and `token_type_ids` where the model tells kinds of
//! tokens apart), whole numbers `[batch, sequence]`, padded on the right; and gives `output`, the
//! embeddings `[batch, dimension]` in f32, pooled and, if the folder says so, normalized. Operators are
//! those of the standard domain. [`metadata`] names what the file says about itself.

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
pub use export::{Export, ExportPrecision, OPSETS, Progress, export};

/// A size as ONNX counts; none is near the limit.
fn int(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
