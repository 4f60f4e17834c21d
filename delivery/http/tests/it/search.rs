//! `/api/search`: every field of a request.

use crate::support::Shop;
use axum::http::StatusCode;
use serde_json::{Value, json};

const ROUTE: &str = "/api/search";

async fn post(shop: &Shop, body: Value) -> crate::support::Answer {
    shop.post(ROUTE, body.to_string()).await
}

#[tokio::test]
async fn an_answer_has_every_documented_field() {
    let shop = Shop::open().await;
    let request = json!({"query": "steady phone tripod", "page_size": 1, "facets": ["brand"]});
    let answer = post(&shop, request).await;
    assert_eq!(answer.status, StatusCode::OK);
    insta::assert_snapshot!(answer.text);
    let timing = answer.header("server-timing");
    let parts: Vec<_> = timing.split(", ").filter_map(|part| part.split_once(";dur=")).collect();
    assert_eq!(
        parts.iter().map(|part| part.0).collect::<Vec<_>>(),
        ["embed", "candidates", "rank", "matches", "fetch"]
    );
    assert!(parts.iter().all(|part| part.1.parse::<f64>().is_ok_and(|ms| ms >= 0.0)), "{timing}");
}

#[tokio::test]
async fn a_link_and_a_body_with_the_same_fields_have_the_same_answer() {
    let shop = Shop::open().await;
    let pairs = [
        ("q=phone", json!({"query": "phone"})),
        ("q=phone+tri&unfinished=true", json!({"query": "phone tri", "unfinished": true})),
        (
            "q=phone+tripod&mode=lexical&page=2&page_size=1&sort=price_asc&engine=memory%2Bwords",
            json!({
                "query": "phone tripod", "mode": "lexical", "page": 2, "page_size": 1,
                "sort": "price_asc", "engine": "memory+words"
            }),
        ),
        (
            "q=phone&brand=Pelluno&brand=Lumo&main_category=Phones&sub_category=Tripods\
             &price_min=600&price_max=700.5&min_rating=4&discounted=true&facets=brand,main_category\
             &threshold=0.1",
            json!({
                "query": "phone", "threshold": 0.1, "facets": ["main_category", "brand"],
                "filters": {
                    "brand": ["Pelluno", "Lumo"], "main_category": ["Phones"],
                    "sub_category": ["Tripods"], "price": {"min": 600, "max": 700.5},
                    "min_rating": 4, "discounted": true
                }
            }),
        ),
    ];
    for (link, body) in pairs {
        let (by_link, by_body) =
            (shop.get(&format!("{ROUTE}?{link}")).await, post(&shop, body).await);
        assert_eq!(by_link.status, StatusCode::OK, "{}", by_link.text);
        assert_eq!(by_link.text, by_body.text);
    }
}

#[tokio::test]
async fn each_mode_finds_its_kind_of_matches() {
    let shop = Shop::open().await;
    let hits = async |mode: &str| {
        let answer = post(&shop, json!({"query": "lamp", "mode": mode})).await;
        assert_eq!(answer.json()["mode"], mode);
        answer
    };
    let words = hits("lexical").await;
    assert_eq!(words.ids().len(), 2);
    assert!(words.json()["hits"][0]["similarity"].is_null());
    for mode in ["hybrid", "semantic"] {
        let answer = hits(mode).await;
        assert_eq!(answer.ids().len(), 2, "phones do not fit");
        assert!(answer.json()["hits"][0]["similarity"].is_f64());
    }
}

#[tokio::test]
async fn a_product_must_match_all_filters() {
    let shop = Shop::open().await;
    for (filters, expected) in [
        (json!({"brand": ["Pelluno"]}), vec!["PH-1", "PH-3"]),
        (json!({"brand": ["Pelluno", "Lumo"]}), vec!["HO-1", "PH-1", "PH-3"]),
        (json!({"main_category": ["Home"], "brand": ["Pelluno"]}), vec![]),
        (json!({"sub_category": ["Lamps"]}), vec!["HO-1", "a/b %?#é"]),
        (json!({"price": {"max": 617.5}}), vec!["PH-1", "PH-3"]),
        (json!({"price": {"min": 617.51}}), vec!["PH-2"]),
        (json!({"min_rating": 4.25}), vec!["HO-1", "PH-1"]),
        (json!({"discounted": true}), vec!["PH-1"]),
        (json!({"discounted": false, "min_rating": 0}), vec!["HO-1", "PH-2"]),
        (json!({"brand": ["pelluno", "LÙMO"]}), vec!["HO-1", "PH-1", "PH-3"]),
        (json!({"ids": ["PH-3", "HO-1", "unknown"]}), vec!["HO-1", "PH-3"]),
    ] {
        let answer = post(&shop, json!({"filters": filters})).await;
        let mut ids = answer.ids();
        ids.sort();
        assert_eq!(ids, expected, "{filters}");
        assert_eq!(answer.json()["total"], expected.len());
    }
}

