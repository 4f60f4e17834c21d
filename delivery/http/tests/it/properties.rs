//! Any request is answered with a result or an error envelope, and nothing panics.

use crate::support::{Answer, Shop};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use proptest::prelude::*;
use serde_json::Value;
use std::sync::LazyLock;

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
static SHOP: LazyLock<Shop> = LazyLock::new(|| RUNTIME.block_on(Shop::open()));

/// Sends a request; `None` if it is not valid HTTP.
fn answer(method: Method, uri: &str, content_type: &str, body: Vec<u8>) -> Option<Answer> {
    let request =
        Request::builder().method(method).uri(uri).header(header::CONTENT_TYPE, content_type);
    let request = request.body(Body::from(body)).ok()?;
    Some(RUNTIME.block_on(SHOP.send(request)))
}

fn check(answer: &Answer) {
    assert_ne!(answer.header("x-request-id"), "");
    if answer.status.is_success() {
        assert!(answer.json().is_object());
    } else {
        assert!(answer.status.is_client_error(), "{answer:?}");
        let answered = if answer.text.contains("\"data\":null") {
            answer.envelope()
        } else {
            answer.problem()
        };
        assert_ne!(answered.1, "");
    }
}

/// Generates JSON of any shape, with likely field names.
fn document() -> impl Strategy<Value = Value> {
    let names = "query|mode|engine|page|page_size|threshold|filters|facets|sort|brand|price|min|limit|.{0,3}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "hybrid|lexical|price_asc|brand|[a-z ]{0,9}|.{0,9}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const BODIES: [&str; 2] = ["/api/search", "/api/similar_products"];

proptest! {
    #[test]
    fn any_bytes_as_a_body_are_answered(
        body in prop::collection::vec(any::<u8>(), 0..200),
        route in prop::sample::select(&BODIES),
        content_type in "application/json|text/plain|[ -~]{0,20}",
    ) {
        answer(Method::POST, route, &content_type, body).iter().for_each(check);
    }

    #[test]
    fn any_document_as_a_body_is_answered(
        mut body in document(),
        query in prop::option::of(".{0,20}"),
        route in prop::sample::select(&BODIES),
    ) {
        if let (Some(fields), Some(query)) = (body.as_object_mut(), query) {
            fields.insert("query".to_owned(), query.into());
        }
        let body = body.to_string().into_bytes();
        check(&answer(Method::POST, route, "application/json", body).unwrap());
    }

    #[test]
    fn any_parameters_of_a_link_are_answered(
        name in "q|query|mode|page|page_size|threshold|price_min|discounted|facets|[a-z]{0,4}",
        value in "[!-~]{0,30}",
        text in any::<String>(),
    ) {
        let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let uri = format!("/api/search?q={text}&{name}={value}");
        answer(Method::GET, &uri, "", Vec::new()).iter().for_each(check);
    }

    #[test]
    fn any_path_is_answered(path in "/api/(products/)?[!-~]{0,30}(/similar)?") {
        answer(Method::GET, &path, "", Vec::new()).iter().for_each(check);
    }

    #[test]
    fn any_query_is_searched_for_and_a_blank_one_browses(text in any::<String>(), mode in "hybrid|semantic|lexical") {
        let body = serde_json::json!({"query": text, "mode": mode}).to_string().into_bytes();
        let answer = answer(Method::POST, "/api/search", "application/json", body).unwrap();
        prop_assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
}
