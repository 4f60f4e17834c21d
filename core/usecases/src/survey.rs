use crate::feed_rows::{BatchHash, FeedRows, next_rows};
use crate::{ColumnMap, IngestProgress, IngestSummary, Pricing, RowReader};
use akin_entities::{ContentHash, Product, ProductId, Version, hash_parts};
use akin_ports::{Applied, PortResult, ProductFeed, ProductStore, RefusedRow};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The content of feeds, compared with the store before anything is written.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The products that the feeds name, refused rows included; `None` if not requested.
    named: Option<HashSet<Key>>,
    /// The number of refused rows that identify no product.
    pub(crate) nameless: u64,
    /// The products that would be written, so that a repeated product is compared with its previous
    /// row; `None` if not requested.
    pending: Option<HashMap<Key, Pending>>,
}

/// A hash that stands for an id and takes less memory.
type Key = [u8; 16];

/// A product as a run would write it.
#[derive(Clone, Copy, Debug)]
struct Pending {
    content: ContentHash,
    /// True if its text differs from the stored one.
    embeds: bool,
}

impl Survey {
    /// Creates a survey that records the products named, the products to be written, or both.
    pub(crate) fn new(names: bool, writes: bool) -> Self {
        Self { named: names.then(HashSet::new), nameless: 0, pending: writes.then(HashMap::new) }
    }

    /// Returns whether a feed names `id`.
    pub(crate) fn names(&self, id: &ProductId) -> bool {
        self.named.as_ref().is_some_and(|named| named.contains(&key(id)))
    }

    /// Returns whether the feeds name no product at all.
    pub(crate) fn names_nothing(&self) -> bool {
        self.named.as_ref().is_none_or(HashSet::is_empty)
    }

    /// Counts the products to embed, and those of which only fields would be updated.
    pub(crate) fn writes(&self) -> (u64, u64) {
        let pending = self.pending.as_ref();
        let all = pending.map_or(0, HashMap::len) as u64;
        let embeds = pending.into_iter().flatten().filter(|(_, pending)| pending.embeds);
        let embeds = embeds.count() as u64;
        (embeds, all - embeds)
    }

    fn record(&mut self, rows: &FeedRows) {
        self.nameless += rows.nameless();
        if let Some(named) = &mut self.named {
            let products = rows.products.iter().map(|product| &product.id);
            named.extend(products.chain(&rows.refused_ids).map(key));
        }
    }
}

fn key(id: &ProductId) -> Key {
    hash_parts([id.as_str()])
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
    /// The hash of each batch: only what was surveyed is written.
    pub(crate) batches: Vec<BatchHash>,
    /// Its refused rows, up to a limit.
    refused: Vec<RefusedRow>,
    /// The size of their texts in bytes.
    size: usize,
}

/// The maximum number of refused rows kept of a feed, and roughly their size: bounds the memory.
const MAX_REFUSED: usize = 10_000;
const MAX_REFUSED_BYTES: usize = 16 << 20;

impl FeedSurvey {
    /// Returns all refused rows if nothing else of the feed has to be written, so that it need not
    /// be read again.
    pub(crate) fn only_refused(&self) -> Option<&[RefusedRow]> {
        let all = self.refused.len() as u64 == self.summary.quarantined;
        (all && self.summary.inserted + self.summary.changed == 0).then_some(&self.refused)
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
            surveyed.batches.push(hash);
            if batch.is_empty() {
                continue;
            }
            let rows = FeedRows::read(batch, self.pricing);
            survey.record(&rows);
            let compared =
                self.compare(&rows.products, survey).await.map_err(SurveyError::Store)?;
            summary.read += rows.count();
            summary.count(&compared, rows.products.len());
            if surveyed.refused.len() < MAX_REFUSED && surveyed.size < MAX_REFUSED_BYTES {
                surveyed.size += rows.refused.iter().map(RefusedRow::size).sum::<usize>();
                surveyed.refused.extend_from_slice(&rows.refused);
            }
            summary.refuse(rows.refused);
            observe(IngestProgress { feed: feed.progress(), summary });
        }
        Ok(())
    }

    async fn compare(&self, products: &[Product], survey: &mut Survey) -> PortResult<Applied> {
        let mut compared = self.store.compare(products, self.at).await?;
        let Some(pending) = &mut survey.pending else { return Ok(compared) };
        // Of a repeated id, the last row was compared.
        let last: HashMap<_, _> = products.iter().map(|product| (&product.id, product)).collect();
        let stored = self.store.fetch(&compared.changed).await?;
        let new: HashSet<_> = compared.inserted.iter().cloned().collect();
        let newer: HashSet<_> = compared.held_newer.iter().cloned().collect();
        let differs: HashSet<_> =
            compared.inserted.iter().chain(&compared.changed).cloned().collect();
        compared = Applied::default();
        for (id, product) in last {
            let content = product.content_hash();
            let previous = pending.get(&key(id)).map(|pending| pending.content);
            let embeds = differs.contains(id)
                && stored
                    .get(id)
                    .is_none_or(|stored| stored.product.text_hash() != product.text_hash());
            let group = match previous {
                None if new.contains(id) => &mut compared.inserted,
                None if differs.contains(id) => &mut compared.changed,
                None if newer.contains(id) => &mut compared.held_newer,
                Some(previous) if previous != content => &mut compared.changed,
                _ => &mut compared.unchanged,
            };
            group.push(id.clone());
            if previous.is_some() || differs.contains(id) {
                pending.insert(key(id), Pending { content, embeds });
            }
        }
        Ok(compared)
    }
}
