use crate::matches::{Matched, matches};
use crate::{Faults, SYSTEM, words};
use akin_entities::{
    Analysis, AnalyzedText, Change, CountedStatistics, Embedding, FacetValues, Fingerprint,
    ProductId, Similarity, Statistics, TextHash, Version, newest_of_each,
};
use akin_ports::{
    Candidate, CandidateQuery, EntryEmbedding, ErrorKind, Failures, IndexEntry, IndexIdentity,
    IndexedState, MatchQuery, Matches, PortError, PortResult, ProductIndex,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A [`ProductIndex`] that compares the query with every product.
#[derive(Debug)]
pub struct MemoryIndex {
    identity: IndexIdentity,
    state: Mutex<IndexState>,
    faults: Faults,
}

#[derive(Debug, Default)]
struct IndexState {
    products: BTreeMap<ProductId, StoredProduct>,
    /// The model of the embeddings; meaningless while there are none.
    fingerprint: Option<Fingerprint>,
    /// The analysis of the texts.
    analysis: Option<Analysis>,
}

/// A product. A removed one stays, so that late, older entries are ignored.
#[derive(Debug)]
struct StoredProduct {
    version: Version,
    findable: Option<SearchedFields>,
}

#[derive(Debug)]
struct SearchedFields {
    embedding: Embedding,
    text_hash: TextHash,
    text: AnalyzedText,
    words: String,
    facets: FacetValues,
}

/// The number of indexes that were created.
static CREATED: AtomicU64 = AtomicU64::new(0);

impl Default for MemoryIndex {
    fn default() -> Self {
        Self::with_faults(Faults::default())
    }
}

impl MemoryIndex {
    /// Returns an empty index with these `faults`.
    pub fn with_faults(faults: Faults) -> Self {
        let key = CREATED.fetch_add(1, Ordering::Relaxed).to_string();
        let identity = IndexIdentity { name: SYSTEM.to_owned(), key };
        Self { identity, state: Mutex::default(), faults }
    }

    /// Returns the index under this name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.identity.name);
        self
    }

    /// Makes one call, which fails before its effect or after it if the faults say so.
    async fn call<T>(&self, work: impl FnOnce(&mut IndexState) -> PortResult<T>) -> PortResult<T> {
        self.faults.call(&self.state, work).await?
    }
}

#[async_trait]
impl ProductIndex for MemoryIndex {
    async fn identity(&self) -> PortResult<IndexIdentity> {
        self.call(|_| Ok(self.identity.clone())).await
    }

