//! A whole search without the embedder: the use case over the embedded engine, by mode. Recall is
//! relative to the same use case over an exhaustive index.

use crate::exact::{nearest, recall};
use crate::harness::{Contest, Latency};
use crate::report::{Table, Wanted, figure};
use crate::settings::Subject;
use crate::workload::{SHARES, Workload};
use crate::{Bench, asks};
use akin_entities::{
    Analysis, Change, Embedding, FacetValues, Filter, Fingerprint, Language, ProductId, Query,
    SearchMode, Similarity, Statistics, Version,
};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{
    Candidate, CandidateQuery, EmbeddedBatch, Embedder, EntryEmbedding, ErrorKind, Failures,
    IndexEntry, IndexIdentity, IndexedState, MatchQuery, Matches, PortError, PortResult,
    ProductIndex, ProductStore,
};
use akin_usecases::{
    Background, CurrentRelevance, Paging, QueryEmbeddings, Scope, SearchAnswer, SearchProducts,
    SearchRequest, Timings,
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The number of entries in a batch.
const BATCH: usize = 1_000;

/// The number of hits compared for recall.
const FIRST: usize = 10;

/// The number of queries with an exact answer.
const CHECKED: usize = 50;

/// Measures searches of the catalogue of `workload`.
pub(crate) fn run(bench: &mut Bench, workload: Workload) -> Result<()> {
    let workload = Arc::new(workload);
    let folder = tempfile::tempdir()?;
    let began = Instant::now();
    let filled = bench.block_on(fill(folder.path(), &workload, bench.fingerprint.clone()))?;
    crate::note(&format!("filled the embedded engine in {:.1} s", began.elapsed().as_secs_f64()));
    let engine = LocalEngine::open(folder.path(), LocalOptions::default())?;
    drop(filled);
    if bench.settings.wants(Subject::Search) {
        by_mode(bench, &workload, &engine)?;
    }
    asks::run(bench, &workload, &engine)?;
    asks::suggest(bench, &workload, &engine)
}

/// Measures each mode, and filters.
fn by_mode(bench: &mut Bench, workload: &Arc<Workload>, engine: &LocalEngine) -> Result<()> {
    let size = workload.catalogue.len();
    let mut table = Table::new(
        format!("Search besides the embedder: {size} products, median ms"),
        &["mode", "kept", "all", "p99", "candidates", "rank", "fetch", "first 10 as exact"],
    );
    let cases = SearchMode::ALL.map(|mode| (mode, 1.0)).into_iter();
    let filtered = SHARES[1..].iter().map(|&share| (SearchMode::Hybrid, share));
    for (mode, share) in cases.chain(filtered) {
        let filter = workload.filter(share);
        let found = measure(bench, workload, engine, mode, &filter)?;
        if mode == SearchMode::Hybrid && share >= 1.0 {
            add_goal(bench, size, found.all.median);
        }
        let all = [found.all.median, found.all.p99];
        let figures = all.into_iter().chain(found.parts).map(figure);
        let kept = format!("{} %", figure(share * 100.0));
        let recall = format!("{:.4}", found.recall);
        table.row([mode.name().to_owned(), kept].into_iter().chain(figures).chain([recall]));
    }
    bench.add(table)
}

/// The latency and recall of a search.
struct Found {
    /// The latency of the use case without embedding the query.
    all: Latency,
    /// The medians of its steps: retrieving candidates, scoring them, fetching a page of products.
    parts: [f64; 3],
    /// The recall of the exact first hits.
    recall: f64,
}

fn add_goal(bench: &mut Bench, size: usize, median: f64) {
    let most = match size {
        2_000 => 0.3,
        200_000 => 2.5,
        _ => return,
    };
    let what = format!("hybrid search besides the embedder, {size} products: median, ms");
    bench.report.goal(what, Wanted::AtMost(most), median);
}

fn measure(
    bench: &Bench,
    workload: &Arc<Workload>,
    engine: &LocalEngine,
    mode: SearchMode,
    filter: &Filter,
) -> Result<Found> {
    let search = searches(bench, workload, engine)?;
    let requests = requests(workload, mode, filter)?;
    let found: RefCell<Vec<Vec<ProductId>>> = RefCell::new(vec![Vec::new(); requests.len()]);
    let timings: RefCell<Vec<Timings>> = RefCell::default();
    let mut contest = Contest::default();
    contest.enter("SearchProducts", |query| {
        let answer = bench.block_on(search.run(&requests[query]))?;
        found.borrow_mut()[query] = first_ids(&answer);
        timings.borrow_mut().push(answer.timings);
        Ok(())
    });
    let latencies = contest.latencies(bench.settings.rounds(), requests.len())?;
    drop(contest);
    let statistics = bench.block_on(search.index.statistics())?;
    let exact = Exact::new(workload, statistics, &bench.fingerprint);
    let exact = SearchProducts { index: Arc::new(exact), ..search };
    let recall = mean_recall(bench, &exact, &requests, &found.into_inner())?;
    let timings = timings.into_inner();
    let part = |part: fn(&Timings) -> Duration| {
        Latency::of(timings.iter().map(|one| part(one).as_secs_f64() * 1e3).collect()).median
    };
    Ok(Found {
        all: latencies.first().context("nothing was measured")?.1,
        parts: [part(|one| one.candidates), part(|one| one.rank), part(|one| one.fetch)],
        recall,
    })
}

/// Returns a search over `engine` whose embedder knows the queries.
pub(crate) fn searches(
    bench: &Bench,
    workload: &Workload,
    engine: &LocalEngine,
) -> Result<SearchProducts> {
    let embedder: Arc<dyn Embedder> = Arc::new(KnownTexts::of(workload, &bench.fingerprint)?);
    Ok(SearchProducts {
        embeddings: QueryEmbeddings::new(embedder, QueryEmbeddings::DEFAULT_CAPACITY),
        index: Arc::new(engine.index()),
        store: Arc::new(engine.store()),
        background: Background::inline(),
        language: Language::English,
        relevance: CurrentRelevance::default(),
    })
}

fn requests(workload: &Workload, mode: SearchMode, filter: &Filter) -> Result<Vec<SearchRequest>> {
    let requests = workload.queries.iter().map(|query| {
        let paging = Paging { page: 1, size: 24 };
        let query = Query::new(query)?;
        let scope = Scope::Candidates;
        Ok(SearchRequest {
            mode,
            scope,
            filter: filter.clone(),
            paging,
            ..SearchRequest::new(query)
        })
    });
    requests.collect()
}

/// Returns the mean recall of the hits `found`, relative to the hits of an exact search.
fn mean_recall(
    bench: &Bench,
    exact: &SearchProducts,
    requests: &[SearchRequest],
    found: &[Vec<ProductId>],
) -> Result<f64> {
    let mut recalls = Vec::new();
    for (request, found) in requests.iter().zip(found).take(CHECKED) {
        let expected = first_ids(&bench.block_on(exact.run(request))?);
        recalls.push(recall(found, &expected));
    }
    Ok(recalls.iter().sum::<f64>() / recalls.len().max(1) as f64)
}

fn first_ids(answer: &SearchAnswer) -> Vec<ProductId> {
    answer.hits.iter().take(FIRST).map(|hit| hit.record.product.id.clone()).collect()
}

/// Fills a new embedded engine with the catalogue and updates its derived files.
async fn fill(folder: &Path, workload: &Workload, fingerprint: Fingerprint) -> Result<LocalEngine> {
    let engine = LocalEngine::open(folder, LocalOptions::default())?;
    let (store, index) = (engine.store(), engine.index());
    let products = &workload.catalogue.products;
    for first in (0..products.len()).step_by(BATCH) {
        let positions = first..products.len().min(first + BATCH);
        store.apply(&products[positions.clone()], Version(1)).await?;
        let entry = |position: usize| {
            Ok(IndexEntry {
                id: products[position].id.clone(),
                version: Version(1),
                embedding: EntryEmbedding::Computed {
                    embedding: Embedding::new(workload.catalogue.vector(position))?,
                    text_hash: products[position].text_hash(),
                    fingerprint: fingerprint.clone(),
                },
                text: workload.texts[position].clone(),
                words: workload.surfaces[position].clone(),
                facets: workload.facets[position].clone(),
            })
        };
        let entries: Vec<_> = positions.map(entry).collect::<Result<_>>()?;
        let failures = index.upsert(&entries).await?;
        anyhow::ensure!(failures.is_empty(), "the index refused {} entries", failures.len());
    }
    engine.optimize().await?;
    Ok(engine)
}

/// An embedder with precomputed embeddings of the queries, which takes almost no time.
#[derive(Debug)]
struct KnownTexts {
    embeddings: HashMap<String, Embedding>,
    fingerprint: Fingerprint,
}

impl KnownTexts {
    fn of(workload: &Workload, fingerprint: &Fingerprint) -> Result<Self> {
        let pairs = workload.queries.iter().zip(&workload.query_vectors);
        let embeddings = pairs
            .map(|(query, raw)| Ok((Query::new(query)?.as_str().to_owned(), Embedding::new(raw)?)));
        Ok(Self {
            embeddings: embeddings.collect::<Result<_>>()?,
            fingerprint: fingerprint.clone(),
        })
    }
}

#[async_trait]
impl Embedder for KnownTexts {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        let known = |text: &String| {
            self.embeddings.get(text).cloned().ok_or_else(|| {
                PortError::new("bench", ErrorKind::Refused, format!("{text:?} is not known"))
            })
        };
        let embeddings = texts.iter().map(known).collect::<PortResult<_>>()?;
        Ok(EmbeddedBatch { embeddings, truncated: 0 })
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn token_limit(&self) -> usize {
        usize::MAX
    }
}

/// A read-only index that compares every product.
struct Exact {
    workload: Arc<Workload>,
    statistics: Arc<dyn Statistics>,
    fingerprint: Fingerprint,
}

impl fmt::Debug for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exact").finish_non_exhaustive()
    }
}

