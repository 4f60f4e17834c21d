use crate::{FeedBatch, PortError, PortResult};
use async_trait::async_trait;
use std::fmt::{self, Debug};
use std::sync::Arc;

/// Reads a product feed, a batch of records at a time, in bounded memory.
#[async_trait]
pub trait ProductFeed: Debug + Send {
    /// Returns the name of the feed for messages: usually its file.
    fn name(&self) -> &str;

    /// Returns the next records, or `None` at the end. A malformed record is an item of the batch; an
    /// error ends the feed.
    ///
    /// A feed with a header gives at least one batch, even if it has no record.
    async fn next_batch(&mut self) -> PortResult<Option<FeedBatch>>;

    /// Returns how far the feed has been read.
    fn progress(&self) -> FeedProgress;
}

/// A feed that can be opened more than once, so that its content is known before anything is changed.
#[async_trait]
pub trait FeedSource: Debug + Send + Sync {
    /// Returns the name that [`ProductFeed::name`] will return.
    fn name(&self) -> &str;

    /// Opens the feed at its beginning, to read the values that `columns` selects.
    ///
    /// The feed returns only the content that was opened: if that is replaced or rewritten while it is
    /// read, the feed continues with the old content or ends with an error.
    ///
    /// With the token of an earlier opening, also of another process, it answers
    /// [`OpenedFeed::Unchanged`] if the content is still the same, and opens the feed if it has changed
    /// or this is unknown.
    async fn open(
        &self,
        columns: &ColumnFilter,
        known: Option<&FeedToken>,
    ) -> PortResult<OpenedFeed>;
}

/// The answer of [`FeedSource::open`].
#[derive(Debug)]
pub enum OpenedFeed {
    /// The content is that of the known token.
    Unchanged,
    /// The content is to be read.
    Opened {
        /// The feed, at its beginning.
        feed: Box<dyn ProductFeed>,
        /// Names the content; `None` if the source cannot tell whether it changes.
        token: Option<FeedToken>,
    },
}

/// Names the content of a feed, as an `ETag` does: equal tokens of a source mean equal content, and
/// content that is opened again has the same token or none. Only the source that gave it out can
/// interpret it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedToken(pub String);

/// Selects by name the values of a feed to read, so that a source may skip the others. The default
/// selects all.
#[derive(Clone, Default)]
pub struct ColumnFilter(Option<Arc<Selects>>);

type Selects = dyn Fn(&str) -> bool + Send + Sync;

/// The progress of reading a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedProgress {
    /// Bytes read.
    pub read: u64,
    /// Bytes in all, if known.
    pub total: Option<u64>,
}

impl OpenedFeed {
    /// Returns the feed of a source that was opened without a known token; an error if the source
    /// still answers that it is unchanged.
    pub fn into_feed(self) -> PortResult<Box<dyn ProductFeed>> {
        match self {
            Self::Opened { feed, .. } => Ok(feed),
            Self::Unchanged => Err(PortError::new(
                "feed",
                crate::ErrorKind::Corrupt,
                "it is unchanged since a token that was not given",
            )),
        }
    }
}

impl ColumnFilter {
    /// Creates a filter that selects the names for which `selects` is true.
    pub fn new(selects: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(selects)))
    }

    /// Returns whether values of this name are read.
    pub fn selects(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|selects| selects(name))
    }
}

impl Debug for ColumnFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "ColumnFilter(some)" } else { "ColumnFilter(all)" })
    }
}
