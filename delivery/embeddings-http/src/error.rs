//! Errors of requests, in the formats of the clients.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use std::any::Any;

/// The time after which a client may try again, in seconds: the waiting texts are done by then.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a request was not answered. It never contains internals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) problem: Problem,
    message: String,
    /// The field at fault.
    field: Option<String>,
}

/// The kind of an [`ApiError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The body is not JSON, or a field has a value that is not supported.
    Invalid,
    /// A field is missing or has another type.
    Unprocessable,
    /// There is no text, or an empty one where the format allows none.
    Empty,
    /// The body is larger than the server accepts.
    LargeBody,
    /// There are more texts than the server accepts.
    ManyTexts,
    /// A text has more tokens than the model reads, and must not be truncated.
    LongText,
    /// The body is compressed.
    Encoded,
    /// There is no such route.
    NoRoute,
    /// The route does not support the method.
    NoMethod,
    /// Too much waits already.
    Overloaded,
    /// The model failed.
    Failed,
    /// The request took too long.
    TimedOut,
    /// A bug.
    Internal,
}

/// The formats of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `{"error": {"message", "type", "param", "code"}}`.
    OpenAi,
    /// `{"error", "error_type"}`, also at the route of `SageMaker`.
    Tei,
}

#[derive(Debug, Serialize)]
struct TeiBody<'a> {
    error: &'a str,
    error_type: &'static str,
}

#[derive(Debug, Serialize)]
struct OpenAiBody<'a> {
    error: OpenAiError<'a>,
}

#[derive(Debug, Serialize)]
struct OpenAiError<'a> {
    message: &'a str,
    r#type: &'static str,
    param: Option<&'a str>,
    code: Option<&'static str>,
}

impl ApiError {
    pub(crate) fn new(problem: Problem, message: impl Into<String>) -> Self {
        Self { problem, message: message.into(), field: None }
    }

    /// Names the field at fault.
    pub(crate) fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    pub(crate) fn large_body(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes; send fewer texts at once");
        Self::new(Problem::LargeBody, message)
    }

    pub(crate) fn overloaded(reason: &str) -> Self {
        Self::new(
            Problem::Overloaded,
            format!("the server is overloaded: {reason}; try again later"),
        )
    }

    /// An answer could not be written. The cause is logged here, once.
    pub(crate) fn unwritten(error: &serde_json::Error) -> Self {
        tracing::error!(%error, "an answer could not be written");
        Self::new(Problem::Internal, "the server could not answer; see its log")
    }

    /// A handler panicked. The panic message is logged, never sent.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        tracing::error!(panic = message, "a handler panicked");
        Self::new(Problem::Internal, "the server could not answer; see its log")
    }

    /// Writes the error for a client of this format.
    pub(crate) fn respond(&self, format: Format) -> Response<Body> {
        let body = match format {
            Format::OpenAi => serde_json::to_vec(&OpenAiBody {
                error: OpenAiError {
                    message: &self.message,
                    r#type: self.problem.openai_type(),
                    param: self.field.as_deref(),
                    code: self.problem.openai_code(),
                },
            }),
            Format::Tei => {
                let error_type = self.problem.tei_type();
                serde_json::to_vec(&TeiBody { error: &self.message, error_type })
            }
        };
        let status = self.problem.status(format);
        let json = [(header::CONTENT_TYPE, "application/json")];
        // Texts are always written.
        let mut response = (status, json, body.unwrap_or_default()).into_response();
        if [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status) {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

impl Problem {
    /// Returns the status that clients of the format expect.
    fn status(self, format: Format) -> StatusCode {
        let is_openai = format == Format::OpenAi;
        match self {
            Self::Unprocessable | Self::ManyTexts | Self::LongText if is_openai => {
                StatusCode::BAD_REQUEST
            }
            Self::Invalid | Self::Empty => StatusCode::BAD_REQUEST,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::LargeBody | Self::ManyTexts | Self::LongText => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Overloaded => StatusCode::TOO_MANY_REQUESTS,
            // Clients try again after a 500, which would fail again.
            Self::Failed => StatusCode::FAILED_DEPENDENCY,
            Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn tei_type(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Unprocessable => "Tokenizer",
            Self::Overloaded => "Overloaded",
            Self::Failed | Self::Internal => "Backend",
            Self::TimedOut => "Unhealthy",
            _ => "Validation",
        }
    }

    fn openai_type(self) -> &'static str {
        match self {
            Self::Overloaded => "rate_limit_error",
            Self::Failed | Self::TimedOut | Self::Internal => "server_error",
            _ => "invalid_request_error",
        }
    }

    fn openai_code(self) -> Option<&'static str> {
        match self {
            Self::Overloaded => Some("rate_limit_exceeded"),
            Self::LongText => Some("context_length_exceeded"),
            _ => None,
        }
    }
}
