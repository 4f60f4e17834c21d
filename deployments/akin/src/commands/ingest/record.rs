//! Records the runs of `akin ingest` in the run log.

use super::outcome::Outcome;
use crate::embedding::sleep;
use akin_ports::{FeedSource, RunCounts, RunOutcome};
use akin_usecases::{IngestError, RecordRun, RecordedRun, StartedRun};
use std::sync::Arc;

/// Records runs, one at a time, and logs what could not be recorded.
#[derive(Debug)]
pub(crate) struct Record(RecordRun);

impl Default for Record {
    fn default() -> Self {
        Self(RecordRun::new(sleep))
    }
}

impl Record {
    /// Runs `work`, which reads `feeds`, and records its beginning and its end.
    pub(crate) async fn keep(
        &self,
        run: StartedRun,
        feeds: &[Arc<dyn FeedSource>],
        work: impl Future<Output = anyhow::Result<Outcome>>,
    ) -> anyhow::Result<Outcome> {
        let feeds: Vec<_> = feeds.iter().map(|feed| feed.name().to_owned()).collect();
        let RecordedRun { result, recorded } = self.0.run(run, &feeds, Box::pin(work), end).await;
        match (recorded, &result) {
            (Err(error), Ok(_)) => tracing::warn!(error, "this run is not recorded"),
            // The error that ended the run is reported, and is probably the same.
            (Err(error), Err(_)) => tracing::debug!(error, "this run is not recorded"),
            (Ok(()), _) => {}
        }
        result
    }

    /// Records that the current run, if there is one, was interrupted.
    pub(crate) async fn interrupt(&self) {
        if let Err(error) = self.0.interrupt().await {
            tracing::debug!(error, "this run is not recorded");
        }
    }
}

/// Returns the outcome and the counts of a run that returned `result`.
fn end(result: &anyhow::Result<Outcome>) -> (RunOutcome, Option<RunCounts>) {
    match result {
        Ok(outcome) => (outcome.summary().outcome(), Some(outcome.summary().counts())),
        Err(error) => (ended_by(error), None),
    }
}

/// Returns the outcome of a run that ended with `error`.
fn ended_by(error: &anyhow::Error) -> RunOutcome {
    match error.downcast_ref::<IngestError>() {
        Some(error) => error.outcome(),
        None => RunOutcome::Failed(format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_ports::{ErrorKind, Failures, PortError};
    use akin_usecases::CatalogueSummary;
    use std::time::Duration;

    #[test]
    fn a_run_is_recorded_by_what_it_did_or_by_the_error_that_ended_it() {
        let done = Outcome::stored(CatalogueSummary::default(), Failures::new(), Duration::ZERO);
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
