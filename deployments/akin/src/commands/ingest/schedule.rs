//! Runs at an interval, for machines without cron.

use super::advised;
use super::outcome::{Outcome, RunReport, tell_refused};
use super::record::ended_by;
use crate::output;
use crate::signals::Interrupted;
use akin_composition::time;
use akin_entities::Timestamp;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The random share by which a run starts early or late, so that many shops do not all start on
/// the hour.
const JITTER: f64 = 0.1;

/// Parses a time from a second to a year: `90s`, `30m`, `1h` or `1d`. A bare number is in seconds.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let time = time(text).filter(|time| *time >= Duration::from_secs(1));
    time.ok_or_else(|| {
        "expected a time from a second to a year, such as 90s, 30m, 1h or 1d".to_owned()
    })
}

/// Runs now and at every `interval`, one run at a time, until a run was interrupted, and prints a line for
/// each. A failed run does not end the schedule.
pub(crate) async fn repeat(
    interval: Duration,
    json: bool,
    mut run: impl AsyncFnMut() -> anyhow::Result<Outcome>,
) {
    loop {
        let next = Instant::now() + interval.mul_f64(1.0 + JITTER * (2.0 * fastrand::f64() - 1.0));
        let result = run().await;
        let when = akin_composition::now();
        match result {
            Ok(outcome) => outcome.log(when, json),
            Err(error) if error.is::<Interrupted>() => return,
            Err(error) => log_failure(error, when, json),
        }
        // A run that takes longer than the interval is followed by the next at once.
        sleep_until(next).await;
    }
}

/// Prints why a run ended without results, and the rows for which it was refused.
fn log_failure(error: anyhow::Error, when: Timestamp, json: bool) {
    if json {
        let outcome = ended_by(&error);
        let (outcome, reason) = outcome.parts();
        let reason = reason.map(str::to_owned);
        let ended = akin_views::format_rfc3339(when);
        output::json_line(&RunReport { ended, outcome, reason, report: None });
    }
    tell_refused(&error);
    output::failure_at(&akin_views::format_timestamp(when), &advised(error));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_read_in_every_unit() {
        for (text, seconds) in [
            ("90s", 90),
            ("90", 90),
            ("30m", 1_800),
            ("1h", 3_600),
            ("1.5 h", 5_400),
            ("1d", 86_400),
        ] {
            assert_eq!(interval(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "0", "-1h", "0.5s", "1w", "1e9d", "NaNs", "hourly"] {
            assert!(interval(text).is_err(), "{text:?} should be refused");
        }
    }
}
