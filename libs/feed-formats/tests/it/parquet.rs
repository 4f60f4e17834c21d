//! Parquet with columns of every type.

use crate::support::{NamedRecord, read_as};
use feed_fixtures::Table;
use feed_formats::{Input, Members, Options, Reader, Value};
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

fn text(name: &str, text: &str) -> (String, Value) {
    (name.to_owned(), Value::Text(text.to_owned()))
}

fn number(name: &str, number: &str) -> (String, Value) {
    (name.to_owned(), Value::Number(number.to_owned()))
}

#[test]
fn values_of_every_type_become_texts_and_numbers() {
    let records = read_as(None, Cursor::new(typed())).unwrap();
    let NamedRecord { line, mut values } = records[0].clone().unwrap();
    let position = values.iter().position(|(name, _)| name == "category").unwrap();
    let (category, Value::Nested(list)) = values.remove(position) else { panic!("a list") };
    let items = ["Home", "Kitchen"].map(|item| Value::Text(item.to_owned())).to_vec();
    assert_eq!(
        (&*category, &*list.text, list.members),
        ("category", "Home, Kitchen", Members::List(items))
    );
    let expected = [
        number("product_id", "18446744073709551615"),
        text("name", "Pan"),
        number("ratings", "4.3"),
        number("score", "0.1"),
        number("no_of_ratings", "1234"),
        number("discount_price", "617.50"),
        number("actual_price", "1298.952"),
        text("attributes", "true"),
        text("maker.brand", "Lumo"),
    ];
    assert_eq!((line, values), (1, expected.to_vec()));
    let bare = [number("product_id", "7"), text("name", "Pot")].to_vec();
    assert_eq!(records[1], Ok(NamedRecord { line: 2, values: bare }));
}

#[test]
fn invalid_utf8_is_an_invalid_value() {
    let mut table = Table::new(&["id", "name"], &[&["1", "a"], &["2", "b"]]);
    table.rows.insert(1, None);
    let records = read_as(None, Cursor::new(table.parquet())).unwrap();
    let NamedRecord { line, values } = records[1].as_ref().unwrap();
    let Value::Invalid(invalid) = &values[0].1 else { panic!("{values:?}") };
    assert_eq!((*line, &*invalid.text), (2, "\u{fffd}"));
    assert!(invalid.reason.contains("not UTF-8 at byte 1"), "{invalid:?}");
}

#[test]
fn a_damaged_file_is_an_error() {
    let names: Vec<_> = (0..3_000).map(|number| format!("Product {number}")).collect();
    let rows = names.into_iter().map(|name| Some(vec![name])).collect();
    let whole = Table { columns: vec!["name".to_owned()], rows }.parquet();
    let cut_off = Cursor::new(whole[..whole.len() - 1].to_vec());
    let error = read_as(None, cut_off).unwrap_err().to_string();
    assert!(error.contains("cannot read the file as Parquet"), "{error}");
    let mut errors = 0;
    for position in (4..whole.len() - 8).step_by(397) {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x55;
        match read_as(None, Cursor::new(bytes)) {
            // Without checksums a letter may have changed.
            Ok(records) => assert!(records.len() <= 3_000),
            Err(_) => errors += 1,
        }
    }
    assert!(errors > 3, "{errors} damages were detected");
}

#[test]
fn a_small_file_of_long_texts_is_read_in_small_batches() {
    // Each text stands in the file once, and in thousands of rows.
    let (name, description) = ("x".repeat(200_000), "y".repeat(200_000));
    let table = Table::new(&["name", "description"], &[&[&*name, &*description][..]; 200]);
    let input = Input::stream(Cursor::new(table.parquet()));
    let mut reader = Reader::open(input, &Options::default()).unwrap();
    let (mut count, mut largest) = (0, 0);
    while let Some(batch) = reader.next_batch().unwrap() {
        count += batch.records.len();
        largest = largest.max(batch.records.len());
    }
    assert_eq!(count, 200);
    assert!(largest <= 6, "{largest} records of 400 kB in one batch");
}
