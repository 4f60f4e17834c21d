//! The contract of [`RunLog`].

use crate::Subject;
use crate::sample::unusual_texts;
use akin_entities::Version;
use akin_ports::{
    MAX_RUNS, NewRun, RUN_LEASE, Run, RunCounts, RunEnd, RunHolder, RunLog, RunOutcome, RunStart,
};
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
            each_run_has_a_greater_version_than_the_one_before_may_use,
            a_run_begun_twice_is_one_run,
            a_second_run_learns_who_holds_the_lease,
            a_lease_that_is_renewed_is_kept,
            an_expired_lease_is_taken_over,
            the_lease_of_a_process_that_is_gone_is_taken_over_at_once,
            a_run_that_ended_or_was_overtaken_cannot_renew_its_lease,
            a_lease_from_before_the_clock_was_set_back_is_not_kept,
            one_of_eight_concurrent_runs_holds_the_lease,
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

/// Returns a different end for each number.
fn end(number: u64) -> RunEnd {
    let counts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(|place| number * 12 + place);
    RunEnd {
        outcome: RunOutcome::Finished,
        took: Duration::from_micros(number),
        counts: Some(RunCounts::from_values(counts)),
    }
}

/// Returns a run of the process `name`.
fn new_run(name: &str) -> NewRun {
    let holder = RunHolder { name: name.to_owned(), key: format!("the key of {name}") };
    NewRun { holder, feeds: feeds(&["a.csv"]), gone: None }
}

/// Begins a run of the process `name`, which must not have to wait.
async fn begin(runs: &Runs, name: &str) -> Version {
    started(runs.begin(&new_run(name)).await.unwrap())
}

fn started(start: RunStart) -> Version {
    match start {
        RunStart::Begun(version) => version,
        RunStart::Held(run) => panic!("the lease is held by {run:?}"),
    }
}

/// Begins and ends a run.
async fn perform(runs: &Runs, number: u64) -> Version {
    let version = begin(runs, &number.to_string()).await;
    runs.finish(version, &end(number)).await.unwrap();
    version
}

async fn all(runs: &Runs) -> Vec<Run> {
    runs.last(usize::MAX).await.unwrap()
}

async fn versions(runs: &Runs) -> Vec<Version> {
    all(runs).await.iter().map(|run| run.version).collect()
}

/// Feeds are listed in the order in which they are read, with the process that reads them.
pub async fn a_run_that_began_is_listed_without_an_end(runs: &Runs) {
    assert_eq!(all(runs).await, []);
    let names = feeds(&["b.csv", "a.csv", "b.csv"]);
    let new = NewRun { feeds: names.clone(), ..new_run("one") };
    let version = started(runs.begin(&new).await.unwrap());
    let run = all(runs).await.remove(0);
    assert_eq!((run.version, run.holder, run.feeds), (version, Some(new.holder), names));
    assert!(run.holds_lease && run.end.is_none());
    assert_eq!(run.began.0, version.0, "nothing was given out before");
    runs.finish(version, &end(1)).await.unwrap();
    let none = NewRun { feeds: Vec::new(), ..new_run("two") };
    started(runs.begin(&none).await.unwrap());
    let listed = all(runs).await;
    assert_eq!(listed[0].feeds, [""; 0]);
    assert!(listed[0].holds_lease && !listed[1].holds_lease);
}

/// With and without counts, the largest among them; the run itself stays as it was.
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
        [None, Some(RunCounts::default()), Some(RunCounts::from_values([u64::MAX; 12])), None];
    let counts = counts.into_iter().chain([end(3).counts]);
    let mut expected = Vec::new();
    for (number, (outcome, counts)) in (1_u64..).zip(outcomes.into_iter().zip(counts)) {
        let version = begin(runs, &number.to_string()).await;
        let run = runs.last(1).await.unwrap().remove(0);
        let took = Duration::from_micros(number * 1_234_567);
        let end = RunEnd { outcome, took, counts };
        runs.finish(version, &end).await.unwrap();
        expected.insert(0, Run { holds_lease: false, end: Some(end), ..run });
    }
    assert_eq!(all(runs).await, expected);
}

/// In the order in which they began.
pub async fn the_latest_runs_are_listed_first_and_no_more_than_asked_for(runs: &Runs) {
    let mut expected = Vec::new();
    for number in 0..5 {
        expected.insert(0, perform(runs, number).await);
    }
    assert_eq!(versions(runs).await, expected);
    let last = runs.last(2).await.unwrap();
    assert_eq!(last.iter().map(|run| run.version).collect::<Vec<_>>(), expected[..2]);
    assert_eq!(runs.last(0).await.unwrap(), []);
}

