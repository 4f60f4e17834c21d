//! Products and similar products.

use crate::support::Shop;
use axum::http::StatusCode;

#[tokio::test]
async fn a_product_is_returned_with_all_its_fields() {
    let shop = Shop::open().await;
    let answer = shop.get("/api/products/PH-1").await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_snapshot!(answer.text);
}

#[tokio::test]
async fn the_rate_of_a_converted_price_is_returned() {
    let shop = Shop::open().await;
    let rate = |json: &serde_json::Value| json.get("converted_by").cloned();
    let converted = shop.get("/api/products/PH-2").await.json();
    assert_eq!(rate(&converted), Some("EUR=INR:90.5".into()));
    assert_eq!(rate(&shop.get("/api/products/PH-1").await.json()), None);
}

#[tokio::test]
async fn similar_products_exclude_the_product_itself() {
    let shop = Shop::open().await;
    let answer = shop.get("/api/products/PH-1/similar?limit=2").await;
    assert_eq!(answer.ids(), ["PH-2", "PH-3"]);
    assert_eq!(answer.json()["product_id"], "PH-1");
    assert_eq!(shop.get("/api/products/PH-1/similar").await.ids().len(), 4);
}

#[tokio::test]
async fn an_id_may_contain_any_characters() {
    let shop = Shop::open().await;
    for path in ["/api/products/a%2Fb%20%25%3F%23%C3%A9", "/api/products/a%2Fb%20%25%3F%23%c3%a9"] {
        assert_eq!(shop.get(path).await.json()["product_id"], "a/b %?#é");
    }
    let similar = shop.get("/api/products/a%2Fb%20%25%3F%23%C3%A9/similar?limit=1").await;
    assert_eq!(similar.ids(), ["HO-1"]);
}

#[tokio::test]
async fn an_unknown_id_is_not_found_and_an_invalid_one_is_refused() {
    let shop = Shop::open().await;
    for path in ["/api/products/none", "/api/products/none/similar"] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(
            answer.problem(),
            ("NOT_FOUND".to_owned(), "there is no product \"none\"".to_owned())
        );
    }
    let long = format!("/api/products/{}", "x".repeat(257));
    for path in ["/api/products/%FF", "/api/products/%FF/similar", "/api/products/%20", &long] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.problem().0, "INVALID_REQUEST_BODY");
    }
}

#[tokio::test]
async fn the_parameters_of_similar_products_are_checked() {
    let shop = Shop::open().await;
    for parameter in ["limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=", "most=3"] {
        let answer = shop.get(&format!("/api/products/PH-1/similar?{parameter}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{parameter}");
        let message = answer.problem().1;
        let expected =
            if parameter.starts_with("limit") { "from 1 to 1000" } else { "limit, engine" };
        assert!(message.contains(expected), "{message}");
    }
}
