//! The fields that filters use: how documents store them, and how queries filter by them.

use crate::{error, phrases};
use akin_entities::{
    FacetValues, Filter, KeywordField, NumberRange, ProductId, TagCondition, TagName, Tags,
    folded_value, hash_parts,
};
use akin_ports::PortResult;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The maximum length in bytes of a value that is stored unshortened; the server limits keywords to
/// 32,766.
const MAX_KEYWORD_BYTES: usize = 1_000;

/// A product's facet values as its document stores them.
#[derive(Debug, Serialize)]
pub(crate) struct FacetFields<'a> {
    main_category: Cow<'a, str>,
    sub_category: Cow<'a, str>,
    brand: Cow<'a, str>,
    price: Option<f64>,
    rating: Option<f64>,
    discounted: bool,
    /// The texts as filters compare them.
    folded: BTreeMap<&'static str, String>,
    /// The fields that the product has by name, as keys of values as they are written, as filters compare
    /// them, and of numbers.
    tags: Vec<String>,
    folded_tags: Vec<String>,
    number_tags: Vec<String>,
}

impl<'a> FacetFields<'a> {
    pub(crate) fn new(facets: &'a FacetValues) -> Self {
        Self {
            main_category: keyword(&facets.main_category),
            sub_category: keyword(&facets.sub_category),
            brand: keyword(&facets.brand),
            price: facets.price,
            rating: facets.rating,
            discounted: facets.discounted,
            folded: KeywordField::ALL
                .map(|field| (field.name(), folded(facets.keyword(field))))
                .into(),
            tags: facets.tags.keys(),
            folded_tags: facets.tags.folded_keys(),
            number_tags: facets.tags.number_keys(),
        }
    }
}

/// Returns the form of a value that filters compare.
fn folded(value: &str) -> String {
    keyword(&folded_value(value)).into_owned()
}

/// Returns the mapping of the fields.
pub(crate) fn mapping() -> [(&'static str, Value); 10] {
    let keyword = json!({"type": "keyword", "doc_values": false});
    let folded = KeywordField::ALL.map(|field| (field.name().to_owned(), keyword.clone()));
    let folded: Map<_, _> = folded.into_iter().collect();
    [
        ("main_category", json!({"type": "keyword"})),
        ("sub_category", json!({"type": "keyword"})),
        ("brand", json!({"type": "keyword"})),
        ("price", json!({"type": "double"})),
        ("rating", json!({"type": "double"})),
        ("discounted", json!({"type": "boolean"})),
        ("folded", json!({"properties": folded})),
        ("tags", json!({"type": "keyword"})),
        ("folded_tags", keyword),
        ("number_tags", json!({"type": "keyword"})),
    ]
}

/// Returns the value, or for a long one its beginning and its hash. A shortened value is longer
/// than any unshortened one, so that the two never collide.
fn keyword(value: &str) -> Cow<'_, str> {
    if value.len() <= MAX_KEYWORD_BYTES {
        return Cow::Borrowed(value);
    }
    let boundary = |end: &usize| value.is_char_boundary(*end);
    let end = (0..=MAX_KEYWORD_BYTES).rev().find(boundary).unwrap_or_default();
    let hash = u128::from_be_bytes(hash_parts([value]));
    Cow::Owned(format!("{}…{hash:032x}", &value[..end]))
}

/// Serializes all values exactly, for [`read`]: the fields that filters use shorten long values.
pub(crate) fn write(facets: &FacetValues) -> String {
    // A number as text is read back exactly; the server may round a JSON number.
    let number = |number: Option<f64>| number.map(|number| number.to_string());
    let FacetValues { main_category, sub_category, brand, price, rating, discounted, tags } =
        facets;
    let (price, rating) = (number(*price), number(*rating));
    json!([main_category, sub_category, brand, price, rating, discounted, tags.to_stream()])
        .to_string()
}

type FacetTuple = (String, String, String, Option<String>, Option<String>, bool, String);

/// Parses the facet values that [`write()`] serialized. Those of the second version of the schema and before
/// have no fields by name.
pub(crate) fn read(text: &str) -> PortResult<FacetValues> {
    let unreadable = |_| error::corrupt(format!("invalid facet values: {text:?}"));
    let mut values = serde_json::from_str::<Vec<Value>>(text).map_err(unreadable)?;
    if values.len() == 6 {
        values.push(Value::from(""));
    }
    let values = serde_json::from_value::<FacetTuple>(values.into());
    let (main_category, sub_category, brand, price, rating, discounted, tags) =
        values.map_err(unreadable)?;
    let tags = Tags::from_stream(&tags);
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
    let (price, rating) = (number(price), number(rating));
    Ok(FacetValues { main_category, sub_category, brand, price, rating, discounted, tags })
}

