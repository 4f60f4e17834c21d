use std::time::{Duration, Instant};

/// The first wait.
const FIRST: Duration = Duration::from_millis(100);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5);

/// How long something is tried again, and the waits in between: twice as long each time, and cut
/// by chance, so that many who were turned away at once do not come back at once.
#[derive(Debug)]
pub(crate) struct Patience {
    ends: Instant,
    next: Duration,
}

impl Patience {
    pub(crate) fn of(duration: Duration) -> Self {
        Self { ends: Instant::now() + duration, next: FIRST }
    }

    /// Waits before another try; `false` at once if there shall be none.
    pub(crate) async fn wait(&mut self) -> bool {
        let wait = self.next.mul_f64(0.5 + 0.5 * fastrand::f64());
        if Instant::now() + wait > self.ends {
            return false;
        }
        tokio::time::sleep(wait).await;
        self.next = (2 * self.next).min(LONGEST);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn patience_has_an_end() {
        let began = Instant::now();
        let mut patience = Patience::of(Duration::from_millis(400));
        let mut tries = 0;
        while patience.wait().await {
            tries += 1;
        }
        assert!((1..=4).contains(&tries), "{tries}");
        assert!(began.elapsed() <= Duration::from_millis(450));
    }

    #[tokio::test]
    async fn without_patience_nothing_is_tried_again() {
        assert!(!Patience::of(Duration::ZERO).wait().await);
    }
}
