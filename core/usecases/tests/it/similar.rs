use crate::house::{House, day, id, row};
use akin_memory::MemoryEmbedder;
use akin_ports::{ErrorKind, ProductStore};
use akin_usecases::{Hit, QueryEmbeddings, SearchError, SimilarProducts};
use std::sync::Arc;

async fn house() -> House {
    let house = House::new();
    let rows = [
        row("1", "phone tripod with light", ""),
        row("2", "phone tripod with remote", ""),
        row("3", "camera tripod with light", ""),
        row("4", "coffee cup", ""),
        row("5", "phone tripod with remote", ""),
    ];
    house.stock(&rows).await;
    house
}

fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.record.product.id.as_str()).collect()
}

#[tokio::test]
async fn the_nearest_come_first_without_the_product_itself_and_ties_by_id() {
    let house = house().await;
    let hits = house.similar().run(&id("1"), 10).await.unwrap().unwrap();
    // Products 2 and 5 have the same text.
    assert_eq!(hits.len(), 4);
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
    let place = |wanted| ids(&hits).iter().position(|id| *id == wanted).unwrap();
    assert_eq!(place("5"), place("2") + 1);
    assert_eq!(place("4"), 3);
    assert!(
        hits.iter()
            .all(|hit| hit.similarity.map(akin_entities::Similarity::get) == Some(hit.score))
    );
}

#[tokio::test]
async fn as_many_as_asked_for() {
    let house = house().await;
    for limit in 0..5 {
        let hits = house.similar().run(&id("2"), limit).await.unwrap().unwrap();
        assert_eq!(hits.len(), limit);
        assert!(!ids(&hits).contains(&"2"));
    }
    let twin = house.similar().run(&id("2"), 1).await.unwrap().unwrap();
    assert_eq!(ids(&twin), ["5"]);
    assert_eq!(house.similar().run(&id("1"), usize::MAX).await.unwrap().unwrap().len(), 4);
}

#[tokio::test]
async fn a_product_that_the_store_does_not_know_has_none() {
    let house = house().await;
    assert_eq!(house.similar().run(&id("unknown"), 10).await.unwrap(), None);
}

#[tokio::test]
async fn a_product_that_is_not_embedded_yet_has_similar_ones_too() {
    let house = house().await;
    house.ingest(&[row("new", "coffee cup of steel", "")], 2).await;
    let hits = house.similar().run(&id("new"), 1).await.unwrap().unwrap();
    assert_eq!(ids(&hits), ["4"]);
}

#[tokio::test]
async fn a_product_that_left_the_store_is_not_among_them() {
    let house = house().await;
    house.store.remove(&[id("5")], day(2)).await.unwrap();
    let hits = house.similar().run(&id("2"), 10).await.unwrap().unwrap();
    assert_eq!(hits.len(), 3);
    assert!(!ids(&hits).contains(&"5"));
}

#[tokio::test]
async fn another_model_is_refused() {
    let house = house().await;
    let embedder = Arc::new(MemoryEmbedder::named("other@00000000"));
    let embeddings = QueryEmbeddings::new(embedder, 10);
    let similar = SimilarProducts { embeddings, ..house.similar() };
    let error = similar.run(&id("1"), 10).await.unwrap_err();
    assert!(matches!(&error, SearchError::Index(error) if error.kind == ErrorKind::Misconfigured));
}
