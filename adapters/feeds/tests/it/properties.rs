//! What holds for any feed.

use crate::support::{Pieces, read};
use akin_ports::{FeedItem, FeedRow};
use proptest::prelude::*;
use std::io::Cursor;

fn items(bytes: Vec<u8>, size: usize) -> Vec<FeedItem> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(read(Pieces(Cursor::new(bytes), size))).unwrap()
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "[,;\t\"\r\nax]{0,8}", "[^\0]{0,6}"]
}

fn any_row() -> impl Strategy<Value = FeedRow> {
    let texts = proptest::array::uniform4(any_text());
    texts.prop_map(|[name, brand, link, actual_price]| FeedRow {
        name,
        brand,
        link,
        actual_price,
        ..FeedRow::default()
    })
}

fn written(rows: &[FeedRow], delimiter: u8, terminator: csv::Terminator) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(terminator)
        .from_writer(Vec::new());
    writer.write_record(["price", "color", "brand", "title", "link"]).unwrap();
    for row in rows {
        writer.write_record([&row.actual_price, "", &row.brand, &row.name, &row.link]).unwrap();
    }
    writer.into_inner().unwrap()
}

proptest! {
    #[test]
    fn rows_that_were_written_come_back(
        rows in proptest::collection::vec(any_row(), 0..20),
        delimiter in prop::sample::select(b",;\t".as_slice()),
        terminator in prop::sample::select(vec![
            csv::Terminator::CRLF, csv::Terminator::Any(b'\n'), csv::Terminator::Any(b'\r'),
        ]),
        size in 1_usize..100,
    ) {
        let found = items(written(&rows, delimiter, terminator), size);
        let found: Vec<_> = found.into_iter().map(|item| {
            FeedRow { line: 0, ..item.unwrap() }
        }).collect();
        prop_assert_eq!(found, rows);
    }

    #[test]
    fn any_bytes_give_rows_and_refusals_in_the_order_of_their_lines(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            "[,\"\r\nab]{0,400}".prop_map(String::into_bytes),
        ],
        size in 1_usize..50,
    ) {
        let found = items([b"name,brand\n", bytes.as_slice()].concat(), size);
        let lines: Vec<_> = found.iter().map(|item| match item {
            Ok(row) => row.line,
            Err(refused) => refused.line,
        }).collect();
        prop_assert!(lines.is_sorted_by(|a, b| a < b), "{:?}", lines);
        prop_assert!(lines.iter().all(|&line| line > 1), "{:?}", lines);
        let text = bytes.iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
        prop_assert_eq!(found.is_empty(), !text);
    }

    #[test]
    fn the_size_of_the_pieces_makes_no_difference(
        bytes in "[,\"\r\nab]{0,400}", size in 1_usize..20,
    ) {
        let bytes = format!("name,brand\n{bytes}").into_bytes();
        prop_assert_eq!(items(bytes.clone(), size), items(bytes, usize::MAX));
    }

    #[test]
    fn any_bytes_for_a_header_are_a_header_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(read(Cursor::new(bytes)));
        prop_assert!(found.is_ok() || crate::support::told(&found.unwrap_err()).contains("feed.csv"));
    }
}
