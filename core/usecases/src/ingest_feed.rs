use crate::feed_rows::{FeedRows, next_rows};
use crate::{ColumnMap, Percentage, Pricing, RowReader};
use akin_entities::Version;
use akin_ports::{FeedProgress, PortError, PortResult, ProductFeed, ProductStore, RefusedRow};
use std::sync::Arc;

/// Makes the store hold what a feed says, and enters what changed into the outbox.
#[derive(Clone, Debug)]
pub struct IngestFeed {
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// How its prices are read.
    pub pricing: Pricing,
    /// How its columns are read.
    pub columns: ColumnMap,
}

/// What an ingestion did. Every row read is in one of the other counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestSummary {
    /// Rows of the feed.
    pub read: u64,
    /// Products new to the store.
    pub inserted: u64,
    /// Products whose content differs.
    pub changed: u64,
    /// Products whose content is what it was.
    pub unchanged: u64,
    /// Rows that cannot become a product.
    pub quarantined: u64,
    /// The first of those rows, for a message.
    pub refused: Vec<RefusedRow>,
}

/// How far an ingestion is.
#[derive(Clone, Copy, Debug)]
pub struct IngestProgress<'a> {
    /// How far the feed has been read.
    pub feed: FeedProgress,
    /// What was done so far.
    pub summary: &'a IngestSummary,
}

/// Why an ingestion ended before its feed did. What was read before is kept.
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
    /// The store does not keep what it is given.
    #[error("the store did not keep the products of {feed}")]
    Store {
        /// The feed's name.
        feed: String,
        /// Why.
        source: PortError,
    },
    /// So many rows are no products that the feeds are likely damaged. Nothing was changed.
    #[error(
        "{refused} of {read} rows cannot be products, which is more than {limit}: nothing was changed"
    )]
    TooManyRefused {
        /// Rows that cannot be products.
        refused: u64,
        /// Rows read.
        read: u64,
        /// What is allowed.
        limit: Percentage,
        /// The first of those rows, with the feed they stand in.
        first: Vec<(String, RefusedRow)>,
    },
    /// Complete feeds do not name so many products that they are likely cut short. Nothing was
    /// changed.
    #[error(
        "the feeds do not name {missing} of {held} products, which is more than {limit}: nothing was changed"
    )]
    TooManyMissing {
        /// Products that no feed names.
        missing: u64,
        /// Products of the store.
        held: u64,
        /// What is allowed.
        limit: Percentage,
    },
    /// Complete feeds name nothing at all. Nothing was changed.
    #[error("the feeds name no product, and the store holds {held}: nothing was changed")]
    EmptySnapshot {
        /// Products of the store.
        held: u64,
    },
}

impl IngestError {
    /// Whether the feeds were refused for what they say: nothing was changed.
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
    /// How many refused rows a summary repeats.
    pub(crate) const SHOWN: usize = 5;

    /// Counts refused rows, and keeps the first of all.
    pub(crate) fn refuse(&mut self, rows: Vec<RefusedRow>) {
        self.quarantined += rows.len() as u64;
        let room = IngestSummary::SHOWN.saturating_sub(self.refused.len());
        self.refused.extend(rows.into_iter().take(room));
    }
}

impl IngestFeed {
    /// Reads `feed` to its end. Its rows are what the shop says at `at`, each batch a microsecond later
    /// than the one before.
    pub async fn run(
        &self,
        feed: &mut dyn ProductFeed,
        at: Version,
        observe: &(dyn Fn(IngestProgress<'_>) + Send + Sync),
    ) -> Result<IngestSummary, IngestError> {
        let mut summary = IngestSummary::default();
        let mut at = at;
        self.read(feed, &mut at, &mut summary, observe).await?;
        Ok(summary)
    }

    /// The same; `summary` also says what was done before an error, and `at` is left behind the last
    /// batch.
    pub(crate) async fn read(
        &self,
        feed: &mut dyn ProductFeed,
        at: &mut Version,
        summary: &mut IngestSummary,
        observe: &(dyn Fn(IngestProgress<'_>) + Send + Sync),
    ) -> Result<(), IngestError> {
        let (name, began) = (feed.name().to_owned(), *at);
        let in_store = |source| IngestError::Store { feed: name.clone(), source };
        let mut reader = RowReader::new(self.columns.clone());
        loop {
            let batch = next_rows(feed, &mut reader).await;
            let batch = batch.map_err(|source| IngestError::Feed { feed: name.clone(), source })?;
            let Some(batch) = batch else { break };
            if batch.is_empty() {
                continue;
            }
            let rows = FeedRows::read(batch, &self.pricing);
            summary.read += rows.count();
            let refused = self.apply(rows, summary, *at).await.map_err(in_store)?;
            self.quarantine(&name, refused, summary, began).await.map_err(in_store)?;
            // A product that comes again is of a newer version then: what a worker made of the one
            // before, and writes late, never passes for this one.
            *at = Version(at.0.saturating_add(1));
            observe(IngestProgress { feed: feed.progress(), summary });
        }
        // Only now: a run that was cut short must not release rows that it has not read.
        self.store.release_quarantine(&name, began.timestamp()).await.map_err(in_store)
    }

    /// Applies a batch; answers with its refused rows, those that the store refused among them.
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
                    // It was read, and is a product by now.
                    row: None,
                });
            }
        }
        let failed = refused.len() - before;
        let (inserted, changed) = (applied.inserted.len(), applied.changed.len());
        summary.inserted += inserted as u64;
        summary.changed += changed as u64;
        // A repeated id is answered once, yet each of its rows was read.
        summary.unchanged += (rows.products.len() - failed - inserted - changed) as u64;
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
