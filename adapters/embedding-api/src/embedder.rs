use crate::answer;
use crate::error::{corrupt, misconfigured};
use crate::server::{ApiServer, ServerInfo};
use crate::{ApiFormat, Settings};
use akin_entities::Fingerprint;
use akin_ports::{EmbeddedBatch, Embedder, ErrorKind, PortError, PortResult, text_batches};
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::header::HeaderMap;

/// An [`Embedder`] behind an HTTP API.
///
/// A call sends up to four batches at the same time. A server that does not say how many texts it truncated
/// counts none, except those that it refused and that were shortened here.
#[derive(Debug)]
pub struct HttpEmbedder {
    server: ApiServer,
    fingerprint: Fingerprint,
    /// True if the server names its model in each answer.
    is_named: bool,
    token_limit: usize,
    batch_size: usize,
    batch_bytes: usize,
}

/// The number of requests at the same time.
const PARALLEL: usize = 4;

/// The number of tokens that a model reads of a text, if neither the server nor the settings say.
const DEFAULT_TOKEN_LIMIT: usize = 512;

/// The headers by which `akin serve-embeddings` describes its answers.
const MODEL: &str = "x-akin-model";
const TOKEN_LIMIT: &str = "x-akin-token-limit";
const TRUNCATED: &str = "x-akin-truncated";

impl HttpEmbedder {
    /// Connects to the server, and asks it for its model by embedding a text.
    pub async fn open(settings: &Settings) -> PortResult<Self> {
        let server = ApiServer::new(settings)?;
        let answer = server.embed(&["a text to learn the dimension"]).await?;
        let dimension = settings.embeddings_dimension.map(Into::into);
        let format = server.options.format;
        let mut embeddings = answer::embeddings(format, &answer.body, 1, dimension)?;
        let dimension = embeddings.pop().map_or(0, |embedding| embedding.as_slice().len());
        let named = model(&answer.headers);
        let info = if named.is_some() { None } else { server.info().await }.unwrap_or_default();
        let limit = number(&answer.headers, TOKEN_LIMIT).or(info.max_input_length);
        let is_named = named.is_some();
        let fingerprint = match named {
            Some(fingerprint) => fingerprint,
            None => described(settings, format, dimension, &info)?,
        };
        let given = settings.embeddings_max_tokens.map(Into::into);
        Ok(Self {
            server,
            fingerprint,
            is_named,
            token_limit: given.or(limit).unwrap_or(DEFAULT_TOKEN_LIMIT),
            batch_size: settings.embeddings_batch_size.into(),
            batch_bytes: settings.embeddings_batch_bytes.into(),
        })
    }

    /// Embeds texts in one request. Each is embedded alone if the server refuses them together.
    async fn embed_batch(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        match self.request(texts).await {
            Err(error) if error.kind == ErrorKind::Refused && self.may_be_long(texts) => {
                let mut answers = Vec::new();
                for text in texts {
                    answers.push(self.embed_shortened(text).await?);
                }
                Ok(answers.into_iter().collect())
            }
            answer => answer,
        }
    }

    /// Embeds the beginning of a text that the server accepts.
    async fn embed_shortened(&self, text: &str) -> PortResult<EmbeddedBatch> {
        let mut beginning = text;
        loop {
            match self.request(&[beginning]).await {
                // No token is shorter than a byte.
                Err(error)
                    if error.kind == ErrorKind::Refused && beginning.len() > self.token_limit =>
                {
                    beginning = &beginning[..beginning.floor_char_boundary(beginning.len() / 2)];
                }
                Ok(embedded) if beginning.len() < text.len() => {
                    return Ok(EmbeddedBatch { truncated: 1, ..embedded });
                }
                answer => return answer,
            }
        }
    }

    /// Returns whether a text may have more tokens than the model reads.
    fn may_be_long(&self, texts: &[String]) -> bool {
        texts.iter().any(|text| text.len() > self.token_limit)
    }

    async fn request<T: AsRef<str>>(&self, texts: &[T]) -> PortResult<EmbeddedBatch> {
        let answer = self.server.embed(texts).await?;
        self.check_model(&answer.headers)?;
        let (format, dimension) = (self.server.options.format, self.fingerprint.dimension);
        let embeddings = answer::embeddings(format, &answer.body, texts.len(), Some(dimension))?;
        let truncated = number(&answer.headers, TRUNCATED).unwrap_or(0);
        Ok(EmbeddedBatch { embeddings, truncated })
    }

    /// Refuses the answer of another model than the one that was found at the start.
    fn check_model(&self, headers: &HeaderMap) -> PortResult<()> {
        if !self.is_named {
            return Ok(());
        }
        match model(headers) {
            Some(model) if model.is_compatible_with(&self.fingerprint) => Ok(()),
            Some(model) => Err(misconfigured(format!(
                "the server's model is {model} now, and was {} when this process started: restart it",
                self.fingerprint
            ))),
            None => Err(corrupt("the server does not name its model any more")),
        }
    }
}

#[async_trait]
impl Embedder for HttpEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        let batches = text_batches(texts, self.batch_size, self.batch_bytes);
        let mut requests = Vec::new();
        for batch in batches {
            requests.push(self.embed_batch(batch));
        }
        let answers: Vec<EmbeddedBatch> =
            stream::iter(requests).buffered(PARALLEL).try_collect().await?;
        Ok(answers.into_iter().collect())
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn token_limit(&self) -> usize {
        self.token_limit
    }
}

/// Returns the fingerprint of a server that does not name its model in answers: from `/info`, or from the
/// settings.
fn described(
    settings: &Settings,
    format: ApiFormat,
    dimension: usize,
    info: &ServerInfo,
) -> Result<Fingerprint, PortError> {
    let named = settings.embeddings_model.clone().filter(|name| !name.is_empty());
    let model = match (named, &info.model_id) {
        (Some(name), _) => name,
        (None, Some(id)) => {
            match info.model_sha.as_deref().map(|sha| sha.get(..8).unwrap_or(sha)) {
                Some(sha) if !sha.is_empty() => format!("{id}@{sha}"),
                _ => id.clone(),
            }
        }
        (None, None) => {
            return Err(misconfigured(
                "the server does not name its model: set AKIN_EMBEDDINGS_MODEL to its name, so that \
                 embeddings of two models never mix",
            ));
        }
    };
    let precision = info.model_dtype.clone().unwrap_or_else(|| format.name().to_owned());
    Ok(Fingerprint { model, precision, dimension })
}

fn model(headers: &HeaderMap) -> Option<Fingerprint> {
    Fingerprint::parse(headers.get(MODEL)?.to_str().ok()?)
}

fn number(headers: &HeaderMap, name: &str) -> Option<usize> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}
