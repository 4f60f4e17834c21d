use crate::error::{self, ServerError};
use crate::settings::{ConnectionOptions, Renewal, Settings};
use akin_ports::{ErrorKind, PortResult};
use backoff::Backoff;
use opensearch::cert::CertificateValidation;
use opensearch::http::Method;
use opensearch::http::headers::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The time that a search retries while the server is busy: a shopper is waiting.
const MAX_SEARCH_RETRY: Duration = Duration::from_secs(1);

/// A connection to the server.
pub(crate) struct Connection {
    /// Replaced when the settings were read again.
    transport: RwLock<Arc<Transport>>,
    renewal: Option<Renewal>,
    timeout: Duration,
    retry_timeout: Duration,
}

/// A request to the server.
#[derive(Debug)]
pub(crate) struct Request {
    method: Method,
    path: String,
    body: Option<String>,
    retry: RetryPolicy,
}

/// The policy for requests while the server is unreachable or busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryPolicy {
    /// For at most a second: a shopper is waiting.
    Search,
    /// As long as the settings allow: a catalogue is being loaded.
    Write,
    /// Not at all: an operator is setting up.
    Never,
}

/// The server's response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    body: String,
}

impl Request {
    fn new(method: Method, path: String, body: Option<String>) -> Self {
        Self { method, path, body, retry: RetryPolicy::Search }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path.into(), None)
    }

    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::Post, path.into(), Some(body.to_string()))
    }

    /// Creates a POST request without a body.
    pub(crate) fn bare(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path.into(), None)
    }

    pub(crate) fn put(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::Put, path.into(), Some(body.to_string()))
    }

    pub(crate) fn delete(path: impl Into<String>, body: Option<&Value>) -> Self {
        Self::new(Method::Delete, path.into(), body.map(Value::to_string))
    }

    /// Creates a POST request whose body is lines of JSON.
    pub(crate) fn lines(path: impl Into<String>, body: String) -> Self {
        Self::new(Method::Post, path.into(), Some(body))
    }

    /// Sets how long the request is retried.
    pub(crate) fn retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }
}

impl Connection {
    pub(crate) fn new(settings: &Settings) -> PortResult<Self> {
        Ok(Self {
            transport: RwLock::new(Arc::new(transport(settings)?)),
            renewal: settings.renewal.clone(),
            timeout: settings.timeout,
            retry_timeout: settings.retry_timeout,
        })
    }

    /// Returns the waits between the attempts of a request.
    pub(crate) fn backoff(&self, retry: RetryPolicy) -> Backoff {
        Backoff::new(match retry {
            RetryPolicy::Search => self.retry_timeout.min(MAX_SEARCH_RETRY),
            RetryPolicy::Write => self.retry_timeout,
            RetryPolicy::Never => Duration::ZERO,
        })
    }

    /// Sends the request, and again while the server is unreachable or busy; sending it twice must
    /// be harmless. A response that reports an error is returned as a response.
    pub(crate) async fn ask(&self, request: &Request) -> PortResult<Response> {
        let mut backoff = self.backoff(request.retry);
        let mut renewal = self.renewal.as_ref();
        loop {
            let (failure, retryable) = match self.ask_once(request).await {
                Ok(response) if response.status == 401 && renewal.is_some() => {
                    self.renew(renewal.take()).await?;
                    continue;
                }
                Ok(response) if !response.is_busy() => return Ok(response),
                Ok(response) => (response.port_error(), true),
                Err(error) => {
                    // A slow server does not get faster by a second request.
                    let failure = error::transport(&error, self.timeout);
                    let retryable = !error.is_timeout() && failure.kind == ErrorKind::Unavailable;
                    (failure, retryable)
                }
            };
            if !retryable || !backoff.wait(None).await {
                return Err(failure);
            }
        }
    }

    /// Sends the request and parses its response; an error response is an error.
    pub(crate) async fn call<T: DeserializeOwned>(&self, request: &Request) -> PortResult<T> {
        self.ask(request).await?.into_success()?.json()
    }

    /// Reads the settings again, which the server rejected.
    async fn renew(&self, renewal: Option<&Renewal>) -> PortResult<()> {
        if let Some(renewal) = renewal {
            let renewed = transport(&renewal.read().await?)?;
            *self.transport.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
        }
        Ok(())
    }

    async fn ask_once(&self, request: &Request) -> Result<Response, opensearch::Error> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Compressing a response takes longer than sending it over a nearby network.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let body = request.body.clone();
        let (method, path) = (request.method, request.path.as_str());
        let transport = {
            let transport = self.transport.read().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&transport)
        };
        let response = transport.send(method, path, headers, None::<&()>, body, None).await?;
        let status = response.status_code().as_u16();
        Ok(Response { status, body: response.text().await? })
    }
}

fn transport(settings: &Settings) -> PortResult<Transport> {
    let ConnectionOptions { endpoint, credentials, authority } = settings
        .connection_options()
        .map_err(|problems| error::misconfigured(problems.join("; ")))?;
    let pool = SingleNodeConnectionPool::new(endpoint);
    let mut builder = TransportBuilder::new(pool).timeout(settings.timeout);
    if let Some(credentials) = credentials {
        builder = builder.auth(credentials).service_name(&settings.aws_service);
    }
    if let Some(certificate) = authority {
        builder = builder.cert_validation(CertificateValidation::Full(certificate));
    }
    builder.build().map_err(|error| error::misconfigured(error.to_string()))
}

/// Omits the credentials.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Response {
    fn is_busy(&self) -> bool {
        matches!(self.status, 429 | 502..=504)
    }

    /// Returns the response, or its error if it reports one.
    pub(crate) fn into_success(self) -> PortResult<Self> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.port_error()) }
    }

    /// Parses the response as an error.
    pub(crate) fn error(&self) -> ServerError {
        ServerError::parse(self.status, &self.body)
    }

    fn port_error(&self) -> akin_ports::PortError {
        self.error().into()
    }

    /// Parses the body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> PortResult<T> {
        serde_json::from_str(&self.body)
            .map_err(|error| error::corrupt(format!("a response cannot be parsed: {error}")))
    }
}
