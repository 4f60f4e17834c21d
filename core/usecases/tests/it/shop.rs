//! A shop in memory, with helpers for the tests.

use akin_entities::{Currency, Filter, Language, ProductId, Query, SearchMode, Version};
use akin_memory::{Faults, MemoryEmbedder, MemoryFeed, MemoryIndex, MemoryStore};
use akin_ports::{
    CandidateQuery, Embedder, FeedItem, FeedRow, IndexedState, OutboxEntry, PortResult,
    ProductIndex, ProductStore, QueryVector,
};
use akin_ranking::analyze_product;
use akin_usecases::{
    Background, ColumnMap, CurrentRelevance, EmbedChanges, EmbedSummary, EmbedTarget, IngestError,
    IngestFeed, IngestSummary, Pricing, QueryEmbeddings, RegisterIndexes, SearchAnswer,
    SearchProducts, SearchRequest, SimilarProducts,
};
use std::sync::Arc;

/// A store, an index and an embedder with the same faults.
pub(crate) struct Shop {
    pub(crate) faults: Faults,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) index: Arc<MemoryIndex>,
    pub(crate) embedder: Arc<MemoryEmbedder>,
    pub(crate) relevance: CurrentRelevance,
}

pub(crate) fn id(text: &str) -> ProductId {
    ProductId::new(text).unwrap()
}

/// Returns the version of a run. Between two of them there is room for the batches of a feed.
pub(crate) fn day(number: i64) -> Version {
    Version(1_000 * number)
}

/// Returns the pricing of a shop in India.
pub(crate) fn rupees() -> Pricing {
    Pricing::unconverted(Currency::INR)
}

