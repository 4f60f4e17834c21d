use akin_entities::{Embedding, Fingerprint, Query};
use akin_ports::{Embedder, PortResult};
use quick_cache::sync::Cache;
use std::fmt;
use std::sync::Arc;

/// Embeds queries, and remembers those it was asked last. Equal queries that arrive together
/// share one inference.
#[derive(Clone)]
pub struct QueryEmbeddings {
    embedder: Arc<dyn Embedder>,
    remembered: Arc<Cache<Query, Arc<Embedding>>>,
}

impl QueryEmbeddings {
    /// How many queries are remembered unless told otherwise: some 2 kB each.
    pub const DEFAULT_CAPACITY: usize = 4_096;

    /// Remembers up to `capacity` queries; 0 remembers none.
    pub fn new(embedder: Arc<dyn Embedder>, capacity: usize) -> Self {
        Self { embedder, remembered: Arc::new(Cache::new(capacity)) }
    }

    /// The meaning of `query`.
    pub async fn embed(&self, query: &Query) -> PortResult<Arc<Embedding>> {
        let embedding = async {
            let embedding = self.embedder.embed_one(query.as_str()).await?;
            Ok(Arc::new(embedding))
        };
        self.remembered.get_or_insert_async(query, embedding).await
    }

    /// Which model answers.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.embedder.fingerprint()
    }

    /// What embeds them, for texts that are no queries.
    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
    }
}

impl fmt::Debug for QueryEmbeddings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryEmbeddings")
            .field("embedder", &self.embedder)
            .field("remembered", &self.remembered.len())
            .finish()
    }
}
