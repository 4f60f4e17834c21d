//! Feeds in memory, and what they give.

pub(crate) mod written;

use akin_feeds::{Format, Options};
use akin_ports::{FeedItem, FeedRow, PortError, PortResult};
use std::error::Error;
use std::io::{Cursor, Read};

/// Hands bytes out in pieces of the given size, as a slow pipe does.
pub(crate) struct Pieces(pub(crate) Cursor<Vec<u8>>, pub(crate) usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = self.1.min(buffer.len());
        self.0.read(&mut buffer[..size])
    }
}

/// Everything that a feed gives whose content tells its format.
pub(crate) async fn read(bytes: impl Read + Send + 'static) -> PortResult<Vec<FeedItem>> {
    read_as(None, bytes).await
}

/// Everything that a feed of this format gives.
pub(crate) async fn read_as(
    format: Option<Format>,
    bytes: impl Read + Send + 'static,
) -> PortResult<Vec<FeedItem>> {
    read_with(&Options { format, ..Options::default() }, bytes).await
}

/// Everything that a feed gives of which this is known.
pub(crate) async fn read_with(
    options: &Options,
    bytes: impl Read + Send + 'static,
) -> PortResult<Vec<FeedItem>> {
    let mut feed = akin_feeds::from_reader("feed.csv", bytes, options)?;
    let mut items = Vec::new();
    while let Some(batch) = feed.next_batch().await? {
        assert!(!batch.is_empty(), "a batch holds something");
        items.extend(batch);
    }
    assert_eq!(feed.next_batch().await?, None, "the end stays the end");
    Ok(items)
}

/// All items of a text.
pub(crate) async fn items_of(text: &str) -> Vec<FeedItem> {
    read(Cursor::new(text.as_bytes().to_vec())).await.expect("a feed")
}

/// All rows of a text in which nothing is wrong.
pub(crate) async fn rows_of(text: &str) -> Vec<FeedRow> {
    items_of(text).await.into_iter().map(|item| item.expect("a row")).collect()
}

/// What is said about bytes that are no feed.
pub(crate) async fn error_of(bytes: &[u8]) -> String {
    told(&read(Cursor::new(bytes.to_vec())).await.expect_err("no feed"))
}

/// An error with its causes.
pub(crate) fn told(error: &PortError) -> String {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    format!("{error}: {source}")
}
