//! One configuration of the clients of AWS services: region, credentials and endpoints by AWS's usual
//! chain, timeouts on everything, retries in one place, one TLS stack, and errors by their kind.
//!
//! ```no_run
//! # async fn connect(settings: aws_client::Settings) -> Result<(), aws_client::Failure> {
//! let config = settings.load().await?;
//! // let queue = aws_sdk_sqs::Client::new(&config);
//! # Ok(())
//! # }
//! ```
//!
//! `AWS_ENDPOINT_URL` and the variables of single services, such as `AWS_ENDPOINT_URL_S3`, are honored,
//! and `HTTPS_PROXY` and `NO_PROXY` are too.

mod connections;
mod failure;
mod settings;

pub use aws_config::SdkConfig;
pub use aws_smithy_types::timeout::TimeoutConfig;
pub use failure::{Failure, FailureKind};
pub use settings::Settings;
