use akin_entities::{Embedding, Fingerprint};
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

/// Executes a model. It blocks: an embedder calls it on threads of its own, and where it was asked
/// only for a short text.
pub trait Inference: Debug + Send + Sync + 'static {
    /// Embeds each text, in order, on at most so many threads. An empty text has an embedding.
    fn infer(&self, texts: &[&str], threads: usize)
    -> Result<Vec<InferenceOutput>, InferenceError>;

    /// Which model it is, and how it is executed.
    fn fingerprint(&self) -> &Fingerprint;

    /// How many tokens of a text the model reads.
    fn token_limit(&self) -> usize;
}

/// What a model makes of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct InferenceOutput {
    /// Where the text points.
    pub embedding: Embedding,
    /// Whether the text was longer than the model reads.
    pub is_truncated: bool,
}

/// Why there is no embedding; all who wait for it are told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InferenceError(Arc<str>);

impl InferenceError {
    /// A fault of that description.
    pub fn new(description: impl Into<Arc<str>>) -> Self {
        Self(description.into())
    }

    /// What a panic says.
    pub(crate) fn from_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Self::new(format!("the model panicked: {text}"))
    }
}
