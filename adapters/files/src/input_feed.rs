use crate::error::FileError;
use crate::records::feed_batch;
use akin_ports::{ColumnFilter, FeedBatch, FeedProgress, PortResult, ProductFeed};
use async_trait::async_trait;
use feed_formats::{Format, Input, NameFilter, Options, ReadAhead};

/// The feed in an opened input, read ahead on its own thread. Dropping it stops the thread.
#[derive(Debug)]
pub struct InputFeed {
    name: String,
    progress: FeedProgress,
    batches: ReadAhead,
}

impl InputFeed {
    /// Starts to read the feed, and calls it `name` in messages. The format is detected unless it is
    /// given.
    pub fn start(
        name: impl Into<String>,
        mut input: Input,
        format: Option<Format>,
        columns: &ColumnFilter,
    ) -> PortResult<Self> {
        let (name, length) = (name.into(), input.length());
        let total = length.map_err(|cause| FileError::Open { name: name.clone(), cause })?;
        let columns = columns.clone();
        let names = NameFilter::new(move |name| columns.selects(name));
        let batches =
            ReadAhead::start(input, Options { format, names }).map_err(FileError::from)?;
        Ok(Self { name, progress: FeedProgress { read: 0, total }, batches })
    }
}

#[async_trait]
impl ProductFeed for InputFeed {
    fn name(&self) -> &str {
        &self.name
    }

    async fn next_batch(&mut self) -> PortResult<Option<FeedBatch>> {
        let batch = self.batches.next_batch().await.map_err(FileError::from)?;
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
