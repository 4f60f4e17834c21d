//! Whatever happens in between, the index ends as the feed says.

use crate::shop::{Shop, day, id, row};
use akin_entities::ProductId;
use akin_ports::{ErrorKind, FeedRow, ProductStore};
use futures::FutureExt;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn catalogue(look: &str) -> Vec<FeedRow> {
    // Three batches to read; of two products only the price changes from look to look.
    let name = |n: usize| if n < 2 { format!("Product {n}") } else { format!("{look} {n}") };
    (0..8).map(|n| row(&n.to_string(), &name(n), &format!("₹{}", look.len()))).collect()
}

fn catalogue_ids() -> Vec<ProductId> {
    (0..8).map(|n| id(&n.to_string())).collect()
}

/// A shop whose catalogue changed, was read, and had one product taken out of it.
async fn changed_shop() -> Shop {
    let shop = Shop::new();
    shop.stock(&catalogue("old")).await;
    shop.ingest(&catalogue("newer"), 2).await;
    shop.store.remove(&[id("7")], day(3)).await.unwrap();
    shop
}

#[tokio::test]
async fn interrupted_embedding_is_finished_by_the_next_run() {
    let shop = changed_shop().await;
    let before = shop.faults.steps();
    shop.embed().await;
    let steps = shop.faults.steps() - before;
    assert!(steps > 10, "it takes {steps} steps");
    for broken in 0..steps {
        let shop = changed_shop().await;
        shop.faults.break_after(broken, ErrorKind::Unavailable);
        shop.try_embed().await.unwrap_err();
        shop.faults.mend();
        shop.embed().await;
        shop.assert_in_step(&catalogue_ids()).await;
    }
}

#[tokio::test]
async fn abandoned_embedding_is_finished_by_the_next_run() {
    let mut given_up = 0;
    loop {
        let shop = changed_shop().await;
        let mut embedding = Box::pin(shop.try_embed());
        let polls = std::iter::repeat_with(|| embedding.as_mut().now_or_never());
        if polls.take(given_up + 1).any(|poll| poll.is_some()) {
            break;
        }
        // Dropping it is what Ctrl-C does.
        drop(embedding);
        shop.embed().await;
        shop.assert_in_step(&catalogue_ids()).await;
        given_up += 1;
    }
    assert!(given_up > 10, "it was given up at {given_up} places");
}

#[tokio::test]
async fn what_was_written_before_an_interruption_is_not_embedded_again() {
    let shop = Shop::new();
    // More than two batches of texts.
    let rows: Vec<_> = (0..300).map(|n| row(&n.to_string(), &format!("Product {n}"), "")).collect();
    shop.ingest(&rows, 1).await;
    let before = shop.faults.steps();
    shop.embed().await;
    let (steps, texts) = (shop.faults.steps() - before, shop.embedder.embedded().len());
    assert_eq!(texts, 300);
    let shop = Shop::new();
    shop.ingest(&rows, 1).await;
    // All but the last step: the outbox is not cleared, yet everything is in the index.
    shop.faults.break_after(steps - 4, ErrorKind::Unavailable);
    shop.try_embed().await.unwrap_err();
    shop.faults.mend();
    let summary = shop.embed().await;
    assert_eq!((summary.embedded, summary.updated_fields), (0, 300));
    assert_eq!(shop.embedder.embedded().len(), 300);
}

#[derive(Clone, Debug)]
enum Step {
    /// Reads a feed of these looks, by product, and may be killed on the way.
    Ingest { looks: BTreeMap<u8, u8>, at: i64, killed: Option<u8> },
    /// Embeds, and may be killed on the way.
    Embed { killed: Option<u8> },
    /// Takes a product out of the catalogue.
    Forget { product: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let killed = || prop::option::of(0..30_u8);
    let looks = prop::collection::btree_map(0..6_u8, 0..4_u8, 0..6);
    prop_oneof![
        4 => (looks, 0..9_i64, killed())
            .prop_map(|(looks, at, killed)| Step::Ingest { looks, at, killed }),
        3 => killed().prop_map(|killed| Step::Embed { killed }),
        1 => (0..6_u8).prop_map(|product| Step::Forget { product }),
    ]
}

/// Looks 0 and 1 differ in the price alone.
fn looking(product: u8, look: u8) -> FeedRow {
    let name = ["Phone tripod", "Phone tripod", "Desk lamp", "Coffee cup"][usize::from(look)];
    row(&product.to_string(), &format!("{name} {product}"), &format!("₹{}", look + 1))
}

/// What the feeds told of each product: since when it looks like that.
#[derive(Debug, Default)]
struct Told(BTreeMap<u8, (i64, u8)>);

impl Told {
    fn add(&mut self, looks: &BTreeMap<u8, u8>, at: i64) {
        for (&product, &look) in looks {
            let held = self.0.entry(product).or_insert((at, look));
            // Equal content keeps its older version.
            if held.0 <= at && held.1 != look {
                *held = (at, look);
            }
        }
    }

    async fn assert_held_by(&self, shop: &Shop) {
        let ids: Vec<_> = (0..6).map(|product| id(&product.to_string())).collect();
        let records = shop.store.fetch(&ids).await.unwrap();
        assert_eq!(records.len(), self.0.len());
        for (&product, &(version, look)) in &self.0 {
            let record = &records[&id(&product.to_string())];
            let batch = record.version.0 - day(version).0;
            assert!((0..2).contains(&batch), "{:?} is not of {version}", record.version);
            assert_eq!(record.product.name, looking(product, look).name);
        }
        shop.assert_in_step(&ids).await;
    }
}

async fn run(steps: Vec<Step>) {
    let (shop, mut told) = (Shop::new(), Told::default());
    // The clock behind the times of the steps: what was forgotten is told anew only later.
    let mut clock = 0;
    for (number, step) in (0..).zip(steps) {
        if let Step::Ingest { killed: Some(after), .. } | Step::Embed { killed: Some(after) } = step
        {
            shop.faults.break_after(after.into(), ErrorKind::Unavailable);
        }
        match step {
            Step::Ingest { looks, at, .. } => {
                // No two feeds are of one moment.
                let at = 20 * (clock + at) + number;
                let rows: Vec<_> = looks.iter().map(|(p, look)| looking(*p, *look)).collect();
                let _ = shop.try_ingest(&rows, at).await;
                shop.faults.mend();
                // Whether it was killed or not, it is read to its end by and by.
                shop.ingest(&rows, at).await;
                told.add(&looks, at);
            }
            Step::Embed { .. } => drop(shop.try_embed().await),
            Step::Forget { product } => {
                shop.store
                    .remove(&[id(&product.to_string())], day(20 * (clock + 10)))
                    .await
                    .unwrap();
                clock += 20;
                told.0.remove(&product);
            }
        }
        shop.faults.mend();
    }
    shop.embed().await;
    told.assert_held_by(&shop).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_feeds_and_kills_ends_as_the_feeds_say(
        steps in prop::collection::vec(step(), 1..15),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
