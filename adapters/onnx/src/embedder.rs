use crate::batches::batches;
use crate::error::SYSTEM;
use crate::model::{OnnxModel, said};
use crate::{OnnxError, OnnxModelFiles};
use akin_entities::{Embedding, Fingerprint};
use akin_ports::{EmbeddedBatch, Embedder, ErrorKind, PortError, PortResult};
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use sbert_model::Encoding;
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// An [`Embedder`] that executes an ONNX model on the threads of this process.
///
/// Texts are embedded in batches of like length. As many batches are executed at once as there are
/// threads, whoever asks, in the order in which they were asked for; and a call asks for no more than that
/// at once, so that a query waits for a few batches at the most. Dropping a future gives up what was not
/// yet begun.
#[derive(Debug)]
pub struct OnnxEmbedder {
    model: Arc<OnnxModel>,
    turns: Arc<Semaphore>,
    threads: NonZeroUsize,
}

impl OnnxEmbedder {
    /// Serves the model of these files on `threads` threads.
    pub fn open(files: &OnnxModelFiles, threads: NonZeroUsize) -> Result<Self, OnnxError> {
        let turns = Arc::new(Semaphore::new(threads.get()));
        Ok(Self { model: Arc::new(OnnxModel::open(files, threads)?), turns, threads })
    }

    /// Does work that takes its time, when it is this one's turn.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&OnnxModel) -> Result<T, String> + Send + 'static,
    ) -> PortResult<T> {
        let corrupt = |reason: String| PortError::new(SYSTEM, ErrorKind::Corrupt, reason);
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|error| PortError::new(SYSTEM, ErrorKind::Unavailable, error))?;
        let model = Arc::clone(&self.model);
        let done = spawn_blocking(move || {
            let done = work(&model);
            drop(turn);
            done
        });
        match done.await {
            Ok(done) => done.map_err(corrupt),
            Err(error) => Err(match error.try_into_panic() {
                Ok(panic) => corrupt(said(&*panic)),
                Err(error) => PortError::new(SYSTEM, ErrorKind::Unavailable, error),
            }),
        }
    }
}

#[async_trait]
impl Embedder for OnnxEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        let texts = texts.to_vec();
        let encode =
            move |model: &OnnxModel| Ok(texts.iter().map(|text| model.encode(text)).collect());
        let encodings: Arc<Vec<Encoding>> = Arc::new(self.work(encode).await?);
        let truncated = encodings.iter().filter(|text| text.truncated).count();
        let lengths: Vec<usize> = encodings.iter().map(|text| text.ids.len()).collect();
        let batches = stream::iter(batches(&lengths)).map(|places| {
            let encodings = Arc::clone(&encodings);
            self.work(move |model| {
                let batch: Vec<&Encoding> = places.iter().map(|place| &encodings[*place]).collect();
                Ok(places.into_iter().zip(model.embed(&batch)?).collect::<Vec<_>>())
            })
        });
        let done: Vec<Vec<(usize, Embedding)>> =
            batches.buffer_unordered(self.threads.get()).try_collect().await?;
        let mut done: Vec<(usize, Embedding)> = done.into_iter().flatten().collect();
        done.sort_unstable_by_key(|(place, _)| *place);
        let embeddings = done.into_iter().map(|(_, embedding)| embedding).collect();
        Ok(EmbeddedBatch { embeddings, truncated })
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.model.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.model.token_limit()
    }
}
