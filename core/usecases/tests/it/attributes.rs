//! Attributes from a feed to an answer.

use crate::shop::{Shop, row};
use akin_entities::{FacetField, Filter, NumberRange, TagCondition, TagName};
use akin_ports::FeedRow;
use akin_usecases::{FacetAnswer, SearchAnswer, SearchRequest, Sort};

fn shoe(id: &str, attributes: &str) -> FeedRow {
    FeedRow { attributes: attributes.to_owned(), ..row(id, "Running shoe", "10") }
}

async fn stocked() -> Shop {
    let shop = Shop::new();
    let rows = [
        shoe("a", "color: red, navy; width: 30 cm"),
        shoe("b", "color: Red; width: 9"),
        shoe("c", "Color: green"),
    ];
    shop.ingest(&rows, 1).await;
    shop.embed().await;
    shop
}

fn name(name: &str) -> TagName {
    TagName::attribute(name).unwrap()
}

fn ids(answer: &SearchAnswer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.record.product.id.as_str()).collect()
}

#[tokio::test]
async fn attributes_are_filtered_counted_and_sorted_by() {
    let shop = stocked().await;
    let red = TagCondition::AnyOf(vec!["RED".into()]);
    let facets = ["attributes.color", "attributes.width:histogram"];
    let request = SearchRequest {
        filter: Filter::default().with_tag(name("color"), red),
        facets: facets.map(|field| FacetField::parse(field).unwrap()).into(),
        sort: Sort::parse("attributes.width:asc").unwrap(),
        ..SearchRequest::for_text("shoe").unwrap()
    };
    let answer = shop.answer(&request).await;
    assert_eq!((answer.total, ids(&answer)), (2, vec!["b", "a"]));
    let FacetAnswer::Values(colors) = &answer.facets[&request.facets[0]] else { panic!() };
    let colors: Vec<_> = colors.iter().map(|color| (&*color.value, color.count)).collect();
    assert_eq!(colors, [("Red", 2), ("green", 1), ("navy", 1)], "the chosen color leaves others");
    let FacetAnswer::Numbers(Some(widths)) = &answer.facets[&request.facets[1]] else { panic!() };
    assert_eq!((widths.min, widths.max), (9.0, 30.0));
    let wide = TagCondition::Within(NumberRange::at_least(10.0));
    let filter = Filter::default().with_tag(name("width"), wide);
    let answer = shop.answer(&SearchRequest { filter, ..SearchRequest::browse() }).await;
    assert_eq!(ids(&answer), ["a"]);
}

#[tokio::test]
async fn words_find_the_values_of_attributes() {
    let shop = stocked().await;
    let answer = shop.answer(&SearchRequest::for_text("green shoe").unwrap()).await;
    assert_eq!(ids(&answer)[0], "c");
}

#[tokio::test]
async fn what_was_added_last_is_the_newest() {
    let shop = stocked().await;
    let rows = [shoe("b", "color: blue"), shoe("d", "")];
    shop.ingest(&rows, 2).await;
    shop.embed().await;
    let newest = Sort::parse("newest").unwrap();
    let answer = shop.answer(&SearchRequest { sort: newest, ..SearchRequest::browse() }).await;
    assert_eq!(ids(&answer), ["d", "a", "b", "c"], "a change makes nothing new");
}
