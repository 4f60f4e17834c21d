use crate::facet_answers::{facet_answer, without_field};
use crate::parsed_request::ParsedRequest;
use crate::ranked::{Ranked, rank, sorted};
use crate::{
    Background, Hit, QueryEmbeddings, Scope, SearchAnswer, SearchError, SearchRequest, Sort,
    Timings,
};
use akin_entities::{
    Embedding, FacetField, Filter, Language, ProductId, Query, SearchMode, Similarity, Statistics,
};
use akin_ports::{
    Candidate, CandidateQuery, ErrorKind, FacetQuery, MAX_DEPTH, MatchPage, MatchQuery, Matches,
    Matching, NearRule, PortError, PortResult, ProductIndex, ProductStore, QueryVector,
};
use akin_ranking::{
    BeyondRule, FitRule, Floors, ParsedQuery, QueryAnalyzer, QueryTerms, Score, correct_words,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Finds the products that a shopper asks for, in the same way on every engine.
///
/// The index returns candidates, which akin scores itself. Those that fit the query by
/// [`FitRule`] and all products that fit by their words are the result set: the index counts it,
/// whatever its size, and lists it in any order. Totals, facets, order and pages speak of that set and
/// of nothing else.
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
    score: Option<Score>,
}

/// A query, analyzed and embedded.
struct PreparedQuery<'a> {
    request: &'a SearchRequest,
    terms: QueryTerms,
    candidates: CandidateQuery,
    floors: Floors,
    /// True if whatever the filter admits fits.
    fits_all: bool,
}

