use akin_entities::Timestamp;
use akin_ports::{PortResult, ProductStore, QuarantinedRow, RefusedRow};
use std::sync::Arc;

/// Reads the quarantine page by page, sorted by feed, line and field.
#[derive(Clone, Debug)]
pub struct QuarantinePages {
    store: Arc<dyn ProductStore>,
    feed: Option<String>,
    after: Option<QuarantinedRow>,
}

impl QuarantinePages {
    /// Begins with the first row of `feed`, or of all feeds.
    pub fn new(store: Arc<dyn ProductStore>, feed: Option<String>) -> Self {
        let after = feed.clone().map(before);
        Self { store, feed, after }
    }

    /// Returns the next `limit` rows; none at the end.
    pub async fn next(&mut self, limit: usize) -> PortResult<Vec<QuarantinedRow>> {
        let mut rows = self.store.quarantined(self.after.as_ref(), limit).await?;
        if let Some(feed) = &self.feed {
            rows.retain(|row| row.feed == *feed);
        }
        if let Some(last) = rows.last() {
            self.after = Some(last.clone());
        }
        Ok(rows)
    }
}

/// Returns a row before all of a feed: lines are counted from 1.
fn before(feed: String) -> QuarantinedRow {
    let (field, value, reason) = (String::new(), String::new(), String::new());
    let row = RefusedRow { line: 0, is_kept: false, field, value, reason, row: None };
    QuarantinedRow { feed, row, at: Timestamp(0) }
}
