use crate::{Facet, QueryEmbeddings, SearchRequest, Sort};
use akin_entities::{Embedding, FacetValues, ProductRecord, SearchMode, Similarity};
use akin_ports::{
    Candidate, CandidateQuery, PortError, PortResult, ProductIndex, ProductStore, QueryVector,
};
use akin_ranking::{CandidateFeatures, Correction, QueryTerms, Score};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Finds the products that a shopper asks for: one path for every engine.
///
/// One call brings the candidates; akin scores that frozen set itself, and totals, facets,
/// order and pages all come from it, so they agree.
#[derive(Clone, Debug)]
pub struct SearchProducts {
    /// Reads the query's meaning.
    pub embeddings: QueryEmbeddings,
    /// Brings the candidates.
    pub index: Arc<dyn ProductIndex>,
    /// Knows what those products are.
    pub store: Arc<dyn ProductStore>,
}

/// How many of the products found have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// How many have it.
    pub count: usize,
}

/// A product found, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The product.
    pub record: ProductRecord,
    /// What it was ordered by: larger is better.
    pub score: f32,
    /// Its cosine to the query, where the mode looks at meaning.
    pub similarity: Option<Similarity>,
    /// What its words add to the score.
    pub text_score: f32,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchAnswer {
    /// The page that was asked for.
    pub hits: Vec<Hit>,
    /// How many products were found in all.
    pub total: usize,
    /// Whether the best of them answer the query at all.
    pub good: bool,
    /// Words that the catalogue lacks, and what was searched for in their place.
    pub corrections: Vec<Correction>,
    /// The counts that were asked for, the most frequent value first.
    pub facets: BTreeMap<Facet, Vec<FacetCount>>,
    /// Where the time went.
    pub timings: Timings,
}

/// Where the time of a search went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Reading the query's meaning.
    pub embed: Duration,
    /// Bringing the candidates.
    pub candidates: Duration,
    /// Scoring and ordering them.
    pub rank: Duration,
    /// Fetching the products.
    pub fetch: Duration,
}

/// Which part of a search failed.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The query could not be embedded.
    #[error("the query was not embedded")]
    Embedding(#[source] PortError),
    /// The index did not answer.
    #[error("the index did not answer")]
    Index(#[source] PortError),
    /// The products that were found could not be fetched.
    #[error("the products were not fetched")]
    Fetch(#[source] PortError),
}

/// A candidate, scored.
#[derive(Clone, Copy, Debug)]
struct Ranked<'a> {
    candidate: &'a Candidate,
    score: Score,
}

impl SearchError {
    /// What the port said.
    pub fn source_error(&self) -> &PortError {
        match self {
            Self::Embedding(error) | Self::Index(error) | Self::Fetch(error) => error,
        }
    }
}

impl From<SearchError> for PortError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Embedding(error)
            | SearchError::Index(error)
            | SearchError::Fetch(error) => error,
        }
    }
}

impl SearchProducts {
    /// The products that answer `request`, the best first, ties by id.
    pub async fn run(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let mut timings = Timings::default();
        let embedding = timed(&mut timings.embed, self.meaning(request))
            .await
            .map_err(SearchError::Embedding)?;
        let (terms, candidates) =
            timed(&mut timings.candidates, self.candidates(request, embedding))
                .await
                .map_err(SearchError::Index)?;
        let began = Instant::now();
        let ranked = rank(request, &terms, &candidates);
        let top: Vec<_> = ranked
            .iter()
            .take(akin_ranking::GOOD_ANSWER_HITS)
            .map(|hit| (hit.candidate.cosine.map(Similarity::get), hit.score.coverage))
            .collect();
        let good = akin_ranking::is_good_answer(&top, &terms);
        timings.rank = began.elapsed();
        let total = ranked.len();
        let page = timed(&mut timings.fetch, self.page(request, ranked))
            .await
            .map_err(SearchError::Fetch)?;
        Ok(SearchAnswer {
            hits: page.hits,
            facets: page.facets,
            total,
            good,
            corrections: terms.corrections().to_vec(),
            timings,
        })
    }

    async fn meaning(&self, request: &SearchRequest) -> PortResult<Option<Arc<Embedding>>> {
        match request.mode {
            SearchMode::Lexical => Ok(None),
            SearchMode::Hybrid | SearchMode::Semantic => {
                self.embeddings.embed(&request.query).await.map(Some)
            }
        }
    }

