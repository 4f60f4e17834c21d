//! Schedules inferences on a fixed number of threads.
//!
//! Single texts are queries and take precedence; equal queries that wait or run share one inference.
//! Larger batches are cut into slices of about 30 ms and take turns, so that a query waits for one
//! slice at most, and memory stays bounded.
//!
//! There is one slot per core, and an inference takes one. A query that is alone takes several slots,
//! and up to as many threads share its inference. Usually a thread of the scheduler infers; a short
//! query that need not wait is inferred on the caller's thread, as long as that is fast.

use crate::inference::{Inference, InferenceError, InferenceOutput};
use sbert_cpu::Encoder;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The maximum number of texts in a slice.
const SLICE_TEXTS: usize = 64;
/// The approximate number of bytes of text in a slice: about 500 tokens.
const SLICE_BYTES: usize = 2_048;
/// The maximum size in bytes of a query inferred on the caller's thread. Its other tasks wait for a
/// millisecond or two, instead of the twenty of a long text.
const SHORT_QUERY: usize = 128;
/// The maximum duration of the last short query. A large model or a slow processor exceeds it; then
/// the threads of the scheduler infer every query.
const SHORT_TIME: Duration = Duration::from_millis(5);
/// The number of queries that may overtake a waiting slice, so that batches end even under full load.
const QUERIES_PER_SLICE: u32 = 32;

/// Shares the processor's cores among concurrent requests. Dropping it ends its threads.
#[derive(Debug)]
pub(crate) struct Scheduler(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inference: Box<dyn Inference>,
    queues: Mutex<Queues>,
    is_work: Condvar,
}

type ResultSender<T> = oneshot::Sender<Result<T, InferenceError>>;

#[derive(Debug, Default)]
struct Queues {
    /// Queries to run, in order of arrival.
    queries: VecDeque<Arc<str>>,
    /// The callers that wait for each query, until it is answered.
    waiting: HashMap<Arc<str>, Vec<ResultSender<InferenceOutput>>>,
    /// Batches to run, with the index of the first text of each that has not been taken.
    batches: VecDeque<(Arc<Batch>, usize)>,
    /// The number of queries that have overtaken the next slice.
    overtaken: u32,
    /// The number of free slots.
    free_slots: usize,
    /// The duration of the last short query.
    short_took: Duration,
    is_closed: bool,
}

/// Texts that are embedded in slices.
#[derive(Debug)]
struct Batch {
    texts: Vec<String>,
    progress: Mutex<BatchProgress>,
}

#[derive(Debug)]
struct BatchProgress {
    inferred: Vec<Option<InferenceOutput>>,
    left: usize,
    /// `None` after the result was sent.
    waiter: Option<ResultSender<Vec<InferenceOutput>>>,
}

enum Task {
    Query { text: Arc<str>, threads: usize },
    Slice { batch: Arc<Batch>, texts: Range<usize> },
}

impl Task {
    /// Returns the number of slots that the task takes.
    fn slots(&self) -> usize {
        match self {
            Self::Query { threads, .. } => *threads,
            Self::Slice { .. } => 1,
        }
    }
}

impl Scheduler {
    /// Starts `threads` threads. At most that many inferences run at once.
    pub(crate) fn start(inference: Box<dyn Inference>, threads: NonZeroUsize) -> io::Result<Self> {
        let queues = Mutex::new(Queues { free_slots: threads.get(), ..Queues::default() });
        let shared = Shared { inference, queues, is_work: Condvar::new() };
        let scheduler = Self(Arc::new(shared));
        for number in 0..threads.get() {
            let shared = Arc::clone(&scheduler.0);
            let name = format!("embed-{number}");
            thread::Builder::new().name(name).spawn(move || shared.work())?;
        }
        Ok(scheduler)
    }

    /// Returns the model.
    pub(crate) fn model(&self) -> &dyn Inference {
        &*self.0.inference
    }

