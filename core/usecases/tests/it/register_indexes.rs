//! The store knows to which indexes it owes its changes.

use crate::shop::{Shop, day, id, row};
use crate::workplace::{Workplace, never};
use akin_entities::{Language, ProductId};
use akin_memory::{MemoryEmbedder, MemoryIndex};
use akin_ports::{ErrorKind, FeedRow, PortError, PortResult, ProductIndex, ProductStore};
use akin_usecases::{
    Background, EmbedChanges, EmbedSummary, EmbedTarget, IndexRefusal, RegisterIndexes,
    RelayChanges, RunWorker, WorkQueue, WorkerContext, WorkerEvent, WorkerHost,
};
use async_trait::async_trait;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

fn three() -> [FeedRow; 3] {
    [row("a", "Phone tripod", "₹1"), row("b", "Desk lamp", "₹2"), row("c", "Coffee cup", "₹3")]
}

fn named(name: &str) -> Arc<MemoryIndex> {
    Arc::new(MemoryIndex::default().named(name))
}

fn target(embedder: &Arc<MemoryEmbedder>, indexes: &[&Arc<MemoryIndex>]) -> Vec<EmbedTarget> {
    let indexes = indexes.iter().map(|index| -> Arc<dyn ProductIndex> { Arc::clone(index) as _ });
    let (indexes, background) = (indexes.collect(), Background::inline());
    vec![EmbedTarget {
        embedder: embedder.clone(),
        indexes,
        background,
        language: Language::English,
    }]
}

/// Registers these indexes, and embeds for them what waits.
async fn ingest(shop: &Shop, indexes: &[&Arc<MemoryIndex>]) -> PortResult<EmbedSummary> {
    let (store, targets) = (shop.store.clone(), target(&shop.embedder, indexes));
    RegisterIndexes { store: store.clone(), targets: targets.clone() }.run().await?;
    EmbedChanges { store, targets }.run(&|_| ()).await
}

fn refusal(error: &PortError) -> IndexRefusal {
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    error.source().unwrap().downcast_ref::<IndexRefusal>().unwrap().clone()
}

fn unserved(name: &str) -> IndexRefusal {
    IndexRefusal::Unserved(vec![name.to_owned()])
}

async fn holds(index: &MemoryIndex) -> u64 {
    index.count().await.unwrap()
}

#[tokio::test]
async fn a_second_engine_on_an_old_store_is_filled_and_the_first_embeds_nothing_again() {
    let shop = Shop::new();
    shop.ingest(&three(), 1).await;
    assert_eq!(ingest(&shop, &[&shop.index]).await.unwrap().embedded, 3);
    shop.store.remove(&[id("c")], day(2)).await.unwrap();
    ingest(&shop, &[&shop.index]).await.unwrap();
    let second = named("second");
    ingest(&shop, &[&shop.index, &second]).await.unwrap();
    assert_eq!((holds(&shop.index).await, holds(&second).await), (2, 2));
    assert_eq!(shop.outbox().await, []);
    let again = ingest(&shop, &[&shop.index, &second]).await.unwrap();
    assert_eq!((again.embedded, again.updated_fields), (0, 0), "nothing is owed any more");
}

#[tokio::test]
async fn whoever_embeds_for_fewer_indexes_is_refused_before_anything_is_taken() {
    let shop = Shop::new();
    let second = named("second");
    ingest(&shop, &[&shop.index, &second]).await.unwrap();
    shop.ingest(&three(), 1).await;
    let error = ingest(&shop, &[&shop.index]).await.unwrap_err();
    assert_eq!(refusal(&error), unserved("second"));
    let error = ingest(&shop, &[&second]).await.unwrap_err();
    assert_eq!(refusal(&error), unserved("memory"));
    assert_eq!((shop.outbox().await.len(), shop.embedder.embedded().len()), (3, 0));
    assert!(shop.store.forget_index("second").await.unwrap());
    assert_eq!(ingest(&shop, &[&shop.index]).await.unwrap().embedded, 3);
    // It comes back, and has everything owed to it.
    ingest(&shop, &[&shop.index, &second]).await.unwrap();
    assert_eq!(holds(&second).await, 3);
}