#[tokio::test]
async fn facets_count_all_hits_the_most_frequent_value_first() {
    let shop = Shop::open().await;
    let facets = json!(["brand", "sub_category", "brand", "price"]);
    let request = json!({"query": "phone", "facets": facets, "page_size": 1});
    let answer = post(&shop, request).await;
    assert_eq!(answer.ids().len(), 1);
    insta::assert_snapshot!(answer.json()["facets"].to_string(), @r#"{"brand":[{"count":2,"value":"Pelluno"},{"count":1,"value":"Brackwell"}],"price":{"histogram":[{"count":1,"from":200.0,"to":300.0},{"count":0,"from":300.0,"to":400.0},{"count":0,"from":400.0,"to":500.0},{"count":0,"from":500.0,"to":600.0},{"count":1,"from":600.0,"to":700.0},{"count":0,"from":700.0,"to":800.0},{"count":0,"from":800.0,"to":900.0},{"count":1,"from":900.0,"to":1000.0}],"max":999.0,"min":250.0},"sub_category":[{"count":3,"value":"Tripods"}]}"#);
}

#[tokio::test]
async fn a_chosen_brand_leaves_the_counts_of_the_others() {
    let shop = Shop::open().await;
    let facets = json!(["brand", "sub_category"]);
    let request = json!({"facets": facets, "filters": {"brand": ["lumo"]}});
    let answer = post(&shop, request).await.json();
    assert_eq!(answer["total"], 1);
    assert_eq!(answer["facets"]["brand"].as_array().unwrap().len(), 3);
    assert_eq!(answer["facets"]["sub_category"], json!([{"value": "Lamps", "count": 1}]));
}

#[tokio::test]
async fn a_blank_query_lists_all_products_the_best_rated_first() {
    let shop = Shop::open().await;
    for link in ["", "q=", "q=%20", "q=*", "page_size=100"] {
        let answer = shop.get(&format!("{ROUTE}?{link}")).await;
        assert_eq!(answer.ids(), ["HO-1", "PH-1", "PH-2", "PH-3", "a/b %?#é"], "{link}");
        let answer = answer.json();
        assert_eq!((&answer["total"], &answer["query"]), (&json!(5), &json!("")));
        assert_eq!((&answer["good"], &answer["closest"]), (&json!(true), &json!(false)));
        assert_eq!(answer["relation"], "exact");
        assert!(answer["hits"][0]["score"].is_null() && answer["hits"][0]["similarity"].is_null());
    }
    let cheap = post(&shop, json!({"sort": "price_asc", "page_size": 2, "page": 2})).await;
    assert_eq!(
        (cheap.ids(), cheap.json()["total"].as_u64()),
        (vec!["PH-2".into(), "HO-1".into()], Some(5))
    );
}

#[tokio::test]
async fn what_comes_closest_is_shown_in_the_order_of_relevance_only() {
    let shop = Shop::open().await;
    let request =
        |sort: &str| json!({"query": "xqzzvwk", "sort": sort, "facets": ["brand", "price"]});
    let closest = post(&shop, request("relevance")).await;
    assert_eq!((closest.ids().len(), closest.json()["total"].as_u64()), (5, Some(0)));
    let closest = closest.json();
    assert_eq!((&closest["closest"], &closest["good"]), (&json!(true), &json!(false)));
    assert_eq!(closest["facets"], json!({"brand": [], "price": null}));
    let sorted = post(&shop, request("price_asc")).await;
    assert_eq!((sorted.ids().len(), &sorted.json()["closest"]), (0, &json!(false)));
}

#[tokio::test]
async fn sorting_puts_products_without_a_value_last() {
    let shop = Shop::open().await;
    let order = async |sort: &str| {
        let ids = post(&shop, json!({"query": "phone", "sort": sort})).await.ids();
        ids.into_iter().take(3).collect::<Vec<_>>()
    };
    assert_eq!(order("price_asc").await, ["PH-3", "PH-1", "PH-2"]);
    assert_eq!(order("price_desc").await, ["PH-2", "PH-1", "PH-3"]);
    assert_eq!(order("rating").await, ["PH-1", "PH-2", "PH-3"]);
}

#[tokio::test]
async fn pages_continue_until_all_hits_were_returned() {
    let shop = Shop::open().await;
    for sort in ["relevance", "price_asc"] {
        let whole = post(&shop, json!({"query": "phone", "sort": sort})).await.ids();
        let mut paged = Vec::new();
        for page in 1..=3 {
            let request = json!({"query": "phone", "sort": sort, "page": page, "page_size": 2});
            let answer = post(&shop, request).await;
            assert_eq!(answer.json()["total"], 3);
            assert_eq!(answer.json()["page"], page);
            paged.extend(answer.ids());
        }
        assert_eq!(paged, whole);
        for page in [4, 100] {
            let request = json!({"query": "phone", "sort": sort, "page": page, "page_size": 100});
            let answer = post(&shop, request).await;
            assert_eq!((answer.ids().len(), answer.json()["total"].as_u64()), (0, Some(3)));
        }
    }
}

#[tokio::test]
async fn an_answer_reports_its_quality_and_its_corrections() {
    let shop = Shop::open().await;
    let good =
        post(&shop, json!({"query": "phone tripod", "filters": {"sub_category": ["Tripods"]}}));
    assert_eq!(good.await.json()["good"], true);
    let poor = post(&shop, json!({"query": "volcano insurance"})).await.json();
    assert_eq!((&poor["good"], &poor["corrections"]), (&json!(false), &json!([])));
    let corrected = post(&shop, json!({"query": "phone tirpod"})).await.json();
    assert_eq!(corrected["corrections"], json!([{"from": "tirpod", "to": "tripod"}]));
    assert_eq!(corrected["query"], "phone tirpod");
}

#[tokio::test]
async fn an_invalid_field_is_named_with_its_alternatives() {
    let shop = Shop::open().await;
    for (body, expected) in [
        (json!({"page": 101, "page_size": 100}), "page times page_size must be at most 10000"),
        (json!({"query": "x", "page": u64::MAX}), "page times page_size must be at most 10000"),
        (json!({"filters": {"ids": [""]}}), "ids: \"\" is no product id"),
        (json!({"filters": {"ids": "x"}}), "filters.ids must be a list of texts"),
        (
            json!({"query": "x", "sort": "price"}),
            "sort must be one of relevance, price_asc, price_desc, rating, newest, attributes.NAME:asc, attributes.NAME:desc, not \"price\"",
        ),
        (json!({"query": "x".repeat(4_001)}), "longer than 4000 characters"),
        (
            json!({"query": "x", "mode": "fuzzy"}),
            "mode must be one of hybrid, semantic, lexical, not \"fuzzy\"",
        ),
        (
            json!({"query": "x", "engine": "other"}),
            "there is no engine \"other\"; the engines are memory+words",
        ),
        (json!({"query": "x", "page": 0}), "page must be a whole number from 1"),
        (json!({"query": "x", "page_size": 0}), "page_size must be a whole number from 1 to 100"),
        (json!({"query": "x", "page_size": 101}), "page_size must be a whole number from 1 to 100"),
        (json!({"query": "x", "page": -1}), "page must be a whole number from 1"),
        (json!({"query": "x", "threshold": 2}), "threshold must be a number from -1 to 1"),
        (
            json!({"query": "x", "sort": "size"}),
            "sort must be one of relevance, price_asc, price_desc, rating",
        ),
        (
            json!({"query": "x", "facets": ["size"]}),
            "facets must be one of main_category, sub_category, brand, price, rating",
        ),
        (json!({"query": "x", "color": "red"}), "unknown field `color`"),
        (json!({"query": "x", "filters": {"color": ["red"]}}), "unknown field `color`"),
        (json!({"query": "x", "filters": {"brand": "y"}}), "filters.brand must be a list of texts"),
        (json!({"query": "x", "filters": {"brand": [7]}}), "filters.brand[0] must be a text"),
        (json!({"query": "x", "filters": {"price": 5}}), "an object with min, max or both"),
        (json!({"query": "x", "filters": {"price": [1, 2]}}), "an object with min, max or both"),
        (json!({"query": "x", "filters": [[]]}), "filters must be an object of filters"),
        (
            json!({"query": "x", "filters": {"price": {"min": "5"}}}),
            "filters.price.min must be a number",
        ),
        (json!({"query": "x", "filters": {"discounted": "yes"}}), "must be true or false"),
        (json!({"query": "x", "filters": 5}), "filters must be an object of filters"),
        (json!({"query": ["x"]}), "query must be a text"),
        (json!({"query": "x", "filters": {"brand": vec!["y"; 101]}}), "at most 100 values"),
    ] {
        let answer = post(&shop, body.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let (code, message) = answer.problem();
        assert_eq!(code, "INVALID_REQUEST_BODY");
        assert!(message.contains(expected), "{body}: {message}");
    }
}

#[tokio::test]
async fn an_invalid_parameter_is_named_with_its_alternatives() {
    let shop = Shop::open().await;
    for (link, expected) in [
        (
            "q=x&color=red",
            "there is no parameter \"color\"; the parameters are q, unfinished, mode",
        ),
        ("q=x&page=one", "page must be a whole number from 1, not \"one\""),
        ("q=x&page_size=101", "page_size must be a whole number from 1 to 100"),
        ("q=x&threshold=NaN", "threshold must be a number from -1 to 1"),
        ("q=x&price_min=inf", "must be finite numbers"),
        ("q=x&discounted=maybe", "discounted must be true or false, not \"maybe\""),
        ("q=x&facets=", "attributes.NAME, attributes.NAME:histogram, not \"\""),
    ] {
        let answer = shop.get(&format!("{ROUTE}?{link}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{link}");
        let (_, message) = answer.problem();
        assert!(message.contains(expected), "{link}: {message}");
    }
}
