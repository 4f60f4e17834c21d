use crate::shop::{Shop, day, id, row};
use akin_memory::MemoryEmbedder;
use akin_ports::{ErrorKind, ProductStore};
use akin_usecases::{Hit, QueryEmbeddings, SearchError, SimilarProducts};
use std::sync::Arc;

async fn stocked_shop() -> Shop {
    let shop = Shop::new();
    let rows = [
        row("1", "phone tripod with light", ""),
        row("2", "phone tripod with remote", ""),
        row("3", "camera tripod with light", ""),
        row("4", "coffee cup", ""),
        row("5", "phone tripod with remote", ""),
    ];
    shop.stock(&rows).await;
    shop
}

fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.record.product.id.as_str()).collect()
}

#[tokio::test]
async fn the_nearest_products_come_first_without_the_product_itself_and_ties_by_id() {
    let shop = stocked_shop().await;
    let hits = shop.similar().run(&id("1"), 10).await.unwrap().unwrap();
    // Products 2 and 5 have the same text.
    assert_eq!(hits.len(), 4);
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
    let place = |wanted| ids(&hits).iter().position(|id| *id == wanted).unwrap();
    assert_eq!(place("5"), place("2") + 1);
    assert_eq!(place("4"), 3);
    assert!(hits.iter().all(|hit| hit.similarity.map(akin_entities::Similarity::get) == hit.score));
}

#[tokio::test]
async fn the_requested_number_of_products_is_returned() {
    let shop = stocked_shop().await;
    for limit in 0..5 {
        let hits = shop.similar().run(&id("2"), limit).await.unwrap().unwrap();
        assert_eq!(hits.len(), limit);
        assert!(!ids(&hits).contains(&"2"));
    }
    let twin = shop.similar().run(&id("2"), 1).await.unwrap().unwrap();
    assert_eq!(ids(&twin), ["5"]);
    assert_eq!(shop.similar().run(&id("1"), usize::MAX).await.unwrap().unwrap().len(), 4);
}

#[tokio::test]
async fn an_unknown_product_has_no_similar_ones() {
    let shop = stocked_shop().await;
    assert_eq!(shop.similar().run(&id("unknown"), 10).await.unwrap(), None);
}

#[tokio::test]
async fn a_product_that_is_not_embedded_yet_has_similar_products_too() {
    let shop = stocked_shop().await;
    shop.ingest(&[row("new", "coffee cup of steel", "")], 2).await;
    let hits = shop.similar().run(&id("new"), 1).await.unwrap().unwrap();
    assert_eq!(ids(&hits), ["4"]);
}

#[tokio::test]
async fn a_removed_product_is_not_similar_to_any() {
    let shop = stocked_shop().await;
    shop.store.remove(&[id("5")], day(2)).await.unwrap();
    let hits = shop.similar().run(&id("2"), 10).await.unwrap().unwrap();
    assert_eq!(hits.len(), 3);
    assert!(!ids(&hits).contains(&"5"));
}

#[tokio::test]
async fn an_index_of_another_model_is_refused() {
    let shop = stocked_shop().await;
    let embedder = Arc::new(MemoryEmbedder::named("other@00000000"));
    let embeddings = QueryEmbeddings::new(embedder, 10);
    let similar = SimilarProducts { embeddings, ..shop.similar() };
    let error = similar.run(&id("1"), 10).await.unwrap_err();
    assert!(matches!(&error, SearchError::Index(error) if error.kind == ErrorKind::Misconfigured));
}
