use crate::shop::{Shop, day, id, row};
use crate::workplace::Workplace;
use akin_entities::CountedStatistics;
use akin_memory::MemoryEmbedder;
use akin_ports::{ErrorKind, ModelMismatch, ProductIndex, ProductStore};
use akin_usecases::{EmbedChanges, EmbedProgress};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

fn three() -> [akin_ports::FeedRow; 3] {
    [row("a", "Phone tripod", "₹1"), row("b", "Desk lamp", "₹2"), row("c", "Coffee cup", "₹3")]
}

fn all() -> [akin_entities::ProductId; 3] {
    ["a", "b", "c"].map(id)
}

#[tokio::test]
async fn a_changed_product_is_embedded_and_can_be_found() {
    let shop = Shop::new();
    shop.ingest(&three(), 1).await;
    let summary = shop.embed().await;
    let counts = (summary.embedded, summary.updated_fields, summary.removed, summary.truncated);
    assert_eq!(counts, (3, 0, 0, 0));
    shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn a_second_run_embeds_nothing() {
    let shop = Shop::new();
    shop.stock(&three()).await;
    let embedded = shop.embedder.embedded().len();
    shop.ingest(&three(), 2).await;
    let summary = shop.embed().await;
    assert_eq!((summary.embedded, summary.updated_fields), (0, 0));
    assert_eq!(shop.embedder.embedded().len(), embedded);
}

#[tokio::test]
async fn a_price_change_updates_fields_without_inference() {
    let shop = Shop::new();
    shop.stock(&three()).await;
    let embedded = shop.embedder.embedded().len();
    shop.ingest(&[row("a", "Phone tripod", "₹99")], 2).await;
    let summary = shop.embed().await;
    assert_eq!((summary.embedded, summary.updated_fields), (0, 1));
    assert_eq!(shop.embedder.embedded().len(), embedded);
    shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn a_changed_text_is_embedded_again() {
    let shop = Shop::new();
    shop.stock(&three()).await;
    shop.ingest(&[row("a", "Camera tripod", "₹1")], 2).await;
    assert_eq!(shop.embed().await.embedded, 1);
    assert_eq!(shop.state("a").await.unwrap().version, day(2));
    shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn a_product_removed_from_the_store_leaves_the_index() {
    let shop = Shop::new();
    shop.stock(&three()).await;
    shop.store.remove(&[id("b")], day(2)).await.unwrap();
    assert_eq!(shop.embed().await.removed, 1);
    shop.assert_in_step(&all()).await;
    assert_eq!(shop.state("b").await.unwrap().text_hash, None);
    shop.ingest(&three(), 3).await;
    assert_eq!(shop.embed().await.embedded, 1, "it is sold again");
    shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn a_text_that_the_embedder_refuses_fails_alone_and_stays_in_the_outbox() {
    let shop = Shop::with_embedder(|embedder| embedder.refusing("desk"));
    shop.ingest(&three(), 1).await;
    let summary = shop.try_embed().await.unwrap();
    assert_eq!(summary.embedded, 2);
    assert_eq!(summary.failures.keys().collect::<Vec<_>>(), [&id("b")]);
    assert_eq!(summary.failures[&id("b")].kind, ErrorKind::Refused);
    let waiting: Vec<_> = shop.outbox().await.into_iter().map(|entry| entry.change.id).collect();
    assert_eq!(waiting, [id("b")]);
    shop.ingest(&[row("b", "Lamp", "₹2")], 2).await;
    shop.embed().await;
    shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn a_product_that_the_index_refuses_fails_alone_and_stays_in_the_outbox() {
    let shop = Shop::new();
    shop.stock(&three()).await;
    let rows = [row("a", "Phone tripod", "₹9"), row("b", "Lamp", ""), row("c", "Mug", "")];
    shop.ingest(&rows, 2).await;
    shop.faults.refuse(id("a"));
    shop.faults.refuse(id("c"));
    let summary = shop.try_embed().await.unwrap();
    assert_eq!((summary.embedded, summary.updated_fields), (1, 0));
    let mut failed: Vec<_> = summary.failures.keys().map(ToString::to_string).collect();
    failed.sort();
    assert_eq!(failed, ["a", "c"]);
    assert_eq!(shop.outbox().await.len(), 2);
    shop.faults.clear();
    let summary = shop.embed().await;
    assert_eq!((summary.embedded, summary.updated_fields), (1, 1));
    shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn unreadable_products_stay_in_the_outbox_and_the_rest_of_their_page_is_embedded() {
    for poison in [vec![id("b")], vec![id("a"), id("b")], all().to_vec()] {
        let place = Workplace::new();
        place.shop.ingest(&three(), 1).await;
        let index = Arc::new(place.fragile(&poison));
        let (store, embedder) = (place.shop.store.clone(), place.shop.embedder.clone());
        let last = Mutex::new(None);
        let observe = |progress| *last.lock().unwrap() = Some(progress);
        let summary = EmbedChanges::new(store, embedder, index).run(&observe).await.unwrap();
        let mut failed: Vec<_> = summary.failures.into_keys().collect();
        failed.sort();
        assert_eq!(failed, poison);
        assert_eq!(place.shop.outbox().await.len(), poison.len());
        assert_eq!(place.shop.index.count().await.unwrap(), 3 - poison.len() as u64);
        let EmbedProgress { done, total } = last.into_inner().unwrap().unwrap();
        assert_eq!((done, total), (3, 3));
    }
}

#[tokio::test]
async fn when_a_whole_page_of_the_outbox_fails_the_error_is_returned_and_nothing_is_cleared() {
    let place = Workplace::new();
    let rows: Vec<_> = (0..100).map(|n| row(&n.to_string(), &format!("Lamp {n}"), "")).collect();
    place.shop.ingest(&rows, 1).await;
    let poison: Vec<_> = (0..100).map(|n| id(&n.to_string())).collect();
    let index = Arc::new(place.fragile(&poison));
    let (store, embedder) = (place.shop.store.clone(), place.shop.embedder.clone());
    let error = EmbedChanges::new(store, embedder, index).run(&|_| ()).await.unwrap_err();
    assert_eq!((error.kind, place.shop.outbox().await.len()), (ErrorKind::Corrupt, 100));
}

#[tokio::test]
async fn an_unavailable_embedder_leaves_the_outbox_unchanged() {
    let shop = Shop::new();
    shop.ingest(&three(), 1).await;
    let waiting = shop.outbox().await;
    for kind in [ErrorKind::Unavailable, ErrorKind::Misconfigured] {
        let faults = akin_memory::Faults::default();
        faults.break_after(0, kind);
        let embedder = Arc::new(MemoryEmbedder::default().with_faults(faults));
        let (store, index) = (shop.store.clone(), shop.index.clone());
        let error = EmbedChanges::new(store, embedder, index).run(&|_| ()).await.unwrap_err();
        assert_eq!(error.kind, kind);
        assert_eq!(shop.outbox().await, waiting);
    }
    shop.embed().await;
    shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn an_index_of_another_model_is_refused_before_anything_is_embedded() {
    let shop = Shop::new();
    shop.stock(&three()).await;
    shop.ingest(&[row("a", "Camera tripod", "₹1"), row("b", "Desk lamp", "₹9")], 2).await;
    let embedder = Arc::new(MemoryEmbedder::named("other@00000000"));
    let (store, index) = (shop.store.clone(), shop.index.clone());
    let embed = EmbedChanges::new(store, embedder.clone(), index);
    let error = embed.run(&|_| ()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    let report = error.report();
    assert!(report.contains("words@00000000/fp32/64"), "{report}");
    assert!(std::error::Error::source(&error).unwrap().is::<ModelMismatch>(), "{report}");
    assert!(embedder.embedded().is_empty());
    assert_eq!(shop.outbox().await.len(), 2);
}

#[tokio::test]
async fn texts_beyond_the_limit_are_counted() {
    let shop = Shop::new();
    let long = "word ".repeat(100);
    shop.ingest(&[row("a", &long, ""), row("b", "short", ""), row("c", &long, "₹1")], 1).await;
    assert_eq!(shop.embed().await.truncated, 2);
}

#[tokio::test]
async fn more_than_a_page_of_changes_is_embedded_in_one_run() {
    let shop = Shop::new();
    let name = |n: usize| format!("Product {}", "word ".repeat(n % 9));
    let rows: Vec<_> = (0..2_500).map(|n| row(&n.to_string(), &name(n), "")).collect();
    shop.ingest(&rows, 1).await;
    let told = Mutex::new(Vec::new());
    let observe = |progress: akin_usecases::EmbedProgress| {
        told.lock().unwrap().push((progress.done, progress.total));
    };
    let (store, embedder) = (shop.store.clone(), shop.embedder.clone());
    let embed = EmbedChanges::new(store, embedder, shop.index.clone());
    assert_eq!(embed.run(&observe).await.unwrap().embedded, 2_500);
    assert_eq!(shop.outbox().await, []);
    let told = told.into_inner().unwrap();
    assert!(told.is_sorted() && told.first() == Some(&(0, 2_500)), "{told:?}");
    assert_eq!(told.last(), Some(&(2_500, 2_500)));
}

#[tokio::test]
async fn work_that_is_stopped_leaves_no_product_both_indexed_and_waiting() {
    let shop = Shop::new();
    let rows: Vec<_> = (0..2_500).map(|n| row(&n.to_string(), "Product", "")).collect();
    shop.ingest(&rows, 1).await;
    let (store, embedder) = (shop.store.clone(), shop.embedder.clone());
    let embed = EmbedChanges::new(store, embedder, shop.index.clone());
    let done = AtomicU64::new(0);
    let observe = |progress: EmbedProgress| done.store(progress.done, Ordering::Relaxed);
    // In the middle of the second page.
    let is_stopping = || done.load(Ordering::Relaxed) > 1_200;
    let summary = embed.run_until(&is_stopping, &observe).await.unwrap();
    let (indexed, waiting) = (shop.index.count().await.unwrap(), shop.outbox().await.len() as u64);
    assert!((1_200..2_000).contains(&indexed), "{indexed}");
    assert_eq!((summary.embedded, indexed + waiting), (indexed, 2_500));
    assert!(summary.failures.is_empty());
    let rest = embed.run(&|_| ()).await.unwrap();
    assert_eq!((rest.embedded, shop.outbox().await.len()), (2_500 - indexed, 0));
}

#[tokio::test]
async fn the_statistics_of_the_ranking_match_the_store() {
    let shop = Shop::new();
    shop.stock(&three()).await;
    let mut counted = CountedStatistics::default();
    let records = akin_ports::ProductStore::fetch(&*shop.store, &all()).await.unwrap();
    for record in records.values() {
        let analyzed =
            akin_ranking::analyze_product(&record.product, akin_entities::Language::English);
        counted.add(&analyzed.text, &analyzed.words);
    }
    let found = shop.index.statistics().await.unwrap();
    for term in ["phone", "tripod", "cup", "coffe"] {
        let expected = akin_entities::Statistics::document_frequency(&counted, term);
        assert_eq!((found.document_frequency(term), expected), (1, 1), "{term}");
    }
}