    async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        self.call(|state| {
            let mut failures = Failures::new();
            for entry in newest_of_each(entries, |entry| (&entry.id, entry.version)) {
                if self.faults.refuses(&entry.id, &mut failures) {
                    continue;
                }
                if let Err(error) = state.upsert(entry) {
                    failures.insert(entry.id.clone(), error);
                }
            }
            Ok(failures)
        })
        .await
    }

    async fn remove(&self, changes: &[Change]) -> PortResult<Failures> {
        self.call(|state| {
            let mut failures = Failures::new();
            for change in changes {
                if !self.faults.refuses(&change.id, &mut failures) && !state.is_late(change) {
                    let held = StoredProduct { version: change.version, findable: None };
                    state.products.insert(change.id.clone(), held);
                }
            }
            Ok(failures)
        })
        .await
    }

    async fn states(&self, ids: &[ProductId]) -> PortResult<HashMap<ProductId, IndexedState>> {
        self.call(|state| {
            let known = ids.iter().filter_map(|id| state.products.get_key_value(id));
            let indexed = |held: &StoredProduct| IndexedState {
                version: held.version,
                text_hash: held.findable.as_ref().map(|findable| findable.text_hash),
            };
            Ok(known.map(|(id, held)| (id.clone(), indexed(held))).collect())
        })
        .await
    }

    async fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        self.call(|state| state.candidates(query)).await
    }

    async fn matches(&self, query: &MatchQuery) -> PortResult<Matches> {
        self.call(|state| {
            query.page.as_ref().map_or(Ok(()), |page| page.check(SYSTEM))?;
            if let (Some(vector), Some(held)) = (query.matching.vector(), state.held_fingerprint())
            {
                vector.check(SYSTEM, held)?;
            }
            let products = state.findable().map(|(id, found)| Matched {
                id,
                embedding: &found.embedding,
                text: &found.text,
                facets: &found.facets,
            });
            Ok(matches(&products.collect::<Vec<_>>(), query))
        })
        .await
    }

    async fn name_counts(&self, all: &[String], terms: &[String]) -> PortResult<Vec<u64>> {
        self.call(|state| {
            let holds = |found: &SearchedFields, term: &String| {
                let mut name = found.text.fields().filter(|(field, _)| field.is_name());
                name.any(|(_, stream)| stream.split_ascii_whitespace().any(|held| held == term))
            };
            let holders: Vec<_> = state
                .findable()
                .map(|(_, found)| found)
                .filter(|found| all.iter().all(|term| holds(found, term)))
                .collect();
            let count = |term| holders.iter().filter(|found| holds(found, term)).count() as u64;
            Ok(terms.iter().map(count).collect())
        })
        .await
    }

    async fn list(&self, after: Option<&ProductId>, limit: usize) -> PortResult<Vec<IndexEntry>> {
        self.call(|state| {
            let Some(fingerprint) = state.held_fingerprint() else { return Ok(Vec::new()) };
            let all = state.products.iter().filter(|(id, _)| Some(*id) > after);
            let entry = |(id, held): (&ProductId, &StoredProduct)| {
                let found = held.findable.as_ref()?;
                let embedding = EntryEmbedding::Computed {
                    embedding: found.embedding.clone(),
                    text_hash: found.text_hash,
                    fingerprint: fingerprint.clone(),
                };
                let (id, version) = (id.clone(), held.version);
                let (text, words) = (found.text.clone(), found.words.clone());
                Some(IndexEntry {
                    id,
                    version,
                    embedding,
                    text,
                    words,
                    facets: found.facets.clone(),
                })
            };
            Ok(all.filter_map(entry).take(limit).collect())
        })
        .await
    }

    async fn statistics(&self) -> PortResult<Arc<dyn Statistics>> {
        self.call(|state| Ok(Arc::new(state.statistics()) as Arc<dyn Statistics>)).await
    }

    async fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        self.call(|state| Ok(state.held_fingerprint().cloned())).await
    }

    async fn count(&self) -> PortResult<u64> {
        self.call(|state| Ok(state.findable().count() as u64)).await
    }

    async fn analysis(&self) -> PortResult<Option<Analysis>> {
        self.call(|state| Ok(state.analysis.clone())).await
    }

    async fn set_analysis(&self, analysis: &Analysis) -> PortResult<()> {
        self.call(|state| {
            state.analysis = Some(analysis.clone());
            Ok(())
        })
        .await
    }
}

impl IndexState {
    fn findable(&self) -> impl Iterator<Item = (&ProductId, &SearchedFields)> {
        self.products.iter().filter_map(|(id, held)| Some((id, held.findable.as_ref()?)))
    }

    fn held_fingerprint(&self) -> Option<&Fingerprint> {
        self.findable().next().and(self.fingerprint.as_ref())
    }

    fn statistics(&self) -> CountedStatistics {
        let mut statistics = CountedStatistics::default();
        self.findable().for_each(|(_, found)| statistics.add(&found.text, &found.words));
        statistics
    }

    fn is_late(&self, change: &Change) -> bool {
        self.products.get(&change.id).is_some_and(|held| held.version > change.version)
    }

