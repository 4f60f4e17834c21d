use crate::feed_rows::{BatchHash, FeedRows, changed, next_rows};
use crate::{ColumnMap, Percentage, Pricing, RowReader};
use akin_entities::Version;
use akin_ports::{
    Applied, FeedProgress, PortError, PortResult, ProductFeed, ProductStore, RefusedRow,
};
use std::sync::Arc;

/// Brings the store up to the content of a feed, and enters changes into the outbox.
#[derive(Clone, Debug)]
pub struct IngestFeed {
    /// The store of the products.
    pub store: Arc<dyn ProductStore>,
    /// The currency and the rates of prices.
    pub pricing: Pricing,
    /// The mapping of columns to fields.
    pub columns: ColumnMap,
}

/// The counts of an ingestion. Every row read is in one of the other counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestSummary {
    /// Rows read.
    pub read: u64,
    /// New products.
    pub inserted: u64,
    /// Products whose content changed.
    pub changed: u64,
    /// Products whose content is the same.
    pub unchanged: u64,
    /// Products that the store holds in a newer version.
    pub held_newer: u64,
    /// Refused rows.
    pub quarantined: u64,
    /// The first refused rows, for messages.
    pub refused: Vec<RefusedRow>,
}

/// The progress of an ingestion.
#[derive(Clone, Copy, Debug)]
pub struct IngestProgress<'a> {
    /// The progress of reading the feed.
    pub feed: FeedProgress,
    /// The counts so far.
    pub summary: &'a IngestSummary,
}

/// An error that ended an ingestion before the end of its feed. Products read before are kept.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The feed cannot be read further.
    #[error("the feed {feed} cannot be read")]
    Feed {
        /// The feed's name.
        feed: String,
        /// Why.
        source: PortError,
    },
    /// The store failed.
    #[error("the store did not keep the products of {feed}")]
    Store {
        /// The feed's name.
        feed: String,
        /// Why.
        source: PortError,
    },
    /// Too many rows were refused: the feeds are probably damaged. Nothing was changed.
    #[error("{refused} of {read} rows were refused, more than {limit}: nothing was changed")]
    TooManyRefused {
        /// Refused rows.
        refused: u64,
        /// Rows read.
        read: u64,
        /// The limit.
        limit: Percentage,
        /// The first refused rows, with the names of their feeds.
        first: Vec<(String, RefusedRow)>,
    },
    /// Complete feeds lack so many products that they are probably truncated. Nothing was
    /// changed.
    #[error(
        "the feeds do not name {missing} of {held} products, more than {limit}: nothing was changed"
    )]
    TooManyMissing {
        /// Stored products that no feed names.
        missing: u64,
        /// Stored products.
        held: u64,
        /// The limit.
        limit: Percentage,
    },
    /// Complete feeds name no product at all. Nothing was changed.
    #[error("the feeds name no product, and the store holds {held}: nothing was changed")]
    EmptySnapshot {
        /// Stored products.
        held: u64,
    },
}

impl IngestError {
    /// Returns whether the content of the feeds was refused: nothing was changed.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Feed { .. } | Self::Store { .. } => false,
            Self::TooManyRefused { .. }
            | Self::TooManyMissing { .. }
            | Self::EmptySnapshot { .. } => true,
        }
    }
}

impl IngestSummary {
    /// The number of refused rows in a summary.
    pub(crate) const SHOWN: usize = 5;

    /// Counts `rows` that became products. A repeated id is in the answer once, although each of its
    /// rows was read.
    pub(crate) fn count(&mut self, applied: &Applied, rows: usize) {
        let [inserted, changed, held_newer] =
            [&applied.inserted, &applied.changed, &applied.held_newer].map(Vec::len);
        self.inserted += inserted as u64;
        self.changed += changed as u64;
        self.held_newer += held_newer as u64;
        self.unchanged += (rows - inserted - changed - held_newer) as u64;
    }

    /// Counts refused rows, and keeps the first ones.
    pub(crate) fn refuse(&mut self, rows: Vec<RefusedRow>) {
        self.quarantined += rows.len() as u64;
        let room = IngestSummary::SHOWN.saturating_sub(self.refused.len());
        self.refused.extend(rows.into_iter().take(room));
    }
}

