use akin_entities::Version;
use akin_ports::{
    NewRun, PortError, PortResult, RUN_LEASE, Run, RunCounts, RunEnd, RunHolder, RunLog,
    RunOutcome, RunStart,
};
use futures::channel::oneshot;
use futures::future::{BoxFuture, Either, pending, select};
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Performs one ingestion of a store at a time, and records when it began and how it ended.
///
/// A run waits until the lease of another has ended, gets its version from the store, and renews its
/// own lease until it ends, in a task of its own, so that nothing the work does can delay a renewal.
/// An end that cannot be recorded is reported, and does not fail the run.
pub struct RecordRun {
    sleep: Sleep,
    spawn: Spawn,
    current: Mutex<Option<BegunRun>>,
}

type Sleep = fn(Duration) -> BoxFuture<'static, ()>;

type Spawn = fn(BoxFuture<'static, ()>);

/// A run that is to begin.
pub struct RequestedRun<'a> {
    /// The log of the store's runs.
    pub runs: Arc<dyn RunLog>,
    /// The process that performs it.
    pub holder: RunHolder,
    /// The feeds it reads.
    pub feeds: Vec<String>,
    /// The time for which it waits for another run.
    pub patience: Duration,
    /// Returns whether a process is known to be gone.
    pub is_gone: &'a (dyn Fn(&RunHolder) -> bool + Send + Sync),
    /// Receives the run that it waits for, after each attempt to begin.
    pub observe: &'a (dyn Fn(&Run) + Send + Sync),
}

/// A run that has begun.
#[derive(Clone, Debug)]
pub struct BegunRun {
    /// The log that records it.
    runs: Arc<dyn RunLog>,
    /// Its version.
    pub version: Version,
    /// The moment at which it began.
    pub since: Instant,
}

/// Why a run did not begin, or was ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Another run holds the lease.
    #[error("another ingestion is running{}", by(.0))]
    Busy(Box<Run>),
    /// The store did not answer.
    #[error("the ingestion could not begin")]
    Unrecorded(#[source] PortError),
    /// Another run began because this one did not renew its lease in time.
    #[error("another ingestion took over, because this one did not answer for {} s", RUN_LEASE.as_secs())]
    Overtaken,
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

/// The pause between two questions whether the lease is free.
const PAUSE: Duration = Duration::from_millis(500);

/// The pause after a renewal that failed.
const RETRY: Duration = Duration::from_secs(1);

impl RecordRun {
    /// Returns a recorder of runs, one at a time, that waits by `sleep` and starts tasks by `spawn`.
    pub const fn new(sleep: Sleep, spawn: Spawn) -> Self {
        Self { sleep, spawn, current: Mutex::new(None) }
    }

    /// Begins `run`, performs its `work`, and records its end, of which `end` returns the outcome and
    /// the counts.
    pub async fn run<T, E: From<RunError>>(
        &self,
        run: RequestedRun<'_>,
        work: impl AsyncFnOnce(BegunRun) -> Result<T, E>,
        end: impl FnOnce(&Result<T, E>) -> (RunOutcome, Option<RunCounts>),
    ) -> RecordedRun<T, E> {
        let begun = match self.begin(run).await {
            Ok(begun) => begun,
            // It did nothing, so there is nothing to record.
            Err(error) => return RecordedRun { result: Err(error.into()), recorded: Ok(()) },
        };
        *self.current() = Some(begun.clone());
        let overtaken = self.keep_lease(begun.clone());
        let work = pin!(work(begun.clone()));
        let result = match select(work, pin!(overtaken)).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(RunError::Overtaken.into()),
        };
        let (outcome, counts) = end(&result);
        let recorded = self.finish(&begun, outcome, counts).await;
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

    /// Waits until no other run holds the lease.
    async fn begin(&self, run: RequestedRun<'_>) -> Result<BegunRun, RunError> {
        let RequestedRun { runs, holder, feeds, patience, is_gone, observe } = run;
        let mut run = NewRun { holder, feeds, gone: None };
        let asked = Instant::now();
        loop {
            let since = Instant::now();
            let held = match runs.begin(&run).await.map_err(RunError::Unrecorded)? {
                RunStart::Begun(version) => return Ok(BegunRun { runs, version, since }),
                RunStart::Held(held) => held,
            };
            let is_news = run.gone != Some(held.version);
            if is_news && held.holder.as_ref().is_some_and(is_gone) {
                run.gone = Some(held.version);
                continue;
            }
            if asked.elapsed() >= patience {
                return Err(RunError::Busy(held));
            }
            observe(&held);
            (self.sleep)(PAUSE.min(patience)).await;
        }
    }

    /// Starts a task that renews the lease of `run`. The returned future completes once another run
    /// has begun; the task ends when it is dropped.
    fn keep_lease(&self, run: BegunRun) -> impl Future<Output = ()> + use<> {
        let (mut sender, overtaken) = oneshot::channel();
        let sleep = self.sleep;
        (self.spawn)(Box::pin(async move {
            let renewal = pin!(renew(&run, sleep));
            let ended = select(renewal, sender.cancellation()).await;
            if matches!(ended, Either::Left(_)) {
                // The run may have ended at this moment.
                sender.send(()).ok();
            }
        }));
        async {
            // The store refuses the run's writes if it is overtaken after the task was lost.
            if overtaken.await.is_err() {
                pending::<()>().await;
            }
        }
    }

    async fn finish(
        &self,
        run: &BegunRun,
        outcome: RunOutcome,
        counts: Option<RunCounts>,
    ) -> Result<(), String> {
        let end = RunEnd { outcome, took: run.since.elapsed(), counts };
        in_time(run.runs.finish(run.version, &end), self.sleep).await
    }

    fn current(&self) -> MutexGuard<'_, Option<BegunRun>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Renews the lease of `run` until another run has begun.
async fn renew(run: &BegunRun, sleep: Sleep) {
    let mut pause = RUN_LEASE / 3;
    loop {
        sleep(pause).await;
        pause = match in_time(run.runs.renew(run.version), sleep).await {
            Ok(true) => RUN_LEASE / 3,
            Ok(false) => return,
            // The store refuses the run's writes if another takes over meanwhile.
            Err(_) => RETRY,
        };
    }
}

/// Returns what `call` returns, or why it failed or took too long.
async fn in_time<T>(call: impl Future<Output = PortResult<T>>, sleep: Sleep) -> Result<T, String> {
    match select(pin!(call), sleep(TIMEOUT)).await {
        Either::Left((result, _)) => result.map_err(|error| error.report()),
        Either::Right(_) => Err(format!("the store did not answer within {} s", TIMEOUT.as_secs())),
    }
}

fn by(run: &Run) -> String {
    run.holder.as_ref().map(|holder| format!(": {}", holder.name)).unwrap_or_default()
}

impl fmt::Debug for RecordRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordRun").field("current", &self.current).finish_non_exhaustive()
    }
}

impl fmt::Debug for RequestedRun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestedRun").field("holder", &self.holder).finish_non_exhaustive()
    }
}
