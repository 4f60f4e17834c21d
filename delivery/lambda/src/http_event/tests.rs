use super::*;
use http_body_util::BodyExt;
use serde_json::{Value, json};

/// Returns an event as API Gateway sends it, with `changes` at its top level.
fn event(path: &str, stage: &str, changes: &Value) -> HttpEvent {
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "q=tripod&mode=lexical",
        "cookies": ["a=1", "b=2"],
        "headers": {"content-type": "application/json", "x-forwarded-for": "1.2.3.4, 5.6.7.8"},
        "queryStringParameters": {"q": "tripod", "mode": "lexical"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "api", "domainName": "api.execute-api.example",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1",
                     "sourceIp": "1.2.3.4", "userAgent": "curl"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": stage,
            "time": "12/Mar/2026:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_i64
        },
        "body": "{\"query\": \"x\"}",
        "isBase64Encoded": false
    });
    let changes = changes.as_object().cloned().unwrap_or_default();
    event.as_object_mut().unwrap().extend(changes);
    serde_json::from_value(event).unwrap()
}

fn uri(path: &str, stage: &str, base_path: &str) -> String {
    let changes = json!({"rawQueryString": ""});
    event(path, stage, &changes).into_request(base_path).unwrap().uri().to_string()
}

#[tokio::test]
async fn a_request_has_the_parts_of_its_event() {
    let request = event("/api/search", "$default", &json!({})).into_request("").unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "/api/search?q=tripod&mode=lexical");
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("x-forwarded-for"), "1.2.3.4, 5.6.7.8");
    assert_eq!(header("cookie"), "a=1; b=2");
    assert_eq!(header("x-request-id"), "JKJaXmPLvHcESHA=");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "{\"query\": \"x\"}");
}

#[tokio::test]
async fn a_body_in_base64_is_decoded_and_one_that_is_not_is_refused() {
    let of = |body: &str| {
        event("/", "$default", &json!({"body": body, "isBase64Encoded": true})).into_request("")
    };
    let body = of("eyJhIjoxfQ==").unwrap().into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "{\"a\":1}");
    assert_eq!(of("!").unwrap_err(), "the body is not valid base64");
    let none = event("/", "$default", &json!({"body": null})).into_request("").unwrap();
    assert!(none.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[test]
fn the_stage_and_the_mapping_of_a_custom_domain_are_not_part_of_the_path() {
    for (path, stage, base_path, expected) in [
        ("/api/search", "$default", "", "/api/search"),
        ("/prod/api/search", "prod", "", "/api/search"),
        ("/prod", "prod", "", "/"),
        ("/prod/", "prod", "", "/"),
        ("", "$default", "", "/"),
        ("api", "$default", "", "/api"),
        // A custom domain sends its own mapping in the place of the stage, or nothing.
        ("/api/search", "prod", "", "/api/search"),
        ("/shop/api/search", "prod", "shop", "/api/search"),
        ("/prod/shop/v1/api/search", "prod", "/shop/v1/", "/api/search"),
        ("/products", "prod", "", "/products"),
        ("/shopping/api", "prod", "shop", "/shopping/api"),
    ] {
        assert_eq!(uri(path, stage, base_path), expected, "{path} {stage} {base_path}");
    }
}

#[test]
fn no_path_and_no_query_can_break_a_request() {
    assert_eq!(uri("/api/products/a b\"<é>", "$default", ""), "/api/products/a%20b%22%3C%C3%A9%3E");
    assert_eq!(uri("/api/products/a%2Fb", "$default", ""), "/api/products/a%2Fb");
    let query = |query: &str| {
        let event = event("/", "$default", &json!({"rawQueryString": query}));
        event.into_request("").unwrap().uri().query().unwrap().to_owned()
    };
    assert_eq!(query("q=\"desk lamp\"&x={1|2}#"), "q=%22desk%20lamp%22&x=%7B1%7C2%7D%23");
    assert_eq!(query("q=%E7%81%AF"), "q=%E7%81%AF");
    for code in 0..=255_u8 {
        let character = char::from(code);
        assert!(!uri(&format!("/{character}"), "$default", "").is_empty(), "{code}");
        assert!(!query(&format!("q={character}")).is_empty(), "{code}");
    }
}

#[test]
fn headers_and_methods_that_cannot_be_are_no_panic() {
    let changes =
        json!({"headers": {"bad name": "x", "ok": "a\nb", "fine": "ü"}, "cookies": ["\n"]});
    let request = event("/", "$default", &changes).into_request("").unwrap();
    assert_eq!(request.headers().len(), 2, "{:?}", request.headers());
    let context = json!({"requestContext": {"http": {"method": "GE T"}}});
    assert!(event("/", "$default", &context).into_request("").is_err());
}

#[test]
fn an_answer_is_text_or_base64() {
    let headers: HeaderMap = [
        ("content-type", "application/json"),
        ("vary", "a"),
        ("vary", "b"),
        ("set-cookie", "a=1; Path=/"),
        ("set-cookie", "b=2"),
    ]
    .into_iter()
    .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
    .collect();
    let mut all = HeaderMap::new();
    all.extend(headers);
    let text = HttpAnswer::new(201, &all, "{\"a\": \"ü\"}".into());
    assert_eq!(
        serde_json::to_value(&text).unwrap(),
        json!({
            "statusCode": 201,
            "headers": {"content-type": "application/json", "vary": "a, b"},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "{\"a\": \"ü\"}",
            "isBase64Encoded": false
        })
    );
    let picture = HttpAnswer::new(200, &HeaderMap::new(), Bytes::from_static(&[0xff, 0, 1]));
    assert_eq!((&*picture.body, picture.is_base64_encoded), ("/wAB", true));
}

#[test]
fn the_size_of_a_body_is_that_of_its_json() {
    let body: String = (0..=300).filter_map(char::from_u32).collect();
    let answer = HttpAnswer { body: body.clone(), ..HttpAnswer::default() };
    assert_eq!(answer.body_size(), serde_json::to_string(&body).unwrap().len() - 2);
}

#[test]
fn a_question_mark_in_a_path_does_not_begin_a_query() {
    assert_eq!(uri("/api/products/a?b", "$default", ""), "/api/products/a%3Fb");
}
