use crate::scheduler::Scheduler;
use crate::{Inference, InferenceError, NativeModelError, SentenceEncoder, Settings};
use akin_entities::Fingerprint;
use akin_ports::{
    EmbeddedBatch, Embedder, ErrorKind, PortError, PortResult, TokenizedText, Tokenizer,
};
use async_trait::async_trait;
use std::num::NonZeroUsize;

/// An [`Embedder`] that executes its model on the threads of this process.
///
/// A single text takes precedence over larger batches, and equal single texts share one inference.
/// Dropping a future cancels the work that has not started.
#[derive(Debug)]
pub struct NativeEmbedder {
    scheduler: Scheduler,
    fingerprint: Fingerprint,
    token_limit: usize,
}

impl NativeEmbedder {
    /// Opens the model that the settings select, and starts its threads.
    pub fn open(settings: &Settings) -> PortResult<Self> {
        Self::start(SentenceEncoder::open(&settings.find_model()?)?, settings.thread_count())
    }

    /// Starts an embedder that executes `model` on `threads` threads.
    pub fn start(model: impl Inference, threads: NonZeroUsize) -> PortResult<Self> {
        let (fingerprint, token_limit) = (model.fingerprint().clone(), model.token_limit());
        let scheduler = Scheduler::start(Box::new(model), threads).map_err(|error| {
            let message = format!(
                "{threads} threads cannot be started, choose fewer with --threads \
                     (AKIN_THREADS): {error}"
            );
            PortError::new(SYSTEM, ErrorKind::Misconfigured, message)
        })?;
        Ok(Self { scheduler, fingerprint, token_limit })
    }
}

#[async_trait]
impl Embedder for NativeEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        let inferred = self.scheduler.embed(texts).await?;
        let truncated = inferred.iter().filter(|inferred| inferred.is_truncated).count();
        let embeddings = inferred.into_iter().map(|inferred| inferred.embedding).collect();
        Ok(EmbeddedBatch { embeddings, truncated })
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn token_limit(&self) -> usize {
        self.token_limit
    }
}

impl Tokenizer for NativeEmbedder {
    fn tokenize(&self, text: &str) -> TokenizedText {
        self.scheduler.model().tokenize(text)
    }

    fn token(&self, id: u32) -> Option<String> {
        self.scheduler.model().token(id)
    }
}

const SYSTEM: &str = "embedder";

impl From<InferenceError> for PortError {
    fn from(error: InferenceError) -> Self {
        Self::new(SYSTEM, ErrorKind::Corrupt, error)
    }
}

impl From<NativeModelError> for PortError {
    fn from(error: NativeModelError) -> Self {
        Self::new(SYSTEM, ErrorKind::Misconfigured, error)
    }
}
