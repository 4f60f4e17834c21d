use crate::{Grade, Judgments};
use akin_entities::ProductId;
use std::collections::HashSet;
use std::num::NonZeroUsize;

/// What is measured of a ranking. Each is 0 to 1, and larger is better.
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

    /// Its name in a table, for the `depth` first hits: `nDCG@10`.
    pub fn name(self, depth: NonZeroUsize) -> String {
        match self {
            Self::Ndcg => format!("nDCG@{depth}"),
            Self::JudgedNdcg => format!("judged nDCG@{depth}"),
            Self::ReciprocalRank => "MRR".to_owned(),
            Self::Recall => format!("recall@{depth}"),
            Self::Precision => format!("precision@{depth}"),
        }
    }

    /// The measure of a ranking, best hit first; `None` if the judgments hold nothing to find.
    pub fn of(
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

/// Normalized discounted cumulative gain of the first `depth` hits: the sum of
/// (2^grade - 1) / log2(rank + 1), over that of the ideal order (Burges et al., 2005). A hit
/// without a grade counts 0. `None` if no product has a grade above 0.
pub fn ndcg(ranking: &[ProductId], judgments: &Judgments, depth: NonZeroUsize) -> Option<f64> {
    let grades = distinct(ranking).map(|id| judgments.grade(id));
    normalized(grades.map(|grade| grade.map_or(0.0, Grade::gain)), judgments, depth)
}

/// [`ndcg`] of the ranking that is left when hits nobody judged are taken out first, so that a
/// ranking is not punished for what the judges never saw (Sakai, 2007).
pub fn judged_ndcg(
    ranking: &[ProductId],
    judgments: &Judgments,
    depth: NonZeroUsize,
) -> Option<f64> {
    let grades = distinct(ranking).filter_map(|id| judgments.grade(id));
    normalized(grades.map(Grade::gain), judgments, depth)
}

/// 1 / the rank of the first relevant hit, 0 if there is none. `None` if no product is relevant.
#[expect(clippy::cast_precision_loss, reason = "a rank stays far below 2^52")]
pub fn reciprocal_rank(ranking: &[ProductId], judgments: &Judgments) -> Option<f64> {
    (judgments.relevant() > 0).then(|| {
        let found = distinct(ranking).position(|id| is_relevant(id, judgments));
        found.map_or(0.0, |place| 1.0 / (place + 1) as f64)
    })
}

/// Which share of the relevant products is among the first `depth` hits. `None` if no product is
/// relevant.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn recall(ranking: &[ProductId], judgments: &Judgments, depth: NonZeroUsize) -> Option<f64> {
    let all = judgments.relevant();
    (all > 0).then(|| relevant_hits(ranking, judgments, depth) as f64 / all as f64)
}

/// Which share of the first `depth` places holds a relevant hit; a place left empty holds none.
/// `None` if no product is relevant.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub fn precision(ranking: &[ProductId], judgments: &Judgments, depth: NonZeroUsize) -> Option<f64> {
    let found = relevant_hits(ranking, judgments, depth);
    (judgments.relevant() > 0).then(|| found as f64 / depth.get() as f64)
}

fn normalized(
    gains: impl Iterator<Item = f64>,
    judgments: &Judgments,
    depth: NonZeroUsize,
) -> Option<f64> {
    let mut ideal: Vec<_> = judgments.grades().map(Grade::gain).collect();
    ideal.sort_by(|left, right| right.total_cmp(left));
    let best = discounted(ideal.into_iter(), depth);
    (best > 0.0).then(|| discounted(gains, depth) / best)
}

#[expect(clippy::cast_precision_loss, reason = "a rank stays far below 2^52")]
fn discounted(gains: impl Iterator<Item = f64>, depth: NonZeroUsize) -> f64 {
    gains
        .take(depth.get())
        .enumerate()
        .map(|(place, gain)| gain / ((place + 2) as f64).log2())
        // `sum` of nothing is -0, which a table would show.
        .fold(0.0, |sum, gain| sum + gain)
}

fn relevant_hits(ranking: &[ProductId], judgments: &Judgments, depth: NonZeroUsize) -> usize {
    distinct(ranking).take(depth.get()).filter(|id| is_relevant(id, judgments)).count()
}

fn is_relevant(id: &ProductId, judgments: &Judgments) -> bool {
    judgments.grade(id).is_some_and(Grade::is_relevant)
}

/// A product that a ranking repeats is one hit, at its first place: no ranking may win by saying
/// the same thing twice.
fn distinct(ranking: &[ProductId]) -> impl Iterator<Item = &ProductId> {
    let mut seen = HashSet::new();
    ranking.iter().filter(move |id| seen.insert(*id))
}
