use super::matches::browse;
use super::{Index, keep, remove};
use crate::sample::titled;
use akin_entities::{
    FacetField, FacetValues, Filter, NumberRange, OrderField, ProductId, TagCondition, TagName,
    Tags,
};
use akin_ports::{
    EntryEmbedding, FacetCounts, FacetQuery, IndexEntry, MatchOrder, MatchPage, MatchQuery,
};
use std::collections::BTreeMap;

/// Returns the name of an attribute.
pub(super) fn attribute(name: &str) -> TagName {
    TagName::attribute(name).unwrap()
}

/// Returns the facets of a product with attributes.
pub(super) fn tagged(attributes: &str) -> FacetValues {
    FacetValues { tags: Tags::of_attributes(attributes), ..FacetValues::default() }
}

fn entry(name: &str, version: i64, attributes: &str) -> IndexEntry {
    IndexEntry { facets: tagged(attributes), ..titled(name, version, "shoe", 0.0) }
}

/// Returns the number of products with each value of an attribute, under a filter.
async fn counts(index: &Index, name: &str, filter: Filter) -> BTreeMap<String, u64> {
    let field = FacetField::Tag(attribute(name));
    let facets = vec![FacetQuery { field, filter: filter.clone(), also: Vec::new() }];
    let found = index.matches(&MatchQuery { facets, ..browse(filter) }).await.unwrap();
    match found.facets.into_iter().next() {
        Some(FacetCounts::Keyword(values)) => values.into_iter().collect(),
        other => panic!("{other:?}"),
    }
}

/// Returns the ids of all products, sorted by an attribute.
async fn sorted(index: &Index, name: &str, descending: bool, without: &[&str]) -> Vec<String> {
    let order = MatchOrder { field: OrderField::Tag(attribute(name)), descending };
    let without = without.iter().map(|name| crate::sample::id(name)).collect();
    let page = Some(MatchPage { order, without, offset: 0, limit: 100 });
    let found = index.matches(&MatchQuery { page, ..browse(Filter::default()) }).await.unwrap();
    found.page.iter().map(ProductId::to_string).collect()
}

fn any_of(name: &str, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Filter::default().with_tag(attribute(name), TagCondition::AnyOf(values))
}

/// A product counts once for each of its values. Names that begin alike are apart.
pub async fn fields_by_name_are_counted_by_value(index: &Index) {
    let entries = [
        entry("a", 1, "color: red, navy; color shade: dark"),
        entry("b", 1, "color: Red; colo: x"),
        entry("c", 1, "Color: red; size: 38"),
        entry("d", 1, ""),
    ];
    keep(index, &entries).await;
    let expected = |values: &[(&str, u64)]| -> BTreeMap<String, u64> {
        values.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
    };
    let all = counts(index, "color", Filter::default()).await;
    assert_eq!(all, expected(&[("red", 2), ("navy", 1), ("Red", 1)]));
    let red = counts(index, "color", any_of("color", &["RÉD"])).await;
    assert_eq!(red, all, "every product with a color is red");
    let sized = counts(index, "color", any_of("size", &["38", "39"])).await;
    assert_eq!(sized, expected(&[("red", 1)]));
    assert_eq!(counts(index, "col.r", Filter::default()).await, expected(&[]));
    assert_eq!(counts(index, "weight", Filter::default()).await, expected(&[]));
}

/// The least number of several counts, the greatest in a descending order. Products without a number come
/// last; ties by id.
pub async fn products_are_sorted_by_the_numbers_of_a_field_by_name(index: &Index) {
    let entries = [
        entry("a", 1, "width: 20 cm, 40 cm"),
        entry("b", 1, "width: 30; width: wide"),
        entry("c", 1, "width: narrow; height: 1"),
        entry("d", 1, "width: -7.5"),
        entry("e", 1, ""),
        entry("f", 1, "width: 100"),
        entry("g", 1, "width: 30"),
    ];
    keep(index, &entries).await;
    assert_eq!(sorted(index, "width", false, &[]).await, ["d", "a", "b", "g", "f", "c", "e"]);
    assert_eq!(sorted(index, "width", true, &["c"]).await, ["f", "a", "b", "g", "d", "e"]);
    let range = |min, max| {
        let range = NumberRange { min, max };
        Filter::default().with_tag(attribute("width"), TagCondition::Within(range))
    };
    for (filter, names) in [
        (range(Some(30.0), Some(40.0)), &["a", "b", "g"][..]),
        (range(Some(41.0), None), &["f"]),
        (range(None, Some(20.0)), &["a", "d"]),
        (range(Some(21.0), Some(29.0)), &[]),
        (range(None, Some(-8.0)), &[]),
    ] {
        let found = index.matches(&browse(filter.clone())).await.unwrap();
        assert_eq!(found.total, names.len() as u64, "{filter:?}");
    }
}

/// The values of an earlier version are gone, and so are those of a removed product.
pub async fn fields_by_name_follow_the_latest_writes(index: &Index) {
    keep(index, &[entry("a", 1, "color: red"), entry("b", 1, "color: red")]).await;
    let changed = IndexEntry {
        embedding: EntryEmbedding::Unchanged,
        ..entry("a", 2, "color: navy; size: 38")
    };
    keep(index, &[changed]).await;
    remove(index, &[("b", 2)]).await;
    let all = counts(index, "color", Filter::default()).await;
    assert_eq!(all.into_iter().collect::<Vec<_>>(), [("navy".to_owned(), 1)]);
    assert_eq!(index.matches(&browse(any_of("color", &["red"]))).await.unwrap().total, 0);
    keep(index, &[entry("a", 3, "")]).await;
    assert_eq!(counts(index, "color", Filter::default()).await, BTreeMap::new());
    assert_eq!(sorted(index, "size", false, &[]).await, ["a"]);
}
