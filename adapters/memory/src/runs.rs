use crate::{Faults, SYSTEM, lock};
use akin_entities::{Timestamp, Version};
use akin_ports::{
    ErrorKind, MAX_RUNS, NewRun, PortError, PortResult, RUN_LEASE, Run, RunEnd, RunLog,
    RunOvertaken, RunStart, lease_is_valid,
};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// A [`RunLog`] in memory, of its own or of a [`crate::MemoryStore`].
#[derive(Clone, Debug, Default)]
pub struct MemoryRuns {
    state: Arc<Mutex<RunState>>,
    faults: Faults,
}

/// The runs of a store, and the versions that it has given out.
#[derive(Debug, Default)]
pub(crate) struct RunState {
    /// In the order in which they began, with the ends of their leases.
    runs: Vec<(Run, Timestamp)>,
    /// The version of the last run.
    fence: Option<Version>,
    /// The newest version that was given out or is held.
    newest: Option<Version>,
    /// The time, unless it is the machine's.
    clock: Option<Timestamp>,
}

impl MemoryRuns {
    /// Returns an empty log with these `faults`.
    pub fn with_faults(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    pub(crate) fn of_store(state: Arc<Mutex<RunState>>, faults: Faults) -> Self {
        Self { state, faults }
    }

    /// Sets the clock, which stands still from then on.
    pub fn set_clock(&self, now: Timestamp) {
        lock(&self.state).clock = Some(now);
    }

    /// Moves the ends of all leases by so many microseconds.
    pub fn move_leases(&self, micros: i64) {
        for (_, expires) in &mut lock(&self.state).runs {
            expires.0 += micros;
        }
    }

    /// Makes one call, which fails before its effect or after it if the faults say so.
    async fn call<T>(&self, work: impl FnOnce(&mut RunState) -> T) -> PortResult<T> {
        self.faults.call(&self.state, work).await
    }
}

#[async_trait]
impl RunLog for MemoryRuns {
    async fn begin(&self, run: &NewRun) -> PortResult<RunStart> {
        self.call(|state| state.begin(run)).await
    }

    async fn renew(&self, version: Version) -> PortResult<bool> {
        self.call(|state| {
            let expires = state.now().0 + micros(RUN_LEASE);
            let last = state.runs.last_mut();
            let held = last.filter(|(run, _)| run.version == version && run.end.is_none());
            held.map(|(_, end)| *end = Timestamp(expires)).is_some()
        })
        .await
    }

    async fn finish(&self, version: Version, end: &RunEnd) -> PortResult<()> {
        self.call(|state| {
            let mut runs = state.runs.iter_mut().map(|(run, _)| run);
            if let Some(run) = runs.find(|run| run.version == version && run.end.is_none()) {
                run.end = Some(end.clone());
            }
        })
        .await
    }

    async fn last(&self, limit: usize) -> PortResult<Vec<Run>> {
        self.call(|state| (0..state.runs.len()).rev().take(limit).map(|at| state.run(at)).collect())
            .await
    }
}

impl RunState {
    /// Refuses a write in the version `at` if a newer run has begun, and notes the version.
    pub(crate) fn admit(&mut self, at: Version) -> PortResult<()> {
        if self.fence.is_none_or(|fence| fence <= at) {
            self.note(at);
            return Ok(());
        }
        let newer = self.runs.last().map(|(run, _)| run);
        let holder = newer.and_then(|run| Some(run.holder.as_ref()?.name.clone()));
        let overtaken = RunOvertaken { holder, since: newer.map(|run| run.began) };
        Err(PortError::new(SYSTEM, ErrorKind::Overtaken, overtaken))
    }

    /// Notes that the store holds the version `at`.
    pub(crate) fn note(&mut self, at: Version) {
        self.newest = self.newest.max(Some(at));
    }

    fn begin(&mut self, run: &NewRun) -> RunStart {
        if let Some(last) = self.runs.len().checked_sub(1).map(|last| self.run(last)) {
            if last.holder.as_ref().is_some_and(|holder| holder.key == run.holder.key) {
                return RunStart::Begun(last.version);
            }
            if last.holds_lease && run.gone != Some(last.version) {
                return RunStart::Held(Box::new(last));
            }
        }
        let began = self.now();
        let version = Version::of_next_run(began, self.newest.unwrap_or(Version(0)));
        (self.fence, self.newest) = (Some(version), Some(version.last_of_run()));
        let (holder, feeds) = (Some(run.holder.clone()), run.feeds.clone());
        let run = Run { version, began, holder, feeds, holds_lease: true, end: None };
        self.runs.push((run, Timestamp(began.0 + micros(RUN_LEASE))));
        self.runs.drain(..self.runs.len().saturating_sub(MAX_RUNS));
        RunStart::Begun(version)
    }

    /// Returns the run at a position.
    fn run(&self, at: usize) -> Run {
        let (run, expires) = &self.runs[at];
        let is_last = at + 1 == self.runs.len();
        let holds_lease = is_last && run.end.is_none() && lease_is_valid(*expires, self.now());
        Run { holds_lease, ..run.clone() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let since = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        self.clock.unwrap_or_else(|| Timestamp(micros(since().unwrap_or_default())))
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4)
}
