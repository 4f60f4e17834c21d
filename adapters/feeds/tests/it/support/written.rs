//! Rows as feeds of every format.

use akin_contracts::feed::Written;
use akin_feeds::Format;
use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

/// Akin's names of the fields.
pub(crate) const COLUMNS: [&str; 13] = [
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

/// The rows in a format.
pub(crate) fn written(format: Format, rows: &[Written]) -> Vec<u8> {
    match format {
        Format::Csv => csv(rows, b','),
        Format::JsonLines => json_lines(rows),
        Format::Xml => rss(rows),
        Format::Parquet => parquet(rows),
    }
}

pub(crate) fn csv(rows: &[Written], delimiter: u8) -> Vec<u8> {
    let mut writer =
        csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("a header");
    for row in rows {
        match row {
            Written::Row(row) => writer.write_record(row.texts()),
            Written::Nonsense => writer.write_record(["two", "fields"]),
        }
        .expect("a record");
    }
    writer.into_inner().expect("bytes")
}

fn object(row: &Written) -> String {
    let Written::Row(row) = row else { return "{\"name\": {}}".to_owned() };
    let members = COLUMNS.iter().zip(row.texts()).filter(|(_, text)| !text.is_empty());
    let members = members.map(|(name, text)| (name.to_owned(), serde_json::Value::from(text)));
    serde_json::Value::Object(members.map(|(name, text)| (name.to_string(), text)).collect())
        .to_string()
}

pub(crate) fn json_lines(rows: &[Written]) -> Vec<u8> {
    // A file without a byte is refused, as one that was not written.
    let lines = rows.iter().map(|row| object(row) + "\n").collect::<String>();
    if lines.is_empty() { b"\n".to_vec() } else { lines.into_bytes() }
}

pub(crate) fn json_array(rows: &[Written]) -> Vec<u8> {
    let objects: Vec<_> = rows.iter().map(object).collect();
    format!("[\n{}\n]\n", objects.join(",\n")).into_bytes()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn elements(row: &Written) -> String {
    let Written::Row(row) = row else { return "<name>Tom & Jerry</name>".to_owned() };
    let mut text = String::new();
    for (name, value) in COLUMNS.iter().zip(row.texts()).filter(|(_, value)| !value.is_empty()) {
        write!(text, "\n  <{name}>{}</{name}>", escaped(value)).expect("a text");
    }
    text
}

pub(crate) fn rss(rows: &[Written]) -> Vec<u8> {
    let items = rows.iter().map(|row| format!("<item>{}\n</item>\n", elements(row)));
    format!(
        "<?xml version=\"1.0\"?>\n<rss><channel>{}</channel></rss>\n",
        items.collect::<String>()
    )
    .into_bytes()
}

pub(crate) fn atom(rows: &[Written]) -> Vec<u8> {
    let items = rows.iter().map(|row| format!("<entry>{}\n</entry>\n", elements(row)));
    format!("<feed xmlns=\"http://www.w3.org/2005/Atom\">{}</feed>\n", items.collect::<String>())
        .into_bytes()
}

pub(crate) fn parquet(rows: &[Written]) -> Vec<u8> {
    parquet_of(rows, WriterProperties::builder().build(), 1_500)
}

/// A Parquet file with groups of so many rows, which may have blanks.
pub(crate) fn parquet_of(rows: &[Written], properties: WriterProperties, group: usize) -> Vec<u8> {
    let column = |name: &&str| {
        let column = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_converted_type(ConvertedType::UTF8)
            .with_repetition(Repetition::OPTIONAL);
        Arc::new(column.build().expect("a column"))
    };
    let schema = Type::group_type_builder("row")
        .with_fields(COLUMNS.iter().map(column).collect())
        .build()
        .expect("a schema");
    let properties = Arc::new(properties);
    let mut writer =
        SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).expect("a file");
    for rows in rows.chunks(group) {
        let mut group = writer.next_row_group().expect("a group");
        for at in 0..COLUMNS.len() {
            let bytes = |row: &Written| match row {
                Written::Row(row) => row.texts()[at].as_bytes().to_vec(),
                Written::Nonsense => b"\xff".to_vec(),
            };
            let texts: Vec<_> = rows.iter().map(bytes).collect();
            let levels: Vec<_> = texts.iter().map(|text| i16::from(!text.is_empty())).collect();
            let values: Vec<_> =
                texts.into_iter().filter(|text| !text.is_empty()).map(ByteArray::from).collect();
            let mut column = group.next_column().expect("a column").expect("there is one");
            column
                .typed::<ByteArrayType>()
                .write_batch(&values, Some(&levels), None)
                .expect("written");
            column.close().expect("closed");
        }
        group.close().expect("closed");
    }
    writer.into_inner().expect("bytes")
}

/// Compressed by gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("compressed");
    encoder.finish().expect("compressed")
}

/// Compressed by zstd.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("compressed")
}