impl IngestFeed {
    /// Reads `feed` to its end and writes it with the versions of the run `at`, one for each batch.
    pub async fn run(
        &self,
        feed: &mut dyn ProductFeed,
        at: Version,
        observe: &(dyn Fn(IngestProgress<'_>) + Send + Sync),
    ) -> Result<IngestSummary, IngestError> {
        let mut summary = IngestSummary::default();
        let mut at = at;
        let last = at.last_of_run();
        self.read(feed, None, &mut at, last, &mut summary, observe).await?;
        Ok(summary)
    }

    /// Does the same. If `surveyed` has the hashes of batches, only these are written: another batch,
    /// or a further or missing one, is an error of the feed. `summary` also has the counts before an
    /// error, and `at` is advanced past the last batch, up to `last`.
    pub(crate) async fn read(
        &self,
        feed: &mut dyn ProductFeed,
        surveyed: Option<&[BatchHash]>,
        at: &mut Version,
        last: Version,
        summary: &mut IngestSummary,
        observe: &(dyn Fn(IngestProgress<'_>) + Send + Sync),
    ) -> Result<(), IngestError> {
        let (name, started) = (feed.name().to_owned(), *at);
        let in_store = |source| IngestError::Store { feed: name.clone(), source };
        let in_feed = |source| IngestError::Feed { feed: name.clone(), source };
        let mut reader = RowReader::new(self.columns.clone());
        let mut expected = surveyed.map(<[_]>::iter);
        loop {
            let batch = next_rows(feed, &mut reader).await.map_err(in_feed)?;
            let hash = batch.as_ref().map(|(_, hash)| hash);
            if expected.as_mut().is_some_and(|expected| expected.next() != hash) {
                return Err(in_feed(changed()));
            }
            let Some((batch, _)) = batch else { break };
            if batch.is_empty() {
                continue;
            }
            let rows = FeedRows::read(batch, &self.pricing);
            summary.read += rows.count();
            let refused = self.apply(rows, summary, *at).await.map_err(in_store)?;
            self.quarantine(&name, refused, summary, started).await.map_err(in_store)?;
            // A repeated product gets a newer version, so that a worker that is late with the
            // previous one cannot overwrite it.
            *at = Version(at.0.saturating_add(1)).min(last);
            observe(IngestProgress { feed: feed.progress(), summary });
        }
        // Only at the end: an interrupted run must not release rows that it has not read.
        self.store.release_quarantine(&name, started.timestamp()).await.map_err(in_store)
    }

    /// Applies a batch. Returns its refused rows, including those that the store refused.
    async fn apply(
        &self,
        rows: FeedRows,
        summary: &mut IngestSummary,
        at: Version,
    ) -> PortResult<Vec<RefusedRow>> {
        let mut applied = self.store.apply(&rows.products, at).await?;
        let unavailable = applied.failures.iter().find(|(_, error)| error.is_retryable());
        let unavailable = unavailable.map(|(id, _)| id.clone());
        if let Some(error) = unavailable.and_then(|id| applied.failures.remove(&id)) {
            return Err(error);
        }
        let mut refused = rows.refused;
        let before = refused.len();
        for (product, line) in rows.products.iter().zip(&rows.lines) {
            if let Some(error) = applied.failures.get(&product.id) {
                refused.push(RefusedRow {
                    line: *line,
                    field: "product_id".to_owned(),
                    value: product.id.to_string(),
                    reason: error.report(),
                    // The row was read; only the store refused the product.
                    row: None,
                });
            }
        }
        let failed = refused.len() - before;
        summary.count(&applied, rows.products.len() - failed);
        Ok(refused)
    }

    async fn quarantine(
        &self,
        feed: &str,
        refused: Vec<RefusedRow>,
        summary: &mut IngestSummary,
        at: Version,
    ) -> PortResult<()> {
        if refused.is_empty() {
            return Ok(());
        }
        self.store.quarantine(feed, &refused, at.timestamp()).await?;
        summary.refuse(refused);
        Ok(())
    }
}
