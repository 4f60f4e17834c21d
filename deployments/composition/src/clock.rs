use akin_entities::Timestamp;
use std::time::SystemTime;

/// Returns the current time.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    Timestamp(micros.saturating_add(shift()))
}

/// Returns how wrong the clock is, in microseconds.
#[cfg(not(feature = "wrong-clock"))]
const fn shift() -> i64 {
    0
}

/// Returns how wrong the clock is, in microseconds: as many seconds as `AKIN_TEST_CLOCK_SHIFT` says.
/// Only tests enable this.
#[cfg(feature = "wrong-clock")]
fn shift() -> i64 {
    let seconds = std::env::var("AKIN_TEST_CLOCK_SHIFT").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse::<i64>().ok());
    seconds.unwrap_or_default().saturating_mul(1_000_000)
}