    /// Embeds each text, in order. Dropping the future cancels the work that has not started.
    pub(crate) async fn embed(
        &self,
        texts: &[String],
    ) -> Result<Vec<InferenceOutput>, InferenceError> {
        let lost = |_| InferenceError::new("the threads that embed have ended");
        match texts {
            [] => Ok(Vec::new()),
            [query] => Ok(vec![self.0.ask(query).await.map_err(lost)??]),
            batch => self.0.enqueue(batch.to_vec()).await.map_err(lost)?,
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        lock(&self.0.queues).is_closed = true;
        self.0.is_work.notify_all();
    }
}

impl Shared {
    /// Enqueues a query, and infers a short one on this thread if nothing else waits: waking another
    /// thread and being woken by it takes a tenth of the time of the inference.
    fn ask(&self, query: &str) -> oneshot::Receiver<Result<InferenceOutput, InferenceError>> {
        let mut queues = lock(&self.queues);
        let answer = queues.ask(query);
        let is_short = query.len() <= SHORT_QUERY && queues.short_took < SHORT_TIME;
        let runs_here = is_short && queues.holds_only(query);
        let task = if runs_here { queues.next_task() } else { None };
        drop(queues);
        let has_more = task.is_none_or(|task| self.run(task));
        if has_more {
            self.is_work.notify_one();
        }
        answer
    }

    fn enqueue(
        &self,
        texts: Vec<String>,
    ) -> oneshot::Receiver<Result<Vec<InferenceOutput>, InferenceError>> {
        let (waiter, answer) = oneshot::channel();
        let (inferred, left) = (vec![None; texts.len()], texts.len());
        let progress = Mutex::new(BatchProgress { inferred, left, waiter: Some(waiter) });
        lock(&self.queues).batches.push_back((Arc::new(Batch { texts, progress }), 0));
        self.is_work.notify_all();
        answer
    }

    /// Runs tasks until the scheduler is closed.
    fn work(&self) {
        while let Some(task) = self.next_task() {
            self.run(task);
        }
    }

    /// Runs `task` and frees its slots. Returns true if more work waits.
    fn run(&self, task: Task) -> bool {
        let slots = task.slots();
        match task {
            Task::Query { text, threads } => {
                let began = Instant::now();
                let answer = self.infer(&[&text], threads).map(|mut outputs| outputs.remove(0));
                let waiters = lock(&self.queues).finish(&text, began.elapsed());
                for waiter in waiters.into_iter().flatten() {
                    // The caller may have dropped its future.
                    drop(waiter.send(answer.clone()));
                }
            }
            Task::Slice { batch, texts } => {
                let slice: Vec<_> = batch.texts[texts.clone()].iter().map(|t| &**t).collect();
                batch.complete_slice(texts, self.infer(&slice, 1));
            }
        }
        let mut queues = lock(&self.queues);
        queues.free_slots += slots;
        let has_more = !queues.queries.is_empty() || !queues.batches.is_empty();
        drop(queues);
        if has_more && slots > 1 {
            // Threads that found no free slot in the meantime are asleep.
            self.is_work.notify_all();
        }
        has_more
    }

