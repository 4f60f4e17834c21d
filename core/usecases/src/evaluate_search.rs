use crate::{Paging, SearchError, SearchProducts, SearchRequest};
use entities::{Mode, ProductId, Query};
use evaluation::{Evaluation, Judgments};
use std::num::NonZeroUsize;

/// Measures how good a way of searching is, over queries whose answers were judged.
#[derive(Clone, Debug)]
pub struct EvaluateSearch {
    /// Answers the queries.
    pub search: SearchProducts,
}

/// A query whose answers were judged.
#[derive(Clone, Debug)]
pub struct JudgedQuery {
    /// Its name in the judgments.
    pub name: String,
    /// The shopper's words.
    pub query: Query,
    /// What the judges said of products.
    pub judgments: Judgments,
}

impl EvaluateSearch {
    /// How good `mode` is: measures at `depth`, over every candidate of each query, so that
    /// measures which leave out what nobody judged have enough to choose from.
    pub async fn run(
        &self,
        mode: Mode,
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