/// It is the store's, not the caller's, and it is greater even within a microsecond.
pub async fn each_run_has_a_greater_version_than_the_one_before_may_use(runs: &Runs) {
    let mut last = Version(0);
    for number in 0..20 {
        let version = perform(runs, number).await;
        assert!(version > last, "{version:?} after {last:?}");
        last = version.last_of_run();
    }
}

/// Its first answer may have been lost. One that has ended does not begin again.
pub async fn a_run_begun_twice_is_one_run(runs: &Runs) {
    let first = begin(runs, "one").await;
    assert_eq!(begin(runs, "one").await, first);
    assert_eq!(versions(runs).await, [first]);
    runs.finish(first, &end(1)).await.unwrap();
    assert_eq!(begin(runs, "one").await, first);
    let listed = all(runs).await;
    assert_eq!((listed.len(), &listed[0].end), (1, &Some(end(1))));
}

/// By the name of its process, the time at which it began, and its feeds; it goes on undisturbed.
pub async fn a_second_run_learns_who_holds_the_lease(runs: &Runs) {
    let first = begin(runs, "one").await;
    let running = runs.last(1).await.unwrap().remove(0);
    for _ in 0..2 {
        let second = runs.begin(&new_run("two")).await.unwrap();
        assert_eq!(second, RunStart::Held(Box::new(running.clone())));
    }
    let gone = NewRun { gone: Some(Version(first.0 - 1)), ..new_run("two") };
    let second = runs.begin(&gone).await.unwrap();
    assert_eq!(second, RunStart::Held(Box::new(running)), "it is another run that is gone");
    assert_eq!(versions(runs).await, [first], "a run that did not begin is not recorded");
    assert!(runs.renew(first).await.unwrap());
    runs.finish(first, &end(1)).await.unwrap();
    assert!(begin(runs, "two").await > first.last_of_run());
}

/// For as long as it is, however long the run takes.
pub async fn a_lease_that_is_renewed_is_kept(runs: &Runs) {
    let first = begin(runs, "one").await;
    for _ in 0..5 {
        runs.pass(RUN_LEASE * 2 / 3).await;
        assert!(runs.renew(first).await.unwrap());
        let second = runs.begin(&new_run("two")).await.unwrap();
        assert!(matches!(second, RunStart::Held(_)), "{second:?}");
    }
}

/// A killed process blocks others only until its lease expires.
pub async fn an_expired_lease_is_taken_over(runs: &Runs) {
    let first = begin(runs, "one").await;
    runs.pass(RUN_LEASE).await;
    assert!(!all(runs).await[0].holds_lease);
    let second = begin(runs, "two").await;
    assert!(second > first.last_of_run());
    let listed = all(runs).await;
    assert_eq!(listed.iter().map(|run| run.version).collect::<Vec<_>>(), [second, first]);
    assert!(listed[0].holds_lease && !listed[1].holds_lease && listed[1].end.is_none());
}

/// Its lease has time left.
pub async fn the_lease_of_a_process_that_is_gone_is_taken_over_at_once(runs: &Runs) {
    let first = begin(runs, "one").await;
    let second = NewRun { gone: Some(first), ..new_run("two") };
    let second = started(runs.begin(&second).await.unwrap());
    assert!(second > first.last_of_run());
    assert!(!runs.renew(first).await.unwrap());
    let third = runs.begin(&NewRun { gone: Some(first), ..new_run("three") }).await.unwrap();
    assert!(matches!(third, RunStart::Held(run) if run.version == second));
}

/// A lease can be renewed late, unless another run has begun.
pub async fn a_run_that_ended_or_was_overtaken_cannot_renew_its_lease(runs: &Runs) {
    assert!(!runs.renew(Version(7)).await.unwrap(), "an unknown run");
    let first = begin(runs, "one").await;
    runs.pass(2 * RUN_LEASE).await;
    assert!(runs.renew(first).await.unwrap());
    assert!(all(runs).await[0].holds_lease);
    runs.pass(2 * RUN_LEASE).await;
    let second = begin(runs, "two").await;
    assert!(!runs.renew(first).await.unwrap());
    assert!(all(runs).await[0].holds_lease, "the lease of the second is untouched");
    runs.finish(first, &end(1)).await.unwrap();
    assert!(runs.renew(second).await.unwrap(), "the first has no lease to end");
    runs.finish(second, &end(2)).await.unwrap();
    assert!(!runs.renew(second).await.unwrap());
}

