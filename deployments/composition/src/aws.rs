//! The configuration of all clients of AWS.

use akin_ports::{ErrorKind, PortError, PortResult};
use aws_client::{FailureKind, SdkConfig};

/// Reads AWS's settings. Credentials are fetched by the first call.
pub(crate) async fn config(settings: &aws_client::Settings) -> PortResult<SdkConfig> {
    // The future is large, and part of that of everything that opens.
    Box::pin(settings.load()).await.map_err(|failure| {
        let kind = match failure.kind {
            FailureKind::Unavailable => ErrorKind::Unavailable,
            FailureKind::Refused => ErrorKind::Refused,
            FailureKind::Misconfigured => ErrorKind::Misconfigured,
            FailureKind::Corrupt => ErrorKind::Corrupt,
        };
        PortError::new("aws", kind, failure)
    })
}
