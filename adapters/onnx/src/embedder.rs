use crate::batches::batches;
use crate::error::SYSTEM;
use crate::identity::check_record;
use crate::model::{OnnxModel, panic_message};
use crate::{OnnxError, OnnxModelFiles};
use akin_entities::{Embedding, Fingerprint};
use akin_ports::{
    EmbeddedBatch, Embedder, ErrorKind, PortError, PortResult, TokenizedText, Tokenizer,
};
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use sbert_model::Encoding;
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// An [`Embedder`] that executes an ONNX model on the threads of this process.
///
/// Texts are embedded in batches of similar length. At most one batch per thread runs at once, in the
/// order of the requests. A call queues no more than that at once, so that a query waits for a few
/// batches at most. Dropping a future cancels the batches that have not started.
#[derive(Debug)]
pub struct OnnxEmbedder {
    model: Arc<OnnxModel>,
    permits: Arc<Semaphore>,
    threads: NonZeroUsize,
}

impl OnnxEmbedder {
    /// Opens the model in `files`, to run on `threads` threads.
    pub fn open(files: &OnnxModelFiles, threads: NonZeroUsize) -> Result<Self, OnnxError> {
        check_record(&files.model)?;
        let permits = Arc::new(Semaphore::new(threads.get()));
        Ok(Self { model: Arc::new(OnnxModel::open(files, threads)?), permits, threads })
    }

    /// Runs blocking work as soon as a thread is free.
    async fn run_blocking<T: Send + 'static>(
        &self,
        run_blocking: impl FnOnce(&OnnxModel) -> Result<T, String> + Send + 'static,
    ) -> PortResult<T> {
        let corrupt = |reason: String| PortError::new(SYSTEM, ErrorKind::Corrupt, reason);
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit =
            permit.map_err(|error| PortError::new(SYSTEM, ErrorKind::Unavailable, error))?;
        let model = Arc::clone(&self.model);
        let task = spawn_blocking(move || {
            let result = run_blocking(&model);
            drop(permit);
            result
        });
        match task.await {
            Ok(result) => result.map_err(corrupt),
            Err(error) => Err(match error.try_into_panic() {
                Ok(panic) => corrupt(panic_message(&*panic)),
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
        let encodings: Arc<Vec<Encoding>> = Arc::new(self.run_blocking(encode).await?);
        let truncated = encodings.iter().filter(|text| text.truncated).count();
        let lengths: Vec<usize> = encodings.iter().map(|text| text.ids.len()).collect();
        let batches = stream::iter(batches(&lengths)).map(|indices| {
            let encodings = Arc::clone(&encodings);
            self.run_blocking(move |model| {
                let batch: Vec<&Encoding> =
                    indices.iter().map(|index| &encodings[*index]).collect();
                Ok(indices.into_iter().zip(model.embed(&batch)?).collect::<Vec<_>>())
            })
        });
        let batches: Vec<Vec<(usize, Embedding)>> =
            batches.buffer_unordered(self.threads.get()).try_collect().await?;
        let mut numbered: Vec<(usize, Embedding)> = batches.into_iter().flatten().collect();
        numbered.sort_unstable_by_key(|(index, _)| *index);
        let embeddings = numbered.into_iter().map(|(_, embedding)| embedding).collect();
        Ok(EmbeddedBatch { embeddings, truncated })
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.model.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.model.token_limit()
    }
}

impl Tokenizer for OnnxEmbedder {
    fn tokenize(&self, text: &str) -> TokenizedText {
        let encoding = self.model.encode(text);
        TokenizedText { ids: encoding.ids, is_truncated: encoding.truncated }
    }

    fn token(&self, id: u32) -> Option<String> {
        self.model.token(id)
    }
}
