use crate::normalise;
use entities::{Currency, Product, Version};
use ports::{FeedItem, FeedProgress, PortError, PortResult, ProductFeed, ProductStore, RefusedRow};
use std::sync::Arc;

/// Makes the store hold what a feed says, and enters what changed into the outbox.
#[derive(Clone, Debug)]
pub struct IngestFeed {
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// The currency of a price without sign or code.
    pub unsigned: Currency,
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
}

/// How many refused rows a summary repeats.
const SHOWN: usize = 5;

/// A batch, read: each product with the line it stands on, and the rows that are none.
#[derive(Debug, Default)]
struct Rows {
    products: Vec<Product>,
    lines: Vec<u64>,
    refused: Vec<RefusedRow>,
}

impl IngestFeed {
    /// Reads `feed` to its end. Its rows are what the shop says at `at`.
    pub async fn run(
        &self,
        feed: &mut dyn ProductFeed,
        at: Version,
        observe: &(dyn Fn(IngestProgress<'_>) + Send + Sync),
    ) -> Result<IngestSummary, IngestError> {
        let name = feed.name().to_owned();
        let in_store = |source| IngestError::Store { feed: name.clone(), source };
        let mut summary = IngestSummary::default();
        loop {
            let batch = feed.next_batch().await;
            let batch = batch.map_err(|source| IngestError::Feed { feed: name.clone(), source })?;
            let Some(batch) = batch else { break };
            let rows = self.normalise(batch);
            summary.read += (rows.products.len() + rows.refused.len()) as u64;
            let refused = self.apply(rows, &mut summary, at).await.map_err(in_store)?;
            self.quarantine(&name, refused, &mut summary, at).await.map_err(in_store)?;
            observe(IngestProgress { feed: feed.progress(), summary: &summary });
        }
        // Only now: a run that was cut short must not release rows that it has not read.
        self.store.release_quarantine(&name, at).await.map_err(in_store)?;
        Ok(summary)
    }

    fn normalise(&self, batch: Vec<FeedItem>) -> Rows {
        let mut rows = Rows::default();
        for item in batch {
            let line = item.as_ref().map_or(0, |row| row.line);
            match item.and_then(|row| normalise(row, self.unsigned)) {
                Ok(product) => {
                    rows.products.push(product);
                    rows.lines.push(line);
                }
                Err(row) => rows.refused.push(row),
            }
        }
        rows
    }

    /// Applies a batch; answers with its refused rows, those that the store refused among them.
    async fn apply(
        &self,
        rows: Rows,
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
        summary.quarantined += refused.len() as u64;
        self.store.quarantine(feed, &refused, at).await?;
        let room = SHOWN.saturating_sub(summary.refused.len());
        summary.refused.extend(refused.into_iter().take(room));
        Ok(())
    }
}
