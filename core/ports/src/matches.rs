use crate::{ErrorKind, PortError, PortResult, QueryVector};
use akin_entities::{
    FacetField, Filter, OrderField, ProductId, Similarity, WordRule, histogram_bounds,
};

/// A question about all products that match, whatever their number.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchQuery {
    /// The products that match.
    pub matching: Matching,
    /// The products that are counted and listed, of those that match; applied inside the index.
    pub filter: Filter,
    /// The fields to count.
    pub facets: Vec<FacetQuery>,
    /// The products to list, if any.
    pub page: Option<MatchPage>,
}

/// The products that match a query, before any filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Matching {
    /// All products: a shopper browses.
    Everything,
    /// Products by their words, or by their ids.
    Some {
        /// The rule for words; `None` matches no product by its words.
        words: Option<WordRule>,
        /// Products that match whatever their words are.
        also: Vec<ProductId>,
        /// The rule for words and similarity together, if they decide for more products than those of
        /// `also`.
        near: Option<NearRule>,
    },
}

/// Decides from a product's words and its similarity together whether it matches.
#[derive(Clone, Debug, PartialEq)]
pub struct NearRule {
    /// The rule for words, which a product must meet.
    pub words: WordRule,
    /// The embedding of the query.
    pub vector: QueryVector,
    /// The minimum similarity to it.
    pub least: Similarity,
}

/// A field to count over the products that match.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetQuery {
    /// The field.
    pub field: FacetField,
    /// The products that are counted. It differs from the query's filter if that restricts the field
    /// itself: a chosen value leaves the counts of the others.
    pub filter: Filter,
    /// Products that are counted whatever their words are, besides the query's own.
    pub also: Vec<ProductId>,
}

/// A part of the list of all products that match.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchPage {
    /// The order of the list.
    pub order: MatchOrder,
    /// Products that the list leaves out.
    pub without: Vec<ProductId>,
    /// The number of products before the first.
    pub offset: usize,
    /// The maximum number of products.
    pub limit: usize,
}

/// The order of a list of products: by a number, products without one last; ties by the bytes of the
/// ids, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchOrder {
    /// The number.
    pub field: OrderField,
    /// True if the greatest comes first.
    pub descending: bool,
}

/// The products that match, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matches {
    /// The number of products that match and pass the filter.
    pub total: u64,
    /// The counts of each requested field, in the order of the query.
    pub facets: Vec<FacetCounts>,
    /// The products of the page, in order.
    pub page: Vec<ProductId>,
    /// Whether total and counts are exact.
    pub relation: Relation,
}

/// The relation of a count to the true number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Relation {
    /// It is the true number.
    #[default]
    Exact,
    /// The true number may be greater.
    AtLeast,
}

/// The counts of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FacetCounts {
    /// The number of products with each value, in no particular order. Values are counted as they are
    /// written, even if filters compare them as equal. Products without a value are not counted, and
    /// those with several values of a [`FacetField::Tag`] or [`FacetField::TagNumbers`] once for each.
    Keyword(Vec<(String, u64)>),
    /// The distribution of the numbers; `None` if no product has one.
    Number(Option<NumberCounts>),
}

/// The distribution of a number.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberCounts {
    /// The least number.
    pub min: f64,
    /// The greatest number.
    pub max: f64,
    /// The bounds of the intervals, as [`akin_entities::histogram_bounds`] returns them.
    pub bounds: Vec<f64>,
    /// The number of products in each interval, one less than there are bounds.
    pub counts: Vec<u64>,
}

/// The maximum of [`MatchPage::offset`] plus [`MatchPage::limit`]: how deep a list may be read. Servers
/// hold as many products to sort them.
pub const MAX_DEPTH: usize = 10_000;

impl Matching {
    /// Returns the embedding of the query, if similarity decides.
    pub fn vector(&self) -> Option<&QueryVector> {
        match self {
            Self::Some { near: Some(near), .. } => Some(&near.vector),
            Self::Everything | Self::Some { .. } => None,
        }
    }
}

impl MatchPage {
    /// Refuses, in the name of `system`, to list products beyond [`MAX_DEPTH`].
    pub fn check(&self, system: &'static str) -> PortResult<()> {
        if self.offset.saturating_add(self.limit) <= MAX_DEPTH {
            return Ok(());
        }
        let what = format!("a list can be read up to its product number {MAX_DEPTH}");
        Err(PortError::new(system, ErrorKind::Refused, what))
    }
}

impl NumberCounts {
    /// Creates the distribution of numbers from `min` to `max`, with nothing counted.
    pub fn new(min: f64, max: f64) -> Self {
        let bounds = histogram_bounds(min, max);
        let counts = vec![0; bounds.len() - 1];
        Self { min, max, bounds, counts }
    }

    /// Counts a number between the least and the greatest.
    pub fn add(&mut self, number: f64) {
        self.add_times(number, 1);
    }

    /// Counts a number between the least and the greatest `times` times.
    pub fn add_times(&mut self, number: f64, times: u64) {
        let above = self.bounds.partition_point(|bound| *bound <= number);
        let last = self.counts.len() - 1;
        self.counts[above.saturating_sub(1).min(last)] += times;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::NumberField;

    #[test]
    fn an_interval_contains_its_lower_bound_and_the_last_one_its_upper_bound() {
        let mut counts = NumberCounts::new(0.0, 20.0);
        for number in [0.0, 1.9, 2.0, 20.0] {
            counts.add(number);
        }
        assert_eq!((counts.counts[0], counts.counts[1]), (2, 1));
        assert_eq!(counts.counts.iter().sum::<u64>(), 4);
        let mut one = NumberCounts::new(7.0, 7.0);
        one.add(7.0);
        assert_eq!(one.counts, [1]);
    }

    #[test]
    fn a_list_ends_at_the_greatest_depth() {
        let order = MatchOrder { field: NumberField::Price.into(), descending: false };
        let page =
            |offset, limit| MatchPage { order: order.clone(), without: Vec::new(), offset, limit };
        assert!(page(MAX_DEPTH - 10, 10).check("engine").is_ok());
        let error = page(usize::MAX, 10).check("engine").unwrap_err();
        assert!(error.report().contains("10000"), "{}", error.report());
    }
}
