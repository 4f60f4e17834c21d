//! The counts of a field as an answer shows them.

use crate::{FacetAnswer, FacetCount};
use akin_entities::{FacetField, Filter, folded_value, tag_number};
use akin_ports::{FacetCounts, NumberCounts};
use std::collections::HashMap;

/// Returns the filter under which a field is counted: without the field's own restriction, so that a
/// chosen value leaves the counts of the others.
pub(crate) fn without_field(filter: &Filter, field: &FacetField) -> Filter {
    let mut filter = filter.clone();
    match field {
        FacetField::Keyword(field) => drop(filter.keywords.remove(field)),
        FacetField::Number(field) => drop(filter.numbers.remove(field)),
        FacetField::Tag(name) | FacetField::TagNumbers(name) => drop(filter.tags.remove(name)),
    }
    filter
}

/// Orders the counts of an index, and merges values that filters compare as equal.
pub(crate) fn facet_answer(field: &FacetField, counts: FacetCounts) -> FacetAnswer {
    match counts {
        FacetCounts::Keyword(values) if matches!(field, FacetField::TagNumbers(_)) => {
            FacetAnswer::Numbers(distribution(&values))
        }
        FacetCounts::Keyword(values) => FacetAnswer::Values(merged(values)),
        FacetCounts::Number(counts) => FacetAnswer::Numbers(counts),
    }
}

/// Returns the distribution of the values that are numbers; a product counts for each of its numbers.
fn distribution(values: &[(String, u64)]) -> Option<NumberCounts> {
    let numbers = values.iter().filter_map(|(value, count)| Some((tag_number(value)?, *count)));
    let numbers: Vec<_> = numbers.collect();
    let all = || numbers.iter().map(|(number, _)| *number);
    let mut counts = NumberCounts::new(all().reduce(f64::min)?, all().reduce(f64::max)?);
    for (number, count) in numbers {
        counts.add_times(number, count);
    }
    Some(counts)
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
    use akin_entities::{KeywordField, NumberField, NumberRange, TagName};

    #[test]
    fn values_that_differ_in_case_and_marks_are_one_under_the_most_frequent_spelling() {
        let values = [("LUMO", 2), ("Lumo", 5), ("Pebble", 7), ("lumó", 1), ("b", 1), ("B", 1)];
        let counts = FacetCounts::Keyword(values.map(|(value, n)| (value.to_owned(), n)).into());
        let count = |value: &str, count| FacetCount { value: value.to_owned(), count };
        let expected = vec![count("Lumo", 8), count("Pebble", 7), count("B", 2)];
        let brand = FacetField::Keyword(KeywordField::Brand);
        assert_eq!(facet_answer(&brand, counts), FacetAnswer::Values(expected));
    }

    #[test]
    fn the_numbers_of_a_field_by_name_are_distributed_whatever_their_units() {
        let values = [("10 cm", 2), ("20 cm", 3), ("20cm", 1), ("wide", 9)];
        let counts = FacetCounts::Keyword(values.map(|(value, n)| (value.to_owned(), n)).into());
        let width = TagName::attribute("width").unwrap();
        let answer = facet_answer(&FacetField::TagNumbers(width.clone()), counts);
        let FacetAnswer::Numbers(Some(numbers)) = answer else { panic!("{answer:?}") };
        assert_eq!((numbers.min, numbers.max), (10.0, 20.0));
        assert_eq!(numbers.counts.iter().sum::<u64>(), 6);
        let none = FacetCounts::Keyword(vec![("wide".to_owned(), 9)]);
        assert_eq!(facet_answer(&FacetField::TagNumbers(width), none), FacetAnswer::Numbers(None));
    }

    #[test]
    fn a_field_is_counted_without_its_own_restriction() {
        let priced = Filter::default().with_range(NumberField::Price, NumberRange::at_most(9.0));
        let filter = priced.clone().with_any_of(KeywordField::Brand, ["Lumo"]);
        assert_eq!(without_field(&filter, &FacetField::Keyword(KeywordField::Brand)), priced);
        assert_eq!(
            without_field(&priced, &FacetField::Number(NumberField::Price)),
            Filter::default()
        );
        assert_eq!(without_field(&priced, &FacetField::Number(NumberField::Rating)), priced);
    }
}
