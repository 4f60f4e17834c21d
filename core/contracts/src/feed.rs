//! The contract of [`ProductFeed`]: what a reader of a format makes of rows that were written in it.

use akin_ports::{FeedItem, FeedRow, ProductFeed};
use std::fmt;

/// Feeds of a format: the functions that an adapter's test gives.
#[derive(Clone, Copy)]
pub struct Format {
    /// The feed of this name that holds these rows.
    pub written: fn(&str, &[Written]) -> Box<dyn ProductFeed>,
    /// The feed of this name that cannot be read beyond these rows.
    pub cut_off: fn(&str, &[Written]) -> Box<dyn ProductFeed>,
}

/// A row as it is to stand in a feed.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "the rows of a test are few")]
pub enum Written {
    /// One that can be read. Its line does not count.
    Row(FeedRow),
    /// One that the format cannot be read as.
    Nonsense,
}

/// A test of each rule, against feeds that `$written(name, rows)` and `$cut_off(name, rows)`
/// return; see [`Format`]. The attributes go to each test.
#[macro_export]
macro_rules! product_feed_contract {
    ($written:path, $cut_off:path $(, $attribute:meta)*) => {
        $crate::rules!(
            feed, ($crate::feed::Format { written: $written, cut_off: $cut_off }), [$($attribute),*],
            a_row_comes_as_it_was_written,
            unusual_texts_come_as_they_were_written,
            rows_come_once_and_in_their_order,
            a_large_feed_comes_in_many_batches,
            a_bad_row_is_an_item_between_the_others,
            lines_are_counted_upwards_from_one,
            a_feed_without_rows_ends_at_once,
            the_end_stays_the_end,
            progress_grows_to_the_total,
            a_feed_that_cannot_be_read_further_says_so_and_ends,
            the_feed_has_its_name,
        );
    };
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Format").finish_non_exhaustive()
    }
}

fn row(number: usize) -> FeedRow {
    FeedRow {
        product_id: number.to_string(),
        name: format!("Product {number}"),
        ..FeedRow::default()
    }
}

fn rows(count: usize) -> Vec<Written> {
    (0..count).map(|number| Written::Row(row(number))).collect()
}

/// All items of the feed; no batch is empty.
async fn read(feed: &mut dyn ProductFeed) -> Vec<FeedItem> {
    let mut items = Vec::new();
    while let Some(batch) = feed.next_batch().await.unwrap() {
        assert!(!batch.is_empty(), "a batch holds something");
        items.extend(batch);
    }
    items
}

/// The row without its line, which a format counts as it likes.
fn content(item: &FeedItem) -> FeedRow {
    FeedRow { line: 0, ..item.clone().unwrap() }
}

/// Every column.
pub async fn a_row_comes_as_it_was_written(format: &Format) {
    let text = |name: &str| format!("the {name}");
    let full = FeedRow {
        line: 0,
        product_id: text("id"),
        name: text("name"),
        main_category: text("department"),
        sub_category: text("shelf"),
        brand: text("maker"),
        description: text("description"),
        attributes: text("attributes"),
        image: text("image"),
        link: text("link"),
        ratings: "4.5".into(),
        no_of_ratings: "1,234".into(),
        discount_price: "₹617.50".into(),
        actual_price: "₹1,24,999".into(),
    };
    let bare = FeedRow { name: "no more than a name".into(), ..FeedRow::default() };
    let written = [full, bare];
    let mut feed = (format.written)("feed", &written.clone().map(Written::Row));
    let items = read(&mut *feed).await;
    assert_eq!(items.iter().map(content).collect::<Vec<_>>(), written);
}

/// Quotes, separators, line breaks, characters of four bytes, 100 kB.
pub async fn unusual_texts_come_as_they_were_written(format: &Format) {
    let long = "a tripod that stands, ".repeat(100_000 / 22);
    let texts = [
        "it's a \"tripod\"",
        "\"\"",
        "a, b; c\td | e",
        "two\nlines",
        "back\\slash \\n \\",
        "<b>&amp;</b>",
        "{\"json\": [1]}",
        "\u{1f600}\u{20bb7} é e\u{301} größe 電話",
        "=1+1",
        "NULL",
        "#not a comment",
        long.trim_end(),
    ];
    let strange = texts.map(|text| FeedRow {
        name: "strange".into(),
        description: text.into(),
        brand: text.into(),
        ..FeedRow::default()
    });
    let mut feed = (format.written)("feed", &strange.clone().map(Written::Row));
    let items = read(&mut *feed).await;
    assert_eq!(items.len(), strange.len());
    for (item, written) in items.iter().zip(&strange) {
        assert!(content(item) == *written, "{:.80?} has changed", written.brand);
    }
}

