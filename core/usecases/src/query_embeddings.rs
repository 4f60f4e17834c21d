use crate::measured_floors::measured_floors;
use akin_entities::{Embedding, Fingerprint, Query};
use akin_ports::{Embedder, PortResult};
use akin_ranking::Floors;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Embeds queries and caches the most recent. Equal queries that arrive together share one inference.
#[derive(Clone)]
pub struct QueryEmbeddings {
    embedder: Arc<dyn Embedder>,
    remembered: Arc<Cache<Query, Arc<Embedding>, Size>>,
    floors: FloorSource,
}

/// The origin of the similarities from which products fit.
#[derive(Clone)]
enum FloorSource {
    Known(Floors),
    /// Measured at the first search.
    Measured(Arc<OnceLock<Floors>>),
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
        Self { embedder, remembered, floors: FloorSource::Known(Floors::default()) }
    }

    /// Returns the cache with floors that belong to its model: those that are known, or else they are
    /// measured at the first search, by embedding 32 short texts. Without this, they are those of the
    /// default model.
    #[must_use]
    pub fn with_floors_of_model(self) -> Self {
        let known = Floors::known(self.fingerprint()).map(FloorSource::Known);
        Self { floors: known.unwrap_or_else(|| FloorSource::Measured(Arc::default())), ..self }
    }

    /// Returns the similarities from which products fit a query.
    pub async fn floors(&self) -> PortResult<Floors> {
        let cell = match &self.floors {
            FloorSource::Known(floors) => return Ok(*floors),
            FloorSource::Measured(cell) => cell,
        };
        if let Some(floors) = cell.get() {
            return Ok(*floors);
        }
        // Two first searches may both measure; they measure the same.
        let floors = measured_floors(&*self.embedder).await?;
        Ok(*cell.get_or_init(|| floors))
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
            .finish_non_exhaustive()
    }
}
