use crate::MessageFormat;
use jiff::tz::TimeZone;
use std::time::Duration;

/// The queue in SQS, and how it is used.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Without this, clap panics on the second `Settings` that a command flattens.
#[command(next_help_heading = "AWS")]
pub struct Settings {
    /// The URL of the SQS queue of changes.
    #[arg(
        id = "sqs-queue-url",
        long,
        env = "AWS_SQS_SUBSCRIBED_QUEUE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub queue_url: Option<String>,

    /// The URL of the queue's dead-letter queue [default: that of the queue's redrive policy].
    #[arg(
        id = "sqs-dead-letter-queue-url",
        long,
        env = "AWS_SQS_DEAD_LETTER_QUEUE_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub dead_letter_queue_url: Option<String>,

    /// How many seconds a call waits for a message, 1 to 20.
    #[arg(
        id = "sqs-wait",
        long,
        env = "AWS_SQS_WAIT",
        value_name = "SECONDS",
        default_value = "2",
        value_parser = wait
    )]
    pub wait: Duration,

    /// The time zone of the dates in messages, such as `Asia/Hong_Kong`.
    #[arg(
        id = "sqs-time-zone",
        long,
        env = "AWS_SQS_TIME_ZONE",
        value_name = "ZONE",
        default_value = "UTC",
        value_parser = time_zone
    )]
    pub time_zone: TimeZone,
}

impl Settings {
    /// Returns all missing or invalid settings, each by its environment variable.
    pub fn problems(&self) -> Vec<String> {
        let main = match self.queue_url.as_deref() {
            None | Some("") => Some(MISSING.to_owned()),
            Some(url) => problem("AWS_SQS_SUBSCRIBED_QUEUE_URL", url),
        };
        let dead = self.dead_letter_queue_url.as_deref().filter(|url| !url.is_empty());
        let dead = dead.and_then(|url| problem("AWS_SQS_DEAD_LETTER_QUEUE_URL", url));
        main.into_iter().chain(dead).collect()
    }

    /// Returns the format of the messages' bodies.
    pub fn message_format(&self) -> MessageFormat {
        MessageFormat::new(self.time_zone.clone())
    }
}

const MISSING: &str = "AWS_SQS_SUBSCRIBED_QUEUE_URL is not set: it is the queue's URL, such as \
                       https://sqs.eu-west-1.amazonaws.com/123456789012/changes";

fn problem(setting: &str, url: &str) -> Option<String> {
    let address = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match address.and_then(|address| address.split_once('/')) {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => {}
        _ => return Some(format!("{setting} is not the URL of a queue: {url:?}")),
    }
    // SQS requires this ending, in lower case.
    let is_fifo = url.strip_suffix(".fifo").is_some();
    is_fifo.then(|| format!("{setting} is a FIFO queue: create a standard queue"))
}

/// Parses the seconds of a long poll. Without waiting, SQS may miss messages that are visible.
fn wait(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(seconds @ 1..=20) => Ok(Duration::from_secs(seconds)),
        _ => Err("expected a whole number of seconds from 1 to 20"),
    }
}

fn time_zone(name: &str) -> Result<TimeZone, &'static str> {
    TimeZone::get(name).map_err(|_| "expected the name of a time zone, such as Asia/Hong_Kong")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        sqs: Settings,
    }

    fn settings(line: &[&str]) -> Settings {
        Line::try_parse_from([&["line"], line].concat()).unwrap().sqs
    }

    #[test]
    fn a_missing_or_unusable_queue_is_reported_by_its_variable() {
        assert_eq!(settings(&[]).problems(), [MISSING]);
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/changes";
        assert_eq!(settings(&["--sqs-queue-url", url]).problems(), [""; 0]);
        for bad in ["changes", "https://", "https://host", "https://host/", "ftp://host/a"] {
            let settings =
                settings(&["--sqs-queue-url", bad, "--sqs-dead-letter-queue-url", "dead"]);
            let problems = settings.problems();
            assert!(problems[0].starts_with("AWS_SQS_SUBSCRIBED_QUEUE_URL is not"), "{problems:?}");
            assert!(problems[1].starts_with("AWS_SQS_DEAD_LETTER_QUEUE_URL is not"));
        }
        let fifo = settings(&["--sqs-queue-url", "https://host/1/changes.fifo"]).problems();
        assert!(fifo[0].contains("standard queue"), "{fifo:?}");
    }

    #[test]
    fn waits_and_zones_are_validated() {
        assert_eq!(settings(&["--sqs-wait", "20"]).wait, Duration::from_secs(20));
        let zone = settings(&["--sqs-time-zone", "Asia/Hong_Kong"]).time_zone;
        assert_eq!(zone.iana_name(), Some("Asia/Hong_Kong"));
        for line in [["--sqs-wait", "0"], ["--sqs-wait", "21"], ["--sqs-time-zone", "Atlantis"]] {
            assert!(Line::try_parse_from(["line", line[0], line[1]]).is_err(), "{line:?}");
        }
    }
}
