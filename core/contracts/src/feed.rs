//! The contract of [`ProductFeed`]: a format gives the rows that were written in it.

use akin_ports::{
    FeedBatch, FeedItem, FeedRecord, FeedRecordValue, FeedRow, FeedValue, ProductFeed, RefusedRow,
};
use std::fmt;

/// Writes feeds of a format: the functions of an adapter's test.
#[derive(Clone, Copy)]
pub struct FeedWriter {
    /// Returns a feed of this name with these rows.
    pub written: fn(&str, &[Written]) -> Box<dyn ProductFeed>,
    /// Returns a feed of this name that breaks off within these rows.
    pub cut_off: fn(&str, &[Written]) -> Box<dyn ProductFeed>,
}

/// A row to be written.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "the rows of a test are few")]
pub enum Written {
    /// A row that can be read. Its line is ignored.
    Row(FeedRow),
    /// A malformed row.
    Malformed,
}

/// A test of each rule, against feeds that `$written(name, rows)` and `$cut_off(name, rows)`
/// return; see [`FeedWriter`]. The attributes go to each test.
#[macro_export]
macro_rules! product_feed_contract {
    ($written:path, $cut_off:path $(, $attribute:meta)*) => {
        $crate::rules!(
            feed, ($crate::feed::FeedWriter { written: $written, cut_off: $cut_off }), [$($attribute),*],
            a_row_is_read_as_it_was_written,
            unusual_texts_are_read_as_they_were_written,
            each_row_is_read_once_and_in_order,
            a_large_feed_is_read_in_many_batches,
            a_malformed_row_is_an_item_between_the_others,
            lines_increase_from_one,
            a_feed_without_rows_has_no_items,
            the_end_is_final,
            progress_grows_to_the_total,
            a_feed_that_breaks_off_ends_with_one_error,
            the_feed_has_its_name,
        );
    };
}

impl fmt::Debug for FeedWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedWriter").finish_non_exhaustive()
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

/// Reads all items of a feed. Only the first batch may be empty.
pub(crate) async fn read(feed: &mut dyn ProductFeed) -> Vec<FeedItem> {
    let mut items = Vec::new();
    let mut is_first = true;
    while let Some(batch) = feed.next_batch().await.unwrap() {
        assert!(is_first || !batch.records.is_empty(), "a batch has no record");
        is_first = false;
        items.extend(rows_of(&batch));
    }
    items
}

/// Reads the records of a batch whose names are those of [`FeedRow::COLUMNS`].
fn rows_of(batch: &FeedBatch) -> Vec<FeedItem> {
    let mut items = Vec::new();
    for record in &batch.records {
        items.push(match record {
            Ok(record) => row_of(batch, record),
            Err(unreadable) => Err(refused(unreadable.line, &unreadable.reason)),
        });
    }
    items
}

fn row_of(batch: &FeedBatch, record: &FeedRecord) -> FeedItem {
    let mut texts = Vec::new();
    for (position, value) in &batch.values[record.values.clone()] {
        let text = match value {
            FeedRecordValue::Text(range) | FeedRecordValue::Number(range) => {
                &batch.text[range.clone()]
            }
            FeedRecordValue::Other(FeedValue::Text(text) | FeedValue::Number(text)) => text,
            FeedRecordValue::Other(FeedValue::Unreadable(value)) => {
                return Err(refused(record.line, &value.reason));
            }
            FeedRecordValue::Other(FeedValue::List(_) | FeedValue::Object(_)) => {
                return Err(refused(record.line, "a nested value"));
            }
        };
        texts.push((&batch.names[*position], text.to_owned()));
    }
    Ok(FeedRow::from_texts(record.line, texts))
}

fn refused(line: u64, reason: &str) -> RefusedRow {
    let reason = reason.to_owned();
    RefusedRow {
        line,
        is_kept: false,
        field: String::new(),
        value: String::new(),
        reason,
        row: None,
    }
}

/// Returns the row without its line, which depends on the format.
fn content(item: &FeedItem) -> FeedRow {
    FeedRow { line: 0, ..item.clone().unwrap() }
}

/// All columns are read.
pub async fn a_row_is_read_as_it_was_written(format: &FeedWriter) {
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
        currency: "INR".into(),
        converted_by: "EUR=INR:90.5".into(),
        sku: text("sku"),
        gtin: text("gtin"),
        mpn: text("mpn"),
        availability: text("availability"),
        item_group_id: text("group"),
        images: text("images"),
    };
    let bare = FeedRow { name: "no more than a name".into(), ..FeedRow::default() };
    let written = [full, bare];
    let mut feed = (format.written)("feed", &written.clone().map(Written::Row));
    let items = read(&mut *feed).await;
    assert_eq!(items.iter().map(content).collect::<Vec<_>>(), written);
}

