use crate::{IngestError, IngestSummary, RepeatedRow};
use akin_ports::RefusedRow;

/// The result of a run, or of a dry run.
#[derive(Debug, Default)]
pub struct CatalogueSummary {
    /// The counts over all feeds.
    pub rows: IngestSummary,
    /// The first refused rows of each feed, and the first values that were left out, with the feed's name.
    pub refused: Vec<(String, RefusedRow)>,
    /// The first repeated rows of each feed, with the feed's name.
    pub repeats: Vec<(String, RepeatedRow)>,
    /// The columns of each feed that are not read, with the feed's name.
    pub unread_columns: Vec<(String, Vec<String>)>,
    /// The number of products removed because complete feeds no longer name them.
    pub removed: u64,
    /// Products that were not removed although no feed names them.
    pub retained: Option<RetainedProducts>,
    /// Feeds that could not be read to the end; what was read of them is kept.
    pub unread: Vec<IngestError>,
}

/// Products that no feed names, kept because an unreadable row or feed may name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetainedProducts {
    /// The number of products.
    pub products: u64,
    /// The number of rows that identify no product; 0 if a whole feed was not read.
    pub rows: u64,
}

/// The result of a dry run.
#[derive(Debug, Default)]
pub struct DryRun {
    /// The changes to the store.
    pub summary: CatalogueSummary,
    /// The number of texts to embed.
    pub embedded: u64,
    /// The number of products of which only fields would be updated.
    pub updated_fields: u64,
    /// The reason why the run would change nothing.
    pub refusal: Option<IngestError>,
}

impl CatalogueSummary {
    /// Adds the counts of the feed of this name.
    pub(crate) fn add(&mut self, feed: &str, rows: IngestSummary) {
        self.rows.read += rows.read;
        self.rows.inserted += rows.inserted;
        self.rows.changed += rows.changed;
        self.rows.unchanged += rows.unchanged;
        self.rows.held_newer += rows.held_newer;
        self.rows.repeated += rows.repeated;
        self.rows.quarantined += rows.quarantined;
        self.rows.blanked += rows.blanked;
        if !rows.unread_columns.is_empty() {
            self.unread_columns.push((feed.to_owned(), rows.unread_columns));
        }
        self.refused.extend(rows.refused.into_iter().map(|row| (feed.to_owned(), row)));
        self.repeats.extend(rows.repeats.into_iter().map(|row| (feed.to_owned(), row)));
    }
}
