use crate::{CurrentRelevance, Hit, QueryEmbeddings, SearchError};
use akin_entities::{Filter, ProductId, Similarity};
use akin_ports::{CandidateQuery, PortResult, ProductIndex, ProductStore, QueryVector};
use std::cmp::Ordering;
use std::sync::Arc;

/// Finds the products that are most similar to a given one.
#[derive(Clone, Debug)]
pub struct SimilarProducts {
    /// Embeds the text of the product.
    pub embeddings: QueryEmbeddings,
    /// Finds the products near it.
    pub index: Arc<dyn ProductIndex>,
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// The rules of the shop, which may hide products.
    pub relevance: CurrentRelevance,
}

impl SimilarProducts {
    /// Returns the `limit` products nearest to the product `id` by embedding, without itself, the nearest
    /// first, ties by id; `None` if the store does not hold it.
    pub async fn run(&self, id: &ProductId, limit: usize) -> Result<Option<Vec<Hit>>, SearchError> {
        match self.find(id, limit).await? {
            Some(found) => self.fetch(found).await.map(Some),
            None => Ok(None),
        }
    }

    /// Does the same as [`SimilarProducts::run`] and fetches no products, for callers that limit how
    /// many products they hold. [`SimilarProducts::fetch`] completes the answer.
    pub async fn find(
        &self,
        id: &ProductId,
        limit: usize,
    ) -> Result<Option<Vec<(Similarity, ProductId)>>, SearchError> {
        let asked = std::slice::from_ref(id);
        let mut record = self.store.fetch(asked).await.map_err(SearchError::Fetch)?;
        let Some(record) = record.remove(id) else { return Ok(None) };
        let text = record.product.embedded_text();
        let embedding = self.embeddings.embedder().embed_one(&text).await;
        let embedding = embedding.map_err(SearchError::Embedding)?;
        let fingerprint = self.embeddings.fingerprint().clone();
        let vector = QueryVector { embedding, fingerprint };
        self.nearest(vector, id, limit).await.map(Some).map_err(SearchError::Index)
    }

    /// Fetches the products that were found.
    pub async fn fetch(
        &self,
        found: Vec<(Similarity, ProductId)>,
    ) -> Result<Vec<Hit>, SearchError> {
        let ids: Vec<_> = found.iter().map(|(_, id)| id.clone()).collect();
        let mut records = self.store.fetch(&ids).await.map_err(SearchError::Fetch)?;
        let hits = found.into_iter().filter_map(|(cosine, id)| {
            let record = records.remove(&id)?;
            let score = Some(cosine.get());
            let (similarity, text_score) = (Some(cosine), Some(0.0));
            Some(Hit { record, score, similarity, text_score, explanation: None })
        });
        Ok(hits.collect())
    }

    /// Returns the `limit` products nearest to `vector`, without `id`, the nearest first.
    async fn nearest(
        &self,
        vector: QueryVector,
        id: &ProductId,
        limit: usize,
    ) -> PortResult<Vec<(Similarity, ProductId)>> {
        let query = CandidateQuery {
            terms: Vec::new(),
            vector: Some(vector),
            filter: Filter::default().without(self.relevance.get().hidden(None)),
            depth: limit.saturating_add(1),
            threshold: None,
            with_facets: false,
        };
        let found = self.index.candidates(&query).await?;
        let others = found.into_iter().filter(|candidate| candidate.id != *id);
        let mut others: Vec<_> =
            others.filter_map(|candidate| Some((candidate.cosine?, candidate.id))).collect();
        others.sort_by(nearest_first);
        others.truncate(limit);
        Ok(others)
    }
}

fn nearest_first(a: &(Similarity, ProductId), b: &(Similarity, ProductId)) -> Ordering {
    b.0.get().total_cmp(&a.0.get()).then_with(|| a.1.cmp(&b.1))
}
