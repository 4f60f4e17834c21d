//! Suggestions while a shopper types, and the values of facets.

use crate::support::{Answer, Shop};
use akin_ports::ErrorKind;
use axum::http::StatusCode;
use serde_json::{Value, json};

fn texts(answer: &Answer, list: &str, key: &str) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let json = answer.json();
    let items = json[list].as_array().unwrap();
    items.iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn queries_categories_brands_and_products_are_suggested() {
    let shop = Shop::open().await;
    let answer = shop.get("/api/suggest?q=pho&limit=2").await;
    assert_eq!(answer.json()["query"], "pho");
    assert_eq!(answer.json()["queries"][0], json!({"text": "phone", "count": 3}));
    let category = json!({"value": "Phones", "field": "main_category", "count": 3});
    assert_eq!(answer.json()["categories"], json!([category]));
    assert_eq!(answer.json()["brands"], json!([]));
    let product = json!({
        "product_id": "PH-1", "name": "steady phone tripod", "brand": "Pelluno",
        "image_url": "images/tripods.svg", "link": "https://shop.example/PH-1", "ratings": 4.25,
        "discount_price": 617.5, "actual_price": 1299.0, "currency": "INR",
    });
    assert_eq!(answer.json()["products"][0], product);
    assert_eq!(texts(&answer, "products", "product_id"), ["PH-1", "PH-2"]);
    assert_eq!(texts(&shop.get("/api/suggest?q=brack").await, "brands", "value"), ["Brackwell"]);
    assert_eq!(texts(&shop.get("/api/suggest").await, "categories", "value")[0], "Phones");
}

#[tokio::test]
async fn a_parameter_that_cannot_be_is_refused_by_name() {
    let shop = Shop::open().await;
    for (path, part) in [
        ("/api/suggest?q=a&limit=0", "limit must be a whole number from 1 to 20, not \"0\""),
        ("/api/suggest?q=a&limit=21", "limit must be"),
        ("/api/suggest?query=a", "there is no parameter \"query\""),
        ("/api/suggest?q=a&engine=none", "none"),
        ("/api/facets/brand?limit=101", "limit must be a whole number from 1 to 100"),
        ("/api/facets/brand?size=1", "there is no parameter \"size\""),
        ("/api/facets/brand?price_min=x", "price_min"),
    ] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        let (code, message) = answer.problem();
        assert!(code == "INVALID_REQUEST_BODY" && message.contains(part), "{path}: {message}");
    }
    for path in ["/api/facets/price", "/api/facets/color", "/api/facets/%FF"] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.problem().1.contains("main_category, sub_category, brand"));
    }
    let long = format!("/api/suggest?q={}", "tripod%20".repeat(1_000));
    assert_eq!(shop.get(&long).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_values_of_a_facet_are_listed_by_their_beginnings_under_the_filters_of_a_search() {
    let shop = Shop::open().await;
    let values = |path: &'static str| {
        let shop = &shop;
        async move { shop.get(path).await.json() }
    };
    let all = values("/api/facets/brand").await;
    assert_eq!(all["field"], "brand");
    assert_eq!(all["total"], 3);
    assert_eq!(all["values"][0], json!({"value": "Pelluno", "count": 2}));
    let one = values("/api/facets/brand?q=PEL&limit=1").await;
    assert_eq!((&one["q"], one["values"].as_array().map(Vec::len)), (&json!("PEL"), Some(1)));
    let phones = values("/api/facets/brand?main_category=phones&brand=Pelluno").await;
    let brands = phones["values"].as_array().unwrap();
    let brands: Vec<&Value> = brands.iter().map(|brand| &brand["value"]).collect();
    assert_eq!(brands, ["Pelluno", "Brackwell"], "its own restriction does not count");
    let lamps = values("/api/facets/brand?query=lamp&mode=lexical").await;
    assert_eq!(lamps["values"], json!([{"value": "Lumo", "count": 1}]));
    assert_eq!(values("/api/facets/brand?q=xyz").await["values"], json!([]));
}

#[tokio::test]
async fn an_index_that_does_not_answer_is_a_failure_without_internals() {
    let shop = Shop::open().await;
    shop.index.break_after(0, ErrorKind::Unavailable);
    let answer = shop.get("/api/suggest?q=pho").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.problem().0, "QUERY_SIMILAR_PRODUCTS_FAILED");
}
