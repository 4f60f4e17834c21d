use std::time::{Duration, Instant};

/// The first wait, unless the server asks for another.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest wait that is not asked for.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The waits between the attempts of one request: exponential backoff with jitter, until a deadline.
#[derive(Debug)]
pub(crate) struct Backoff {
    deadline: Instant,
    next_wait: Duration,
}

impl Backoff {
    pub(crate) fn new(duration: Duration) -> Self {
        Self { deadline: Instant::now() + duration, next_wait: FIRST_WAIT }
    }

    /// Waits before the next attempt, at least as long as the server asks for. Returns `false` at once if
    /// the wait would pass the deadline.
    pub(crate) async fn wait(&mut self, asked: Option<Duration>) -> bool {
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
