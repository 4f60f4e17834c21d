//! Recording a run never changes it.

use akin_entities::Timestamp;
use akin_memory::{Faults, MemoryRuns};
use akin_ports::{ErrorKind, PortResult, Run, RunCounts, RunEnd, RunLog, RunOutcome};
use akin_usecases::{RecordRun, RecordedRun, StartedRun};
use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::{BoxFuture, pending, ready};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn never(_: Duration) -> BoxFuture<'static, ()> {
    Box::pin(pending())
}

fn at_once(_: Duration) -> BoxFuture<'static, ()> {
    Box::pin(ready(()))
}

fn started(runs: &Arc<MemoryRuns>) -> StartedRun {
    StartedRun { runs: runs.clone(), at: Timestamp(7), since: Instant::now() }
}

fn end(result: &Result<u64, String>) -> (RunOutcome, Option<RunCounts>) {
    match result {
        Ok(read) => (RunOutcome::Finished, Some(RunCounts { read: *read, ..RunCounts::default() })),
        Err(reason) => (RunOutcome::Failed(reason.clone()), None),
    }
}

async fn record(
    run_recorder: &RecordRun,
    runs: &Arc<MemoryRuns>,
    result: Result<u64, String>,
) -> RecordedRun<u64, String> {
    run_recorder.run(started(runs), &["a.csv".to_owned()], ready(result), end).await
}

#[tokio::test]
async fn a_run_is_recorded_with_its_outcome_and_its_counts() {
    let finished = RunCounts { read: 3, ..RunCounts::default() };
    let failed = RunOutcome::Failed("no space left".to_owned());
    for (result, outcome, counts) in [
        (Ok(3), RunOutcome::Finished, Some(finished)),
        (Err("no space left".to_owned()), failed, None),
    ] {
        let (runs, run_recorder) = (Arc::new(MemoryRuns::default()), RecordRun::new(never));
        let finished_run = record(&run_recorder, &runs, result.clone()).await;
        assert_eq!((finished_run.result, finished_run.recorded), (result, Ok(())));
        // The run has ended, so that it cannot be interrupted any more.
        run_recorder.interrupt().await.unwrap();
        let last = runs.last(10).await.unwrap();
        assert_eq!((last.len(), last[0].began), (1, Timestamp(7)));
        assert_eq!(last[0].feeds, ["a.csv"]);
        let end = last[0].end.clone().unwrap();
        assert_eq!((end.outcome, end.counts), (outcome, counts));
    }
}

#[tokio::test]
async fn a_run_is_done_even_if_it_cannot_be_recorded() {
    // Each of the two records has a step before its effect and one after it.
    let ends = [None, Some(false), Some(false), Some(true), Some(true)];
    for (steps, expected) in (0..).zip(ends) {
        let faults = Faults::default();
        faults.break_after(steps, ErrorKind::Unavailable);
        let runs = Arc::new(MemoryRuns::with_faults(faults.clone()));
        let recorded = record(&RecordRun::new(never), &runs, Ok(3)).await;
        assert_eq!((recorded.result, recorded.recorded.is_ok()), (Ok(3), steps == 4));
        faults.mend();
        let last = runs.last(10).await.unwrap();
        assert_eq!(last.first().map(|run| run.end.is_some()), expected, "{steps}");
    }
}

#[tokio::test]
async fn an_interrupted_run_is_recorded_as_interrupted() {
    let (runs, run_recorder) = (Arc::new(MemoryRuns::default()), RecordRun::new(never));
    run_recorder.interrupt().await.unwrap();
    let mut endless = Box::pin(run_recorder.run(started(&runs), &[], pending(), end));
    while runs.last(1).await.unwrap().is_empty() {
        assert!(endless.as_mut().now_or_never().is_none());
    }
    assert_eq!(runs.last(1).await.unwrap()[0].end, None);
    run_recorder.interrupt().await.unwrap();
    let end = runs.last(1).await.unwrap().remove(0).end.unwrap();
    assert_eq!((end.outcome, end.counts), (RunOutcome::Interrupted, None));
}

/// A log that never answers.
#[derive(Debug)]
struct SilentRuns;

#[async_trait]
impl RunLog for SilentRuns {
    async fn begin(&self, _: Timestamp, _: &[String]) -> PortResult<()> {
        pending().await
    }

    async fn finish(&self, _: Timestamp, _: &RunEnd) -> PortResult<()> {
        pending().await
    }

    async fn last(&self, _: usize) -> PortResult<Vec<Run>> {
        pending().await
    }
}

#[tokio::test]
async fn a_run_does_not_wait_for_a_log_that_does_not_answer() {
    let run = StartedRun { runs: Arc::new(SilentRuns), at: Timestamp(7), since: Instant::now() };
    let recorded = RecordRun::new(at_once).run(run, &[], ready(Ok(3)), end).await;
    assert_eq!(recorded.result, Ok(3));
    assert_eq!(recorded.recorded.unwrap_err(), "the store did not answer within 5 s");
}