impl Exact {
    fn new(
        workload: &Arc<Workload>,
        statistics: Arc<dyn Statistics>,
        fingerprint: &Fingerprint,
    ) -> Self {
        Self { workload: Arc::clone(workload), statistics, fingerprint: fingerprint.clone() }
    }

    fn candidate(&self, position: usize, query: &CandidateQuery) -> Candidate {
        let cosine = query.vector.as_ref().map(|vector| {
            let row = self.workload.catalogue.vector(position);
            Similarity::from_cosine(crate::vectors::dot(row, vector.embedding.as_slice()))
        });
        let product = &self.workload.catalogue.products[position];
        Candidate {
            id: product.id.clone(),
            cosine,
            text: self.workload.texts[position].clone(),
            facets: query.with_facets.then(|| Box::new(FacetValues::from(product))),
        }
    }
}

#[async_trait]
impl ProductIndex for Exact {
    async fn identity(&self) -> PortResult<IndexIdentity> {
        Ok(IndexIdentity { name: "exact".to_owned(), key: "exact".to_owned() })
    }

    async fn upsert(&self, _: &[IndexEntry]) -> PortResult<Failures> {
        Err(read_only())
    }

    async fn remove(&self, _: &[Change]) -> PortResult<Failures> {
        Err(read_only())
    }

