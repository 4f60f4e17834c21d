use crate::connections::Connections;
use crate::{Failure, FailureKind};
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_types::timeout::TimeoutConfig;
use std::time::Duration;

/// The timeouts and retries of calls to AWS services.
///
/// Region, credentials and endpoints come from AWS's own settings: `AWS_REGION`, `AWS_PROFILE`,
/// `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` and so on.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Without this, clap panics on the second `Settings` that a command flattens.
#[command(next_help_heading = "AWS")]
pub struct Settings {
    /// The maximum number of seconds for connecting to an AWS service.
    #[arg(
        id = "aws-connect-timeout",
        long,
        env = "AWS_CONNECT_TIMEOUT",
        value_name = "SECONDS",
        default_value = "3",
        value_parser = seconds
    )]
    pub connect_timeout: Duration,

    /// The maximum number of seconds per attempt of a call to an AWS service.
    #[arg(
        id = "aws-attempt-timeout",
        long,
        env = "AWS_ATTEMPT_TIMEOUT",
        value_name = "SECONDS",
        default_value = "10",
        value_parser = seconds
    )]
    pub attempt_timeout: Duration,

    /// The maximum number of seconds per call to an AWS service, with all its attempts.
    #[arg(
        id = "aws-operation-timeout",
        long,
        env = "AWS_OPERATION_TIMEOUT",
        value_name = "SECONDS",
        default_value = "60",
        value_parser = seconds
    )]
    pub operation_timeout: Duration,

    /// The maximum number of attempts per call to an AWS service.
    #[arg(
        id = "aws-max-attempts",
        long,
        env = "AWS_MAX_ATTEMPTS",
        value_name = "N",
        default_value = "4",
        value_parser = clap::value_parser!(u32).range(1..=20)
    )]
    pub max_attempts: u32,
}

/// The longest wait between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(10);

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            attempt_timeout: Duration::from_secs(10),
            operation_timeout: Duration::from_mins(1),
            max_attempts: 4,
        }
    }
}

impl Settings {
    /// Returns the configuration of all clients. Reads AWS's settings and files, and asks the machine's
    /// metadata service if they name no region; credentials are read by the first call.
    ///
    /// The error is [`FailureKind::Misconfigured`]: there is no region.
    pub async fn load(&self) -> Result<SdkConfig, Failure> {
        let config = self.loader().load().await;
        if config.region().is_none_or(|region| region.as_ref().is_empty()) {
            return Err(Failure::new(
                FailureKind::Misconfigured,
                "no AWS region is configured: set AWS_REGION",
            ));
        }
        Ok(config)
    }

    /// Returns the configuration for an emulator of AWS at `url`, such as a test uses. It has any
    /// credentials and any region.
    pub async fn load_emulator(&self, url: &str) -> SdkConfig {
        self.loader()
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "emulator"))
            .endpoint_url(url)
            .load()
            .await
    }

    fn loader(&self) -> ConfigLoader {
        aws_config::defaults(BehaviorVersion::latest())
            .http_client(Connections::default())
            .timeout_config(self.timeouts(Duration::ZERO))
            .retry_config(self.retries())
    }

    /// Returns the timeouts of a call whose answer may take `longer` than usual.
    pub fn timeouts(&self, longer: Duration) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.attempt_timeout + longer)
            .operation_attempt_timeout(self.attempt_timeout + longer)
            .operation_timeout(self.operation_timeout + longer)
            .build()
    }

    fn retries(&self) -> RetryConfig {
        RetryConfig::standard().with_max_attempts(self.max_attempts).with_max_backoff(MAX_BACKOFF)
    }
}

/// Parses a number of seconds, such as `10` or `0.5`, of at most a day.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() && time <= Duration::from_hours(24) => Ok(time),
        _ => Err("expected more than 0 and at most 86400 seconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        aws: Settings,
    }

    #[test]
    fn settings_are_read_and_their_defaults_are_those_of_default() {
        let bare = Line::try_parse_from(["line"]).unwrap().aws;
        assert_eq!(format!("{bare:?}"), format!("{:?}", Settings::default()));
        let line = ["line", "--aws-attempt-timeout", "0.5", "--aws-max-attempts", "1"];
        let set = Line::try_parse_from(line).unwrap().aws;
        assert_eq!((set.attempt_timeout, set.max_attempts), (Duration::from_millis(500), 1));
        for line in [
            ["line", "--aws-attempt-timeout", "0"],
            ["line", "--aws-connect-timeout", "NaN"],
            ["line", "--aws-operation-timeout", "1e9"],
            ["line", "--aws-max-attempts", "0"],
        ] {
            assert!(Line::try_parse_from(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn a_call_that_waits_has_longer_timeouts() {
        let timeouts = Settings::default().timeouts(Duration::from_secs(20));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(30)));
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(80)));
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(3)));
    }
}
