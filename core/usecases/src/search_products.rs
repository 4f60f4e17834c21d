use crate::explanation::{ExplainedSearch, if_asked};
use crate::facet_answers::without_field;
use crate::found_products::{FoundProduct, found, match_page};
use crate::parsed_request::ParsedRequest;
use crate::pinned::apart;
use crate::prepared_query::PreparedQuery;
use crate::ranked::{Ranked, sorted};
use crate::relevance::{Pin, Steering};
use crate::{
    Background, CurrentRelevance, FoundProducts, Hit, QueryEmbeddings, Relevance, Scope,
    SearchAnswer, SearchError, SearchRequest, Sort, Timings,
};
use akin_entities::{
    Embedding, FacetField, Filter, Language, ProductId, Query, SearchMode, Similarity, Statistics,
};
use akin_ports::{
    Candidate, CandidateQuery, ErrorKind, FacetQuery, MAX_DEPTH, MatchQuery, Matches, Matching,
    NearRule, PortError, PortResult, ProductIndex, ProductStore, QueryVector,
};
use akin_ranking::{BeyondRule, Floors, ParsedQuery, QueryAnalyzer, QueryTerms, correct_words};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Finds the products that a shopper asks for, in the same way on every engine.
///
/// The index returns candidates, which akin scores itself. Those that fit the query by
/// [`akin_ranking::FitRule`] and all products that fit by their words are the result set: the index counts it,
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
    /// The rules of the shop.
    pub relevance: CurrentRelevance,
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
        let relevance = self.relevance.get();
        let steering = relevance.steer(request.query.as_ref());
        let hidden = steering.hidden.iter().cloned();
        let filter = request.filter.clone().without(hidden);
        let request = SearchRequest { filter, ..request.clone() };
        let parsed = ParsedRequest { request: Cow::Owned(request), ..parsed };
        let request = &*parsed.request;
        let pins = self.admitted(request, &steering.pins).await.map_err(SearchError::Index)?;
        match &request.query {
            None => self.browse(request, pins).await,
            Some(query) => self.rank(&parsed, query, (&relevance, &steering), pins, timings).await,
        }
    }

    /// Finds what fits a query, and ranks it.
    async fn rank(
        &self,
        parsed: &ParsedRequest<'_>,
        query: &Query,
        (relevance, steering): (&Relevance, &Steering),
        pins: Vec<Pin>,
        mut timings: Timings,
    ) -> Result<FoundProducts, SearchError> {
        let request = &*parsed.request;
        let embedded = timed(&mut timings.embed, self.embedding(request, query))
            .await
            .map_err(SearchError::Embedding)?;
        let candidates = self.candidates(parsed, (relevance, steering), embedded);
        let (prepared, candidates) =
            timed(&mut timings.candidates, candidates).await.map_err(SearchError::Index)?;
        let began = Instant::now();
        let (ranked, beyond) = prepared.rank(&candidates);
        let fitting = ranked.iter().filter(|one| prepared.is_hit(one)).copied();
        let hits = sorted(fitting.collect(), request, pins.len());
        timings.rank = began.elapsed();
        let explained = if_asked(request, || {
            ExplainedSearch::new(&prepared.rule(), beyond.as_ref(), &ranked, pins.clone())
        });
        let good = hits.first().is_some_and(|best| best.is_good);
        let (pinned, hits) = apart(pins, hits, request);
        let matches = timed(&mut timings.matches, self.matches(&prepared, beyond, &hits, &pinned));
        let matches = matches.await.map_err(SearchError::Index)?;
        let corrections = prepared.terms.corrections().to_vec();
        let mut found = found(request, matches, &hits, &pinned);
        found.answer = SearchAnswer { good, corrections, timings, ..found.answer };
        found.explained = explained;
        let fits_nothing = hits.is_empty() && found.answer.total == pinned.len();
        if fits_nothing && request.sort == Sort::Relevance {
            let others = self.others(&prepared, &ranked).await.map_err(SearchError::Index)?;
            let (others, _) = prepared.rank(&others);
            let closest = sorted(ranked.into_iter().chain(others).collect(), request, pinned.len());
            found.list_closest(request, &closest, &pinned);
        }
        Ok(found)
    }

    /// Fetches the products of the page that was found.
    pub async fn fetch(&self, found: FoundProducts) -> Result<SearchAnswer, SearchError> {
        let FoundProducts { page, mut answer, explained } = found;
        let ids: Vec<_> = page.iter().map(|one| one.id.clone()).collect();
        let fetched = timed(&mut answer.timings.fetch, self.store.fetch(&ids)).await;
        let mut records = fetched.map_err(SearchError::Fetch)?;
        // The index may lag behind the store, so a hit without a product is not an error.
        let hits = page.into_iter().filter_map(|found| {
            let record = records.remove(&found.id)?;
            let score = found.score.map(|score| score.score);
            let text_score = found.score.map(|score| score.text_score);
            let explain = |search: &ExplainedSearch| search.explain(&record.product, self.language);
            let explanation = explained.as_deref().map(explain).map(Box::new);
            Some(Hit { record, score, similarity: found.cosine, text_score, explanation })
        });
        answer.hits = hits.collect();
        Ok(answer)
    }

    /// Lists all products that the filter admits.
    async fn browse(
        &self,
        request: &SearchRequest,
        pins: Vec<Pin>,
    ) -> Result<FoundProducts, SearchError> {
        let mut timings = Timings::default();
        let explained = if_asked(request, || ExplainedSearch::browsing(pins.clone()));
        let (pinned, _) = apart(pins, Vec::new(), request);
        let pins: Vec<_> = pinned.iter().map(|(pin, _)| pin.clone()).collect();
        let matches = timed(&mut timings.matches, self.everything(request, &[], &pins)).await;
        let mut found = found(request, matches.map_err(SearchError::Index)?, &[], &pinned);
        found.answer.good = found.answer.total > 0;
        found.answer.timings = timings;
        found.explained = explained;
        Ok(found)
    }

    /// Counts all products that the filter admits, of which `hits` are candidates, best first.
    async fn everything(
        &self,
        request: &SearchRequest,
        hits: &[Ranked<'_>],
        pins: &[Pin],
    ) -> PortResult<Matches> {
        let facet = |field: &FacetField| {
            let filter = without_field(&request.filter, field);
            FacetQuery { field: field.clone(), filter, also: Vec::new() }
        };
        let query = MatchQuery {
            matching: Matching::Everything,
            filter: request.filter.clone(),
            facets: request.facets.iter().map(facet).collect(),
            page: match_page(request, hits, pins),
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
        (relevance, steering): (&Relevance, &'a Steering),
        (embedding, floors): (Option<Arc<Embedding>>, Floors),
    ) -> PortResult<(PreparedQuery<'a>, Vec<Candidate>)> {
        let request = &*parsed.request;
        let statistics = self.index.statistics().await?;
        let terms = self.terms(parsed, relevance, statistics).await?;
        let by_words = request.mode != SearchMode::Semantic;
        let wanted =
            if by_words { terms.distinct().collect() } else { Vec::from_iter(terms.identifier()) };
        let query = CandidateQuery {
            terms: wanted.into_iter().map(str::to_owned).collect(),
            vector: embedding.map(|embedding| QueryVector {
                embedding: Arc::unwrap_or_clone(embedding),
                fingerprint: self.embeddings.fingerprint().clone(),
            }),
            filter: request.filter.clone(),
            depth: request.depth,
            threshold: request.threshold,
            with_facets: !steering.boosts.is_empty(),
        };
        let found = self.index.candidates(&query).await?;
        let fits_all = parsed.fits_all;
        let candidates = query;
        Ok((PreparedQuery { request, steering, terms, candidates, floors, fits_all }, found))
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

    /// Counts all products that fit, of which `hits` are candidates, best first, and those that are pinned.
    async fn matches(
        &self,
        prepared: &PreparedQuery<'_>,
        beyond: Option<BeyondRule>,
        hits: &[Ranked<'_>],
        pinned: &[(Pin, FoundProduct)],
    ) -> PortResult<Matches> {
        let request = prepared.request;
        let pins: Vec<_> = pinned.iter().map(|(pin, _)| pin.clone()).collect();
        let words = match request.scope {
            Scope::Fitting if prepared.fits_all => {
                return self.everything(request, hits, &pins).await;
            }
            Scope::Fitting => prepared.rule().words(),
            Scope::Candidates => None,
        };
        let by_relevance = request.sort == Sort::Relevance;
        if words.is_none() && request.facets.is_empty() && by_relevance && pins.is_empty() {
            return Ok(Matches { total: hits.len() as u64, ..Matches::default() });
        }
        let mut facets = Vec::new();
        for field in &request.facets {
            let filter = without_field(&request.filter, field);
            let mut also = Vec::new();
            if filter != request.filter {
                also = self.fitting(prepared, &filter).await?;
                also.extend(prepared.steering.pins.iter().map(|pin| pin.id.clone()));
            }
            facets.push(FacetQuery { field: field.clone(), filter, also });
        }
        let page = match_page(request, hits, &pins).filter(|_| words.is_some() || !by_relevance);
        let also = hits.iter().map(|hit| &hit.candidate.id).chain(pins.iter().map(|pin| &pin.id));
        let also = also.cloned().collect();
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
        let (ranked, _) = prepared.rank(&candidates);
        let fitting = ranked.iter().filter(|one| prepared.is_hit(one));
        Ok(fitting.map(|one| one.candidate.id.clone()).collect())
    }

    /// Analyzes and corrects `query`. Corrections take much longer than everything else here, so they
    /// are computed in the background.
    async fn terms(
        &self,
        parsed: &ParsedRequest<'_>,
        relevance: &Relevance,
        statistics: Arc<dyn Statistics>,
    ) -> PortResult<QueryTerms> {
        let query: &ParsedQuery = &parsed.query;
        let is_unfinished = parsed.request.unfinished && !query.ends_in_phrase();
        let analyzer = QueryAnalyzer::new(query.text(), is_unfinished, self.language, &*statistics)
            .with_synonyms(&relevance.synonyms);
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

async fn timed<T>(spent: &mut Duration, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    *spent += began.elapsed();
    done
}
