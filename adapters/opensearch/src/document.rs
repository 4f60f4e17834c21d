//! A product as a document.

use crate::facets::{self, Fields};
use crate::schema;
use akin_entities::{AnalyzedText, TextField};
use akin_ports::IndexEntry;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// How many terms the fields of all products hold together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lengths {
    pub(crate) documents: u64,
    pub(crate) sums: [u64; TextField::ALL.len()],
}

/// A text, counted.
#[derive(Debug, Default)]
pub(crate) struct Counted<'a> {
    lengths: [u32; TextField::ALL.len()],
    counts: BTreeMap<&'a str, [u32; TextField::ALL.len()]>,
}

/// What a product's meaning is, as its document holds it.
#[derive(Clone, Debug)]
pub(crate) struct EntryEmbedding {
    /// The field that holds the embedding.
    pub(crate) field: String,
    /// The coordinates as JSON.
    pub(crate) embedding: Box<RawValue>,
    /// The hash of the embedded text.
    pub(crate) text_hash: String,
    /// The model that embedded it.
    pub(crate) fingerprint: String,
}

#[derive(Serialize)]
struct Document<'a> {
    id: &'a str,
    fingerprint: &'a str,
    text_hash: &'a str,
    text: &'a str,
    terms: Vec<&'a str>,
    words: Vec<&'a str>,
    shares: BTreeMap<&'a str, f32>,
    lengths: BTreeMap<&'static str, u32>,
    facets: String,
    #[serde(flatten)]
    fields: Fields<'a>,
    #[serde(flatten)]
    embedding: BTreeMap<&'a str, &'a RawValue>,
}

/// The name of a text field in the documents' `lengths`.
pub(crate) fn field_name(field: TextField) -> &'static str {
    match field {
        TextField::Title => "title",
        TextField::Description => "description",
        TextField::Category => "category",
        TextField::Brand => "brand",
        TextField::Attributes => "attributes",
    }
}

impl Lengths {
    /// Counts one more product.
    pub(crate) fn add(&mut self, counted: &Counted<'_>) {
        self.documents += 1;
        for (sum, length) in self.sums.iter_mut().zip(counted.lengths) {
            *sum += u64::from(length);
        }
    }

    /// How many terms the field at `place` holds on average.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub(crate) fn average(&self, place: usize) -> f64 {
        self.sums[place] as f64 / self.documents.max(1) as f64
    }
}

impl<'a> Counted<'a> {
    pub(crate) fn of(text: &'a AnalyzedText) -> Self {
        let mut counted = Self::default();
        for (field, stream) in text.fields() {
            let place = field.position();
            for term in stream.split_ascii_whitespace() {
                counted.lengths[place] += 1;
                if term.len() <= schema::LONGEST_WORD {
                    counted.counts.entry(term).or_default()[place] += 1;
                }
            }
        }
        counted
    }

    /// How many terms `field` holds.
    pub(crate) fn length(&self, field: TextField) -> u32 {
        self.lengths[field.position()]
    }

    /// How often the fields hold `term`, each by its norm.
    pub(crate) fn frequency(&self, term: &str, norms: &[f64; TextField::ALL.len()]) -> f64 {
        let weigh = |counts: &[u32; TextField::ALL.len()]| {
            counts.iter().zip(norms).map(|(count, norm)| f64::from(*count) * norm).sum()
        };
        self.counts.get(term).map_or(0.0, weigh)
    }

    /// Each term's weighted frequency, relative to the fields' lengths: `f` of the formula's
    /// L = Σ idf · f / (f + k1). The server keeps it as the term's weight, and saturates it when
    /// it is asked.
    fn shares(&self, lengths: &Lengths) -> BTreeMap<&'a str, f32> {
        let norms = TextField::ALL.map(|field| {
            field.norm(f64::from(self.length(field)), lengths.average(field.position()))
        });
        let share = |term: &&'a str| (*term, narrow(self.frequency(term, &norms)));
        self.counts.keys().map(share).collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the server keeps nine bits of it")]
fn narrow(share: f64) -> f32 {
    share as f32
}

/// The document of `entry`, as JSON; its words weighed by the `lengths` of all products.
pub(crate) fn document(
    entry: &IndexEntry,
    counted: &Counted<'_>,
    meaning: &EntryEmbedding,
    lengths: &Lengths,
) -> serde_json::Result<String> {
    serde_json::to_string(&Document {
        id: entry.id.as_str(),
        fingerprint: &meaning.fingerprint,
        text_hash: &meaning.text_hash,
        text: entry.text.as_stream(),
        terms: counted.counts.keys().copied().collect(),
        words: entry.words.split_ascii_whitespace().collect(),
        shares: counted.shares(lengths),
        lengths: TextField::ALL
            .into_iter()
            .map(|field| (field_name(field), counted.lengths[field.position()]))
            .collect(),
        facets: facets::write(&entry.facets),
        fields: Fields::of(&entry.facets),
        embedding: [(meaning.field.as_str(), &*meaning.embedding)].into(),
    })
}
