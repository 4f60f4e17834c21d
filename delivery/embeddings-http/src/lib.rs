//! The embedding server: a model behind the routes of `SageMaker`, `OpenAI` and
//! text-embeddings-inference (TEI).
//!
//! A handler reads a request in its format, embeds the texts and writes the embeddings in that format.
//! The texts of concurrent requests share batches; what would wait too long, or take too much memory, is
//! refused with 429 before it is queued.
//!
//! Every response with embeddings names the model in the header `x-akin-model`, the number of tokens
//! that it reads of a text in `x-akin-token-limit`, and the number of texts that were longer in
//! `x-akin-truncated`.

mod answer;
mod body;
mod error;
mod inputs;
mod invocations;
mod memory;
mod metrics;
mod openai;
mod routes;
mod scheduler;
mod service;
mod tei;

pub use akin_http_server::ConnectionLimits;
pub use inputs::MAX_TEXTS;
pub use routes::{router, serve};
pub use scheduler::BatchLimits;

use akin_ports::{Embedder, PortResult, Tokenizer};
use memory::Memory;
use metrics::Metrics;
use scheduler::Scheduler;
use std::sync::Arc;
use std::time::Duration;

/// The model that a server offers.
#[derive(Clone, Debug)]
pub struct ServedModel {
    /// Embeds texts.
    pub embedder: Arc<dyn Embedder>,
    /// Counts their tokens.
    pub tokenizer: Arc<dyn Tokenizer>,
}

/// The limits of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// The size of a body, in bytes.
    pub body_bytes: usize,
    /// The number of texts in a request.
    pub texts: usize,
    /// The memory of all requests and their answers, in bytes. A request that needs more is served when
    /// no other is.
    pub memory_bytes: usize,
    /// The time from the head of a request to its answer.
    pub time: Duration,
    /// How texts share batches.
    pub batches: BatchLimits,
}

/// The state of a server.
#[derive(Debug)]
pub struct Server {
    model: ServedModel,
    limits: RequestLimits,
    scheduler: Scheduler,
    memory: Memory,
    metrics: Metrics,
}

impl Server {
    /// Embeds a text, so that a model that cannot be executed is found before the first request, and
    /// returns a server of the model. Needs a tokio runtime.
    pub async fn start(model: ServedModel, limits: RequestLimits) -> PortResult<Self> {
        model.embedder.embed_one("a text to warm up").await?;
        Ok(Self {
            scheduler: Scheduler::start(Arc::clone(&model.embedder), limits.batches),
            memory: Memory::new(limits.memory_bytes),
            metrics: Metrics::default(),
            model,
            limits,
        })
    }
}

/// Runs work that would keep other tasks of this thread waiting, if it `is_large`, on another thread.
async fn blocking<T: Send + 'static>(
    is_large: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if !is_large {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // Nothing cancels the task, so that it panicked; the panic continues in its request.
        Err(error) => std::panic::resume_unwind(match error.try_into_panic() {
            Ok(panic) => panic,
            Err(error) => Box::new(error.to_string()),
        }),
    }
}
