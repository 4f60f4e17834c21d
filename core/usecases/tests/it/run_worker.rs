//! A worker relays and processes changes, and waits while a server is unavailable.

use crate::shop::{Shop, id, row};
use crate::workplace::Workplace;
use akin_memory::MemoryQueue;
use akin_ports::{ChangeQueue, ErrorKind, PortResult, ProductIndex, QueueCapabilities};
use akin_usecases::{
    RelayChanges, RunWorker, WorkQueue, WorkerContext, WorkerEvent, WorkerHost, WorkerSummary,
};
use async_trait::async_trait;
use futures::future::{pending, ready};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A host that ends the faults at the third pause, and stops the worker after it has optimized.
struct Host<'a> {
    shop: &'a Shop,
    pauses: Mutex<Vec<u64>>,
    optimized: AtomicU64,
}

#[async_trait]
impl WorkerHost for Host<'_> {
    async fn stop_requested(&self) {
        pending::<()>().await;
    }

    async fn optimize(&self) {
        self.optimized.fetch_add(1, Ordering::Relaxed);
    }

    fn notify(&self, event: WorkerEvent<'_>) {
        if let WorkerEvent::Waiting(_, pause) = event {
            let mut pauses = self.pauses.lock().unwrap();
            pauses.push(pause.as_secs());
            if pauses.len() == 3 {
                self.shop.faults.clear();
            }
        }
    }
}

impl<'a> Host<'a> {
    fn new(shop: &'a Shop) -> Self {
        Self { shop, pauses: Mutex::default(), optimized: AtomicU64::new(0) }
    }

    async fn run(
        &self,
        workplace: &Workplace,
        queue: Arc<dyn ChangeQueue>,
        once: bool,
    ) -> PortResult<WorkerSummary> {
        let (store, targets) = (workplace.shop.store.clone(), vec![workplace.target()]);
        let relay = RelayChanges { store: store.clone(), queue: queue.clone() };
        let work = WorkQueue { queue, store, targets };
        let worker = RunWorker { relay, work, once, poll: Duration::ZERO };
        let is_over = || self.optimized.load(Ordering::Relaxed) > 0;
        let sleep = |time: Duration| -> futures::future::BoxFuture<'static, ()> {
            // Pauses end at once, and leases are not extended.
            if time < Duration::from_secs(10) { Box::pin(ready(())) } else { Box::pin(pending()) }
        };
        let context = WorkerContext { sleep: &sleep, is_over: &is_over, observe: &|_| () };
        worker.run(&context, self).await
    }
}

#[tokio::test]
async fn a_worker_waits_longer_after_each_failure_until_the_server_is_back() {
    let workplace = Workplace::new();
    workplace.shop.ingest(&[row("a", "Phone tripod", "")], 1).await;
    workplace.shop.faults.break_after(0, ErrorKind::Unavailable);
    let host = Host::new(&workplace.shop);
    let summary = host.run(&workplace, workplace.queue.clone(), false).await.unwrap();
    assert_eq!(*host.pauses.lock().unwrap(), [1, 2, 4]);
    assert_eq!((summary.relayed, summary.work.received, summary.failed), (1, 1, 0));
    workplace.shop.assert_in_step(&[id("a")]).await;
}

#[tokio::test]
async fn a_worker_that_runs_once_does_not_wait() {
    let workplace = Workplace::new();
    workplace.shop.ingest(&[row("a", "Phone tripod", "")], 1).await;
    workplace.shop.faults.break_after(0, ErrorKind::Unavailable);
    let host = Host::new(&workplace.shop);
    assert!(host.run(&workplace, workplace.queue.clone(), true).await.unwrap_err().is_retryable());
    workplace.shop.faults.clear();
    let summary = host.run(&workplace, workplace.queue.clone(), true).await.unwrap();
    assert!(summary.needs_optimizing);
    assert_eq!((summary.relayed, summary.work.embedding.embedded), (1, 1));
}

#[tokio::test]
async fn a_worker_does_not_rely_on_estimated_counts_of_a_queue() {
    let workplace = Workplace::new();
    let rows: Vec<_> = (0..25).map(|n| row(&n.to_string(), &format!("Cup {n}"), "")).collect();
    workplace.shop.ingest(&rows, 1).await;
    let queue = Arc::new(MemoryQueue::with_capabilities(QueueCapabilities::NONE));
    let summary = Host::new(&workplace.shop).run(&workplace, queue, true).await.unwrap();
    assert_eq!((summary.relayed, summary.work.received), (25, 25));
    assert_eq!(workplace.shop.index.count().await.unwrap(), 25);
}
