//! Caches the statistics of the catalogue, and refreshes them in the background.

use super::state::{ReadState, State};
use crate::database::{Call, Database, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::text::unescape;
use akin_entities::{Statistics, TextField};
use akin_ports::PortResult;
use async_trait::async_trait;
use sqlx::{Connection, PgConnection};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time that the cache is used without checking for writes of other processes.
const MAX_UNCHECKED_AGE: Duration = Duration::from_secs(1);

/// The age from which statistics are reloaded even if hardly anything changed.
const MAX_OUTDATED_AGE: Duration = Duration::from_secs(10);

/// The share of the products that must be new or gone for an earlier reload.
const MATERIAL_SHARE: f64 = 0.01;

/// Statistics are at least so many times as old as it took to load them, before they are reloaded.
const LOAD_INTERVAL: u32 = 20;

/// The most recent statistics.
#[derive(Debug, Default)]
pub(crate) struct StatisticsCache {
    cached: Mutex<Option<CachedStatistics>>,
    /// The number of writes of this process.
    writes: AtomicU64,
    /// Locked while loading.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct CachedStatistics {
    snapshot: Arc<StatisticsSnapshot>,
    checked: Instant,
    loaded: Instant,
    /// The time that loading took.
    took: Duration,
    /// The number of writes of this process before it was loaded.
    writes: u64,
}

impl StatisticsCache {
    /// Notes a write of this process, so that the next call reloads.
    pub(crate) fn invalidate(&self) {
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns whether this process wrote.
    pub(crate) fn has_written(&self) -> bool {
        self.writes.load(Ordering::Acquire) > 0
    }

    /// Returns the current statistics. Writes of other processes appear seconds later: they are loaded
    /// in the background, and searches do not wait.
    pub(crate) async fn current(
        self: &Arc<Self>,
        database: &Arc<Database>,
    ) -> PortResult<Arc<StatisticsSnapshot>> {
        let writes = self.writes.load(Ordering::Acquire);
        match self.cached().filter(|cached| cached.writes == writes) {
            None => {
                let _loading = self.loading.lock().await;
                self.load(database).await
            }
            Some(cached) => {
                if cached.checked.elapsed() > MAX_UNCHECKED_AGE {
                    self.refresh_in_background(database);
                }
                Ok(cached.snapshot)
            }
        }
    }

    fn cached(&self) -> Option<CachedStatistics> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refresh_in_background(self: &Arc<Self>, database: &Arc<Database>) {
        let (cache, database) = (Arc::clone(self), Arc::clone(database));
        tokio::spawn(async move {
            let Ok(_loading) = cache.loading.try_lock() else { return };
            if let Err(error) = cache.load(&database).await {
                tracing::warn!(?error, "the statistics could not be refreshed");
            }
        });
    }

    /// Reloads the statistics if they changed: at once after a write of this process, and otherwise when
    /// it is due. The caller holds the `loading` lock.
    async fn load(&self, database: &Database) -> PortResult<Arc<StatisticsSnapshot>> {
        let (writes, checked) = (self.writes.load(Ordering::Acquire), Instant::now());
        let previous = self.cached();
        let state = database.call(&ReadState).await?;
        let cached = match previous {
            Some(previous)
                if previous.snapshot.changes == state.changes
                    || (previous.writes == writes && !previous.is_due(state.products)) =>
            {
                CachedStatistics { checked, writes, ..previous }
            }
            _ => {
                let snapshot = Arc::new(database.call(&LoadStatistics).await?);
                let took = checked.elapsed();
                CachedStatistics { snapshot, checked, loaded: Instant::now(), took, writes }
            }
        };
        let snapshot = Arc::clone(&cached.snapshot);
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(cached);
        Ok(snapshot)
    }
}

impl CachedStatistics {
    /// Returns whether statistics of what is now `documents` products are worth a reload.
    fn is_due(&self, documents: u64) -> bool {
        is_due(self.loaded.elapsed(), self.took, self.snapshot.documents, documents)
    }
}

/// Returns whether statistics are to be reloaded that are of this `age`, `took` so long to load, and
/// were of `before` products, of which there are `now` another number.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn is_due(age: Duration, took: Duration, before: u64, now: u64) -> bool {
    let is_material = before.abs_diff(now) as f64 > before as f64 * MATERIAL_SHARE;
    age >= took * LOAD_INTERVAL && (is_material || age >= MAX_OUTDATED_AGE)
}

/// The statistics at one moment.
#[derive(Debug)]
pub(crate) struct StatisticsSnapshot {
    changes: i64,
    documents: u64,
    averages: [f64; TextField::ALL.len()],
    /// In ascending order.
    terms: Vec<(Box<str>, u64)>,
    /// By their first letters.
    words: HashMap<char, HashMap<Box<str>, u64>>,
}

struct LoadStatistics;

#[async_trait]
impl Call for LoadStatistics {
    type Answer = StatisticsSnapshot;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<StatisticsSnapshot, Failure> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut transaction = connection.begin_with(begin).await?;
        let state: State = ReadState.run(&mut transaction, names).await?;
        let mut terms = counts(&mut transaction, names, "terms", "term").await?;
        terms.sort_unstable();
        let mut words: HashMap<char, HashMap<Box<str>, u64>> = HashMap::new();
        for (word, count) in counts(&mut transaction, names, "words", "word").await? {
            if let Some(initial) = word.chars().next() {
                words.entry(initial).or_default().insert(word, count);
            }
        }
        transaction.commit().await?;
        let (documents, averages) = (state.products, state.averages());
        Ok(StatisticsSnapshot { changes: state.changes, documents, averages, terms, words })
    }
}

