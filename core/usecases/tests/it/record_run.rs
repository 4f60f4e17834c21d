//! One run at a time holds the lease, and is recorded with its outcome.

use akin_entities::Version;
use akin_memory::{Faults, MemoryRuns};
use akin_ports::{
    ErrorKind, NewRun, RUN_LEASE, Run, RunCounts, RunHolder, RunLog, RunOutcome, RunStart,
};
use akin_usecases::{BegunRun, RecordRun, RecordedRun, RequestedRun, RunError};
use futures::FutureExt as _;
use futures::future::{BoxFuture, pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn never(_: Duration) -> BoxFuture<'static, ()> {
    Box::pin(pending())
}

fn at_once(_: Duration) -> BoxFuture<'static, ()> {
    Box::pin(ready(()))
}

/// Sleeps are over at once but for those of a lease: a run is not over before its lease is renewed.
fn renewing(time: Duration) -> BoxFuture<'static, ()> {
    if time == RUN_LEASE / 3 { at_once(time) } else { never(time) }
}

fn spawn(task: BoxFuture<'static, ()>) {
    drop(tokio::spawn(task));
}

/// Returns what `future` returns, and occupies the thread until then.
fn without_yielding<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        if let Some(done) = future.as_mut().now_or_never() {
            return done;
        }
    }
}

fn holder(name: &str) -> RunHolder {
    RunHolder { name: name.to_owned(), key: name.to_owned() }
}

fn requested(runs: &Arc<MemoryRuns>) -> RequestedRun<'static> {
    RequestedRun {
        runs: runs.clone(),
        holder: holder("this"),
        feeds: vec!["a.csv".to_owned()],
        patience: Duration::ZERO,
        is_gone: &|_| false,
        observe: &|_| (),
    }
}

/// Begins a run of another process.
async fn begin_other(runs: &MemoryRuns) -> Version {
    let run = NewRun { holder: holder("other"), feeds: Vec::new(), gone: None };
    let RunStart::Begun(version) = runs.begin(&run).await.unwrap() else { panic!("a lease") };
    version
}