/// Quotes, separators, line breaks, characters of four bytes, 100 kB.
pub async fn unusual_texts_are_read_as_they_were_written(format: &FeedWriter) {
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

/// No row is lost between two batches.
pub async fn each_row_is_read_once_and_in_order(format: &FeedWriter) {
    let mut feed = (format.written)("feed", &rows(5_000));
    let items = read(&mut *feed).await;
    assert!(items.iter().map(content).eq((0..5_000).map(row)));
}

/// Memory does not grow with the feed.
pub async fn a_large_feed_is_read_in_many_batches(format: &FeedWriter) {
    let mut feed = (format.written)("feed", &rows(20_000));
    let (mut batches, mut largest) = (0, 0);
    while let Some(batch) = feed.next_batch().await.unwrap() {
        batches += 1;
        largest = largest.max(batch.records.len());
    }
    assert!(batches > 2 && largest < 10_000, "{batches} batches, {largest} rows in one");
}

/// It has its line and a reason, and the rows around it are read.
pub async fn a_malformed_row_is_an_item_between_the_others(format: &FeedWriter) {
    let written = [
        Written::Row(row(1)),
        Written::Malformed,
        Written::Row(row(2)),
        Written::Malformed,
        Written::Row(row(3)),
    ];
    let mut feed = (format.written)("feed", &written);
    let items = read(&mut *feed).await;
    let states: Vec<_> = items.iter().map(Result::is_ok).collect();
    assert_eq!(states, [true, false, true, false, true]);
    let mut last = 0;
    for item in &items {
        let line = item.as_ref().map_or_else(|refused| refused.line, |row| row.line);
        assert!(line > last, "line {line} after line {last}");
        last = line;
        if let Err(refused) = item {
            assert!(!refused.reason.is_empty());
        }
    }
}

/// They are lines as an editor counts them.
pub async fn lines_increase_from_one(format: &FeedWriter) {
    let mut feed = (format.written)("feed", &rows(3_000));
    let items = read(&mut *feed).await;
    let lines: Vec<_> = items.iter().map(|item| item.as_ref().unwrap().line).collect();
    assert!(lines[0] >= 1 && lines.is_sorted_by(|a, b| a < b));
}

/// It is not an error.
pub async fn a_feed_without_rows_has_no_items(format: &FeedWriter) {
    let mut feed = (format.written)("feed", &[]);
    assert!(read(&mut *feed).await.is_empty());
}

/// Reading again gives the end again.
pub async fn the_end_is_final(format: &FeedWriter) {
    let mut feed = (format.written)("feed", &rows(3));
    assert_eq!(read(&mut *feed).await.len(), 3);
    assert_eq!(feed.next_batch().await.unwrap(), None);
    assert_eq!(feed.next_batch().await.unwrap(), None);
}

/// It never decreases, and never exceeds the total.
pub async fn progress_grows_to_the_total(format: &FeedWriter) {
    let mut feed = (format.written)("feed", &rows(5_000));
    assert_eq!(feed.progress().read, 0);
    let mut last = 0;
    while feed.next_batch().await.unwrap().is_some() {
        let progress = feed.progress();
        assert!(progress.read > last, "{} after {last}", progress.read);
        last = progress.read;
    }
    let progress = feed.progress();
    assert!(progress.read >= last);
    assert!(progress.total.is_none_or(|total| total == progress.read), "{progress:?}");
}

/// The rows before the error are read.
pub async fn a_feed_that_breaks_off_ends_with_one_error(format: &FeedWriter) {
    let mut feed = (format.cut_off)("feed", &rows(4_000));
    let mut items = Vec::new();
    let error = loop {
        match feed.next_batch().await {
            Ok(batch) => items.extend(rows_of(&batch.expect("an error before the end"))),
            Err(error) => break error,
        }
    };
    assert!(!error.report().is_empty());
    assert!(
        items.iter().map(content).eq((0..items.len()).map(row)),
        "the rows before it are intact"
    );
    assert_eq!(feed.next_batch().await.unwrap(), None);
}

/// The name is the given one.
pub async fn the_feed_has_its_name(format: &FeedWriter) {
    let mut feed = (format.written)("shop.csv", &rows(1));
    assert_eq!(feed.name(), "shop.csv");
    read(&mut *feed).await;
    assert_eq!(feed.name(), "shop.csv");
}