    async fn states(&self, _: &[ProductId]) -> PortResult<HashMap<ProductId, IndexedState>> {
        Err(read_only())
    }

    async fn matches(&self, _: &MatchQuery) -> PortResult<Matches> {
        Err(read_only())
    }

    async fn name_counts(&self, _: &[String], _: &[String]) -> PortResult<Vec<u64>> {
        Err(read_only())
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        let kept = self.workload.kept(&query.filter);
        let terms: Vec<_> = query.terms.iter().map(String::as_str).collect();
        let mut positions = self.workload.words.best(&terms, Some(&kept), query.depth);
        if let Some(vector) = &query.vector {
            let (catalogue, raw) = (&self.workload.catalogue, vector.embedding.as_slice());
            positions.extend(nearest(catalogue, raw, Some(&kept), query.depth));
        }
        positions.sort_unstable();
        positions.dedup();
        Ok(positions.into_iter().map(|position| self.candidate(position, query)).collect())
    }

    async fn list(&self, _: Option<&ProductId>, _: usize) -> PortResult<Vec<IndexEntry>> {
        Err(read_only())
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        Ok(Arc::clone(&self.statistics))
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        Ok(Some(self.fingerprint.clone()))
    }

    async fn count(&self) -> PortResult<u64> {
        Ok(self.workload.catalogue.len() as u64)
    }

    async fn analysis(&self) -> PortResult<Option<Analysis>> {
        Ok(None)
    }

    async fn set_analysis(&self, _: &Analysis) -> PortResult<()> {
        Err(read_only())
    }
}

fn read_only() -> PortError {
    PortError::new("bench", ErrorKind::Refused, "the exact index only answers")
}
