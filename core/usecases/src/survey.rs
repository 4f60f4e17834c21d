use crate::feed_rows::{BatchHash, FeedRows, next_rows};
use crate::first_rows::{FirstRows, Key, key};
use crate::{ColumnMap, IngestProgress, IngestSummary, Pricing, RowReader};
use akin_entities::{Product, ProductId, Version};
use akin_ports::{Applied, PortResult, ProductFeed, ProductStore, RefusedRow};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The content of feeds, compared with the store before anything is written.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The products that the feeds list.
    first_rows: FirstRows,
    /// The products that refused rows identify.
    refused: HashSet<Key>,
    /// The number of refused rows that identify no product.
    pub(crate) nameless: u64,
    /// The products that would be written, and whether their text differs from the stored one; `None`
    /// if not requested.
    pending: Option<HashMap<Key, bool>>,
}

impl Survey {
    /// Creates a survey, which records the products to be written if `writes` is true.
    pub(crate) fn new(writes: bool) -> Self {
        Self { pending: writes.then(HashMap::new), ..Self::default() }
    }

    /// Begins the feed of this name.
    pub(crate) fn begin(&mut self, feed: &str) {
        self.first_rows.begin(feed);
    }

    /// Returns whether a feed names `id`.
    pub(crate) fn names(&self, id: &ProductId) -> bool {
        self.first_rows.contains(id) || self.refused.contains(&key(id))
    }

    /// Returns whether the feeds name no product at all.
    pub(crate) fn names_nothing(&self) -> bool {
        self.first_rows.is_empty() && self.refused.is_empty()
    }

    /// Counts the products to embed, and those of which only fields would be updated.
    pub(crate) fn writes(&self) -> (u64, u64) {
        let pending = self.pending.as_ref();
        let all = pending.map_or(0, HashMap::len) as u64;
        let embeds = pending.into_iter().flatten().filter(|(_, embeds)| **embeds);
        let embeds = embeds.count() as u64;
        (embeds, all - embeds)
    }

    /// Records the rows of a batch, and returns the positions of those that repeat a product.
    fn record(&mut self, rows: &FeedRows, summary: &mut IngestSummary) -> Vec<usize> {
        self.nameless += rows.nameless();
        self.refused.extend(rows.refused_ids.iter().map(key));
        self.first_rows.record(rows, summary)
    }
}

/// Compares a feed with the store.
#[derive(Debug)]
pub(crate) struct SurveyFeed<'a> {
    pub(crate) store: &'a Arc<dyn ProductStore>,
    pub(crate) pricing: &'a Pricing,
    pub(crate) columns: &'a ColumnMap,
    pub(crate) at: Version,
}

/// The survey of one feed.
#[derive(Debug, Default)]
pub(crate) struct FeedSurvey {
    pub(crate) summary: IngestSummary,
    /// Only what was surveyed is written.
    pub(crate) batches: Vec<SurveyedBatch>,
    /// True if the store lacks a product, or holds it with another content.
    differs: bool,
    /// Its refused rows, up to a limit.
    refused: Vec<RefusedRow>,
    /// The size of their texts in bytes.
    size: usize,
}

/// A batch of a feed that was surveyed.
#[derive(Debug)]
pub(crate) struct SurveyedBatch {
    pub(crate) hash: BatchHash,
    /// The positions, among its products, of those that an earlier row of the run names.
    pub(crate) repeated: Vec<usize>,
}

/// The maximum number of refused rows kept of a feed, and roughly their size: bounds the memory.
const MAX_REFUSED: usize = 10_000;
const MAX_REFUSED_BYTES: usize = 16 << 20;

impl FeedSurvey {
    /// Returns all refused rows, and all values that were left out, if nothing else of the feed has to be written, so that it need not
    /// be read again.
    pub(crate) fn only_refused(&self) -> Option<&[RefusedRow]> {
        let all = self.refused.len() as u64 == self.summary.quarantined + self.summary.blanked;
        (all && !self.differs).then_some(&self.refused)
    }
}

/// The part of a survey that failed.
#[derive(Debug)]
pub(crate) enum SurveyError {
    Feed(akin_ports::PortError),
    Store(akin_ports::PortError),
}

impl SurveyFeed<'_> {
    /// Reads `feed` to its end, and adds its content to `survey` and `surveyed`.
    pub(crate) async fn run(
        &self,
        feed: &mut dyn ProductFeed,
        survey: &mut Survey,
        surveyed: &mut FeedSurvey,
        observe: &(dyn Fn(IngestProgress<'_>) + Send + Sync),
    ) -> Result<(), SurveyError> {
        let summary = &mut surveyed.summary;
        let mut reader = RowReader::new(self.columns.clone());
        while let Some((batch, hash)) =
            next_rows(feed, &mut reader).await.map_err(SurveyError::Feed)?
        {
            let mut rows = FeedRows::read(batch, self.pricing);
            let repeated = survey.record(&rows, summary);
            surveyed.batches.push(SurveyedBatch { hash, repeated: repeated.clone() });
            if rows.count() == 0 {
                continue;
            }
            let compared =
                self.compare(&rows.products, survey).await.map_err(SurveyError::Store)?;
            surveyed.differs |= !(compared.inserted.is_empty() && compared.changed.is_empty());
            summary.read += rows.count();
            summary.count(&compared, &rows.products, &repeated);
            rows.refused.append(&mut rows.left_out);
            if surveyed.refused.len() < MAX_REFUSED && surveyed.size < MAX_REFUSED_BYTES {
                surveyed.size += rows.refused.iter().map(RefusedRow::size).sum::<usize>();
                surveyed.refused.extend_from_slice(&rows.refused);
            }
            summary.refuse(rows.refused);
            observe(IngestProgress { feed: feed.progress(), summary });
        }
        summary.unread_columns = reader.unread_columns();
        Ok(())
    }

    async fn compare(&self, products: &[Product], survey: &mut Survey) -> PortResult<Applied> {
        let compared = self.store.compare(products, self.at).await?;
        let Some(pending) = &mut survey.pending else { return Ok(compared) };
        // Of a repeated id, the last row was compared.
        let last: HashMap<_, _> = products.iter().map(|product| (&product.id, product)).collect();
        let stored = self.store.fetch(&compared.changed).await?;
        let differs: HashSet<_> = compared.inserted.iter().chain(&compared.changed).collect();
        for (id, product) in last {
            let embeds = differs.contains(id)
                && stored
                    .get(id)
                    .is_none_or(|stored| stored.product.text_hash() != product.text_hash());
            let key = key(id);
            if differs.contains(id) || pending.contains_key(&key) {
                pending.insert(key, embeds);
            }
        }
        Ok(compared)
    }
}
