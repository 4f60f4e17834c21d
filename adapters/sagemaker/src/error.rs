//! Maps failures of an endpoint to [`PortError`], with the remedy for an operator.

use akin_ports::{ErrorKind, PortError};
use aws_client::{Failure, FailureKind};
use aws_sdk_sagemakerruntime::config::http::HttpResponse;
use aws_sdk_sagemakerruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sagemakerruntime::operation::invoke_endpoint::InvokeEndpointError;
use aws_sdk_sagemakerruntime::types::error::ModelError;

/// The name of this adapter in errors.
const SYSTEM: &str = "sagemaker";

/// The maximum number of characters of a model's message.
const MESSAGE: usize = 300;

pub(crate) fn refused(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Refused, what.into())
}

pub(crate) fn misconfigured(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Misconfigured, what.into())
}

pub(crate) fn corrupt(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Corrupt, what.into())
}

/// Maps the failure of an invocation.
pub(crate) fn invocation(
    endpoint: &str,
    error: &SdkError<InvokeEndpointError, HttpResponse>,
) -> PortError {
    match error.as_service_error() {
        Some(InvokeEndpointError::ModelError(model)) => of_model(endpoint, model),
        // Also the answer to the name of an endpoint that does not exist.
        Some(service) if service.code() == Some("ValidationError") => {
            let message = shorten(service.message().unwrap_or_default());
            if message.contains("not found") || message.contains("could not find") {
                return misconfigured(format!(
                    "the endpoint does not exist: check AWS_SAGEMAKER_ENDPOINT_NAME and AWS_REGION \
                     ({message})"
                ));
            }
            refused(format!("the endpoint {endpoint} refused the request ({message})"))
        }
        _ => {
            let failure = Failure::of(error);
            let kind = match failure.kind {
                FailureKind::Unavailable => ErrorKind::Unavailable,
                FailureKind::Refused => ErrorKind::Refused,
                FailureKind::Misconfigured => ErrorKind::Misconfigured,
                FailureKind::Corrupt => ErrorKind::Corrupt,
            };
            PortError::new(SYSTEM, kind, failure)
        }
    }
}

/// Maps an error of the container, whose own status tells an overload from a bad text.
fn of_model(endpoint: &str, error: &ModelError) -> PortError {
    let status = error.original_status_code().unwrap_or_default();
    let message = shorten(error.original_message().unwrap_or_default());
    let logs = error.log_stream_arn().unwrap_or("its log");
    let what =
        |what: &str| format!("the model of {endpoint} {what} ({status}: {message}); see {logs}");
    match status {
        429 | 502..=504 => PortError::new(SYSTEM, ErrorKind::Unavailable, what("is overloaded")),
        401 | 403 | 404 | 405 => misconfigured(what("serves no embeddings")),
        _ => refused(what("failed on a text")),
    }
}

fn shorten(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|character| !character.is_control()).take(MESSAGE).collect()
}
