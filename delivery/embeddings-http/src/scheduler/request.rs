use akin_entities::Embedding;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// The embedding of a text, or its failure, which was logged.
pub(crate) type TextResult = Result<Embedding, TextFailure>;

/// The model failed on a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextFailure;

/// A request whose texts are embedded in one batch or several.
#[derive(Debug)]
pub(crate) struct Request(Mutex<Progress>);

#[derive(Debug)]
struct Progress {
    results: Vec<Option<TextResult>>,
    left: usize,
    /// `None` after the results were sent.
    waiter: Option<oneshot::Sender<Vec<TextResult>>>,
}

/// Where the result of a text belongs.
#[derive(Debug)]
pub(crate) struct TextPlace {
    pub(crate) request: Arc<Request>,
    pub(crate) index: usize,
}

impl Request {
    /// Returns a request of so many texts, and the receiver of all its results.
    pub(crate) fn new(texts: usize) -> (Arc<Self>, oneshot::Receiver<Vec<TextResult>>) {
        let (waiter, results) = oneshot::channel();
        let progress = Progress { results: vec![None; texts], left: texts, waiter: Some(waiter) };
        (Arc::new(Self(Mutex::new(progress))), results)
    }
}

impl TextPlace {
    /// Stores the result of the text, and sends those of its request after the last one.
    pub(crate) fn settle(self, result: TextResult) {
        let mut progress = self.request.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = progress.results.get_mut(self.index) else { return };
        if place.replace(result).is_none() {
            progress.left -= 1;
        }
        if progress.left == 0
            && let Some(waiter) = progress.waiter.take()
        {
            let results = progress.results.drain(..).flatten().collect();
            // The client may be gone.
            drop(waiter.send(results));
        }
    }
}
