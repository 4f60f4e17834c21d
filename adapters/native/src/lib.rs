//! The default embedder: a model executed in this process.
//!
//! [`Settings`] select a model and find its files; [`Inference`] executes it; and
//! [`NativeEmbedder`] schedules the requests on the processor's cores.
//!
//! ```
//! use akin_native::{ModelChoice, NativeEmbedder, Settings};
//! use akin_ports::Embedder;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = ModelChoice::At(sbert_fixtures::folder("minilm-l6"));
//! let embedder = NativeEmbedder::open(&Settings { model, models: None, threads: None })?;
//! let embedded = embedder.embed(&["a steady tripod".to_owned()]).await?;
//! assert_eq!(embedded.embeddings[0].as_slice().len(), embedder.fingerprint().dimension);
//! # Ok(())
//! # }
//! ```

mod embedder;
mod files;
mod inference;
mod packing;
mod scheduler;
mod sentence_encoder;
mod settings;

pub use embedder::NativeEmbedder;
pub use files::{NativeModelError, NativeModelFiles};
pub use inference::{Inference, InferenceError, InferenceOutput};
pub use packing::{PackedModel, pack_all};
pub use sentence_encoder::SentenceEncoder;
pub use settings::{DEFAULT_MODEL, ModelChoice, ModelPrecision, Settings, models_folder, threads};
