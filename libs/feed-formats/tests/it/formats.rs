//! Properties that all formats share.

use crate::support::{NamedResult, Pieces, read_as};
use feed_fixtures::{Table, gzip, zstd};
use feed_formats::{Format, Value};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use std::io::{Cursor, Read};

const FORMATS: [Format; 4] = [Format::Csv, Format::JsonLines, Format::Xml, Format::Parquet];
const COLUMNS: [&str; 8] =
    ["name", "main_category", "brand", "description", "link", "attributes", "ratings", "price"];

fn write(table: &Table, format: Format) -> Vec<u8> {
    match format {
        Format::Csv => table.csv(b','),
        Format::JsonLines => table.json_lines(),
        Format::Xml => table.rss(),
        Format::Parquet => table.parquet(),
    }
}

fn records(bytes: Vec<u8>, size: usize) -> Vec<NamedResult> {
    read_as(None, Pieces(Cursor::new(bytes), size)).unwrap()
}

/// Reads a table without a malformed record.
fn rows(bytes: Vec<u8>, size: usize) -> Vec<[String; 8]> {
    let records = records(bytes, size).into_iter();
    records
        .map(|record| {
            let record = record.unwrap();
            COLUMNS.map(|name| record.text(name).to_owned())
        })
        .collect()
}

fn table(rows: &[[String; 8]]) -> Table {
    let columns = COLUMNS.map(str::to_owned).to_vec();
    Table { columns, rows: rows.iter().map(|row| Some(row.to_vec())).collect() }
}

/// Text that every format can hold: XML has no control characters, and trims its fields.
fn any_text() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[ -~]{0,12}", "[<>&;\"'{}:,\\\\x]{0,8}", "[^\\p{C}]{0,6}"];
    text.prop_map(|text| text.trim().to_owned())
}

