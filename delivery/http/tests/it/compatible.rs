//! The routes of existing clients, byte for byte.

use crate::support::{Answer, Shop, request};
use akin_ports::ErrorKind;
use axum::http::{Method, StatusCode};

const ROUTE: &str = "/api/similar_products";

/// Returns the text of the answer with `NOW` for the time of the request, whose format is checked.
fn with_now(answer: &Answer) -> String {
    let json = answer.json();
    let now = json["data"]["created_date"].as_str().unwrap();
    assert_eq!(now, json["data"]["modified_date"]);
    let shape: String = now.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00 00:00:00.000000");
    answer.text.replace(now, "NOW")
}

#[tokio::test]
async fn a_search_keeps_the_wire_format() {
    let shop = Shop::open().await;
    let answer = shop.post(ROUTE, r#"{"query": "steady phone tripod", "limit": 1}"#).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.header("content-type"), "application/json");
    let score = answer.json()["data"]["similar_products"][0]["score"].as_f64().unwrap();
    assert!((0.5..1.0).contains(&score));
    let score = score.to_string();
    assert_eq!(
        with_now(&answer).replace(&score, "SCORE"),
        concat!(
            r#"{"message":"Query Similar Products successful","#,
            r#""data":{"similar_products":[{"product_id":"PH-1","name":"steady phone tripod","#,
            r#""main_category":"Phones","sub_category":"Tripods","#,
            r#""image_url":"images/tripods.svg","ratings":4.25,"discount_price":617.5,"#,
            r#""actual_price":1299.0,"modified_date":"2023-03-18 08:33:33.000042","#,
            r#""created_date":"2023-03-18 08:33:33.000042","score":SCORE}],"#,
            r#""query":"steady phone tripod","created_date":"NOW","modified_date":"NOW"},"#,
            r#""error":null}"#
        )
    );
}

#[tokio::test]
async fn a_search_without_hits_succeeds() {
    let shop = Shop::open().await;
    let answer = shop.post(ROUTE, r#"{"query": "volcano", "threshold": 0.99}"#).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let expected = concat!(
        r#"{"message":"Query Similar Products successful","data":{"similar_products":[],"#,
        r#""query":"volcano","created_date":"NOW","modified_date":"NOW"},"error":null}"#
    );
    assert_eq!(with_now(&answer), expected);
}

#[tokio::test]
async fn limit_and_threshold_may_be_missing_or_null() {
    let shop = Shop::open().await;
    let mut answers = Vec::new();
    for body in [
        r#"{"query": "phone tripod"}"#,
        r#"{"query": "phone tripod", "limit": null, "threshold": null}"#,
        r#"{"query": "phone tripod", "limit": 10, "threshold": 0.3, "unknown": [1]}"#,
    ] {
        answers.push(with_now(&shop.post(ROUTE, body).await));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[tokio::test]
async fn the_threshold_is_a_cosine_and_scores_descend() {
    let shop = Shop::open().await;
    let scores = async |threshold: &str| -> Vec<f64> {
        let body = format!(r#"{{"query": "phone tripod", "threshold": {threshold}}}"#);
        let json = shop.post(ROUTE, body).await.json();
        let hits = json["data"]["similar_products"].as_array().unwrap().clone();
        hits.iter().map(|hit| hit["score"].as_f64().unwrap()).collect()
    };
    let all = scores("-1").await;
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted_by(|a, b| a >= b), "{all:?}");
    let some = scores("0.5").await;
    assert_eq!(some, all.into_iter().filter(|score| *score >= 0.5).collect::<Vec<_>>());
    assert!((1..5).contains(&some.len()));
}

#[tokio::test]
async fn every_invalid_input_is_an_invalid_request_body() {
    let shop = Shop::open().await;
    let long = format!(r#"{{"query": "{}"}}"#, "x".repeat(4_001));
    for (body, expected) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("[]", "must be a JSON object"),
        (r#"["lamp", 3, 0.5]"#, "must be a JSON object"),
        ("\"lamp\"", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ("{}", "missing field `query`"),
        (r#"{"query": 7}"#, "query must be a text"),
        (r#"{"query": null}"#, "query must be a text"),
        (r#"{"query": ""}"#, "the query is empty"),
        (r#"{"query": " \n"}"#, "the query is empty"),
        (&long, "longer than 4000 characters"),
        (r#"{"query": "x", "limit": 0}"#, "limit must be a whole number from 1 to 1000"),
        (r#"{"query": "x", "limit": -1}"#, "limit must be a whole number from 1 to 1000"),
        (r#"{"query": "x", "limit": 1001}"#, "limit must be a whole number from 1 to 1000"),
        (r#"{"query": "x", "limit": 1.5}"#, "limit must be a whole number"),
        (r#"{"query": "x", "limit": 9223372036854775808}"#, "limit must be a whole number"),
        (r#"{"query": "x", "limit": "3"}"#, "limit must be a whole number"),
        (r#"{"query": "x", "threshold": 1.1}"#, "threshold must be a number from -1 to 1"),
        (r#"{"query": "x", "threshold": -2}"#, "threshold must be a number from -1 to 1"),
        (r#"{"query": "x", "threshold": 1e39}"#, "threshold must be a number from -1 to 1"),
        (r#"{"query": "x", "threshold": 1e999}"#, "number out of range"),
        (r#"{"query": "x", "threshold": "0"}"#, "threshold must be a number"),
        (r#"{"query": "\ud800"}"#, "unexpected end of hex escape"),
    ] {
        let answer = shop.post(ROUTE, body.to_owned()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let (code, message) = answer.envelope();
        assert_eq!(code, "INVALID_REQUEST_BODY", "{body}");
        assert!(message.contains(expected), "{body}: {message}");
        assert!(
            answer.text.starts_with(
                r#"{"message":"Invalid request body","data":null,"error":{"message":"#
            )
        );
        assert!(answer.text.ends_with(r#","code":"INVALID_REQUEST_BODY"}}"#), "{}", answer.text);
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_are_an_invalid_request_body() {
    let shop = Shop::open().await;
    let answer = shop.post(ROUTE, b"{\"query\": \"\xff\xfe\"}".to_vec()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.envelope().0, "INVALID_REQUEST_BODY");
}

#[tokio::test]
async fn each_failing_port_has_its_error_code_and_shows_no_internals() {
    let shop = Shop::open().await;
    for (faults, code) in [
        (&shop.embedder, "QUERY_EMBEDDING_FAILED"),
        (&shop.index, "QUERY_SIMILAR_PRODUCTS_FAILED"),
        (&shop.store, "FETCH_SIMILAR_PRODUCTS_FAILED"),
    ] {
        for (kind, expected) in [
            (ErrorKind::Unavailable, "try again later"),
            (ErrorKind::Corrupt, "the server could not answer; see its log"),
            (ErrorKind::Misconfigured, "the server could not answer; see its log"),
        ] {
            faults.break_after(0, kind);
            let answer = shop.post(ROUTE, r#"{"query": "lamp"}"#).await;
            faults.clear();
            assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{code}");
            assert_eq!(answer.envelope(), (code.to_owned(), expected.to_owned()));
            assert!(!answer.text.contains("told to fail"), "{}", answer.text);
        }
    }
    assert_eq!(shop.post(ROUTE, r#"{"query": "lamp"}"#).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn health_keeps_the_wire_format_even_if_every_port_fails() {
    let shop = Shop::open().await;
    for faults in [&shop.embedder, &shop.index, &shop.store] {
        faults.break_after(0, ErrorKind::Unavailable);
    }
    let answer = shop.get("/api/health_status").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.text, r#"{"message":"Health status OK","data":null,"error":null}"#);
    let answer = shop.get("/api/status").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.problem().0, "UNK");
}

#[tokio::test]
async fn other_methods_are_refused_in_the_envelope() {
    let shop = Shop::open().await;
    for (route, allowed) in [(ROUTE, "POST"), ("/api/health_status", "GET,HEAD")] {
        let answer = shop.send(request(Method::PUT, route, "")).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.envelope().0, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), allowed);
    }
}
