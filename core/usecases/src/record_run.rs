use akin_entities::Timestamp;
use akin_ports::{PortResult, RunCounts, RunEnd, RunLog, RunOutcome};
use futures::future::{BoxFuture, Either, select};
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Records in the run log that an ingestion began and how it ended.
///
/// The run does not depend on its record: a log that fails or does not answer in time is reported, and
/// the run goes on.
pub struct RecordRun {
    sleep: Sleep,
    current: Mutex<Option<StartedRun>>,
}

type Sleep = fn(Duration) -> BoxFuture<'static, ()>;

/// A run that has started.
#[derive(Clone, Debug)]
pub struct StartedRun {
    /// The log that records it.
    pub runs: Arc<dyn RunLog>,
    /// When it began, which names it.
    pub at: Timestamp,
    /// The same moment, from which its duration is measured.
    pub since: Instant,
}

/// The result of a run, and whether it was recorded.
#[derive(Debug)]
pub struct RecordedRun<T, E> {
    /// The result of the run itself.
    pub result: Result<T, E>,
    /// The reason why the record is incomplete, if it is.
    pub recorded: Result<(), String>,
}

/// The time that a record may take.
const TIMEOUT: Duration = Duration::from_secs(5);

impl RecordRun {
    /// Returns a recorder of runs, one at a time, that waits by `sleep`.
    pub const fn new(sleep: Sleep) -> Self {
        Self { sleep, current: Mutex::new(None) }
    }

    /// Runs `work`, which reads `feeds`, and records its beginning and its end, of which `end` returns
    /// the outcome and the counts.
    pub async fn run<T, E>(
        &self,
        run: StartedRun,
        feeds: &[String],
        work: impl Future<Output = Result<T, E>>,
        end: impl FnOnce(&Result<T, E>) -> (RunOutcome, Option<RunCounts>),
    ) -> RecordedRun<T, E> {
        *self.current() = Some(run.clone());
        let began = self.in_time(run.runs.begin(run.at, feeds)).await;
        let result = work.await;
        let (outcome, counts) = end(&result);
        // Even if the beginning seems not to be recorded: perhaps only the answer was lost.
        let recorded = began.and(self.finish(&run, outcome, counts).await);
        *self.current() = None;
        RecordedRun { result, recorded }
    }

    /// Records that the current run, if there is one, was interrupted.
    pub async fn interrupt(&self) -> Result<(), String> {
        let current = self.current().take();
        match current {
            Some(run) => self.finish(&run, RunOutcome::Interrupted, None).await,
            None => Ok(()),
        }
    }

    async fn finish(
        &self,
        run: &StartedRun,
        outcome: RunOutcome,
        counts: Option<RunCounts>,
    ) -> Result<(), String> {
        let end = RunEnd { outcome, took: run.since.elapsed(), counts };
        self.in_time(run.runs.finish(run.at, &end)).await
    }

    /// Returns what `call` returns, or why it failed or took too long.
    async fn in_time(&self, call: impl Future<Output = PortResult<()>>) -> Result<(), String> {
        match select(pin!(call), (self.sleep)(TIMEOUT)).await {
            Either::Left((result, _)) => result.map_err(|error| error.report()),
            Either::Right(_) => {
                Err(format!("the store did not answer within {} s", TIMEOUT.as_secs()))
            }
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<StartedRun>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RecordRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordRun").field("current", &self.current).finish_non_exhaustive()
    }
}