/// None is lost where one batch ends and the next begins.
pub async fn rows_come_once_and_in_their_order(format: &Format) {
    let mut feed = (format.written)("feed", &rows(5_000));
    let items = read(&mut *feed).await;
    assert!(items.iter().map(content).eq((0..5_000).map(row)));
}

/// Memory does not grow with the feed.
pub async fn a_large_feed_comes_in_many_batches(format: &Format) {
    let mut feed = (format.written)("feed", &rows(20_000));
    let (mut batches, mut largest) = (0, 0);
    while let Some(batch) = feed.next_batch().await.unwrap() {
        batches += 1;
        largest = largest.max(batch.len());
    }
    assert!(batches > 2 && largest < 10_000, "{batches} batches, {largest} rows in one");
}

/// It says where it stands and what is wrong; the rows around it are read.
pub async fn a_bad_row_is_an_item_between_the_others(format: &Format) {
    let written = [
        Written::Row(row(1)),
        Written::Nonsense,
        Written::Row(row(2)),
        Written::Nonsense,
        Written::Row(row(3)),
    ];
    let mut feed = (format.written)("feed", &written);
    let items = read(&mut *feed).await;
    let states: Vec<_> = items.iter().map(Result::is_ok).collect();
    assert_eq!(states, [true, false, true, false, true]);
    let mut last = 0;
    for item in &items {
        let line = item.as_ref().map_or_else(|refused| refused.line, |row| row.line);
        assert!(line > last, "line {line} behind line {last}");
        last = line;
        if let Err(refused) = item {
            assert!(!refused.reason.is_empty());
        }
    }
}

/// An editor shows the row there.
pub async fn lines_are_counted_upwards_from_one(format: &Format) {
    let mut feed = (format.written)("feed", &rows(3_000));
    let items = read(&mut *feed).await;
    let lines: Vec<_> = items.iter().map(|item| item.as_ref().unwrap().line).collect();
    assert!(lines[0] >= 1 && lines.is_sorted_by(|a, b| a < b));
}

/// No row is no error.
pub async fn a_feed_without_rows_ends_at_once(format: &Format) {
    let mut feed = (format.written)("feed", &[]);
    assert!(read(&mut *feed).await.is_empty());
}

/// However often one asks.
pub async fn the_end_stays_the_end(format: &Format) {
    let mut feed = (format.written)("feed", &rows(3));
    assert_eq!(read(&mut *feed).await.len(), 3);
    assert_eq!(feed.next_batch().await.unwrap(), None);
    assert_eq!(feed.next_batch().await.unwrap(), None);
}

/// Never backwards, and never beyond it.
pub async fn progress_grows_to_the_total(format: &Format) {
    let mut feed = (format.written)("feed", &rows(5_000));
    assert_eq!(feed.progress().read, 0);
    let mut last = 0;
    while feed.next_batch().await.unwrap().is_some() {
        let progress = feed.progress();
        assert!(progress.read > last, "{} behind {last}", progress.read);
        last = progress.read;
    }
    let progress = feed.progress();
    assert!(progress.read >= last);
    assert!(progress.total.is_none_or(|total| total == progress.read), "{progress:?}");
}

/// What was read before counts; the error comes once.
pub async fn a_feed_that_cannot_be_read_further_says_so_and_ends(format: &Format) {
    let mut feed = (format.cut_off)("feed", &rows(4_000));
    let mut items = Vec::new();
    let error = loop {
        match feed.next_batch().await {
            Ok(batch) => items.extend(batch.expect("it ended as if it were whole")),
            Err(error) => break error,
        }
    };
    assert!(!error.report().is_empty());
    assert!(items.iter().map(content).eq((0..items.len()).map(row)), "those before are whole");
    assert_eq!(feed.next_batch().await.unwrap(), None);
}

/// As messages call it.
pub async fn the_feed_has_its_name(format: &Format) {
    let mut feed = (format.written)("shop.csv", &rows(1));
    assert_eq!(feed.name(), "shop.csv");
    read(&mut *feed).await;
    assert_eq!(feed.name(), "shop.csv");
}
