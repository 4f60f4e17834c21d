use crate::FunctionError;
use futures::future::BoxFuture;
use std::fmt;
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// The parts of a function, which are opened once.
///
/// A function opens them before its first event, when AWS Lambda gives it the most CPU. If that fails, it
/// tries again at each event: the server that was away may be back.
pub struct Parts<T> {
    opened: OnceCell<T>,
    open: Box<dyn Fn() -> BoxFuture<'static, Result<T, NotOpened>> + Send + Sync>,
}

/// Why the parts of a function could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotOpened {
    /// What was wrong and what to do, for the log.
    pub message: String,
    /// True if a setting must change first, so that another try is in vain.
    pub is_final: bool,
}

/// The time for opening parts before the first event. AWS Lambda ends a process that did not ask for an event
/// within ten seconds of its start.
const MAX_PREPARATION: Duration = Duration::from_secs(8);

impl<T> Parts<T> {
    /// Returns parts that `open` opens.
    pub fn new<F>(open: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<T, NotOpened>> + Send + 'static,
    {
        Self { opened: OnceCell::new(), open: Box::new(move || Box::pin(open())) }
    }

    /// Opens the parts before the first event. An error if they cannot ever be opened; any other is
    /// logged, and the events try again. So do they if this takes longer than AWS Lambda allows: a server
    /// that accepts connections and says nothing must not keep events from being answered.
    pub async fn prepare(&self) -> Result<(), NotOpened> {
        match timeout(MAX_PREPARATION, self.opened.get_or_try_init(&self.open)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_final => Err(error),
            Err(_) => {
                tracing::warn!(seconds = MAX_PREPARATION.as_secs(), "not ready in time");
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::warn!(error = error.message, "not ready yet");
                Ok(())
            }
        }
    }

    /// Opens the parts, unless they are open.
    pub async fn get(&self) -> Result<&T, FunctionError> {
        let opened = self.opened.get_or_try_init(&self.open).await;
        opened.map_err(|error| FunctionError::not_opened(error.message))
    }
}

impl<T> fmt::Debug for Parts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("is_open", &self.opened.initialized()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Returns parts whose first opening fails.
    fn parts(is_final: bool) -> Parts<u32> {
        let tries = Arc::new(AtomicU32::new(0));
        Parts::new(move || {
            let number = tries.fetch_add(1, Ordering::Relaxed);
            async move {
                let message = "the server is away".to_owned();
                if number == 0 { Err(NotOpened { message, is_final }) } else { Ok(number) }
            }
        })
    }

    #[tokio::test]
    async fn parts_that_did_not_open_are_tried_again_and_opened_once() {
        let parts = parts(false);
        let error = parts.get().await.unwrap_err();
        assert_eq!((error.kind, &*error.message), ("NotOpened", "the server is away"));
        assert_eq!(parts.get().await, Ok(&1));
        assert_eq!(parts.get().await, Ok(&1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_does_not_keep_a_function_from_its_events() {
        let began = tokio::time::Instant::now();
        let parts = Parts::<u32>::new(std::future::pending);
        assert_eq!(parts.prepare().await, Ok(()));
        assert_eq!(began.elapsed(), MAX_PREPARATION);
    }

    #[tokio::test]
    async fn a_server_that_is_away_does_not_end_a_function_and_a_wrong_setting_does() {
        assert_eq!(parts(false).prepare().await, Ok(()));
        assert!(parts(true).prepare().await.unwrap_err().is_final);
    }
}
