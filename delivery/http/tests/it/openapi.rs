use crate::support::Shop;
use axum::http::StatusCode;
use serde_json::Value;
use std::path::Path;

/// The description that clients are generated from.
const FILE: &str = "../../docs/openapi.json";

#[tokio::test]
async fn the_description_is_that_of_the_docs() {
    let answer = Shop::open().await.get("/api/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    // The names of the engines are those of this server.
    let names = ",\n        \"enum\": [\n          \"memory+words\"\n        ]";
    assert!(answer.text.contains(names));
    let served = answer.text.replace(names, "") + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("AKIN_UPDATE_OPENAPI").is_some() {
        std::fs::write(&file, &served).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        served == stored,
        "docs/openapi.json is not what the routes say. `AKIN_UPDATE_OPENAPI=1 cargo test -p akin-http --test it \
         openapi && make api-client` writes it anew"
    );
}

#[tokio::test]
async fn the_parameters_of_a_link_are_those_that_are_read() {
    let shop = Shop::open().await;
    let description = shop.get("/api/openapi.json").await.json();
    let parameters = description["paths"]["/api/search"]["get"]["parameters"].as_array().unwrap();
    let mut described: Vec<_> =
        parameters.iter().map(|one| one["name"].as_str().unwrap()).collect();
    let (_, message) = shop.get("/api/search?none=1").await.problem();
    let mut read: Vec<_> = message.rsplit_once("are ").unwrap().1.split(", ").collect();
    // The names of attributes are those of the catalogue: the operation describes them.
    read.retain(|name| !name.starts_with("attributes."));
    described.sort_unstable();
    read.sort_unstable();
    assert_eq!(described, read);
}

#[tokio::test]
async fn every_documented_operation_is_served() {
    let shop = Shop::open().await;
    let description = shop.get("/api/openapi.json").await.json();
    assert_eq!(description["openapi"], "3.1.0");
    let paths = description["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 11);
    for (path, methods) in paths {
        let path = path.replace("{id}", "PH-1").replace("{field}", "brand");
        for method in methods.as_object().unwrap().keys().filter(|key| *key == "get") {
            let answer = shop.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK, "{method} {path}: {}", answer.text);
        }
    }
    let schemas = description["components"]["schemas"].as_object().unwrap();
    let described =
        |schema: &Value| schema["description"].as_str().is_some_and(|text| !text.is_empty());
    assert!(described(&schemas["SearchAnswer"]) && described(&schemas["Product"]));
}

#[tokio::test]
async fn the_routes_of_other_frameworks_lead_to_ours() {
    let shop = Shop::open().await;
    for (path, target) in [("/openapi.json", "/api/openapi.json"), ("/redoc", "/docs")] {
        let answer = shop.get(path).await;
        assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(answer.header("location"), target);
    }
}
