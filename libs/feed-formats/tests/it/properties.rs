//! Properties of any CSV file.

use crate::support::{NamedResult, Pieces, read_as};
use feed_formats::Format;
use proptest::prelude::*;
use std::io::Cursor;

const COLUMNS: [&str; 5] = ["price", "color", "brand", "title", "link"];

fn records(bytes: Vec<u8>, size: usize) -> Vec<NamedResult> {
    read_as(Some(Format::Csv), Pieces(Cursor::new(bytes), size)).unwrap()
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "[,;\t\"\r\nax]{0,8}", "[^\0]{0,6}"]
}

/// A row that is not blank.
fn any_row() -> impl Strategy<Value = [String; 5]> {
    proptest::array::uniform5(any_text()).prop_map(|mut texts| {
        texts[3].insert(0, 'a');
        texts
    })
}

/// Returns whether the lines of a row may be rows of their own: with the delimiters in its texts there are enough
/// for two. It is then taken for rows that a quote has swallowed.
fn may_be_rows(row: &[String; 5], delimiter: u8) -> bool {
    let has_lines = row.iter().any(|text| text.contains(['\n', '\r']));
    let inside = row.iter().map(|text| text.matches(char::from(delimiter)).count());
    has_lines && inside.sum::<usize>() >= COLUMNS.len() - 1
}

fn written(rows: &[[String; 5]], delimiter: u8, terminator: csv::Terminator) -> Vec<u8> {
    let mut builder = csv::WriterBuilder::new();
    let mut writer = builder.delimiter(delimiter).terminator(terminator).from_writer(Vec::new());
    writer.write_record(COLUMNS).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

proptest! {
    #[test]
    fn written_rows_are_read_back(
        mut rows in proptest::collection::vec(any_row(), 0..20),
        delimiter in prop::sample::select(b",;\t".as_slice()),
        terminator in prop::sample::select(vec![
            csv::Terminator::CRLF, csv::Terminator::Any(b'\n'), csv::Terminator::Any(b'\r'),
        ]),
        size in 1_usize..100,
    ) {
        rows.retain(|row| !may_be_rows(row, delimiter));
        let read = records(written(&rows, delimiter, terminator), size);
        let read: Vec<_> = read.into_iter().map(|record| {
            let record = record.unwrap();
            COLUMNS.map(|name| record.text(name).to_owned())
        }).collect();
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn any_bytes_give_rows_and_refusals_in_the_order_of_lines(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            "[,\"\r\nab]{0,400}".prop_map(String::into_bytes),
        ],
        size in 1_usize..50,
    ) {
        let read = records([b"name,brand\n", bytes.as_slice()].concat(), size);
        let lines: Vec<_> = read.iter().map(|record| match record {
            Ok(record) => record.line,
            Err(malformed) => malformed.line,
        }).collect();
        prop_assert!(lines.is_sorted_by(|a, b| a < b), "{:?}", lines);
        prop_assert!(lines.iter().all(|&line| line > 1), "{:?}", lines);
        let is_text = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b',' | b'"');
        prop_assert!(!read.is_empty() || !bytes.iter().any(is_text));
    }

    #[test]
    fn the_size_of_reads_makes_no_difference(
        bytes in "[,\"\r\nab]{0,400}", size in 1_usize..20,
    ) {
        let bytes = format!("name,brand\n{bytes}").into_bytes();
        prop_assert_eq!(records(bytes.clone(), size), records(bytes, usize::MAX));
    }

    #[test]
    fn any_bytes_for_a_header_are_a_header_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let read = read_as(Some(Format::Csv), Cursor::new(bytes));
        prop_assert!(read.is_ok() || !read.unwrap_err().to_string().is_empty());
    }
}
