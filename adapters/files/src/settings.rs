use crate::feed_file::is_standard_input;
use crate::{FeedFile, Format, find_feeds};
use std::path::PathBuf;

/// Which files are read, and in which format.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has `Settings`; clap refuses two groups of one name.
pub struct Settings {
    /// The feeds: CSV, JSON Lines, Google Merchant XML or Parquet files, plain or compressed by
    /// gzip or zstd; patterns of them in quotes; `-` for standard input.
    #[arg(required = true, value_name = "FEED")]
    pub feeds: Vec<PathBuf>,

    /// How the feeds are written: csv (or tsv), jsonl, xml, parquet. Their content tells if this
    /// is left out.
    #[arg(long = "format", env = "AKIN_FEED_FORMAT", value_name = "FORMAT")]
    pub feed_format: Option<Format>,
}

impl Settings {
    /// Returns the feeds in the order of the settings, or what is wrong with each path that names
    /// none.
    pub fn sources(&self) -> Result<Vec<FeedFile>, Vec<String>> {
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        for path in &self.feeds {
            match find_feeds(path) {
                Ok(found) => files.extend(found),
                Err(error) => problems.push(error.to_string()),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(files.into_iter().map(|file| FeedFile::new(file, self.feed_format)).collect())
    }

    /// Returns whether the standard input is read, which ends once.
    pub fn has_standard_input(&self) -> bool {
        self.feeds.iter().any(|path| is_standard_input(path))
    }
}