/// Returns the clauses that a document must satisfy to pass `filter`.
pub(crate) fn clauses(filter: &Filter) -> Vec<Value> {
    let mut clauses = Vec::new();
    for (field, values) in filter.lists() {
        let values: Vec<_> = values.iter().map(|value| folded(value)).collect();
        clauses.push(json!({"terms": {format!("folded.{}", field.name()): values}}));
    }
    clauses.extend(filter.ranges().filter_map(|(field, bounds)| range((field.name(), bounds))));
    clauses.extend(filter.tags.iter().map(tagged));
    for (field, flag) in &filter.flags {
        clauses.push(json!({"term": {field.name(): flag}}));
    }
    if !filter.ids.is_empty() {
        let ids: Vec<_> = filter.ids.iter().map(ProductId::as_str).collect();
        clauses.push(json!({"terms": {"id": ids}}));
    }
    clauses.extend(filter.phrases.iter().map(phrases::clause));
    if !filter.without_ids.is_empty() {
        let ids: Vec<_> = filter.without_ids.iter().map(ProductId::as_str).collect();
        clauses.push(json!({"bool": {"must_not": [{"terms": {"id": ids}}]}}));
    }
    clauses
}

/// Returns the clause of a field that products have by name.
fn tagged((name, condition): (&TagName, &TagCondition)) -> Value {
    match condition {
        TagCondition::AnyOf(values) => {
            let keys: Vec<_> = values.iter().map(|value| name.folded_key(value)).collect();
            json!({"terms": {"folded_tags": keys}})
        }
        TagCondition::Within(NumberRange { min, max }) => {
            let least = name.number_key(min.unwrap_or(f64::NEG_INFINITY));
            let greatest = name.number_key(max.unwrap_or(f64::INFINITY));
            json!({"range": {"number_tags": {"gte": least, "lte": greatest}}})
        }
    }
}

/// Returns a regular expression of the server for the keys of a name.
pub(crate) fn key_pattern(name: &TagName) -> String {
    let [beginning, _] = name.key_bounds();
    let mut pattern = String::new();
    for character in beginning.chars() {
        if !character.is_alphanumeric() {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    // Not `.*`: the server fails on a prefix that comes after all values.
    pattern + ".+"
}

/// Returns the order by the number that products have by name, those without one last.
pub(crate) fn tag_order(name: &TagName, descending: bool) -> Value {
    let [beginning, _] = name.key_bounds();
    // A document holds its values sorted.
    let source = "String best = params.none; \
                  for (String key : doc['number_tags']) { \
                      if (key.startsWith(params.beginning)) { \
                          best = key; if (!params.descending) { return best; } } } \
                  return best;";
    let none = if descending { "" } else { "\u{ffff}" };
    let params = json!({"beginning": beginning, "descending": descending, "none": none});
    json!({"_script": {
        "type": "string",
        "order": if descending { "desc" } else { "asc" },
        "script": {"lang": "painless", "source": source, "params": params},
    }})
}

/// Returns the clause of a range. A NaN bound matches nothing. Infinite bounds, which JSON cannot
/// express, are clamped.
fn range((field, range): (&str, NumberRange)) -> Option<Value> {
    if range.is_unbounded() {
        return None;
    }
    if [range.min, range.max].into_iter().flatten().any(f64::is_nan) {
        return Some(json!({"match_none": {}}));
    }
    let bound = |bound: f64| bound.clamp(f64::MIN, f64::MAX);
    let min = bound(range.min.unwrap_or(f64::MIN));
    let max = bound(range.max.unwrap_or(f64::MAX));
    Some(json!({"range": {field: {"gte": min, "lte": max}}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_collide_neither_with_each_other_nor_with_short_ones() {
        let long = "é".repeat(MAX_KEYWORD_BYTES);
        let other = format!("{long}x");
        let (one, two) = (keyword(&long), keyword(&other));
        assert!(one != two && one.len() > MAX_KEYWORD_BYTES && one.len() < 1_100, "{}", one.len());
        assert_eq!(keyword("Lumo"), "Lumo");
        assert_ne!(keyword(&one), one, "even if it looks like a shortened one");
    }

    #[test]
    fn facet_values_are_read_back_exactly() {
        let brand = "it's \"quoted\" \u{0} \u{1f600}".repeat(10_000);
        let full = FacetValues {
            brand,
            price: Some(0.1 + 0.2),
            rating: Some(4.3),
            ..FacetValues::default()
        };
        let tags = Tags::of_attributes("color: red, it's \\\"quoted\\\"; size: 38");
        let tagged = FacetValues { discounted: true, tags, ..FacetValues::default() };
        for facets in [full, tagged] {
            assert_eq!(read(&write(&facets)).unwrap(), facets);
        }
        let earlier = read(r#"["a","b","c","1",null,true]"#).unwrap();
        assert_eq!((earlier.price, earlier.tags.len()), (Some(1.0), 0));
        assert!(read("[]").is_err());
    }

    #[test]
    fn a_bound_that_json_cannot_express_is_still_applied() {
        let clause = |min| range(("price", NumberRange { min: Some(min), max: None })).unwrap();
        assert!(clause(f64::NAN)["match_none"].is_object());
        assert_eq!(clause(f64::INFINITY)["range"]["price"]["gte"], json!(f64::MAX));
        assert_eq!(clause(f64::NEG_INFINITY)["range"]["price"]["gte"], json!(f64::MIN));
    }
}
