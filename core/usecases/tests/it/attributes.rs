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

#[tokio::test]
async fn an_identifier_finds_its_product_first_with_hyphens_or_without() {
    let shop = Shop::new();
    let rows = [
        FeedRow { sku: "MC-500-N".to_owned(), ..row("a", "Merino sweater", "80") },
        FeedRow { attributes: "GTIN: 2000000000084".to_owned(), ..row("b", "Merino beanie", "25") },
        row("c", "Sweater MC 500", "10"),
    ];
    shop.ingest(&rows, 1).await;
    shop.embed().await;
    for (query, first) in [("mc500n", "a"), ("MC-500-N", "a"), ("2000000000084", "b")] {
        let answer = shop.answer(&SearchRequest::for_text(query).unwrap()).await;
        assert_eq!(ids(&answer)[0], first, "{query}");
    }
}

#[tokio::test]
async fn products_are_filtered_by_availability_and_by_categories_of_any_depth() {
    let shop = Shop::new();
    let pan = |id, availability: &str, below: &str| FeedRow {
        availability: availability.to_owned(),
        main_category: "Home".to_owned(),
        sub_category: below.to_owned(),
        images: "https://a/1.jpg,https://a/2,3.jpg https://a/4.jpg".to_owned(),
        ..row(id, "Pan", "10")
    };
    let rows = [
        pan("a", "InStock", "Kitchen > Pans"),
        pan("b", "out of stock", "Kitchen"),
        pan("c", "perhaps", "Bath"),
    ];
    let summary = shop.ingest(&rows, 1).await;
    assert_eq!(summary.inserted, 3, "a value that cannot be read is left out");
    shop.embed().await;
    let found = async |name: &str, value: &str| {
        let condition = TagCondition::AnyOf(vec![value.to_owned()]);
        let filter = Filter::default().with_tag(TagName::parse(name).unwrap(), condition);
        let answer = shop.answer(&SearchRequest { filter, ..SearchRequest::browse() }).await;
        ids(&answer).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("availability", "in stock").await, ["a"]);
    assert_eq!(found("category", "home > kitchen").await, ["a", "b"]);
    assert_eq!(found("category", "Home").await, ["a", "b", "c"]);
    let answer = shop.answer(&SearchRequest::browse()).await;
    let product = &answer.hits[0].record.product;
    assert_eq!(product.image_url, "https://a/1.jpg");
    let pictures = ["https://a/2,3.jpg", "https://a/4.jpg"];
    assert_eq!(product.details.all(akin_entities::DetailField::Images), pictures);
}
