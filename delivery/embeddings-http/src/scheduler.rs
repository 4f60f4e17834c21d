//! Embeds the texts of concurrent requests in common batches.
//!
//! The texts wait by request. A batch takes one text of each request in turn, until it has as many tokens
//! as the settings allow, so that a request of thousands of texts delays one of a single text by a batch or
//! two. A fixed number of batches runs at once. A request that is dropped loses its place.

mod request;
mod waiting;

pub(crate) use request::TextResult;
use request::{Request, TextFailure};
pub(crate) use waiting::WaitingText;
use waiting::{Batch, Waiting};

use akin_ports::{EmbeddedBatch, Embedder, ErrorKind, PortError, PortResult};
use futures::FutureExt;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// How texts share batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// The number of tokens in a batch; a single longer text is a batch of its own.
    pub tokens: NonZeroUsize,
    /// The number of batches that run at the same time: one more than the embedder has threads, so that
    /// none of them waits for the next batch.
    pub parallel: NonZeroUsize,
    /// The number of waiting tokens from which no further request is accepted.
    pub waiting_tokens: NonZeroUsize,
}

/// Batches texts. Dropping it ends its tasks.
#[derive(Debug)]
pub(crate) struct Scheduler {
    shared: Arc<Shared>,
    _workers: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    embedder: Arc<dyn Embedder>,
    limits: BatchLimits,
    waiting: Mutex<Waiting>,
    /// Signaled when texts wait.
    more: Notify,
    batches: AtomicU64,
}

/// More tokens wait than the settings allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overloaded;

/// What waits, and what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SchedulerCounts {
    pub(crate) waiting_texts: usize,
    pub(crate) waiting_tokens: usize,
    pub(crate) batches: u64,
}

/// The place of a request among those that wait. Dropping it gives up the place.
struct Place<'a> {
    shared: &'a Shared,
    request: Arc<Request>,
}

impl Scheduler {
    /// Starts the tasks of a scheduler; needs a tokio runtime.
    pub(crate) fn start(embedder: Arc<dyn Embedder>, limits: BatchLimits) -> Self {
        let waiting = Mutex::default();
        let (more, batches) = (Notify::new(), AtomicU64::new(0));
        let shared = Arc::new(Shared { embedder, limits, waiting, more, batches });
        let mut workers = JoinSet::new();
        for _ in 0..limits.parallel.get() {
            let shared = Arc::clone(&shared);
            workers.spawn(async move { shared.work().await });
        }
        Self { shared, _workers: workers }
    }

    /// Embeds the texts of a request. The results are in the order of the texts' indices, which count from 0.
    pub(crate) async fn embed(
        &self,
        texts: Vec<WaitingText>,
    ) -> Result<Vec<TextResult>, Overloaded> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let count = texts.len();
        let (request, results) = Request::new(count);
        let place = Place { shared: &self.shared, request: Arc::clone(&request) };
        {
            let mut waiting = self.shared.waiting();
            if waiting.tokens() >= self.shared.limits.waiting_tokens.get() {
                return Err(Overloaded);
            }
            waiting.push(request, texts);
        }
        self.shared.more.notify_one();
        let results = results.await;
        drop(place);
        Ok(results.unwrap_or_else(|_| vec![Err(TextFailure); count]))
    }

    pub(crate) fn counts(&self) -> SchedulerCounts {
        let waiting = self.shared.waiting();
        SchedulerCounts {
            waiting_texts: waiting.texts(),
            waiting_tokens: waiting.tokens(),
            batches: self.shared.batches.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.waiting().remove(&self.request);
    }
}

impl Shared {
    /// Runs batches forever.
    async fn work(&self) {
        loop {
            match self.next_batch() {
                Some(batch) => self.run(batch).await,
                None => self.more.notified().await,
            }
        }
    }

    fn next_batch(&self) -> Option<Batch> {
        let mut waiting = self.waiting();
        let batch = waiting.take(self.limits.tokens.get());
        if waiting.texts() > 0 {
            self.more.notify_one();
        }
        batch
    }

    /// Embeds a batch, and each text alone if that fails: a text that the model cannot embed fails no other.
    async fn run(&self, batch: Batch) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        let Batch { texts, places } = batch;
        match self.embed(&texts).await {
            Ok(embedded) => {
                for (place, embedding) in places.into_iter().zip(embedded.embeddings) {
                    place.settle(Ok(embedding));
                }
            }
            Err(_) if texts.len() > 1 => {
                for (text, place) in texts.into_iter().zip(places) {
                    let alone = self.embed(&[text]).await;
                    let alone = alone.map(|mut embedded| embedded.embeddings.swap_remove(0));
                    place.settle(alone.map_err(|error| failure(&error)));
                }
            }
            Err(error) => {
                let failure = failure(&error);
                for place in places {
                    place.settle(Err(failure));
                }
            }
        }
    }

    /// Embeds texts. A panic is an error, and ends no task.
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        let embedded = AssertUnwindSafe(self.embedder.embed(texts)).catch_unwind().await;
        let corrupt =
            |reason: &str| PortError::new("embedder", ErrorKind::Corrupt, reason.to_owned());
        let embedded = embedded.map_err(|_| corrupt("it panicked"))??;
        if embedded.embeddings.len() == texts.len() {
            Ok(embedded)
        } else {
            Err(corrupt("it gave another number of embeddings than there were texts"))
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // No holder leaves the texts inconsistent.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs why a text was not embedded, once.
fn failure(error: &PortError) -> TextFailure {
    tracing::error!(error = error.report(), "a text could not be embedded");
    TextFailure
}

#[cfg(test)]
mod tests;
