//! Parquet files of a few bytes that claim much.

mod file;

use crate::support::read_as;
use file::{
    BINARY, Claims, DELTA_LENGTHS, FIXED, GZIP, HUGE, I32, I64, INT32, PLAIN, SPLIT, STRUCT, ZSTD,
    data, dictionary, endless, file, levels, page, run, thrift,
};
use std::io::Cursor;

#[test]
fn a_dictionary_has_no_more_values_than_bytes() {
    let claims = Claims::new(PLAIN, dictionary(HUGE, 5, b"\x01\0\0\0x"));
    assert!(claims.bytes().len() < 200);
    let refusal = claims.refusal();
    assert!(refusal.contains("a dictionary claims 2147483647 values"), "{refusal}");
    assert!(refusal.contains("in column \"name\""), "{refusal}");
}

#[test]
fn a_page_has_no_more_bytes_than_can_come_of_it() {
    for codec in [1, GZIP, 5, ZSTD, 7] {
        let refusal = Claims::new(codec, data(1, 0, HUGE, b"0123456789")).refusal();
        assert!(refusal.contains("a page claims 2147483647 bytes"), "{codec}: {refusal}");
    }
    let bytes = vec![0; 100_000];
    let refusal = Claims::new(ZSTD, data(1, 0, HUGE, &bytes)).refusal();
    assert!(refusal.contains("pages are too large"), "{refusal}");
}

#[test]
fn a_page_gives_no_more_bytes_than_it_claims() {
    let zeros = vec![0; 32 << 20];
    for (codec, bytes) in [(GZIP, feed_fixtures::gzip(&zeros)), (ZSTD, feed_fixtures::zstd(&zeros))]
    {
        let refusal = Claims::new(codec, data(1, 0, 100, &bytes)).refusal();
        assert!(refusal.contains("a page is damaged"), "{refusal}");
    }
}

#[test]
fn statistics_in_the_header_of_a_page_are_not_longer_than_it() {
    let header = thrift().number(1, I32, 1).number(2, I32, 0).field(5, STRUCT);
    let pages = page(0, 0, (5, header.field(1, BINARY).varint(1 << 40)), b"");
    let refusal = Claims::new(PLAIN, pages).refusal();
    assert!(refusal.contains("header of a page is damaged"), "{refusal}");
}

#[test]
fn a_schema_has_no_more_columns_than_elements() {
    let claims = Claims::new(PLAIN, Vec::new());
    let refusal = Claims { children: HUGE, ..claims.clone() }.refusal();
    assert!(refusal.contains("impossible number of children"), "{refusal}");
    let refusal = Claims { columns: HUGE as u64, ..claims }.refusal();
    assert!(refusal.contains("footer is damaged"), "{refusal}");
}

#[test]
fn a_deep_schema_is_refused() {
    let mut elements = vec![thrift().number(3, I32, 0).text(4, "a").number(5, I32, 1); 10_000];
    elements.push(thrift().number(1, I32, INT32).number(3, I32, 0).text(4, "b"));
    let footer = thrift().number(1, I32, 1).list(2, 10_001, &elements).number(3, I64, 0);
    let bytes = file(&[], &footer.list(4, 0, &[]));
    let refusal = read_as(None, Cursor::new(bytes)).unwrap_err().to_string();
    assert!(refusal.contains("deeper than 32"), "{refusal}");
}

#[test]
fn a_footer_beyond_the_file_is_refused() {
    let bytes = b"PAR1\0\0\0\0\xff\xff\xff\x01PAR1".to_vec();
    let refusal = read_as(None, Cursor::new(bytes)).unwrap_err().to_string();
    assert!(refusal.contains("footer is cut off"), "{refusal}");
    let bytes = b"PAR1\0\0\0\0\xff\xff\xff\xffPAR1".to_vec();
    let refusal = read_as(None, Cursor::new(bytes)).unwrap_err().to_string();
    assert!(refusal.contains("its footer has 4294967295 bytes"), "{refusal}");
}

