use crate::{Hit, Paging, Scope, SearchError, SearchProducts, SearchRequest, Sort};
use akin_entities::{ProductId, Query, SearchMode, Similarity};
use akin_evaluation::{Evaluation, Grade, JudgedSet, Judgments, SetEvaluation};
use akin_ports::{MAX_DEPTH, PortResult};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::num::NonZeroUsize;

/// The number of products of a result set that are asked for at once.
const SET_PAGE: usize = 1_000;

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

/// One search mode, measured over judged queries.
#[derive(Clone, Debug)]
pub struct EvaluatedMode {
    /// The measures of the ranking: of all candidates, whether they fit or not.
    pub evaluation: Evaluation,
    /// The measures of what a shopper is shown: of what fits, or of what comes closest.
    pub shown: Evaluation,
    /// The result sets: everything that was found, up to 10,000 products of a query.
    pub sets: SetEvaluation,
    /// The first hits of the result sets, cheapest first.
    pub first_by_price: SetEvaluation,
    /// The answers, in the order of the queries.
    pub answers: Vec<EvaluatedAnswer>,
}

/// The answer to a judged query.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluatedAnswer {
    /// The number of products found.
    pub total: usize,
    /// The first hits that a shopper is shown, best first.
    pub hits: Vec<EvaluatedHit>,
    /// The relevant products that are not among them, best grade first.
    pub missed: Vec<MissedProduct>,
}

/// A hit for a judged query.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluatedHit {
    /// The product.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// Its grade; `None` if it was not judged.
    pub grade: Option<Grade>,
    /// The score that orders hits.
    pub score: f32,
    /// The cosine to the query; `None` in lexical mode.
    pub similarity: Option<Similarity>,
}

/// A relevant product that is not among the first hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissedProduct {
    /// The product.
    pub id: ProductId,
    /// Its grade.
    pub grade: Grade,
    /// Its rank among all candidates, counted from 1; `None` if it was none.
    pub rank: Option<usize>,
    /// Whether it is in the result set.
    pub fits: bool,
}

impl EvaluateSearch {
    /// Returns every judged product once, in the order of the ids.
    pub fn judged(queries: &[JudgedQuery]) -> BTreeSet<&ProductId> {
        queries.iter().flat_map(|query| query.judgments.products()).collect()
    }

    /// Returns the names of the judged products that the store has.
    pub async fn names(&self, queries: &[JudgedQuery]) -> PortResult<HashMap<ProductId, String>> {
        let judged: Vec<_> = Self::judged(queries).into_iter().cloned().collect();
        let records = self.search.store.fetch(&judged).await?.into_iter();
        Ok(records.map(|(id, record)| (id, record.product.name)).collect())
    }

