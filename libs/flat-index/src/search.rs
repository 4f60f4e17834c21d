use crate::matching::{Term, matching};
use crate::nearest::{QueryVector, nearest};
use crate::scratch::Scratch;
use crate::segment::Segment;
use crate::{ColumnFilter, Error, Snapshot};
use bytestring::ByteString;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;

/// How many candidates ahead memory is asked for.
const AHEAD: usize = 6;

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Analyzed terms, of which any may match; none looks for no words.
    pub terms: &'a [&'a str],
    /// A unit vector of the schema's dimension.
    pub vector: Option<&'a [f32]>,
    /// Which documents may be found.
    pub filter: &'a ColumnFilter,
    /// How many of the best by words, and how many of the nearest.
    pub depth: usize,
    /// The least cosine of the nearest; it does not cut those found by words.
    pub threshold: Option<f32>,
}

/// A document found, borrowed from the snapshot.
#[derive(Clone)]
pub struct FoundDocument<'a> {
    /// The document's key, lent: no copy, and it may outlive the snapshot, whose bytes it keeps where
    /// they are.
    pub key: ByteString,
    /// The document's analyzed text, lent likewise.
    pub text: ByteString,
    /// The exact cosine, if the request has a vector.
    pub cosine: Option<f32>,
    segment: &'a Segment,
    row: u32,
}

/// A document of one of the layers, and what it scored.
#[derive(Clone, Copy, Debug)]
struct ScoredDocument {
    score: f32,
    layer: usize,
    row: u32,
}

/// A term that occurs: what it weighs, and its place in each layer.
#[derive(Debug)]
struct WeightedTerm {
    idf: f32,
    places: Vec<Option<u32>>,
}

impl WeightedTerm {
    /// The term in the layer at `place`, which is `segment`.
    fn within<'a>(&self, segment: &'a Segment, place: usize) -> Option<Term<'a>> {
        let postings = segment.postings(*self.places.get(place)?.as_ref()?);
        Some(Term { weight: self.idf, postings })
    }
}

impl<'a> FoundDocument<'a> {
    /// The document's value in a keyword column; blank if there is no such column.
    pub fn keyword(&self, column: usize) -> &'a str {
        self.segment.keyword(column, self.row)
    }

    /// The document's number in a number column, if it has one.
    pub fn number(&self, column: usize) -> Option<f64> {
        self.segment.number(column, self.row)
    }
}

