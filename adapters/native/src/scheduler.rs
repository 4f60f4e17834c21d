//! Who computes what, and when.
//!
//! Single texts are queries: somebody waits for each, so they go first, and equal ones that wait
//! or run share one inference. Larger batches are cut into slices of some 30 ms and take turns
//! with each other, so that a query waits for one slice at the most, and memory stays bounded.
//!
//! There is a place for each core, and whoever infers takes one; a query that is alone takes several,
//! and as many threads infer it together, as far as they come in time. As a rule a thread of the
//! scheduler infers; a short query that need not wait is inferred by the thread that asks, as long as
//! that is quick.

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

/// The most texts of a slice.
const SLICE_TEXTS: usize = 64;
/// About how many bytes of text a slice has: some 500 tokens.
const SLICE_BYTES: usize = 2_048;
/// The most bytes of a query that the thread that asks may infer: it may have other tasks, and these
/// are kept waiting for a millisecond or two, not for the twenty of a long text.
const SHORT_QUERY: usize = 128;
/// The longest that the last short query may have taken: it takes longer with a large model or on a
/// slow processor, and then threads of the scheduler infer them all.
const SHORT_TIME: Duration = Duration::from_millis(5);
/// How many queries may go before a slice that waits: batches shall end even under full load.
const QUERIES_PER_SLICE: u32 = 32;

/// Shares the processor's cores among those who want embeddings. Dropping it ends its threads.
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
    /// Queries to run, in the order in which they came.
    queries: VecDeque<Arc<str>>,
    /// Who waits for a query, until it was answered.
    waiting: HashMap<Arc<str>, Vec<ResultSender<InferenceOutput>>>,
    /// Batches to run, and the first text of each that was not yet taken.
    batches: VecDeque<(Arc<Batch>, usize)>,
    /// How many queries went before the slice that is next.
    overtaken: u32,
    /// How many more may infer at once.
    free_places: usize,
    /// How long the last short query took.
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
    /// `None` when it was told how it ended.
    waiter: Option<ResultSender<Vec<InferenceOutput>>>,
}

enum Task {
    Query { text: Arc<str>, threads: usize },
    Slice { batch: Arc<Batch>, texts: Range<usize> },
}

impl Task {
    /// How many places it takes.
    fn places(&self) -> usize {
        match self {
            Self::Query { threads, .. } => *threads,
            Self::Slice { .. } => 1,
        }
    }
}

impl Scheduler {
    /// Starts `threads` threads; no more than that infer at once.
    pub(crate) fn start(inference: Box<dyn Inference>, threads: NonZeroUsize) -> io::Result<Self> {
        let queues = Mutex::new(Queues { free_places: threads.get(), ..Queues::default() });
        let shared = Shared { inference, queues, is_work: Condvar::new() };
        let scheduler = Self(Arc::new(shared));
        for number in 0..threads.get() {
            let shared = Arc::clone(&scheduler.0);
            let name = format!("embed-{number}");
            thread::Builder::new().name(name).spawn(move || shared.work())?;
        }
        Ok(scheduler)
    }

    /// Embeds each text, in order. Dropping the future gives up what was not yet begun.
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
    /// Infers a short query here if nothing else waits: to wake a thread, and to be woken by it, takes
    /// a tenth of the time of the inference itself.
    fn ask(&self, query: &str) -> oneshot::Receiver<Result<InferenceOutput, InferenceError>> {
        let mut queues = lock(&self.queues);
        let answer = queues.ask(query);
        let is_short = query.len() <= SHORT_QUERY && queues.short_took < SHORT_TIME;
        let is_for_here = is_short && queues.holds_only(query);
        let task = if is_for_here { queues.next_task() } else { None };
        drop(queues);
        let is_more = task.is_none_or(|task| self.run(task));
        if is_more {
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

    /// What one thread does.
    fn work(&self) {
        while let Some(task) = self.next_task() {
            self.run(task);
        }
    }

    /// Does `task` and gives its places back; whether more waits.
    fn run(&self, task: Task) -> bool {
        let places = task.places();
        match task {
            Task::Query { text, threads } => {
                let began = Instant::now();
                let answer = self.infer(&[&text], threads).map(|mut one| one.remove(0));
                let waiters = lock(&self.queues).end(&text, began.elapsed());
                for waiter in waiters.into_iter().flatten() {
                    // Who went away needs no answer.
                    drop(waiter.send(answer.clone()));
                }
            }
            Task::Slice { batch, texts } => {
                let slice: Vec<_> = batch.texts[texts.clone()].iter().map(|t| &**t).collect();
                batch.keep(texts, self.infer(&slice, 1));
            }
        }
        let mut queues = lock(&self.queues);
        queues.free_places += places;
        !queues.queries.is_empty() || !queues.batches.is_empty()
    }

    /// Waits for something to do; `None` at the end.
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

    /// Infers; a panic is a fault of these texts and does not end the thread.
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

    /// Notes that `query` was inferred, and how long that took; who waits for it.
    fn end(&mut self, query: &str, took: Duration) -> Option<Vec<ResultSender<InferenceOutput>>> {
        if query.len() <= SHORT_QUERY {
            self.short_took = took;
        }
        self.waiting.remove(query)
    }

    /// Whether `query` is all that waits.
    fn holds_only(&self, query: &str) -> bool {
        self.batches.is_empty() && self.queries.len() == 1 && &*self.queries[0] == query
    }

    /// Takes places for what is next; `None` when nothing waits, or no place is free.
    fn next_task(&mut self) -> Option<Task> {
        let task = if self.free_places > 0 { self.pop()? } else { return None };
        self.free_places -= task.places();
        Some(task)
    }

    /// What is next, when at least one place is free.
    fn pop(&mut self) -> Option<Task> {
        self.batches.retain(|(batch, _)| batch.is_wanted());
        let may_overtake = self.batches.is_empty() || self.overtaken < QUERIES_PER_SLICE;
        if may_overtake && let Some(text) = self.next_query() {
            self.overtaken = if self.batches.is_empty() { 0 } else { self.overtaken + 1 };
            let is_alone = self.queries.is_empty() && self.batches.is_empty();
            let threads = if is_alone { self.free_places.min(Encoder::MAX_MEMBERS) } else { 1 };
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

    /// The next query that somebody still waits for.
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
    /// The texts from `start` on that are embedded at once.
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

    /// Keeps what a slice gave, and tells the waiter when that was the last one, or a fault.
    fn keep(&self, texts: Range<usize>, slice: Result<Vec<InferenceOutput>, InferenceError>) {
        let mut progress = lock(&self.progress);
        let end = match slice {
            Err(fault) => Some(Err(fault)),
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
        if let Some(end) = end
            && let Some(waiter) = progress.waiter.take()
        {
            // Who went away needs no answer.
            drop(waiter.send(end));
        }
    }
}

/// Nothing that holds one of these locks leaves its data inconsistent, so a poisoned lock can be used.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
