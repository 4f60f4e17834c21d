use crate::error::FileError;
use akin_feed_records::InputFeed;
use akin_ports::{ErrorKind, FeedBatch, FeedProgress, PortError, PortResult, ProductFeed};
use async_trait::async_trait;
use std::fs::{File, Metadata};
use std::io;
use std::time::SystemTime;

/// An open file that is expected to keep its content. Another file of its name does not matter.
#[derive(Debug)]
pub(crate) struct UnchangedFile {
    file: File,
    length: u64,
    modified: Option<SystemTime>,
}

/// A feed in a file, which ends with an error as soon as the file changes: it gives no row of another
/// content.
#[derive(Debug)]
pub(crate) struct UnchangedFeed {
    pub(crate) feed: InputFeed,
    /// `None` once the file has changed.
    pub(crate) file: Option<UnchangedFile>,
}

#[async_trait]
impl ProductFeed for UnchangedFeed {
    fn name(&self) -> &str {
        self.feed.name()
    }

    async fn next_batch(&mut self) -> PortResult<Option<FeedBatch>> {
        let batch = self.feed.next_batch().await;
        // After the batch has been read, so that all its bytes are of the content that was opened. It
        // also explains an error: the end of a file that is being rewritten is cut off.
        if let Some(file) = self.file.take() {
            self.file = Some(file.check(self.feed.name()).await?);
        }
        batch
    }

    fn progress(&self) -> FeedProgress {
        self.feed.progress()
    }
}

impl UnchangedFile {
    /// Creates a guard of the content that `metadata` describes.
    pub(crate) fn new(file: &File, metadata: &Metadata) -> io::Result<Self> {
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        Ok(Self { file: file.try_clone()?, length, modified })
    }

    /// Returns the guard if the file has not been written to.
    pub(crate) async fn check(self, name: &str) -> PortResult<Self> {
        // A network drive may take long.
        let checked = tokio::task::spawn_blocking(move || {
            let metadata = self.file.metadata()?;
            let is_same =
                metadata.len() == self.length && metadata.modified().ok() == self.modified;
            io::Result::Ok((self, is_same))
        });
        let checked =
            checked.await.map_err(|error| PortError::new("feed", ErrorKind::Corrupt, error))?;
        match checked {
            Ok((file, true)) => Ok(file),
            Ok((_, false)) => Err(FileError::Changed(name.to_owned()).into()),
            Err(cause) => Err(FileError::Open { name: name.to_owned(), cause }.into()),
        }
    }
}
