//! An embedder behind an HTTP API: `OpenAI`'s, or that of text-embeddings-inference (TEI).
//!
//! [`Settings`] name the server and its format; [`HttpEmbedder`] sends texts in batches, tries again
//! while the server is busy, and checks every answer. A server that names its model, as
//! `akin serve-embeddings` does, gives the same fingerprint as the model has when akin executes it.

mod answer;
mod embedder;
mod error;
mod request;
mod server;
mod settings;

pub use embedder::HttpEmbedder;
pub use settings::{ApiFormat, Settings};
