//! After any interruptions of the relay and the workers, no product is lost or stale.

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

/// Returns a catalogue that has changed and lost a product, with all changes in the outbox.
async fn changed() -> Workplace {
    let workplace = Workplace::with_failing_queue();
    workplace.shop.stock(&catalogue("old")).await;
    workplace.shop.ingest(&catalogue("newer"), 2).await;
    workplace.shop.store.remove(&[id("7")], day(3)).await.unwrap();
    workplace
}

/// Relays and processes all changes, and asserts that index and store agree.
async fn finish(workplace: &Workplace) {
    workplace.shop.faults.clear();
    workplace.relay().await.unwrap();
    while workplace.counts().await[..2] != [0, 0] {
        workplace.queue.pass(LONG);
        workplace.work().await.unwrap();
    }
    assert_eq!(workplace.counts().await, [0, 0, 0], "nobody was to blame");
    workplace.shop.assert_in_step(&ids()).await;
}

async fn relay_and_work(workplace: &Workplace) -> akin_ports::PortResult<()> {
    workplace.relay().await?;
    workplace.work().await.map(drop)
}

#[tokio::test]
async fn the_work_of_an_interrupted_relay_or_worker_is_completed_by_the_next() {
    let workplace = changed().await;
    let before = workplace.shop.faults.steps();
    relay_and_work(&workplace).await.unwrap();
    let steps = workplace.shop.faults.steps() - before;
    assert!(steps > 20, "it takes {steps} steps");
    for broken in 0..steps {
        let workplace = changed().await;
        workplace.shop.faults.break_after(broken, ErrorKind::Unavailable);
        relay_and_work(&workplace).await.unwrap_err();
        finish(&workplace).await;
    }
}

#[tokio::test]
async fn the_work_of_a_killed_relay_or_worker_is_completed_by_the_next() {
    let mut killed = 0;
    loop {
        let workplace = changed().await;
        let mut working = Box::pin(relay_and_work(&workplace));
        let polls = std::iter::repeat_with(|| working.as_mut().now_or_never());
        if polls.take(killed + 1).any(|poll| poll.is_some()) {
            break;
        }
        drop(working);
        finish(&workplace).await;
        killed += 1;
    }
    assert!(killed > 20, "it was killed at {killed} places");
}

#[tokio::test]
async fn a_change_that_the_queue_refuses_stays_alone_in_the_outbox() {
    let workplace = Workplace::with_failing_queue();
    workplace.shop.ingest(&catalogue("new"), 1).await;
    workplace.shop.faults.refuse(id("3"));
    let summary = workplace.relay().await.unwrap();
    assert_eq!(summary.failures.keys().collect::<Vec<_>>(), [&id("3")]);
    assert_eq!((summary.sent, workplace.counts().await), (7, [7, 0, 0]));
    let left = workplace.shop.outbox().await;
    assert_eq!(left.iter().map(|entry| &entry.change.id).collect::<Vec<_>>(), [&id("3")]);
    workplace.shop.faults.clear();
    assert_eq!(workplace.relay().await.unwrap().sent, 1);
    assert_eq!(workplace.relay().await.unwrap().sent, 0);
}

#[tokio::test]
async fn more_than_a_page_of_changes_is_relayed_each_once() {
    let workplace = Workplace::new();
    let rows: Vec<_> = (0..2_500).map(|n| row(&n.to_string(), "Chair", "")).collect();
    workplace.shop.ingest(&rows, 1).await;
    assert_eq!(workplace.relay().await.unwrap().sent, 2_500);
    assert_eq!(workplace.shop.outbox().await, []);
    let sent = workplace.queue.receive(10_000).await.unwrap();
    let different: HashSet<_> = sent.iter().map(|delivery| &delivery.change.id).collect();
    assert_eq!((sent.len(), different.len()), (2_500, 2_500));
}

#[derive(Clone, Debug)]
enum Step {
    /// Ingests a feed of product variants.
    Ingest(BTreeMap<u8, u8>),
    Remove(u8),
    /// Relays, and may fail after some steps.
    Relay(Option<u8>),
    /// Processes messages, and may fail after some steps.
    Work(Option<u8>),
    /// Embeds directly from the outbox, as an ingestion does.
    Embed,
    /// Lets leases and pauses expire.
    Pass,
}

fn step() -> impl Strategy<Value = Step> {
    let failure = || prop::option::of(0..30_u8);
    prop_oneof![
        3 => prop::collection::btree_map(0..6_u8, 0..4_u8, 0..6).prop_map(Step::Ingest),
        1 => (0..6_u8).prop_map(Step::Remove),
        2 => failure().prop_map(Step::Relay),
        3 => failure().prop_map(Step::Work),
        1 => Just(Step::Embed),
        2 => Just(Step::Pass),
    ]
}

/// Returns a variant of a product. Variants 0 and 1 differ only in the price.
fn variant_row(product: u8, variant: u8) -> FeedRow {
    let name = ["Phone tripod", "Phone tripod", "Desk lamp", "Coffee cup"][usize::from(variant)];
    row(&product.to_string(), &format!("{name} {product}"), &format!("₹{}", variant + 1))
}

async fn run(steps: Vec<Step>) {
    let workplace = Workplace::with_failing_queue();
    let shop = &workplace.shop;
    for (at, step) in (1..).zip(steps) {
        if let Step::Relay(Some(after)) | Step::Work(Some(after)) = step {
            shop.faults.break_after(after.into(), ErrorKind::Unavailable);
        }
        match step {
            Step::Ingest(variants) => {
                let rows: Vec<_> =
                    variants.iter().map(|(p, variant)| variant_row(*p, *variant)).collect();
                shop.ingest(&rows, at).await;
            }
            Step::Remove(product) => {
                shop.store.remove(&[id(&product.to_string())], day(at)).await.unwrap();
            }
            Step::Relay(_) => drop(workplace.relay().await),
            Step::Work(_) => drop(workplace.work().await),
            Step::Embed => drop(shop.embed().await),
            Step::Pass => workplace.queue.pass(LONG),
        }
        shop.faults.clear();
    }
    redrive_and_finish(&workplace).await;
}

/// Redrives dead letters, and processes everything.
async fn redrive_and_finish(workplace: &Workplace) {
    workplace.queue.pass(LONG);
    workplace.queue.receive(0).await.unwrap();
    workplace.queue.redrive(usize::MAX).await.unwrap();
    finish(workplace).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_feeds_relays_and_workers_ends_with_the_index_up_to_date(
        steps in prop::collection::vec(step(), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
