//! The contract of [`RunLog`].

use crate::Subject;
use crate::sample::unusual_texts;
use akin_entities::Timestamp;
use akin_ports::{MAX_RUNS, Run, RunCounts, RunEnd, RunLog, RunOutcome};
use std::collections::BTreeSet;
use std::time::Duration;

type Runs = Subject<dyn RunLog>;

/// A test of each rule, against the fresh, empty log that `$fresh().await` returns as a
/// [`Subject`]; the attributes go to each test.
#[macro_export]
macro_rules! run_log_contract {
    ($fresh:path $(, $attribute:meta)*) => {
        $crate::rules!(
            runs, ($fresh().await), [$($attribute),*],
            a_run_that_began_is_listed_without_an_end,
            every_end_is_listed_as_it_was_recorded,
            the_latest_runs_are_listed_first_and_no_more_than_asked_for,
            a_run_recorded_twice_is_one_run,
            only_the_first_end_of_a_run_counts,
            ending_an_unknown_run_is_harmless,
            only_the_last_hundred_runs_are_kept,
            unusual_feeds_and_reasons_are_listed_unchanged,
            eight_concurrent_runs_each_keep_their_own_end,
        );
    };
}

fn feeds(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Creates a different end for each number.
fn end(number: u64) -> RunEnd {
    let counts = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|place| number * 10 + place);
    RunEnd {
        outcome: RunOutcome::Finished,
        took: Duration::from_micros(number),
        counts: Some(RunCounts::from_values(counts)),
    }
}

async fn begin(runs: &Runs, began: i64) {
    runs.begin(Timestamp(began), &feeds(&["a.csv"])).await.unwrap();
}

async fn all(runs: &Runs) -> Vec<Run> {
    runs.last(usize::MAX).await.unwrap()
}

/// Returns when the runs began, the latest first.
async fn beginnings(runs: &Runs) -> Vec<i64> {
    all(runs).await.iter().map(|run| run.began.0).collect()
}

/// Its feeds keep their order.
pub async fn a_run_that_began_is_listed_without_an_end(runs: &Runs) {
    assert_eq!(all(runs).await, []);
    let names = feeds(&["b.csv", "a.csv", "b.csv"]);
    runs.begin(Timestamp(7), &names).await.unwrap();
    let run = Run { began: Timestamp(7), feeds: names, end: None };
    assert_eq!(all(runs).await, [run]);
    runs.begin(Timestamp(8), &[]).await.unwrap();
    assert_eq!(all(runs).await[0], Run { began: Timestamp(8), feeds: Vec::new(), end: None });
}

/// Ends have counts up to the largest, or none. The beginning does not change.
pub async fn every_end_is_listed_as_it_was_recorded(runs: &Runs) {
    let why = || "the feed a.csv cannot be read".to_owned();
    let outcomes = [
        RunOutcome::Finished,
        RunOutcome::Partly(why()),
        RunOutcome::Refused(why()),
        RunOutcome::Failed(String::new()),
        RunOutcome::Interrupted,
    ];
    let counts =
        [None, Some(RunCounts::default()), Some(RunCounts::from_values([u64::MAX; 9])), None];
    let counts = counts.into_iter().chain([end(3).counts]);
    let mut expected = Vec::new();
    for (began, (outcome, counts)) in (1..).zip(outcomes.into_iter().zip(counts)) {
        begin(runs, began).await;
        let took = Duration::from_micros(began.cast_unsigned() * 1_234_567);
        let end = RunEnd { outcome, took, counts };
        runs.finish(Timestamp(began), &end).await.unwrap();
        let (began, feeds) = (Timestamp(began), feeds(&["a.csv"]));
        expected.insert(0, Run { began, feeds, end: Some(end) });
    }
    assert_eq!(all(runs).await, expected);
}

/// The order is that of recording, since the clocks of machines differ.
pub async fn the_latest_runs_are_listed_first_and_no_more_than_asked_for(runs: &Runs) {
    for began in [30, 10, i64::MAX, -5, 20] {
        begin(runs, began).await;
    }
    runs.finish(Timestamp(10), &end(1)).await.unwrap();
    assert_eq!(beginnings(runs).await, [20, -5, i64::MAX, 10, 30]);
    let last = runs.last(2).await.unwrap();
    assert_eq!(last.iter().map(|run| run.began.0).collect::<Vec<_>>(), [20, -5]);
    assert_eq!(runs.last(0).await.unwrap(), []);
}

