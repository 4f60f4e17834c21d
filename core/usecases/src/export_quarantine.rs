use crate::QuarantinePages;
use akin_ports::{FeedRow, PortError, ProductStore, QuarantinedRow, RefusedRow};
use std::sync::Arc;

/// Exports quarantined rows for correction, each once, sorted by feed and line.
#[derive(Clone, Debug)]
pub struct ExportQuarantine {
    /// The store of the quarantine.
    pub store: Arc<dyn ProductStore>,
    /// The feed whose rows are exported; `None` exports those of all feeds.
    pub feed: Option<String>,
}

/// A row in quarantine, with everything that was refused in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowToCorrect {
    /// The feed of the row.
    pub feed: String,
    /// The line at which it begins.
    pub line: u64,
    /// The row as it was refused last; `None` if nothing of it could be read.
    pub row: Option<Box<FeedRow>>,
    /// Its refusals, field by field, at least one; the row is not repeated there.
    pub refused: Vec<RefusedRow>,
    at: akin_entities::Timestamp,
}

/// The number of refusals read at a time, which bounds the memory.
const PAGE: usize = 1_000;

impl ExportQuarantine {
    /// Passes the rows to `write`, many at a time. An error of `write` ends the export.
    pub async fn run<E: From<PortError>>(
        &self,
        mut write: impl FnMut(Vec<RowToCorrect>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pages = QuarantinePages::new(self.store.clone(), self.feed.clone());
        // The next page may hold more refusals of this row.
        let mut last: Option<RowToCorrect> = None;
        loop {
            let page = pages.next(PAGE).await?;
            if page.is_empty() {
                break;
            }
            let mut whole = Vec::new();
            for kept in page {
                match last.as_mut().filter(|row| row.is_same_row(&kept)) {
                    Some(row) => row.add(kept),
                    None => whole.extend(last.replace(RowToCorrect::new(kept))),
                }
            }
            write(whole)?;
        }
        write(last.into_iter().collect())
    }
}

impl RowToCorrect {
    fn new(QuarantinedRow { feed, mut row, at }: QuarantinedRow) -> Self {
        Self { feed, line: row.line, row: row.row.take(), refused: vec![row], at }
    }

    fn is_same_row(&self, kept: &QuarantinedRow) -> bool {
        (&*self.feed, self.line) == (&*kept.feed, kept.row.line)
    }

    /// Adds another field of the same row. The row may have changed since one of them was refused.
    fn add(&mut self, kept: QuarantinedRow) {
        let QuarantinedRow { mut row, at, .. } = kept;
        let other = row.row.take();
        if at > self.at || (at == self.at && self.row.is_none()) {
            (self.row, self.at) = (other, at);
        }
        self.refused.push(row);
    }
}
