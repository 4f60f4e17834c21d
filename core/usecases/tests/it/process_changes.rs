//! Deliveries are processed without a queue, and each receipt gets an outcome.

use crate::shop::{Shop, day, id, row};
use crate::workplace::Workplace;
use akin_entities::{Change, Fingerprint};
use akin_memory::MemoryEmbedder;
use akin_ports::{Delivery, EmbeddedBatch, Embedder, ErrorKind, PortResult, Receipt};
use akin_usecases::{
    EmbedTarget, MessageOutcome, ProcessChanges, ProcessControl, ProcessedChanges,
};
use async_trait::async_trait;
use std::sync::Arc;

fn delivery(name: &str, version: i64, receipt: &str) -> Delivery {
    let change = Change { id: id(name), version: day(version) };
    Delivery { receipt: Receipt(receipt.to_owned()), change, attempts: 1 }
}

/// Returns each outcome as a receipt and a word.
fn outcomes(processed: &ProcessedChanges) -> Vec<String> {
    let word = |outcome: &MessageOutcome| match outcome {
        MessageOutcome::Done => "done",
        MessageOutcome::Released => "released",
        MessageOutcome::Failed(_) => "failed",
    };
    let outcome = |(receipt, outcome): &(Receipt, _)| format!("{} {}", receipt.0, word(outcome));
    processed.outcomes.iter().map(outcome).collect()
}

async fn workplace() -> Workplace {
    let workplace = Workplace::with_embedder(|embedder| embedder.refusing("lamp"));
    let rows = [row("a", "Phone tripod", ""), row("b", "Desk lamp", "")];
    workplace.shop.ingest(&rows, 2).await;
    workplace
}

fn process(workplace: &Workplace) -> ProcessChanges {
    let Shop { store, .. } = &workplace.shop;
    ProcessChanges { store: store.clone(), targets: vec![workplace.target()] }
}

fn deliveries() -> [Delivery; 4] {
    [
        delivery("a", 1, "old"),
        delivery("b", 2, "refused"),
        delivery("a", 2, "new"),
        delivery("gone", 1, "removed"),
    ]
}

#[tokio::test]
async fn each_delivery_has_an_outcome_in_the_order_of_the_deliveries() {
    let workplace = workplace().await;
    let processed = process(&workplace).run(&deliveries(), &ProcessControl::none()).await;
    assert_eq!(outcomes(&processed), ["old done", "refused failed", "new done", "removed done"]);
    assert!(processed.error.is_none());
    let summary = processed.embedding;
    assert_eq!((summary.embedded, summary.removed, summary.failures.len()), (1, 1, 1));
}

#[tokio::test]
async fn an_outage_releases_every_delivery() {
    let workplace = workplace().await;
    workplace.shop.faults.break_after(3, ErrorKind::Unavailable);
    let processed = process(&workplace).run(&deliveries(), &ProcessControl::none()).await;
    assert!(processed.error.unwrap().is_retryable());
    assert_eq!(processed.outcomes.len(), 4);
    assert!(processed.outcomes.iter().all(|(_, outcome)| *outcome == MessageOutcome::Released));
}

#[tokio::test]
async fn a_delivery_that_makes_its_batch_fail_fails_alone() {
    let workplace = workplace().await;
    let index = Arc::new(workplace.fragile(&[id("a")]));
    let targets = vec![workplace.target_of(index)];
    let process = ProcessChanges { targets, ..process(&workplace) };
    let batch = [delivery("gone", 1, "removed"), delivery("a", 2, "spoiled")];
    let processed = process.run(&batch, &ProcessControl::none()).await;
    assert_eq!(outcomes(&processed), ["removed done", "spoiled failed"]);
    let alone = process.run(&batch[1..], &ProcessControl::none()).await;
    assert_eq!(outcomes(&alone), ["spoiled failed"]);
}

/// An embedder with a defect.
#[derive(Debug, Default)]
struct PanickingEmbedder(MemoryEmbedder);

#[async_trait]
impl Embedder for PanickingEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        assert!(texts.iter().all(|text| !text.contains("lamp")), "as the test wants");
        self.0.embed(texts).await
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.0.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.0.token_limit()
    }
}

#[tokio::test]
async fn a_panic_is_the_failure_of_one_delivery() {
    let workplace = workplace().await;
    let target =
        EmbedTarget { embedder: Arc::<PanickingEmbedder>::default(), ..workplace.target() };
    let process = ProcessChanges { targets: vec![target], ..process(&workplace) };
    let processed = process.run(&deliveries(), &ProcessControl::none()).await;
    assert_eq!(outcomes(&processed), ["old done", "refused failed", "new done", "removed done"]);
    let MessageOutcome::Failed(reason) = &processed.outcomes[1].1 else { panic!("{processed:?}") };
    assert!(reason.ends_with("it panicked: as the test wants"), "{reason}");
    assert!(processed.error.is_none() && workplace.shop.state("a").await.is_some());
}

#[tokio::test]
async fn a_stopped_process_releases_deliveries_that_it_has_not_started() {
    let workplace = workplace().await;
    let control = ProcessControl { is_stopping: &|| true, ..ProcessControl::none() };
    let processed = process(&workplace).run(&[delivery("a", 2, "new")], &control).await;
    assert_eq!(outcomes(&processed), ["new released"]);
}

#[tokio::test]
async fn no_deliveries_have_no_outcomes() {
    let workplace = workplace().await;
    let processed = process(&workplace).run(&[], &ProcessControl::none()).await;
    assert_eq!(outcomes(&processed), [""; 0]);
}