/// Returns a row with an id, a name and a price.
pub(crate) fn row(id: &str, name: &str, price: &str) -> FeedRow {
    let (product_id, name, actual_price) = (id.to_owned(), name.to_owned(), price.to_owned());
    FeedRow { product_id, name, actual_price, ..FeedRow::default() }
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with_embedder(|embedder| embedder)
    }

    pub(crate) fn with_embedder(change: impl FnOnce(MemoryEmbedder) -> MemoryEmbedder) -> Self {
        let faults = Faults::default();
        let embedder = change(MemoryEmbedder::default()).with_faults(faults.clone());
        Self {
            store: Arc::new(MemoryStore::with_faults(faults.clone())),
            index: Arc::new(MemoryIndex::with_faults(faults.clone())),
            embedder: Arc::new(embedder),
            relevance: CurrentRelevance::default(),
            faults,
        }
    }

    /// Ingests `rows`, whose line numbers start at 2.
    pub(crate) async fn try_ingest(
        &self,
        rows: &[FeedRow],
        at: i64,
    ) -> Result<IngestSummary, IngestError> {
        let numbered = (2..).zip(rows).map(|(line, row)| FeedRow { line, ..row.clone() });
        let items: Vec<FeedItem> = numbered.map(Ok).collect();
        let mut feed = MemoryFeed::new("shop.csv", items).with_faults(self.faults.clone());
        let ingest = IngestFeed {
            store: self.store.clone(),
            pricing: rupees(),
            columns: ColumnMap::default(),
        };
        ingest.run(&mut feed, day(at), &|_| ()).await
    }

    pub(crate) async fn ingest(&self, rows: &[FeedRow], at: i64) -> IngestSummary {
        self.try_ingest(rows, at).await.unwrap()
    }

    pub(crate) async fn try_embed(&self) -> PortResult<EmbedSummary> {
        self.embed_from(self.store.clone()).await
    }

    /// Embeds the outbox of `store`.
    pub(crate) async fn embed_from(
        &self,
        store: Arc<dyn ProductStore>,
    ) -> PortResult<EmbedSummary> {
        let (embedder, index) = (self.embedder.clone(), self.index.clone());
        EmbedChanges::new(store, embedder, index).run(&|_| ()).await
    }

    /// Embeds the outbox; any failure fails the test.
    pub(crate) async fn embed(&self) -> EmbedSummary {
        let summary = self.try_embed().await.unwrap();
        assert!(summary.failures.is_empty(), "{:?}", summary.failures);
        summary
    }

    /// Registers the shop's index at its store.
    pub(crate) async fn register(&self) -> PortResult<()> {
        let targets = vec![EmbedTarget {
            embedder: self.embedder.clone(),
            indexes: vec![self.index.clone()],
            background: Background::inline(),
            language: Language::English,
        }];
        RegisterIndexes { store: self.store.clone(), targets }.run().await
    }

    pub(crate) async fn stock(&self, rows: &[FeedRow]) {
        self.ingest(rows, 1).await;
        self.embed().await;
    }

    pub(crate) async fn outbox(&self) -> Vec<OutboxEntry> {
        self.store.outbox(None, 1_000).await.unwrap()
    }

    pub(crate) async fn state(&self, name: &str) -> Option<IndexedState> {
        self.index.states(&[id(name)]).await.unwrap().remove(&id(name))
    }

    pub(crate) fn embeddings(&self) -> QueryEmbeddings {
        QueryEmbeddings::new(self.embedder.clone(), 100)
    }

    pub(crate) fn search(&self) -> SearchProducts {
        let (index, store) = (self.index.clone(), self.store.clone());
        SearchProducts {
            embeddings: self.embeddings(),
            index,
            store,
            background: Background::inline(),
            language: Language::English,
            relevance: self.relevance.clone(),
        }
    }

    pub(crate) fn similar(&self) -> SimilarProducts {
        let (index, store) = (self.index.clone(), self.store.clone());
        let relevance = self.relevance.clone();
        SimilarProducts { embeddings: self.embeddings(), index, store, relevance }
    }

    pub(crate) async fn answer(&self, request: &SearchRequest) -> SearchAnswer {
        self.search().run(request).await.unwrap()
    }

    /// Asserts that the index has every product of the store completely, and that the outbox is empty.
    pub(crate) async fn assert_in_step(&self, ids: &[ProductId]) {
        assert_eq!(self.outbox().await, []);
        let records = self.store.fetch(ids).await.unwrap();
        assert_eq!(self.index.count().await.unwrap(), records.len() as u64);
        let known = self.index.states(ids).await.unwrap();
        for (id, record) in &records {
            let product = &record.product;
            let expected =
                IndexedState { version: record.version, text_hash: Some(product.text_hash()) };
            assert_eq!(known.get(id), Some(&expected), "{id}");
            let computed = self.embedder.embed(&[product.embedded_text()]).await.unwrap();
            let price = product.price().map(akin_entities::Price::amount);
            let price = akin_entities::NumberRange { min: price, max: price };
            let filter = Filter::default().with_range(akin_entities::NumberField::Price, price);
            let fingerprint = self.embedder.fingerprint().clone();
            let embedding = computed.embeddings.into_iter().next();
            let vector = embedding.map(|embedding| QueryVector { embedding, fingerprint });
            let query = CandidateQuery {
                terms: Vec::new(),
                vector,
                filter,
                depth: ids.len(),
                threshold: None,
                with_facets: false,
            };
            let found = self.index.candidates(&query).await.unwrap();
            let found = found.iter().find(|found| found.id == *id).unwrap();
            assert_eq!(found.text, analyze_product(product, Language::English).text);
            assert!(found.cosine.unwrap().get() > 0.999, "{id} points elsewhere");
        }
    }
}

pub(crate) fn request(words: &str, mode: SearchMode) -> SearchRequest {
    SearchRequest { mode, ..SearchRequest::new(Query::new(words).unwrap()) }
}

/// Returns the ids of the hits, in their order.
pub(crate) fn ids(answer: &SearchAnswer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.record.product.id.as_str()).collect()
}
