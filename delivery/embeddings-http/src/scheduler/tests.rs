use super::*;
use akin_entities::{Embedding, Fingerprint};
use akin_ports::PortResult;
use async_trait::async_trait;
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// An embedder that embeds one batch per permit and reports the texts it receives. It fails with any batch
/// that contains "bad", and panics at "panic".
#[derive(Debug)]
struct GatedEmbedder {
    fingerprint: Fingerprint,
    asked: mpsc::Sender<Vec<String>>,
    permits: Semaphore,
}

#[async_trait]
impl Embedder for GatedEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        self.asked.send(texts.to_vec()).unwrap();
        self.permits.acquire().await.unwrap().forget();
        assert!(!texts.iter().any(|text| text == "panic"), "on purpose");
        if texts.iter().any(|text| text == "bad") {
            return Err(PortError::new("embedder", ErrorKind::Corrupt, "it is bad"));
        }
        let embeddings = texts.iter().map(|text| embedding(text)).collect();
        Ok(EmbeddedBatch { embeddings, truncated: 0 })
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn token_limit(&self) -> usize {
        100
    }
}

struct Gate {
    embedder: Arc<GatedEmbedder>,
    asked: mpsc::Receiver<Vec<String>>,
}

impl Gate {
    /// Returns the texts of the next batch, which waits for its permit.
    async fn asked(&self) -> Vec<String> {
        loop {
            match self.asked.try_recv() {
                Ok(texts) => return texts,
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    fn permit(&self, batches: usize) {
        self.embedder.permits.add_permits(batches);
    }
}

fn embedding(text: &str) -> Embedding {
    #[expect(clippy::cast_precision_loss, reason = "texts of tests are short")]
    Embedding::new(&[1.0, text.len() as f32]).unwrap()
}

fn scheduler(tokens: usize, waiting_tokens: usize) -> (Arc<Scheduler>, Gate) {
    let (asked, receiver) = mpsc::channel();
    let fingerprint =
        Fingerprint { model: "gated@0".into(), precision: "fp32".into(), dimension: 2 };
    let embedder = GatedEmbedder { fingerprint, asked, permits: Semaphore::new(0) };
    let embedder = Arc::new(embedder);
    let limits = BatchLimits {
        tokens: tokens.try_into().unwrap(),
        parallel: NonZeroUsize::MIN,
        waiting_tokens: waiting_tokens.try_into().unwrap(),
    };
    let scheduler = Scheduler::start(embedder.clone(), limits);
    (Arc::new(scheduler), Gate { embedder, asked: receiver })
}

/// Texts with one token per byte.
fn texts(texts: &[&str]) -> Vec<WaitingText> {
    let text = |(index, text): (usize, &&str)| WaitingText {
        index,
        text: (*text).to_owned(),
        tokens: text.len(),
    };
    texts.iter().enumerate().map(text).collect()
}

type Task = tokio::task::JoinHandle<Result<Vec<TextResult>, Overloaded>>;

/// Sends a request, and waits until its texts wait or run.
async fn send(scheduler: &Arc<Scheduler>, all: &[&str]) -> Task {
    let (before, count) = (scheduler.counts().waiting_texts, all.len());
    let (sender, request) = (Arc::clone(scheduler), texts(all));
    let task = tokio::spawn(async move { sender.embed(request).await });
    while scheduler.counts().waiting_texts != before + count && !task.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    task
}

/// Occupies the only slot with a batch.
async fn occupy(scheduler: &Arc<Scheduler>, gate: &Gate) -> Task {
    let (sender, request) = (Arc::clone(scheduler), texts(&["first"]));
    let task = tokio::spawn(async move { sender.embed(request).await });
    assert_eq!(gate.asked().await, ["first"]);
    task
}

#[tokio::test]
async fn texts_of_several_requests_share_a_batch_and_get_their_own_embeddings() {
    let (scheduler, gate) = scheduler(20, 1_000);
    let first = occupy(&scheduler, &gate).await;
    let second = send(&scheduler, &["aaa", "a"]).await;
    let third = send(&scheduler, &["bb"]).await;
    gate.permit(2);
    assert_eq!(gate.asked().await, ["a", "bb", "aaa"]);
    assert_eq!(first.await.unwrap(), Ok(vec![Ok(embedding("first"))]));
    assert_eq!(second.await.unwrap(), Ok(vec![Ok(embedding("aaa")), Ok(embedding("a"))]));
    assert_eq!(third.await.unwrap(), Ok(vec![Ok(embedding("bb"))]));
}

#[tokio::test]
async fn a_large_request_does_not_starve_a_small_one() {
    let (scheduler, gate) = scheduler(10, 100_000);
    let first = occupy(&scheduler, &gate).await;
    let large = send(&scheduler, &["large"; 1_000]).await;
    let small = send(&scheduler, &["tiny"]).await;
    gate.permit(2);
    assert_eq!(gate.asked().await, ["tiny", "large"]);
    assert_eq!(small.await.unwrap().unwrap().len(), 1);
    assert!(!large.is_finished());
    gate.permit(1_000);
    assert_eq!(large.await.unwrap().unwrap().len(), 1_000);
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn requests_are_refused_while_too_many_tokens_wait() {
    let (scheduler, gate) = scheduler(10, 10);
    let first = occupy(&scheduler, &gate).await;
    // A request that exceeds the limit by itself is accepted if little waits.
    let long = send(&scheduler, &["ten tokens", "more"]).await;
    assert_eq!(scheduler.embed(texts(&["x"])).await, Err(Overloaded));
    gate.permit(3);
    assert!(long.await.unwrap().is_ok());
    first.await.unwrap().unwrap();
    gate.permit(1);
    assert!(scheduler.embed(texts(&["x"])).await.is_ok());
}

#[tokio::test]
async fn a_request_that_is_dropped_frees_its_place() {
    let (scheduler, gate) = scheduler(10, 10);
    let first = occupy(&scheduler, &gate).await;
    let dropped = send(&scheduler, &["ten tokens"]).await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    assert_eq!(scheduler.counts().waiting_tokens, 0);
    let next = send(&scheduler, &["next"]).await;
    gate.permit(2);
    assert_eq!(gate.asked().await, ["next"]);
    assert!(next.await.unwrap().is_ok());
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_text_that_fails_or_panics_fails_no_other() {
    for bad in ["bad", "panic"] {
        let (scheduler, gate) = scheduler(100, 100);
        let first = occupy(&scheduler, &gate).await;
        let mixed = send(&scheduler, &["good", bad]).await;
        let other = send(&scheduler, &["other"]).await;
        gate.permit(10);
        assert_eq!(mixed.await.unwrap(), Ok(vec![Ok(embedding("good")), Err(TextFailure)]));
        assert_eq!(other.await.unwrap(), Ok(vec![Ok(embedding("other"))]));
        first.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_request_without_texts_is_answered_at_once() {
    let (scheduler, _gate) = scheduler(1, 1);
    assert_eq!(scheduler.embed(Vec::new()).await, Ok(Vec::new()));
}
