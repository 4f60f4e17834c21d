use crate::ContentError;
use crate::records::feed_batch;
use akin_ports::{ColumnFilter, FeedBatch, FeedProgress, PortResult, ProductFeed};
use async_trait::async_trait;
use feed_formats::{Format, Input, NameFilter, Options, ReadAhead, TextEncoding, UnpackLimits};

/// The way in which a feed is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct FeedOptions {
    /// The format; `None` detects it from the content.
    pub format: Option<Format>,
    /// The encoding of texts; `None` detects it from the content.
    pub encoding: Option<TextEncoding>,
    /// The limits of what compressed data may become.
    pub unpack_limits: UnpackLimits,
}

impl From<Option<Format>> for FeedOptions {
    fn from(format: Option<Format>) -> Self {
        Self { format, ..Self::default() }
    }
}

/// The feed in an opened input, read ahead on its own thread. Dropping it stops the thread.
#[derive(Debug)]
pub struct InputFeed {
    name: String,
    progress: FeedProgress,
    batches: ReadAhead,
}

impl InputFeed {
    /// Starts to read the feed, and calls it `name` in messages.
    pub fn start(
        name: impl Into<String>,
        mut input: Input,
        options: impl Into<FeedOptions>,
        columns: &ColumnFilter,
    ) -> PortResult<Self> {
        let name = name.into();
        // If the beginning cannot be read, the first batch tells it.
        let total = input.length().ok().flatten();
        let FeedOptions { format, encoding, unpack_limits } = options.into();
        let columns = columns.clone();
        let names = NameFilter::new(move |name| columns.selects(name));
        let options = Options { format, encoding, names, unpack_limits };
        let batches = ReadAhead::start(input, options).map_err(ContentError::from)?;
        Ok(Self { name, progress: FeedProgress { read: 0, total }, batches })
    }
}

#[async_trait]
impl ProductFeed for InputFeed {
    fn name(&self) -> &str {
        &self.name
    }

    async fn next_batch(&mut self) -> PortResult<Option<FeedBatch>> {
        let batch = self.batches.next_batch().await.map_err(ContentError::from)?;
        self.progress.read = match &batch {
            Some(batch) => batch.bytes_read,
            None => self.progress.total.unwrap_or(self.progress.read),
        };
        Ok(batch.map(feed_batch))
    }

    fn progress(&self) -> FeedProgress {
        self.progress
    }
}
