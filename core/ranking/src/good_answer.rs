use crate::QueryTerms;
use akin_entities::bm25;

/// How many of the best hits say whether an answer is good.
pub const GOOD_ANSWER_HITS: usize = 5;

/// What those must reach on average.
const THRESHOLD: f64 = 0.55;

/// Whether an answer's best hits answer the query at all: the mean of cosine + .5 coverage over
/// the first [`GOOD_ANSWER_HITS`] is at least .55, where words that the catalogue lacks take
/// away from the coverage. `best` holds the (cosine, coverage) of each.
///
/// Where the search did not look at meaning, the coverage alone must reach it.
#[expect(clippy::cast_precision_loss, reason = "counts of words and of five hits")]
pub fn is_good_answer(best: &[(Option<f32>, f32)], query: &QueryTerms) -> bool {
    let best = &best[..best.len().min(GOOD_ANSWER_HITS)];
    if best.is_empty() {
        return false;
    }
    let known = query.weight();
    let unknown = query.unknown as f64 * bm25::idf(query.documents, 0);
    let share = if known > 0.0 { known / (known + unknown) } else { 0.0 };
    let worth = |&(cosine, coverage): &(Option<f32>, f32)| {
        let words = f64::from(coverage) * share;
        cosine.map_or(words, |cosine| f64::from(cosine) + 0.5 * words)
    };
    best.iter().map(worth).sum::<f64>() / best.len() as f64 >= THRESHOLD
}
