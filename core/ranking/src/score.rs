use crate::QueryTerms;
use crate::term_matcher::{MatchEvent, TermMatcher};
use akin_entities::{AnalyzedText, SearchMode, TextField, bm25};
use std::collections::HashMap;

/// The weight of the cosine; that of L is 1 - ALPHA.
const ALPHA: f64 = 0.5;
/// The weight of the coverage.
const COVERAGE: f64 = 0.3;
/// The weight of adjacent pairs.
const PAIRS: f64 = 0.1;
/// What a product scores beyond any other if the query is its identifier: more than all the rest together.
const IDENTIFIED: f64 = 2.0;
/// The number of terms of a title in which pairs are searched for.
const MAX_TITLE: usize = 64;

/// The features of a candidate that are scored.
#[derive(Clone, Copy, Debug)]
pub struct CandidateFeatures<'a> {
    /// The analyzed text.
    pub text: &'a AnalyzedText,
    /// The cosine to the query, if the search uses embeddings and the candidate has one.
    pub cosine: Option<f32>,
}

/// The score of a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// The total score: larger is better.
    pub score: f32,
    /// The part of the total that comes from the text.
    pub text_score: f32,
    /// The share of the query's weight that the text contains: 0 to 1.
    pub coverage: f32,
    /// What the text holds of the query's content words.
    pub words: WordEvidence,
    /// True if the query is an identifier of the product.
    pub is_identified: bool,
}

/// What a text holds of a query's content words: the distinct words that are no stop words, those that
/// the catalogue lacks included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WordEvidence {
    /// The share of their weight that the text contains: 0 to 1.
    pub coverage: f32,
    /// The share of their weight that the title contains: 0 to 1.
    pub title: f32,
    /// True if the text contains all of them.
    pub fill_any: bool,
    /// True if the title contains all of them.
    pub fill_title: bool,
    /// True if the text contains every model number among them that the catalogue has: a word of at
    /// least four letters and digits.
    pub hold_model_numbers: bool,
}

/// The features of a candidate's text.
#[derive(Clone, Copy, Debug, Default)]
struct TextFeatures {
    /// The field-weighted BM25.
    l: f64,
    /// The share of the weight of the query's terms that the text contains.
    coverage: f64,
    /// The share of the weight of the query's adjacent pairs that the title contains.
    pairs: f64,
    /// True if the query is an identifier of the product.
    is_identified: bool,
    /// What the text holds of the content words.
    words: WordEvidence,
}

/// Scores a set of candidates; the scores are in the order of the candidates. In hybrid mode a score
/// depends on the whole set: L is divided by the largest, the cosine is scaled between the smallest
/// and the largest.
///
/// Rank by [`Score::score`] in descending order, ties by product id.
pub fn score_candidates(
    mode: SearchMode,
    query: &QueryTerms,
    candidates: &[CandidateFeatures<'_>],
) -> Vec<Score> {
    let mut extractor = FeatureExtractor::new(query);
    let features: Vec<_> =
        candidates.iter().map(|candidate| extractor.extract(candidate.text)).collect();
    let max_l = features.iter().map(|features| features.l).fold(0.0, f64::max);
    let max_l = if max_l > 0.0 { max_l } else { 1.0 };
    let cosines = candidates.iter().filter_map(|candidate| candidate.cosine.map(f64::from));
    let (low, high) = cosines.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), cosine| {
        (low.min(cosine), high.max(cosine))
    });
    let scores = candidates.iter().zip(&features).map(|(candidate, features)| {
        let text = (1.0 - ALPHA) * features.l / max_l
            + COVERAGE * features.coverage
            + PAIRS * features.pairs
            + if features.is_identified { IDENTIFIED } else { 0.0 };
        let cosine = candidate.cosine.map(f64::from);
        let score = match mode {
            SearchMode::Lexical => text,
            SearchMode::Semantic => cosine.unwrap_or(-1.0),
            SearchMode::Hybrid if query.terms.is_empty() => cosine.unwrap_or(-1.0),
            SearchMode::Hybrid => {
                text + cosine.map_or(0.0, |cosine| ALPHA * (cosine - low) / (high - low + 1e-9))
            }
        };
        let text = if mode == SearchMode::Semantic { 0.0 } else { text };
        narrow(score, text, features)
    });
    scores.collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a response needs no more than f32")]