#[tokio::test]
async fn an_index_that_was_created_again_is_filled_and_a_foreign_one_is_refused() {
    let shop = Shop::new();
    shop.ingest(&three(), 1).await;
    ingest(&shop, &[&shop.index]).await.unwrap();
    let again = named("memory");
    assert_eq!(ingest(&shop, &[&again]).await.unwrap().embedded, 3);
    assert_eq!(holds(&again).await, 3);
    // The old one was not deleted after all: a second process names it by mistake.
    let error = ingest(&shop, &[&shop.index]).await.unwrap_err();
    assert_eq!(refusal(&error), IndexRefusal::Replaced("memory".to_owned()));
}

#[tokio::test]
async fn two_embedders_of_one_index_register_it_once() {
    let shop = Shop::new();
    let mut targets = target(&shop.embedder, &[&shop.index]);
    targets.extend(target(&shop.embedder, &[&shop.index]));
    RegisterIndexes { store: shop.store.clone(), targets }.run().await.unwrap();
    assert_eq!(shop.store.indexes().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_worker_that_runs_when_an_index_is_registered_takes_nothing_from_it() {
    let place = Workplace::new();
    let shop = &place.shop;
    shop.register().await.unwrap();
    place.ingest_and_relay(&three(), 1).await;
    let second = named("second");
    let targets = target(&shop.embedder, &[&shop.index, &second]);
    RegisterIndexes { store: shop.store.clone(), targets: targets.clone() }.run().await.unwrap();
    let error = place.work().await.unwrap_err();
    assert_eq!(refusal(&error), unserved("second"));
    assert_eq!(place.counts().await, [3, 0, 0], "the messages were released");
    EmbedChanges { store: shop.store.clone(), targets }.run(&|_| ()).await.unwrap();
    assert_eq!((holds(&shop.index).await, holds(&second).await), (3, 3));
}

/// A worker's process that is never asked to stop.
struct Host;

#[async_trait]
impl WorkerHost for Host {
    async fn stop_requested(&self) {
        std::future::pending::<()>().await;
    }

    async fn optimize(&self) {}

    fn notify(&self, _: WorkerEvent<'_>) {}
}

async fn work(place: &Workplace, indexes: &[&Arc<MemoryIndex>]) -> PortResult<u64> {
    let (store, queue) = (place.shop.store.clone(), place.queue.clone());
    let targets = target(&place.shop.embedder, indexes);
    let relay = RelayChanges { store: store.clone(), queue: queue.clone() };
    let work = WorkQueue { queue, store, targets };
    let worker = RunWorker { relay, work, once: true, poll: Duration::from_secs(1) };
    let context = WorkerContext { sleep: &never, is_over: &|| false, observe: &|_| () };
    Ok(worker.run(&context, &Host).await?.work.received)
}

#[tokio::test]
async fn of_two_workers_with_different_engines_the_second_is_refused_by_name() {
    let place = Workplace::new();
    let (first, second) = (&place.shop.index, named("second"));
    place.shop.ingest(&three(), 1).await;
    assert_eq!(work(&place, &[first]).await.unwrap(), 3);
    place.shop.ingest(&[row("a", "Monopod", "")], 2).await;
    let error = work(&place, &[&second]).await.unwrap_err();
    assert_eq!(refusal(&error), unserved("memory"));
    assert_eq!(place.shop.outbox().await.len(), 1, "nothing was taken");
    // With both, all of it reaches both.
    assert_eq!(work(&place, &[first, &second]).await.unwrap(), 3);
    assert_eq!(holds(&second).await, 3);
    let names: Vec<ProductId> = ["a", "b", "c"].map(id).to_vec();
    assert_eq!(first.states(&names).await.unwrap(), second.states(&names).await.unwrap());
}

#[tokio::test]
async fn a_worker_with_a_new_engine_fills_it_although_nothing_waits() {
    let place = Workplace::new();
    place.shop.ingest(&three(), 1).await;
    ingest(&place.shop, &[&place.shop.index]).await.unwrap();
    let second = named("second");
    assert_eq!(work(&place, &[&place.shop.index, &second]).await.unwrap(), 3);
    assert_eq!(holds(&second).await, 3);
}

#[tokio::test]
async fn what_waits_in_a_new_store_is_embedded_once() {
    let place = Workplace::new();
    // Somebody relays before any index is known.
    place.ingest_and_relay(&three(), 1).await;
    assert_eq!(work(&place, &[&place.shop.index]).await.unwrap(), 3);
    assert_eq!(place.counts().await, [0, 0, 0]);
}
