//! Maps failures of calls to SQS to [`PortError`].

use akin_ports::{ErrorKind, PortError};
use aws_client::{Failure, FailureKind};

/// The name of this adapter in errors.
pub(crate) const SYSTEM: &str = "sqs";

pub(crate) fn misconfigured(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Misconfigured, what.into())
}

pub(crate) fn port_error(failure: Failure) -> PortError {
    let kind = match failure.kind {
        FailureKind::Unavailable => ErrorKind::Unavailable,
        FailureKind::Refused => ErrorKind::Refused,
        FailureKind::Misconfigured => ErrorKind::Misconfigured,
        FailureKind::Corrupt => ErrorKind::Corrupt,
    };
    let code = failure.code.as_deref().unwrap_or_default();
    if ["QueueDoesNotExist", "NonExistentQueue", "InvalidAddress"].iter().any(|c| code.contains(c))
    {
        let what = format!("{failure}: check AWS_SQS_SUBSCRIBED_QUEUE_URL and AWS_REGION");
        return PortError::new(SYSTEM, kind, what);
    }
    PortError::new(SYSTEM, kind, failure)
}
