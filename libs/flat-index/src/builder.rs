use crate::document::field_lengths;
use crate::layout::{HEADER, Header};
use crate::output::{Output, TextTable};
use crate::quantized::{block_bytes, quantize, set_code, width};
use crate::simd::ROWS_PER_BLOCK;
use crate::tags::TagTable;
use crate::term_rule::marked;
use crate::{IndexDocument, IndexFileError, Schema, Stamp};
use std::collections::HashMap;
use std::io::{self, Write};

/// Segments with more rows than this also hold one-bit codes; smaller ones are scanned in 8 bits about
/// as fast.
const MAX_ROWS_WITHOUT_CODES: usize = 50_000;

/// Writes a segment. Vectors are written as they arrive; the rest is held until the end because it
/// depends on all documents.
#[derive(Debug)]
pub(crate) struct Builder<W> {
    schema: Schema,
    output: Output<W>,
    content: Content,
}

/// An error in a document or in writing the segment.
#[derive(Debug)]
pub(crate) enum BuildError {
    Document(IndexFileError),
    Io(io::Error),
}

impl From<io::Error> for BuildError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The content of a segment except its vectors.
#[derive(Debug)]
struct Content {
    keys: TextTable,
    texts: TextTable,
    surfaces: TextTable,
    quantized: Vec<i8>,
    steps: Vec<f32>,
    /// The sum of all vectors.
    sum: Vec<f64>,
    field_terms: Vec<u64>,
    /// The values of each keyword column, numbered in the order of their first occurrence.
    values: Vec<HashMap<String, u32>>,
    keywords: Vec<Vec<u32>>,
    numbers: Vec<Vec<f64>>,
    tags: TagTable,
}

impl<W: Write> Builder<W> {
    /// Begins a segment at the start of `out`. The header is left blank.
    pub(crate) fn new(schema: &Schema, mut out: W) -> io::Result<Self> {
        out.write_all(&[0; HEADER])?;
        let mut output = Output::new(out);
        output.start()?;
        Ok(Self { schema: schema.clone(), output, content: Content::new(schema) })
    }

    /// Adds a document. Its key must be greater than the keys before it.
    pub(crate) fn push(&mut self, document: &IndexDocument) -> Result<(), BuildError> {
        self.schema.check(document).map_err(BuildError::Document)?;
        if !self.content.follows_last_key(&document.key) {
            let (key, reason) =
                (document.key.clone(), "its key is not greater than the one before");
            return Err(BuildError::Document(IndexFileError::Document { key, reason }));
        }
        self.output.write(&document.vector)?;
        self.content.push(document);
        Ok(())
    }

    /// Writes the remaining sections and returns the header, which belongs at the start of the output.
    /// Shares use `averages`, or else the segment's own average field lengths.
    pub(crate) fn finish(
        mut self,
        stamp: Stamp,
        averages: Option<&[f32]>,
    ) -> io::Result<(W, Header)> {
        self.output.end();
        let vectors_sum = self.output.take_sum();
        let own = self.content.averages();
        self.content.write(&self.schema, averages.unwrap_or(&own), &mut self.output)?;
        let header = Header {
            schema: self.schema.checksum(),
            stamp,
            rows: self.content.steps.len() as u64,
            vectors_sum,
            rest_sum: self.output.take_sum(),
            sections: self.output.sections,
        };
        Ok((self.output.out, header))
    }
}

impl Content {
    fn new(schema: &Schema) -> Self {
        let (keywords, numbers) = (schema.keyword_columns.len(), schema.number_columns.len());
        Self {
            keys: TextTable::default(),
            texts: TextTable::default(),
            surfaces: TextTable::default(),
            quantized: Vec::new(),
            steps: Vec::new(),
            sum: vec![0.0; schema.dimension],
            field_terms: vec![0; schema.text_fields.len()],
            values: vec![HashMap::new(); keywords],
            keywords: vec![Vec::new(); keywords],
            numbers: vec![Vec::new(); numbers],
            tags: TagTable::default(),
        }
    }

    fn follows_last_key(&self, key: &str) -> bool {
        self.keys.ends.is_empty() || self.keys.last() < key
    }

