use crate::Settings;
use crate::endpoint::{Endpoint, MAX_BODY};
use crate::error::misconfigured;
use crate::form::{Description, Form};
use akin_entities::{Embedding, Fingerprint};
use akin_ports::{EmbeddedBatch, Embedder, ErrorKind, PortResult, text_batches};
use async_trait::async_trait;
use aws_client::SdkConfig;
use futures::{StreamExt, TryStreamExt, stream};
use std::time::Duration;

/// An [`Embedder`] behind a `SageMaker` endpoint. A call invokes it with up to four batches at the same time.
#[derive(Debug)]
pub struct SageMakerEmbedder {
    endpoint: Endpoint,
    form: Form,
    fingerprint: Fingerprint,
    token_limit: usize,
    batch_size: usize,
    batch_bytes: usize,
}

/// The number of invocations at the same time.
const PARALLEL: usize = 4;

/// The number of tokens that a model reads of a text, if neither the endpoint nor the settings say.
const DEFAULT_TOKEN_LIMIT: usize = 256;

/// The precision of a model that its endpoint does not name.
const UNNAMED: &str = "sagemaker";

/// A text that no form of request could misread.
const PROBE: &str = "a text to learn the dimension";

/// JSON writes some characters as six bytes.
const ESCAPED: usize = 6;

impl SageMakerEmbedder {
    /// Finds out which form of requests the endpoint understands, and its model, by embedding a text.
    /// `retry` is how long invocations are repeated while the model is overloaded.
    pub async fn open(
        settings: &Settings,
        config: &SdkConfig,
        retry: Duration,
    ) -> PortResult<Self> {
        let name = settings.endpoint().map_err(misconfigured)?;
        let endpoint = Endpoint::new(config, name, retry);
        let (form, embedding, description) = probe(&endpoint).await?;
        let dimension = embedding.as_slice().len();
        let fingerprint = description.fingerprint.unwrap_or_else(|| Fingerprint {
            model: settings.sagemaker_model.clone().unwrap_or_else(|| name.to_owned()),
            precision: UNNAMED.to_owned(),
            dimension,
        });
        let given = settings.sagemaker_max_tokens.map(Into::into);
        Ok(Self {
            endpoint,
            form,
            fingerprint,
            token_limit: given.or(description.token_limit).unwrap_or(DEFAULT_TOKEN_LIMIT),
            batch_size: form.batch_size(settings.sagemaker_batch_size.into()),
            batch_bytes: settings.sagemaker_batch_bytes.get().min(MAX_BODY / ESCAPED),
        })
    }

    async fn embed_batch(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        let answer = self.endpoint.invoke(self.form.body(texts)).await?;
        let dimension = Some(self.fingerprint.dimension);
        let (embeddings, description) = self.form.read(&answer, texts.len(), dimension)?;
        match description.fingerprint {
            Some(model) if !model.is_compatible_with(&self.fingerprint) => {
                Err(misconfigured(format!(
                    "the endpoint's model is {model} now, and was {} when this process started: \
                     restart it",
                    self.fingerprint
                )))
            }
            _ => Ok(EmbeddedBatch { embeddings, truncated: description.truncated }),
        }
    }
}

/// Embeds a text in each form, until the endpoint understands one.
async fn probe(endpoint: &Endpoint) -> PortResult<(Form, Embedding, Description)> {
    let mut last = misconfigured("the endpoint was not asked");
    for form in Form::ALL {
        let answer = endpoint.invoke(form.body(&[PROBE.to_owned()])).await;
        match answer.and_then(|answer| form.read(&answer, 1, None)) {
            Ok((mut embeddings, description)) => {
                if let Some(embedding) = embeddings.pop() {
                    return Ok((form, embedding, description));
                }
            }
            // The container does not understand this form, or answers in its own.
            Err(error) if [ErrorKind::Refused, ErrorKind::Corrupt].contains(&error.kind) => {
                last = error;
            }
            Err(error) => return Err(error),
        }
    }
    Err(misconfigured(format!(
        "the endpoint understands none of the requests {{\"texts\"}}, {{\"inputs\"}} and {{\"text\"}}: {}",
        last.report()
    )))
}

#[async_trait]
impl Embedder for SageMakerEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        let batches = text_batches(texts, self.batch_size, self.batch_bytes);
        let mut invocations = Vec::new();
        for batch in batches {
            invocations.push(self.embed_batch(batch));
        }
        let answers: Vec<EmbeddedBatch> =
            stream::iter(invocations).buffered(PARALLEL).try_collect().await?;
        Ok(answers.into_iter().collect())
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn token_limit(&self) -> usize {
        self.token_limit
    }
}
