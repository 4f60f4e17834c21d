//! However a relay and its workers are interrupted, nothing is lost, nothing is stale.

use crate::shop::{day, id, row};
use crate::workplace::{LONG, Workplace};
use akin_entities::ProductId;
use akin_ports::{ChangeQueue, DeadLetters, ErrorKind, FeedRow, ProductStore};
use futures::FutureExt;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};

fn catalogue(look: &str) -> Vec<FeedRow> {
    let name = |n: usize| if n < 2 { format!("Product {n}") } else { format!("{look} {n}") };
    (0..8).map(|n| row(&n.to_string(), &name(n), &format!("₹{}", look.len()))).collect()
}

fn ids() -> Vec<ProductId> {
    (0..8).map(|n| id(&n.to_string())).collect()
}

/// A catalogue that changed, with one product taken out of it; all of it waits in the outbox.
async fn changed() -> Workplace {
    let place = Workplace::breaking();
    place.shop.stock(&catalogue("old")).await;
    place.shop.ingest(&catalogue("newer"), 2).await;
    place.shop.store.remove(&[id("7")], day(3)).await.unwrap();
    place
}

/// Relays and works until there is nothing left, then makes sure that nothing is amiss.
async fn finish(place: &Workplace) {
    place.shop.faults.mend();
    place.relay().await.unwrap();
    while place.counts().await[..2] != [0, 0] {
        place.queue.pass(LONG);
        place.work().await.unwrap();
    }
    assert_eq!(place.counts().await, [0, 0, 0], "nobody was to blame");
    place.shop.assert_in_step(&ids()).await;
}

async fn relay_and_work(place: &Workplace) -> akin_ports::PortResult<()> {
    place.relay().await?;
    place.work().await.map(drop)
}

#[tokio::test]
async fn an_interrupted_relay_or_worker_is_finished_by_the_next() {
    let place = changed().await;
    let before = place.shop.faults.steps();
    relay_and_work(&place).await.unwrap();
    let steps = place.shop.faults.steps() - before;
    assert!(steps > 20, "it takes {steps} steps");
    for broken in 0..steps {
        let place = changed().await;
        place.shop.faults.break_after(broken, ErrorKind::Unavailable);
        relay_and_work(&place).await.unwrap_err();
        finish(&place).await;
    }
}

#[tokio::test]
async fn a_killed_relay_or_worker_is_finished_by_the_next() {
    let mut killed = 0;
    loop {
        let place = changed().await;
        let mut working = Box::pin(relay_and_work(&place));
        let polls = std::iter::repeat_with(|| working.as_mut().now_or_never());
        if polls.take(killed + 1).any(|poll| poll.is_some()) {
            break;
        }
        drop(working);
        finish(&place).await;
        killed += 1;
    }
    assert!(killed > 20, "it was killed at {killed} places");
}

#[tokio::test]
async fn a_change_that_the_queue_refuses_stays_alone_in_the_outbox() {
    let place = Workplace::breaking();
    place.shop.ingest(&catalogue("new"), 1).await;
    place.shop.faults.refuse(id("3"));
    let summary = place.relay().await.unwrap();
    assert_eq!(summary.failures.keys().collect::<Vec<_>>(), [&id("3")]);
    assert_eq!((summary.sent, place.counts().await), (7, [7, 0, 0]));
    let left = place.shop.outbox().await;
    assert_eq!(left.iter().map(|entry| &entry.change.id).collect::<Vec<_>>(), [&id("3")]);
    place.shop.faults.mend();
    assert_eq!(place.relay().await.unwrap().sent, 1);
    assert_eq!(place.relay().await.unwrap().sent, 0);
}

#[tokio::test]
async fn more_than_a_page_of_changes_is_relayed_each_once() {
    let place = Workplace::new();
    let rows: Vec<_> = (0..2_500).map(|n| row(&n.to_string(), "Chair", "")).collect();
    place.shop.ingest(&rows, 1).await;
    assert_eq!(place.relay().await.unwrap().sent, 2_500);
    assert_eq!(place.shop.outbox().await, []);
    let sent = place.queue.receive(10_000).await.unwrap();
    let different: HashSet<_> = sent.iter().map(|delivery| &delivery.change.id).collect();
    assert_eq!((sent.len(), different.len()), (2_500, 2_500));
}

#[derive(Clone, Debug)]
enum Step {
    /// Reads a feed of these looks, by product.
    Ingest(BTreeMap<u8, u8>),
    Forget(u8),
    /// Relays, and may be broken on the way.
    Relay(Option<u8>),
    /// Works, and may be broken on the way.
    Work(Option<u8>),
    /// Embeds straight from the outbox, as an ingestion does.
    Embed,
    /// Lets leases and pauses end.
    Pass,
}

fn step() -> impl Strategy<Value = Step> {
    let broken = || prop::option::of(0..30_u8);
    prop_oneof![
        3 => prop::collection::btree_map(0..6_u8, 0..4_u8, 0..6).prop_map(Step::Ingest),
        1 => (0..6_u8).prop_map(Step::Forget),
        2 => broken().prop_map(Step::Relay),
        3 => broken().prop_map(Step::Work),
        1 => Just(Step::Embed),
        2 => Just(Step::Pass),
    ]
}

/// Looks 0 and 1 differ in the price alone.
fn looking(product: u8, look: u8) -> FeedRow {
    let name = ["Phone tripod", "Phone tripod", "Desk lamp", "Coffee cup"][usize::from(look)];
    row(&product.to_string(), &format!("{name} {product}"), &format!("₹{}", look + 1))
}

async fn run(steps: Vec<Step>) {
    let place = Workplace::breaking();
    let shop = &place.shop;
    for (at, step) in (1..).zip(steps) {
        if let Step::Relay(Some(after)) | Step::Work(Some(after)) = step {
            shop.faults.break_after(after.into(), ErrorKind::Unavailable);
        }
        match step {
            Step::Ingest(looks) => {
                let rows: Vec<_> = looks.iter().map(|(p, look)| looking(*p, *look)).collect();
                shop.ingest(&rows, at).await;
            }
            Step::Forget(product) => {
                shop.store.remove(&[id(&product.to_string())], day(at)).await.unwrap();
            }
            Step::Relay(_) => drop(place.relay().await),
            Step::Work(_) => drop(place.work().await),
            Step::Embed => drop(shop.embed().await),
            Step::Pass => place.queue.pass(LONG),
        }
        shop.faults.mend();
    }
    finish_unless_dead(&place).await;
}

/// Works until nothing waits; what was broken too often to be tried again is tried again.
async fn finish_unless_dead(place: &Workplace) {
    place.queue.pass(LONG);
    place.queue.receive(0).await.unwrap();
    place.queue.redrive(usize::MAX).await.unwrap();
    finish(place).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_feeds_relays_and_workers_ends_with_the_index_in_step(
        steps in prop::collection::vec(step(), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