    fn push(&mut self, document: &IndexDocument) {
        self.keys.push(&document.key);
        self.texts.push(&document.text);
        self.surfaces.push(&document.surface);
        self.steps.push(quantize(&document.vector, &mut self.quantized));
        for (sum, x) in self.sum.iter_mut().zip(&document.vector) {
            *sum += f64::from(*x);
        }
        for (sum, length) in self.field_terms.iter_mut().zip(field_lengths(&document.text)) {
            *sum += length;
        }
        let columns = self.values.iter_mut().zip(&mut self.keywords);
        for ((values, keywords), value) in columns.zip(&document.keywords) {
            let next = place(values.len());
            let known = values.get(value).copied();
            keywords.push(known.unwrap_or_else(|| *values.entry(value.clone()).or_insert(next)));
        }
        for (numbers, number) in self.numbers.iter_mut().zip(&document.numbers) {
            numbers.push(number.unwrap_or(f64::NAN));
        }
        self.tags.push(&document.tags);
    }

    /// Returns the average number of terms in each field.
    fn averages(&self) -> Vec<f32> {
        average(&self.field_terms, self.steps.len())
    }

    fn write<W: Write>(
        &self,
        schema: &Schema,
        averages: &[f32],
        output: &mut Output<W>,
    ) -> io::Result<()> {
        for table in [&self.keys, &self.texts, &self.surfaces] {
            output.table(table)?;
        }
        output.section(&self.quantized)?;
        output.section(&self.steps)?;
        self.write_codes(output)?;
        output.section(&self.field_terms)?;
        self.write_postings(schema, averages, output)?;
        self.write_vocabulary(output)?;
        self.write_columns(output)?;
        self.tags.write(output)
    }

    fn write_codes<W: Write>(&self, output: &mut Output<W>) -> io::Result<()> {
        if self.steps.len() <= MAX_ROWS_WITHOUT_CODES {
            output.section::<u8>(&[])?;
            return output.section::<f32>(&[]);
        }
        #[expect(clippy::cast_precision_loss, reason = "an average of far fewer than 2^52 rows")]
        let rows = self.steps.len() as f64;
        #[expect(clippy::cast_possible_truncation, reason = "a mean needs no more than f32")]
        let mean: Vec<f32> = self.sum.iter().map(|sum| (sum / rows) as f32).collect();
        output.start()?;
        let width = width(mean.len());
        let blocks =
            self.quantized.chunks(ROWS_PER_BLOCK * width).zip(self.steps.chunks(ROWS_PER_BLOCK));
        let mut block = vec![0_u8; block_bytes(mean.len())];
        for (rows, steps) in blocks {
            block.fill(0);
            for (place, (row, step)) in rows.chunks_exact(width).zip(steps).enumerate() {
                set_code(&mut block, place, row.iter().map(|x| f32::from(*x) * step), &mean);
            }
            output.write(&block)?;
        }
        output.end();
        output.section(&mean)
    }

    fn write_postings<W: Write>(
        &self,
        schema: &Schema,
        averages: &[f32],
        output: &mut Output<W>,
    ) -> io::Result<()> {
        let postings = self.postings(schema, averages);
        output.table(&TextTable::from_texts(postings.iter().map(|(term, _)| *term)))?;
        let lists = || postings.iter().map(|(_, list)| list);
        let ends = lists().scan(0, |end, list| {
            *end += list.len() as u64;
            Some(*end)
        });
        output.section(&ends.collect::<Vec<u64>>())?;
        output.parts::<u32>(
            lists().map(|list| list.iter().map(|(row, _)| *row).collect::<Vec<_>>()),
        )?;
        output.parts::<f32>(
            lists().map(|list| list.iter().map(|(_, share)| *share).collect::<Vec<_>>()),
        )?;
        let greatest =
            lists().map(|list| list.iter().fold(0.0, |most: f32, (_, share)| most.max(*share)));
        output.section(&greatest.collect::<Vec<_>>())
    }

