//! What the formats have in common, and what each makes of files as shops write them.

use crate::support::written::{self, written};
use crate::support::{Pieces, read_as, told};
use akin_contracts::feed::Written;
use akin_feeds::Format;
use akin_ports::{FeedItem, FeedRow};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use std::io::{Cursor, Read};

const FORMATS: [Format; 4] = [Format::Csv, Format::JsonLines, Format::Xml, Format::Parquet];

fn items(bytes: Vec<u8>, size: usize) -> Vec<FeedItem> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(read_as(None, Pieces(Cursor::new(bytes), size))).unwrap()
}

/// The rows of a feed in which nothing is wrong, without their lines.
fn rows(bytes: Vec<u8>, size: usize) -> Vec<FeedRow> {
    let items = items(bytes, size).into_iter();
    items.map(|item| FeedRow { line: 0, ..item.unwrap() }).collect()
}

/// Text that every format can hold: XML has no control characters, and trims its fields.
fn any_text() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[ -~]{0,12}", "[<>&;\"'{}:,\\\\x]{0,8}", "[^\\p{C}]{0,6}"];
    text.prop_map(|text| text.trim().to_owned())
}

fn any_row() -> impl Strategy<Value = FeedRow> {
    let texts = proptest::array::uniform8(any_text());
    texts.prop_map(|[name, main_category, brand, description, link, attributes, ratings, price]| {
        FeedRow {
            name: format!("a{name}"),
            main_category,
            brand,
            description,
            link,
            attributes,
            ratings,
            actual_price: price,
            ..FeedRow::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_catalogue_gives_the_same_rows_in_all_formats_plain_and_compressed(
        catalogue in proptest::collection::vec(any_row(), 1..12),
        size in 1_usize..3_000,
    ) {
        let feed: Vec<_> = catalogue.iter().cloned().map(Written::Row).collect();
        for format in FORMATS {
            let bytes = written(format, &feed);
            prop_assert_eq!(&rows(written::gzip(&bytes), size), &catalogue, "{} in gzip", format);
            prop_assert_eq!(&rows(written::zstd(&bytes), size), &catalogue, "{} in zstd", format);
            prop_assert_eq!(&rows(bytes, size), &catalogue, "{}", format);
        }
        prop_assert_eq!(&rows(written::json_array(&feed), size), &catalogue);
        prop_assert_eq!(&rows(written::atom(&feed), size), &catalogue);
    }

    #[test]
    fn any_bytes_in_any_format_are_rows_or_an_error_that_names_the_feed(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        damage in any::<prop::sample::Index>(),
        format in prop::sample::select(FORMATS.as_slice()),
    ) {
        let row = FeedRow { name: "Ball".to_owned(), ..FeedRow::default() };
        let mut damaged = written(format, &[Written::Row(row.clone()), Written::Row(row)]);
        let at = damage.index(damaged.len());
        damaged.splice(at..at, bytes.iter().copied().take(3));
        for bytes in [bytes, damaged] {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let found = runtime.block_on(read_as(Some(format), Cursor::new(bytes)));
            prop_assert!(found.is_ok() || told(&found.unwrap_err()).contains("feed.csv"));
        }
    }
}

fn catalogue(count: usize) -> Vec<Written> {
    let row = |number| FeedRow {
        product_id: format!("{number}"),
        name: format!("Product {number}"),
        description: "it stands still, ".repeat(number % 7),
        ..FeedRow::default()
    };
    (0..count).map(|number| Written::Row(row(number))).collect()
}

#[test]
fn several_members_of_a_compressed_feed_are_one_feed() {
    let text = written::csv(&catalogue(3_000), b',');
    let (one, other) = text.split_at(text.len() / 3);
    for pack in [written::gzip, written::zstd] {
        let packed = [pack(one), pack(other)].concat();
        assert_eq!(rows(packed, 1_000).len(), 3_000);
    }
}

#[tokio::test]
async fn a_compressed_feed_that_was_cut_off_says_so_and_never_ends_as_if_it_were_whole() {
    for pack in [written::gzip, written::zstd] {
        for format in FORMATS {
            let mut bytes = pack(&written(format, &catalogue(3_000)));
            for length in [bytes.len() - 1, bytes.len() / 2, 12] {
                bytes.truncate(length);
                let error = read_as(None, Cursor::new(bytes.clone())).await.unwrap_err();
                let error = told(&error);
                assert!(error.contains("was the file written completely"), "{format}: {error}");
            }
        }
    }
}

#[test]
fn a_parquet_file_may_be_compressed_inside() {
    for compression in [
        Compression::SNAPPY,
        Compression::GZIP(parquet::basic::GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4_RAW,
    ] {
        let properties = WriterProperties::builder().set_compression(compression).build();
        let bytes = written::parquet_of(&catalogue(500), properties, 100);
        assert_eq!(rows(bytes, usize::MAX).len(), 500);
    }
}

#[test]
fn a_text_in_utf_16_is_read_by_its_mark() {
    let text = "name\tprice\r\nBücher\t5 €\r\n";
    let little = text.encode_utf16().flat_map(u16::to_le_bytes);
    let big = text.encode_utf16().flat_map(u16::to_be_bytes);
    for bytes in [
        b"\xff\xfe".iter().copied().chain(little).collect::<Vec<_>>(),
        b"\xfe\xff".iter().copied().chain(big).collect(),
    ] {
        let row = &rows(bytes, 7)[0];
        assert_eq!((&*row.name, &*row.actual_price), ("Bücher", "5 €"));
    }
}

#[tokio::test]
async fn a_text_that_is_none_in_its_encoding_is_an_error_that_says_where() {
    let broken = b"\xff\xfen\0a\0m\0e\0\n\0x\0\0\xd8x\0".to_vec();
    let error = told(&read_as(None, Cursor::new(broken)).await.unwrap_err());
    assert!(error.contains("no UTF-16LE up to byte"), "{error}");
}

#[tokio::test]
async fn a_file_without_a_byte_is_an_error_in_every_format() {
    for format in FORMATS {
        let error = told(&read_as(Some(format), Cursor::new(Vec::new())).await.unwrap_err());
        assert!(error.contains("feed.csv is empty"), "{format}: {error}");
    }
}

#[tokio::test]
async fn another_format_than_the_one_that_is_named_is_an_error() {
    for (format, other) in [
        (Format::Csv, Format::JsonLines),
        (Format::Csv, Format::Xml),
        (Format::Xml, Format::Csv),
        (Format::Parquet, Format::Csv),
        (Format::Csv, Format::Parquet),
    ] {
        let bytes = written(other, &catalogue(50));
        let error = read_as(Some(format), Cursor::new(bytes)).await.unwrap_err();
        assert!(told(&error).contains("feed.csv"), "{format} for {other}: {error:?}");
    }
}

#[test]
fn a_small_file_that_unpacks_to_much_is_read_in_bounded_memory() {
    // 300 MB of blanks in 300 kB: a line without end in one format, blanks between rows in others.
    let blanks = std::io::repeat(b' ').take(300 << 20);
    let mut encoder = flate2::read::GzEncoder::new(blanks, flate2::Compression::fast());
    let mut bomb = written::gzip(b"{\"name\": \"Ball\"}\n{");
    encoder.read_to_end(&mut bomb).unwrap();
    bomb.extend(written::gzip(b"\n{\"name\": \"Bat\"}\n"));
    let items = items(bomb, usize::MAX);
    assert_eq!(items.len(), 3);
    let refused = items[1].as_ref().unwrap_err();
    assert!(refused.reason.contains("8 MiB"), "{refused:?}");
}
