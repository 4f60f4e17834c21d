use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::filter::Resolved;
use crate::segment::{Segment, token_counts};
use crate::{Base, Document, Error, Filter, Schema};

/// A change to be laid over a snapshot.
#[derive(Debug, Clone)]
pub enum Change {
    /// Adds a document, or replaces the one of its key.
    Upsert(Document),
    /// Removes the document of a key, if there is one.
    Remove(String),
}

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Analysed terms, of which any may match; none looks for no words.
    pub terms: &'a [&'a str],
    /// A unit vector of the schema's dimension.
    pub vector: Option<&'a [f32]>,
    /// Which documents may be found.
    pub filter: &'a Filter,
    /// How many of the best by words, and how many of the nearest.
    pub depth: usize,
    /// The least cosine of the nearest; it does not cut those found by words.
    pub threshold: Option<f32>,
}

/// A document found, borrowed from the snapshot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate<'a> {
    /// The document's key.
    pub key: &'a str,
    /// The document's analysed text.
    pub text: &'a str,
    /// Exact cosine, where both the document and the request have a vector.
    pub cosine: Option<f32>,
    /// Sum of idf times impact over the request's terms.
    pub words: f32,
}

/// An immutable view of a base and later changes; cheap to clone, searched without locks.
#[derive(Debug, Clone)]
pub struct Snapshot {
    schema: Arc<Schema>,
    base: Option<Arc<Base>>,
    dead: Arc<Vec<bool>>,
    delta: Arc<Segment>,
    documents: usize,
    stamp: u64,
}

impl Snapshot {
    /// A view of a base, or of no documents.
    pub fn new(schema: Schema, base: Option<Arc<Base>>) -> Result<Self, Error> {
        if base.as_ref().is_some_and(|base| base.schema != schema) {
            return Err(Error::Request("the base has another schema than the snapshot"));
        }
        let documents = base.as_ref().map_or(0, |base| base.segment.documents.len());
        let stamp = base.as_ref().map_or(0, |base| base.stamp());
        Ok(Self {
            schema: Arc::new(schema),
            base,
            dead: Arc::new(vec![false; documents]),
            delta: Arc::new(Segment::default()),
            documents,
            stamp,
        })
    }

