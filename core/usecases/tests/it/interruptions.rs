//! After any interruptions, the index agrees with the feeds.

use crate::shop::{Shop, day, id, row};
use akin_entities::ProductId;
use akin_ports::{ErrorKind, FeedRow, ProductStore};
use futures::FutureExt;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn catalogue(look: &str) -> Vec<FeedRow> {
    // Three batches; of two products, only the price changes.
    let name = |n: usize| if n < 2 { format!("Product {n}") } else { format!("{look} {n}") };
    (0..8).map(|n| row(&n.to_string(), &name(n), &format!("₹{}", look.len()))).collect()
}

fn catalogue_ids() -> Vec<ProductId> {
    (0..8).map(|n| id(&n.to_string())).collect()
}

/// Returns a shop whose catalogue has changed and lost a product since it was embedded.
async fn changed_shop() -> Shop {
    let shop = Shop::new();
    shop.stock(&catalogue("old")).await;
    shop.ingest(&catalogue("newer"), 2).await;
    shop.store.remove(&[id("7")], day(3)).await.unwrap();
    shop
}

#[tokio::test]
async fn interrupted_embedding_is_completed_by_the_next_run() {
    let shop = changed_shop().await;
    let before = shop.faults.steps();
    shop.embed().await;
    let steps = shop.faults.steps() - before;
    assert!(steps > 10, "it takes {steps} steps");
    for broken in 0..steps {
        let shop = changed_shop().await;
        shop.faults.break_after(broken, ErrorKind::Unavailable);
        shop.try_embed().await.unwrap_err();
        shop.faults.clear();
        shop.embed().await;
        shop.assert_in_step(&catalogue_ids()).await;
    }
}

#[tokio::test]
async fn abandoned_embedding_is_completed_by_the_next_run() {
    let mut given_up = 0;
    loop {
        let shop = changed_shop().await;
        let mut embedding = Box::pin(shop.try_embed());
        let polls = std::iter::repeat_with(|| embedding.as_mut().now_or_never());
        if polls.take(given_up + 1).any(|poll| poll.is_some()) {
            break;
        }
        // Ctrl-C drops the future too.
        drop(embedding);
        shop.embed().await;
        shop.assert_in_step(&catalogue_ids()).await;
        given_up += 1;
    }
    assert!(given_up > 10, "it was given up at {given_up} places");
}

#[tokio::test]
async fn entries_written_before_an_interruption_are_not_embedded_again() {
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
    // All but the last step: everything is in the index, but the outbox is not cleared.
    shop.faults.break_after(steps - 4, ErrorKind::Unavailable);
    shop.try_embed().await.unwrap_err();
    shop.faults.clear();
    let summary = shop.embed().await;
    assert_eq!((summary.embedded, summary.updated_fields), (0, 300));
    assert_eq!(shop.embedder.embedded().len(), 300);
}

#[derive(Clone, Debug)]
enum Step {
    /// Ingests a feed of product variants, and may be killed after some steps.
    Ingest {
        variants: BTreeMap<u8, u8>,
        at: i64,
        killed: Option<u8>,
    },
    /// Embeds, and may be killed after some steps.
    Embed {
        killed: Option<u8>,
    },
    Remove {
        product: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let killed = || prop::option::of(0..30_u8);
    let variants = prop::collection::btree_map(0..6_u8, 0..4_u8, 0..6);
    prop_oneof![
        4 => (variants, 0..9_i64, killed())
            .prop_map(|(variants, at, killed)| Step::Ingest { variants, at, killed }),
        3 => killed().prop_map(|killed| Step::Embed { killed }),
        1 => (0..6_u8).prop_map(|product| Step::Remove { product }),
    ]
}

/// Returns a variant of a product. Variants 0 and 1 differ only in the price.
fn variant_row(product: u8, variant: u8) -> FeedRow {
    let name = ["Phone tripod", "Phone tripod", "Desk lamp", "Coffee cup"][usize::from(variant)];
    row(&product.to_string(), &format!("{name} {product}"), &format!("₹{}", variant + 1))
}

/// The expected variant of each product, and the time since which it is expected.
#[derive(Debug, Default)]
struct Expected(BTreeMap<u8, (i64, u8)>);

impl Expected {
    fn add(&mut self, variants: &BTreeMap<u8, u8>, at: i64) {
        for (&product, &variant) in variants {
            let expected = self.0.entry(product).or_insert((at, variant));
            // Equal content keeps its older version.
            if expected.0 <= at && expected.1 != variant {
                *expected = (at, variant);
            }
        }
    }

    async fn assert_stored_in(&self, shop: &Shop) {
        let ids: Vec<_> = (0..6).map(|product| id(&product.to_string())).collect();
        let records = shop.store.fetch(&ids).await.unwrap();
        assert_eq!(records.len(), self.0.len());
        for (&product, &(version, variant)) in &self.0 {
            let record = &records[&id(&product.to_string())];
            let batch = record.version.0 - day(version).0;
            assert!(
                (0..2).contains(&batch),
                "{:?} does not belong to the run at {version}",
                record.version
            );
            assert_eq!(record.product.name, variant_row(product, variant).name);
        }
        shop.assert_in_step(&ids).await;
    }
}

async fn run(steps: Vec<Step>) {
    let (shop, mut expected) = (Shop::new(), Expected::default());
    // The time before all following steps: a removed product is ingested again only after its removal.
    let mut clock = 0;
    for (number, step) in (0..).zip(steps) {
        if let Step::Ingest { killed: Some(after), .. } | Step::Embed { killed: Some(after) } = step
        {
            shop.faults.break_after(after.into(), ErrorKind::Unavailable);
        }
        match step {
            Step::Ingest { variants, at, .. } => {
                // Every feed has a time of its own.
                let at = 20 * (clock + at) + number;
                let rows: Vec<_> =
                    variants.iter().map(|(p, variant)| variant_row(*p, *variant)).collect();
                let _ = shop.try_ingest(&rows, at).await;
                shop.faults.clear();
                // Killed or not, the feed is read completely in the end.
                shop.ingest(&rows, at).await;
                expected.add(&variants, at);
            }
            Step::Embed { .. } => drop(shop.try_embed().await),
            Step::Remove { product } => {
                shop.store
                    .remove(&[id(&product.to_string())], day(20 * (clock + 10)))
                    .await
                    .unwrap();
                clock += 20;
                expected.0.remove(&product);
            }
        }
        shop.faults.clear();
    }
    shop.embed().await;
    expected.assert_stored_in(&shop).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_feeds_and_kills_ends_in_agreement_with_the_feeds(
        steps in prop::collection::vec(step(), 1..15),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
