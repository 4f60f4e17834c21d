use crate::QueryTerms;
use crate::text_features::{FeatureExtractor, TextFeatures};
use akin_entities::{AnalyzedText, SearchMode};

/// The weight of the cosine; that of L is 1 - ALPHA.
const ALPHA: f64 = 0.5;
/// The weight of the coverage.
const COVERAGE: f64 = 0.3;
/// The weight of adjacent pairs.
const PAIRS: f64 = 0.1;
/// What a product scores beyond any other if the query is its identifier: more than all the rest together.
const IDENTIFIED: f64 = 2.0;

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
