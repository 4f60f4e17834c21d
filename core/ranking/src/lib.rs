//! Ranking: one formula for every engine.
//!
//! An engine returns candidates. This crate analyzes the query and corrects its spelling, scores
//! the candidates from the catalogue's statistics, and decides which products fit the query. Everything
//! is pure: no I/O, no clock, no engine.
//!
//! score = 0.5 L / max L + 0.5 min-max cosine + 0.3 coverage + 0.1 adjacent pairs, where L is the
//! field-weighted BM25 of [`akin_entities::bm25`] (k1 0.5, b 0.75).
//!
//! Products and queries pass through the same analyzer, so that their words meet:
//!
//! ```
//! use akin_entities::Language;
//! use akin_ranking::analyze;
//!
//! let terms = |text| analyze(text, Language::English);
//! assert_eq!(terms("Wireless headphones"), terms("wireless HEADPHONE"));
//! ```

mod alternatives;
mod analysis;
mod characters;
mod chunks;
mod completions;
mod correction;
mod explain;
mod fits;
mod folding;
mod identifiers;
mod last_word;
mod numbers;
mod parsed_query;
mod query_analyzer;
mod query_terms;
mod score;
mod segments;
mod spellings;
mod stems;
mod stop_words;
mod synonyms;
mod term_matcher;
mod text_features;
mod typed_text;
mod value_pattern;

pub use analysis::{AnalyzedProduct, analysis, analyze, analyze_product, canonical_terms};
pub use completions::MAX_COMPLETIONS;
pub use correction::{Correction, MAX_CORRECTED_WORDS, correct, correct_words, misspelled_words};
pub use explain::{TermExplanation, TermRole};
pub use fits::{BeyondRule, FitClause, FitRule, Floors, Judgment, NEAREST, ScoredCandidate};
pub use identifiers::{known_identifier, query_is_identifier};
pub use parsed_query::ParsedQuery;
pub use query_analyzer::QueryAnalyzer;
pub use query_terms::QueryTerms;
pub use score::{
    CandidateFeatures, Score, ScoreParts, WordEvidence, score_candidates, score_parts,
};
pub use synonyms::{SynonymRule, Synonyms};
pub use typed_text::{Completion, TypedText};
pub use value_pattern::{ValuePattern, folded_words};
