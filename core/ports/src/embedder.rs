use crate::{ErrorKind, PortError, PortResult};
use akin_entities::{Embedding, Fingerprint};
use async_trait::async_trait;
use std::fmt::Debug;

/// Turns texts into embeddings.
#[async_trait]
pub trait Embedder: Debug + Send + Sync {
    /// Embeds all texts, or none, and returns the embeddings in the order of the texts. A text beyond
    /// the token limit is truncated and counted. An empty text has an embedding too.
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch>;

    /// Returns the fingerprint of the model and its execution.
    fn fingerprint(&self) -> &Fingerprint;

    /// Returns the number of tokens of a text that the model reads.
    fn token_limit(&self) -> usize;
}

/// The embeddings of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedBatch {
    /// One for each text, in the order of the texts.
    pub embeddings: Vec<Embedding>,
    /// The number of texts that were longer than the model reads.
    pub truncated: usize,
}

impl dyn Embedder {
    /// Embeds a single text.
    pub async fn embed_one(&self, text: &str) -> PortResult<Embedding> {
        let embedded = self.embed(&[text.to_owned()]).await?.embeddings.pop();
        embedded.ok_or_else(|| PortError::new("embedder", ErrorKind::Corrupt, "no embedding"))
    }
}
