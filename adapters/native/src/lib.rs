//! The default embedder: a model executed in this process.
//!
//! [`Settings`] say which model and find its files; [`Inference`] is what executes it; and
//! [`NativeEmbedder`] shares the processor's cores among those who want embeddings.

mod embedder;
mod files;
mod inference;
mod packing;
mod scheduler;
mod sentence_encoder;
mod settings;

pub use embedder::NativeEmbedder;
pub use files::{ModelError, ModelFiles};
pub use inference::{Fault, Inference, Inferred};
pub use packing::{PackedModel, pack_all};
pub use sentence_encoder::SentenceEncoder;
pub use settings::{DEFAULT_MODEL, ModelChoice, Precision, Settings, models_folder};