/// The first answer may have been lost. A run that has ended does not begin again.
pub async fn a_run_recorded_twice_is_one_run(runs: &Runs) {
    begin(runs, 1).await;
    begin(runs, 2).await;
    begin(runs, 1).await;
    assert_eq!(beginnings(runs).await, [2, 1]);
    runs.finish(Timestamp(1), &end(1)).await.unwrap();
    begin(runs, 1).await;
    let run = Run { began: Timestamp(1), feeds: feeds(&["a.csv"]), end: Some(end(1)) };
    assert_eq!(all(runs).await[1], run);
}

/// An interruption after the end is ignored.
pub async fn only_the_first_end_of_a_run_counts(runs: &Runs) {
    begin(runs, 1).await;
    runs.finish(Timestamp(1), &end(1)).await.unwrap();
    let late = RunEnd { outcome: RunOutcome::Interrupted, counts: None, ..end(2) };
    runs.finish(Timestamp(1), &late).await.unwrap();
    assert_eq!(all(runs).await[0].end, Some(end(1)));
}

/// It may have been deleted, or its beginning not recorded.
pub async fn ending_an_unknown_run_is_harmless(runs: &Runs) {
    begin(runs, 1).await;
    runs.finish(Timestamp(2), &end(2)).await.unwrap();
    let run = Run { began: Timestamp(1), feeds: feeds(&["a.csv"]), end: None };
    assert_eq!(all(runs).await, [run]);
}

/// They are unchanged.
pub async fn only_the_last_hundred_runs_are_kept(runs: &Runs) {
    let kept = i64::try_from(MAX_RUNS).unwrap();
    for began in 0..kept + 3 {
        begin(runs, began).await;
        runs.finish(Timestamp(began), &end(began.cast_unsigned())).await.unwrap();
    }
    let expected: Vec<_> = (3..kept + 3).rev().collect();
    assert_eq!(beginnings(runs).await, expected);
    for run in all(runs).await {
        assert_eq!(run.feeds, ["a.csv"]);
        assert_eq!(run.end, Some(end(run.began.0.cast_unsigned())));
    }
}

/// Quotes, NUL, control characters, 100 kB.
pub async fn unusual_feeds_and_reasons_are_listed_unchanged(runs: &Runs) {
    let texts = unusual_texts();
    runs.begin(Timestamp(0), &texts).await.unwrap();
    for (began, text) in (1..).zip(&texts) {
        begin(runs, began).await;
        let outcome = RunOutcome::Failed(text.clone());
        runs.finish(Timestamp(began), &RunEnd { outcome, ..end(1) }).await.unwrap();
    }
    let mut found = all(runs).await;
    found.reverse();
    assert_eq!(found[0].feeds, texts);
    for (run, text) in found[1..].iter().zip(&texts) {
        let outcome = run.end.as_ref().map(|end| &end.outcome);
        assert!(outcome == Some(&RunOutcome::Failed(text.clone())), "{text:?}");
    }
}

/// This holds while old runs are deleted, too.
pub async fn eight_concurrent_runs_each_keep_their_own_end(runs: &Runs) {
    const EACH: i64 = 20;
    let racing: Vec<_> = (0..8_i64)
        .map(|process| {
            let runs = runs.share();
            tokio::spawn(async move {
                for began in process * EACH..(process + 1) * EACH {
                    runs.begin(Timestamp(began), &[process.to_string()]).await.unwrap();
                    runs.finish(Timestamp(began), &end(began.cast_unsigned())).await.unwrap();
                }
            })
        })
        .collect();
    for racer in racing {
        racer.await.unwrap();
    }
    let found = all(runs).await;
    assert_eq!(found.len(), MAX_RUNS);
    assert_eq!(found.iter().map(|run| run.began).collect::<BTreeSet<_>>().len(), MAX_RUNS);
    for run in found {
        assert_eq!(run.feeds, [(run.began.0 / EACH).to_string()]);
        assert_eq!(run.end, Some(end(run.began.0.cast_unsigned())));
    }
}