/// It would be held for a day, or for years.
pub async fn a_lease_from_before_the_clock_was_set_back_is_not_kept(runs: &Runs) {
    let first = begin(runs, "one").await;
    // Time passes backwards for it: it ends a day later than a lease may.
    runs.set_back(Duration::from_hours(24)).await;
    assert!(begin(runs, "two").await > first.last_of_run());
}

/// The others are told so.
pub async fn one_of_eight_concurrent_runs_holds_the_lease(runs: &Runs) {
    let racing: Vec<_> = (0..8)
        .map(|process| {
            let runs = runs.share();
            tokio::spawn(async move { runs.begin(&new_run(&process.to_string())).await.unwrap() })
        })
        .collect();
    let mut starts = Vec::new();
    for racer in racing {
        starts.push(racer.await.unwrap());
    }
    let listed = versions(runs).await;
    assert_eq!(listed.len(), 1);
    let begun = starts.iter().filter(|start| **start == RunStart::Begun(listed[0]));
    assert_eq!(begun.count(), 1, "{starts:?}");
    let held = |start: &&RunStart| matches!(start, RunStart::Held(run) if run.version == listed[0]);
    assert_eq!(starts.iter().filter(held).count(), 7, "{starts:?}");
}

/// An interruption after the end is none.
pub async fn only_the_first_end_of_a_run_counts(runs: &Runs) {
    let version = perform(runs, 1).await;
    let late = RunEnd { outcome: RunOutcome::Interrupted, counts: None, ..end(2) };
    runs.finish(version, &late).await.unwrap();
    assert_eq!(all(runs).await[0].end, Some(end(1)));
}

/// It was deleted, or its beginning could not be recorded.
pub async fn ending_an_unknown_run_is_harmless(runs: &Runs) {
    let version = begin(runs, "one").await;
    let before = all(runs).await;
    runs.finish(Version(version.0 + 1), &end(2)).await.unwrap();
    assert_eq!(all(runs).await, before);
}

/// Each as it was.
pub async fn only_the_last_hundred_runs_are_kept(runs: &Runs) {
    let mut expected = Vec::new();
    for number in 0..MAX_RUNS as u64 + 3 {
        expected.insert(0, (perform(runs, number).await, Some(end(number))));
    }
    expected.truncate(MAX_RUNS);
    let listed = all(runs).await;
    assert!(listed.iter().all(|run| run.feeds == ["a.csv"]));
    assert_eq!(listed.into_iter().map(|run| (run.version, run.end)).collect::<Vec<_>>(), expected);
}

/// Quotes, NUL, control characters, 100 kB.
pub async fn unusual_feeds_and_reasons_are_listed_unchanged(runs: &Runs) {
    let texts = unusual_texts();
    let new = NewRun { feeds: texts.clone(), ..new_run("one") };
    let version = started(runs.begin(&new).await.unwrap());
    runs.finish(version, &end(0)).await.unwrap();
    for text in &texts {
        let version = begin(runs, text).await;
        let outcome = RunOutcome::Failed(text.clone());
        runs.finish(version, &RunEnd { outcome, ..end(1) }).await.unwrap();
    }
    let mut found = all(runs).await;
    found.reverse();
    assert_eq!(found[0].feeds, texts);
    for (run, text) in found[1..].iter().zip(&texts) {
        let outcome = run.end.as_ref().map(|end| &end.outcome);
        assert!(outcome == Some(&RunOutcome::Failed(text.clone())), "{text:?}");
        assert_eq!(run.holder, Some(new_run(text).holder));
    }
}

/// Each waits until the lease is free; none takes another's place.
pub async fn eight_concurrent_runs_each_keep_their_own_end(runs: &Runs) {
    const EACH: u64 = 5;
    let racing: Vec<_> = (0..8_u64)
        .map(|process| {
            let runs = runs.share();
            tokio::spawn(async move {
                for number in process * EACH..(process + 1) * EACH {
                    let new = new_run(&number.to_string());
                    let version = loop {
                        match runs.begin(&new).await.unwrap() {
                            RunStart::Begun(version) => break version,
                            RunStart::Held(_) => tokio::task::yield_now().await,
                        }
                    };
                    runs.finish(version, &end(number)).await.unwrap();
                }
            })
        })
        .collect();
    for racer in racing {
        racer.await.unwrap();
    }
    let found = all(runs).await;
    assert_eq!(found.len() as u64, 8 * EACH);
    for run in found {
        let number = run.holder.unwrap().name.parse().unwrap();
        assert_eq!(run.end, Some(end(number)));
    }
}
