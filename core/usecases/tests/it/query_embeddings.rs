use crate::shop::Shop;
use akin_entities::Query;
use akin_memory::{Faults, MemoryEmbedder};
use akin_ports::{Embedder, ErrorKind};
use akin_usecases::QueryEmbeddings;
use futures::future::join_all;
use std::sync::Arc;

fn query(words: &str) -> Query {
    Query::new(words).unwrap()
}

#[tokio::test]
async fn equal_queries_that_arrive_together_share_one_inference() {
    let shop = Shop::new();
    let embeddings = shop.embeddings();
    let (tripod, lamp) = (query("phone tripod"), query("desk lamp"));
    let asked = (0..40).map(|n| embeddings.embed(if n % 2 == 0 { &tripod } else { &lamp }));
    let answers = join_all(asked).await;
    assert!(answers.iter().all(Result::is_ok));
    let mut embedded = shop.embedder.embedded();
    embedded.sort();
    assert_eq!(embedded, ["desk lamp", "phone tripod"]);
    let expected = shop.embedder.embed(&["phone tripod".to_owned()]).await.unwrap();
    assert_eq!(*answers[0].as_ref().unwrap().as_ref(), expected.embeddings[0]);
}

#[tokio::test]
async fn clones_share_the_cache() {
    let shop = Shop::new();
    let embeddings = shop.embeddings();
    let first = embeddings.embed(&query("phone tripod")).await.unwrap();
    let second = embeddings.clone().embed(&query(" phone tripod ")).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(shop.embedder.embedded().len(), 1);
}

#[tokio::test]
async fn without_capacity_every_query_is_embedded_with_the_same_result() {
    let shop = Shop::new();
    for (capacity, inferences) in [(0, 6), (100, 3)] {
        let embedder = Arc::new(MemoryEmbedder::default());
        let embeddings = QueryEmbeddings::new(embedder.clone(), capacity);
        for words in ["a", "b", "c", "a", "b", "c"] {
            let found = embeddings.embed(&query(words)).await.unwrap();
            let expected = shop.embedder.embed(&[words.to_owned()]).await.unwrap();
            assert_eq!(*found, expected.embeddings[0]);
        }
        assert_eq!(embedder.embedded().len(), inferences, "with room for {capacity}");
    }
}

#[tokio::test]
async fn a_failure_is_not_cached() {
    let faults = Faults::default();
    let embedder = Arc::new(MemoryEmbedder::default().with_faults(faults.clone()));
    let embeddings = QueryEmbeddings::new(embedder.clone(), 10);
    faults.break_after(0, ErrorKind::Unavailable);
    let asked = query("phone tripod");
    let failed = join_all((0..5).map(|_| embeddings.embed(&asked))).await;
    assert!(failed.iter().all(Result::is_err));
    faults.clear();
    assert!(embeddings.embed(&asked).await.is_ok());
    assert_eq!(embedder.embedded().len(), 1);
}

#[tokio::test]
async fn the_cache_is_bounded_in_bytes_for_queries_of_any_length() {
    let embedder = Arc::new(MemoryEmbedder::default());
    let embeddings = QueryEmbeddings::new(embedder.clone(), 64);
    let long = |number: usize| query(&format!("{number:04} {}", "x".repeat(3_000)));
    for number in 0..512 {
        embeddings.embed(&long(number)).await.unwrap();
    }
    // 64 queries of ordinary length would fit.
    let cached = embeddings.cached_bytes();
    let room = 64 * (256 + 256 + 4 * embedder.fingerprint().dimension as u64);
    assert!(cached > 3_000 && cached <= room, "{cached} of {room} bytes");
}

#[tokio::test]
async fn the_floors_of_an_unknown_model_are_measured_once() {
    let embedder = Arc::new(MemoryEmbedder::default());
    let default = QueryEmbeddings::new(embedder.clone(), 8);
    assert_eq!(default.floors().await.unwrap(), akin_ranking::Floors::default());
    let embeddings = default.with_floors_of_model();
    assert_eq!(embedder.embedded().len(), 0, "not before the first search");
    let floors = embeddings.floors().await.unwrap();
    assert!(floors.name > 0.0 && floors.name < floors.description, "{floors:?}");
    assert_eq!(embeddings.clone().floors().await.unwrap(), floors);
    assert_eq!(embedder.embedded().len(), 32);
    let known = Arc::new(MemoryEmbedder::named("sentence-transformers/all-MiniLM-L6-v2@1"));
    let known = QueryEmbeddings::new(known, 8).with_floors_of_model();
    assert_eq!(known.floors().await.unwrap(), akin_ranking::Floors::default());
}
