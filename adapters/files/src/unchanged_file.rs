use crate::error::FileError;
use akin_ports::{ErrorKind, PortError, PortResult};
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
