use crate::best::ScoredRow;
use crate::filter::ResolvedFilter;
use crate::layer::Layer;
use crate::matching::{Term, matching};
use crate::nearest::{QueryVector, nearest};
use crate::scratch::Scratch;
use crate::segment::Segment;
use crate::{DocumentFilter, IndexFileError, Snapshot};
use bytestring::ByteString;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;

/// The number of candidates to prefetch ahead.
const PREFETCH_DISTANCE: usize = 6;

/// A search request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Analyzed terms, any of which may match; empty skips keyword search.
    pub terms: &'a [&'a str],
    /// A unit vector with the schema's dimension; `None` skips vector search.
    pub vector: Option<&'a [f32]>,
    /// The documents that may be returned.
    pub filter: &'a DocumentFilter,
    /// The maximum number of keyword matches, and of nearest vectors.
    pub depth: usize,
    /// The minimum cosine of the nearest; keyword matches are not affected.
    pub threshold: Option<f32>,
}

/// A search result, borrowed from the snapshot.
#[derive(Clone)]
pub struct FoundDocument<'a> {
    /// The document's key. It shares the snapshot's bytes without a copy, keeps them alive, and may
    /// outlive the snapshot.
    pub key: ByteString,
    /// The document's analyzed text, shared likewise.
    pub text: ByteString,
    /// The exact cosine, if the request has a vector.
    pub cosine: Option<f32>,
    segment: &'a Segment,
    row: u32,
}

/// A document of one of the layers and its score.
#[derive(Clone, Copy, Debug)]
struct ScoredDocument {
    score: f32,
    layer: usize,
    row: u32,
}

/// A term in the index with its weight and its index in each layer.
#[derive(Debug)]
struct WeightedTerm {
    idf: f32,
    places: Vec<Option<u32>>,
}

impl WeightedTerm {
    /// Returns the term's postings in `segment`, which belongs to the layer at `place`.
    fn within<'a>(&self, segment: &'a Segment, place: usize) -> Option<Term<'a>> {
        let postings = segment.postings(*self.places.get(place)?.as_ref()?);
        Some(Term { weight: self.idf, postings })
    }
}

impl<'a> FoundDocument<'a> {
    pub(crate) fn segment(&self) -> &'a Segment {
        self.segment
    }

    pub(crate) fn row(&self) -> u32 {
        self.row
    }

    /// Returns the document's value in a keyword column, or an empty string if the column does not exist.
    pub fn keyword(&self, column: usize) -> &'a str {
        self.segment.keyword(column, self.row)
    }

    /// Returns the document's value in a number column, if it has one.
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

/// A request, prepared for all layers.
struct PreparedSearch<'a> {
    filter: ResolvedFilter<'a>,
    direction: Option<QueryVector<'a>>,
    terms: Vec<WeightedTerm>,
    depth: usize,
}

/// The best rows of one layer.
struct LayerMatches {
    near: Vec<ScoredRow>,
    by_keywords: Vec<ScoredRow>,
}

impl PreparedSearch<'_> {
    /// Searches the layer at `place`: keywords are matched while the vectors are compared.
    fn layer(&self, place: usize, layer: &Layer, scratch: &mut Scratch) -> LayerMatches {
        let segment = layer.segment();
        let rows = layer.admitted(&self.filter);
        let Scratch { distances, words, .. } = scratch;
        let mut match_keywords = || {
            let terms = self.terms.iter().filter_map(|term| term.within(segment, place));
            let terms: Vec<_> = terms.collect();
            matching(&terms, segment.rows(), &rows, self.depth, words)
        };
        let (near, by_keywords) = match &self.direction {
            None => (Vec::new(), match_keywords()),
            Some(to) => nearest(segment, to, &rows, self.depth, distances, match_keywords),
        };
        LayerMatches { near, by_keywords }
    }
}

impl Snapshot {
    /// Returns the union of the `depth` best keyword matches and the `depth` nearest vectors, in no
    /// particular order. Within each, ties are broken by key.
    ///
    /// Keyword matches, filters and cosines are exact. The recall of the nearest is .999 up to 50,000
    /// documents and .99 above.
    pub fn search(&self, request: &Request<'_>) -> Result<Vec<FoundDocument<'_>>, IndexFileError> {
        self.check(request)?;
        let search = PreparedSearch {
            filter: request.filter.resolve(self.schema())?,
            direction: request.vector.map(|vector| QueryVector::new(vector, self.kernels())),
            terms: self.weigh(request.terms),
            depth: request.depth,
        };
        let (mut near, mut by_keywords) = (Vec::new(), Vec::new());
        self.pool().with(|scratch: &mut Scratch| {
            for (place, layer) in self.layers().iter().enumerate() {
                let found = |(score, row)| ScoredDocument { score, layer: place, row };
                let in_layer = search.layer(place, layer, scratch);
                near.extend(in_layer.near.into_iter().map(found));
                by_keywords.extend(in_layer.by_keywords.into_iter().map(found));
            }
        });
        let least = request.threshold.unwrap_or(f32::NEG_INFINITY);
        near.retain(|found| found.score >= least);
        self.cut(&mut near, request.depth);
        self.cut(&mut by_keywords, request.depth);
        Ok(self.union(&near, &by_keywords, search.direction.as_ref()))
    }

    fn check(&self, request: &Request<'_>) -> Result<(), IndexFileError> {
        request.vector.map_or(Ok(()), |vector| self.check_vector(vector))
    }

    /// Returns an error if `vector` cannot be compared with those of the documents.
    pub(crate) fn check_vector(&self, vector: &[f32]) -> Result<(), IndexFileError> {
        if vector.len() != self.schema().dimension {
            return Err(IndexFileError::Request(
                "the dimension of the vector is not that of the schema",
            ));
        }
        if !vector.iter().all(|coordinate| coordinate.is_finite()) {
            return Err(IndexFileError::Request("the vector has a coordinate that is not finite"));
        }
        Ok(())
    }

    /// Returns the distinct terms that occur in the index, rare ones first.
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

    /// Keeps the `depth` best of all layers.
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
        by_keywords: &[ScoredDocument],
        direction: Option<&QueryVector<'_>>,
    ) -> Vec<FoundDocument<'_>> {
        let near = near.iter().map(|found| (found.layer, found.row, Some(found.score)));
        let by_keywords = by_keywords.iter().map(|found| (found.layer, found.row, None));
        let mut union: Vec<_> = near.chain(by_keywords).collect();
        // Of duplicates, the one with a cosine comes first and is kept. One number compares faster than
        // three.
        union.sort_unstable_by_key(|(layer, row, cosine)| {
            (*layer as u64) << 33 | u64::from(*row) << 1 | u64::from(cosine.is_none())
        });
        union.dedup_by_key(|(layer, row, _)| (*layer, *row));
        let readers: Vec<_> = self.layers().iter().map(|layer| layer.segment().reader()).collect();
        let candidate = |(place, &(layer, row, cosine)): (usize, &(usize, u32, Option<f32>))| {
            if let Some((layer, row, _)) = union.get(place + 2 * PREFETCH_DISTANCE) {
                readers[*layer].prefetch_ends(*row);
            }
            if let Some((layer, row, cosine)) = union.get(place + PREFETCH_DISTANCE) {
                readers[*layer].prefetch(*row, cosine.is_none() && direction.is_some());
            }
            let reader = &readers[layer];
            let segment = reader.segment();
            let cosine = cosine.or_else(|| Some(direction?.cosine(segment, row)));
            FoundDocument { key: reader.key(row), text: reader.text(row), cosine, segment, row }
        };
        union.iter().enumerate().map(candidate).collect()
    }
}
