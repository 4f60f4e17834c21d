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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmbeddedBatch {
    /// One for each text, in the order of the texts.
    pub embeddings: Vec<Embedding>,
    /// The number of texts that were longer than the model reads.
    pub truncated: usize,
}

/// Joins consecutive batches.
impl FromIterator<EmbeddedBatch> for EmbeddedBatch {
    fn from_iter<I: IntoIterator<Item = EmbeddedBatch>>(batches: I) -> Self {
        let mut all = Self::default();
        for batch in batches {
            all.embeddings.extend(batch.embeddings);
            all.truncated += batch.truncated;
        }
        all
    }
}

impl dyn Embedder {
    /// Embeds a single text.
    pub async fn embed_one(&self, text: &str) -> PortResult<Embedding> {
        let embedded = self.embed(&[text.to_owned()]).await?.embeddings.pop();
        embedded.ok_or_else(|| PortError::new("embedder", ErrorKind::Corrupt, "no embedding"))
    }
}

/// Splits texts into the batches of a remote embedder: in order, of at most `count` texts, and of at most
/// `bytes` bytes unless a single text has more.
pub fn text_batches(texts: &[String], count: usize, bytes: usize) -> Vec<&[String]> {
    let mut batches = Vec::new();
    let (mut begin, mut size) = (0, 0);
    for (end, text) in texts.iter().enumerate() {
        let is_full = end - begin == count.max(1) || size + text.len() > bytes;
        if end > begin && is_full {
            batches.push(&texts[begin..end]);
            (begin, size) = (end, 0);
        }
        size += text.len();
    }
    if begin < texts.len() {
        batches.push(&texts[begin..]);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_limited_by_texts_and_by_bytes() {
        let texts = ["aaa", "b", "cc", "ddddd", "e"].map(str::to_owned);
        let sizes = |count, bytes| -> Vec<usize> {
            let batches = text_batches(&texts, count, bytes);
            assert_eq!(batches.concat(), texts);
            batches.into_iter().map(<[_]>::len).collect()
        };
        assert_eq!(sizes(10, 100), [5]);
        assert_eq!(sizes(2, 100), [2, 2, 1]);
        assert_eq!(sizes(10, 4), [2, 1, 1, 1]);
        assert_eq!(sizes(0, 0), [1; 5]);
        assert!(text_batches(&[], 1, 1).is_empty());
    }
}
