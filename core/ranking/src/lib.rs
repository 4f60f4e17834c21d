//! How akin ranks: one formula for every engine.
//!
//! An engine delivers candidates; this crate analyzes and corrects the query's words, scores the
//! frozen set from the catalogue's own statistics, and says whether the answer is any good. All of
//! it is pure: no I/O, no clock, no engine.
//!
//! score = .5 L / max L + .5 min-max cosine + .3 coverage + .1 adjacent pairs, where L is a
//! field-weighted BM25 (k1 .5, b .75).

mod analysis;
mod correction;
mod good_answer;
mod query_terms;
mod score;
mod terms;

pub use analysis::{AnalyzedProduct, analyze, analyze_product};
pub use correction::correct;
pub use good_answer::{GOOD_ANSWER_HITS, is_good_answer};
pub use query_terms::{Correction, QueryTerms};
pub use score::{CandidateFeatures, Score, score_candidates};