impl fmt::Debug for FoundDocument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundDocument")
            .field("key", &self.key)
            .field("cosine", &self.cosine)
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    /// The union of the `depth` best by words and the `depth` nearest, in no order that means
    /// anything. Within each part equal scores go by key.
    ///
    /// The best by words are exact, and so is every filter and every cosine; up to 50,000 documents
    /// the nearest miss next to nothing (recall .999), above it little (.99).
    pub fn search(&self, request: &Request<'_>) -> Result<Vec<FoundDocument<'_>>, Error> {
        self.check(request)?;
        let filter = request.filter.resolve(self.schema())?;
        let direction = request.vector.map(|vector| QueryVector::new(vector, self.kernels()));
        let terms = self.weigh(request.terms);
        let (mut near, mut by_words) = (Vec::new(), Vec::new());
        self.pool().lend(|scratch: &mut Scratch| {
            for (place, layer) in self.layers().iter().enumerate() {
                let segment = layer.segment();
                let rows = layer.admitted(&filter);
                let found = |(score, row)| ScoredDocument { score, layer: place, row };
                let Scratch { distances, words } = &mut *scratch;
                let mut by_words_here = || {
                    let terms = terms.iter().filter_map(|term| term.within(segment, place));
                    let terms: Vec<_> = terms.collect();
                    matching(&terms, segment.rows(), &rows, request.depth, words)
                };
                let (near_here, by_words_here) = match &direction {
                    None => (Vec::new(), by_words_here()),
                    Some(to) => {
                        nearest(segment, to, &rows, request.depth, distances, by_words_here)
                    }
                };
                near.extend(near_here.into_iter().map(found));
                by_words.extend(by_words_here.into_iter().map(found));
            }
        });
        let least = request.threshold.unwrap_or(f32::NEG_INFINITY);
        near.retain(|found| found.score >= least);
        self.cut(&mut near, request.depth);
        self.cut(&mut by_words, request.depth);
        Ok(self.union(&near, &by_words, direction.as_ref()))
    }

    fn check(&self, request: &Request<'_>) -> Result<(), Error> {
        let Some(vector) = request.vector else { return Ok(()) };
        if vector.len() != self.schema().dimension {
            return Err(Error::Request("the vector has another dimension than the schema"));
        }
        if !vector.iter().all(|coordinate| coordinate.is_finite()) {
            return Err(Error::Request("the vector holds a coordinate that is not finite"));
        }
        Ok(())
    }

    /// The distinct terms that occur, rare ones first.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    #[expect(clippy::cast_possible_truncation, reason = "a weight needs no more than f32")]
    fn weigh(&self, terms: &[&str]) -> Vec<WeightedTerm> {
        let mut seen = HashSet::new();
        let distinct = terms.iter().filter(|term| seen.insert(**term));
        let weighed = distinct.filter_map(|term| {
            let layers = self.layers().iter();
            let places: Vec<_> = layers.map(|layer| layer.segment().terms().find(term)).collect();
            let layers = self.layers().iter().zip(&places);
            let counts =
                layers.filter_map(|(layer, place)| Some(layer.document_frequency((*place)?)));
            let frequency = counts.sum::<usize>() as f64;
            let others = self.documents() as f64 - frequency;
            let idf = ((others + 0.5) / (frequency + 0.5)).ln_1p() as f32;
            (frequency > 0.0).then_some(WeightedTerm { idf, places })
        });
        let mut weighed: Vec<_> = weighed.collect();
        weighed.sort_by(|a, b| b.idf.total_cmp(&a.idf));
        weighed
    }

    /// Leaves the `depth` best of all layers.
    fn cut(&self, found: &mut Vec<ScoredDocument>, depth: usize) {
        if found.len() <= depth {
            return;
        }
        let key =
            |found: &ScoredDocument| self.layers()[found.layer].segment().keys().get(found.row);
        let order = |a: &ScoredDocument, b: &ScoredDocument| -> Ordering {
            b.score.total_cmp(&a.score).then_with(|| key(a).cmp(key(b)))
        };
        found.select_nth_unstable_by(depth, order);
        found.truncate(depth);
    }

    fn union(
        &self,
        near: &[ScoredDocument],
        by_words: &[ScoredDocument],
        direction: Option<&QueryVector<'_>>,
    ) -> Vec<FoundDocument<'_>> {
        let near = near.iter().map(|found| (found.layer, found.row, Some(found.score)));
        let by_words = by_words.iter().map(|found| (found.layer, found.row, None));
        let mut union: Vec<_> = near.chain(by_words).collect();
        // Of two the one that knows its cosine comes first, and stays. One number is compared faster
        // than three.
        union.sort_unstable_by_key(|(layer, row, cosine)| {
            (*layer as u64) << 33 | u64::from(*row) << 1 | u64::from(cosine.is_none())
        });
        union.dedup_by_key(|(layer, row, _)| (*layer, *row));
        let lenders: Vec<_> = self.layers().iter().map(|layer| layer.segment().lender()).collect();
        let candidate = |(place, &(layer, row, cosine)): (usize, &(usize, u32, Option<f32>))| {
            if let Some((layer, row, _)) = union.get(place + 2 * AHEAD) {
                lenders[*layer].prefetch_ends(*row);
            }
            if let Some((layer, row, cosine)) = union.get(place + AHEAD) {
                lenders[*layer].prefetch(*row, cosine.is_none() && direction.is_some());
            }
            let lender = &lenders[layer];
            let segment = lender.segment();
            let cosine = cosine.or_else(|| Some(direction?.cosine(segment, row)));
            FoundDocument { key: lender.key(row), text: lender.text(row), cosine, segment, row }
        };
        union.iter().enumerate().map(candidate).collect()
    }
}
