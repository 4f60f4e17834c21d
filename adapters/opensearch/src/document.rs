//! Builds a product's document.

use crate::facets::{self, FacetFields};
use crate::schema::{self, field_name};
use akin_entities::{AnalyzedText, TextField};
use akin_ports::IndexEntry;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The number of terms in each field, summed over all products.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LengthTotals {
    pub(crate) documents: u64,
    pub(crate) sums: [u64; TextField::ALL.len()],
}

/// The number of occurrences of each term of a text, by field.
#[derive(Debug, Default)]
pub(crate) struct TermCounts<'a> {
    lengths: [u32; TextField::ALL.len()],
    counts: BTreeMap<&'a str, [u32; TextField::ALL.len()]>,
}

/// An embedding as a document stores it.
#[derive(Clone, Debug)]
pub(crate) struct StoredEmbedding {
    /// The name of the field that holds the embedding.
    pub(crate) field: String,
    /// The coordinates as JSON.
    pub(crate) embedding: Box<RawValue>,
    /// The hash of the embedded text.
    pub(crate) text_hash: String,
    /// The model that embedded it.
    pub(crate) fingerprint: String,
}

#[derive(Serialize)]
struct ProductDocument<'a> {
    id: &'a str,
    fingerprint: &'a str,
    text_hash: &'a str,
    text: &'a str,
    terms: Vec<&'a str>,
    name_terms: Vec<&'a str>,
    words: Vec<&'a str>,
    shares: BTreeMap<&'a str, f32>,
    lengths: BTreeMap<&'static str, u32>,
    facets: String,
    #[serde(flatten)]
    fields: FacetFields<'a>,
    #[serde(flatten)]
    embedding: BTreeMap<&'a str, &'a RawValue>,
}

impl LengthTotals {
    /// Adds a product.
    pub(crate) fn add(&mut self, counts: &TermCounts<'_>) {
        self.documents += 1;
        for (sum, length) in self.sums.iter_mut().zip(counts.lengths) {
            *sum += u64::from(length);
        }
    }

    /// Returns the average number of terms in `field`.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub(crate) fn average(&self, field: TextField) -> f64 {
        self.sums[field.position()] as f64 / self.documents.max(1) as f64
    }
}

impl<'a> TermCounts<'a> {
    pub(crate) fn new(text: &'a AnalyzedText) -> Self {
        let mut counts = Self::default();
        for (field, stream) in text.fields() {
            let position = field.position();
            for term in stream.split_ascii_whitespace() {
                counts.lengths[position] += 1;
                if term.len() <= schema::MAX_WORD_LENGTH {
                    counts.counts.entry(term).or_default()[position] += 1;
                }
            }
        }
        counts
    }

    /// Returns the number of terms in `field`.
    pub(crate) fn length(&self, field: TextField) -> u32 {
        self.lengths[field.position()]
    }

    /// Iterates over the distinct terms of the title and the brand.
    fn name_terms(&self) -> impl Iterator<Item = &'a str> {
        let names = || TextField::ALL.into_iter().filter(|field| field.is_name());
        let is_name = move |counts: &[u32]| names().any(|field| counts[field.position()] > 0);
        self.counts.iter().filter(move |(_, counts)| is_name(*counts)).map(|(term, _)| *term)
    }

    /// Returns the frequency of `term`, each field's count weighted by its norm.
    pub(crate) fn frequency(&self, term: &str, norms: &[f64; TextField::ALL.len()]) -> f64 {
        let weigh = |counts: &[u32; TextField::ALL.len()]| {
            counts.iter().zip(norms).map(|(count, norm)| f64::from(*count) * norm).sum()
        };
        self.counts.get(term).map_or(0.0, weigh)
    }

    /// Returns each term's frequency, weighted and length-normalized: the f of [`akin_entities::bm25`]. The server
    /// stores it as the feature's value and saturates it at query time.
    fn frequencies(&self, lengths: &LengthTotals) -> BTreeMap<&'a str, f32> {
        let norms = TextField::ALL
            .map(|field| field.norm(f64::from(self.length(field)), lengths.average(field)));
        let frequency = |term: &&'a str| (*term, narrow(self.frequency(term, &norms)));
        self.counts.keys().map(frequency).collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the server keeps nine bits of precision")]
fn narrow(frequency: f64) -> f32 {
    frequency as f32
}

/// Serializes the document of `entry` as JSON, with frequencies relative to the catalogue's
/// `lengths`.
pub(crate) fn document(
    entry: &IndexEntry,
    counts: &TermCounts<'_>,
    embedding: &StoredEmbedding,
    lengths: &LengthTotals,
) -> serde_json::Result<String> {
    serde_json::to_string(&ProductDocument {
        id: entry.id.as_str(),
        fingerprint: &embedding.fingerprint,
        text_hash: &embedding.text_hash,
        text: entry.text.as_stream(),
        terms: counts.counts.keys().copied().collect(),
        name_terms: counts.name_terms().collect(),
        words: entry.words.split_ascii_whitespace().collect(),
        shares: counts.frequencies(lengths),
        lengths: TextField::ALL
            .into_iter()
            .map(|field| (field_name(field), counts.lengths[field.position()]))
            .collect(),
        facets: facets::write(&entry.facets),
        fields: FacetFields::new(&entry.facets),
        embedding: [(embedding.field.as_str(), &*embedding.embedding)].into(),
    })
}
