use akin_entities::{Embedding, Fingerprint};
use akin_ports::TokenizedText;
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

/// Executes a model. Calls block: an embedder makes them on its own threads, and on the caller's
/// thread only for a short text.
pub trait Inference: Debug + Send + Sync + 'static {
    /// Embeds each text, in order, on at most `threads` threads. An empty text has an embedding.
    fn infer(&self, texts: &[&str], threads: usize)
    -> Result<Vec<InferenceOutput>, InferenceError>;

    /// Returns the tokens of a text as the model reads them.
    fn tokenize(&self, text: &str) -> TokenizedText;

    /// Returns a token as the vocabulary writes it.
    fn token(&self, id: u32) -> Option<String>;

    /// Returns the fingerprint of the model and its precision.
    fn fingerprint(&self) -> &Fingerprint;

    /// Returns the maximum number of tokens per text; longer texts are truncated.
    fn token_limit(&self) -> usize;
}

/// The embedding of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct InferenceOutput {
    /// The embedding.
    pub embedding: Embedding,
    /// True if the text exceeded the token limit.
    pub is_truncated: bool,
}

/// A failed inference. Every caller that waits for the text receives it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InferenceError(Arc<str>);

impl InferenceError {
    /// Creates an error with this description.
    pub fn new(description: impl Into<Arc<str>>) -> Self {
        Self(description.into())
    }

    /// Creates an error from the payload of a panic.
    pub(crate) fn from_panic(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Self::new(format!("the model panicked: {text}"))
    }
}
