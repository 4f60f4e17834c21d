use crate::error::FileError;
use crate::spool::Spool;
use crate::token::token;
use crate::unchanged_file::{UnchangedFeed, UnchangedFile};
use akin_feed_records::{FeedOptions, Input, InputFeed};
use akin_ports::{
    ColumnFilter, FeedSource, FeedToken, OpenedFeed, PortError, PortResult, ProductFeed,
};
use async_trait::async_trait;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The path that stands for the standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// The name of a feed from standard input that has no other.
const STANDARD_INPUT_NAME: &str = "standard input";

/// A feed in a file. A pipe, such as the standard input, is kept in a temporary file as it is read, so
/// that it can be opened again.
#[derive(Debug)]
pub struct FeedFile {
    shared: Arc<Shared>,
}

/// The part that opening on another thread needs.
struct Shared {
    path: PathBuf,
    name: String,
    options: FeedOptions,
    /// The pipe, once it has been opened.
    spool: Mutex<Option<Spool>>,
}

/// The kind of file at the path.
enum Opened {
    File(File, UnchangedFile, Option<FeedToken>),
    Pipe(Spool),
}

impl FeedFile {
    /// Creates a source for the file at `path`; `-` is the standard input.
    pub fn new(path: PathBuf, options: impl Into<FeedOptions>) -> Self {
        let name = if is_standard_input(&path) {
            STANDARD_INPUT_NAME.to_owned()
        } else {
            path.display().to_string()
        };
        Self::named(name, path, options)
    }

    /// Creates a source for the file at `path` that is called `name` in messages and in the quarantine.
    pub fn named(name: String, path: PathBuf, options: impl Into<FeedOptions>) -> Self {
        let (options, spool) = (options.into(), Mutex::new(None));
        Self { shared: Arc::new(Shared { path, name, options, spool }) }
    }
}

#[async_trait]
impl FeedSource for FeedFile {
    fn name(&self) -> &str {
        &self.shared.name
    }

    async fn open(
        &self,
        columns: &ColumnFilter,
        known: Option<&FeedToken>,
    ) -> PortResult<OpenedFeed> {
        let (shared, columns) = (self.shared.clone(), columns.clone());
        let known = known.cloned();
        // A network drive may take long to open a file.
        let opening = tokio::task::spawn_blocking(move || shared.open(&columns, known.as_ref()));
        match opening.await {
            Ok(opened) => opened,
            Err(error) => Err(PortError::new("feed", akin_ports::ErrorKind::Corrupt, error)),
        }
    }
}

impl Shared {
    fn open(&self, columns: &ColumnFilter, known: Option<&FeedToken>) -> PortResult<OpenedFeed> {
        let (input, file, token) = match self.locate()? {
            Opened::File(_, _, token) if token.is_some() && token.as_ref() == known => {
                return Ok(OpenedFeed::Unchanged);
            }
            Opened::File(file, unchanged, token) => (Input::file(file), Some(unchanged), token),
            Opened::Pipe(spool) => (Input::stream(spool.reader()), None, None),
        };
        let feed = InputFeed::start(&*self.name, input, self.options, columns)?;
        let feed: Box<dyn ProductFeed> = match file {
            Some(file) => Box::new(UnchangedFeed { feed, file: Some(file) }),
            None => Box::new(feed),
        };
        Ok(OpenedFeed::Opened { feed, token })
    }

    /// Opens the file, or begins or finds the spool of the pipe.
    fn locate(&self) -> Result<Opened, FileError> {
        let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spool) = &*spool {
            return Ok(Opened::Pipe(spool.clone()));
        }
        let failed = |cause| FileError::Open { name: self.name.clone(), cause };
        let pipe: Box<dyn Read + Send> = if is_standard_input(&self.path) {
            Box::new(io::stdin())
        } else {
            let file = File::open(&self.path).map_err(failed)?;
            let metadata = file.metadata().map_err(failed)?;
            if metadata.is_dir() {
                return Err(FileError::Directory(self.name.clone()));
            }
            if metadata.is_file() {
                let token = token(&metadata, SystemTime::now());
                let unchanged = UnchangedFile::new(&file, &metadata).map_err(failed)?;
                return Ok(Opened::File(file, unchanged, token));
            }
            Box::new(file)
        };
        let started = Spool::new(pipe).map_err(failed)?;
        *spool = Some(started.clone());
        Ok(Opened::Pipe(started))
    }
}

pub(crate) fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == STANDARD_INPUT
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("path", &self.path).finish_non_exhaustive()
    }
}
