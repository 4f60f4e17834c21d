use crate::{Judgments, MeanEstimate, bootstrap_ratio};
use akin_entities::ProductId;
use std::collections::{BTreeMap, HashSet};

/// The judged products of one query, counted by whether its result set contains them. Products that
/// nobody judged do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JudgedSet {
    /// The number of relevant products in the set.
    pub relevant_found: usize,
    /// The number of judged products in the set.
    pub judged_found: usize,
    /// The number of relevant products.
    pub relevant: usize,
}

/// The result sets of one search configuration, query by query.
///
/// A result set is everything that a search finds: its total, its facets and its pages. Its precision
/// and recall are over all judged pairs of a query and a product, so that a query counts as often as
/// it was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetEvaluation {
    queries: BTreeMap<String, JudgedSet>,
}

impl JudgedSet {
    /// Counts the judged products among `members`, which may repeat.
    pub fn new<'a>(
        members: impl IntoIterator<Item = &'a ProductId>,
        judgments: &Judgments,
    ) -> Self {
        let members: HashSet<_> = members.into_iter().collect();
        let grades = members.into_iter().filter_map(|id| judgments.grade(id));
        let mut set = Self { relevant: judgments.relevant(), ..Self::default() };
        for grade in grades {
            set.judged_found += 1;
            set.relevant_found += usize::from(grade.is_relevant());
        }
        set
    }

    /// Returns the share of the judged products in the set that are relevant; `None` if the set
    /// contains no judged product.
    pub fn precision(self) -> Option<f64> {
        share(self.relevant_found, self.judged_found)
    }

    /// Returns the share of the relevant products that are in the set; `None` if no product is
    /// relevant.
    pub fn recall(self) -> Option<f64> {
        share(self.relevant_found, self.relevant)
    }
}

impl SetEvaluation {
    /// Adds the result set of `query`, or replaces it.
    pub fn add(&mut self, query: &str, set: JudgedSet) {
        self.queries.insert(query.to_owned(), set);
    }

    /// Iterates over each query and its result set, sorted by query.
    pub fn by_query(&self) -> impl Iterator<Item = (&str, JudgedSet)> {
        self.queries.iter().map(|(query, set)| (query.as_str(), *set))
    }

    /// Returns the precision over all judged pairs, with its interval; `None` if no result set
    /// contains a judged product.
    pub fn precision(&self) -> Option<MeanEstimate> {
        self.ratio(|set| (set.relevant_found, set.judged_found))
    }

    /// Returns the recall over all judged pairs, with its interval; `None` if no product is relevant.
    pub fn recall(&self) -> Option<MeanEstimate> {
        self.ratio(|set| (set.relevant_found, set.relevant))
    }

    fn ratio(&self, counts: impl Fn(&JudgedSet) -> (usize, usize)) -> Option<MeanEstimate> {
        bootstrap_ratio(&self.queries.values().map(counts).collect::<Vec<_>>())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
