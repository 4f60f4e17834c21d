use super::*;
use akin_entities::{Embedding, Fingerprint};
use akin_ports::TokenizedText;
use futures::future::{FutureExt, join_all};
use std::pin::pin;
use std::sync::mpsc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A model that runs one inference per permit, and reports the texts it receives.
#[derive(Debug)]
struct GatedModel {
    asked: mpsc::SyncSender<Vec<String>>,
    permits: Mutex<mpsc::Receiver<()>>,
}

/// Controls a [`GatedModel`].
struct Gate {
    asked: mpsc::Receiver<Vec<String>>,
    permits: mpsc::Sender<()>,
}

impl Inference for GatedModel {
    fn infer(&self, texts: &[&str], _: usize) -> Result<Vec<InferenceOutput>, InferenceError> {
        self.asked.send(texts.iter().map(|&text| text.to_owned()).collect()).unwrap();
        lock(&self.permits).recv().map_err(|_| InferenceError::new("the gate is closed"))?;
        assert!(!texts.iter().any(|text| text.starts_with("panic")), "on purpose");
        Ok(texts.iter().map(|text| inferred(text)).collect())
    }

    fn tokenize(&self, _: &str) -> TokenizedText {
        unreachable!("the scheduler does not ask for it")
    }

    fn token(&self, _: u32) -> Option<String> {
        unreachable!("the scheduler does not ask for it")
    }

    fn fingerprint(&self) -> &Fingerprint {
        unreachable!("the scheduler does not ask for it")
    }

    fn token_limit(&self) -> usize {
        unreachable!("the scheduler does not ask for it")
    }
}

impl Gate {
    /// Returns the texts of the next inference, which waits for its permit.
    fn asked(&self) -> Vec<String> {
        self.asked.recv_timeout(Duration::from_mins(1)).expect("nothing is asked")
    }

    fn permit(&self) {
        self.permits.send(()).unwrap();
    }
}

type Answer = Result<Vec<InferenceOutput>, InferenceError>;

fn inferred(text: &str) -> InferenceOutput {
    #[expect(clippy::cast_precision_loss, reason = "test texts are short")]
    let raw = [1.0, text.len() as f32];
    InferenceOutput { embedding: Embedding::new(&raw).unwrap(), is_truncated: false }
}

fn gated(threads: usize) -> (Scheduler, Gate) {
    let (asked, asked_side) = mpsc::sync_channel(1_000);
    let (permits, permits_side) = mpsc::channel();
    let gated = GatedModel { asked, permits: Mutex::new(permits_side) };
    let scheduler = Scheduler::start(Box::new(gated), threads.try_into().unwrap()).unwrap();
    (scheduler, Gate { asked: asked_side, permits })
}

/// Returns a query that is too long for the caller's thread.
fn long(word: &str) -> [String; 1] {
    [word.repeat(SHORT_QUERY)]
}

fn texts<const N: usize>(texts: [&str; N]) -> [String; N] {
    texts.map(str::to_owned)
}