impl PreparedQuery<'_> {
    /// Returns the rule that decides which products fit.
    fn rule(&self) -> FitRule<'_> {
        FitRule {
            mode: self.request.mode,
            query: &self.terms,
            floors: self.floors,
            threshold: self.request.threshold,
        }
    }

    /// Scores and judges the candidates. Also returns the rule for products beyond them.
    fn rank<'c>(&self, candidates: &'c [Candidate]) -> (Vec<Ranked<'c>>, Option<BeyondRule>) {
        let (mut ranked, beyond) = rank(&self.rule(), candidates);
        for one in ranked.iter_mut().filter(|_| self.fits_all) {
            (one.fits, one.is_good) = (true, true);
        }
        (ranked, beyond)
    }
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
    /// Searches for `request`; hits are in its order, ties by id.
    pub async fn run(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        self.fetch(self.find(request).await?).await
    }

    /// Searches for `request` and fetches no products, for callers that limit how many products they
    /// hold. [`SearchProducts::fetch`] completes the answer.
    pub async fn find(&self, request: &SearchRequest) -> Result<FoundProducts, SearchError> {
        let mut timings = Timings::default();
        let parsed = timed(&mut timings.candidates, self.parse(request)).await;
        let parsed = parsed.map_err(SearchError::Index)?;
        let request = &*parsed.request;
        let is_listed = request.query.is_none() || request.scope == Scope::Fitting;
        if is_listed && request.paging.places().end > MAX_DEPTH {
            return Err(SearchError::TooDeep);
        }
        let Some(query) = &request.query else { return self.browse(request).await };
        let embedded = timed(&mut timings.embed, self.embedding(request, query))
            .await
            .map_err(SearchError::Embedding)?;
        let (prepared, candidates) =
            timed(&mut timings.candidates, self.candidates(&parsed, embedded))
                .await
                .map_err(SearchError::Index)?;
        let began = Instant::now();
        let (ranked, beyond) = prepared.rank(&candidates);
        let fitting = ranked.iter().filter(|one| one.fits || request.scope == Scope::Candidates);
        let hits = sorted(fitting.copied().collect(), request);
        timings.rank = began.elapsed();
        let matches = timed(&mut timings.matches, self.matches(&prepared, beyond, &hits));
        let matches = matches.await.map_err(SearchError::Index)?;
        let corrections = prepared.terms.corrections().to_vec();
        let good = hits.first().is_some_and(|best| best.is_good);
        let mut found = found(request, matches, &hits);
        found.answer = SearchAnswer { good, corrections, timings, ..found.answer };
        if hits.is_empty() && found.answer.total == 0 && request.sort == Sort::Relevance {
            let others = self.others(&prepared, &ranked).await.map_err(SearchError::Index)?;
            let (others, _) = prepared.rank(&others);
            let closest = sorted(ranked.into_iter().chain(others).collect(), request);
            found.page = page(request, &closest).iter().map(FoundProduct::from).collect();
            found.answer.closest = !closest.is_empty();
        }
        Ok(found)
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
            let score = found.score.map(|score| score.score);
            let text_score = found.score.map(|score| score.text_score);
            Some(Hit { record, score, similarity: found.cosine, text_score })
        });
        answer.hits = hits.collect();
        Ok(answer)
    }

    /// Lists all products that the filter admits.
    async fn browse(&self, request: &SearchRequest) -> Result<FoundProducts, SearchError> {
        let mut timings = Timings::default();
        let matches = timed(&mut timings.matches, self.everything(request, &[])).await;
        let mut found = found(request, matches.map_err(SearchError::Index)?, &[]);
        found.answer.good = found.answer.total > 0;
        found.answer.timings = timings;
        Ok(found)
    }

    /// Counts all products that the filter admits, of which `hits` are candidates, best first.
    async fn everything(
        &self,
        request: &SearchRequest,
        hits: &[Ranked<'_>],
    ) -> PortResult<Matches> {
        let facet = |field: &FacetField| {
            let filter = without_field(&request.filter, *field);
            FacetQuery { field: *field, filter, also: Vec::new() }
        };
        let query = MatchQuery {
            matching: Matching::Everything,
            filter: request.filter.clone(),
            facets: request.facets.iter().map(facet).collect(),
            page: match_page(request, hits),
        };
        self.index.matches(&query).await
    }

    /// Returns the embedding of `query`, if the mode needs it, and the floors of the model.
    async fn embedding(
        &self,
        request: &SearchRequest,
        query: &Query,
    ) -> PortResult<(Option<Arc<Embedding>>, Floors)> {
        match request.mode {
            SearchMode::Lexical => Ok((None, Floors::default())),
            SearchMode::Hybrid | SearchMode::Semantic => {
                let embedding = self.embeddings.embed(query).await?;
                Ok((Some(embedding), self.embeddings.floors().await?))
            }
        }
    }

    async fn candidates<'a>(
        &self,
        parsed: &'a ParsedRequest<'_>,
        (embedding, floors): (Option<Arc<Embedding>>, Floors),
    ) -> PortResult<(PreparedQuery<'a>, Vec<Candidate>)> {
        let request = &*parsed.request;
        let statistics = self.index.statistics().await?;
        let terms = self.terms(request, &parsed.query, statistics).await?;
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
            with_facets: false,
        };
        let found = self.index.candidates(&query).await?;
        let fits_all = parsed.fits_all;
        Ok((PreparedQuery { request, terms, candidates: query, floors, fits_all }, found))
    }

    /// Returns what comes closest if no product holds what is quoted: candidates that do not hold it.
    async fn others(
        &self,
        prepared: &PreparedQuery<'_>,
        ranked: &[Ranked<'_>],
    ) -> PortResult<Vec<Candidate>> {
        let mut query = prepared.candidates.clone();
        query.filter.phrases.retain(|phrase| !phrase.held);
        if !ranked.is_empty() || query.filter == prepared.candidates.filter {
            return Ok(Vec::new());
        }
        self.index.candidates(&query).await
    }

    /// Counts all products that fit, of which `hits` are candidates, best first.
    async fn matches(
        &self,
        prepared: &PreparedQuery<'_>,
        beyond: Option<BeyondRule>,
        hits: &[Ranked<'_>],
    ) -> PortResult<Matches> {
        let request = prepared.request;
        let words = match request.scope {
            Scope::Fitting if prepared.fits_all => return self.everything(request, hits).await,
            Scope::Fitting => prepared.rule().words(),
            Scope::Candidates => None,
        };
        let by_relevance = request.sort == Sort::Relevance;
        if words.is_none() && request.facets.is_empty() && by_relevance {
            return Ok(Matches { total: hits.len() as u64, ..Matches::default() });
        }
        let mut facets = Vec::new();
        for &field in &request.facets {
            let filter = without_field(&request.filter, field);
            let also = if filter == request.filter {
                Vec::new()
            } else {
                self.fitting(prepared, &filter).await?
            };
            facets.push(FacetQuery { field, filter, also });
        }
        let page = match_page(request, hits).filter(|_| words.is_some() || !by_relevance);
        let also = hits.iter().map(|hit| hit.candidate.id.clone()).collect();
        let near = beyond.zip(prepared.candidates.vector.clone()).filter(|_| words.is_some());
        let near = near.map(|(BeyondRule { words, least }, vector)| NearRule {
            words,
            vector,
            least: Similarity::from_cosine(least),
        });
        let matching = Matching::Some { words, also, near };
        let filter = request.filter.clone();
        self.index.matches(&MatchQuery { matching, filter, facets, page }).await
    }

    /// Returns the candidates that would fit under another filter.
    async fn fitting(
        &self,
        prepared: &PreparedQuery<'_>,
        filter: &Filter,
    ) -> PortResult<Vec<ProductId>> {
        let query = CandidateQuery { filter: filter.clone(), ..prepared.candidates.clone() };
        let candidates = self.index.candidates(&query).await?;
        let every = prepared.request.scope == Scope::Candidates;
        let (ranked, _) = prepared.rank(&candidates);
        let fitting = ranked.iter().filter(|one| one.fits || every);
        Ok(fitting.map(|one| one.candidate.id.clone()).collect())
    }

    /// Analyzes and corrects `query`. Corrections take much longer than everything else here, so they
    /// are computed in the background.
    async fn terms(
        &self,
        request: &SearchRequest,
        query: &ParsedQuery,
        statistics: Arc<dyn Statistics>,
    ) -> PortResult<QueryTerms> {
        let is_unfinished = request.unfinished && !query.ends_in_phrase();
        let analyzer = QueryAnalyzer::new(query.text(), is_unfinished, self.language, &*statistics);
        let analyzer = if query.quotes_last_word() { analyzer.uncompleted() } else { analyzer };
        let mut words = analyzer.misspelled();
        words.retain(|word| !query.quotes(word));
        if words.is_empty() {
            return Ok(analyzer.with_corrections(&[]));
        }
        let vocabulary = Arc::clone(&statistics);
        let correct =
            move |is_stopped: &dyn Fn() -> bool| correct_words(&words, &*vocabulary, is_stopped);
        let corrections = self.background.run(correct).await.ok_or_else(|| {
            let message = "the correction of the query's spelling ended without a result";
            PortError::new("spelling correction", ErrorKind::Unavailable, message)
        })?;
        Ok(analyzer.with_corrections(&corrections))
    }
}

/// Returns the part of the page that the index lists: in another order than relevance all of it, else
/// what comes after the candidates.
fn match_page(request: &SearchRequest, hits: &[Ranked<'_>]) -> Option<MatchPage> {
    let (places, order) = (request.paging.places(), request.sort.order());
    if request.sort != Sort::Relevance {
        let (offset, limit) = (places.start, places.len());
        return Some(MatchPage { order, without: Vec::new(), offset, limit });
    }
    let offset = places.start.saturating_sub(hits.len());
    let limit = places.end.saturating_sub(hits.len().max(places.start));
    let without = hits.iter().map(|hit| hit.candidate.id.clone()).collect();
    (limit > 0).then_some(MatchPage { order, without, offset, limit })
}

/// Returns the hits of the page.
fn page<'a, 'c>(request: &SearchRequest, hits: &'a [Ranked<'c>]) -> &'a [Ranked<'c>] {
    let places = request.paging.places();
    let start = places.start.min(hits.len());
    &hits[start..places.end.min(hits.len()).max(start)]
}

