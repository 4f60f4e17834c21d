use crate::feed_rows::FeedRows;
use crate::ingest_summary::IngestSummary;
use akin_entities::{ProductId, hash_parts};
use std::collections::hash_map::{Entry, HashMap};

/// The first row of each product that the feeds of a run name, to tell which rows repeat a product.
#[derive(Debug, Default)]
pub(crate) struct FirstRows {
    feeds: Vec<String>,
    rows: HashMap<Key, FirstRow>,
}

/// A hash that stands for an id and takes less memory. That two of a hundred thousand products share one
/// is as likely as one in four billion.
pub(crate) type Key = u64;

/// The position of a row. Both numbers are kept small: there is one for each product.
#[derive(Clone, Copy, Debug)]
struct FirstRow {
    feed: u32,
    line: u32,
}

/// A row of a product that an earlier row of the run names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedRow {
    /// The product.
    pub id: ProductId,
    /// The line of the row in its feed.
    pub line: u64,
    /// The line of the first row of the product.
    pub first_line: u64,
    /// The feed of the first row, unless it is the same.
    pub first_feed: Option<String>,
}

pub(crate) fn key(id: &ProductId) -> Key {
    hash_parts([id.as_str()]).first_chunk().map_or(0, |first| Key::from_le_bytes(*first))
}

impl FirstRows {
    /// Begins the next feed.
    pub(crate) fn begin(&mut self, feed: &str) {
        self.feeds.push(feed.to_owned());
    }

    /// Returns whether a row names `id`.
    pub(crate) fn contains(&self, id: &ProductId) -> bool {
        self.rows.contains_key(&key(id))
    }

    /// Returns whether no row names a product.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Records the products of a batch, and returns the positions of those that an earlier row names.
    /// `summary` keeps the first of them, for messages.
    pub(crate) fn record(&mut self, batch: &FeedRows, summary: &mut IngestSummary) -> Vec<usize> {
        let feed = self.feeds.len().saturating_sub(1);
        let mut repeated = Vec::new();
        for (position, (product, line)) in batch.products.iter().zip(&batch.lines).enumerate() {
            let row = FirstRow { feed: small(feed), line: small(*line) };
            let first = match self.rows.entry(key(&product.id)) {
                Entry::Vacant(vacant) => {
                    vacant.insert(row);
                    continue;
                }
                Entry::Occupied(occupied) => *occupied.get(),
            };
            repeated.push(position);
            let is_other = first.feed != row.feed;
            summary.repeat(&product.id, || RepeatedRow {
                id: product.id.clone(),
                line: *line,
                first_line: first.line.into(),
                first_feed: is_other.then(|| self.name(first.feed)),
            });
        }
        repeated
    }

    fn name(&self, feed: u32) -> String {
        self.feeds.get(feed as usize).cloned().unwrap_or_default()
    }
}

fn small(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}
