//! The waits between the attempts of one request: exponential backoff with jitter, until a deadline.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use backoff::Backoff;
//! use std::time::Duration;
//!
//! let mut backoff = Backoff::new(Duration::from_secs(1));
//! let mut attempts = 1;
//! while attempts < 3 && backoff.wait(None).await {
//!     attempts += 1;
//! }
//! assert_eq!(attempts, 3);
//! # }
//! ```

use std::time::{Duration, Instant};

/// The first wait, unless another is set or the server asks for one.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest wait that is not asked for.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The waits between the attempts of one request: exponential backoff with jitter, until a deadline.
#[derive(Debug)]
pub struct Backoff {
    deadline: Instant,
    next_wait: Duration,
}

impl Backoff {
    /// Creates the waits of a request that is tried again for `duration`.
    pub fn new(duration: Duration) -> Self {
        Self { deadline: Instant::now() + duration, next_wait: FIRST_WAIT }
    }

    /// Sets the first wait; each further one is twice as long.
    #[must_use]
    pub fn with_first_wait(self, wait: Duration) -> Self {
        Self { next_wait: wait, ..self }
    }

    /// Waits before the next attempt, at least as long as the server asks for. Returns `false` at once if
    /// the wait would pass the deadline.
    pub async fn wait(&mut self, asked: Option<Duration>) -> bool {
        let own = self.next_wait.mul_f64(0.5 + 0.5 * fastrand::f64());
        let wait = own.max(asked.unwrap_or_default());
        if self.deadline.saturating_duration_since(Instant::now()) < wait {
            return false;
        }
        tokio::time::sleep(wait).await;
        self.next_wait = (2 * self.next_wait).min(MAX_WAIT);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_at_the_deadline() {
        let began = Instant::now();
        let mut backoff = Backoff::new(Duration::from_millis(400));
        let mut attempts = 0;
        while backoff.wait(None).await {
            attempts += 1;
        }
        assert!((1..=4).contains(&attempts), "{attempts}");
        assert!(began.elapsed() >= Duration::from_millis(50));
        assert!(began.elapsed() <= Duration::from_millis(450));
    }

    #[tokio::test]
    async fn without_time_there_is_no_second_attempt() {
        assert!(!Backoff::new(Duration::ZERO).wait(None).await);
    }

    #[tokio::test]
    async fn the_server_decides_how_long_to_wait() {
        let mut backoff = Backoff::new(Duration::from_mins(1));
        let began = Instant::now();
        assert!(backoff.wait(Some(Duration::from_millis(300))).await);
        assert!(began.elapsed() >= Duration::from_millis(300));
        assert!(!backoff.wait(Some(Duration::from_mins(2))).await);
        assert!(!Backoff::new(Duration::from_millis(10)).wait(Some(Duration::MAX)).await);
    }
}