fn any_row() -> impl Strategy<Value = [String; 8]> {
    proptest::array::uniform8(any_text()).prop_map(|mut texts| {
        texts[0].insert(0, 'a');
        texts
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_catalogue_gives_the_same_rows_in_all_formats_plain_and_compressed(
        catalogue in proptest::collection::vec(any_row(), 1..12),
        size in 1_usize..3_000,
    ) {
        let table = table(&catalogue);
        for format in FORMATS {
            let bytes = write(&table, format);
            prop_assert_eq!(&rows(gzip(&bytes), size), &catalogue, "{} in gzip", format);
            prop_assert_eq!(&rows(zstd(&bytes), size), &catalogue, "{} in zstd", format);
            prop_assert_eq!(&rows(bytes, size), &catalogue, "{}", format);
        }
        prop_assert_eq!(&rows(table.json_array(), size), &catalogue);
        prop_assert_eq!(&rows(table.atom(), size), &catalogue);
    }

    #[test]
    fn any_bytes_in_any_format_are_rows_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        damage in any::<prop::sample::Index>(),
        format in prop::sample::select(FORMATS.as_slice()),
    ) {
        let table = Table::new(&["name"], &[&["Ball"], &["Ball"]]);
        let mut damaged = write(&table, format);
        let at = damage.index(damaged.len());
        damaged.splice(at..at, bytes.iter().copied().take(3));
        for bytes in [bytes, damaged] {
            let read = read_as(Some(format), Cursor::new(bytes));
            prop_assert!(read.is_ok() || !read.unwrap_err().to_string().is_empty());
        }
    }
}

fn catalogue(count: usize) -> Table {
    let mut rows = Vec::new();
    for number in 0..count {
        let mut row = COLUMNS.map(|_| String::new());
        row[0] = format!("Product {number}");
        row[3] = "it stands still, ".repeat(number % 7);
        rows.push(row);
    }
    table(&rows)
}

#[test]
fn all_members_of_a_compressed_feed_are_read() {
    let text = catalogue(3_000).csv(b',');
    let (one, other) = text.split_at(text.len() / 3);
    for pack in [gzip, zstd] {
        let packed = [pack(one), pack(other)].concat();
        assert_eq!(rows(packed, 1_000).len(), 3_000);
    }
}

#[test]
fn a_compressed_feed_that_is_cut_off_ends_with_an_error() {
    for pack in [gzip, zstd] {
        for format in FORMATS {
            let mut bytes = pack(&write(&catalogue(3_000), format));
            for length in [bytes.len() - 1, bytes.len() / 2, 12] {
                bytes.truncate(length);
                let error = read_as(None, Cursor::new(bytes.clone())).unwrap_err().to_string();
                assert!(error.contains("was the file written completely"), "{format}: {error}");
            }
        }
    }
}

#[test]
fn compressed_columns_of_parquet_are_read() {
    for compression in [
        Compression::SNAPPY,
        Compression::GZIP(parquet::basic::GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4_RAW,
    ] {
        let properties = WriterProperties::builder().set_compression(compression).build();
        let bytes = catalogue(500).parquet_with(properties, 100);
        assert_eq!(rows(bytes, usize::MAX).len(), 500);
    }
}

#[test]
fn utf_16_is_decoded_by_its_byte_order_mark() {
    let text = "name\tprice\r\nBücher\t5 €\r\n";
    let little = text.encode_utf16().flat_map(u16::to_le_bytes);
    let big = text.encode_utf16().flat_map(u16::to_be_bytes);
    for bytes in [
        b"\xff\xfe".iter().copied().chain(little).collect::<Vec<_>>(),
        b"\xfe\xff".iter().copied().chain(big).collect(),
    ] {
        let row = rows(bytes, 7).remove(0);
        assert_eq!((&*row[0], &*row[7]), ("Bücher", "5 €"));
    }
}

#[test]
fn invalid_utf_16_is_an_error_with_its_position() {
    let broken = b"\xff\xfen\0a\0m\0e\0\n\0x\0\0\xd8x\0".to_vec();
    let error = read_as(None, Cursor::new(broken)).unwrap_err().to_string();
    assert!(error.contains("not UTF-16LE at byte"), "{error}");
}

#[test]
fn an_empty_file_is_an_error_in_every_format() {
    for format in FORMATS {
        let error = read_as(Some(format), Cursor::new(Vec::new())).unwrap_err().to_string();
        assert!(error.contains("the file is empty"), "{format}: {error}");
    }
}

#[test]
fn a_file_of_another_format_than_the_given_one_is_an_error() {
    // Any bytes may be CSV.
    for format in [Format::Xml, Format::Parquet] {
        let bytes = write(&catalogue(50), Format::Csv);
        let read = read_as(Some(format), Cursor::new(bytes));
        assert!(read.is_err(), "{format} for CSV");
    }
}

#[test]
fn a_decompression_bomb_is_read_in_bounded_memory() {
    // 300 MB of blanks in 300 kB: a line without end in one format, blanks between rows in others.
    let blanks = std::io::repeat(b' ').take(300 << 20);
    let mut encoder = flate2::read::GzEncoder::new(blanks, flate2::Compression::fast());
    let mut bomb = gzip(b"{\"name\": \"Ball\"}\n{");
    encoder.read_to_end(&mut bomb).unwrap();
    bomb.extend(gzip(b"\n{\"name\": \"Bat\"}\n"));
    let records = records(bomb, usize::MAX);
    assert_eq!(records.len(), 3);
    let malformed = records[1].as_ref().unwrap_err();
    assert!(malformed.reason.contains("8 MiB"), "{malformed:?}");
}

#[test]
fn fields_that_are_valid_only_together_are_invalid() {
    // The two bytes of an `é`, in two fields; and one in a record of which a field is skipped.
    let bytes = b"name,brand,link\n\xc3,\xa9,\xc3\xa9\xc3\xa9\n\xc3\xa9,b\0,c\n".to_vec();
    let records = read_as(None, Cursor::new(bytes)).unwrap();
    let invalid = |record: &NamedResult| {
        let values = record.as_ref().unwrap().values.iter();
        values.filter(|(_, value)| matches!(value, Value::Invalid(_))).count()
    };
    assert_eq!(records.iter().map(invalid).collect::<Vec<_>>(), [2, 1]);
}
