//! Batches, names, and reading ahead.

use crate::support::{NamedRecord, read_with};
use feed_fixtures::Table;
use feed_formats::{Format, Input, Layout, NameFilter, Options, ReadAhead, Reader, Value};
use std::io::{Cursor, Read};

fn reader(bytes: impl Into<Vec<u8>>) -> Reader {
    let input = Input::stream(Cursor::new(bytes.into()));
    Reader::open(input, &Options::default()).unwrap()
}

#[test]
fn a_header_gives_a_batch_even_without_records() {
    let mut reader = reader("\nname,brand\n");
    let batch = reader.next_batch().unwrap().unwrap();
    assert_eq!(batch.layout, Layout::Columns { line: Some(2) });
    assert_eq!(
        (&*batch.names, batch.records.len()),
        (&["name".to_owned(), "brand".to_owned()][..], 0)
    );
    assert!(reader.next_batch().unwrap().is_none());
}

#[test]
fn the_names_of_keys_are_those_of_the_batch() {
    let lines = "{\"a\": 1}\n".repeat(1_000) + "{\"b\": 2, \"a\": 3}\n";
    let mut reader = reader(lines);
    let names: Vec<_> = std::iter::from_fn(|| reader.next_batch().unwrap())
        .map(|batch| batch.names.to_vec())
        .collect();
    assert_eq!(names, [vec!["a"], vec!["b", "a"]]);
}

#[test]
fn unselected_values_are_skipped_in_every_format() {
    let table = Table::new(&["name", "brand"], &[&["Ball", "Acme"]]);
    let names = NameFilter::new(|name| name == "brand");
    for (format, bytes) in [
        (Format::Csv, table.csv(b',')),
        (Format::JsonLines, table.json_lines()),
        (Format::Xml, table.rss()),
        (Format::Parquet, table.parquet()),
    ] {
        let options = Options { format: Some(format), names: names.clone(), ..Options::default() };
        let records = read_with(&options, Cursor::new(bytes)).unwrap();
        let expected = ("brand".to_owned(), Value::Text("Acme".to_owned()));
        assert_eq!(records[0].as_ref().unwrap().values, [expected], "{format}");
    }
}

#[test]
fn the_delimiter_is_the_one_that_gives_most_selected_names() {
    let options = Options {
        names: NameFilter::new(|name| name == "name" || name == "price"),
        ..Options::default()
    };
    let bytes = Cursor::new("a,b,c,name;price\n1,2,3,Ball;5\n");
    let records = read_with(&options, bytes).unwrap();
    assert_eq!(records[0].as_ref().unwrap().text("price"), "5");
}

#[test]
fn elements_may_be_repeated() {
    let mut reader = reader("<rss><item><a>1</a><a>2</a></item></rss>");
    let batch = reader.next_batch().unwrap().unwrap();
    let value = |text: &str| ("a".to_owned(), Value::Text(text.to_owned()));
    assert_eq!((batch.layout, &*batch.names), (Layout::Elements, &["a".to_owned()][..]));
    let record = NamedRecord::new(&batch, batch.records[0].as_ref().unwrap());
    assert_eq!(record.values, [value("1"), value("2")]);
}

#[test]
fn the_values_of_a_malformed_record_are_not_in_the_batch() {
    let mut reader = reader("{\"a\": \"x\"}\n{\"a\": \"y\", \"b\": [1], \"c\n{\"a\": \"z\"}\n");
    let batch = reader.next_batch().unwrap().unwrap();
    assert_eq!((&*batch.text, batch.values.len()), ("xz", 2));
    assert!(batch.records[1].is_err());
    assert_eq!(batch.records[2].as_ref().unwrap().values, 1..2);
}

#[tokio::test]
async fn reading_ahead_gives_the_same_batches() {
    let lines = "name\n".to_owned() + &"Ball\n".repeat(5_000);
    let mut reader = reader(&*lines);
    let input = Input::stream(Cursor::new(lines.clone()));
    let mut ahead = ReadAhead::start(input, Options::default()).unwrap();
    loop {
        let batch = reader.next_batch().unwrap();
        assert_eq!(ahead.next_batch().await.unwrap(), batch);
        if batch.is_none() {
            break;
        }
    }
    assert!(ahead.next_batch().await.unwrap().is_none());
}

#[test]
fn the_length_of_a_compressed_file_is_unknown() {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, b"name\nBall\n").unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    assert_eq!(Input::file(file).length().unwrap(), Some(10));
    let mut packed = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut packed, &feed_fixtures::gzip(b"name\n")).unwrap();
    std::io::Seek::rewind(&mut packed).unwrap();
    assert_eq!(Input::file(packed).length().unwrap(), None);
    assert_eq!(Input::stream(std::io::empty().chain(std::io::empty())).length().unwrap(), None);
}
