//! The statistics of the whole catalogue, held in memory and refreshed beside the searches.

use super::knowledge::{ReadState, State};
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

/// So long nobody asks whether other processes wrote.
const FRESH: Duration = Duration::from_secs(1);

/// What was last loaded, and when.
#[derive(Debug, Default)]
pub(crate) struct HeldStatistics {
    held: Mutex<Option<Held>>,
    /// How often this process wrote.
    writes: AtomicU64,
    /// Held while somebody loads.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct Held {
    snapshot: Arc<Snapshot>,
    checked: Instant,
    /// How often this process had written before it was loaded.
    writes: u64,
}

impl HeldStatistics {
    /// Says that this process wrote: what it asks for next knows of it.
    pub(crate) fn outdate(&self) {
        self.writes.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether this process wrote.
    pub(crate) fn has_written(&self) -> bool {
        self.writes.load(Ordering::Acquire) > 0
    }

    /// What is known now. What other processes write is known a few seconds later: it is loaded beside
    /// the searches, which do not wait for it.
    pub(crate) async fn current(
        self: &Arc<Self>,
        database: &Arc<Database>,
    ) -> PortResult<Arc<Snapshot>> {
        let writes = self.writes.load(Ordering::Acquire);
        match self.peek().filter(|held| held.writes == writes) {
            None => {
                let _turn = self.loading.lock().await;
                self.load(database).await
            }
            Some(held) => {
                if held.checked.elapsed() > FRESH {
                    self.refresh_beside(database);
                }
                Ok(held.snapshot)
            }
        }
    }

    fn peek(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refresh_beside(self: &Arc<Self>, database: &Arc<Database>) {
        let (held, database) = (Arc::clone(self), Arc::clone(database));
        tokio::spawn(async move {
            let Ok(_turn) = held.loading.try_lock() else { return };
            if let Err(error) = held.load(&database).await {
                tracing::warn!(?error, "the statistics could not be refreshed");
            }
        });
    }

    /// Loads what changed; its caller has the turn.
    async fn load(&self, database: &Database) -> PortResult<Arc<Snapshot>> {
        let (writes, checked) = (self.writes.load(Ordering::Acquire), Instant::now());
        let known = self.peek().map(|held| held.snapshot);
        let state = database.call(&ReadState).await?;
        let snapshot = match known {
            Some(known) if known.changes == state.changes => known,
            _ => Arc::new(database.call(&Load).await?),
        };
        let held = Held { snapshot: Arc::clone(&snapshot), checked, writes };
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(snapshot)
    }
}

/// The statistics as of one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    changes: i64,
    documents: u64,
    averages: [f64; TextField::ALL.len()],
    terms: HashMap<Box<str>, u64>,
    /// By their first letters.
    words: HashMap<char, HashMap<Box<str>, u64>>,
}

struct Load;

#[async_trait]
impl Call for Load {
    type Answer = Snapshot;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<Snapshot, Failure> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut transaction = connection.begin_with(begin).await?;
        let state: State = ReadState.run(&mut transaction, names).await?;
        let terms = counts(&mut transaction, names, "terms", "term").await?;
        let mut words: HashMap<char, HashMap<Box<str>, u64>> = HashMap::new();
        for (word, count) in counts(&mut transaction, names, "words", "word").await? {
            if let Some(initial) = word.chars().next() {
                words.entry(initial).or_default().insert(word, count);
            }
        }
        transaction.commit().await?;
        let (documents, averages) = (state.products, state.averages());
        Ok(Snapshot {
            changes: state.changes,
            documents,
            averages,
            terms: terms.into_iter().collect(),
            words,
        })
    }
}

/// All that a table counts, as one row: a hundred thousand rows would each cost an allocation.
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

impl Statistics for Snapshot {
    fn documents(&self) -> u64 {
        self.documents
    }

    fn document_frequency(&self, term: &str) -> u64 {
        self.terms.get(term).copied().unwrap_or_default()
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
}