/// Puts the answer together: `hits` are the candidates that fit, best first.
fn found(request: &SearchRequest, matches: Matches, hits: &[Ranked<'_>]) -> FoundProducts {
    let mut page: Vec<FoundProduct> = Vec::new();
    if request.sort == Sort::Relevance {
        page.extend(self::page(request, hits).iter().map(FoundProduct::from));
    }
    page.extend(matches.page.into_iter().map(|id| {
        let ranked = hits.iter().find(|hit| hit.candidate.id == id);
        ranked.map_or(FoundProduct { id, cosine: None, score: None }, FoundProduct::from)
    }));
    let facets = request.facets.iter().copied().zip(matches.facets);
    let answer = SearchAnswer {
        hits: Vec::new(),
        total: usize::try_from(matches.total).unwrap_or(usize::MAX),
        relation: matches.relation,
        good: false,
        closest: false,
        corrections: Vec::new(),
        facets: facets.map(|(field, counts)| (field, facet_answer(counts))).collect(),
        timings: Timings::default(),
    };
    FoundProducts { page, answer }
}

impl From<&Ranked<'_>> for FoundProduct {
    fn from(ranked: &Ranked<'_>) -> Self {
        let candidate = ranked.candidate;
        Self { id: candidate.id.clone(), cosine: candidate.cosine, score: Some(ranked.score) }
    }
}

async fn timed<T>(spent: &mut Duration, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    *spent += began.elapsed();
    done
}
