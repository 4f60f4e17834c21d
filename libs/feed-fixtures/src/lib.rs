//! Writes tables of texts in every format, for the tests of those who read them.

use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

/// Rows of texts below names.
#[derive(Clone, Debug)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// A text for each column, empty where there is none; `None` for a row that is malformed in the
    /// format.
    pub rows: Vec<Option<Vec<String>>>,
}

impl Table {
    /// Creates a table without a malformed row.
    pub fn new(columns: &[&str], rows: &[&[&str]]) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self { columns: owned(columns), rows: rows.iter().map(|row| Some(owned(row))).collect() }
    }

    /// Writes CSV.
    pub fn csv(&self, delimiter: u8) -> Vec<u8> {
        let mut builder = csv::WriterBuilder::new();
        let mut writer = builder.delimiter(delimiter).flexible(true).from_writer(Vec::new());
        writer.write_record(&self.columns).expect("a header");
        for row in &self.rows {
            match row {
                Some(texts) => writer.write_record(texts),
                None => writer.write_record(vec!["field"; self.columns.len() + 1]),
            }
            .expect("a record");
        }
        writer.into_inner().expect("bytes")
    }

    /// Writes one JSON object on each line.
    pub fn json_lines(&self) -> Vec<u8> {
        let lines: String =
            self.rows.iter().map(|row| self.object(row.as_deref()) + "\n").collect();
        // A file without a byte is refused.
        if lines.is_empty() { b"\n".to_vec() } else { lines.into_bytes() }
    }

    /// Writes one JSON array.
    pub fn json_array(&self) -> Vec<u8> {
        let objects: Vec<_> = self.rows.iter().map(|row| self.object(row.as_deref())).collect();
        format!("[\n{}\n]\n", objects.join(",\n")).into_bytes()
    }

    fn object(&self, row: Option<&[String]>) -> String {
        let Some(texts) = row else { return "nonsense".to_owned() };
        let members = self.named(texts).map(|(name, text)| (name.clone(), text.clone().into()));
        serde_json::Value::Object(members.collect()).to_string()
    }

    /// Writes RSS.
    pub fn rss(&self) -> Vec<u8> {
        let items = self
            .rows
            .iter()
            .map(|row| format!("<item>{}\n</item>\n", self.elements(row.as_deref())));
        let items: String = items.collect();
        format!("<?xml version=\"1.0\"?>\n<rss><channel>{items}</channel></rss>\n").into_bytes()
    }

    /// Writes Atom.
    pub fn atom(&self) -> Vec<u8> {
        let entries = self
            .rows
            .iter()
            .map(|row| format!("<entry>{}\n</entry>\n", self.elements(row.as_deref())));
        let entries: String = entries.collect();
        format!("<feed xmlns=\"http://www.w3.org/2005/Atom\">{entries}</feed>\n").into_bytes()
    }

    fn elements(&self, row: Option<&[String]>) -> String {
        let Some(texts) = row else {
            return format!("<{0}>Tom & Jerry</{0}>", self.columns[0]);
        };
        let mut elements = String::new();
        for (name, text) in self.named(texts) {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            write!(elements, "\n  <{name}>{text}</{name}>").expect("a text");
        }
        elements
    }

    /// Writes Parquet.
    pub fn parquet(&self) -> Vec<u8> {
        self.parquet_with(WriterProperties::builder().build(), 1_500)
    }

    /// Writes Parquet with these properties, in row groups of `group` rows.
    pub fn parquet_with(&self, properties: WriterProperties, group: usize) -> Vec<u8> {
        let column = |name: &String| {
            let column = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
                .with_converted_type(ConvertedType::UTF8)
                .with_repetition(Repetition::OPTIONAL);
            Arc::new(column.build().expect("a column"))
        };
        let schema = Type::group_type_builder("row")
            .with_fields(self.columns.iter().map(column).collect())
            .build()
            .expect("a schema");
        let mut writer =
            SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))
                .expect("a file");
        for rows in self.rows.chunks(group) {
            let mut group = writer.next_row_group().expect("a row group");
            for position in 0..self.columns.len() {
                write_column(&mut group, rows, position);
            }
            group.close().expect("a row group");
        }
        writer.into_inner().expect("bytes")
    }

    /// Returns the texts that are not empty, with their names.
    fn named<'a>(&'a self, texts: &'a [String]) -> impl Iterator<Item = (&'a String, &'a String)> {
        self.columns.iter().zip(texts).filter(|(_, text)| !text.is_empty())
    }
}

fn write_column(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    rows: &[Option<Vec<String>>],
    position: usize,
) {
    let bytes = |row: &Option<Vec<String>>| match row {
        Some(texts) => texts[position].as_bytes().to_vec(),
        None => b"\xff".to_vec(),
    };
    let texts: Vec<_> = rows.iter().map(bytes).collect();
    let levels: Vec<_> = texts.iter().map(|text| i16::from(!text.is_empty())).collect();
    let values: Vec<_> =
        texts.into_iter().filter(|text| !text.is_empty()).map(ByteArray::from).collect();
    let mut column = group.next_column().expect("a column").expect("a column");
    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).expect("values");
    column.close().expect("a column");
}

/// Compresses by gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("compressed bytes");
    encoder.finish().expect("compressed bytes")
}

/// Compresses by zstd.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("compressed bytes")
}
