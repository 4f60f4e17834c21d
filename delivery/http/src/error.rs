use akin_ports::{ErrorKind, PortError};
use akin_usecases::SearchError;
use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;
use axum::response::IntoResponse;
use serde::Serialize;
use std::any::Any;
use std::io;
use utoipa::ToSchema;

/// The media type of problem details.
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The routes whose errors are in an [`Envelope`].
const COMPATIBLE: [&str; 2] = ["/api/similar_products", "/api/health_status"];

/// The time after which a client may try again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An error response: problem details by RFC 9457. It never contains internals.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    summary: &'static str,
    message: String,
}

/// The problem details of an error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The kind of the problem in words.
    #[schema(example = "Invalid request body")]
    title: &'static str,
    /// The status of the response.
    #[schema(example = 400)]
    status: u16,
    /// What was wrong, and what to do.
    #[schema(example = "page_size must be a whole number from 1 to 100")]
    detail: String,
    /// The kind of the problem for programs.
    #[schema(example = "INVALID_REQUEST_BODY")]
    code: &'static str,
}

/// The envelope of the compatible routes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Envelope<T> {
    pub(crate) message: &'static str,
    pub(crate) data: Option<T>,
    pub(crate) error: Option<ErrorBody>,
}

/// The data of an answer that has none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nothing;

/// The error in an [`Envelope`].
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnvelopeError)]
pub(crate) struct ErrorBody {
    message: String,
    code: &'static str,
}

impl ApiError {
    /// The request is invalid.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "INVALID_REQUEST_BODY",
            summary: "Invalid request body",
            message: message.into(),
        }
    }

    /// The body could not be read.
    #[expect(clippy::needless_pass_by_value, reason = "an argument of `map_err`")]
    pub(crate) fn unread(rejection: BytesRejection) -> Self {
        let mut error = Self::invalid("the body could not be read");
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            error.status = StatusCode::PAYLOAD_TOO_LARGE;
            error.message = format!("the body is larger than {} bytes", crate::MAX_BODY);
        }
        error
    }

    /// The body is encoded, for example compressed.
    pub(crate) fn encoded(encoding: &str) -> Self {
        let message = format!(
            "the server does not read bodies of Content-Encoding {encoding:?}; send the JSON itself"
        );
        Self { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..Self::invalid(message) }
    }

    /// Replaces a part of the message.
    pub(crate) fn replacing(mut self, part: &str, with: &str) -> Self {
        self.message = self.message.replace(part, with);
        self
    }

    /// The requested resource does not exist.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "NOT_FOUND",
            summary: "Not found",
            message: message.into(),
        }
    }

    /// The request timed out.
    pub(crate) fn timed_out() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "TIMED_OUT",
            summary: "Timed out",
            message: "the request timed out; try again later".to_owned(),
        }
    }

    /// Too many connections are open.
    pub(crate) fn too_many_connections() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "TOO_MANY_CONNECTIONS",
            summary: "Too many connections",
            message: "too many connections are open; try again later".to_owned(),
        }
    }

    /// Other answers take the memory that this one needs.
    pub(crate) fn overloaded() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "OVERLOADED",
            summary: "Overloaded",
            message: "other answers take the memory; try again later, or request fewer products"
                .to_owned(),
        }
    }

    /// An answer could not be written. The cause is logged here, once.
    pub(crate) fn unwritten(error: &dyn std::error::Error) -> Self {
        tracing::error!(code = "UNK", %error, "an answer could not be written");
        Self::internal()
    }

    /// A picture could not be read, though it may exist. The cause is logged here, once.
    pub(crate) fn unreadable_image(error: &io::Error) -> Self {
        tracing::error!(code = "IMAGE_UNAVAILABLE", %error, "a picture could not be read");
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "IMAGE_UNAVAILABLE",
            summary: "Image unavailable",
            message: "try again later".to_owned(),
        }
    }

    fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "UNK",
            summary: "Unknown error",
            message: "the server could not answer; see its log".to_owned(),
        }
    }

    /// A port failed. The cause is logged here, once; the client learns only what to do.
    fn failed(code: &'static str, summary: &'static str, error: &PortError) -> Self {
        tracing::error!(code, error = error.report(), "a request failed");
        let message = match error.kind {
            ErrorKind::Unavailable => "try again later",
            ErrorKind::Refused
            | ErrorKind::Misconfigured
            | ErrorKind::Corrupt
            | ErrorKind::Overtaken => "the server could not answer; see its log",
        };
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code,
            summary,
            message: message.to_owned(),
        }
    }
}

impl From<SearchError> for ApiError {
    fn from(error: SearchError) -> Self {
        let (code, summary, cause) = match &error {
            SearchError::Embedding(cause) => {
                ("QUERY_EMBEDDING_FAILED", "Query embedding failed", cause)
            }
            SearchError::Index(cause) => {
                ("QUERY_SIMILAR_PRODUCTS_FAILED", "Query similar products failed", cause)
            }
            SearchError::Fetch(cause) => {
                ("FETCH_SIMILAR_PRODUCTS_FAILED", "Fetch similar products failed", cause)
            }
            SearchError::TooDeep => return Self::invalid(error.to_string()),
        };
        Self::failed(code, summary, cause)
    }
}

impl From<PortError> for ApiError {
    fn from(error: PortError) -> Self {
        Self::failed("UNK", "Unknown error", &error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        let body = Problem {
            title: self.summary,
            status: self.status.as_u16(),
            detail: self.message.clone(),
            code: self.code,
        };
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware that writes the errors of the compatible routes as their clients expect them, wherever they
/// come from: in the envelope.
pub(crate) async fn in_envelope(request: Request, next: Next) -> Response<Body> {
    let is_compatible = COMPATIBLE.contains(&request.uri().path());
    let mut response = next.run(request).await;
    let error = response.extensions_mut().remove::<ApiError>();
    let Some(ApiError { status, code, summary, message }) = error.filter(|_| is_compatible) else {
        return response;
    };
    let error = Some(ErrorBody { message, code });
    let body = Envelope::<Nothing> { message: summary, data: None, error };
    let mut enveloped = (status, Json(body)).into_response();
    for name in [header::ALLOW, header::CONNECTION, header::RETRY_AFTER] {
        if let Some(value) = response.headers_mut().remove(&name) {
            enveloped.headers_mut().insert(name, value);
        }
    }
    enveloped
}

/// Answers requests to an unknown route.
pub(crate) async fn no_such_route() -> ApiError {
    ApiError::not_found("no such route")
}

/// Answers requests with a method that the route does not support.
pub(crate) async fn no_such_method() -> ApiError {
    ApiError {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "METHOD_NOT_ALLOWED",
        summary: "Method not allowed",
        message: "the route does not support this method; see the Allow header".to_owned(),
    }
}

/// Answers a request whose handler panicked. The panic message is logged, never sent.
#[expect(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(code = "UNK", panic = message, "a handler panicked");
    let mut response = ApiError::internal().into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
