//! One run of `akin ingest` at a time, recorded in the run log.

use super::outcome::Outcome;
use crate::embedding::{sleep, spawn};
use crate::signals::Interrupted;
use crate::{output, process};
use akin_ports::{Run, RunCounts, RunLog, RunOutcome};
use akin_usecases::{BegunRun, IngestError, RecordRun, RecordedRun, RequestedRun};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Records runs, one at a time, and logs what could not be recorded.
#[derive(Debug)]
pub(crate) struct Record(RecordRun);

impl Default for Record {
    fn default() -> Self {
        Self(RecordRun::new(sleep, spawn))
    }
}

impl Record {
    /// Waits for another run of the store, up to `patience`, then performs `work`, which reads `feeds`,
    /// and records its end.
    pub(crate) async fn keep(
        &self,
        runs: Arc<dyn RunLog>,
        feeds: Vec<String>,
        patience: Duration,
        work: impl AsyncFnOnce(BegunRun) -> anyhow::Result<Outcome>,
    ) -> anyhow::Result<Outcome> {
        let waiting = Waiting::default();
        let run = RequestedRun {
            runs,
            holder: process::holder(),
            feeds,
            patience,
            is_gone: &process::is_gone,
            observe: &|run| waiting.tell(run, patience),
        };
        let RecordedRun { result, recorded } = Box::pin(self.0.run(run, work, end)).await;
        match (recorded, &result) {
            (Err(error), Ok(_)) => tracing::warn!(error, "the end of this run is not recorded"),
            // The error that ended the run is reported, and is probably the same.
            (Err(error), Err(_)) => tracing::debug!(error, "the end of this run is not recorded"),
            (Ok(()), _) => {}
        }
        result
    }

    /// Records that the current run, if there is one, was interrupted.
    pub(crate) async fn interrupt(&self) {
        if let Err(error) = self.0.interrupt().await {
            tracing::debug!(error, "the end of this run is not recorded");
        }
    }
}

/// Reports the run that this one waits for: at once, then every half a minute.
#[derive(Debug, Default)]
struct Waiting(Mutex<Option<Instant>>);

impl Waiting {
    fn tell(&self, run: &Run, patience: Duration) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() > Duration::from_secs(30)) {
            let still = if last.is_some() { "still " } else { "" };
            let (run, up_to) = (described(run), patience.as_secs_f32());
            output::note(&format!("{still}waiting up to {up_to} s for {run}"));
            *last = Some(Instant::now());
        }
    }
}

/// Returns the process of a run that holds the lease, the time at which it began, and its feeds.
pub(crate) fn described(run: &Run) -> String {
    let holder = run.holder.as_ref().map_or("another process", |holder| &holder.name);
    let began = akin_views::format_timestamp(run.began);
    let began = began.split_once('.').map_or(&*began, |(second, _)| second);
    let feeds = match &*run.feeds {
        [] => String::new(),
        [feed] => format!(" with {feed}"),
        [feed, others @ ..] => format!(" with {feed} and {} more", others.len()),
    };
    format!("the ingestion of {holder}, which began at {began} UTC{feeds}")
}

/// Returns the outcome and the counts of a run that returned `result`.
fn end(result: &anyhow::Result<Outcome>) -> (RunOutcome, Option<RunCounts>) {
    match result {
        Ok(outcome) => (outcome.summary().outcome(), Some(outcome.summary().counts())),
        Err(error) => (ended_by(error), None),
    }
}

/// Returns the outcome of a run that ended with `error`.
pub(crate) fn ended_by(error: &anyhow::Error) -> RunOutcome {
    match error.downcast_ref::<IngestError>() {
        Some(error) => error.outcome(),
        None if error.is::<Interrupted>() => RunOutcome::Interrupted,
        None => RunOutcome::Failed(format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_ports::{ErrorKind, PortError};
    use akin_usecases::RunSummary;
    use std::time::Duration;

    #[test]
    fn a_run_is_recorded_by_what_it_did_or_by_the_error_that_ended_it() {
        let done = Outcome::stored(RunSummary::default(), Duration::ZERO);
        assert_eq!(end(&Ok(done)), (RunOutcome::Finished, Some(RunCounts::default())));
        let refusal = IngestError::EmptySnapshot { held: 3 };
        let reason = refusal.to_string();
        assert_eq!(end(&Err(refusal.into())), (RunOutcome::Refused(reason), None));
        let source = PortError::new("disk", ErrorKind::Unavailable, "no space left");
        let error = IngestError::Store { feed: "a.csv".to_owned(), source };
        let (outcome, counts) = end(&Err(error.into()));
        let RunOutcome::Failed(reason) = outcome else { panic!("{outcome:?}") };
        assert!(reason.ends_with("a.csv: disk is unavailable: no space left"), "{reason}");
        assert_eq!(counts, None);
    }
}
