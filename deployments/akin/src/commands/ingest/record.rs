//! What is remembered of a run: that it began, and how it ended.

use super::outcome::Outcome;
use akin_entities::Timestamp;
use akin_ports::{FeedSource, PortResult, RunEnd, RunLog, RunOutcome};
use akin_usecases::IngestError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long a note may take: a run does not wait for a server that is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Remembers the run under way, if one is. Whatever becomes of the memory, the run is done.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Option<Begun>>);

/// A run under way.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) runs: Arc<dyn RunLog>,
    /// What names it.
    pub(crate) at: Timestamp,
    pub(crate) since: Instant,
}

impl Record {
    /// Does `run`, which reads `feeds`, and notes that it began and how it ended; answers what it did.
    pub(crate) async fn keep(
        &self,
        begun: Begun,
        feeds: &[Arc<dyn FeedSource>],
        run: impl Future<Output = anyhow::Result<Outcome>>,
    ) -> anyhow::Result<Outcome> {
        let feeds: Vec<_> = feeds.iter().map(|feed| feed.name().to_owned()).collect();
        *self.under_way() = Some(begun.clone());
        let noted = in_time(begun.runs.begin(begun.at, &feeds)).await;
        let done = run.await;
        // Also where the beginning seems not to be noted: only the answer may have been lost.
        let noted = noted.and(begun.end(&done).await);
        *self.under_way() = None;
        match (noted, &done) {
            (Err(error), Ok(_)) => tracing::warn!(error, "this run is not remembered"),
            // What ended the run is told, and is likely the same.
            (Err(error), Err(_)) => tracing::debug!(error, "this run is not remembered"),
            (Ok(()), _) => {}
        }
        done
    }

    /// Notes that the run under way, if one is, was asked to end.
    pub(crate) async fn interrupt(&self) {
        let begun = self.under_way().take();
        if let Some(begun) = begun
            && let Err(error) = begun.note(RunOutcome::Interrupted).await
        {
            tracing::debug!(error, "this run is not remembered");
        }
    }

    fn under_way(&self) -> MutexGuard<'_, Option<Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Begun {
    /// Notes what became of the run.
    async fn end(&self, done: &anyhow::Result<Outcome>) -> Result<(), String> {
        match done {
            Ok(outcome) => {
                let (took, counts) = (self.since.elapsed(), Some(outcome.counts()));
                self.finish(RunEnd { outcome: outcome.ending(), took, counts }).await
            }
            Err(error) => self.note(ended_by(error)).await,
        }
    }

    /// Notes what became of a run that cannot say what it did.
    async fn note(&self, outcome: RunOutcome) -> Result<(), String> {
        self.finish(RunEnd { outcome, took: self.since.elapsed(), counts: None }).await
    }

    async fn finish(&self, end: RunEnd) -> Result<(), String> {
        in_time(self.runs.finish(self.at, &end)).await
    }
}

/// What an error makes of a run.
fn ended_by(error: &anyhow::Error) -> RunOutcome {
    match error.downcast_ref::<IngestError>() {
        Some(refusal) if refusal.is_refusal() => RunOutcome::Refused(refusal.to_string()),
        _ => RunOutcome::Failed(format!("{error:#}")),
    }
}

/// What `note` answers, or why it did not.
async fn in_time(note: impl Future<Output = PortResult<()>>) -> Result<(), String> {
    match timeout(PATIENCE, note).await {
        Ok(noted) => noted.map_err(|error| error.report()),
        Err(_) => Err(format!("the store did not answer within {} s", PATIENCE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_memory::{Faults, MemoryRuns};
    use akin_ports::{ErrorKind, Failures, PortError, RunCounts};
    use akin_usecases::CatalogueSummary;

    fn begun(runs: &Arc<MemoryRuns>) -> Begun {
        Begun { runs: runs.clone(), at: Timestamp(7), since: Instant::now() }
    }

    fn done() -> Outcome {
        Outcome::kept(CatalogueSummary::default(), Failures::new(), Duration::ZERO)
    }

    /// What is remembered of a run that answers `done`.
    async fn remembered(done: anyhow::Result<Outcome>) -> RunEnd {
        let (runs, record) = (Arc::new(MemoryRuns::default()), Record::default());
        let is_done = done.is_ok();
        let kept = record.keep(begun(&runs), &[], async { done }).await;
        assert_eq!(kept.is_ok(), is_done);
        record.interrupt().await;
        let mut last = runs.last(10).await.expect("runs");
        assert_eq!((last.len(), last[0].began), (1, Timestamp(7)));
        last.remove(0).end.expect("an end")
    }

    #[tokio::test]
    async fn a_run_is_remembered_by_what_it_did_or_by_what_ended_it() {
        let end = remembered(Ok(done())).await;
        assert_eq!((end.outcome, end.counts), (RunOutcome::Finished, Some(RunCounts::default())));
        let end = remembered(Err(IngestError::EmptySnapshot { held: 3 }.into())).await;
        let why = "the feeds name no product, and the store holds 3: nothing was changed";
        assert_eq!((end.outcome, end.counts), (RunOutcome::Refused(why.to_owned()), None));
        let source = PortError::new("disk", ErrorKind::Unavailable, "no space left");
        let error = IngestError::Store { feed: "a.csv".to_owned(), source };
        let end = remembered(Err(error.into())).await;
        let why =
            "the store did not keep the products of a.csv: disk is unavailable: no space left";
        assert_eq!(end.outcome, RunOutcome::Failed(why.to_owned()));
    }

    #[tokio::test]
    async fn a_run_is_done_whatever_becomes_of_its_memory() {
        for steps in 0..5 {
            let faults = Faults::default();
            faults.break_after(steps, ErrorKind::Unavailable);
            let runs = Arc::new(MemoryRuns::with_faults(faults.clone()));
            let kept = Record::default().keep(begun(&runs), &[], async { Ok(done()) }).await;
            assert_eq!(kept.expect("an outcome").counts(), RunCounts::default());
            faults.mend();
            let last = runs.last(10).await.expect("runs");
            let ended = last.first().map(|run| run.end.is_some());
            // Each of the two notes has a step before its effect and one after it.
            let expected = [None, Some(false), Some(false), Some(true), Some(true)];
            assert_eq!(ended, expected[usize::try_from(steps).expect("a number")], "{steps}");
        }
    }

    #[tokio::test]
    async fn who_is_asked_to_end_notes_it_of_the_run_under_way() {
        let (runs, record) = (Arc::new(MemoryRuns::default()), Record::default());
        record.interrupt().await;
        let endless = record.keep(begun(&runs), &[], std::future::pending());
        assert!(timeout(Duration::from_millis(20), endless).await.is_err());
        assert_eq!(runs.last(1).await.expect("runs")[0].end, None);
        record.interrupt().await;
        let end = runs.last(1).await.expect("runs").remove(0).end.expect("an end");
        assert_eq!((end.outcome, end.counts), (RunOutcome::Interrupted, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_that_does_not_answer_is_not_waited_for() {
        let error = in_time(std::future::pending()).await.expect_err("it is too late");
        assert_eq!(error, "the store did not answer within 5 s");
    }
}