#[test]
fn lengths_are_no_more_than_the_values_of_a_page() {
    // One block of 2^30 lengths of no bits.
    let block = thrift().varint(1 << 30).varint(1).varint(1 << 30).varint(0).varint(0).0;
    let bytes = [&block[..], &[0]].concat();
    let refusal = Claims::new(PLAIN, data(HUGE, DELTA_LENGTHS, 0, &bytes)).refusal();
    assert!(refusal.contains("a page claims 1073741824 values"), "{refusal}");
}

#[test]
fn a_value_is_not_longer_than_its_page() {
    let claims = Claims::new(PLAIN, data(HUGE, SPLIT, 0, b""));
    let refusal = Claims { kind: FIXED, width: HUGE, ..claims }.refusal();
    assert!(refusal.contains("a page is shorter than a value"), "{refusal}");
}

#[test]
fn a_list_without_end_is_refused() {
    let repetition = levels(&[run(1, 0), run(HUGE as u64, 1)]);
    let definition = levels(&[run(HUGE as u64, 1)]);
    let claims = Claims::new(PLAIN, endless(&[repetition, definition].concat()));
    let refusal = Claims { repetition: 2, rows: 1, ..claims }.refusal();
    assert!(refusal.contains("a list has more than 1048576 items"), "{refusal}");
}

#[test]
fn a_list_goes_on_in_the_next_page() {
    // Rows of two, three, and one item; the second begins in one page and ends in the next.
    let page = |repetition: u8, count: usize| {
        let repetition = levels(&[vec![0b11, repetition]]);
        let definition = levels(&[run(count as u64, 1)]);
        let bytes = [&repetition[..], &definition, &b"\x01\0\0\0x".repeat(count)].concat();
        data(count.cast_signed() as i64, 0, bytes.len().cast_signed() as i64, &bytes)
    };
    let pages = [page(0b010, 3), page(0b011, 3)].concat();
    let claims = Claims { repetition: 2, rows: 3, ..Claims::new(PLAIN, pages) };
    let records = claims.read().unwrap();
    let texts = records.into_iter().map(|record| match &record.unwrap().values[0].1 {
        feed_formats::Value::Text(text) | feed_formats::Value::Number(text) => text.clone(),
        feed_formats::Value::Nested(list) => list.text.clone(),
        other @ feed_formats::Value::Invalid(_) => panic!("{other:?}"),
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["x, x", "x, x, x", "x"]);
}

#[test]
fn a_column_outside_of_the_file_is_refused() {
    let mut bytes = Claims::new(PLAIN, data(1, 0, 5, b"\x01\0\0\0x")).bytes();
    bytes.drain(4..20);
    let refusal = read_as(None, Cursor::new(bytes)).unwrap_err().to_string();
    assert!(refusal.contains("Parquet"), "{refusal}");
}

#[test]
fn rows_without_end_end_at_the_limit() {
    let claims = Claims::new(PLAIN, endless(&[]));
    assert!(claims.bytes().len() < 250);
    let input = feed_formats::Input::stream(Cursor::new(claims.bytes()));
    let options = feed_formats::Options::default();
    let mut reader = feed_formats::Reader::open(input, &options).unwrap();
    let mut rows = 0;
    let error = loop {
        match reader.next_batch() {
            Ok(batch) => rows += batch.expect("an error").records.len(),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("more than 1000 times its size from row"), "{error}");
    // Each counts nine bytes.
    assert_eq!(rows, (64 << 20) / 9);
}

/// Reads all of the above in a process that may have little memory.
#[cfg(target_os = "linux")]
#[test]
fn claims_take_little_memory() {
    const INNER: &str = "FEED_FORMATS_LITTLE_MEMORY";
    if std::env::var_os(INNER).is_some() {
        return;
    }
    let status = std::process::Command::new("sh")
        .args(["-c", "ulimit -v 400000; exec \"$0\" --test-threads 1 parquet_claims"])
        .arg(std::env::current_exe().unwrap())
        .env(INNER, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.success() && output.contains("test result: ok"), "{output}");
}