    fn upsert(&mut self, entry: &IndexEntry) -> PortResult<()> {
        if self.is_late(&Change { id: entry.id.clone(), version: entry.version }) {
            return Ok(());
        }
        let (embedding, text_hash) = match &entry.embedding {
            EntryEmbedding::Computed { embedding, text_hash, fingerprint } => {
                self.adopt(embedding, fingerprint)?;
                (embedding.clone(), *text_hash)
            }
            EntryEmbedding::Unchanged => {
                let held = self.products.get(&entry.id).and_then(|held| held.findable.as_ref());
                let held = held.ok_or_else(|| refused("it knows no embedding of this product"))?;
                (held.embedding.clone(), held.text_hash)
            }
        };
        let (text, words, facets) = (entry.text.clone(), entry.words.clone(), entry.facets.clone());
        let findable = Some(SearchedFields { embedding, text_hash, text, words, facets });
        self.products.insert(entry.id.clone(), StoredProduct { version: entry.version, findable });
        Ok(())
    }

    /// Refuses an embedding of another model than the first one's.
    fn adopt(&mut self, embedding: &Embedding, given: &Fingerprint) -> PortResult<()> {
        let dimension = embedding.as_slice().len();
        if dimension != given.dimension {
            let what = format!("an embedding of {dimension} coordinates calls itself {given}");
            return Err(refused(what));
        }
        match self.held_fingerprint() {
            Some(held) if held.is_compatible_with(given) => {}
            Some(held) => {
                return Err(refused(format!("it holds embeddings of {held}, not of {given}")));
            }
            None => self.fingerprint = Some(given.clone()),
        }
        Ok(())
    }

    fn candidates(&self, query: &CandidateQuery) -> PortResult<Vec<Candidate>> {
        if let (Some(vector), Some(held)) = (&query.vector, self.held_fingerprint()) {
            vector.check(SYSTEM, held)?;
        }
        let admitted: Vec<_> = self
            .findable()
            .filter(|(id, found)| query.filter.admits(id, &found.facets, &found.text))
            .collect();
        let cosine = |found: &SearchedFields| {
            Some(query.vector.as_ref()?.embedding.similarity(&found.embedding))
        };
        let least = query.threshold.map_or(-1.0, Similarity::get);
        let near = admitted.iter().filter_map(|(id, found)| Some((cosine(found)?.get(), *id)));
        let near = near.filter(|(cosine, _)| *cosine >= least);
        let near = best(near.map(|(cosine, id)| (cosine.into(), id)), query.depth);
        let by_words = self.best_by_words(query, &admitted);

        let chosen: HashSet<_> = by_words.into_iter().chain(near).collect();
        let candidate = |(id, found): (&ProductId, &SearchedFields)| Candidate {
            id: id.clone(),
            cosine: cosine(found),
            text: found.text.clone(),
            facets: query.with_facets.then(|| Box::new(found.facets.clone())),
        };
        // Reversed, so that no test relies on the order of the ids.
        let chosen = admitted.into_iter().rev().filter(|(id, _)| chosen.contains(id));
        Ok(chosen.map(candidate).collect())
    }

    fn best_by_words<'a>(
        &self,
        query: &CandidateQuery,
        admitted: &[(&'a ProductId, &SearchedFields)],
    ) -> Vec<&'a ProductId> {
        let terms: HashSet<_> = query.terms.iter().map(String::as_str).collect();
        let statistics = self.statistics();
        let scored = admitted.iter().map(|(id, found)| {
            let score = words::score(&terms, &found.text, &statistics);
            (score, *id)
        });
        best(scored.filter(|(score, _)| *score > 0.0), query.depth)
    }
}

/// Returns the ids of the `depth` greatest scores, ties by id.
fn best<'a>(
    scored: impl Iterator<Item = (f64, &'a ProductId)>,
    depth: usize,
) -> Vec<&'a ProductId> {
    let mut scored: Vec<_> = scored.collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.truncate(depth);
    scored.into_iter().map(|(_, id)| id).collect()
}

fn refused(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Refused, what)
}
