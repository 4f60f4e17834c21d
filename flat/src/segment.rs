use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::{Document, Schema};

/// Documents with their postings, in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    pub(crate) documents: Vec<Arc<Document>>,
    pub(crate) postings: HashMap<String, Vec<(usize, f32)>>,
    pub(crate) surface: BTreeMap<String, Vec<usize>>,
    pub(crate) averages: Vec<f32>,
}

impl Segment {
    /// Indexes documents sorted by key, each key once.
    pub(crate) fn new(
        schema: &Schema,
        documents: Vec<Arc<Document>>,
        averages: Option<&[f32]>,
    ) -> Self {
        let averages =
            averages.map_or_else(|| average_lengths(schema, &documents), <[f32]>::to_vec);
        let mut segment = Self { averages, ..Self::default() };
        for (row, document) in documents.iter().enumerate() {
            for (term, frequency) in frequencies(schema, &segment.averages, &document.text) {
                let share = frequency / (frequency + schema.k1);
                segment.postings.entry(term.to_owned()).or_default().push((row, share));
            }
            for word in document.surface.split_ascii_whitespace() {
                let rows = segment.surface.entry(word.to_owned()).or_default();
                if rows.last() != Some(&row) {
                    rows.push(row);
                }
            }
        }
        segment.documents = documents;
        segment
    }

    pub(crate) fn row(&self, key: &str) -> Option<usize> {
        self.documents.binary_search_by(|document| document.key.as_str().cmp(key)).ok()
    }
}

/// Tokens in each field, in total.
pub(crate) fn token_counts<'a>(
    schema: &Schema,
    documents: impl Iterator<Item = &'a Document>,
) -> Vec<u64> {
    let mut counts = vec![0; schema.text_fields.len()];
    for document in documents {
        for (count, field) in counts.iter_mut().zip(document.text.split('\n')) {
            *count += field.split_ascii_whitespace().count() as u64;
        }
    }
    counts
}

#[allow(clippy::cast_precision_loss)] // Lengths far below 2^24 are exact enough for an average.
fn average_lengths(schema: &Schema, documents: &[Arc<Document>]) -> Vec<f32> {
    token_counts(schema, documents.iter().map(AsRef::as_ref))
        .into_iter()
        .map(|count| (count as f32 / documents.len().max(1) as f32).max(1e-6))
        .collect()
}

#[allow(clippy::cast_precision_loss)] // A field has far fewer than 2^24 tokens.
fn frequencies<'a>(schema: &Schema, averages: &[f32], text: &'a str) -> BTreeMap<&'a str, f32> {
    let mut frequencies = BTreeMap::new();
    for ((field, weight), average) in text.split('\n').zip(&schema.text_fields).zip(averages) {
        let length = field.split_ascii_whitespace().count() as f32;
        let share = weight / (1.0 - schema.b + schema.b * length / average);
        for term in field.split_ascii_whitespace() {
            *frequencies.entry(term).or_insert(0.0) += share;
        }
    }
    frequencies
}
