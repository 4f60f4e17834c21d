//! CSV keeps the contract of a feed, whatever separates its fields.

use contracts::feed::Written;
use ports::{FeedRow, ProductFeed};
use std::io::{self, Cursor, Read};

mod by_commas {
    contracts::product_feed_contract!(super::commas, super::cut_off);
}

mod by_semicolons {
    contracts::product_feed_contract!(super::semicolons, super::cut_off);
}

mod by_tabs {
    contracts::product_feed_contract!(super::tabs, super::cut_off);
}

const COLUMNS: [&str; 13] = [
    "product_id",
    "name",
    "main_category",
    "sub_category",
    "brand",
    "description",
    "attributes",
    "image",
    "link",
    "ratings",
    "no_of_ratings",
    "discount_price",
    "actual_price",
];

fn fields(row: &FeedRow) -> [&str; 13] {
    [
        &row.product_id,
        &row.name,
        &row.main_category,
        &row.sub_category,
        &row.brand,
        &row.description,
        &row.attributes,
        &row.image,
        &row.link,
        &row.ratings,
        &row.no_of_ratings,
        &row.discount_price,
        &row.actual_price,
    ]
}

fn csv(rows: &[Written], delimiter: u8) -> Vec<u8> {
    let mut writer =
        csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("a header");
    for row in rows {
        match row {
            Written::Row(row) => writer.write_record(fields(row)),
            Written::Nonsense => writer.write_record(["two", "fields"]),
        }
        .expect("a record");
    }
    writer.into_inner().expect("bytes")
}

fn feed(name: &str, bytes: impl Read + Send + 'static) -> Box<dyn ProductFeed> {
    feeds::from_reader(name, bytes).expect("a feed")
}

fn commas(name: &str, rows: &[Written]) -> Box<dyn ProductFeed> {
    feed(name, Cursor::new(csv(rows, b',')))
}

fn semicolons(name: &str, rows: &[Written]) -> Box<dyn ProductFeed> {
    feed(name, Cursor::new(csv(rows, b';')))
}

fn tabs(name: &str, rows: &[Written]) -> Box<dyn ProductFeed> {
    feed(name, Cursor::new(csv(rows, b'\t')))
}

/// Breaks when it is read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable was pulled"))
    }
}

fn cut_off(name: &str, rows: &[Written]) -> Box<dyn ProductFeed> {
    feed(name, Cursor::new(csv(rows, b',')).chain(Broken))
}
