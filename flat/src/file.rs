use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::segment::Segment;
use crate::{Document, Error, Schema};

const MAGIC: &[u8; 8] = b"FLATIDX1";
const HEADER: usize = 36;

/// The documents of a base file, indexed.
#[derive(Debug)]
pub struct Base {
    pub(crate) schema: Schema,
    pub(crate) segment: Segment,
    stamp: u64,
}

/// Writes a base file atomically; of documents with one key the last stands.
///
/// `stamp` is the caller's sequence, handed back by [`Base::stamp`].
pub fn build(
    path: &Path,
    schema: &Schema,
    stamp: u64,
    documents: impl IntoIterator<Item = Document>,
) -> Result<(), Error> {
    let mut sorted = BTreeMap::new();
    for document in documents {
        document.check(schema)?;
        sorted.insert(document.key.clone(), document);
    }
    let mut body = Vec::new();
    for document in sorted.values() {
        write_document(&mut body, document);
    }
    let mut header = MAGIC.to_vec();
    header.extend(stamp.to_le_bytes());
    header.extend((sorted.len() as u64).to_le_bytes());
    header.extend(schema.checksum().to_le_bytes());
    header.extend(crc32fast::hash(&body).to_le_bytes());
    header.extend(crc32fast::hash(&header).to_le_bytes());
    replace(path, &header, &body)
        .map_err(|source| Error::Io { path: path.display().to_string(), source })
}

fn replace(path: &Path, header: &[u8], body: &[u8]) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let mut file = File::create(&name)?;
    file.write_all(header)?;
    file.write_all(body)?;
    file.sync_all()?;
    std::fs::rename(&name, path)?;
    // The rename itself survives a power cut only when the folder is synced too.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

impl Base {
    /// Reads and verifies a base file, and indexes it in memory.
    pub fn open(path: &Path, schema: &Schema) -> Result<Self, Error> {
        let bytes = std::fs::read(path)
            .map_err(|source| Error::Io { path: path.display().to_string(), source })?;
        parse(&bytes, schema)
            .map_err(|reason| Error::Refused { path: path.display().to_string(), reason })
    }

    /// The caller's sequence at which the file was built.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }
}

fn parse(bytes: &[u8], schema: &Schema) -> Result<Base, &'static str> {
    let (header, body) = bytes.split_at_checked(HEADER).ok_or("the file is cut short")?;
    let mut reader = Reader(header);
    if reader.take(8)? != MAGIC {
        return Err("this is no index file of this version");
    }
    let (stamp, count) = (reader.u64()?, reader.u64()?);
    let (schema_sum, body_sum, header_sum) = (reader.u32()?, reader.u32()?, reader.u32()?);
    if crc32fast::hash(&header[..HEADER - 4]) != header_sum || crc32fast::hash(body) != body_sum {
        return Err("the file is damaged");
    }
    if schema_sum != schema.checksum() {
        return Err("the file was built for another schema");
    }
    let mut reader = Reader(body);
    let mut documents: Vec<Arc<Document>> = Vec::new();
    for _ in 0..count {
        let document = reader.document()?;
        let ordered = documents.last().is_none_or(|last| last.key < document.key);
        if !ordered || document.check(schema).is_err() {
            return Err("a document in the file contradicts the schema");
        }
        documents.push(Arc::new(document));
    }
    let segment = Segment::new(schema, documents, None);
    Ok(Base { schema: schema.clone(), segment, stamp })
}

fn write_document(out: &mut Vec<u8>, document: &Document) {
    for text in [&document.key, &document.text, &document.surface] {
        write_text(out, text);
    }
    write_length(out, document.vector.as_ref().map_or(0, |vector| vector.len() + 1));
    document.vector.iter().flatten().for_each(|value| out.extend(value.to_le_bytes()));
    write_length(out, document.keywords.len());
    for values in &document.keywords {
        write_length(out, values.len());
        for value in values {
            write_text(out, value);
        }
    }
    write_length(out, document.numbers.len());
    for number in &document.numbers {
        out.push(u8::from(number.is_some()));
        out.extend(number.unwrap_or(0.0).to_le_bytes());
    }
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    out.extend((length as u64).to_le_bytes());
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_length(out, text.len());
    out.extend(text.as_bytes());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("the file is cut short")?;
        self.0 = rest;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        self.take(N)?.try_into().map_err(|_| "the file is cut short")
    }
    fn u32(&mut self) -> Result<u32, &'static str> {
        self.array().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Result<u64, &'static str> {
        self.array().map(u64::from_le_bytes)
    }
    fn length(&mut self) -> Result<usize, &'static str> {
        usize::try_from(self.u64()?).map_err(|_| "a length is out of range")
    }
    fn text(&mut self) -> Result<String, &'static str> {
        let length = self.length()?;
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| "a text is no UTF-8")
    }
    fn document(&mut self) -> Result<Document, &'static str> {
        let (key, text, surface) = (self.text()?, self.text()?, self.text()?);
        let vector = match self.length()? {
            0 => None,
            more => Some(
                (1..more)
                    .map(|_| self.array().map(f32::from_le_bytes))
                    .collect::<Result<_, _>>()?,
            ),
        };
        let mut keywords = Vec::new();
        for _ in 0..self.length()? {
            let count = self.length()?;
            keywords.push((0..count).map(|_| self.text()).collect::<Result<_, _>>()?);
        }
        let mut numbers = Vec::new();
        for _ in 0..self.length()? {
            let present = self.array::<1>()? == [1];
            let value = self.array().map(f64::from_le_bytes)?;
            numbers.push(present.then_some(value));
        }
        Ok(Document { key, vector, text, surface, keywords, numbers })
    }
}
