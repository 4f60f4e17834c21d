use crate::{Grade, Judgments};
use akin_entities::ProductId;
use std::collections::HashSet;
use std::num::NonZeroUsize;

/// A measure of a ranking: 0 to 1, larger is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measure {
    /// [`ndcg`].
    Ndcg,
    /// [`judged_ndcg`].
    JudgedNdcg,
    /// [`reciprocal_rank`]; its mean is the MRR.
    ReciprocalRank,
    /// [`recall`].
    Recall,
    /// [`precision`].
    Precision,
}

impl Measure {
    /// Every measure, in the order of a report.
    pub const ALL: [Self; 5] =
        [Self::Ndcg, Self::JudgedNdcg, Self::ReciprocalRank, Self::Recall, Self::Precision];

    /// Returns the name of the measure over the first `depth` hits, for a table: `nDCG@10`.
    pub fn name(self, depth: NonZeroUsize) -> String {
        match self {
            Self::Ndcg => format!("nDCG@{depth}"),
            Self::JudgedNdcg => format!("judged nDCG@{depth}"),
            Self::ReciprocalRank => "MRR".to_owned(),
            Self::Recall => format!("recall@{depth}"),
            Self::Precision => format!("precision@{depth}"),
        }
    }

    /// Returns the name of the measure in settings: `ndcg`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ndcg => "ndcg",
            Self::JudgedNdcg => "judged_ndcg",
            Self::ReciprocalRank => "mrr",
            Self::Recall => "recall",
            Self::Precision => "precision",
        }
    }

    /// Measures a ranking, best hit first; `None` if the judgments contain no relevant product.
    pub fn compute(
        self,
        ranking: &[ProductId],
        judgments: &Judgments,
        depth: NonZeroUsize,
    ) -> Option<f64> {
        match self {
            Self::Ndcg => ndcg(ranking, judgments, depth),
            Self::JudgedNdcg => judged_ndcg(ranking, judgments, depth),
            Self::ReciprocalRank => reciprocal_rank(ranking, judgments),
            Self::Recall => recall(ranking, judgments, depth),
            Self::Precision => precision(ranking, judgments, depth),
        }
    }
}

/// Computes the normalized discounted cumulative gain of the first `depth` hits: the sum of
/// (2^grade - 1) / log2(rank + 1), divided by that of the ideal order (Burges et al., 2005). A hit
/// without a grade has no gain. `None` if no product has a grade above 0.
pub fn ndcg(ranking: &[ProductId], judgments: &Judgments, depth: NonZeroUsize) -> Option<f64> {
    let grades = distinct(ranking).map(|id| judgments.grade(id));
    normalized_gain(grades.map(|grade| grade.map_or(0.0, Grade::gain)), judgments, depth)
}

/// Computes [`ndcg`] over the judged hits only (the condensed list of Sakai, 2007), so that hits
/// that the judges never saw do not lower it.
pub fn judged_ndcg(
    ranking: &[ProductId],
    judgments: &Judgments,
    depth: NonZeroUsize,
) -> Option<f64> {
    let grades = distinct(ranking).filter_map(|id| judgments.grade(id));
    normalized_gain(grades.map(Grade::gain), judgments, depth)
}

/// Computes 1 / the rank of the first relevant hit, or 0 without a relevant hit. `None` if no
/// product is relevant.
#[expect(clippy::cast_precision_loss, reason = "a rank stays far below 2^52")]
pub fn reciprocal_rank(ranking: &[ProductId], judgments: &Judgments) -> Option<f64> {
    (judgments.relevant() > 0).then(|| {
        let first = distinct(ranking).position(|id| is_relevant(id, judgments));
        first.map_or(0.0, |position| 1.0 / (position + 1) as f64)
    })
}

/// Computes the share of the relevant products that are among the first `depth` hits. `None` if no
/// product is relevant.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn recall(ranking: &[ProductId], judgments: &Judgments, depth: NonZeroUsize) -> Option<f64> {
    let relevant = judgments.relevant();
    (relevant > 0).then(|| relevant_hits(ranking, judgments, depth) as f64 / relevant as f64)
}

/// Computes the number of relevant products among the first `depth` hits, divided by `depth` even
/// if there are fewer hits. `None` if no product is relevant.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn precision(ranking: &[ProductId], judgments: &Judgments, depth: NonZeroUsize) -> Option<f64> {
    let hits = relevant_hits(ranking, judgments, depth);
    (judgments.relevant() > 0).then(|| hits as f64 / depth.get() as f64)
}

fn normalized_gain(
    gains: impl Iterator<Item = f64>,
    judgments: &Judgments,
    depth: NonZeroUsize,
) -> Option<f64> {
    let mut ideal: Vec<_> = judgments.grades().map(Grade::gain).collect();
    ideal.sort_by(|left, right| right.total_cmp(left));
    let best = discounted_gain(ideal.into_iter(), depth);
    (best > 0.0).then(|| discounted_gain(gains, depth) / best)
}

#[expect(clippy::cast_precision_loss, reason = "a rank stays far below 2^52")]
fn discounted_gain(gains: impl Iterator<Item = f64>, depth: NonZeroUsize) -> f64 {
    gains
        .take(depth.get())
        .enumerate()
        .map(|(position, gain)| gain / ((position + 2) as f64).log2())
        // `sum` of no values is -0, which a table would show.
        .fold(0.0, |sum, gain| sum + gain)
}

fn relevant_hits(ranking: &[ProductId], judgments: &Judgments, depth: NonZeroUsize) -> usize {
    distinct(ranking).take(depth.get()).filter(|id| is_relevant(id, judgments)).count()
}

fn is_relevant(id: &ProductId, judgments: &Judgments) -> bool {
    judgments.grade(id).is_some_and(Grade::is_relevant)
}

/// Iterates over the ranking without repetitions: a repeated product counts once, at its first
/// rank.
fn distinct(ranking: &[ProductId]) -> impl Iterator<Item = &ProductId> {
    let mut seen = HashSet::new();
    ranking.iter().filter(move |id| seen.insert(*id))
}
