use crate::feed_rows::{FeedRows, next_rows};
use crate::{ColumnMap, IngestProgress, IngestSummary, Pricing, RowReader};
use akin_entities::{ContentHash, Product, ProductId, Version, hash_parts};
use akin_ports::{Applied, PortResult, ProductFeed, ProductStore, RefusedRow};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What feeds say, compared with the store before anything is changed.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The products that the feeds name, refused rows among them; none if nobody asks.
    named: Option<HashSet<Key>>,
    /// Refused rows that do not say which product they are about.
    pub(crate) nameless: u64,
    /// What would be written, so that a product that comes twice is compared with itself; none if
    /// nobody asks.
    pending: Option<HashMap<Key, Pending>>,
}

/// Stands for an id, in fewer bytes.
type Key = [u8; 16];

/// A product as a run would leave it.
#[derive(Clone, Copy, Debug)]
struct Pending {
    content: ContentHash,
    /// Whether its text is another than the store's.
    embeds: bool,
}

impl Survey {
    /// A survey that keeps which products are named, or what would be written, if told so.
    pub(crate) fn new(names: bool, writes: bool) -> Self {
        Self { named: names.then(HashSet::new), nameless: 0, pending: writes.then(HashMap::new) }
    }

    /// Whether a feed names `id`.
    pub(crate) fn names(&self, id: &ProductId) -> bool {
        self.named.as_ref().is_some_and(|named| named.contains(&key(id)))
    }

    /// Whether no feed names anything.
    pub(crate) fn names_nothing(&self) -> bool {
        self.named.as_ref().is_none_or(HashSet::is_empty)
    }

    /// Products whose texts would be embedded, and others whose fields would be updated.
    pub(crate) fn writes(&self) -> (u64, u64) {
        let pending = self.pending.as_ref();
        let all = pending.map_or(0, HashMap::len) as u64;
        let embeds = pending.into_iter().flatten().filter(|(_, pending)| pending.embeds);
        let embeds = embeds.count() as u64;
        (embeds, all - embeds)
    }

    fn note(&mut self, rows: &FeedRows) {
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

/// What one feed says.
#[derive(Debug, Default)]
pub(crate) struct FeedSurvey {
    pub(crate) summary: IngestSummary,
    /// Its refused rows, all of them unless there are very many.
    refused: Vec<RefusedRow>,
    /// How many bytes their texts have.
    size: usize,
}

/// How many refused rows of a feed are kept, and how many bytes of them, about: bounds the memory.
const KEPT: usize = 10_000;
const KEPT_BYTES: usize = 16 << 20;

impl FeedSurvey {
    /// All refused rows, if nothing else is to be done about the feed, so that it need not be read
    /// again.
    pub(crate) fn only_refused(&self) -> Option<&[RefusedRow]> {
        let all = self.refused.len() as u64 == self.summary.quarantined;
        (all && self.summary.inserted + self.summary.changed == 0).then_some(&self.refused)
    }
}

/// Which of the two failed.
#[derive(Debug)]
pub(crate) enum SurveyError {
    Feed(akin_ports::PortError),
    Store(akin_ports::PortError),
}

impl SurveyFeed<'_> {
    /// Reads `feed` to its end, and adds what it says to `survey` and to `said`.
    pub(crate) async fn run(
        &self,
        feed: &mut dyn ProductFeed,
        survey: &mut Survey,
        said: &mut FeedSurvey,
        observe: &(dyn Fn(IngestProgress<'_>) + Send + Sync),
    ) -> Result<(), SurveyError> {
        let summary = &mut said.summary;
        let mut reader = RowReader::new(self.columns.clone());
        while let Some(batch) = next_rows(feed, &mut reader).await.map_err(SurveyError::Feed)? {
            if batch.is_empty() {
                continue;
            }
            let rows = FeedRows::read(batch, self.pricing);
            survey.note(&rows);
            let compared =
                self.compare(&rows.products, survey).await.map_err(SurveyError::Store)?;
            let (inserted, changed) = (compared.inserted.len(), compared.changed.len());
            summary.read += rows.count();
            summary.inserted += inserted as u64;
            summary.changed += changed as u64;
            summary.unchanged += (rows.products.len() - inserted - changed) as u64;
            if said.refused.len() < KEPT && said.size < KEPT_BYTES {
                said.size += rows.refused.iter().map(RefusedRow::size).sum::<usize>();
                said.refused.extend_from_slice(&rows.refused);
            }
            summary.refuse(rows.refused);
            observe(IngestProgress { feed: feed.progress(), summary });
        }
        Ok(())
    }

    async fn compare(&self, products: &[Product], survey: &mut Survey) -> PortResult<Applied> {
        let mut compared = self.store.compare(products, self.at).await?;
        let Some(pending) = &mut survey.pending else { return Ok(compared) };
        // The last one of each id is what was compared.
        let last: HashMap<_, _> = products.iter().map(|product| (&product.id, product)).collect();
        let held = self.store.fetch(&compared.changed).await?;
        let fresh: HashSet<_> = compared.inserted.iter().cloned().collect();
        let differs: HashSet<_> =
            compared.inserted.iter().chain(&compared.changed).cloned().collect();
        compared = Applied::default();
        for (id, product) in last {
            let content = product.content_hash();
            let before = pending.get(&key(id)).map(|pending| pending.content);
            let embeds = differs.contains(id)
                && held.get(id).is_none_or(|held| held.product.text_hash() != product.text_hash());
            let fate = match before {
                None if fresh.contains(id) => &mut compared.inserted,
                None if differs.contains(id) => &mut compared.changed,
                Some(before) if before != content => &mut compared.changed,
                _ => &mut compared.unchanged,
            };
            fate.push(id.clone());
            if before.is_some() || differs.contains(id) {
                pending.insert(key(id), Pending { content, embeds });
            }
        }
        Ok(compared)
    }
}
