//! Scores the candidates of a search, and orders them.

use crate::relevance::{Boosts, boosted, created};
use crate::{SearchRequest, Sort};
use akin_entities::Similarity;
use akin_ports::Candidate;
use akin_ranking::{
    BeyondRule, CandidateFeatures, FitClause, FitRule, Judgment, Score, ScoredCandidate,
    score_candidates,
};

/// A candidate, scored and judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranked<'a> {
    pub(crate) candidate: &'a Candidate,
    pub(crate) score: Score,
    /// Why it fits the query, if it does.
    pub(crate) fits: Option<FitClause>,
    /// The factor by which its score was boosted.
    pub(crate) boost: f32,
    /// True if it fits the query even without the shopper's own threshold.
    pub(crate) is_good: bool,
}

/// Scores and judges the candidates, in their order. Also returns the rule for products beyond them.
pub(crate) fn rank<'a>(
    rule: &FitRule<'_>,
    boosts: &Boosts,
    candidates: &'a [Candidate],
) -> (Vec<Ranked<'a>>, Option<BeyondRule>) {
    let features = |candidate: &'a Candidate| CandidateFeatures {
        text: &candidate.text,
        cosine: candidate.cosine.map(Similarity::get),
    };
    let features: Vec<_> = candidates.iter().map(features).collect();
    let scores = score_candidates(rule.mode, rule.query, &features);
    let to_judge: Vec<_> = features
        .iter()
        .zip(&scores)
        .map(|(features, score)| ScoredCandidate { score: *score, cosine: features.cosine })
        .collect();
    let Judgment { fits, beyond } = rule.judge(&to_judge);
    let good = match rule.threshold {
        Some(_) => FitRule { threshold: None, ..*rule }.judge(&to_judge).fits,
        None => fits.clone(),
    };
    let times = candidates.iter().filter_map(|candidate| created(candidate.facets.as_ref()?));
    let newest = times.filter(|_| !boosts.is_empty()).reduce(f64::max);
    let judged = candidates.iter().zip(scores).zip(fits.into_iter().zip(good));
    let ranked = judged.map(|((candidate, mut score), (fits, good))| {
        let mut boost = 1.0;
        if let Some(facets) = candidate.facets.as_ref().filter(|_| !boosts.is_empty()) {
            boost = boosts.factor(&candidate.id, facets, newest);
            score.score = boosted(score.score, boost);
        }
        Ranked { candidate, score, fits, boost, is_good: good.is_some() }
    });
    (ranked.collect(), beyond)
}

/// Orders hits best first, ties by id, as far as the page needs, of which some may be pinned.
pub(crate) fn sorted<'a>(
    mut hits: Vec<Ranked<'a>>,
    request: &SearchRequest,
    pins: usize,
) -> Vec<Ranked<'a>> {
    let order = |a: &Ranked<'_>, b: &Ranked<'_>| {
        let by_id = || a.candidate.id.cmp(&b.candidate.id);
        b.score.score.total_cmp(&a.score.score).then_with(by_id)
    };
    let mut first = hits.as_mut_slice();
    // In another order, the index sorts; the first tells whether the answer is good.
    let wanted = if request.sort == Sort::Relevance {
        request.paging.places().end.saturating_add(pins).max(1)
    } else {
        1
    };
    if wanted < first.len() {
        first = first.select_nth_unstable_by(wanted, order).0;
    }
    first.sort_unstable_by(order);
    hits
}
