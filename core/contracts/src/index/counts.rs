use akin_entities::{FacetField, FacetValues};
use akin_ports::{FacetCounts, NumberCounts};
use std::collections::BTreeMap;

/// Returns the counts with their values in order.
pub(super) fn sorted(mut counts: FacetCounts) -> FacetCounts {
    if let FacetCounts::Keyword(values) = &mut counts {
        values.sort();
    }
    counts
}

/// Counts a field by looking at each of the products.
pub(super) fn count(field: &FacetField, products: &[&FacetValues]) -> FacetCounts {
    match field {
        FacetField::Keyword(field) => {
            let mut counts = BTreeMap::new();
            for value in products.iter().map(|facets| facets.keyword(*field)) {
                *counts.entry(value.to_owned()).or_default() += 1;
            }
            counts.remove("");
            FacetCounts::Keyword(counts.into_iter().collect())
        }
        FacetField::Tag(name) | FacetField::TagNumbers(name) => {
            let mut counts = BTreeMap::new();
            for value in products.iter().flat_map(|facets| facets.tags.values(name)) {
                *counts.entry(value.to_owned()).or_default() += 1;
            }
            FacetCounts::Keyword(counts.into_iter().collect())
        }
        FacetField::Number(field) => {
            let numbers: Vec<_> =
                products.iter().filter_map(|facets| facets.number(*field)).collect();
            let min = numbers.iter().copied().reduce(f64::min);
            let max = numbers.iter().copied().reduce(f64::max);
            FacetCounts::Number(min.zip(max).map(|(min, max)| {
                let mut counts = NumberCounts::new(min, max);
                for number in &numbers {
                    counts.add(*number);
                }
                counts
            }))
        }
    }
}
