//! Maps failures of calls to S3 to [`PortError`].

use crate::S3Location;
use akin_ports::{ErrorKind, PortError};
use aws_client::{Failure, FailureKind};

/// The name of this adapter in errors.
const SYSTEM: &str = "s3";

/// Maps a failure that is about `location`.
pub(crate) fn port_error(location: &S3Location, failure: &Failure) -> PortError {
    let kind = match failure.kind {
        FailureKind::Unavailable => ErrorKind::Unavailable,
        FailureKind::Corrupt => ErrorKind::Corrupt,
        // An object that is missing, archived or not ours is for an operator to put right.
        FailureKind::Refused | FailureKind::Misconfigured => ErrorKind::Misconfigured,
    };
    PortError::new(SYSTEM, kind, format!("{location}: {failure}{}", remedy(failure)))
}

/// Returns what to do. An answer without a body has no code but only a status.
fn remedy(failure: &Failure) -> &'static str {
    let text = failure.to_string();
    let is = |code: &str, status: &str| {
        failure.code.as_deref().is_some_and(|is| is.contains(code)) || text.ends_with(status)
    };
    if is("NoSuchBucket", "-") {
        ": check the name of the bucket"
    } else if is("NoSuchKey", " 404") || is("NotFound", "-") {
        ": there is no such object; check the bucket and the key"
    } else if is("PermanentRedirect", " 301") || is("AuthorizationHeaderMalformed", " 400") {
        ": the bucket is in another region; set AWS_REGION to it"
    } else if is("AccessDenied", " 403") || is("Forbidden", "-") {
        ": grant s3:GetObject on the object, for a backup s3:PutObject and s3:AbortMultipartUpload too, and \
         s3:ListBucket on the bucket; without the latter, a missing object is denied too"
    } else {
        ""
    }
}

/// Creates an error of no single call.
pub(crate) fn misconfigured(what: impl Into<String>) -> PortError {
    PortError::new(SYSTEM, ErrorKind::Misconfigured, what.into())
}

/// Creates an error for content that was replaced between two calls.
pub(crate) fn changed(location: &S3Location) -> String {
    format!("{location} changed while it was read: run the command again")
}

/// Returns whether the object has another `ETag` than was asked for.
pub(crate) fn is_changed(failure: &Failure) -> bool {
    failure.code.as_deref() == Some("PreconditionFailed") || failure.to_string().ends_with(" 412")
}
