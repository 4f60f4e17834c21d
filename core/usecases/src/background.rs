use futures::channel::oneshot;
use std::fmt;
use std::sync::Arc;

/// Runs computations of many milliseconds away from the threads that answer requests.
#[derive(Clone)]
pub struct Background(Arc<dyn Fn(Work) + Send + Sync>);

/// A computation to run elsewhere.
type Work = Box<dyn FnOnce() + Send>;

impl Background {
    /// Returns a background that hands each computation to `spawn`, which runs it on another thread.
    pub fn new(spawn: impl Fn(Box<dyn FnOnce() + Send>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(spawn))
    }

    /// Returns a background that computes on the calling thread, for programs that serve nobody else.
    pub fn inline() -> Self {
        Self::new(|work| work())
    }

    /// Runs `work` and returns its result; `None` if it panicked or was never run. `work` is told by
    /// its argument to stop once the returned future is dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        (self.0)(Box::new(move || {
            let done = work(&|| sender.is_canceled());
            // Nobody waits for the result of a request that was dropped.
            drop(sender.send(done));
        }));
        receiver.await.ok()
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    fn threads() -> Background {
        Background::new(|work| drop(thread::spawn(work)))
    }

    #[tokio::test]
    async fn background_work_returns_its_result() {
        let here = thread::current().id();
        assert_eq!(threads().run(move |_| thread::current().id() != here).await, Some(true));
        assert_eq!(Background::inline().run(|is_stopped| is_stopped()).await, Some(false));
    }

    #[tokio::test]
    async fn a_computation_that_panics_or_never_runs_has_no_result() {
        assert_eq!(Background::new(drop).run(|_| 1).await, None);
        assert_eq!(threads().run(|_| -> u8 { panic!("as the test wants") }).await, None);
    }

    #[tokio::test]
    async fn a_computation_is_cancelled_once_nobody_waits_for_it() {
        let (sender, receiver) = mpsc::channel();
        let background = threads();
        let mut waiting = Box::pin(background.run(move |is_stopped| {
            while !is_stopped() {
                thread::yield_now();
            }
            sender.send(()).unwrap();
        }));
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(waiting);
        receiver.recv().unwrap();
    }
}
