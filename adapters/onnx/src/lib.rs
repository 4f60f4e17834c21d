//! Any exported ONNX embedding model, in this process, by `rten`.
//!
//! [`Settings`] find the files; [`Description`] is what a file says of itself before anything is
//! executed; [`OnnxEmbedder`] tells inputs and outputs by their names, pools what is not pooled, and
//! shares the processor's cores among those who want embeddings.
//!
//! A file that is no model is refused by name:
//!
//! ```
//! use akin_onnx::Description;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("model.onnx");
//! std::fs::write(&path, "no model")?;
//! assert!(Description::read(&path).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batches;
mod description;
mod embedder;
mod error;
mod identity;
mod keys;
mod model;
mod pooling;
mod protobuf;
mod settings;
mod signature;
mod tokens;

pub use description::{Description, TensorInfo};
pub use embedder::OnnxEmbedder;
pub use error::OnnxError;
pub use model::OnnxModel;
pub use settings::{OnnxModelFiles, Settings};
