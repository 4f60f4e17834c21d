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
#[expect(clippy::struct_excessive_bools, reason = "each is a piece of evidence of its own")]
pub struct WordEvidence {
    /// The share of their weight that the text contains: 0 to 1.
    pub coverage: f32,
    /// The share of their weight that the title contains: 0 to 1.
    pub title: f32,
    /// True if the text contains all of them.
    pub fill_any: bool,
    /// True if the title contains all of them.
    pub fill_title: bool,
    /// True if the title and the brand together contain all of them.
    pub fill_named: bool,
    /// True if the text contains every model number among them that the catalogue has: a word of at
    /// least four letters and digits.
    pub hold_model_numbers: bool,
}

/// The parts of a score: their sum is the score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScoreParts {
    /// The field-weighted BM25, by that of the best candidate: 0 to 0.5.
    pub words: f64,
    /// The share of the query's weight that the text contains: 0 to 0.3.
    pub coverage: f64,
    /// The share of the weight of the query's adjacent pairs that the title contains: 0 to 0.1.
    pub adjacency: f64,
    /// What a product of the identifier that the query is has beyond all others: 0 or 2.
    pub identifier: f64,
    /// The cosine, scaled between those of the candidates: 0 to 0.5; in a semantic search the cosine.
    pub meaning: f64,
}

impl ScoreParts {
    fn text(&self) -> f64 {
        self.words + self.coverage + self.adjacency + self.identifier
    }
}

/// The features of a set of candidates, and what they are scaled by.
struct FeatureSet {
    features: Vec<TextFeatures>,
    max_l: f64,
    low: f64,
    high: f64,
}

impl FeatureSet {
    fn new(query: &QueryTerms, candidates: &[CandidateFeatures<'_>]) -> Self {
        let mut extractor = FeatureExtractor::new(query);
        let features: Vec<_> =
            candidates.iter().map(|candidate| extractor.extract(candidate.text)).collect();
        let max_l = features.iter().map(|features| features.l).fold(0.0, f64::max);
        let max_l = if max_l > 0.0 { max_l } else { 1.0 };
        let cosines = candidates.iter().filter_map(|candidate| candidate.cosine.map(f64::from));
        let (low, high) = cosines
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), cosine| {
                (low.min(cosine), high.max(cosine))
            });
        Self { features, max_l, low, high }
    }

    /// Returns the parts of the score of a candidate with these features.
    fn parts(
        &self,
        mode: SearchMode,
        query: &QueryTerms,
        features: &TextFeatures,
        cosine: Option<f32>,
    ) -> ScoreParts {
        let cosine = cosine.map(f64::from);
        let by_meaning =
            mode == SearchMode::Semantic || mode == SearchMode::Hybrid && query.terms.is_empty();
        let text = ScoreParts {
            words: (1.0 - ALPHA) * features.l / self.max_l,
            coverage: COVERAGE * features.coverage,
            adjacency: PAIRS * features.pairs,
            identifier: if features.is_identified { IDENTIFIED } else { 0.0 },
            meaning: 0.0,
        };
        let (low, high) = (self.low, self.high);
        match mode {
            _ if by_meaning => {
                ScoreParts { meaning: cosine.unwrap_or(-1.0), ..ScoreParts::default() }
            }
            SearchMode::Hybrid => {
                let scaled = |cosine: f64| ALPHA * (cosine - low) / (high - low + 1e-9);
                ScoreParts { meaning: cosine.map_or(0.0, scaled), ..text }
            }
            SearchMode::Lexical | SearchMode::Semantic => text,
        }
    }
}

/// Returns the parts of the scores that [`score_candidates`] gives.
pub fn score_parts(
    mode: SearchMode,
    query: &QueryTerms,
    candidates: &[CandidateFeatures<'_>],
) -> Vec<ScoreParts> {
    let set = FeatureSet::new(query, candidates);
    let parts = candidates.iter().zip(&set.features);
    parts.map(|(one, features)| set.parts(mode, query, features, one.cosine)).collect()
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
    let set = FeatureSet::new(query, candidates);
    let scores = candidates.iter().zip(&set.features).map(|(candidate, features)| {
        let parts = set.parts(mode, query, features, candidate.cosine);
        narrow(parts.text() + parts.meaning, parts.text(), features)
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
