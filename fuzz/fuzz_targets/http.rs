//! HTTP requests: bodies for the routes that take one, queries and paths for the others.
#![no_main]

#[path = "../../delivery/http/tests/it/support.rs"]
#[allow(dead_code, reason = "the target needs a part of it")]
mod shop;

use akin_fuzz::wait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use tower::ServiceExt;

static ROUTER: LazyLock<Router> = LazyLock::new(|| wait(shop::Shop::open()).router());

/// Creates a request; the first byte selects the route.
fn request(bytes: &[u8]) -> Option<Request<Body>> {
    let (route, rest) = bytes.split_first()?;
    let post = |path: &str| {
        Request::post(path)
            .header("content-type", "application/json")
            .body(Body::from(rest.to_vec()))
    };
    let get = |path: &str| {
        let path = format!("{path}{}", String::from_utf8_lossy(rest));
        Request::builder().method(Method::GET).uri(path).body(Body::empty())
    };
    match route % 5 {
        0 => post("/api/search"),
        1 => post("/api/similar_products"),
        2 => post("/api/compare"),
        3 => get("/api/search?"),
        _ => get("/api/products/"),
    }
    .ok()
}

fuzz_target!(|bytes: &[u8]| {
    let Some(request) = request(bytes) else { return };
    let router = ROUTER.clone();
    wait(async {
        let answer = router.oneshot(request).await.expect("an answer");
        assert_ne!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(answer.into_body(), 1 << 24).await.expect("a bounded answer");
        serde_json::from_slice::<serde_json::Value>(&body).expect("JSON");
    });
});
