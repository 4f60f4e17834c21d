//! Shared test support.

use flat_index::{Base, BaseBuilder, DocumentChange, IndexDocument, Schema, Tag, TextFieldSchema};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The words of generated texts.
pub(crate) const WORDS: [&str; 6] = ["chair", "lamp", "é", "oak", "desk", "red"];

/// The documents that a snapshot should hold, by their keys.
pub(crate) type Model = BTreeMap<String, IndexDocument>;

/// A deterministic generator of pseudorandom numbers.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// Returns a number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % sides
    }

    fn word(&mut self) -> &'static str {
        WORDS[usize::try_from(self.roll(6)).expect("small")]
    }

    /// Returns a random unit vector.
    #[allow(clippy::cast_precision_loss, reason = "small whole numbers")]
    pub(crate) fn vector(&mut self, dimension: usize) -> Vec<f32> {
        let raw: Vec<f32> = (0..dimension).map(|_| self.roll(2001) as f32 - 1000.3).collect();
        unit(&raw)
    }

    /// Returns up to eleven random changes, which `model` takes, too.
    pub(crate) fn changes(&mut self, model: &mut Model) -> Vec<DocumentChange> {
        let mut changes = Vec::new();
        for _ in 0..self.roll(12) {
            let document = self.document();
            if self.roll(3) == 0 {
                model.remove(&document.key);
                changes.push(DocumentChange::Remove(document.key));
            } else {
                model.insert(document.key.clone(), document.clone());
                changes.push(DocumentChange::Upsert(document));
            }
        }
        changes
    }

    /// Returns up to two colors and up to two sizes.
    fn tags(&mut self) -> Vec<Tag> {
        let mut tags = BTreeSet::new();
        for _ in 0..self.roll(3) {
            tags.insert(Tag { name: "color".into(), value: self.word().to_owned() });
            tags.insert(Tag { name: "size".into(), value: self.roll(7).to_string() });
        }
        tags.into_iter().collect()
    }

    /// Returns a random document with one of sixty keys.
    #[allow(clippy::cast_precision_loss, reason = "small whole numbers")]
    pub(crate) fn document(&mut self) -> IndexDocument {
        let text = format!("{} {}\n{}", self.word(), self.word(), self.word());
        let words: BTreeSet<_> = text.split_whitespace().map(|word| format!("{word}s")).collect();
        IndexDocument {
            key: format!("ключ{}", self.roll(60)),
            vector: self.vector(19),
            surface: words.into_iter().collect::<Vec<_>>().join(" "),
            text,
            keywords: vec![self.word().to_owned()],
            numbers: vec![(self.roll(4) > 0).then_some(self.roll(10) as f64)],
            tags: self.tags(),
        }
    }
}

/// Scales `raw` to length 1.
pub(crate) fn unit(raw: &[f32]) -> Vec<f32> {
    let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
    raw.iter().map(|x| x / length).collect()
}

/// Returns a text field.
pub(crate) fn text_field(weight: f32, is_heading: bool) -> TextFieldSchema {
    TextFieldSchema { weight, is_heading }
}

/// Returns the schema of those documents.
pub(crate) fn schema() -> Schema {
    Schema {
        dimension: 19,
        text_fields: vec![text_field(1.0, true), text_field(0.3, false)],
        k1: 0.5,
        b: 0.75,
        keyword_columns: vec!["brand".into()],
        number_columns: vec!["price".into()],
    }
}

/// Builds and opens a base of `documents` at `path`.
pub(crate) fn build(
    path: &Path,
    schema: &Schema,
    stamp: u64,
    documents: impl IntoIterator<Item = IndexDocument>,
) -> Base {
    let sorted: BTreeMap<_, _> = documents.into_iter().map(|d| (d.key.clone(), d)).collect();
    let mut builder = BaseBuilder::create(path, schema).expect("a file");
    for document in sorted.values() {
        builder.push(document).expect("a document of the schema");
    }
    builder.finish(stamp).expect("a base");
    Base::open(path, schema).expect("an intact base")
}
