//! Pages of other origins, as a browser asks for them.

use crate::support::{Answer, Shop, request};
use axum::http::{Method, StatusCode, header};

const SHOP: &str = "https://shop.example";

async fn shop_that_allows(origins: &[&str]) -> Shop {
    let mut shop = Shop::open().await;
    shop.api.origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    shop
}

async fn send_from(shop: &Shop, origin: &str, method: Method, path: &str) -> Answer {
    let mut request = request(method, path, r#"{"query": "lamp"}"#);
    request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
    shop.send(request).await
}

async fn preflight(shop: &Shop, origin: &str) -> Answer {
    let mut request = request(Method::OPTIONS, "/api/similar_products", "");
    let headers = request.headers_mut();
    headers.insert(header::ORIGIN, origin.parse().unwrap());
    headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, "POST".parse().unwrap());
    headers.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type".parse().unwrap());
    shop.send(request).await
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_ask() {
    let shop = shop_that_allows(&[SHOP, "http://127.0.0.1:5173"]).await;
    let answer = preflight(&shop, SHOP).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), SHOP);
    assert!(answer.header("access-control-allow-methods").contains("POST"));
    assert!(answer.header("access-control-allow-headers").contains("content-type"));
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    for (path, status) in
        [("/api/similar_products", StatusCode::CREATED), ("/api/none", StatusCode::NOT_FOUND)]
    {
        let answer = send_from(&shop, SHOP, Method::POST, path).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), SHOP, "{path}");
        assert!(answer.header("access-control-expose-headers").contains("server-timing"));
        assert!(answer.header("vary").contains("origin"));
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_not() {
    let shop = shop_that_allows(&[SHOP]).await;
    for origin in
        ["https://elsewhere.example", "http://shop.example", "https://shop.example.evil", "null"]
    {
        assert_eq!(
            preflight(&shop, origin).await.header("access-control-allow-origin"),
            "",
            "{origin}"
        );
        let answer = send_from(&shop, origin, Method::POST, "/api/search").await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
}

#[tokio::test]
async fn all_origins_may_ask_if_all_are_allowed_but_without_credentials() {
    let shop = shop_that_allows(&["*"]).await;
    let answer = preflight(&shop, SHOP).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}
