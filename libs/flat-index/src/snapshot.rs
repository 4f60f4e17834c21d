use crate::builder::{BuildError, Builder, average};
use crate::document::field_lengths;
use crate::layer::Layer;
use crate::layout::HEADER;
use crate::scratch::Pool;
use crate::segment::Segment;
use crate::simd::Kernels;
use crate::{Base, Error, IndexDocument, Schema};
use instruction_set::InstructionSet;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A change to be laid over a snapshot.
#[derive(Clone, Debug)]
pub enum DocumentChange {
    /// Adds a document, or replaces the one of its key.
    Upsert(IndexDocument),
    /// Removes the document of a key, if there is one.
    Remove(String),
}

/// An immutable view of a base and later changes; cheap to clone, searched without locks.
#[derive(Clone, Debug)]
pub struct Snapshot {
    schema: Arc<Schema>,
    /// The base, if there is one, and behind it the changes: each layer less than half as large as
    /// the one before, so that there are few.
    layers: Vec<Layer>,
    has_base: bool,
    /// Terms of each text field, over all documents.
    field_terms: Vec<u64>,
    documents: usize,
    stamp: u64,
    pool: Arc<Pool>,
    kernels: Kernels,
}

impl Snapshot {
    /// A view of a base, or of no documents.
    pub fn new(schema: Schema, base: Option<&Base>) -> Result<Self, Error> {
        if base.is_some_and(|base| *base.segment().schema() != schema) {
            return Err(Error::Request("the base has another schema than the snapshot"));
        }
        let none = vec![0; schema.text_fields.len()];
        Ok(Self {
            field_terms: base.map_or(none, |base| base.segment().field_terms().to_vec()),
            schema: Arc::new(schema),
            layers: base.iter().map(|base| Layer::new(Arc::clone(base.segment()))).collect(),
            has_base: base.is_some(),
            documents: base.map_or(0, Base::documents),
            stamp: base.map_or(0, Base::stamp),
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

    /// The snapshot after `changes`, at the caller's sequence `stamp`; all of them or an error.
    pub fn apply(
        &self,
        stamp: u64,
        changes: impl IntoIterator<Item = DocumentChange>,
    ) -> Result<Self, Error> {
        let mut next = Self { stamp, ..self.clone() };
        let mut fresh = BTreeMap::new();
        for change in changes {
            match change {
                DocumentChange::Upsert(document) => {
                    self.schema.check(&document)?;
                    next.bury(&document.key);
                    fresh.insert(document.key.clone(), document);
                }
                DocumentChange::Remove(key) => {
                    next.bury(&key);
                    fresh.remove(&key);
                }
            }
        }
        next.add(fresh)?;
        Ok(next)
    }

    fn bury(&mut self, key: &str) {
        for layer in &mut self.layers {
            if let Some(row) = layer.bury(key) {
                let lengths = field_lengths(layer.segment().texts().get(row));
                for (terms, length) in self.field_terms.iter_mut().zip(lengths) {
                    *terms = terms.saturating_sub(length);
                }
                self.documents -= 1;
                return;
            }
        }
    }

    fn add(&mut self, fresh: BTreeMap<String, IndexDocument>) -> Result<(), Error> {
        for document in fresh.values() {
            for (terms, length) in self.field_terms.iter_mut().zip(field_lengths(&document.text)) {
                *terms += length;
            }
        }
        self.documents += fresh.len();
        let mut top = fresh;
        // Layers are merged while the one below is not twice as large: each document is then moved
        // a logarithmic number of times, and searches look into few layers.
        while let Some(below) = self.layers.last().filter(|_| self.layers.len() > self.at_least()) {
            if below.documents() > 2 * top.len() {
                break;
            }
            for row in below.living().to_vec() {
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

    /// How many layers are never merged.
    fn at_least(&self) -> usize {
        usize::from(self.has_base)
    }

    fn segment<'a>(
        &self,
        documents: impl Iterator<Item = &'a IndexDocument>,
    ) -> Result<Segment, Error> {
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
            BuildError::Io(source) => Error::Io { path: "memory".to_owned(), source },
        })?;
        let segment = Segment::open(mapped_bytes::copy(&bytes), &self.schema);
        segment.map_err(|reason| Error::Refused { path: "memory".to_owned(), reason })
    }

    /// The caller's sequence up to which changes are seen.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// How many documents can be found.
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// The document of a key.
    pub fn get(&self, key: &str) -> Option<IndexDocument> {
        let found = |layer: &Layer| Some(layer.segment().document(layer.row(key)?));
        self.layers.iter().find_map(found)
    }

    /// How many documents hold an analyzed term.
    pub fn document_frequency(&self, term: &str) -> usize {
        let count = |layer: &Layer| {
            let place = layer.segment().terms().find(term);
            place.map_or(0, |place| layer.document_frequency(place))
        };
        self.layers.iter().map(count).sum()
    }

    /// How many terms each text field has on average.
    pub fn average_lengths(&self) -> Vec<f32> {
        average(&self.field_terms, self.documents)
    }

    /// How many documents hold a surface word.
    pub fn word_frequency(&self, word: &str) -> usize {
        word_frequency(&self.layers, word)
    }

    /// Visits every surface word that begins with `prefix`, once, with the documents that hold it.
    pub fn visit_words(&self, prefix: &str, visit: &mut dyn FnMut(&str, usize)) {
        for (place, layer) in self.layers.iter().enumerate() {
            let words = layer.segment().words();
            for at in words.first_from(prefix)..words.len() {
                let word = words.get(at);
                if !word.starts_with(prefix) {
                    break;
                }
                // Layers before have visited their words; those behind add to the count.
                let (before, behind) = (&self.layers[..place], &self.layers[place + 1..]);
                let known = |layer: &Layer| layer.segment().words().find(word).is_some();
                if !before.iter().any(known) {
                    let count = layer.word_count(at) + word_frequency(behind, word);
                    if count > 0 {
                        visit(word, count);
                    }
                }
            }
        }
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

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }
}

fn word_frequency(layers: &[Layer], word: &str) -> usize {
    let count = |layer: &Layer| {
        let place = layer.segment().words().find(word);
        place.map_or(0, |place| layer.word_count(place))
    };
    layers.iter().map(count).sum()
}
