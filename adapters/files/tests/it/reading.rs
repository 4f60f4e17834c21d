//! Failing inputs, and consumers that leave.

use crate::support::{Broken, Options, RowFeed};
use akin_files::{FeedOptions, InputFeed, UnpackLimits};
use akin_ports::{ColumnFilter, ErrorKind, ProductFeed};
use feed_formats::Input;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Panics when it is read.
struct Panics;

impl Read for Panics {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("on purpose")
    }
}

/// Gives rows without end, until it is dropped.
struct Endless(#[expect(dead_code, reason = "it is dropped with the reader")] Arc<()>);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.iter_mut().zip(b"name\n".iter().cycle()).for_each(|(to, from)| *to = *from);
        Ok(buffer.len() / 5 * 5)
    }
}

#[tokio::test]
async fn rows_before_a_failed_read_are_returned_before_its_error() {
    let bytes = Cursor::new(b"name\nball\nbat\n").chain(Broken);
    let mut feed = RowFeed::start(&Options::default(), bytes);
    assert_eq!(feed.next_rows().await.unwrap().unwrap().len(), 2);
    let error = feed.next_rows().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    let report = error.report();
    assert!(report.contains("beyond byte 14: the cable was pulled"), "{report}");
    assert_eq!(feed.next_rows().await.unwrap(), None);
}

#[tokio::test]
async fn a_panic_is_not_taken_for_the_end_of_the_feed() {
    let mut feed = RowFeed::start(&Options::default(), Panics);
    assert_eq!(feed.next_rows().await.unwrap_err().kind, ErrorKind::Corrupt);
}

#[tokio::test]
async fn dropping_a_feed_stops_its_thread() {
    let life = Arc::new(());
    let mut feed = RowFeed::start(&Options::default(), Endless(Arc::clone(&life)));
    assert!(feed.next_rows().await.unwrap().is_some());
    drop(feed);
    let started = Instant::now();
    while Arc::strong_count(&life) > 1 {
        assert!(started.elapsed() < Duration::from_mins(1), "the thread is still reading");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[tokio::test]
async fn a_feed_that_unpacks_to_too_much_names_the_setting() {
    let text = format!("name\n{}", "ball\n".repeat(1_000));
    let packed = feed_fixtures::gzip(text.as_bytes());
    let limits = UnpackLimits { max_bytes: 100, ..UnpackLimits::default() };
    let options = FeedOptions { unpack_limits: limits, ..FeedOptions::default() };
    let input = Input::stream(Cursor::new(packed));
    let mut feed = InputFeed::start("a", input, options, &ColumnFilter::default()).unwrap();
    let error = loop {
        if let Err(error) = feed.next_batch().await {
            break error;
        }
    };
    assert_eq!(error.kind, ErrorKind::Refused);
    let report = error.report();
    assert!(report.contains("unpacks to more than 100 bytes"), "{report}");
    assert!(report.contains("raise --max-unpacked-bytes (AKIN_MAX_UNPACKED_BYTES)"), "{report}");
}