#[derive(Debug, thiserror::Error)]
enum TestError {
    #[error("{0}")]
    Work(String),
    #[error(transparent)]
    Run(#[from] RunError),
}

fn end(result: &Result<u64, TestError>) -> (RunOutcome, Option<RunCounts>) {
    match result {
        Ok(read) => (RunOutcome::Finished, Some(RunCounts { read: *read, ..RunCounts::default() })),
        Err(reason) => (RunOutcome::Failed(reason.to_string()), None),
    }
}

async fn record(
    run_recorder: &RecordRun,
    run: RequestedRun<'_>,
    result: Result<u64, TestError>,
) -> RecordedRun<u64, TestError> {
    run_recorder.run(run, async |_| result, end).await
}

#[tokio::test]
async fn a_run_is_recorded_with_its_outcome_and_counts() {
    let finished = RunCounts { read: 3, ..RunCounts::default() };
    let failed = RunOutcome::Failed("no space left".to_owned());
    for (result, outcome, counts) in [
        (Ok(3), RunOutcome::Finished, Some(finished)),
        (Err(TestError::Work("no space left".to_owned())), failed, None),
    ] {
        let (runs, run_recorder) = (Arc::new(MemoryRuns::default()), RecordRun::new(never, spawn));
        let is_ok = result.is_ok();
        let recorded = record(&run_recorder, requested(&runs), result).await;
        assert_eq!((recorded.result.is_ok(), recorded.recorded), (is_ok, Ok(())));
        // The run has ended, so it can no longer be interrupted.
        run_recorder.interrupt().await.unwrap();
        let last = runs.last(10).await.unwrap();
        assert_eq!((last.len(), &*last[0].feeds), (1, &["a.csv".to_owned()][..]));
        let end = last[0].end.clone().unwrap();
        assert_eq!((end.outcome, end.counts), (outcome, counts));
    }
}

#[tokio::test]
async fn a_run_writes_with_the_version_that_the_store_gave_it() {
    let runs = Arc::new(MemoryRuns::default());
    let run_recorder = RecordRun::new(never, spawn);
    let work = async |begun: BegunRun| {
        assert_eq!(runs.last(1).await.unwrap()[0].version, begun.version);
        Ok::<_, TestError>(1)
    };
    run_recorder.run(requested(&runs), work, end).await.result.unwrap();
}

#[tokio::test]
async fn a_run_needs_a_version_but_succeeds_even_if_its_end_cannot_be_recorded() {
    // The beginning and the end each have a step before their effect and one after it.
    let expected = [(false, None), (false, Some(false)), (true, Some(false)), (true, Some(true))];
    for (steps, (is_done, is_ended)) in (0..).zip(expected) {
        let faults = Faults::default();
        faults.break_after(steps, ErrorKind::Unavailable);
        let runs = Arc::new(MemoryRuns::with_faults(faults.clone()));
        let recorded = record(&RecordRun::new(never, spawn), requested(&runs), Ok(3)).await;
        assert_eq!(recorded.result.is_ok(), is_done, "{steps}");
        assert_eq!(recorded.recorded.is_ok(), !is_done, "{steps}");
        faults.clear();
        let last = runs.last(10).await.unwrap();
        assert_eq!(last.first().map(|run| run.end.is_some()), is_ended, "{steps}");
    }
}

#[tokio::test]
async fn an_interrupted_run_is_recorded_as_interrupted() {
    let (runs, run_recorder) = (Arc::new(MemoryRuns::default()), RecordRun::new(never, spawn));
    run_recorder.interrupt().await.unwrap();
    let mut endless = Box::pin(run_recorder.run(requested(&runs), async |_| pending().await, end));
    while runs.last(1).await.unwrap().is_empty() {
        assert!(endless.as_mut().now_or_never().is_none());
    }
    assert_eq!(runs.last(1).await.unwrap()[0].end, None);
    assert!(endless.as_mut().now_or_never().is_none());
    run_recorder.interrupt().await.unwrap();
    let end = runs.last(1).await.unwrap().remove(0).end.unwrap();
    assert_eq!((end.outcome, end.counts), (RunOutcome::Interrupted, None));
    begin_other(&runs).await;
}

#[tokio::test]
async fn a_run_that_does_not_wait_reports_the_running_one() {
    let runs = Arc::new(MemoryRuns::default());
    let other = begin_other(&runs).await;
    let recorded = record(&RecordRun::new(never, spawn), requested(&runs), Ok(3)).await;
    let error = recorded.result.unwrap_err();
    assert_eq!(error.to_string(), "another ingestion is running: other");
    let TestError::Run(RunError::Busy(run)) = error else { panic!("{error}") };
    assert_eq!((run.version, runs.last(9).await.unwrap().len()), (other, 1));
}

#[tokio::test]
async fn a_run_waits_until_the_lease_of_the_other_expires() {
    let runs = Arc::new(MemoryRuns::default());
    begin_other(&runs).await;
    let asked = AtomicUsize::new(0);
    let observe = |run: &Run| {
        assert_eq!(run.holder, Some(holder("other")));
        if asked.fetch_add(1, Ordering::Relaxed) == 3 {
            runs.move_leases(-i64::try_from(RUN_LEASE.as_micros()).unwrap());
        }
    };
    let patience = Duration::from_mins(1);
    let run = RequestedRun { patience, observe: &observe, ..requested(&runs) };
    // The work ends before its lease would be renewed.
    let recorded = record(&RecordRun::new(at_once, spawn), run, Ok(3)).await;
    assert_eq!(recorded.result.unwrap(), 3);
    assert_eq!(asked.into_inner(), 4);
}

#[tokio::test]
async fn a_run_does_not_wait_for_a_dead_process() {
    let runs = Arc::new(MemoryRuns::default());
    let other = begin_other(&runs).await;
    let is_gone = |process: &RunHolder| *process == holder("other");
    let run = RequestedRun { is_gone: &is_gone, ..requested(&runs) };
    assert_eq!(record(&RecordRun::new(never, spawn), run, Ok(3)).await.result.unwrap(), 3);
    assert!(!runs.renew(other).await.unwrap());
}

#[tokio::test]
async fn a_run_renews_its_lease_while_it_works() {
    let runs = Arc::new(MemoryRuns::default());
    let work = async |begun: BegunRun| {
        runs.move_leases(-i64::try_from(RUN_LEASE.as_micros()).unwrap());
        while !runs.last(1).await.unwrap()[0].holds_lease {
            tokio::task::yield_now().await;
        }
        Ok::<_, TestError>(begun.version.0.unsigned_abs())
    };
    let recorded = RecordRun::new(renewing, spawn).run(requested(&runs), work, end).await;
    assert!(recorded.result.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_renews_its_lease_while_its_work_occupies_a_thread() {
    let runs = Arc::new(MemoryRuns::default());
    let work = async |_| {
        runs.move_leases(-i64::try_from(RUN_LEASE.as_micros()).unwrap());
        let asked = Instant::now();
        // It never yields.
        while !without_yielding(runs.last(1)).unwrap()[0].holds_lease {
            assert!(asked.elapsed() < Duration::from_secs(20), "the lease was not renewed");
            std::thread::yield_now();
        }
        Ok::<_, TestError>(1)
    };
    let recorded = RecordRun::new(renewing, spawn).run(requested(&runs), work, end).await;
    assert!(recorded.result.is_ok());
}

#[tokio::test]
async fn an_overtaken_run_ends() {
    let runs = Arc::new(MemoryRuns::default());
    let work = async |_| {
        runs.move_leases(-i64::try_from(RUN_LEASE.as_micros()).unwrap());
        begin_other(&runs).await;
        pending().await
    };
    // The lease is renewed too late: the other run has taken it.
    let recorded = RecordRun::new(
        |time| {
            let is_renewal = time == RUN_LEASE / 3;
            if is_renewal {
                Box::pin(tokio::time::sleep(Duration::from_millis(20)))
            } else {
                never(time)
            }
        },
        spawn,
    );
    let recorded = recorded.run(requested(&runs), work, end).await;
    let error = recorded.result.unwrap_err();
    assert!(matches!(error, TestError::Run(RunError::Overtaken)), "{error}");
    let last = runs.last(2).await.unwrap();
    assert!(last[0].holds_lease, "the other is running");
    let outcome = last[1].end.as_ref().map(|end| end.outcome.clone());
    assert_eq!(outcome, Some(RunOutcome::Failed(error.to_string())));
}

#[tokio::test]
async fn a_run_does_not_wait_for_a_log_that_hangs_at_its_end() {
    let faults = Faults::default();
    let runs = Arc::new(MemoryRuns::with_faults(faults.clone()));
    let work = async |_: BegunRun| Ok(3);
    let recorded = RecordRun::new(
        |time| {
            if time == Duration::from_secs(5) { at_once(time) } else { never(time) }
        },
        spawn,
    );
    let recorded = recorded.run(requested(&runs), work, end).await;
    assert_eq!(recorded.result.unwrap(), 3);
    assert_eq!(recorded.recorded.unwrap_err(), "the store did not answer within 5 s");
}
