//! Workers receive changes from a queue, and report the right outcome of every message.

use crate::shop::{Shop, day, id, row};
use crate::workplace::{FragileIndex, LONG, Workplace, never, work_counts};
use akin_entities::Language;
use akin_memory::{Faults, MemoryEmbedder, MemoryIndex};
use akin_ports::{ChangeQueue, DeadLetters, ErrorKind, FeedRow, MAX_ATTEMPTS, ProductIndex};
use akin_usecases::{Background, EmbedChanges, EmbedTarget, MAX_BLAMED};
use futures::future::BoxFuture;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn three() -> [FeedRow; 3] {
    [row("a", "Phone tripod", "₹1"), row("b", "Desk lamp", "₹2"), row("c", "Coffee cup", "₹3")]
}

fn all() -> [akin_entities::ProductId; 3] {
    ["a", "b", "c"].map(id)
}

/// More than two batches of texts.
fn many() -> Vec<FeedRow> {
    (0..300).map(|n| row(&n.to_string(), &format!("Product {n}"), "")).collect()
}

#[tokio::test]
async fn relayed_changes_are_embedded_from_the_queue() {
    let workplace = Workplace::new();
    workplace.shop.ingest(&three(), 1).await;
    assert_eq!(workplace.relay().await.unwrap().sent, 3);
    assert_eq!(workplace.counts().await, [3, 0, 0]);
    assert_eq!(work_counts(&workplace.work().await.unwrap()), [3, 3, 0, 0]);
    assert_eq!(workplace.counts().await, [0, 0, 0]);
    workplace.shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn a_superseded_message_is_done_and_its_newer_change_is_not_lost() {
    let workplace = Workplace::new();
    workplace.shop.ingest(&[row("a", "Old tripod", "")], 1).await;
    workplace.shop.ingest(&three(), 2).await;
    workplace.send(&[("a", 1), ("b", 2), ("c", 2)]).await;
    assert_eq!(work_counts(&workplace.work().await.unwrap()), [3, 2, 0, 0]);
    assert_eq!(workplace.counts().await, [0, 0, 0], "what is superseded is done");
    assert_eq!(workplace.shop.state("a").await, None, "its newer change is still to come");
    workplace.send(&[("a", 2)]).await;
    workplace.work().await.unwrap();
    workplace.shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn the_newer_of_two_messages_about_a_product_counts_in_any_order() {
    for changes in [[("a", 1), ("a", 2)], [("a", 2), ("a", 1)], [("a", 2), ("a", 2)]] {
        let workplace = Workplace::new();
        workplace.shop.ingest(&[row("a", "Old tripod", "")], 1).await;
        workplace.shop.ingest(&[row("a", "Phone tripod", "")], 2).await;
        workplace.send(&changes).await;
        assert_eq!(work_counts(&workplace.work().await.unwrap()), [2, 1, 0, 0], "{changes:?}");
        assert_eq!(workplace.counts().await, [0, 0, 0]);
        workplace.shop.assert_in_step(&[id("a")]).await;
    }
}

#[tokio::test]
async fn an_older_message_is_done_even_if_a_newer_one_fails() {
    let workplace = Workplace::new();
    workplace.shop.ingest(&[row("a", "Phone tripod", "")], 2).await;
    workplace.send(&[("a", 1), ("a", 2)]).await;
    workplace.shop.faults.refuse(id("a"));
    workplace.work().await.unwrap();
    assert_eq!(workplace.counts().await, [1, 0, 0]);
    workplace.queue.pass(LONG);
    assert_eq!(workplace.queue.receive(10).await.unwrap()[0].change.version, day(2));
}

#[tokio::test]
async fn a_redelivered_message_needs_no_inference() {
    let workplace = Workplace::new();
    workplace.shop.stock(&three()).await;
    workplace.send(&[("b", 1), ("a", 1), ("gone", 1)]).await;
    assert_eq!(work_counts(&workplace.work().await.unwrap()), [3, 0, 2, 1]);
    workplace.shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn a_refused_product_fails_alone_and_is_dead_after_five_attempts() {
    let workplace = Workplace::with_embedder(|embedder| embedder.refusing("lamp"));
    workplace.ingest_and_relay(&three(), 1).await;
    for tries in 1..=MAX_ATTEMPTS {
        let summary = workplace.work().await.unwrap();
        let failed: Vec<_> = summary.embedding.failures.keys().collect();
        assert_eq!((failed, summary.released), (vec![&id("b")], 0));
        assert_eq!(workplace.counts().await[2], u64::from(tries == MAX_ATTEMPTS));
        assert_eq!(work_counts(&workplace.work().await.unwrap())[0], 0, "it rests");
        workplace.queue.pass(LONG);
    }
    assert_eq!(workplace.shop.index.count().await.unwrap(), 2);
    let letters = workplace.queue.list(None, 10).await.unwrap().letters;
    assert_eq!(letters[0].change.id, id("b"));
    let reason = letters[0].reason.as_deref().unwrap();
    assert!(reason.contains("told to refuse"), "{reason}");
}

#[tokio::test]
async fn an_outage_releases_every_message_and_counts_no_attempt() {
    let workplace = Workplace::new();
    workplace.ingest_and_relay(&three(), 1).await;
    for steps in 0..2 * u64::from(MAX_ATTEMPTS) {
        workplace.shop.faults.break_after(steps, ErrorKind::Unavailable);
        assert!(workplace.work().await.unwrap_err().is_retryable());
        workplace.shop.faults.clear();
        assert_eq!(workplace.counts().await, [3, 0, 0], "all of it was given back");
        workplace.queue.pass(Duration::from_secs(1));
    }
    let taken = workplace.queue.receive(10).await.unwrap();
    assert!(taken.iter().all(|delivery| delivery.attempts == 1), "{taken:?}");
    workplace.queue.pass(LONG);
    assert_eq!(work_counts(&workplace.work().await.unwrap())[0], 3);
    workplace.shop.assert_in_step(&all()).await;
}

#[tokio::test]
async fn an_index_of_another_model_releases_every_message() {
    let workplace = Workplace::new();
    workplace.shop.stock(&[row("x", "Chair", "")]).await;
    workplace.ingest_and_relay(&three(), 2).await;
    let embedder = Arc::new(MemoryEmbedder::named("other@00000000"));
    let indexes: Vec<Arc<dyn ProductIndex>> = vec![workplace.shop.index.clone()];
    let error = workplace
        .work_at(EmbedTarget {
            embedder: embedder.clone(),
            indexes,
            background: Background::inline(),
            language: Language::English,
        })
        .await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::Misconfigured);
    assert_eq!((workplace.counts().await, embedder.embedded().len()), ([3, 0, 0], 0));
}

#[tokio::test]
async fn an_older_text_that_a_slow_worker_writes_is_replaced() {
    let workplace = Workplace::new();
    let looks = ["Phone tripod", "Desk lamp", "Phone tripod"].map(|name| [row("a", name, "")]);
    workplace.shop.stock(&looks[0]).await;
    // Another worker has embedded the version in between, and writes it late.
    workplace.shop.ingest(&looks[1], 2).await;
    let (store, embedder) = (workplace.shop.store.clone(), workplace.shop.embedder.clone());
    let slow = Arc::new(MemoryIndex::default());
    EmbedChanges::new(store, embedder, slow.clone()).run(&|_| ()).await.unwrap();
    workplace.ingest_and_relay(&looks[2], 3).await;
    let others = slow.list(None, 10).await.unwrap();
    assert_eq!((others.len(), others[0].version), (1, day(2)));
    let index = FragileIndex { others: Mutex::new(others), ..workplace.fragile(&[]) };
    workplace.work_at(workplace.target_of(Arc::new(index))).await.unwrap();
    assert_eq!(workplace.counts().await, [0, 0, 0]);
    workplace.shop.assert_in_step(&[id("a")]).await;
}

#[tokio::test]
async fn a_product_that_makes_its_batch_fail_is_identified_and_the_others_are_done() {
    let workplace = Workplace::new();
    workplace.ingest_and_relay(&three(), 1).await;
    let index = Arc::new(workplace.fragile(&[id("b")]));
    let summary = workplace.work_at(workplace.target_of(index.clone())).await.unwrap();
    assert_eq!(summary.embedding.failures.keys().collect::<Vec<_>>(), [&id("b")]);
    assert_eq!(
        (workplace.counts().await, workplace.shop.index.count().await.unwrap()),
        ([1, 0, 0], 2)
    );
    for _ in 1..MAX_ATTEMPTS {
        workplace.queue.pass(LONG);
        workplace.work_at(workplace.target_of(index.clone())).await.unwrap();
    }
    assert_eq!(workplace.counts().await, [0, 0, 1]);
}

#[tokio::test]
async fn unreadable_products_become_dead_letters_even_without_others_in_the_queue() {
    let workplace = Workplace::new();
    workplace.ingest_and_relay(&three()[..2], 1).await;
    let index = Arc::new(workplace.fragile(&all()));
    for attempts in 1..=MAX_ATTEMPTS {
        let summary = workplace.work_at(workplace.target_of(index.clone())).await.unwrap();
        assert_eq!((summary.embedding.failures.len(), summary.released), (2, 0), "{attempts}");
        workplace.queue.pass(LONG);
    }
    assert_eq!(workplace.counts().await, [0, 0, 2]);
}

#[tokio::test]
async fn when_many_products_all_fail_most_are_released_and_the_error_is_returned() {
    let workplace = Workplace::new();
    workplace.ingest_and_relay(&many(), 1).await;
    let poison: Vec<_> = (0..300).map(|n| id(&n.to_string())).collect();
    let index = workplace.fragile(&poison);
    let error = workplace.work_at(workplace.target_of(Arc::new(index))).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    workplace.queue.pass(LONG);
    let again = workplace.queue.receive(300).await.unwrap();
    let counted = again.iter().filter(|delivery| delivery.attempts == 2).count();
    assert_eq!((again.len(), counted), (300, MAX_BLAMED));
}

#[tokio::test]
async fn leases_are_extended_while_the_work_lasts() {
    let workplace = Workplace::new();
    workplace.ingest_and_relay(&many(), 1).await;
    // Every pause of the worker ends at once, as if much time passed during the embedding.
    let waited = Arc::new(AtomicU64::new(0));
    let (queue, total) = (workplace.queue.clone(), waited.clone());
    let sleep = move |time: Duration| -> BoxFuture<'static, ()> {
        queue.pass(time);
        total.fetch_add(time.as_secs(), Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    };
    let rival = async {
        let mut stolen = 0;
        while workplace.counts().await != [0, 0, 0] {
            if waited.load(Ordering::Relaxed) > 0 {
                stolen += workplace.queue.receive(10).await.unwrap().len();
            }
        }
        stolen
    };
    let (summary, stolen) =
        futures::join!(workplace.drain(workplace.target(), &sleep, &|| false), rival);
    assert_eq!((work_counts(&summary.unwrap()), stolen), ([300, 300, 0, 0], 0));
    let passed = Duration::from_secs(waited.load(Ordering::Relaxed));
    assert!(passed > workplace.queue.lease(), "only {passed:?} passed");
}

#[tokio::test]
async fn a_stopped_worker_finishes_what_it_started_and_releases_the_rest() {
    let workplace = Workplace::new();
    workplace.ingest_and_relay(&many(), 1).await;
    let embedder = workplace.shop.embedder.clone();
    let is_over = move || !embedder.embedded().is_empty();
    let summary = workplace.drain(workplace.target(), &never, &is_over).await.unwrap();
    let done = summary.embedding.embedded;
    assert!(done > 0 && done < 300, "{done}");
    assert_eq!((summary.received, summary.released), (300, 300 - done));
    assert_eq!(workplace.counts().await, [300 - done, 0, 0]);
    workplace.queue.pass(Duration::from_secs(1));
    assert_eq!(workplace.work().await.unwrap().embedding.embedded, 300 - done);
    assert_eq!(workplace.shop.embedder.embedded().len(), 300, "each once");
}

#[tokio::test]
async fn a_message_is_done_once_every_index_has_the_product() {
    let workplace = Workplace::new();
    let faults = Faults::default();
    let second = Arc::new(MemoryIndex::with_faults(faults.clone()));
    let Shop { index, embedder, .. } = &workplace.shop;
    let target = || {
        let indexes: Vec<Arc<dyn ProductIndex>> = vec![index.clone(), second.clone()];
        EmbedTarget {
            embedder: embedder.clone(),
            indexes,
            background: Background::inline(),
            language: Language::English,
        }
    };
    workplace.ingest_and_relay(&three(), 1).await;
    faults.refuse(id("a"));
    workplace.work_at(target()).await.unwrap();
    assert_eq!(workplace.counts().await, [1, 0, 0]);
    faults.clear();
    workplace.queue.pass(LONG);
    workplace.work_at(target()).await.unwrap();
    assert_eq!((second.count().await.unwrap(), workplace.counts().await), (3, [0, 0, 0]));
}
