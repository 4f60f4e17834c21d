use crate::feed_rows::{BatchHash, FeedRows, changed, next_rows};
use crate::first_rows::FirstRows;
use crate::survey::SurveyedBatch;
use crate::{ColumnMap, IngestSummary, Percentage, Pricing, RowReader};
use akin_entities::Version;
use akin_ports::{FeedProgress, PortError, PortResult, ProductFeed, ProductStore, RefusedRow};
use std::slice::Iter;
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

    /// Does the same. If batches were `surveyed`, only these are written: another batch, or a further or
    /// missing one, is an error of the feed. `summary` also has the counts before an error, and `at` is
    /// advanced past the last batch, up to `last`.
    pub(crate) async fn read(
        &self,
        feed: &mut dyn ProductFeed,
        surveyed: Option<&[SurveyedBatch]>,
        at: &mut Version,
        last: Version,
        summary: &mut IngestSummary,
        observe: &(dyn Fn(IngestProgress<'_>) + Send + Sync),
    ) -> Result<(), IngestError> {
        let (name, started) = (feed.name().to_owned(), *at);
        let in_store = |source| IngestError::Store { feed: name.clone(), source };
        let in_feed = |source| IngestError::Feed { feed: name.clone(), source };
        let mut reader = RowReader::new(self.columns.clone());
        let (mut first_rows, mut surveyed) = (FirstRows::default(), surveyed.map(<[_]>::iter));
        first_rows.begin(&name);
        while let Some((batch, hash)) = next_rows(feed, &mut reader).await.map_err(in_feed)? {
            let surveyed = expected(&mut surveyed, Some(hash)).map_err(in_feed)?;
            let rows = FeedRows::read(batch, &self.pricing);
            if rows.count() == 0 {
                continue;
            }
            summary.read += rows.count();
            let repeated = match surveyed {
                Some(batch) => batch.repeated.clone(),
                None => first_rows.record(&rows, summary),
            };
            let applied = self.apply(rows, &repeated, summary, *at).await;
            let refused = applied.map_err(in_store)?;
            self.quarantine(&name, refused, summary, started).await.map_err(in_store)?;
            // A repeated product gets a newer version, so that a worker that is late with the
            // previous one cannot overwrite it.
            *at = Version(at.0.saturating_add(1)).min(last);
            observe(IngestProgress { feed: feed.progress(), summary });
        }
        expected(&mut surveyed, None).map_err(in_feed)?;
        // Only at the end: an interrupted run must not release rows that it has not read.
        self.store.release_quarantine(&name, started.timestamp()).await.map_err(in_store)
    }

    /// Applies a batch. Returns its refused rows, including those that the store refused, and the values that
    /// were left out.
    async fn apply(
        &self,
        rows: FeedRows,
        repeated: &[usize],
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
        let mut left_out = rows.left_out;
        for (product, line) in rows.products.iter().zip(&rows.lines) {
            if let Some(error) = applied.failures.get(&product.id) {
                left_out.retain(|value| value.line != *line);
                refused.push(RefusedRow {
                    line: *line,
                    is_kept: false,
                    field: "product_id".to_owned(),
                    value: product.id.to_string(),
                    reason: error.report(),
                    // The row was read; only the store refused the product.
                    row: None,
                });
            }
        }
        summary.count(&applied, &rows.products, repeated);
        refused.append(&mut left_out);
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

/// Returns the next of the batches that were `surveyed`, if any were. An error if it is another than the one
/// with this hash; `None` means the end.
fn expected<'a>(
    surveyed: &mut Option<Iter<'a, SurveyedBatch>>,
    hash: Option<BatchHash>,
) -> PortResult<Option<&'a SurveyedBatch>> {
    let Some(batches) = surveyed else { return Ok(None) };
    let batch = batches.next();
    if batch.map(|batch| batch.hash) == hash { Ok(batch) } else { Err(changed()) }
}
