use crate::error::{self, ServerError};
use crate::retry::Patience;
use crate::settings::{Settings, Target};
use akin_ports::{ErrorKind, PortResult};
use opensearch::cert::CertificateValidation;
use opensearch::http::Method;
use opensearch::http::headers::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// How long a search waits for a server that cannot take it at the moment: a shopper waits with it.
const PATIENCE_OF_READS: Duration = Duration::from_secs(1);

/// A way to the server.
pub(crate) struct Connection {
    transport: Transport,
    timeout: Duration,
    patience: Duration,
}

/// What to ask of the server.
#[derive(Debug)]
pub(crate) struct Request {
    method: Method,
    path: String,
    body: Option<String>,
    urgency: Urgency,
}

/// For how long a request is tried again while the server cannot be reached or asks for patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A shopper waits: hardly.
    Read,
    /// A catalogue is loaded: as long as the settings say.
    Write,
    /// Somebody is setting up: not at all.
    Once,
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    body: String,
}

impl Request {
    fn new(method: Method, path: String, body: Option<String>) -> Self {
        Self { method, path, body, urgency: Urgency::Read }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path.into(), None)
    }

    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::Post, path.into(), Some(body.to_string()))
    }

    /// A request that says all in its path.
    pub(crate) fn bare(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path.into(), None)
    }

    pub(crate) fn put(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::Put, path.into(), Some(body.to_string()))
    }

    pub(crate) fn delete(path: impl Into<String>, body: Option<&Value>) -> Self {
        Self::new(Method::Delete, path.into(), body.map(Value::to_string))
    }

    /// A request whose body is lines of JSON.
    pub(crate) fn lines(path: impl Into<String>, body: String) -> Self {
        Self::new(Method::Post, path.into(), Some(body))
    }

    /// The same, as urgent as that.
    pub(crate) fn urgency(self, urgency: Urgency) -> Self {
        Self { urgency, ..self }
    }
}

impl Connection {
    pub(crate) fn new(settings: &Settings) -> PortResult<Self> {
        let Target { endpoint, credentials, authority } =
            settings.target().map_err(|problems| error::misconfigured(problems.join("; ")))?;
        let pool = SingleNodeConnectionPool::new(endpoint);
        let mut builder = TransportBuilder::new(pool).timeout(settings.timeout);
        if let Some(credentials) = credentials {
            builder = builder.auth(credentials).service_name(&settings.aws_service);
        }
        if let Some(certificate) = authority {
            builder = builder.cert_validation(CertificateValidation::Full(certificate));
        }
        let transport = builder.build().map_err(|error| error::misconfigured(error.to_string()))?;
        Ok(Self { transport, timeout: settings.timeout, patience: settings.patience })
    }

    /// How long what is as urgent as that is tried again.
    pub(crate) fn patience(&self, urgency: Urgency) -> Patience {
        Patience::of(match urgency {
            Urgency::Read => self.patience.min(PATIENCE_OF_READS),
            Urgency::Write => self.patience,
            Urgency::Once => Duration::ZERO,
        })
    }

    /// Asks; again while the server cannot be reached or asks for patience. What was sent twice
    /// must do no harm. An answer that refuses is an answer.
    pub(crate) async fn ask(&self, request: &Request) -> PortResult<Answer> {
        let mut patience = self.patience(request.urgency);
        loop {
            let (failure, helps) = match self.ask_once(request).await {
                Ok(answer) if !answer.asks_for_patience() => return Ok(answer),
                Ok(answer) => (answer.refusal(), true),
                Err(error) => {
                    // Whoever is slow gets no faster by being asked twice.
                    let helps = !error.is_timeout();
                    let failure = error::transport(&error, self.timeout);
                    let helps = helps && failure.kind == ErrorKind::Unavailable;
                    (failure, helps)
                }
            };
            if !helps || !patience.wait().await {
                return Err(failure);
            }
        }
    }

    /// Asks for an answer that does not refuse.
    pub(crate) async fn call<T: DeserializeOwned>(&self, request: &Request) -> PortResult<T> {
        self.ask(request).await?.accepted()?.json()
    }

    async fn ask_once(&self, request: &Request) -> Result<Answer, opensearch::Error> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Packing and unpacking an answer takes longer than a near server's wire.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let body = request.body.clone();
        let (method, path) = (request.method, request.path.as_str());
        let answer = self.transport.send(method, path, headers, None::<&()>, body, None).await?;
        let status = answer.status_code().as_u16();
        Ok(Answer { status, body: answer.text().await? })
    }
}

/// Without its credentials.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Answer {
    fn asks_for_patience(&self) -> bool {
        matches!(self.status, 429 | 502..=504)
    }

    /// The answer, unless it refuses.
    pub(crate) fn accepted(self) -> PortResult<Self> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.refusal()) }
    }

    /// Why it refuses.
    pub(crate) fn error(&self) -> ServerError {
        ServerError::read(self.status, &self.body)
    }

    fn refusal(&self) -> akin_ports::PortError {
        self.error().into()
    }

    /// What it holds.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> PortResult<T> {
        serde_json::from_str(&self.body)
            .map_err(|error| error::corrupt(format!("an answer could not be read: {error}")))
    }
}