    /// Waits for a task; returns `None` after the scheduler is closed.
    fn next_task(&self) -> Option<Task> {
        let mut queues = lock(&self.queues);
        loop {
            if queues.is_closed {
                return None;
            }
            if let Some(task) = queues.next_task() {
                return Some(task);
            }
            queues = self.is_work.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Embeds `texts`. A panic is returned as an error and does not end the thread.
    fn infer(
        &self,
        texts: &[&str],
        threads: usize,
    ) -> Result<Vec<InferenceOutput>, InferenceError> {
        let infer = AssertUnwindSafe(|| self.inference.infer(texts, threads));
        let inferred =
            catch_unwind(infer).unwrap_or_else(|panic| Err(InferenceError::from_panic(&*panic)))?;
        if inferred.len() == texts.len() {
            return Ok(inferred);
        }
        let (found, wanted) = (inferred.len(), texts.len());
        Err(InferenceError::new(format!("the model gave {found} embeddings for {wanted} texts")))
    }
}

impl Queues {
    fn ask(&mut self, query: &str) -> oneshot::Receiver<Result<InferenceOutput, InferenceError>> {
        let (waiter, answer) = oneshot::channel();
        if let Some(waiters) = self.waiting.get_mut(query) {
            waiters.push(waiter);
        } else {
            let query: Arc<str> = query.into();
            self.waiting.insert(Arc::clone(&query), vec![waiter]);
            self.queries.push_back(query);
        }
        answer
    }

    /// Records that `query` was inferred, and returns the callers that wait for it.
    fn finish(
        &mut self,
        query: &str,
        took: Duration,
    ) -> Option<Vec<ResultSender<InferenceOutput>>> {
        if query.len() <= SHORT_QUERY {
            self.short_took = took;
        }
        self.waiting.remove(query)
    }

    /// Returns whether nothing but `query` waits.
    fn holds_only(&self, query: &str) -> bool {
        self.batches.is_empty() && self.queries.len() == 1 && &*self.queries[0] == query
    }

    /// Takes slots for the next task; returns `None` if nothing waits or no slot is free.
    fn next_task(&mut self) -> Option<Task> {
        let task = if self.free_slots > 0 { self.pop()? } else { return None };
        self.free_slots -= task.slots();
        Some(task)
    }

    /// Returns the next task, given that at least one slot is free.
    fn pop(&mut self) -> Option<Task> {
        self.batches.retain(|(batch, _)| batch.is_wanted());
        let may_overtake = self.batches.is_empty() || self.overtaken < QUERIES_PER_SLICE;
        if may_overtake && let Some(text) = self.next_query() {
            self.overtaken = if self.batches.is_empty() { 0 } else { self.overtaken + 1 };
            let is_alone = self.queries.is_empty() && self.batches.is_empty();
            let threads = if is_alone { self.free_slots.min(Encoder::MAX_MEMBERS) } else { 1 };
            return Some(Task::Query { text, threads });
        }
        self.overtaken = 0;
        let (batch, start) = self.batches.pop_front()?;
        let texts = batch.slice(start);
        if texts.end < batch.texts.len() {
            self.batches.push_back((Arc::clone(&batch), texts.end));
        }
        Some(Task::Slice { batch, texts })
    }

    /// Returns the next query that a caller still waits for.
    fn next_query(&mut self) -> Option<Arc<str>> {
        while let Some(query) = self.queries.pop_front() {
            let waiters = self.waiting.get(&query);
            if waiters.is_some_and(|waiters| waiters.iter().any(|waiter| !waiter.is_closed())) {
                return Some(query);
            }
            self.waiting.remove(&query);
        }
        None
    }
}

impl Batch {
    /// Returns the range of the slice that starts at `start`.
    fn slice(&self, start: usize) -> Range<usize> {
        let mut bytes = 0;
        let rest = self.texts[start..].iter().take(SLICE_TEXTS);
        let fits = rest.take_while(|text| {
            let is_room = bytes < SLICE_BYTES;
            bytes += text.len();
            is_room
        });
        start..start + fits.count()
    }

    fn is_wanted(&self) -> bool {
        lock(&self.progress).waiter.as_ref().is_some_and(|waiter| !waiter.is_closed())
    }

    /// Stores the results of a slice, and sends the batch's result after the last slice or an error.
    fn complete_slice(
        &self,
        texts: Range<usize>,
        slice: Result<Vec<InferenceOutput>, InferenceError>,
    ) {
        let mut progress = lock(&self.progress);
        let finish = match slice {
            Err(error) => Some(Err(error)),
            Ok(inferred) => {
                progress.left -= texts.len();
                progress.inferred[texts]
                    .iter_mut()
                    .zip(inferred)
                    .for_each(|(to, it)| *to = Some(it));
                let is_last = progress.left == 0;
                is_last.then(|| Ok(progress.inferred.drain(..).flatten().collect()))
            }
        };
        if let Some(finish) = finish
            && let Some(waiter) = progress.waiter.take()
        {
            // The caller may have dropped its future.
            drop(waiter.send(finish));
        }
    }
}

/// Nothing that holds one of these locks leaves its data inconsistent, so a poisoned lock can be used.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
