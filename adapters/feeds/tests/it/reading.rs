//! How a feed treats whatever it reads from, and whoever reads it.

use akin_feeds::Options;
use akin_ports::ErrorKind;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Breaks when it is read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable was pulled"))
    }
}

/// Has a defect.
struct Panics;

impl Read for Panics {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("a defect, on purpose")
    }
}

/// Gives rows for ever, and is known to be alive.
struct Endless(#[expect(dead_code, reason = "it is dropped with the reader")] Arc<()>);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.iter_mut().zip(b"name\n".iter().cycle()).for_each(|(to, from)| *to = *from);
        Ok(buffer.len() / 5 * 5)
    }
}

#[tokio::test]
async fn the_rows_before_a_broken_read_arrive_before_its_error() {
    let bytes = Cursor::new(b"name\nball\nbat\n").chain(Broken);
    let mut feed = akin_feeds::from_reader("feed.csv", bytes, &Options::default()).unwrap();
    assert_eq!(feed.next_batch().await.unwrap().unwrap().len(), 2);
    let error = feed.next_batch().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(
        crate::support::told(&error).contains("beyond byte 14: the cable was pulled"),
        "{error:?}"
    );
    assert_eq!(feed.next_batch().await.unwrap(), None);
}

#[tokio::test]
async fn a_defect_is_never_taken_for_the_end_of_the_feed() {
    let mut feed = akin_feeds::from_reader("feed.csv", Panics, &Options::default()).unwrap();
    assert_eq!(feed.next_batch().await.unwrap_err().kind, ErrorKind::Corrupt);
}

#[tokio::test]
async fn dropping_a_feed_stops_its_thread() {
    let life = Arc::new(());
    let mut feed =
        akin_feeds::from_reader("feed.csv", Endless(Arc::clone(&life)), &Options::default())
            .unwrap();
    assert!(feed.next_batch().await.unwrap().is_some());
    drop(feed);
    let begun = Instant::now();
    while Arc::strong_count(&life) > 1 {
        assert!(begun.elapsed() < Duration::from_mins(1), "the thread goes on reading");
        std::thread::sleep(Duration::from_millis(1));
    }
}
