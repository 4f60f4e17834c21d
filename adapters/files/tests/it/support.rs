//! Feeds in memory and in files, and the rows that they give.

use akin_contracts::feed::Written;
use akin_files::{Format, InputFeed};
use akin_ports::{ErrorKind, FeedItem, FeedRow, PortError, PortResult, ProductFeed};
use akin_usecases::{ColumnMap, RowReader};
use feed_fixtures::Table;
use feed_formats::Input;

use std::io::{self, Cursor, Read};

/// Fails when it is read.
pub(crate) struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable was pulled"))
    }
}

/// The settings with which a feed is read.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) format: Option<Format>,
    pub(crate) map: ColumnMap,
}

/// A feed whose records are read as rows.
pub(crate) struct RowFeed {
    pub(crate) feed: InputFeed,
    pub(crate) reader: RowReader,
}

impl RowFeed {
    pub(crate) fn start(options: &Options, bytes: impl Read + Send + 'static) -> Self {
        let reader = RowReader::new(options.map.clone());
        let (input, columns) = (Input::stream(bytes), reader.column_filter());
        let feed = InputFeed::start("feed.csv", input, options.format, &columns).unwrap();
        Self { feed, reader }
    }

    /// Returns the next rows; only the first may be none.
    pub(crate) async fn next_rows(&mut self) -> PortResult<Option<Vec<FeedItem>>> {
        let Some(batch) = self.feed.next_batch().await? else {
            let last = self.reader.finish();
            return Ok((!last.is_empty()).then_some(last));
        };
        let rows = self.reader.read(&batch);
        rows.map(Some).map_err(|error| PortError::new("feed", ErrorKind::Refused, error))
    }
}

/// Returns a table of the rows, by the fields' own names.
pub(crate) fn table(rows: &[Written]) -> Table {
    let texts = |row: &Written| match row {
        Written::Row(row) => Some(row.texts().map(str::to_owned).to_vec()),
        Written::Malformed => None,
    };
    Table {
        columns: FeedRow::COLUMNS.map(str::to_owned).to_vec(),
        rows: rows.iter().map(texts).collect(),
    }
}

/// Reads a feed whose format is detected.
pub(crate) async fn read(bytes: impl Read + Send + 'static) -> PortResult<Vec<FeedItem>> {
    read_with(&Options::default(), bytes).await
}

/// Reads a feed with these options.
pub(crate) async fn read_with(
    options: &Options,
    bytes: impl Read + Send + 'static,
) -> PortResult<Vec<FeedItem>> {
    let mut feed = RowFeed::start(options, bytes);
    let (mut items, mut is_first) = (Vec::new(), true);
    while let Some(batch) = feed.next_rows().await? {
        assert!(is_first || !batch.is_empty(), "a batch has no row");
        is_first = false;
        items.extend(batch);
    }
    assert_eq!(feed.next_rows().await?, None, "the end is final");
    Ok(items)
}

/// Reads all items of a text.
pub(crate) async fn items_of(text: &str) -> Vec<FeedItem> {
    read(Cursor::new(text.as_bytes().to_vec())).await.expect("a feed")
}

/// Reads all rows of a text without a refused row.
pub(crate) async fn rows_of(text: &str) -> Vec<FeedRow> {
    items_of(text).await.into_iter().map(|item| item.expect("a row")).collect()
}

/// Returns the error about bytes that are not a feed.
pub(crate) async fn error_of(bytes: &[u8]) -> String {
    read(Cursor::new(bytes.to_vec())).await.expect_err("no feed").report()
}
