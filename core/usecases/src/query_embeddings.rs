use akin_entities::{Embedding, Fingerprint, Query};
use akin_ports::{Embedder, PortResult};
use quick_cache::sync::Cache;
use std::fmt;
use std::sync::Arc;

/// Embeds queries and caches the most recent. Equal queries that arrive together share one inference.
#[derive(Clone)]
pub struct QueryEmbeddings {
    embedder: Arc<dyn Embedder>,
    remembered: Arc<Cache<Query, Arc<Embedding>>>,
}

impl QueryEmbeddings {
    /// The default number of cached queries, at about 2 kB each.
    pub const DEFAULT_CAPACITY: usize = 4_096;

    /// Returns a cache of up to `capacity` queries, possibly none.
    pub fn new(embedder: Arc<dyn Embedder>, capacity: usize) -> Self {
        Self { embedder, remembered: Arc::new(Cache::new(capacity)) }
    }

    /// Returns the embedding of `query`.
    pub async fn embed(&self, query: &Query) -> PortResult<Arc<Embedding>> {
        let embedding = async {
            let embedding = self.embedder.embed_one(query.as_str()).await?;
            Ok(Arc::new(embedding))
        };
        self.remembered.get_or_insert_async(query, embedding).await
    }

    /// Returns the fingerprint of the model.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.embedder.fingerprint()
    }

    /// Returns the embedder, for texts that are not queries.
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
