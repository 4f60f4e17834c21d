//! What a Parquet feed makes of columns of every type.

use crate::support::{error_of, read, told, written};
use akin_contracts::feed::Written;
use akin_ports::FeedRow;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use std::io::Cursor;
use std::sync::Arc;

/// Two rows, of which the second has as little as it may.
const SCHEMA: &str = "message row {
    required int64 product_id (INTEGER(64, false));
    required binary name (UTF8);
    optional double ratings;
    optional float score;
    optional int32 no_of_ratings;
    optional int32 discount_price (DECIMAL(9, 2));
    optional fixed_len_byte_array(5) actual_price (DECIMAL(11, 3));
    optional boolean attributes;
    optional int96 updated;
    optional group category (LIST) { repeated group list { optional binary element (UTF8); } }
    optional group maker { optional binary brand (UTF8); }
}";

fn texts(texts: &[&str]) -> Vec<ByteArray> {
    texts.iter().map(|text| ByteArray::from(*text)).collect()
}

fn write_column(
    place: usize,
    column: &mut SerializedColumnWriter<'_>,
) -> parquet::errors::Result<usize> {
    let optional: Option<&[i16]> = Some(&[1, 0]);
    match place {
        0 => column.typed::<Int64Type>().write_batch(&[-1, 7], None, None),
        1 => column.typed::<ByteArrayType>().write_batch(&texts(&["Pan", "Pot"]), None, None),
        2 => column.typed::<DoubleType>().write_batch(&[4.3], optional, None),
        3 => column.typed::<FloatType>().write_batch(&[0.1], optional, None),
        4 => column.typed::<Int32Type>().write_batch(&[1_234], optional, None),
        5 => column.typed::<Int32Type>().write_batch(&[61_750], optional, None),
        6 => {
            let price = FixedLenByteArray::from(vec![0, 0, 19, 210, 8]);
            column.typed::<FixedLenByteArrayType>().write_batch(&[price], optional, None)
        }
        7 => column.typed::<BoolType>().write_batch(&[true], optional, None),
        8 => column.typed::<Int96Type>().write_batch(&[Int96::default()], optional, None),
        9 => {
            let (values, repeated) = (texts(&["Home", "Kitchen"]), Some(&[0_i16, 1, 1, 0][..]));
            column.typed::<ByteArrayType>().write_batch(&values, Some(&[3, 2, 3, 0]), repeated)
        }
        _ => column.typed::<ByteArrayType>().write_batch(&texts(&["Lumo"]), Some(&[2, 0]), None),
    }
}

fn typed() -> Vec<u8> {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::default()))
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut place = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        write_column(place, &mut column).unwrap();
        column.close().unwrap();
        place += 1;
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn values_of_every_type_are_texts() {
    let options =
        akin_feeds::Options { map: "maker.brand=brand".parse().unwrap(), ..Default::default() };
    let items = crate::support::read_with(&options, Cursor::new(typed())).await.unwrap();
    let row = FeedRow {
        line: 1,
        product_id: "18446744073709551615".into(),
        name: "Pan".into(),
        ratings: "4.3".into(),
        no_of_ratings: "1234".into(),
        discount_price: "617.50".into(),
        actual_price: "1298.952".into(),
        attributes: "true".into(),
        main_category: "Home".into(),
        sub_category: "Kitchen".into(),
        brand: "Lumo".into(),
        ..FeedRow::default()
    };
    let bare =
        FeedRow { line: 2, product_id: "7".into(), name: "Pot".into(), ..FeedRow::default() };
    assert_eq!(items, [Ok(row), Ok(bare)]);
}

#[tokio::test]
async fn a_value_that_is_no_text_refuses_its_row_by_number_and_column() {
    let row = FeedRow { name: "a".into(), ..FeedRow::default() };
    let rows = [Written::Row(row.clone()), Written::Nonsense, Written::Row(row)];
    let items = read(Cursor::new(written::parquet(&rows))).await.unwrap();
    let refused = items[1].as_ref().unwrap_err();
    assert_eq!((refused.line, &*refused.field), (2, "product_id"));
    assert!(refused.reason.contains("no UTF-8 from byte 1"), "{refused:?}");
    assert!(items[0].is_ok() && items[2].is_ok());
}

#[tokio::test]
async fn a_file_that_was_damaged_or_cut_off_is_an_error_that_names_it() {
    let row = |number: usize| {
        Written::Row(FeedRow { name: format!("Product {number}"), ..FeedRow::default() })
    };
    let whole = written::parquet(&(0..3_000).map(row).collect::<Vec<_>>());
    let error = error_of(&whole[..whole.len() - 1]).await;
    assert!(error.contains("feed.csv cannot be read as Parquet"), "{error}");
    let mut errors = 0;
    for at in (4..whole.len() - 8).step_by(397) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        match read(Cursor::new(bytes)).await {
            // Without checksums a letter may have changed.
            Ok(items) => assert!(items.len() <= 3_000),
            Err(error) => {
                assert!(told(&error).contains("feed.csv"), "{error:?}");
                errors += 1;
            }
        }
    }
    assert!(errors > 3, "{errors} damages were noticed");
}

#[tokio::test]
async fn a_small_file_of_long_texts_comes_in_small_batches() {
    // Each text stands in the file once, and in thousands of rows.
    let row = FeedRow {
        name: "x".repeat(200_000),
        description: "y".repeat(200_000),
        ..FeedRow::default()
    };
    let rows = vec![Written::Row(row); 200];
    let bytes = written::parquet(&rows);
    let mut feed =
        akin_feeds::from_reader("feed.csv", Cursor::new(bytes), &akin_feeds::Options::default())
            .unwrap();
    let (mut count, mut largest) = (0, 0);
    while let Some(batch) = feed.next_batch().await.unwrap() {
        count += batch.len();
        largest = largest.max(batch.len());
    }
    assert_eq!(count, 200);
    assert!(largest <= 6, "{largest} rows of 400 kB in one batch");
}
