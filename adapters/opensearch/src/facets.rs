//! The fields that filters look at: as the server keeps them, and as it is asked for them.

use crate::error;
use akin_entities::{FacetValues, Filter, NumberRange, hash_parts};
use akin_ports::PortResult;
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// The longest value that is kept as it is, in bytes: the server takes no keyword over 32,766.
const LONGEST: usize = 1_000;

/// A product's facets, as its document holds them.
#[derive(Debug, Serialize)]
pub(crate) struct Fields<'a> {
    main_category: Cow<'a, str>,
    sub_category: Cow<'a, str>,
    brand: Cow<'a, str>,
    price: Option<f64>,
    rating: Option<f64>,
    discounted: bool,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(facets: &'a FacetValues) -> Self {
        Self {
            main_category: keyword(&facets.main_category),
            sub_category: keyword(&facets.sub_category),
            brand: keyword(&facets.brand),
            price: facets.price,
            rating: facets.rating,
            discounted: facets.discounted,
        }
    }
}

/// The mapping of the fields.
pub(crate) fn mapping() -> [(&'static str, Value); 6] {
    [
        ("main_category", json!({"type": "keyword"})),
        ("sub_category", json!({"type": "keyword"})),
        ("brand", json!({"type": "keyword"})),
        ("price", json!({"type": "double"})),
        ("rating", json!({"type": "double"})),
        ("discounted", json!({"type": "boolean"})),
    ]
}

/// The value itself; one that is too long for the server by its beginning and its hash, which is
/// longer than any value that is kept as it is.
fn keyword(value: &str) -> Cow<'_, str> {
    if value.len() <= LONGEST {
        return Cow::Borrowed(value);
    }
    let end = (0..=LONGEST).rev().find(|&end| value.is_char_boundary(end)).unwrap_or_default();
    let hash = u128::from_be_bytes(hash_parts([value]));
    Cow::Owned(format!("{}…{hash:032x}", &value[..end]))
}

/// All of them in one text, exactly, from which [`read`] makes them again: the fields that filters
/// look at shorten long values.
pub(crate) fn write(facets: &FacetValues) -> String {
    // A number's text is read back to its last bit, which JSON's own numbers are not.
    let number = |number: Option<f64>| number.map(|number| number.to_string());
    let FacetValues { main_category, sub_category, brand, price, rating, discounted } = facets;
    let (price, rating) = (number(*price), number(*rating));
    json!([main_category, sub_category, brand, price, rating, discounted]).to_string()
}

type Written = (String, String, String, Option<String>, Option<String>, bool);

/// The facets that [`write()`] wrote.
pub(crate) fn read(text: &str) -> PortResult<FacetValues> {
    let unreadable = |_| error::corrupt(format!("these are no facets: {text:?}"));
    let (main_category, sub_category, brand, price, rating, discounted) =
        serde_json::from_str::<Written>(text).map_err(unreadable)?;
    let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
    let (price, rating) = (number(price), number(rating));
    Ok(FacetValues { main_category, sub_category, brand, price, rating, discounted })
}

/// What a document must satisfy to pass `filter`.
pub(crate) fn clauses(filter: &Filter) -> Vec<Value> {
    let mut clauses = Vec::new();
    let values = [
        ("main_category", &filter.main_category),
        ("sub_category", &filter.sub_category),
        ("brand", &filter.brand),
    ];
    for (field, values) in values {
        if !values.is_empty() {
            let values: Vec<_> = values.iter().map(|value| keyword(value)).collect();
            clauses.push(json!({"terms": {field: values}}));
        }
    }
    let stars = NumberRange { min: filter.min_rating, max: None };
    clauses.extend([("price", filter.price), ("rating", stars)].into_iter().filter_map(range));
    if let Some(discounted) = filter.discounted {
        clauses.push(json!({"term": {"discounted": discounted}}));
    }
    clauses
}

/// A bound that is no number lets nothing through; JSON knows no infinite one.
fn range((field, range): (&str, NumberRange)) -> Option<Value> {
    if range.is_unbounded() {
        return None;
    }
    if [range.min, range.max].into_iter().flatten().any(f64::is_nan) {
        return Some(json!({"match_none": {}}));
    }
    let bound = |bound: f64| bound.clamp(f64::MIN, f64::MAX);
    let least = bound(range.min.unwrap_or(f64::MIN));
    let most = bound(range.max.unwrap_or(f64::MAX));
    Some(json!({"range": {field: {"gte": least, "lte": most}}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_stay_apart_from_each_other_and_from_short_ones() {
        let long = "é".repeat(LONGEST);
        let other = format!("{long}x");
        let (one, two) = (keyword(&long), keyword(&other));
        assert!(one != two && one.len() > LONGEST && one.len() < 1_100, "{}", one.len());
        assert_eq!(keyword("Lumo"), "Lumo");
        assert_ne!(keyword(&one), one, "not even one that looks like a shortened one");
    }

    #[test]
    fn facets_are_read_as_they_were_written() {
        let brand = "it's \"quoted\" \u{0} \u{1f600}".repeat(10_000);
        let full = FacetValues {
            brand,
            price: Some(0.1 + 0.2),
            rating: Some(4.3),
            ..FacetValues::default()
        };
        for facets in [full, FacetValues { discounted: true, ..FacetValues::default() }] {
            assert_eq!(read(&write(&facets)).unwrap(), facets);
        }
        assert!(read("[]").is_err());
    }

    #[test]
    fn a_bound_that_json_does_not_know_is_no_missing_bound() {
        let clause = |min| range(("price", NumberRange { min: Some(min), max: None })).unwrap();
        assert!(clause(f64::NAN)["match_none"].is_object());
        assert_eq!(clause(f64::INFINITY)["range"]["price"]["gte"], json!(f64::MAX));
        assert_eq!(clause(f64::NEG_INFINITY)["range"]["price"]["gte"], json!(f64::MIN));
    }
}
