use super::{Store, apply, fates, fetch, outbox, waiting};
use crate::sample::{id, product};
use akin_entities::{ProductRecord, Timestamp, Version};
use akin_ports::{
    ErrorKind, NewRun, PortError, PortResult, RefusedRow, RunEnd, RunHolder, RunOutcome,
    RunOvertaken, RunStart,
};
use std::error::Error as _;
use std::fmt::Debug;
use std::time::Duration;

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// Begins the run of the process `name`; that of `gone` counts for nothing.
pub(super) async fn begin(store: &Store, name: &str, gone: Option<Version>) -> Version {
    let holder = RunHolder { name: name.to_owned(), key: name.to_owned() };
    let run = NewRun { holder, feeds: Vec::new(), gone };
    match store.runs().begin(&run).await.unwrap() {
        RunStart::Begun(version) => version,
        RunStart::Held(run) => panic!("the lease is held by {run:?}"),
    }
}

async fn finish(store: &Store, version: Version) {
    let end = RunEnd { outcome: RunOutcome::Finished, took: Duration::ZERO, counts: None };
    store.runs().finish(version, &end).await.unwrap();
}

fn refused_row() -> RefusedRow {
    let (field, value, reason) = ("name".into(), String::new(), "a product needs a name".into());
    RefusedRow { line: 1, is_kept: false, field, value, reason, row: None }
}

fn assert_overtaken<T: Debug>(result: PortResult<T>, by: &str) {
    let error: PortError = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Overtaken, "{}", error.report());
    let overtaken = error.source().and_then(|source| source.downcast_ref::<RunOvertaken>());
    let overtaken = overtaken.expect("the source tells who took over");
    assert_eq!(overtaken.holder.as_deref(), Some(by));
    assert!(overtaken.since.is_some());
}

/// Versions are not the clock's: after an hour or a year in which it was wrong, changes and removals
/// are those of the newest run.
pub async fn a_run_begins_after_every_version_that_the_store_holds(store: &Store) {
    let first = begin(store, "first", None).await;
    finish(store, first).await;
    let ahead = first.0 + DAY;
    apply(store, &[product("a", "one"), product("b", "one")], ahead).await;
    let second = begin(store, "second", None).await;
    assert!(second.0 > ahead);
    let changed = apply(store, &[product("a", "other")], second.0).await;
    assert_eq!(fates(&changed), [("a", "changed")].into());
    assert_eq!(store.remove(&[id("b")], second).await.unwrap(), [id("b")]);
    finish(store, second).await;
    store.remove(&[id("a")], Version(ahead + DAY)).await.unwrap();
    let third = begin(store, "third", None).await;
    assert!(third.0 > ahead + DAY, "a tombstone counts");
    let back = apply(store, &[product("a", "one")], third.0).await;
    assert_eq!(fates(&back), [("a", "inserted")].into());
    finish(store, third).await;
    let copied = product("c", "copied");
    let version = Version(ahead + 2 * DAY);
    let record = ProductRecord { product: copied, created: Timestamp(1), version };
    store.restore(&[record]).await.unwrap();
    let fourth = begin(store, "fourth", None).await;
    assert!(fourth > version, "what was copied counts");
    finish(store, fourth).await;
    store.quarantine("a.csv", &[refused_row()], Timestamp(ahead + 3 * DAY)).await.unwrap();
    let fifth = begin(store, "fifth", None).await;
    store.release_quarantine("a.csv", fifth.timestamp()).await.unwrap();
    assert_eq!(store.counts().await.unwrap().quarantined, 0);
}

/// Also a batch without changes; and nothing is written.
pub async fn the_writes_of_an_overtaken_run_are_refused(store: &Store) {
    let older = begin(store, "older", None).await;
    let (one, other) = (product("a", "one"), product("a", "other"));
    apply(store, std::slice::from_ref(&one), older.0).await;
    store.quarantine("a.csv", &[refused_row()], older.timestamp()).await.unwrap();
    let newer = begin(store, "newer", Some(older)).await;
    let before = (outbox(store).await, store.counts().await.unwrap());
    // Batches of a run have versions of their own.
    for at in [older, Version(older.0 + 1), older.last_of_run()] {
        assert_overtaken(store.apply(std::slice::from_ref(&one), at).await, "newer");
        assert_overtaken(store.apply(std::slice::from_ref(&other), at).await, "newer");
        assert_overtaken(store.remove(&[id("a")], at).await, "newer");
        let at = at.timestamp();
        assert_overtaken(store.quarantine("b.csv", &[refused_row()], at).await, "newer");
        assert_overtaken(store.release_quarantine("a.csv", at).await, "newer");
    }
    assert_eq!((outbox(store).await, store.counts().await.unwrap()), before);
    assert_eq!(fetch(store, &one.id).await.product, one);
    let applied = apply(store, &[other], newer.0).await;
    assert_eq!(fates(&applied), [("a", "changed")].into());
    assert_overtaken(store.apply(&[one], older).await, "newer");
    assert_eq!(waiting(store).await, [("a".to_owned(), newer.0)]);
}

/// Equal content keeps its version, which therefore does not tell that a newer run named it.
pub async fn products_listed_by_a_newer_run_are_not_removed_by_an_older_one(store: &Store) {
    let products = [product("a", "one"), product("b", "one")];
    let first = begin(store, "first", None).await;
    apply(store, &products, first.0).await;
    finish(store, first).await;
    let older = begin(store, "older", None).await;
    let newer = begin(store, "newer", Some(older)).await;
    let confirmed = apply(store, &products, newer.0).await;
    assert_eq!(fates(&confirmed), [("a", "unchanged"), ("b", "unchanged")].into());
    assert_overtaken(store.remove(&[id("a"), id("b")], older).await, "newer");
    finish(store, newer).await;
    assert_overtaken(store.remove(&[id("a"), id("b")], older).await, "newer");
    assert_eq!(store.counts().await.unwrap().products, 2);
}
