use std::time::{Duration, Instant};

/// The first wait.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The waits between the attempts of one request: exponential backoff with jitter, until a
/// deadline.
#[derive(Debug)]
pub(crate) struct Backoff {
    deadline: Instant,
    next_wait: Duration,
}

impl Backoff {
    pub(crate) fn new(duration: Duration) -> Self {
        Self { deadline: Instant::now() + duration, next_wait: FIRST_WAIT }
    }

    /// Waits before the next attempt. Returns `false` at once if the wait would pass the deadline.
    pub(crate) async fn wait(&mut self) -> bool {
        let wait = self.next_wait.mul_f64(0.5 + 0.5 * fastrand::f64());
        if Instant::now() + wait > self.deadline {
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
        while backoff.wait().await {
            attempts += 1;
        }
        assert!((1..=4).contains(&attempts), "{attempts}");
        assert!(began.elapsed() <= Duration::from_millis(450));
    }

    #[tokio::test]
    async fn without_time_there_is_no_second_attempt() {
        assert!(!Backoff::new(Duration::ZERO).wait().await);
    }
}
