use crate::error::FeedError;
use crate::spool::Spool;
use crate::{Options, from_reader, open};
use akin_ports::{FeedSource, PortResult, ProductFeed};
use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A feed that can be read again: a file from its beginning, and what is no file from what was
/// kept of it when it was read first, in the folder for temporary files.
pub struct FeedFile {
    path: PathBuf,
    options: Options,
    name: String,
    /// What was begun of a stream.
    spool: Mutex<Option<Spool>>,
}

impl FeedFile {
    /// The feed at `path`; `-` is the standard input.
    pub fn new(path: PathBuf, options: Options) -> Self {
        let is_input = path.as_os_str() == "-";
        let name = if is_input { INPUT.to_owned() } else { path.display().to_string() };
        Self { path, options, name, spool: Mutex::new(None) }
    }

    /// The stream that the feed is, begun or to be begun; `None` if it is a file, or is not there.
    fn spool(&self) -> Result<Option<Spool>, FeedError> {
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spool) = &*spool {
            return Ok(Some(spool.clone()));
        }
        let failed = |cause| FeedError::Open { name: self.name.clone(), cause };
        let stream: Box<dyn io::Read + Send> = if self.path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else if self.path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir()) {
            Box::new(File::open(&self.path).map_err(failed)?)
        } else {
            return Ok(None);
        };
        let begun = Spool::new(stream).map_err(failed)?;
        *spool = Some(begun.clone());
        Ok(Some(begun))
    }
}

/// What the standard input is called.
pub(crate) const INPUT: &str = "standard input";

impl FeedSource for FeedFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn open(&self) -> PortResult<Box<dyn ProductFeed>> {
        match self.spool()? {
            Some(spool) => from_reader(self.name.clone(), spool.reader(), &self.options),
            None => open(&self.path, &self.options),
        }
    }
}

impl fmt::Debug for FeedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedFile").field("path", &self.path).finish_non_exhaustive()
    }
}
