use crate::shop::{Shop, id, row};
use akin_entities::{Change, Timestamp, Version};
use akin_memory::{MemoryQueue, MemoryRuns};
use akin_ports::{
    ChangeQueue, NewRun, ProductIndex, RunEnd, RunHolder, RunLog, RunOutcome, RunStart,
};
use akin_usecases::{CatalogueStatus, IndexStatus};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn the_status_contains_counts_pending_work_and_recent_runs() {
    let shop = Shop::new();
    let (queue, runs) = (Arc::new(MemoryQueue::default()), Arc::new(MemoryRuns::default()));
    let status =
        CatalogueStatus { store: shop.store.clone(), queue: queue.clone(), runs: runs.clone() };
    let index = async || IndexStatus::of(&*shop.index).await.unwrap();
    assert_eq!(index().await, IndexStatus { indexed: 0, fingerprint: None });
    shop.ingest(&[row("a", "Tripod", "₹1"), row("b", "", "call us")], 1).await;
    let message = Change { id: id("c"), version: Version(1) };
    assert!(queue.send(&[message]).await.unwrap().is_empty());
    for began in [1, 2, 3] {
        runs.set_clock(Timestamp(began * 1_000_000));
        let holder = RunHolder { name: "a process".to_owned(), key: began.to_string() };
        let run = NewRun { holder, feeds: Vec::new(), gone: None };
        let RunStart::Begun(version) = runs.begin(&run).await.unwrap() else { panic!("a lease") };
        let end = RunEnd { outcome: RunOutcome::Finished, took: Duration::ZERO, counts: None };
        runs.finish(version, &end).await.unwrap();
    }
    let waiting = status.run(2).await.unwrap();
    let counts = (waiting.store.products, waiting.store.quarantined, waiting.queue.waiting);
    assert_eq!((counts, waiting.waiting(), index().await.indexed), ((1, 1, 1), 2, 0));
    let began: Vec<_> = waiting.runs.iter().map(|run| run.began).collect();
    assert_eq!(began, [Timestamp(3_000_000), Timestamp(2_000_000)]);
    shop.embed().await;
    assert_eq!(status.run(0).await.unwrap().waiting(), 1);
    let after = index().await;
    assert_eq!(after.indexed, 1);
    assert_eq!(after.fingerprint, shop.index.fingerprint().await.unwrap());
    assert!(after.fingerprint.is_some());
}
