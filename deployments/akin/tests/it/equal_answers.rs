//! One catalogue in the three indexes: their answers are equal, not only their rankings.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::support::sample;
use crate::support::server::Server;
use crate::support::shop::Shop;
use serde_json::{Value, json};

const ENGINES: [&str; 3] = ["local", "postgres", "opensearch"];

/// What shoppers ask besides the judged sentences: names, one word, several, an identifier, a misspelled
/// word, another script, stop words, nonsense, and nothing.
const OTHERS: [&str; 10] = [
    "tripod",
    "running shoes",
    "stainless steel water bottle",
    "PH-006",
    "bluetoth speker",
    "耳机",
    "for the",
    "xqzzvwk",
    "",
    "coffee",
];

const SORTS: [&str; 4] = ["relevance", "price_asc", "price_desc", "rating"];

/// The parts of an answer that do not tell where it comes from.
const PARTS: [&str; 6] = ["total", "relation", "good", "closest", "corrections", "facets"];

/// Fills every index with the sample catalogue, and serves it.
fn serve(shop: &Shop) -> Server {
    let feed = sample("catalogue.csv");
    shop.run(&format!("ingest --currency INR {}", feed.display())).succeeds();
    for engine in &ENGINES[1..] {
        shop.run(&format!("copy --from local --to {engine}")).succeeds();
    }
    let engines = ENGINES.map(|engine| format!("--engine {engine}")).join(" ");
    Server::spawn(shop.akin(&format!("serve --listen 127.0.0.1:0 {engines}")))
}

/// Returns fifty requests, each in every mode, with every order, deep pages and filters among them.
fn requests() -> Vec<Value> {
    let mut reader = csv::Reader::from_path(sample("queries.csv")).unwrap();
    let column = reader.headers().unwrap().iter().position(|name| name == "query").unwrap();
    let judged = reader.records().map(|record| record.unwrap()[column].to_owned());
    let queries: Vec<_> = OTHERS.map(str::to_owned).into_iter().chain(judged).collect();
    assert_eq!(queries.len(), 50);
    let filters = [
        json!({}),
        json!({}),
        json!({"price": {"max": 2_000}}),
        json!({"min_rating": 4, "discounted": true}),
        json!({"main_category": ["pets", "Tools & DIY", "garden & balcony"]}),
        json!({"brand": ["brackwell", "Pelluno"]}),
    ];
    let request = |(number, query): (usize, &String)| {
        ["hybrid", "semantic", "lexical"].map(|mode| {
            json!({
                "query": query,
                "mode": mode,
                "sort": SORTS[number % SORTS.len()],
                "filters": filters[number % filters.len()],
                "page": if number % 4 == 0 { 2 } else { 1 },
                "page_size": 10,
                "facets": ["main_category", "sub_category", "brand", "price", "rating"],
            })
        })
    };
    queries.iter().enumerate().flat_map(request).collect()
}

/// Returns the answer of `engine`, without what tells where it comes from.
fn answer(server: &Server, engine: &str, request: &Value) -> (Vec<Value>, Vec<Value>) {
    let mut request = request.clone();
    request["engine"] = json!(format!("{engine}+native"));
    let answer = server.post("/api/search", &request);
    let hits = answer["hits"].as_array().unwrap().iter();
    let ids = hits.map(|hit| hit["product"]["product_id"].clone()).collect();
    (PARTS.iter().map(|part| answer[*part].clone()).collect(), ids)
}

#[test]
#[ignore = "needs the model, Postgres and OpenSearch: make test"]
fn totals_facets_orders_and_pages_are_equal_on_the_three_engines() {
    let shop = Shop::in_postgres().with_opensearch().with_variable("AKIN_STORE", "local");
    let server = serve(&shop);
    let mut found = 0;
    for request in requests() {
        let [local, postgres, opensearch] = ENGINES.map(|engine| answer(&server, engine, &request));
        assert_eq!(local, postgres, "{request}");
        assert_eq!(local, opensearch, "{request}");
        found += usize::from(local.0[0] != 0);
    }
    assert!(found >= 75, "only {found} of the 150 requests found something");
}
