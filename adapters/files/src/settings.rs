use crate::feed_file::is_standard_input;
use crate::{FeedFile, Format, find_feeds};
use std::path::PathBuf;

/// The files to read, and their format.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has `Settings`; clap refuses two groups of one name.
pub struct Settings {
    /// The feeds: CSV, JSON Lines, Google Merchant XML or Parquet files, plain or compressed with
    /// gzip or zstd; quoted patterns; `-` for standard input.
    #[arg(required = true, value_name = "FEED")]
    pub feeds: Vec<PathBuf>,

    /// The format of the feeds: csv (or tsv), jsonl, xml, parquet; detected from the content by
    /// default.
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

    /// Returns whether standard input is read, which can be read only once.
    pub fn has_standard_input(&self) -> bool {
        self.feeds.iter().any(|path| is_standard_input(path))
    }
}
