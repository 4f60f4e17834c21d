//! The columns of the search files: the one place that knows which field is where.

use akin_entities::{
    FacetValues, Filter, FlagField, KeywordField, NumberField, PhraseCondition, ProductId, TagName,
    Tags, folded_value,
};
use flat_index::{DocumentFilter, FoundDocument, PhraseFilter, Snapshot, Tag};

/// Returns the names of the keyword columns: each field as it is written, which is counted, and then
/// each as filters compare it.
pub(crate) fn keyword_columns() -> Vec<String> {
    let written = KeywordField::ALL.map(|field| field.name().to_owned());
    let folded = KeywordField::ALL.map(folded_column);
    written.into_iter().chain(folded).collect()
}

/// Returns the names of the number columns: numbers, and then flags as 0 and 1.
pub(crate) fn number_columns() -> Vec<String> {
    let numbers = NumberField::ALL.map(|field| field.name().to_owned());
    let flags = FlagField::ALL.map(|field| field.name().to_owned());
    numbers.into_iter().chain(flags).collect()
}

fn folded_column(field: KeywordField) -> String {
    format!("folded {}", field.name())
}

/// Returns the index of the keyword column that holds a field as it is written.
pub(crate) fn keyword_column(field: KeywordField) -> usize {
    field as usize
}

/// Returns the index of the number column of a field.
pub(crate) fn number_column(field: NumberField) -> usize {
    field as usize
}

fn flag_column(field: FlagField) -> usize {
    NumberField::ALL.len() + field as usize
}

/// Returns the value of each keyword column.
pub(crate) fn keywords(facets: &FacetValues) -> Vec<String> {
    let written = KeywordField::ALL.map(|field| facets.keyword(field).to_owned());
    let folded = KeywordField::ALL.map(|field| folded_value(facets.keyword(field)).into_owned());
    written.into_iter().chain(folded).collect()
}

/// Returns the value of each number column.
pub(crate) fn numbers(facets: &FacetValues) -> Vec<Option<f64>> {
    let numbers = NumberField::ALL.map(|field| facets.number(field));
    let flags = FlagField::ALL.map(|field| Some(number(facets.flag(field))));
    numbers.into_iter().chain(flags).collect()
}

/// Reads the facet values of a document.
pub(crate) fn facets(found: &FoundDocument<'_>) -> FacetValues {
    let keyword = |field| found.keyword(keyword_column(field)).to_owned();
    FacetValues {
        main_category: keyword(KeywordField::MainCategory),
        sub_category: keyword(KeywordField::SubCategory),
        brand: keyword(KeywordField::Brand),
        price: found.number(number_column(NumberField::Price)),
        rating: found.number(number_column(NumberField::Rating)),
        discounted: found.number(flag_column(FlagField::Discounted)) == Some(1.0),
        tags: Tags::from_stored(found.tags().iter().map(|tag| (&*tag.name, &*tag.value))),
    }
}

/// Returns the fields that a product has by name, as the search files hold them.
pub(crate) fn tags(facets: &FacetValues) -> Vec<Tag> {
    let tag = |(name, value): (&TagName, &str)| Tag {
        name: name.as_str().to_owned(),
        value: value.to_owned(),
    };
    facets.tags.iter().map(tag).collect()
}

/// Returns the filter of the columns of `documents`. Conditions of fields by name are met by all values
/// among theirs that meet them.
pub(crate) fn filter(filter: &Filter, documents: &Snapshot) -> DocumentFilter {
    let keywords = filter.lists().map(|(field, values)| {
        let values = values.iter().map(|value| folded_value(value).into_owned());
        (folded_column(field), values.collect())
    });
    let ranges = filter.ranges().map(|(field, range)| {
        let bounds = (range.min.unwrap_or(f64::NEG_INFINITY), range.max.unwrap_or(f64::INFINITY));
        (field.name().to_owned(), bounds.0, bounds.1)
    });
    let flags = filter.flags.iter().map(|(field, flag)| {
        let value = number(*flag);
        (field.name().to_owned(), value, value)
    });
    let tags = filter.tags.iter().map(|(name, condition)| {
        let values = documents.tag_values(name.as_str()).into_iter();
        let admitted = values.filter(|value| condition.admits(value)).map(str::to_owned);
        (name.as_str().to_owned(), admitted.collect())
    });
    let keys = |ids: &[ProductId]| ids.iter().map(|id| id.as_str().to_owned()).collect();
    DocumentFilter {
        keywords: keywords.collect(),
        numbers: ranges.chain(flags).collect(),
        tags: tags.collect(),
        phrases: filter.phrases.iter().map(phrase).collect(),
        keys: keys(&filter.ids),
        without_keys: keys(&filter.without_ids),
    }
}

fn phrase(condition: &PhraseCondition) -> PhraseFilter {
    PhraseFilter { spellings: condition.spellings.clone(), held: condition.held }
}

fn number(flag: bool) -> f64 {
    f64::from(u8::from(flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_in_its_column() {
        for field in KeywordField::ALL {
            assert_eq!(keyword_columns()[keyword_column(field)], field.name());
        }
        for field in NumberField::ALL {
            assert_eq!(number_columns()[number_column(field)], field.name());
        }
        for field in FlagField::ALL {
            assert_eq!(number_columns()[flag_column(field)], field.name());
        }
        let facets =
            FacetValues { brand: "Lumo".into(), discounted: true, ..FacetValues::default() };
        assert_eq!(keywords(&facets)[2..], ["Lumo", "", "", "lumo"]);
        assert_eq!(numbers(&facets), [None, None, Some(1.0)]);
    }
}
