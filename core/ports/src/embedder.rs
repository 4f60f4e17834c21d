use crate::{ErrorKind, PortError, PortResult};
use akin_entities::{Embedding, Fingerprint};
use async_trait::async_trait;
use std::fmt::Debug;

/// Turns texts into embeddings.
#[async_trait]
pub trait Embedder: Debug + Send + Sync {
    /// Embeds each text, in order: all of them or none. A text beyond the token limit is cut and
    /// counted; an empty text has an embedding too.
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch>;

    /// Which model answers, and how it is executed.
    fn fingerprint(&self) -> &Fingerprint;

    /// How many tokens of a text the model reads.
    fn token_limit(&self) -> usize;
}

/// The embeddings of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedBatch {
    /// One for each text, in the order of the texts.
    pub embeddings: Vec<Embedding>,
    /// How many of the texts were longer than the model reads.
    pub truncated: usize,
}

impl dyn Embedder {
    /// Embeds a single text.
    pub async fn embed_one(&self, text: &str) -> PortResult<Embedding> {
        let embedded = self.embed(&[text.to_owned()]).await?.embeddings.pop();
        embedded.ok_or_else(|| PortError::new("embedder", ErrorKind::Corrupt, "no embedding"))
    }
}