    async fn candidates(
        &self,
        request: &SearchRequest,
        embedding: Option<Arc<Embedding>>,
    ) -> PortResult<(QueryTerms, Vec<Candidate>)> {
        let statistics = self.index.statistics().await?;
        let terms = QueryTerms::analyze(request.query.as_str(), &*statistics);
        let by_words = request.mode != SearchMode::Semantic;
        let query = CandidateQuery {
            terms: terms.distinct().filter(|_| by_words).map(str::to_owned).collect(),
            vector: embedding.map(|embedding| QueryVector {
                embedding: Arc::unwrap_or_clone(embedding),
                fingerprint: self.embeddings.fingerprint().clone(),
            }),
            filter: request.filter.clone(),
            depth: request.depth,
            threshold: request.threshold,
            with_facets: request.looks_at_facets(),
        };
        let candidates = self.index.candidates(&query).await?;
        Ok((terms, candidates))
    }
}

/// The hits of one page, and what was counted over all.
#[derive(Debug, Default)]
struct Page {
    hits: Vec<Hit>,
    facets: BTreeMap<Facet, Vec<FacetCount>>,
}

impl SearchProducts {
    /// Counts and sorts all that was found, and fetches the page's products.
    async fn page(&self, request: &SearchRequest, mut ranked: Vec<Ranked<'_>>) -> PortResult<Page> {
        let facets = request.facets.iter().map(|&facet| (facet, count(facet, &ranked))).collect();
        if request.sort != Sort::Relevance {
            let none = FacetValues::default();
            ranked.sort_by(|a, b| {
                let [a, b] = [a, b].map(|one| one.candidate.facets.as_deref().unwrap_or(&none));
                request.sort.compare(a, b)
            });
        }
        let places = request.paging.places();
        let wanted: Vec<_> = ranked.into_iter().skip(places.start).take(places.len()).collect();
        let ids: Vec<_> = wanted.iter().map(|hit| hit.candidate.id.clone()).collect();
        let mut records = self.store.fetch(&ids).await?;
        // The index may trail the store, so a hit whose product is gone is no error.
        let hits = wanted
            .into_iter()
            .filter_map(|hit| Some(Hit::new(records.remove(&hit.candidate.id)?, &hit)))
            .collect();
        Ok(Page { hits, facets })
    }
}

impl Hit {
    fn new(record: ProductRecord, ranked: &Ranked<'_>) -> Self {
        Self {
            record,
            score: ranked.score.score,
            similarity: ranked.candidate.cosine,
            text_score: ranked.score.text_score,
        }
    }
}

/// The values among `found`, the most frequent first, equals by name; a blank is no value.
fn count(facet: Facet, found: &[Ranked<'_>]) -> Vec<FacetCount> {
    let mut counts = HashMap::<&str, usize>::new();
    for facets in found.iter().filter_map(|one| one.candidate.facets.as_deref()) {
        *counts.entry(facet.value(facets)).or_default() += 1;
    }
    counts.remove("");
    let mut counts: Vec<_> = counts
        .into_iter()
        .map(|(value, count)| FacetCount { value: value.to_owned(), count })
        .collect();
    counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    counts
}

/// Scores the candidates; the best first, ties by id, as far as the order matters.
fn rank<'a>(
    request: &SearchRequest,
    terms: &QueryTerms,
    candidates: &'a [Candidate],
) -> Vec<Ranked<'a>> {
    let features = |candidate: &'a Candidate| CandidateFeatures {
        text: &candidate.text,
        cosine: candidate.cosine.map(Similarity::get),
    };
    let features: Vec<_> = candidates.iter().map(features).collect();
    let scores = akin_ranking::score_candidates(request.mode, terms, &features).into_iter();
    let both = candidates.iter().zip(scores);
    let mut ranked: Vec<_> = both.map(|(candidate, score)| Ranked { candidate, score }).collect();
    let order = |a: &Ranked<'_>, b: &Ranked<'_>| {
        let by_id = || a.candidate.id.cmp(&b.candidate.id);
        b.score.score.total_cmp(&a.score.score).then_with(by_id)
    };
    let mut first = ranked.as_mut_slice();
    // In another sort the score decides between equals on any page.
    if request.sort == Sort::Relevance {
        let wanted = request.paging.places().end.max(akin_ranking::GOOD_ANSWER_HITS);
        if wanted < first.len() {
            first = first.select_nth_unstable_by(wanted, order).0;
        }
    }
    first.sort_unstable_by(order);
    ranked
}

async fn timed<T>(spent: &mut Duration, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    *spent = began.elapsed();
    done
}
