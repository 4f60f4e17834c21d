//! An embedder behind a `SageMaker` endpoint: `akin serve-embeddings` in a container, a container of
//! text-embeddings-inference, or one that takes a single `text`.
//!
//! [`SageMakerEmbedder::open`] finds out which one it is. The requests are signed and tried again by AWS's
//! client; the errors of the endpoint's model, of throttling and of a missing endpoint are told apart.

mod embedder;
mod endpoint;
mod error;
mod form;
mod settings;

pub use embedder::SageMakerEmbedder;
pub use settings::Settings;