/// Reads all counts of a table as one row: a hundred thousand rows would each cost an allocation.
async fn counts(
    connection: &mut PgConnection,
    names: &Names,
    table: &str,
    column: &str,
) -> Result<Vec<(Box<str>, u64)>, Failure> {
    let sql = format!(
        "SELECT coalesce(array_agg({column}), '{{{{}}}}'), coalesce(array_agg(documents), '{{{{}}}}')
         FROM {{{table}}} WHERE documents > 0"
    );
    let row = query(names.fill(&sql)).fetch_one(connection).await?;
    let (texts, counts): (Vec<String>, Vec<i64>) = (get(&row, 0)?, get(&row, 1)?);
    let counts = counts.into_iter().map(i64::cast_unsigned);
    Ok(texts.into_iter().map(|text| unescape(text).into_boxed_str()).zip(counts).collect())
}

impl Statistics for StatisticsSnapshot {
    fn documents(&self) -> u64 {
        self.documents
    }

    fn document_frequency(&self, term: &str) -> u64 {
        let place = self.terms.binary_search_by(|(held, _)| (**held).cmp(term));
        place.map_or(0, |place| self.terms[place].1)
    }

    #[expect(clippy::cast_possible_truncation, reason = "an average needs no more than f32")]
    fn average_length(&self, field: TextField) -> f32 {
        self.averages[field.position()] as f32
    }

    fn word_frequency(&self, word: &str) -> u64 {
        let words = word.chars().next().and_then(|initial| self.words.get(&initial));
        words.and_then(|words| words.get(word)).copied().unwrap_or_default()
    }

    fn visit_words(&self, initial: char, visit: &mut dyn FnMut(&str, u64)) {
        for (word, count) in self.words.get(&initial).into_iter().flatten() {
            visit(word, *count);
        }
    }

    fn visit_terms(&self, beginning: &str, visit: &mut dyn FnMut(&str, u64)) {
        if beginning.is_empty() {
            return;
        }
        let start = self.terms.partition_point(|(held, _)| **held < *beginning);
        let found = self.terms[start..].iter().take_while(|(held, _)| held.starts_with(beginning));
        found.for_each(|(term, count)| visit(term, *count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_reloaded_when_they_changed_materially_or_are_old() {
        let seconds = Duration::from_secs;
        let fast = Duration::from_millis(1);
        assert!(is_due(seconds(1), fast, 0, 1), "the first products");
        assert!(is_due(seconds(1), fast, 1_000, 1_011) && is_due(seconds(1), fast, 1_000, 989));
        assert!(!is_due(seconds(9), fast, 1_000, 1_010), "hardly anything changed");
        assert!(!is_due(seconds(9), fast, 1_000, 1_000), "texts changed");
        assert!(is_due(seconds(10), fast, 1_000, 1_000));
        assert!(!is_due(seconds(19), seconds(1), 1_000, 2_000), "a twentieth of the time at most");
        assert!(is_due(seconds(20), seconds(1), 1_000, 2_000));
    }
}
