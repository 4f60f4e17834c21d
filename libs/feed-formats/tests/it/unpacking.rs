//! The limits of what compressed inputs may become.

use crate::support::{Pieces, read_with};
use feed_fixtures::{Table, gzip, zstd};
use feed_formats::{Error, Input, Options, Reader, UnpackLimit, UnpackLimits};
use std::io::Cursor;

fn options(max_ratio: u64, max_bytes: u64) -> Options {
    Options { unpack_limits: UnpackLimits { max_ratio, max_bytes }, ..Options::default() }
}

/// Returns the number of records, and the error that ends the input.
fn read_to_error(options: &Options, bytes: Vec<u8>) -> (usize, Error) {
    let input = Input::stream(Pieces(Cursor::new(bytes), 1_000));
    let mut reader = Reader::open(input, options).unwrap();
    let mut count = 0;
    loop {
        match reader.next_batch() {
            Ok(batch) => count += batch.expect("an error").records.len(),
            Err(error) => return (count, error),
        }
    }
}

#[test]
fn rows_before_the_limit_are_returned_before_its_error() {
    let text = format!("name\n{}", "ball\n".repeat(10_000));
    for packed in [gzip(text.as_bytes()), zstd(text.as_bytes())] {
        let (rows, error) = read_to_error(&options(1_000, 20_000), packed.clone());
        assert!((1..4_000).contains(&rows), "{rows}");
        assert!(matches!(error, Error::TooLarge { limit: UnpackLimit::Bytes(20_000), .. }));
        assert!(!error.is_transient());
        assert!(
            error.to_string().starts_with("the file unpacks to more than 20000 bytes"),
            "{error}"
        );
        assert_eq!(read_with(&options(1_000, 60_000), Cursor::new(packed)).unwrap().len(), 10_000);
    }
}

#[test]
fn a_small_file_may_unpack_to_some_mebibytes_and_not_to_more() {
    let rows = (80 << 20) / 1_000;
    let text = format!("name\n{}", ("a".to_owned() + &" ".repeat(998) + "\n").repeat(rows));
    for packed in [gzip(text.as_bytes()), zstd(text.as_bytes())] {
        let (rows, error) = read_to_error(&options(100, u64::MAX), packed);
        let expected = (64 << 20) / 1_000;
        assert!((expected - 200..=expected).contains(&rows), "{rows}");
        assert!(matches!(error, Error::TooLarge { limit: UnpackLimit::Ratio(100), .. }));
    }
}

#[test]
fn the_limit_holds_for_parquet_within_a_compressed_file() {
    let names: Vec<_> = (0..20_000).map(|number| format!("Product {number}")).collect();
    let rows = names.into_iter().map(|name| Some(vec![name])).collect();
    let table = Table { columns: vec!["name".to_owned()], rows };
    let packed = gzip(&table.parquet());
    let opened = Reader::open(Input::stream(Cursor::new(packed)), &options(1_000, 20_000));
    let error = opened.unwrap_err().to_string();
    assert!(error.starts_with("the file unpacks to more than 20000 bytes, from byte"), "{error}");
}

#[test]
fn the_limit_holds_for_the_pages_and_values_of_parquet() {
    let rows = vec![Some(vec!["x".repeat(1_000)]); 3_000];
    let table = Table { columns: vec!["name".to_owned()], rows };
    let (rows, error) = read_to_error(&options(1_000, 1_000_000), table.parquet());
    assert!(error.to_string().contains("more than 1000000 bytes from row"), "{error}");
    assert_eq!(rows, 1_000_000 / 1_008);
}
