//! Embedding of waiting changes, or handing them to workers.

use crate::progress::{Progress, Unit};
use crate::signals::{Interrupted, Stop};
use akin_composition::{Composition, CompositionError};
use akin_usecases::{EmbedChanges, EmbedSummary, WorkQueue, WorkerContext};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Embeds the changes in the outbox, and those visible in the queue. If it is asked to `stop`, it finishes
/// what was started and returns [`Interrupted`].
pub(crate) async fn embed_here(opened: &Composition, stop: &Stop) -> anyhow::Result<EmbedSummary> {
    let _finishing = stop.finishing();
    let is_stopping = || stop.is_asked();
    let embed = EmbedChanges { store: opened.store()?, targets: opened.targets() };
    let progress = Progress::new("embedding".to_owned(), Unit::Products);
    let observe = |at: akin_usecases::EmbedProgress| progress.at(at.done, Some(at.total), "");
    let mut summary = embed.run_until(&is_stopping, &observe).await?;
    drop(progress);
    let work = work(opened)?;
    let shown = QueueProgress::new(&work, work.queue.counts().await?.waiting);
    let context =
        WorkerContext { sleep: &sleep, is_over: &is_stopping, observe: &|done| shown.more(done) };
    summary.add(work.drain(&context).await?.embedding);
    if stop.is_asked() { Err(Interrupted.into()) } else { Ok(summary) }
}

/// Brings searches of what was written to full speed. A failure is only logged: all of it is found.
pub(crate) async fn optimize(opened: &Composition) {
    if let Err(error) = opened.optimize().await {
        tracing::warn!("searches are slower than they could be: {error:#}");
    }
}

/// Works at `queue` for every engine that was opened.
pub(crate) fn work(opened: &Composition) -> Result<WorkQueue, CompositionError> {
    let (queue, store) = (opened.queue()?, opened.store()?);
    Ok(WorkQueue { queue, store, targets: opened.targets() })
}

/// Sleeps on behalf of a use case.
pub(crate) fn sleep(time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(tokio::time::sleep(time))
}

/// Starts a task on behalf of a use case.
pub(crate) fn spawn(task: Pin<Box<dyn Future<Output = ()> + Send>>) {
    drop(tokio::spawn(task));
}

/// The progress of the work on a queue. The total is an estimate, since other processes add and
/// process messages at the same time.
#[derive(Debug)]
pub(crate) struct QueueProgress {
    progress: Progress,
    done: AtomicU64,
    total: u64,
}

impl QueueProgress {
    /// Returns the progress of `work` when `waiting` messages wait.
    pub(crate) fn new(work: &WorkQueue, waiting: u64) -> Self {
        let total = waiting * work.targets.len() as u64;
        let progress = Progress::new("embedding from the queue".to_owned(), Unit::Products);
        Self { progress, done: AtomicU64::new(0), total }
    }

    /// Shows that `done` more messages are done.
    pub(crate) fn more(&self, done: u64) {
        let done = self.done.fetch_add(done, Ordering::Relaxed) + done;
        self.progress.at(done, Some(self.total.max(done)), "");
    }
}