    /// The snapshot after `changes`, at the caller's sequence `stamp`; all of them or an error.
    ///
    /// The delta's postings are prepared anew, so batches are cheaper than single changes.
    pub fn apply(
        &self,
        stamp: u64,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<Self, Error> {
        let mut dead = Vec::clone(&self.dead);
        let mut delta: BTreeMap<String, Arc<Document>> =
            self.delta.documents.iter().map(|d| (d.key.clone(), Arc::clone(d))).collect();
        let mut bury = |key: &str| {
            if let Some(row) = self.base.as_ref().and_then(|base| base.segment.row(key)) {
                dead[row] = true;
            }
        };
        for change in changes {
            match change {
                Change::Upsert(document) => {
                    document.check(&self.schema)?;
                    bury(&document.key);
                    delta.insert(document.key.clone(), Arc::new(document));
                }
                Change::Remove(key) => {
                    bury(&key);
                    delta.remove(&key);
                }
            }
        }
        let averages = self.base.as_ref().filter(|base| !base.segment.documents.is_empty());
        let averages = averages.map(|base| base.segment.averages.as_slice());
        let delta = Segment::new(&self.schema, delta.into_values().collect(), averages);
        let documents = dead.iter().filter(|dead| !**dead).count() + delta.documents.len();
        Ok(Self { dead: dead.into(), delta: delta.into(), documents, stamp, ..self.clone() })
    }

    /// The caller's sequence up to which changes are seen.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// How many documents can be found.
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// How many documents the delta holds, besides the base.
    pub fn delta_len(&self) -> usize {
        self.delta.documents.len()
    }

    /// The document of a key.
    pub fn get(&self, key: &str) -> Option<&Document> {
        self.parts().into_iter().find_map(|part| {
            let row = part.segment.row(key).filter(|row| part.lives(*row))?;
            Some(part.segment.documents[row].as_ref())
        })
    }

    /// Every document, those of the base first, each part in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.parts().into_iter().flat_map(|part| {
            let rows = part.segment.documents.iter().enumerate();
            rows.filter(move |(row, _)| part.lives(*row)).map(|(_, document)| document.as_ref())
        })
    }

    /// How many documents hold an analysed term.
    pub fn document_frequency(&self, term: &str) -> usize {
        self.parts()
            .into_iter()
            .filter_map(|part| Some((part, part.segment.postings.get(term)?)))
            .map(|(part, rows)| rows.iter().filter(|(row, _)| part.lives(*row)).count())
            .sum()
    }

    /// Mean tokens in each text field, over the documents that can be found.
    #[allow(clippy::cast_precision_loss)] // Counts of tokens stay far below 2^53.
    pub fn average_lengths(&self) -> Vec<f64> {
        let total = self.documents.max(1) as f64;
        let counts = token_counts(&self.schema, self.iter());
        counts.into_iter().map(|count| count as f64 / total).collect()
    }

    /// Surface words that begin with `prefix`, with the documents that hold each, in order.
    pub fn surface(&self, prefix: &str) -> Vec<(&str, usize)> {
        let mut words = BTreeMap::new();
        for part in self.parts() {
            let from = part.segment.surface.range(prefix.to_owned()..);
            for (word, rows) in from.take_while(|(word, _)| word.starts_with(prefix)) {
                let count = rows.iter().filter(|row| part.lives(**row)).count();
                if count > 0 {
                    *words.entry(word.as_str()).or_insert(0) += count;
                }
            }
        }
        words.into_iter().collect()
    }

    /// The union of the `depth` best by words and the `depth` nearest, in the order of keys.
    ///
    /// Within each part equal scores are ordered by key. The vectors are compared exactly.
    pub fn search(&self, request: &Request<'_>) -> Result<Vec<Candidate<'_>>, Error> {
        if let Some(vector) = request.vector {
            if vector.len() != self.schema.dimension {
                return Err(Error::Request("the vector has another dimension than the schema"));
            }
            if !vector.iter().all(|value| value.is_finite()) {
                return Err(Error::Request("the vector holds a value that is not finite"));
            }
        }
        let filter = request.filter.resolve(&self.schema)?;
        let terms = self.weigh(request.terms);
        let mut found: Vec<Candidate<'_>> = Vec::new();
        for part in self.parts() {
            found.extend(part.scan(&terms, request.vector, &filter));
        }
        let mut chosen = HashSet::new();
        let words = found.iter().filter(|found| found.words > 0.0).map(|f| (f.words, f.key));
        chosen.extend(best(words.collect(), request.depth));
        let least = request.threshold.unwrap_or(f32::NEG_INFINITY);
        let near = found.iter().filter_map(|found| Some((found.cosine?, found.key)));
        chosen.extend(best(near.filter(|(cosine, _)| *cosine >= least).collect(), request.depth));
        found.retain(|candidate| chosen.contains(candidate.key));
        found.sort_unstable_by_key(|candidate| candidate.key);
        Ok(found)
    }

    /// The distinct terms that occur, with their inverse document frequency.
    #[allow(clippy::cast_precision_loss)] // Counts of documents stay below 2^24 or lose nothing that ranks.
    fn weigh<'a>(&self, terms: &[&'a str]) -> Vec<(&'a str, f32)> {
        let mut seen = HashSet::new();
        let mut weighed = Vec::new();
        for term in terms {
            let frequency = self.document_frequency(term) as f32;
            if frequency > 0.0 && seen.insert(term) {
                let others = self.documents as f32 - frequency;
                weighed.push((*term, ((others + 0.5) / (frequency + 0.5)).ln_1p()));
            }
        }
        weighed
    }

    fn parts(&self) -> Vec<Part<'_>> {
        let base = self.base.iter().map(|base| Part { segment: &base.segment, dead: &self.dead });
        base.chain([Part { segment: &self.delta, dead: &[] }]).collect()
    }
}

#[derive(Clone, Copy)]
struct Part<'a> {
    segment: &'a Segment,
    dead: &'a [bool],
}

impl<'a> Part<'a> {
    fn lives(self, row: usize) -> bool {
        !self.dead.get(row).copied().unwrap_or(false)
    }

    /// Every document that the filter keeps and that words or the vector may find.
    fn scan(
        self,
        terms: &[(&str, f32)],
        vector: Option<&[f32]>,
        filter: &Resolved<'_>,
    ) -> Vec<Candidate<'a>> {
        let mut scores = vec![0.0_f32; self.segment.documents.len()];
        for (term, idf) in terms {
            for (row, share) in self.segment.postings.get(*term).into_iter().flatten() {
                scores[*row] += idf * share;
            }
        }
        let mut found = Vec::new();
        for (row, document) in self.segment.documents.iter().enumerate() {
            let near = vector.is_some() && document.vector.is_some();
            if (near || scores[row] > 0.0) && self.lives(row) && filter.keeps(document) {
                let cosine = vector.zip(document.vector.as_deref()).map(|(a, b)| dot(a, b));
                let (key, text) = (document.key.as_str(), document.text.as_str());
                found.push(Candidate { key, text, cosine, words: scores[row] });
            }
        }
        found
    }
}

/// The keys of the `depth` greatest scores, equal ones by key.
fn best(mut scored: Vec<(f32, &str)>, depth: usize) -> Vec<&str> {
    let order = |a: &(f32, &str), b: &(f32, &str)| b.0.total_cmp(&a.0).then(a.1.cmp(b.1));
    if depth < scored.len() {
        scored.select_nth_unstable_by(depth, order);
        scored.truncate(depth);
    }
    scored.into_iter().map(|(_, key)| key).collect()
}

/// Sixteen sums side by side, which the compiler keeps in vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (a, b) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a.zip(b) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + rest
}
