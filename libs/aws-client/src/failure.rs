//! The errors of all services by their kind, as lines for an operator that contain no secret.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;
use std::io;

/// The failure of a call to a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The kind, on which a caller acts.
    pub kind: FailureKind,
    /// The service's own code, such as `AccessDenied`; `None` if the service did not answer.
    pub code: Option<String>,
    message: String,
}

/// The kind of a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The service did not answer in time, or is overloaded: try again later.
    Unavailable,
    /// The service refused this input, and will refuse it again.
    Refused,
    /// Settings, credentials or rights are wrong, or a resource is missing: an operator must act.
    Misconfigured,
    /// The service's answer cannot be understood.
    Corrupt,
}

/// The codes of a service that is overloaded or asks to be called later.
const THROTTLED: [&str; 13] = [
    "BandwidthLimitExceeded",
    "InternalError",
    "InternalServiceError",
    "KmsThrottled",
    "LimitExceededException",
    "OverLimit",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "TooManyRequestsException",
    "ModelNotReadyException",
];

/// The codes of credentials that the service does not accept. Its message may repeat the signed
/// request, in which the session token stands, and is left out.
const REJECTED: [&str; 15] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// The codes of a service that an operator has to change something at.
const MISCONFIGURED: [&str; 14] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationHeaderMalformed",
    "InvalidAddress",
    "KmsAccessDenied",
    "KmsDisabled",
    "KmsInvalidState",
    "KmsNotFound",
    "KmsOptInRequired",
    "NoSuchBucket",
    "OptInRequired",
    "PermanentRedirect",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
];

impl Failure {
    /// Creates a failure that no service reported.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into() }
    }

    /// Returns the kind and the message of an error of any service.
    pub fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                Self::by_code(status, service.err().code(), service.err().message())
            }
            SdkError::TimeoutError(_) => Self::new(FailureKind::Unavailable, TIMED_OUT),
            SdkError::DispatchFailure(failure) => Self::not_sent(error, failure),
            SdkError::ResponseError(_) if find::<io::Error>(error).is_some() => {
                Self::new(FailureKind::Unavailable, "the connection was lost during the answer")
            }
            SdkError::ResponseError(answer) => {
                let status = answer.raw().status().as_u16();
                let kind =
                    if status >= 500 { FailureKind::Unavailable } else { FailureKind::Corrupt };
                Self::new(kind, format!("the answer ({status}) cannot be parsed"))
            }
            _ => Self::not_built(error),
        }
    }

    /// Returns the failure that a service reports by its code, or else by the HTTP status.
    pub fn by_code(status: u16, code: Option<&str>, message: Option<&str>) -> Self {
        let code = code.filter(|code| !code.is_empty()).map(str::to_owned);
        // SQS's older codes have a prefix, others a name space before `#`.
        let name = code.as_deref().unwrap_or_default();
        let name = name.rsplit(['.', '#']).next().unwrap_or_default();
        let kind = kind(status, name);
        let message = if REJECTED.contains(&name) {
            format!(
                "the credentials were not accepted ({name}): check AWS_ACCESS_KEY_ID, AWS_PROFILE or the role"
            )
        } else {
            let parts = [Some(name), message].into_iter().flatten().filter(|part| !part.is_empty());
            let parts: Vec<_> = parts.collect();
            if parts.is_empty() {
                format!("HTTP status {status}")
            } else {
                shorten(&parts.join(": "))
            }
        };
        Self { kind, code, message }
    }

    /// Maps a request that got no answer.
    fn not_sent(error: &(dyn Error + 'static), failure: &DispatchFailure) -> Self {
        if find::<CredentialsError>(error).is_some() {
            return Self::not_built(error);
        }
        if failure.is_timeout() {
            return Self::new(FailureKind::Unavailable, TIMED_OUT);
        }
        let causes = causes(error);
        let contains = |words: &[&str]| words.iter().any(|word| causes.contains(word));
        if contains(&["certificate", "UnknownIssuer"]) {
            let message = format!("the service's certificate is not trusted ({causes})");
            return Self::new(FailureKind::Misconfigured, message);
        }
        if contains(&["corrupt message", "InvalidMessage", "InvalidContentType"]) {
            let message = format!("the endpoint speaks no TLS: check AWS_ENDPOINT_URL ({causes})");
            return Self::new(FailureKind::Misconfigured, message);
        }
        let is_unknown = contains(&["dns error", "failed to lookup address"]);
        if is_unknown && !contains(&["Temporary failure in name resolution"]) {
            let message = format!(
                "the endpoint does not exist: check AWS_REGION and AWS_ENDPOINT_URL ({causes})"
            );
            return Self::new(FailureKind::Misconfigured, message);
        }
        Self::new(FailureKind::Unavailable, format!("the endpoint cannot be reached ({causes})"))
    }

    /// Maps a request that was never sent: it has no credentials, or its input is invalid.
    fn not_built(error: &(dyn Error + 'static)) -> Self {
        let is_denied = ["forbidden", "AccessDenied", "not authorized", "InvalidIdentityToken"];
        let is_denied = is_denied.iter().any(|word| causes(error).contains(word));
        match find::<CredentialsError>(error) {
            Some(CredentialsError::ProviderTimedOut(_) | CredentialsError::ProviderError(_))
                if !is_denied =>
            {
                let message = "the credentials cannot be fetched at the moment";
                Self::new(FailureKind::Unavailable, format!("{message} ({})", causes(error)))
            }
            Some(_) => {
                let message = "there are no usable AWS credentials: set AWS_PROFILE or \
                               AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role";
                Self::new(FailureKind::Misconfigured, format!("{message} ({})", causes(error)))
            }
            None => {
                let message = format!("the request cannot be built ({})", causes(error));
                Self::new(FailureKind::Refused, message)
            }
        }
    }
}

const TIMED_OUT: &str = "no answer in time: check the network, or raise AWS_ATTEMPT_TIMEOUT and \
                         AWS_OPERATION_TIMEOUT";

fn kind(status: u16, code: &str) -> FailureKind {
    let is_throttled = THROTTLED.contains(&code) || code.contains("Throttl");
    if is_throttled {
        FailureKind::Unavailable
    } else if REJECTED.contains(&code)
        || MISCONFIGURED.contains(&code)
        || code.contains("NonExistentQueue")
    {
        FailureKind::Misconfigured
    } else {
        match status {
            408 | 429 | 500..=599 => FailureKind::Unavailable,
            301 | 307 | 401 | 403 => FailureKind::Misconfigured,
            400..=499 => FailureKind::Refused,
            _ => FailureKind::Corrupt,
        }
    }
}

/// Finds the first cause of this type.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Joins the messages of the causes of an error, without repetitions.
fn causes(error: &dyn Error) -> String {
    let mut message = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) {
            if !message.is_empty() {
                message.push_str(": ");
            }
            message.push_str(&text);
        }
        cause = error.source();
    }
    shorten(&message)
}

/// Returns the text as one line of at most 300 characters.
fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
