use crate::builder::{BuildError, Builder, average};
use crate::document::field_lengths;
use crate::layer::Layer;
use crate::layout::HEADER;
use crate::scratch::ScratchPool;
use crate::segment::{Segment, Texts};
use crate::simd::Kernels;
use crate::{Base, IndexDocument, IndexFileError, Schema, Stamp};
use instruction_set::InstructionSet;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A change to apply to a snapshot.
#[derive(Clone, Debug)]
pub enum DocumentChange {
    /// Adds a document, or replaces the one with its key.
    Upsert(IndexDocument),
    /// Removes the document with the key, if it exists.
    Remove(String),
}

/// An immutable view of a base and later changes; cheap to clone, searched without locks.
#[derive(Clone, Debug)]
pub struct Snapshot {
    schema: Arc<Schema>,
    /// The base, if any, followed by the changes. Each layer is less than half as large as the one
    /// before, so that there are few.
    layers: Vec<Layer>,
    has_base: bool,
    /// The number of terms in each text field over all documents.
    field_terms: Vec<u64>,
    documents: usize,
    stamp: Stamp,
    pool: Arc<ScratchPool>,
    kernels: Kernels,
}

impl Snapshot {
    /// Creates a view of a base, or of no documents.
    pub fn new(schema: Schema, base: Option<&Base>) -> Result<Self, IndexFileError> {
        if base.is_some_and(|base| *base.segment().schema() != schema) {
            return Err(IndexFileError::Request(
                "the base and the snapshot have different schemas",
            ));
        }
        let none = vec![0; schema.text_fields.len()];
        Ok(Self {
            field_terms: base.map_or(none, |base| base.segment().field_terms().to_vec()),
            schema: Arc::new(schema),
            layers: base.iter().map(|base| Layer::new(Arc::clone(base.segment()))).collect(),
            has_base: base.is_some(),
            documents: base.map_or(0, Base::documents),
            stamp: base.map_or_else(Stamp::default, Base::stamp),
            pool: Arc::default(),
            kernels: Kernels::selected(),
        })
    }

    /// Returns the snapshot with another instruction set for searches, or `None` if the CPU does not support
    /// it. The results are the same, bit for bit.
    #[must_use]
    pub fn with_instruction_set(self, instruction_set: InstructionSet) -> Option<Self> {
        Some(Self { kernels: Kernels::new(instruction_set)?, ..self })
    }

    /// Returns the instruction set that searches use.
    pub fn instruction_set(&self) -> InstructionSet {
        self.kernels.instruction_set()
    }

    /// Returns the snapshot after all `changes`, at the caller's state `stamp`.
    pub fn apply(
        &self,
        stamp: impl Into<Stamp>,
        changes: impl IntoIterator<Item = DocumentChange>,
    ) -> Result<Self, IndexFileError> {
        let mut next = Self { stamp: stamp.into(), ..self.clone() };
        let mut fresh = BTreeMap::new();
        for change in changes {
            match change {
                DocumentChange::Upsert(document) => {
                    self.schema.check(&document)?;
                    next.delete(&document.key);
                    fresh.insert(document.key.clone(), document);
                }
                DocumentChange::Remove(key) => {
                    next.delete(&key);
                    fresh.remove(&key);
                }
            }
        }
        next.add(fresh)?;
        Ok(next)
    }

    fn delete(&mut self, key: &str) {
        for layer in &mut self.layers {
            if let Some(row) = layer.delete(key) {
                let lengths = field_lengths(layer.segment().texts().get(row));
                for (terms, length) in self.field_terms.iter_mut().zip(lengths) {
                    *terms = terms.saturating_sub(length);
                }
                self.documents -= 1;
                return;
            }
        }
    }

    fn add(&mut self, fresh: BTreeMap<String, IndexDocument>) -> Result<(), IndexFileError> {
        for document in fresh.values() {
            for (terms, length) in self.field_terms.iter_mut().zip(field_lengths(&document.text)) {
                *terms += length;
            }
        }
        self.documents += fresh.len();
        let mut top = fresh;
        // Layers are merged while the one below is not twice as large, so that each document moves
        // a logarithmic number of times and searches visit few layers.
        while let Some(below) =
            self.layers.last().filter(|_| self.layers.len() > self.unmerged_layers())
        {
            if below.documents() > 2 * top.len() {
                break;
            }
            for row in below.live().to_vec() {
                let document = below.segment().document(row);
                top.insert(document.key.clone(), document);
            }
            self.layers.pop();
        }
        if !top.is_empty() {
            self.layers.push(Layer::new(Arc::new(self.segment(top.values())?)));
        }
        Ok(())
    }

    /// Returns the number of layers that are never merged.
    fn unmerged_layers(&self) -> usize {
        usize::from(self.has_base)
    }

