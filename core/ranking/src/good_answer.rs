use crate::QueryTerms;
use akin_entities::bm25;

/// The number of best hits that [`is_good_answer`] looks at.
pub const GOOD_ANSWER_HITS: usize = 5;

/// The minimum mean of cosine + 0.5 coverage over those hits.
const THRESHOLD: f64 = 0.55;

/// Returns true if the best hits answer the query: the mean of cosine + 0.5 coverage over the first
/// [`GOOD_ANSWER_HITS`] is at least 0.55, where query terms that the catalogue lacks lower the
/// coverage. `best` contains the (cosine, coverage) of each hit.
///
/// In a search without embeddings the mean coverage must be at least 0.55.
#[expect(clippy::cast_precision_loss, reason = "counts of words and of five hits")]
pub fn is_good_answer(best: &[(Option<f32>, f32)], query: &QueryTerms) -> bool {
    let best = &best[..best.len().min(GOOD_ANSWER_HITS)];
    if best.is_empty() {
        return false;
    }
    let known = query.weight();
    let unknown = query.unknown as f64 * bm25::idf(query.documents, 0);
    let known_share = if known > 0.0 { known / (known + unknown) } else { 0.0 };
    let evidence = |&(cosine, coverage): &(Option<f32>, f32)| {
        let words = f64::from(coverage) * known_share;
        cosine.map_or(words, |cosine| f64::from(cosine) + 0.5 * words)
    };
    best.iter().map(evidence).sum::<f64>() / best.len() as f64 >= THRESHOLD
}