fn narrow(score: f64, text: f64, features: &TextFeatures) -> Score {
    Score {
        score: score as f32,
        text_score: text as f32,
        coverage: features.coverage as f32,
        words: features.words,
        is_identified: features.is_identified,
    }
}

/// Extracts the features of candidates' texts; its buffers are reused between texts.
#[derive(Debug)]
struct FeatureExtractor<'a> {
    query: &'a QueryTerms,
    /// Matches the query's distinct terms.
    matcher: TermMatcher<'a>,
    /// The index of each query term among the distinct ones.
    terms: Vec<usize>,
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
    /// The distinct content terms.
    content: Vec<ContentTerm>,
    /// The sum of the weights of all content terms, those that the catalogue lacks included.
    content_weight: f64,
}

/// A content term of the query.
#[derive(Clone, Copy, Debug)]
struct ContentTerm {
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
    fn new(query: &'a QueryTerms) -> Self {
        let mut distinct = Vec::new();
        let mut indices = HashMap::new();
        let mut terms = Vec::new();
        for term in &query.terms {
            let index = *indices.entry(term.text.as_bytes()).or_insert_with(|| {
                distinct.push(term.text.as_bytes());
                distinct.len() - 1
            });
            terms.push(index);
        }
        let weight = |at: usize| query.terms[at].idf + query.terms[at + 1].idf;
        let pairs = terms.windows(2).enumerate().map(|(at, pair)| ((pair[0], pair[1]), weight(at)));
        let pairs: Vec<_> = pairs.collect();
        Self {
            query,
            pairs_weight: pairs.iter().map(|(_, weight)| weight).sum(),
            pairs,
            weight: query.weight(),
            content: content_terms(query, &terms),
            content_weight: query.content_weight(),
            in_title: vec![false; distinct.len()],
            frequencies: vec![0.0; distinct.len()],
            counts: vec![0; distinct.len()],
            adjacent: Vec::new(),
            matcher: TermMatcher::new(&distinct),
            terms,
        }
    }

    fn extract(&mut self, text: &AnalyzedText) -> TextFeatures {
        if self.terms.is_empty() {
            let words = WordEvidence { hold_model_numbers: true, ..WordEvidence::default() };
            return TextFeatures { words, ..TextFeatures::default() };
        }
        self.count_terms(text);
        let mut features = TextFeatures::default();
        for (term, &index) in self.query.terms.iter().zip(&self.terms) {
            let frequency = self.frequencies[index];
            features.l += bm25::term_score(term.idf, frequency);
            features.coverage += if frequency > 0.0 { term.idf } else { 0.0 };
            features.is_identified |= term.is_identifier && frequency > 0.0;
        }
        // Inconsistent statistics may give every term a weight of 0.
        features.coverage = if self.weight > 0.0 { features.coverage / self.weight } else { 0.0 };
        if features.is_identified {
            features.coverage = 1.0;
        }
        if self.pairs_weight > 0.0 && !self.adjacent.is_empty() {
            let contained = self.pairs.iter().filter(|(pair, _)| self.adjacent.contains(pair));
            features.pairs = contained.map(|(_, weight)| weight).sum::<f64>() / self.pairs_weight;
        }
        features.words = self.evidence();
        features
    }

    /// Returns what the counted text holds of the content terms.
    #[expect(clippy::cast_possible_truncation, reason = "a share needs no more than f32")]
    fn evidence(&self) -> WordEvidence {
        let (mut coverage, mut title) = (0.0, 0.0);
        let is_complete = !self.content.is_empty() && !self.query.lacks_content();
        let mut words = WordEvidence {
            fill_any: is_complete,
            fill_title: is_complete,
            hold_model_numbers: true,
            ..WordEvidence::default()
        };
        for term in &self.content {
            let (is_held, is_in_title) =
                (self.frequencies[term.index] > 0.0, self.in_title[term.index]);
            coverage += if is_held { term.weight } else { 0.0 };
            title += if is_in_title { term.weight } else { 0.0 };
            words.fill_any &= is_held;
            words.fill_title &= is_in_title;
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
        let Self { query, matcher, frequencies, counts, adjacent, in_title, .. } = self;
        frequencies.fill(0.0);
        in_title.fill(false);
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
    for (term, &index) in query.terms.iter().zip(indexes).filter(|(term, _)| term.is_content()) {
        if !content.iter().any(|known| known.index == index) {
            let is_model_number = is_model_number(&term.text);
            content.push(ContentTerm { index, weight: term.idf, is_model_number });
        }
    }
    content
}
