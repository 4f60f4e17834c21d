//! The counts of a field as an answer shows them.

use crate::{FacetAnswer, FacetCount};
use akin_entities::{FacetField, Filter, folded_value};
use akin_ports::FacetCounts;
use std::collections::HashMap;

/// Returns the filter under which a field is counted: without the field's own restriction, so that a
/// chosen value leaves the counts of the others.
pub(crate) fn without_field(filter: &Filter, field: FacetField) -> Filter {
    let mut filter = filter.clone();
    match field {
        FacetField::Keyword(field) => drop(filter.keywords.remove(&field)),
        FacetField::Number(field) => drop(filter.numbers.remove(&field)),
    }
    filter
}

/// Orders the counts of an index, and merges values that filters compare as equal.
pub(crate) fn facet_answer(counts: FacetCounts) -> FacetAnswer {
    match counts {
        FacetCounts::Keyword(values) => FacetAnswer::Values(merged(values)),
        FacetCounts::Number(counts) => FacetAnswer::Numbers(counts),
    }
}

/// A value with all its spellings.
struct MergedValue {
    spelling: String,
    /// The number of products with that spelling.
    spelled: u64,
    total: u64,
}

fn merged(values: Vec<(String, u64)>) -> Vec<FacetCount> {
    let mut merged = HashMap::<String, MergedValue>::with_capacity(values.len());
    for (spelling, spelled) in values {
        let folded = folded_value(&spelling).into_owned();
        match merged.get_mut(&folded) {
            Some(value) => {
                value.total += spelled;
                let is_better = spelled > value.spelled
                    || spelled == value.spelled && spelling < value.spelling;
                if is_better {
                    (value.spelling, value.spelled) = (spelling, spelled);
                }
            }
            None => drop(merged.insert(folded, MergedValue { spelling, spelled, total: spelled })),
        }
    }
    let mut counts: Vec<_> = merged
        .into_values()
        .map(|value| FacetCount {
            value: value.spelling,
            count: usize::try_from(value.total).unwrap_or(usize::MAX),
        })
        .collect();
    counts.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::{KeywordField, NumberField, NumberRange};

    #[test]
    fn values_that_differ_in_case_and_marks_are_one_under_the_most_frequent_spelling() {
        let values = [("LUMO", 2), ("Lumo", 5), ("Pebble", 7), ("lumó", 1), ("b", 1), ("B", 1)];
        let counts = FacetCounts::Keyword(values.map(|(value, n)| (value.to_owned(), n)).into());
        let count = |value: &str, count| FacetCount { value: value.to_owned(), count };
        let expected = vec![count("Lumo", 8), count("Pebble", 7), count("B", 2)];
        assert_eq!(facet_answer(counts), FacetAnswer::Values(expected));
    }

    #[test]
    fn a_field_is_counted_without_its_own_restriction() {
        let priced = Filter::default().with_range(NumberField::Price, NumberRange::at_most(9.0));
        let filter = priced.clone().with_any_of(KeywordField::Brand, ["Lumo"]);
        assert_eq!(without_field(&filter, FacetField::Keyword(KeywordField::Brand)), priced);
        assert_eq!(
            without_field(&priced, FacetField::Number(NumberField::Price)),
            Filter::default()
        );
        assert_eq!(without_field(&priced, FacetField::Number(NumberField::Rating)), priced);
    }
}