/// Returns a batch of three slices.
fn three_slices() -> Vec<String> {
    (0..SLICE_TEXTS * 3).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn equal_queries_in_flight_share_one_inference() {
    let (scheduler, gate) = gated(2);
    let query = long("tripod");
    let mut all = join_all((0..8).map(|_| scheduler.embed(&query)));
    assert!((&mut all).now_or_never().is_none());
    assert_eq!(gate.asked(), query);
    gate.permit();
    assert!(all.await.into_iter().all(|answer| answer == Ok(vec![inferred(&query[0])])));
    assert!(gate.asked.try_recv().is_err(), "there was a second inference");
}

#[tokio::test]
async fn work_that_waited_for_a_query_on_all_cores_gets_them_afterwards() {
    let (scheduler, gate) = gated(3);
    let (query, batch) = (long("tripod"), three_slices());
    let mut query = pin!(scheduler.embed(&query));
    assert!((&mut query).now_or_never().is_none());
    assert_eq!(gate.asked().len(), 1);
    let mut batch = pin!(scheduler.embed(&batch));
    assert!((&mut batch).now_or_never().is_none());
    gate.permit();
    query.await.unwrap();
    // Nothing has been permitted yet, so each slice has its own thread.
    assert_eq!(
        [gate.asked(), gate.asked(), gate.asked()].map(|slice| slice.len()),
        [SLICE_TEXTS; 3]
    );
    (0..3).for_each(|_| gate.permit());
    assert_eq!(batch.await.unwrap().len(), SLICE_TEXTS * 3);
}

#[tokio::test]
async fn a_query_is_inferred_again_after_an_equal_one_was_answered() {
    let (scheduler, gate) = gated(1);
    for _ in 0..2 {
        gate.permit();
        scheduler.embed(&texts(["tripod"])).await.unwrap();
    }
    assert_eq!([gate.asked(), gate.asked()].concat(), ["tripod", "tripod"]);
}

#[tokio::test]
async fn a_query_waits_for_one_slice_of_a_batch_at_most() {
    let (scheduler, gate) = gated(1);
    let (batch, query) = (three_slices(), texts(["tripod"]));
    let mut batch = pin!(scheduler.embed(&batch));
    assert!((&mut batch).now_or_never().is_none());
    assert_eq!(gate.asked().len(), SLICE_TEXTS);
    let mut query = pin!(scheduler.embed(&query));
    assert!((&mut query).now_or_never().is_none());
    gate.permit();
    assert_eq!(gate.asked(), ["tripod"]);
    gate.permit();
    query.await.unwrap();
    (0..2).for_each(|_| gate.permit());
    assert_eq!(batch.await.unwrap().len(), SLICE_TEXTS * 3);
}

#[tokio::test]
async fn batches_take_turns() {
    let (scheduler, gate) = gated(1);
    let (long, short) = (three_slices(), texts(["a", "b"]));
    let (mut long, mut short) = (pin!(scheduler.embed(&long)), pin!(scheduler.embed(&short)));
    assert!((&mut long).now_or_never().is_none());
    // The rest of the long batch waits when the short one arrives.
    assert_eq!(gate.asked().len(), SLICE_TEXTS);
    assert!((&mut short).now_or_never().is_none());
    (0..4).for_each(|_| gate.permit());
    let (long, short) = futures::future::join(long, short).await;
    assert_eq!((long.unwrap().len(), short.unwrap().len()), (SLICE_TEXTS * 3, 2));
    let sizes: Vec<_> = (0..3).map(|_| gate.asked().len()).collect();
    assert_eq!(sizes, [SLICE_TEXTS, 2, SLICE_TEXTS]);
}

#[tokio::test]
async fn a_batch_finishes_under_a_constant_load_of_queries() {
    let (scheduler, gate) = gated(1);
    let queries: Vec<_> = (0..100).map(|number| long(&format!("query {number}"))).collect();
    let batch = texts(["a", "b"]);
    let all = join_all(queries.iter().map(|query| scheduler.embed(query)));
    let mut all = pin!(futures::future::join(all, scheduler.embed(&batch)));
    assert!((&mut all).now_or_never().is_none());
    (0..101).for_each(|_| gate.permit());
    all.await.1.unwrap();
    let turn = (0..101).position(|_| gate.asked() == batch).unwrap();
    assert!(turn <= 1 + QUERIES_PER_SLICE as usize, "the batch was number {turn}");
}

#[tokio::test]
async fn each_text_of_a_batch_gets_its_own_embedding() {
    let (scheduler, gate) = gated(3);
    let batch: Vec<_> = (0..500).map(|length| "x".repeat(length)).collect();
    (0..500).for_each(|_| gate.permit());
    let answer = scheduler.embed(&batch).await.unwrap();
    assert_eq!(answer, batch.iter().map(|text| inferred(text)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cancelled_query_is_not_inferred() {
    let (scheduler, gate) = gated(1);
    let (started, cancelled, last) = (long("first"), texts(["given up"]), texts(["last"]));
    let mut first = pin!(scheduler.embed(&started));
    assert!((&mut first).now_or_never().is_none());
    assert_eq!(gate.asked(), started);
    assert!(scheduler.embed(&cancelled).now_or_never().is_none());
    let mut last = pin!(scheduler.embed(&last));
    assert!((&mut last).now_or_never().is_none());
    (0..2).for_each(|_| gate.permit());
    first.await.unwrap();
    last.await.unwrap();
    assert_eq!(gate.asked(), ["last"]);
}

#[tokio::test]
async fn cancelling_one_of_two_equal_queries_leaves_the_other_running() {
    let (scheduler, gate) = gated(1);
    let query = long("tripod");
    assert!(scheduler.embed(&query).now_or_never().is_none());
    let mut other = pin!(scheduler.embed(&query));
    assert!((&mut other).now_or_never().is_none());
    (0..2).for_each(|_| gate.permit());
    assert_eq!(other.await, Ok(vec![inferred(&query[0])]));
}

#[tokio::test]
async fn the_rest_of_a_cancelled_batch_is_skipped() {
    let (scheduler, gate) = gated(1);
    let batch = three_slices();
    let mut cancelled = Box::pin(scheduler.embed(&batch));
    assert!((&mut cancelled).now_or_never().is_none());
    assert_eq!(gate.asked().len(), SLICE_TEXTS);
    drop(cancelled);
    (0..2).for_each(|_| gate.permit());
    scheduler.embed(&texts(["tripod"])).await.unwrap();
    assert_eq!(gate.asked(), ["tripod"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_that_was_not_cancelled_is_answered() {
    let (scheduler, gate) = gated(2);
    let scheduler = Arc::new(scheduler);
    (0..10_000).for_each(|_| gate.permit());
    let asked = gate.asked;
    let drain = thread::spawn(move || asked.into_iter().count());
    let tasks: Vec<_> = (0..900_usize)
        .map(|number| {
            let scheduler = Arc::clone(&scheduler);
            let size = if number % 5 == 0 { 200 } else { 1 };
            let texts: Vec<_> = (0..size).map(|text| format!("{}", (number + text) % 50)).collect();
            tokio::spawn(async move { scheduler.embed(&texts).await.map(|all| all.len() == size) })
        })
        .collect();
    for (number, task) in tasks.iter().enumerate() {
        if number % 3 == 0 {
            task.abort();
        }
    }
    for (number, task) in tasks.into_iter().enumerate() {
        let answer = task.await;
        assert!(number % 3 == 0 || answer.unwrap() == Ok(true), "number {number}");
    }
    let shared = Arc::downgrade(&scheduler.0);
    // The threads remove the last cancelled requests asynchronously.
    while !lock(&scheduler.0.queues).waiting.is_empty() {
        thread::yield_now();
    }
    drop(scheduler);
    assert!(drain.join().unwrap() > 0);
    assert_eq!(shared.strong_count(), 0);
}

#[tokio::test]
async fn a_panic_fails_only_the_request_that_caused_it() {
    let (scheduler, gate) = gated(1);
    (0..4).for_each(|_| gate.permit());
    let error = scheduler.embed(&texts(["panic"])).await.unwrap_err();
    assert_eq!(error.to_string(), "the model panicked: on purpose");
    assert_eq!(scheduler.embed(&long("panic")).await.unwrap_err(), error);
    assert!(scheduler.embed(&texts(["a", "panic"])).await.is_err());
    assert!(scheduler.embed(&texts(["tripod"])).await.is_ok());
}

#[tokio::test]
async fn a_short_query_is_inferred_on_the_callers_thread() {
    let answered_at_once = |query: &str| {
        let (scheduler, gate) = gated(2);
        gate.permit();
        scheduler.embed(&texts([query])).now_or_never()
    };
    let longest = "x".repeat(SHORT_QUERY);
    for query in ["", "tripod", &longest] {
        assert_eq!(answered_at_once(query), Some(Ok(vec![inferred(query)])));
    }
    let longer = [format!("{longest}x")];
    let (scheduler, gate) = gated(2);
    let mut answer = pin!(scheduler.embed(&longer));
    // Without a permit no thread of the scheduler can have answered.
    assert!((&mut answer).now_or_never().is_none());
    gate.permit();
    assert_eq!(answer.await, Ok(vec![inferred(&longer[0])]));
}

/// Returns a scheduler of `threads` threads, and a thread that is inferring "first" for it.
fn first_asked_elsewhere(threads: usize) -> (Arc<Scheduler>, Gate, JoinHandle<Answer>) {
    let (scheduler, gate) = gated(threads);
    let scheduler = Arc::new(scheduler);
    let asked = Arc::clone(&scheduler);
    let first = tokio::spawn(async move { asked.embed(&texts(["first"])).await });
    assert_eq!(gate.asked(), ["first"]);
    (scheduler, gate, first)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn slow_queries_are_not_inferred_on_the_callers_thread() {
    let (scheduler, gate, first) = first_asked_elsewhere(2);
    thread::sleep(SHORT_TIME);
    gate.permit();
    first.await.unwrap().unwrap();
    let query = texts(["second"]);
    let mut second = pin!(scheduler.embed(&query));
    assert!((&mut second).now_or_never().is_none());
    gate.permit();
    second.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn equal_queries_share_an_inference_on_a_callers_thread() {
    let (scheduler, gate, first) = first_asked_elsewhere(2);
    let query = texts(["first"]);
    let mut second = pin!(scheduler.embed(&query));
    assert!((&mut second).now_or_never().is_none());
    gate.permit();
    let answers = [first.await.unwrap(), second.await];
    assert!(answers.into_iter().all(|answer| answer == Ok(vec![inferred("first")])));
    assert!(gate.asked.try_recv().is_err(), "there was a second inference");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_inference_on_a_callers_thread_takes_a_slot_and_frees_it() {
    let (scheduler, gate, first) = first_asked_elsewhere(1);
    let query = texts(["second"]);
    let mut second = pin!(scheduler.embed(&query));
    assert!((&mut second).now_or_never().is_none());
    assert!(gate.asked.recv_timeout(Duration::from_millis(50)).is_err(), "two at once");
    gate.permit();
    first.await.unwrap().unwrap();
    assert_eq!(gate.asked(), ["second"]);
    gate.permit();
    second.await.unwrap();
}

#[test]
fn a_single_query_takes_all_free_slots_up_to_the_limit_and_one_of_many_takes_one() {
    let taken = |free_slots, queries: &[&str]| {
        let mut queues = Queues { free_slots, ..Queues::default() };
        let _answers: Vec<_> = queries.iter().map(|query| queues.ask(query)).collect();
        let slots: Vec<_> =
            std::iter::from_fn(|| queues.next_task()).map(|task| task.slots()).collect();
        (slots, queues.free_slots)
    };
    assert_eq!(taken(2, &["one"]), (vec![2], 0));
    assert_eq!(taken(3, &["one", "two"]), (vec![1, 2], 0));
    assert_eq!(taken(2, &["one", "two", "three"]), (vec![1, 1], 0));
    assert_eq!(taken(8, &["one"]), (vec![Encoder::MAX_MEMBERS], 8 - Encoder::MAX_MEMBERS));
}

#[tokio::test]
async fn dropping_the_scheduler_ends_its_threads() {
    let (scheduler, _gate) = gated(2);
    let shared = Arc::downgrade(&scheduler.0);
    drop(scheduler);
    while shared.strong_count() > 0 {
        thread::yield_now();
    }
}
