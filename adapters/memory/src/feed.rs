use crate::Faults;
use akin_ports::{
    FeedItem, FeedProgress, FeedRow, FeedSource, PortResult, ProductFeed, RefusedRow,
};
use async_trait::async_trait;
use std::collections::VecDeque;

/// A [`ProductFeed`] of rows that were written down.
#[derive(Clone, Debug)]
pub struct MemoryFeed {
    name: String,
    rows: VecDeque<FeedItem>,
    batch: usize,
    progress: FeedProgress,
    faults: Faults,
    failed: bool,
}

impl MemoryFeed {
    /// The feed `name` of these `rows`, which come three at a time.
    pub fn new(name: impl Into<String>, rows: Vec<FeedItem>) -> Self {
        let total = rows.iter().map(size).sum();
        Self {
            name: name.into(),
            rows: rows.into(),
            batch: 3,
            progress: FeedProgress { read: 0, total: Some(total) },
            faults: Faults::default(),
            failed: false,
        }
    }

    /// The same feed, with up to `batch` rows at a time; at least one.
    #[must_use]
    pub fn in_batches_of(self, batch: usize) -> Self {
        Self { batch: batch.max(1), ..self }
    }

    /// The same feed, with these `faults`.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }
}

#[async_trait]
impl ProductFeed for MemoryFeed {
    fn name(&self) -> &str {
        &self.name
    }

    async fn next_batch(&mut self) -> PortResult<Option<Vec<FeedItem>>> {
        if self.failed || self.rows.is_empty() {
            return Ok(None);
        }
        self.failed = true;
        self.faults.step().await?;
        let batch: Vec<_> = self.rows.drain(..self.batch.min(self.rows.len())).collect();
        self.progress.read += batch.iter().map(size).sum::<u64>();
        self.faults.step().await?;
        self.failed = false;
        Ok(Some(batch))
    }

    fn progress(&self) -> FeedProgress {
        self.progress
    }
}

/// From as far as it was read.
impl FeedSource for MemoryFeed {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self) -> PortResult<Box<dyn ProductFeed>> {
        Ok(Box::new(self.clone()))
    }
}

/// How many bytes of text the item holds.
fn size(item: &FeedItem) -> u64 {
    item.as_ref().map_or_else(RefusedRow::size, FeedRow::size) as u64
}
