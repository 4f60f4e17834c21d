//! Counts and lists the products that match, by looking at each.

use akin_entities::{AnalyzedText, Embedding, FacetField, FacetValues, ProductId};
use akin_ports::{
    FacetCounts, FacetQuery, MatchPage, MatchQuery, Matches, Matching, NearRule, NumberCounts,
    Relation,
};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A searchable product.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matched<'a> {
    pub(crate) id: &'a ProductId,
    pub(crate) embedding: &'a Embedding,
    pub(crate) text: &'a AnalyzedText,
    pub(crate) facets: &'a FacetValues,
}

/// Answers `query` from all searchable products.
pub(crate) fn matches(products: &[Matched<'_>], query: &MatchQuery) -> Matches {
    let kept = |product: &&Matched<'_>| {
        product.is_matched(&query.matching)
            && query.filter.admits(product.id, product.facets, product.text)
    };
    let found: Vec<_> = products.iter().filter(kept).copied().collect();
    let facet = |facet: &FacetQuery| {
        let counted = products.iter().filter(|product| {
            let matches = product.is_matched(&query.matching) || facet.also.contains(product.id);
            matches && facet.filter.admits(product.id, product.facets, product.text)
        });
        count(&facet.field, &counted.copied().collect::<Vec<_>>())
    };
    Matches {
        total: found.len() as u64,
        facets: query.facets.iter().map(facet).collect(),
        page: query.page.as_ref().map_or_else(Vec::new, |page| list(found, page)),
        relation: Relation::Exact,
    }
}

impl Matched<'_> {
    fn is_matched(&self, matching: &Matching) -> bool {
        match matching {
            Matching::Everything => true,
            Matching::Some { words, also, near } => {
                let is_near = |rule: &NearRule| {
                    let cosine = rule.vector.embedding.similarity(self.embedding);
                    rule.words.admits(self.text) && cosine.get() >= rule.least.get()
                };
                words.as_ref().is_some_and(|rule| rule.admits(self.text))
                    || also.contains(self.id)
                    || near.as_ref().is_some_and(is_near)
            }
        }
    }
}

fn count(field: &FacetField, found: &[Matched<'_>]) -> FacetCounts {
    match field {
        FacetField::Keyword(field) => {
            let mut counts = BTreeMap::<&str, u64>::new();
            for product in found {
                *counts.entry(product.facets.keyword(*field)).or_default() += 1;
            }
            counts.remove("");
            let counts = counts.into_iter().map(|(value, count)| (value.to_owned(), count));
            FacetCounts::Keyword(counts.collect())
        }
        FacetField::Tag(name) | FacetField::TagNumbers(name) => {
            let mut counts = BTreeMap::<&str, u64>::new();
            for value in found.iter().flat_map(|product| product.facets.tags.values(name)) {
                *counts.entry(value).or_default() += 1;
            }
            let counts = counts.into_iter().map(|(value, count)| (value.to_owned(), count));
            FacetCounts::Keyword(counts.collect())
        }
        FacetField::Number(field) => {
            let numbers = || found.iter().filter_map(|product| product.facets.number(*field));
            let (Some(min), Some(max)) = (numbers().reduce(f64::min), numbers().reduce(f64::max))
            else {
                return FacetCounts::Number(None);
            };
            let mut counts = NumberCounts::new(min, max);
            numbers().for_each(|number| counts.add(number));
            FacetCounts::Number(Some(counts))
        }
    }
}

fn list(mut found: Vec<Matched<'_>>, page: &MatchPage) -> Vec<ProductId> {
    found.retain(|product| !page.without.contains(product.id));
    found.sort_by(|a, b| {
        let number = |product: &Matched<'_>| {
            product.facets.order_number(&page.order.field, page.order.descending)
        };
        let order = match (number(a), number(b)) {
            (Some(a), Some(b)) if page.order.descending => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        order.then_with(|| -> Ordering { a.id.cmp(b.id) })
    });
    let listed = found.into_iter().skip(page.offset).take(page.limit);
    listed.map(|product| product.id.clone()).collect()
}
