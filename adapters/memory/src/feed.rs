use crate::Faults;
use akin_ports::{
    ColumnFilter, FeedBatch, FeedItem, FeedLayout, FeedProgress, FeedRow, FeedSource, FeedToken,
    FeedValue, OpenedFeed, PortResult, ProductFeed, RefusedRow, UnreadableRecord, UnreadableValue,
};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::Arc;

/// A [`ProductFeed`] of given rows. As a [`FeedSource`], it opens copies of itself.
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
    /// Creates a feed that gives `rows` in batches of three.
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

    /// Sets the maximum number of rows in a batch; at least one.
    #[must_use]
    pub fn in_batches_of(self, batch: usize) -> Self {
        Self { batch: batch.max(1), ..self }
    }

    /// Adds `faults`.
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

    async fn next_batch(&mut self) -> PortResult<Option<FeedBatch>> {
        if self.failed || self.rows.is_empty() {
            return Ok(None);
        }
        self.failed = true;
        self.faults.step().await?;
        let rows: Vec<_> = self.rows.drain(..self.batch.min(self.rows.len())).collect();
        self.progress.read += rows.iter().map(size).sum::<u64>();
        self.faults.step().await?;
        self.failed = false;
        let names: Arc<[String]> = FeedRow::COLUMNS.map(str::to_owned).into();
        let mut batch = FeedBatch::new(FeedLayout::Keys, names);
        for item in rows {
            push_record(&mut batch, item);
        }
        Ok(Some(batch))
    }

    fn progress(&self) -> FeedProgress {
        self.progress
    }
}

#[async_trait]
impl FeedSource for MemoryFeed {
    fn name(&self) -> &str {
        &self.name
    }

    async fn open(
        &self,
        _columns: &ColumnFilter,
        known: Option<&FeedToken>,
    ) -> PortResult<OpenedFeed> {
        let token = FeedToken(format!("{:?}", self.rows));
        if known == Some(&token) {
            return Ok(OpenedFeed::Unchanged);
        }
        Ok(OpenedFeed::Opened { feed: Box::new(self.clone()), token: Some(token) })
    }
}

/// Adds the record from which the core reads the item.
fn push_record(batch: &mut FeedBatch, item: FeedItem) {
    let (row, unreadable) = match item {
        Ok(row) => (row, None),
        Err(RefusedRow { line, value, reason, row: None, .. }) => {
            batch.records.push(Err(UnreadableRecord { line, beginning: value, reason }));
            return;
        }
        Err(RefusedRow { field, value, reason, row: Some(row), .. }) => {
            (*row, Some((field, value, reason)))
        }
    };
    let mut values = Vec::new();
    for (position, (name, text)) in FeedRow::COLUMNS.into_iter().zip(row.texts()).enumerate() {
        let text = text.to_owned();
        match &unreadable {
            Some((field, beginning, reason)) if field == name => {
                let (beginning, reason) = (beginning.clone(), reason.clone());
                let value = UnreadableValue { beginning, text, reason };
                values.push((position, FeedValue::Unreadable(Box::new(value))));
            }
            _ if text.is_empty() => {}
            _ => values.push((position, FeedValue::Text(text))),
        }
    }
    batch.push_record(row.line, values);
}

/// Returns the number of bytes of the item's texts.
fn size(item: &FeedItem) -> u64 {
    item.as_ref().map_or_else(RefusedRow::size, FeedRow::size) as u64
}
