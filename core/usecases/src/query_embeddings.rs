use akin_entities::{Embedding, Fingerprint, Query};
use akin_ports::{Embedder, PortResult};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::fmt;
use std::sync::Arc;

/// Embeds queries and caches the most recent. Equal queries that arrive together share one inference.
#[derive(Clone)]
pub struct QueryEmbeddings {
    embedder: Arc<dyn Embedder>,
    remembered: Arc<Cache<Query, Arc<Embedding>, Size>>,
}

/// The size of a cached query beyond its text and its embedding, in bytes.
const OVERHEAD: usize = 256;

/// The size of a cached query in bytes.
#[derive(Clone, Debug)]
struct Size;

impl Weighter<Query, Arc<Embedding>> for Size {
    fn weight(&self, query: &Query, embedding: &Arc<Embedding>) -> u64 {
        let bytes = query.as_str().len() + size_of_val(embedding.as_slice()) + OVERHEAD;
        bytes as u64
    }
}

impl QueryEmbeddings {
    /// The default number of cached queries, at about 2 kB each.
    pub const DEFAULT_CAPACITY: usize = 4_096;

    /// The length of a query of which `capacity` fit the cache, in bytes. Of longer ones fewer do.
    const TYPICAL_QUERY: usize = 256;

    /// Returns a cache of about `capacity` queries of ordinary length, possibly none. It is bounded in
    /// bytes, whatever the length of the queries.
    pub fn new(embedder: Arc<dyn Embedder>, capacity: usize) -> Self {
        let embedding = embedder.fingerprint().dimension * size_of::<f32>();
        let bytes = capacity * (embedding + Self::TYPICAL_QUERY + OVERHEAD);
        let remembered = Arc::new(Cache::with_weighter(capacity, bytes as u64, Size));
        Self { embedder, remembered }
    }

    /// Returns the embedding of `query`.
    pub async fn embed(&self, query: &Query) -> PortResult<Arc<Embedding>> {
        let embedding = async {
            let embedding = self.embedder.embed_one(query.as_str()).await?;
            Ok(Arc::new(embedding))
        };
        self.remembered.get_or_insert_async(query, embedding).await
    }

    /// Returns the size of the cached queries and their embeddings, in bytes.
    pub fn cached_bytes(&self) -> u64 {
        self.remembered.weight()
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
