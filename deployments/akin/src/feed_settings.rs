//! Which feeds are read, and how.

use crate::settings::BadSettings;
use feeds::{BadColumnMap, ColumnMap, FeedFile, Format, Options};
use ports::FeedSource;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The feeds of a command.
#[derive(Debug, clap::Args)]
pub(crate) struct FeedSettings {
    /// The feeds: CSV, JSON Lines, Google Merchant XML or Parquet files, plain or compressed by
    /// gzip or zstd; patterns of them in quotes; `-` for standard input.
    #[arg(required = true, value_name = "FEED")]
    feeds: Vec<PathBuf>,

    /// How the feeds are written: csv (or tsv), jsonl, xml, parquet. Their content tells if this
    /// is left out.
    #[arg(long = "format", env = "AKIN_FEED_FORMAT", value_name = "FORMAT")]
    feed_format: Option<Format>,

    /// What columns give which fields, as `cost=actual_price,size=attributes`, or a file with one
    /// such pair a line. `id=` leaves a column out.
    #[arg(long, env = "AKIN_FEED_MAP", value_name = "MAP", value_parser = column_map)]
    map: Option<ColumnMap>,
}

impl FeedSettings {
    /// The feeds that are named. Paths that lead to nothing are refused all at once, before
    /// anything is begun.
    pub(crate) fn sources(&self) -> Result<Vec<Arc<dyn FeedSource>>, BadSettings> {
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        for path in &self.feeds {
            match feeds::files(path) {
                Ok(found) => files.extend(found),
                Err(error) => problems.push(error.to_string()),
            }
        }
        BadSettings::refuse(problems)?;
        let map = self.map.clone().unwrap_or_default();
        let options = Options { format: self.feed_format, map };
        let source = |file| Arc::new(FeedFile::new(file, options.clone())) as Arc<dyn FeedSource>;
        Ok(files.into_iter().map(source).collect())
    }
}

fn column_map(text: &str) -> Result<ColumnMap, BadColumnMap> {
    let path = Path::new(text);
    if path.is_file() || !text.contains('=') { ColumnMap::read(path) } else { text.parse() }
}
