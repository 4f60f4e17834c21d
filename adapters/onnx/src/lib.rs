//! An embedder that executes any exported ONNX embedding model in this process, with `rten`.
//!
//! [`Settings`] find the files; [`Description`] is the structure and metadata of a file, read without
//! executing it; [`OnnxEmbedder`] identifies inputs and outputs by name, pools token vectors if the
//! graph does not, and shares the processor's cores among concurrent requests.
//!
//! A file that is not a model is rejected:
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
