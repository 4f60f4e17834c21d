use crate::{
    Background, Facet, FacetCount, Hit, QueryEmbeddings, SearchAnswer, SearchError, SearchRequest,
    Sort, Timings,
};
use akin_entities::{
    Embedding, FacetValues, Language, ProductId, SearchMode, Similarity, Statistics,
};
use akin_ports::{
    Candidate, CandidateQuery, ErrorKind, PortError, PortResult, ProductIndex, ProductStore,
    QueryVector,
};
use akin_ranking::{CandidateFeatures, QueryTerms, Score, correct_words, misspelled_words};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Finds the products that a shopper asks for, in the same way on every engine.
///
/// One call to the index returns the candidates. akin scores that set itself, and totals, facets,
/// order and pages all come from it, so that they agree.
#[derive(Clone, Debug)]
pub struct SearchProducts {
    /// Embeds the query.
    pub embeddings: QueryEmbeddings,
    /// Finds the candidates.
    pub index: Arc<dyn ProductIndex>,
    /// Stores the products.
    pub store: Arc<dyn ProductStore>,
    /// Corrects the spelling of queries.
    pub background: Background,
    /// The language of the products' texts.
    pub language: Language,
}

/// A candidate, scored.
#[derive(Clone, Copy, Debug)]
struct Ranked<'a> {
    candidate: &'a Candidate,
    score: Score,
}

/// The result of a search whose products have not been fetched.
#[derive(Clone, Debug)]
pub struct FoundProducts {
    /// The hits of the requested page.
    page: Vec<FoundProduct>,
    /// The answer, without hits.
    answer: SearchAnswer,
}

/// A hit whose product has not been fetched.
#[derive(Clone, Debug)]
struct FoundProduct {
    id: ProductId,
    cosine: Option<Similarity>,
    score: Score,
}

impl FoundProducts {
    /// Returns the number of products that were found, on all pages.
    pub fn total(&self) -> usize {
        self.answer.total
    }

    /// Iterates over the products of the page, in its order.
    pub fn ids(&self) -> impl Iterator<Item = &ProductId> {
        self.page.iter().map(|found| &found.id)
    }

    /// Returns the number of products to fetch.
    pub fn count(&self) -> usize {
        self.page.len()
    }
}

impl SearchProducts {
    /// Searches for `request`; hits are ordered best first, ties by id.
    pub async fn run(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        self.fetch(self.find(request).await?).await
    }

    /// Searches for `request` and fetches no products, for callers that limit how many products they
    /// hold. [`SearchProducts::fetch`] completes the answer.
    pub async fn find(&self, request: &SearchRequest) -> Result<FoundProducts, SearchError> {
        let mut timings = Timings::default();
        let embedding = timed(&mut timings.embed, self.embedding(request))
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
        let total = ranked.len();
        let facets = request.facets.iter().map(|&facet| (facet, count(facet, &ranked))).collect();
        let page = page(request, ranked);
        timings.rank = began.elapsed();
        let corrections = terms.corrections().to_vec();
        let answer = SearchAnswer { hits: Vec::new(), total, good, corrections, facets, timings };
        Ok(FoundProducts { page, answer })
    }

    /// Fetches the products of the page that was found.
    pub async fn fetch(&self, found: FoundProducts) -> Result<SearchAnswer, SearchError> {
        let FoundProducts { page, mut answer } = found;
        let ids: Vec<_> = page.iter().map(|one| one.id.clone()).collect();
        let fetched = timed(&mut answer.timings.fetch, self.store.fetch(&ids)).await;
        let mut records = fetched.map_err(SearchError::Fetch)?;
        // The index may lag behind the store, so a hit without a product is not an error.
        let hits = page.into_iter().filter_map(|found| {
            let record = records.remove(&found.id)?;
            let Score { score, text_score, .. } = found.score;
            Some(Hit { record, score, similarity: found.cosine, text_score })
        });
        answer.hits = hits.collect();
        Ok(answer)
    }

    async fn embedding(&self, request: &SearchRequest) -> PortResult<Option<Arc<Embedding>>> {
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
        let terms = self.terms(request.query.as_str(), statistics).await?;
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

    /// Analyzes and corrects `query`. Corrections take much longer than everything else here, so they
    /// are computed in the background.
    async fn terms(&self, query: &str, statistics: Arc<dyn Statistics>) -> PortResult<QueryTerms> {
        let words = misspelled_words(query, self.language, &*statistics);
        if words.is_empty() {
            return Ok(QueryTerms::with_corrections(query, self.language, &[], &*statistics));
        }
        let vocabulary = Arc::clone(&statistics);
        let correct =
            move |is_stopped: &dyn Fn() -> bool| correct_words(&words, &*vocabulary, is_stopped);
        let corrections = self.background.run(correct).await.ok_or_else(|| {
            let message = "the correction of the query's spelling ended without a result";
            PortError::new("spelling correction", ErrorKind::Unavailable, message)
        })?;
        Ok(QueryTerms::with_corrections(query, self.language, &corrections, &*statistics))
    }
}

/// Sorts all hits, and returns those of the page.
fn page(request: &SearchRequest, mut ranked: Vec<Ranked<'_>>) -> Vec<FoundProduct> {
    if request.sort != Sort::Relevance {
        let none = FacetValues::default();
        ranked.sort_by(|a, b| {
            let [a, b] = [a, b].map(|one| one.candidate.facets.as_deref().unwrap_or(&none));
            request.sort.compare(a, b)
        });
    }
    let places = request.paging.places();
    let wanted = ranked.into_iter().skip(places.start).take(places.len());
    let found = wanted.map(|Ranked { candidate, score }| FoundProduct {
        id: candidate.id.clone(),
        cosine: candidate.cosine,
        score,
    });
    found.collect()
}

/// Counts the values among `found`, the most frequent first, ties by value. Blanks do not count.
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

/// Scores the candidates and orders them best first, ties by id, as far as the page needs.
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
    // With another sort, the score decides between equals on any page.
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
