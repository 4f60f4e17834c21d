//! Requests to the server.

use crate::error::{self, unavailable};
use crate::request::RequestOptions;
use crate::settings::{Address, is_local};
use crate::{ApiFormat, Settings};
use akin_ports::{PortError, PortResult};
use backoff::Backoff;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// The time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The time that a single text is tried again: a shopper may be waiting.
const MAX_QUERY_RETRY: Duration = Duration::from_secs(2);

/// The maximum size of an answer besides its embeddings, and of an embedding, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;
const MAX_EMBEDDING: usize = 512 * 1024;

/// A server of embeddings.
pub(crate) struct ApiServer {
    http: Client,
    url: Url,
    key: Option<SecretString>,
    timeout: Duration,
    retry: Duration,
    pub(crate) options: RequestOptions,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A failed attempt.
struct Failure {
    error: PortError,
    /// The time that the server asks clients to wait.
    retry_after: Option<Duration>,
    /// False if the same request would fail again at once.
    is_retryable: bool,
}

/// What `/info` of TEI says. Other fields are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ServerInfo {
    pub(crate) model_id: Option<String>,
    pub(crate) model_sha: Option<String>,
    pub(crate) model_dtype: Option<String>,
    pub(crate) max_input_length: Option<usize>,
}

impl ApiServer {
    pub(crate) fn new(settings: &Settings) -> PortResult<Self> {
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(error::misconfigured(problems.join("; ")));
        }
        let Address { url, format } = settings.address().map_err(error::misconfigured)?;
        let mut http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(settings.embeddings_timeout)
            // A redirected request might go anywhere.
            .redirect(Policy::none());
        if is_local(&url) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| error::misconfigured(error.to_string()))?;
        let options = RequestOptions {
            format,
            model: settings.embeddings_model.clone(),
            dimensions: settings.embeddings_dimension.map(Into::into),
        };
        Ok(Self {
            http,
            url,
            key: settings.key().cloned(),
            timeout: settings.embeddings_timeout,
            retry: settings.embeddings_retry_timeout,
            options,
        })
    }

    /// Sends texts, and again while the server is unreachable or busy.
    pub(crate) async fn embed<T: AsRef<str>>(&self, texts: &[T]) -> PortResult<Answer> {
        let body = self.options.body(texts).map_err(|error| error::refused(error.to_string()))?;
        let retry = if texts.len() == 1 { self.retry.min(MAX_QUERY_RETRY) } else { self.retry };
        let limit = MAX_ANSWER + texts.len() * MAX_EMBEDDING;
        let mut backoff = Backoff::new(retry);
        loop {
            let request = self.http.post(self.url.clone()).body(body.clone());
            match self.send(request.header(CONTENT_TYPE, "application/json"), limit).await {
                Ok(answer) => return Ok(answer),
                Err(Failure { error, retry_after, is_retryable }) => {
                    if !is_retryable || !backoff.wait(retry_after).await {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Asks TEI for its model; `None` if the server has no such route.
    pub(crate) async fn info(&self) -> Option<ServerInfo> {
        if self.options.format != ApiFormat::Tei {
            return None;
        }
        let url = self.url.join("info").ok()?;
        let answer = self.send(self.http.get(url), MAX_ANSWER).await.ok()?;
        serde_json::from_slice(&answer.body).ok()
    }

    async fn send(&self, request: RequestBuilder, limit: usize) -> Result<Answer, Failure> {
        let request = match &self.key {
            Some(key) => request.header(AUTHORIZATION, bearer(key)?),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.transport(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.read(response, limit).await?;
        if status.is_success() {
            return Ok(Answer { headers, body });
        }
        let key = self.key.as_ref().map(ExposeSecret::expose_secret);
        let error = error::status(status.as_u16(), &body, key);
        let is_retryable = error.is_retryable();
        Err(Failure { error, retry_after: retry_after(&headers), is_retryable })
    }

    /// Reads a body of limited size.
    async fn read(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.transport(error))? {
            if body.len() + part.len() > limit {
                return Err(error::corrupt(format!("an answer exceeds {limit} bytes")).into());
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    fn transport(&self, error: reqwest::Error) -> Failure {
        // A slow server does not get faster by a second request.
        let is_timeout = error.is_timeout() && !error.is_connect();
        let error = error::transport(error, self.timeout);
        let is_retryable = error.is_retryable() && !is_timeout;
        Failure { error, retry_after: None, is_retryable }
    }
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Self { error, retry_after: None, is_retryable: false }
    }
}

/// Omits the key and the address.
impl fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiServer").field("options", &self.options).finish_non_exhaustive()
    }
}

fn bearer(key: &SecretString) -> Result<HeaderValue, Failure> {
    let value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()));
    let mut value = value.map_err(|_| unavailable("the key is not a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the seconds of the header `Retry-After`; a date is ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
