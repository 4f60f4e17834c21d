use crate::{Paging, SearchError, SearchProducts, SearchRequest};
use akin_entities::{ProductId, Query, SearchMode};
use akin_evaluation::{Evaluation, Judgments};
use akin_ports::PortResult;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;

/// Measures the quality of a search mode over judged queries.
#[derive(Clone, Debug)]
pub struct EvaluateSearch {
    /// Answers the queries.
    pub search: SearchProducts,
}

/// A judged query.
#[derive(Clone, Debug)]
pub struct JudgedQuery {
    /// Its name in the judgments.
    pub name: String,
    /// The shopper's words.
    pub query: Query,
    /// The judgments of products.
    pub judgments: Judgments,
}

impl EvaluateSearch {
    /// Returns every judged product once, in the order of the ids.
    pub fn judged(queries: &[JudgedQuery]) -> BTreeSet<&ProductId> {
        queries.iter().flat_map(|query| query.judgments.products()).collect()
    }

    /// Returns the judged products that the store lacks, which no search can find.
    pub async fn missing(&self, queries: &[JudgedQuery]) -> PortResult<Vec<ProductId>> {
        let judged: Vec<_> = Self::judged(queries).into_iter().cloned().collect();
        let known = self.search.store.fetch(&judged).await?;
        Ok(judged.into_iter().filter(|id| !known.contains_key(id)).collect())
    }

    /// Returns the measures of `mode` at `depth`. They are over every candidate of each query, because
    /// some measures leave out products that were not judged.
    pub async fn run(
        &self,
        mode: SearchMode,
        queries: &[JudgedQuery],
        depth: NonZeroUsize,
        observe: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<Evaluation, SearchError> {
        let mut evaluation = Evaluation::new(mode.name(), depth);
        for (done, judged) in queries.iter().enumerate() {
            let request = SearchRequest {
                mode,
                paging: Paging { page: 1, size: 2 * SearchRequest::DEFAULT_DEPTH },
                ..SearchRequest::new(judged.query.clone())
            };
            let answer = self.search.run(&request).await?;
            let ranking: Vec<ProductId> =
                answer.hits.into_iter().map(|hit| hit.record.product.id).collect();
            evaluation.add(&judged.name, &ranking, &judged.judgments);
            observe(done + 1);
        }
        Ok(evaluation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Background, Pricing, QueryEmbeddings, normalize};
    use akin_entities::{Currency, Language, Version};
    use akin_evaluation::Grade;
    use akin_memory::{MemoryEmbedder, MemoryIndex, MemoryStore};
    use akin_ports::{FeedRow, ProductStore};
    use std::sync::Arc;

    fn judged(name: &str, products: &[&str]) -> JudgedQuery {
        let grade = |id: &&str| (ProductId::new(*id).unwrap(), Grade::RELEVANT);
        JudgedQuery {
            name: name.to_owned(),
            query: Query::new("a tripod").unwrap(),
            judgments: products.iter().map(grade).collect(),
        }
    }

    #[tokio::test]
    async fn a_judged_product_that_the_store_lacks_is_named_once() {
        let store = MemoryStore::default();
        let row = FeedRow { name: "Tripod".into(), product_id: "p1".into(), ..FeedRow::default() };
        let product = normalize(row, &Pricing::unconverted(Currency::INR)).unwrap();
        store.apply(&[product], Version(1)).await.unwrap();
        let search = SearchProducts {
            embeddings: QueryEmbeddings::new(Arc::new(MemoryEmbedder::default()), 1),
            index: Arc::new(MemoryIndex::default()),
            store: Arc::new(store),
            background: Background::inline(),
            language: Language::English,
        };
        let evaluate = EvaluateSearch { search };
        let queries = [judged("q1", &["p1", "p9"]), judged("q2", &["p9", "p8"]), judged("q3", &[])];
        let missing = evaluate.missing(&queries).await.unwrap();
        let missing: Vec<_> = missing.iter().map(ProductId::as_str).collect();
        assert_eq!(missing, ["p8", "p9"]);
        assert_eq!(EvaluateSearch::judged(&queries).len(), 3);
        assert_eq!(evaluate.missing(&[]).await.unwrap(), []);
    }
}