    /// Returns the postings of each term, sorted by term: rows in order, with the term's share.
    fn postings(&self, schema: &Schema, averages: &[f32]) -> Vec<(&str, Vec<(u32, f32)>)> {
        let mut places = HashMap::new();
        let mut postings: Vec<(&str, Vec<(u32, f32)>)> = Vec::new();
        let mut found = Vec::new();
        for (row, text) in (0_u32..).zip(self.texts.iter()) {
            found.clear();
            for (field, term, frequency) in frequencies(schema, averages, text) {
                let place = *places.entry(term).or_insert_with(|| {
                    postings.push((term, Vec::new()));
                    postings.len() - 1
                });
                found.push((place, field, frequency));
            }
            // A stable sort keeps the order of the fields, so that equal texts have equal bits.
            found.sort_by_key(|(place, ..)| *place);
            for same in found.chunk_by(|a, b| a.0 == b.0) {
                let frequency: f32 = same.iter().map(|(.., frequency)| frequency).sum();
                let share = frequency / (frequency + schema.k1);
                let is_in_heading =
                    same.iter().any(|(_, field, _)| schema.text_fields[*field].is_heading);
                postings[same[0].0].1.push((row, marked(share, is_in_heading)));
            }
        }
        postings.sort_unstable_by_key(|(term, _)| *term);
        postings
    }

    fn write_vocabulary<W: Write>(&self, output: &mut Output<W>) -> io::Result<()> {
        let mut counts: HashMap<&str, (u32, u32)> = HashMap::new();
        for (row, surface) in (1_u32..).zip(self.surfaces.iter()) {
            for word in surface.split_ascii_whitespace() {
                let (count, last) = counts.entry(word).or_default();
                *count += u32::from(*last != row);
                *last = row;
            }
        }
        let mut words: Vec<_> =
            counts.into_iter().map(|(word, (count, _))| (word, count)).collect();
        words.sort_unstable();
        output.table(&TextTable::from_texts(words.iter().map(|(word, _)| *word)))?;
        output.section(&words.iter().map(|(_, count)| *count).collect::<Vec<u32>>())
    }

    fn write_columns<W: Write>(&self, output: &mut Output<W>) -> io::Result<()> {
        let (mut ends, mut all, mut columns) = (Vec::new(), TextTable::default(), Vec::new());
        for (values, keywords) in self.values.iter().zip(&self.keywords) {
            let mut sorted: Vec<_> = values.iter().collect();
            sorted.sort_unstable();
            let mut renumbered = vec![0; sorted.len()];
            for (value, old) in sorted {
                renumbered[*old as usize] = place(all.ends.len());
                all.push(value);
            }
            ends.push(all.ends.len() as u64);
            columns
                .push(keywords.iter().map(|old| renumbered[*old as usize]).collect::<Vec<u32>>());
        }
        output.section(&ends)?;
        output.table(&all)?;
        output.parts(columns.into_iter())?;
        output.parts(self.numbers.iter().cloned())
    }
}

/// Returns each occurrence of a term in `text` with the index of its field and its weighted frequency.
#[expect(clippy::cast_precision_loss, reason = "a field has far fewer than 2^24 terms")]
fn frequencies<'a>(
    schema: &Schema,
    averages: &[f32],
    text: &'a str,
) -> impl Iterator<Item = (usize, &'a str, f32)> {
    let texts = text.split('\n').zip(field_lengths(text));
    let fields = texts.zip(schema.text_fields.iter().zip(averages));
    fields.enumerate().flat_map(|(index, ((text, length), (field, average)))| {
        // The averages may be older than the first document with this field.
        let relative = if *average > 0.0 { length as f32 / average } else { 1.0 };
        let frequency = field.weight / (1.0 - schema.b + schema.b * relative);
        text.split_ascii_whitespace().map(move |term| (index, term, frequency))
    })
}

/// Returns the average number of terms in each field over `rows` rows.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an average")]
pub(crate) fn average(field_terms: &[u64], rows: usize) -> Vec<f32> {
    field_terms.iter().map(|terms| (*terms as f64 / rows.max(1) as f64) as f32).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a segment has fewer than 2^32 of anything")]
fn place(place: usize) -> u32 {
    place as u32
}
