//! What a text holds of a query, for scoring.

use crate::alternatives::{ALTERNATIVE, Alternatives};
use crate::term_matcher::{MatchEvent, TermMatcher};
use crate::{QueryTerms, WordEvidence};
use akin_entities::{AnalyzedText, TextField, bm25};
use std::collections::HashMap;

/// The number of terms of a title in which pairs are searched for.
const MAX_TITLE: usize = 64;

/// The features of a candidate's text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TextFeatures {
    /// The field-weighted BM25.
    pub(crate) l: f64,
    /// The share of the weight of the query's terms that the text contains.
    pub(crate) coverage: f64,
    /// The share of the weight of the query's adjacent pairs that the title contains.
    pub(crate) pairs: f64,
    /// True if the query is an identifier of the product.
    pub(crate) is_identified: bool,
    /// What the text holds of the content words.
    pub(crate) words: WordEvidence,
}

/// Extracts the features of candidates' texts; its buffers are reused between texts.
#[derive(Debug)]
pub(crate) struct FeatureExtractor<'a> {
    query: &'a QueryTerms,
    /// Matches the query's distinct terms.
    matcher: TermMatcher<'a>,
    /// The index of each query term among the distinct ones.
    terms: Vec<usize>,
    /// The alternatives of the query's terms; `None` if there are none, as in most queries.
    alternatives: Option<Alternatives>,
    /// The query's adjacent pairs of terms, with their weights.
    pairs: Vec<((usize, usize), f64)>,
    /// The sum of the weights of all pairs.
    pairs_weight: f64,
    /// The sum of the weights of all terms.
    weight: f64,
    /// The weighted, length-normalized frequency of each distinct term.
    frequencies: Vec<f64>,
    /// The number of occurrences of each distinct term in the current field.
    counts: Vec<u32>,
    /// The adjacent pairs of query terms in the title.
    adjacent: Vec<(usize, usize)>,
    /// Whether the title contains each distinct term.
    in_title: Vec<bool>,
    /// Whether the title or the brand contains each distinct term.
    in_name: Vec<bool>,
    /// The distinct content terms.
    content: Vec<ContentTerm>,
    /// The sum of the weights of all content terms, those that the catalogue lacks included.
    content_weight: f64,
}

/// A content term of the query.
#[derive(Clone, Copy, Debug)]
struct ContentTerm {
    /// Its position in the query.
    place: usize,
    /// Its index among the distinct terms.
    index: usize,
    weight: f64,
    is_model_number: bool,
}

/// Returns true if `term` is at least four letters and digits, some of each.
fn is_model_number(term: &str) -> bool {
    let is_digit = |character: char| character.is_numeric();
    term.chars().nth(3).is_some()
        && term.chars().any(is_digit)
        && term.chars().any(|character| !is_digit(character))
}