    fn segment<'a>(
        &self,
        documents: impl Iterator<Item = &'a IndexDocument>,
    ) -> Result<Segment, IndexFileError> {
        let averages = average(&self.field_terms, self.documents);
        let build = || {
            let mut builder = Builder::new(&self.schema, Vec::new())?;
            for document in documents {
                builder.push(document)?;
            }
            let (mut bytes, header) = builder.finish(self.stamp, Some(&averages))?;
            bytes[..HEADER].copy_from_slice(&header.to_bytes());
            Ok(bytes)
        };
        let bytes = build().map_err(|error| match error {
            BuildError::Document(error) => error,
            BuildError::Io(source) => IndexFileError::Io { path: "memory".to_owned(), source },
        })?;
        let segment = Segment::open(mapped_bytes::copy(&bytes), &self.schema);
        segment.map_err(|reason| IndexFileError::InvalidFile { path: "memory".to_owned(), reason })
    }

    /// Returns the caller's state up to which changes are included.
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Returns the number of documents.
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// The document of a key.
    pub fn get(&self, key: &str) -> Option<IndexDocument> {
        let found = |layer: &Layer| Some(layer.segment().document(layer.row(key)?));
        self.layers.iter().find_map(found)
    }

    /// Returns the number of documents with an analyzed term.
    pub fn document_frequency(&self, term: &str) -> usize {
        let count = |layer: &Layer| {
            let place = layer.segment().terms().find(term);
            place.map_or(0, |place| layer.document_frequency(place))
        };
        self.layers.iter().map(count).sum()
    }

    /// Returns the average number of terms in each text field.
    pub fn average_lengths(&self) -> Vec<f32> {
        average(&self.field_terms, self.documents)
    }

    /// Returns the number of documents with a surface word.
    pub fn word_frequency(&self, word: &str) -> usize {
        word_frequency(&self.layers, word)
    }

    /// Visits each surface word that begins with `prefix` once, with its number of documents.
    pub fn visit_words(&self, prefix: &str, visit: &mut dyn FnMut(&str, usize)) {
        visit_prefixed(
            &self.layers,
            prefix,
            |layer| layer.segment().words(),
            Layer::word_count,
            visit,
        );
    }

    /// Visits each analyzed term that begins with `prefix` once, with its number of documents.
    pub fn visit_terms(&self, prefix: &str, visit: &mut dyn FnMut(&str, usize)) {
        visit_prefixed(
            &self.layers,
            prefix,
            |layer| layer.segment().terms(),
            Layer::document_frequency,
            visit,
        );
    }

    /// Returns the number of documents whose headings hold all of the analyzed terms `all` and one of `terms`,
    /// for each of these.
    pub fn heading_counts(&self, all: &[&str], terms: &[&str]) -> Vec<usize> {
        let mut counts = vec![0; terms.len()];
        for layer in &self.layers {
            let Some(holders) = layer.holders(all) else { continue };
            for (count, term) in counts.iter_mut().zip(terms) {
                if let Some(place) = layer.segment().terms().find(term) {
                    let in_heading = layer.segment().postings(place).in_heading();
                    *count += in_heading.filter(|row| holders.contains(*row)).count();
                }
            }
        }
        counts
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    pub(crate) fn kernels(&self) -> Kernels {
        self.kernels
    }

    pub(crate) fn pool(&self) -> &ScratchPool {
        &self.pool
    }
}

/// Visits each text with the prefix in tables of all layers once, with the sum of its counts.
fn visit_prefixed(
    layers: &[Layer],
    prefix: &str,
    texts: impl for<'a> Fn(&'a Layer) -> Texts<'a>,
    count: impl Fn(&Layer, u32) -> usize,
    visit: &mut dyn FnMut(&str, usize),
) {
    for (number, layer) in layers.iter().enumerate() {
        let own = texts(layer);
        for at in own.first_from(prefix)..own.len() {
            let text = own.get(at);
            if !text.starts_with(prefix) {
                break;
            }
            // Earlier layers have visited their texts; later ones add to the count.
            let (earlier, later) = (&layers[..number], &layers[number + 1..]);
            if earlier.iter().any(|layer| texts(layer).find(text).is_some()) {
                continue;
            }
            let others =
                later.iter().filter_map(|layer| Some(count(layer, texts(layer).find(text)?)));
            let total = count(layer, at) + others.sum::<usize>();
            if total > 0 {
                visit(text, total);
            }
        }
    }
}

fn word_frequency(layers: &[Layer], word: &str) -> usize {
    let count = |layer: &Layer| {
        let place = layer.segment().words().find(word);
        place.map_or(0, |place| layer.word_count(place))
    };
    layers.iter().map(count).sum()
}