    /// Returns the judged products without a name in `names`: the store lacks them, and no search can
    /// find them.
    pub fn missing<'a>(
        queries: &'a [JudgedQuery],
        names: &HashMap<ProductId, String>,
    ) -> Vec<&'a ProductId> {
        Self::judged(queries).into_iter().filter(|id| !names.contains_key(*id)).collect()
    }

    /// Measures `mode` at `depth`. The measures of a ranking are over every candidate of each query, so
    /// that they do not depend on what fits; those of what is shown are over the result set.
    pub async fn run(
        &self,
        mode: SearchMode,
        queries: &[JudgedQuery],
        depth: NonZeroUsize,
        observe: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<EvaluatedMode, SearchError> {
        let mut evaluated = EvaluatedMode {
            evaluation: Evaluation::new(mode.name(), depth),
            shown: Evaluation::new(mode.name(), depth),
            sets: SetEvaluation::default(),
            first_by_price: SetEvaluation::default(),
            answers: Vec::new(),
        };
        for (done, judged) in queries.iter().enumerate() {
            let request = SearchRequest { mode, ..SearchRequest::new(judged.query.clone()) };
            self.measure(request, judged, &mut evaluated).await?;
            observe(done + 1);
        }
        Ok(evaluated)
    }

    async fn measure(
        &self,
        mut request: SearchRequest,
        judged: &JudgedQuery,
        evaluated: &mut EvaluatedMode,
    ) -> Result<(), SearchError> {
        let JudgedQuery { name, judgments, .. } = judged;
        let depth = evaluated.evaluation.depth().get();
        request.paging = Paging { page: 1, size: 2 * SearchRequest::DEFAULT_DEPTH };
        request.scope = Scope::Candidates;
        let ranking = self.search.find(&request).await?;
        let ranking: Vec<_> = ranking.ids().cloned().collect();
        evaluated.evaluation.add(name, &ranking, judgments);
        request.scope = Scope::Fitting;
        let shown = self.search.run(&request).await?;
        let ids: Vec<_> = shown.hits.iter().map(|hit| hit.record.product.id.clone()).collect();
        evaluated.shown.add(name, &ids, judgments);
        let set = self.result_set(&mut request).await?;
        evaluated.sets.add(name, JudgedSet::new(&set, judgments));
        request.sort = Sort::PriceAscending;
        request.paging = Paging { page: 1, size: depth };
        let cheapest = self.search.find(&request).await?;
        evaluated.first_by_price.add(name, JudgedSet::new(cheapest.ids(), judgments));
        let ids = &ids[..depth.min(ids.len())];
        let missed = missed(ids, &ranking, &set, judgments);
        let hits = shown.hits.into_iter().take(depth).map(|hit| evaluated_hit(hit, judgments));
        let answer = EvaluatedAnswer { total: shown.total, hits: hits.collect(), missed };
        evaluated.answers.push(answer);
        Ok(())
    }

    /// Returns everything that `request` finds, page by page.
    async fn result_set(&self, request: &mut SearchRequest) -> Result<Vec<ProductId>, SearchError> {
        let mut members = Vec::new();
        for page in 1..=MAX_DEPTH / SET_PAGE {
            request.paging = Paging { page, size: SET_PAGE };
            let found = self.search.find(request).await?;
            if found.total() == 0 {
                // What comes closest may be shown instead.
                break;
            }
            members.extend(found.ids().cloned());
            if page * SET_PAGE >= found.total() {
                break;
            }
        }
        Ok(members)
    }
}

/// Returns the relevant products that are not in `shown`, best grade first, then by rank and id.
fn missed(
    shown: &[ProductId],
    ranking: &[ProductId],
    set: &[ProductId],
    judgments: &Judgments,
) -> Vec<MissedProduct> {
    let ranks: HashMap<_, _> = ranking.iter().zip(1..).collect();
    let set: HashSet<_> = set.iter().collect();
    let relevant = judgments.products().filter_map(|id| {
        let grade = judgments.grade(id).filter(|grade| grade.is_relevant())?;
        let (rank, fits) = (ranks.get(id).copied(), set.contains(id));
        Some(MissedProduct { id: id.clone(), grade, rank, fits })
    });
    let mut missed: Vec<_> = relevant.filter(|product| !shown.contains(&product.id)).collect();
    missed.sort_by_key(|product| {
        let rank = product.rank.unwrap_or(usize::MAX);
        (Reverse(product.grade), rank, product.id.clone())
    });
    missed
}

fn evaluated_hit(hit: Hit, judgments: &Judgments) -> EvaluatedHit {
    let product = hit.record.product;
    EvaluatedHit {
        grade: judgments.grade(&product.id),
        id: product.id,
        name: product.name,
        score: hit.score.unwrap_or_default(),
        similarity: hit.similarity,
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
            relevance: crate::CurrentRelevance::default(),
        };
        let evaluate = EvaluateSearch { search };
        let queries = [judged("q1", &["p1", "p9"]), judged("q2", &["p9", "p8"]), judged("q3", &[])];
        let names = evaluate.names(&queries).await.unwrap();
        let missing = EvaluateSearch::missing(&queries, &names);
        let missing: Vec<_> = missing.iter().map(|id| id.as_str()).collect();
        assert_eq!(missing, ["p8", "p9"]);
        assert_eq!(names[&ProductId::new("p1").unwrap()], "Tripod");
        assert_eq!(EvaluateSearch::judged(&queries).len(), 3);
        assert!(evaluate.names(&[]).await.unwrap().is_empty());
    }
}