impl<'a> FeatureExtractor<'a> {
    pub(crate) fn new(query: &'a QueryTerms) -> Self {
        let mut distinct = Vec::new();
        let mut indices = HashMap::new();
        let mut index = |text: &'a str| {
            *indices.entry(text.as_bytes()).or_insert_with(|| {
                distinct.push(text.as_bytes());
                distinct.len() - 1
            })
        };
        let terms: Vec<_> = query.terms.iter().map(|term| index(&term.text)).collect();
        let alternatives = Alternatives::new(query, &terms, &mut index);
        let weight = |at: usize| query.terms[at].idf + query.terms[at + 1].idf;
        let pairs = terms.windows(2).enumerate().map(|(at, pair)| ((pair[0], pair[1]), weight(at)));
        let pairs: Vec<_> = pairs.collect();
        Self {
            query,
            alternatives,
            pairs_weight: pairs.iter().map(|(_, weight)| weight).sum(),
            pairs,
            weight: query.weight(),
            content: content_terms(query, &terms),
            content_weight: query.content_weight(),
            in_title: vec![false; distinct.len()],
            in_name: vec![false; distinct.len()],
            frequencies: vec![0.0; distinct.len()],
            counts: vec![0; distinct.len()],
            adjacent: Vec::new(),
            matcher: TermMatcher::new(&distinct),
            terms,
        }
    }

    /// Returns the features of a text.
    pub(crate) fn extract(&mut self, text: &AnalyzedText) -> TextFeatures {
        if self.terms.is_empty() {
            let words = WordEvidence { hold_model_numbers: true, ..WordEvidence::default() };
            return TextFeatures { words, ..TextFeatures::default() };
        }
        self.count_terms(text);
        let mut features = TextFeatures::default();
        for (place, (term, &index)) in self.query.terms.iter().zip(&self.terms).enumerate() {
            let frequency = self.frequencies[index];
            let mut l = bm25::term_score(term.idf, frequency);
            if let Some(alternatives) = &self.alternatives {
                let best = alternatives.frequency(place, &self.frequencies);
                l = l.max(ALTERNATIVE * bm25::term_score(term.idf, best));
            }
            features.l += l;
            features.coverage += if self.is_held(place, index) { term.idf } else { 0.0 };
            features.is_identified |= term.is_identifier && frequency > 0.0;
        }
        // Inconsistent statistics may give every term a weight of 0.
        features.coverage = if self.weight > 0.0 { features.coverage / self.weight } else { 0.0 };
        if features.is_identified {
            features.coverage = 1.0;
        }
        if self.pairs_weight > 0.0 && !self.adjacent.is_empty() {
            let is_adjacent = |place: usize, pair: &(usize, usize)| match &self.alternatives {
                None => self.adjacent.contains(pair),
                Some(alternatives) => alternatives.are_adjacent(place, &self.adjacent),
            };
            let pairs = self.pairs.iter().enumerate();
            let contained = pairs.filter(|(place, (pair, _))| is_adjacent(*place, pair));
            let weight = contained.map(|(_, (_, weight))| weight).sum::<f64>();
            features.pairs = weight / self.pairs_weight;
        }
        features.words = self.evidence();
        features
    }

    /// Returns true if the counted text holds the term or one of its alternatives.
    fn is_held(&self, place: usize, index: usize) -> bool {
        self.frequencies[index] > 0.0
            || self
                .alternatives
                .as_ref()
                .is_some_and(|alternatives| alternatives.frequency(place, &self.frequencies) > 0.0)
    }

    /// Returns true if the term or one of its alternatives is among those that are `held`.
    fn is_in(&self, held: &[bool], place: usize, index: usize) -> bool {
        let has_alternative = |alternatives: &Alternatives| alternatives.is_held_by(place, held);
        held[index] || self.alternatives.as_ref().is_some_and(has_alternative)
    }

    /// Returns what the counted text holds of the content terms.
    #[expect(clippy::cast_possible_truncation, reason = "a share needs no more than f32")]
    fn evidence(&self) -> WordEvidence {
        let (mut coverage, mut title) = (0.0, 0.0);
        let is_complete = !self.content.is_empty() && !self.query.lacks_content();
        let mut words = WordEvidence {
            fill_any: is_complete,
            fill_title: is_complete,
            fill_named: is_complete,
            hold_model_numbers: true,
            ..WordEvidence::default()
        };
        for term in &self.content {
            let is_held = self.is_held(term.place, term.index);
            let is_in_title = self.is_in(&self.in_title, term.place, term.index);
            coverage += if is_held { term.weight } else { 0.0 };
            title += if is_in_title { term.weight } else { 0.0 };
            words.fill_any &= is_held;
            words.fill_title &= is_in_title;
            words.fill_named &= self.is_in(&self.in_name, term.place, term.index);
            words.hold_model_numbers &= is_held || !term.is_model_number;
        }
        if self.content_weight > 0.0 {
            words.coverage = (coverage / self.content_weight) as f32;
            words.title = (title / self.content_weight) as f32;
        }
        words
    }

    /// Computes the frequency of each term, and collects the adjacent pairs of the title.
    #[expect(clippy::cast_precision_loss, reason = "a text has fewer than 2^52 terms")]
    fn count_terms(&mut self, text: &AnalyzedText) {
        let Self { query, matcher, frequencies, counts, adjacent, in_title, in_name, .. } = self;
        frequencies.fill(0.0);
        in_title.fill(false);
        in_name.fill(false);
        adjacent.clear();
        let mut fields = TextField::ALL.into_iter();
        let mut field = fields.next();
        let (mut previous, mut has_matches) = (None, false);
        matcher.visit(text.as_stream().as_bytes(), |event| {
            // Text after the last field is ignored.
            let Some(current) = field else { return };
            match event {
                MatchEvent::Term(found) => {
                    has_matches = true;
                    counts[found.index] += 1;
                    in_name[found.index] |= current.is_name();
                    if current == TextField::Title {
                        in_title[found.index] = true;
                        let position = found.position();
                        if let Some((before, first)) = previous
                            && before + 1 == position
                            && position < MAX_TITLE
                        {
                            adjacent.push((first, found.index));
                        }
                        previous = Some((position, found.index));
                    }
                }
                MatchEvent::FieldEnd { terms } => {
                    if has_matches {
                        let average = f64::from(query.average_lengths[current.position()]);
                        let weight = current.norm(terms as f64, average);
                        for (frequency, count) in frequencies.iter_mut().zip(counts.iter_mut()) {
                            *frequency += weight * f64::from(std::mem::take(count));
                        }
                    }
                    has_matches = false;
                    field = fields.next();
                }
            }
        });
    }
}

/// Returns the distinct content terms of `query`, whose terms have these indexes among the distinct ones.
fn content_terms(query: &QueryTerms, indexes: &[usize]) -> Vec<ContentTerm> {
    let mut content: Vec<ContentTerm> = Vec::new();
    let terms = query.terms.iter().zip(indexes).enumerate();
    for (place, (term, &index)) in terms.filter(|(_, (term, _))| term.is_content()) {
        if !content.iter().any(|known| known.index == index) {
            let is_model_number = is_model_number(&term.text);
            content.push(ContentTerm { place, index, weight: term.idf, is_model_number });
        }
    }
    content
}
