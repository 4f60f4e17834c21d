//! The store beyond its port: durability, and the files that it refuses.

use akin_entities::{Currency, Price, Product, Timestamp, Version};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{
    ErrorKind, FeedRow, IndexContent, IndexIdentity, NewIndex, NewRun, ProductIndex, ProductStore,
    RefusedRow, RunCounts, RunEnd, RunHolder, RunLog, RunOutcome, RunStart,
};
use rusqlite::Connection;
use std::fs;
use std::time::Duration;

use crate::support::{first_database, open, product, report, take_back_to_version_10};

#[tokio::test]
async fn a_product_is_read_back_from_disk_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let plain = Product {
        rating: None,
        rating_count: None,
        discount_price: None,
        actual_price: None,
        ..product("plain \u{1f600}", "No more than a name")
    };
    let full = product("full", "Phone tripod");
    let store = open(folder.path()).store();
    store.apply(&[plain.clone(), full.clone()], Version(5)).await.unwrap();
    drop(store);
    let store = open(folder.path()).store();
    let found = store.fetch(&[plain.id.clone(), full.id.clone()]).await.unwrap();
    assert_eq!(found[&plain.id].product, plain);
    assert_eq!(found[&full.id].product, full);
    assert_eq!(found[&full.id].created, Timestamp(5));
}

#[tokio::test]
async fn a_change_keeps_the_creation_date_and_moves_to_the_end_of_the_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).store();
    let (a, b) = (product("a", "first"), product("b", "second"));
    store.apply(&[a.clone(), b.clone()], Version(1)).await.unwrap();
    let changed = Product { name: "other".into(), ..a.clone() };
    let applied = store.apply(&[changed, b.clone()], Version(2)).await.unwrap();
    assert_eq!((applied.changed, applied.unchanged), (vec![a.id.clone()], vec![b.id.clone()]));
    let found = store.fetch(std::slice::from_ref(&a.id)).await.unwrap();
    assert_eq!((found[&a.id].created, found[&a.id].version), (Timestamp(1), Version(2)));
    let outbox = store.outbox(None, 10).await.unwrap();
    let ids: Vec<_> = outbox.iter().map(|entry| entry.change.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
    store.clear_outbox(&outbox).await.unwrap();
    store.apply(&[Product { name: "third".into(), ..b }], Version(3)).await.unwrap();
    let later = store.outbox(None, 10).await.unwrap();
    assert!(later[0].sequence > outbox[1].sequence, "a sequence is never reused");
}

#[tokio::test]
async fn quarantined_rows_survive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let row = RefusedRow {
        line: 7,
        is_kept: true,
        field: "ratings".into(),
        value: "11".into(),
        reason: "not a rating".into(),
        row: Some(Box::new(FeedRow { line: 7, ratings: "11".into(), ..FeedRow::default() })),
    };
    let store = open(folder.path()).store();
    store.quarantine("a.csv", std::slice::from_ref(&row), Timestamp(1)).await.unwrap();
    drop(store);
    let store = open(folder.path()).store();
    let kept = store.quarantined(None, 10).await.unwrap();
    assert_eq!((&kept[0].row, &*kept[0].feed, kept[0].at), (&row, "a.csv", Timestamp(1)));
    store.release_quarantine("a.csv", Timestamp(2)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().blanked, 0);
}

#[tokio::test]
async fn data_of_an_older_akin_is_read_without_the_newer_columns() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "
        INSERT INTO quarantine VALUES ('a.csv', 7, 'name', '', 'blank', 1);
        INSERT INTO contents VALUES (1, 5, 'Tripod', '', '', '', '', '', '', '', NULL, NULL, 610,
            'HKD', NULL, NULL);
        INSERT INTO products VALUES ('a', 1, zeroblob(16), 5);";
    first_database(folder.path(), rows);
    let store = open(folder.path()).store();
    let kept = store.quarantined(None, 10).await.unwrap();
    assert_eq!((kept[0].row.line, &*kept[0].row.reason, &kept[0].row.row), (7, "blank", &None));
    assert!(!kept[0].row.is_kept);
    let product = &store.list(None, 10).await.unwrap()[0].product;
    assert_eq!(product.discount_price, Some(Price::from_minor(610, Currency::HKD)));
    assert_eq!((&*product.name, product.converted_by), ("Tripod", None));
}

/// Registers an index, and returns the ids in the outbox.
async fn owed_to(engine: &LocalEngine, identity: IndexIdentity, products: u64) -> Vec<String> {
    let content = IndexContent::Products(products);
    engine.store().register_indexes(&[NewIndex { identity, content }]).await.unwrap();
    let waiting = engine.store().outbox(None, 10).await.unwrap();
    waiting.iter().map(|entry| entry.change.id.to_string()).collect()
}

#[tokio::test]
async fn the_index_of_an_older_akin_is_owed_what_waits_and_a_second_one_everything() {
    let rows = "
        INSERT INTO contents VALUES (1, 5, 'Tripod', '', '', '', '', '', '', '', NULL, NULL, 610,
            'HKD', NULL, NULL);
        INSERT INTO products VALUES ('a', 1, zeroblob(16), 5), ('b', 1, zeroblob(16), 5);
        INSERT INTO outbox (id, version) VALUES ('b', 5);
        INSERT INTO entries VALUES (1, 'a', 5, zeroblob(16), zeroblob(16), '', '', '', '', '', NULL,
            NULL, 0);
        UPDATE findable SET count = 1;";
    let folder = tempfile::tempdir().unwrap();
    first_database(folder.path(), rows);
    let engine = open(folder.path());
    let (own, held) = (engine.index().identity().await.unwrap(), engine.index().count().await);
    assert_eq!(owed_to(&engine, own, held.unwrap()).await, ["b"]);
    let second = IndexIdentity { name: "second".into(), key: "2".into() };
    assert_eq!(owed_to(&engine, second, 0).await, ["b", "a"]);
    // One that was filled in part by an older akin is owed everything at once.
    let folder = tempfile::tempdir().unwrap();
    first_database(folder.path(), rows);
    let part = IndexIdentity { name: "part".into(), key: "3".into() };
    assert_eq!(owed_to(&open(folder.path()), part, 0).await, ["b", "a"]);
}

#[tokio::test]
async fn a_store_that_was_written_while_the_clock_was_ahead_takes_changes_again() {
    let folder = tempfile::tempdir().unwrap();
    let ahead = i64::MAX / 2;
    let rows = format!(
        "INSERT INTO contents VALUES (1, 5, 'Tripod', '', '', '', '', '', '', '', NULL, NULL, 610,
             'HKD', NULL, NULL);
         INSERT INTO products VALUES ('a', 1, zeroblob(16), {ahead});"
    );
    first_database(folder.path(), &rows);
    let engine = open(folder.path());
    let holder = RunHolder { name: "a process".into(), key: "its key".into() };
    let run = NewRun { holder, feeds: Vec::new(), gone: None };
    let RunStart::Begun(version) = engine.runs().begin(&run).await.unwrap() else {
        panic!("nobody holds the lease");
    };
    assert!(version.0 > ahead);
    let applied = engine.store().apply(&[product("a", "Lamp")], version).await.unwrap();
    assert_eq!(applied.changed.len(), 1);
    assert_eq!(engine.store().remove(&applied.changed, version).await.unwrap().len(), 1);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("akin.db");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let error = LocalEngine::open(folder.path(), LocalOptions::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(report(&error).contains("belongs to another program"), "{}", report(&error));
    let theirs = Connection::open(&file).unwrap();
    assert_eq!(theirs.query_row("SELECT count(*) FROM theirs", [], |r| r.get(0)), Ok(0));
}

#[tokio::test]
async fn runs_of_an_earlier_version_keep_their_counts() {
    let folder = tempfile::tempdir().unwrap();
    let runs = open(folder.path()).runs();
    let counts = RunCounts::from_values([1, 2, 3, 4, 5, 0, 7, 8, 0, 9, 10, 11]);
    for (key, counts) in [("one", Some(counts)), ("two", None)] {
        let holder = RunHolder { name: String::new(), key: key.to_owned() };
        let run = NewRun { holder, feeds: vec!["a.csv".to_owned()], gone: None };
        let RunStart::Begun(version) = runs.begin(&run).await.unwrap() else { panic!("a lease") };
        let end = RunEnd { outcome: RunOutcome::Finished, took: Duration::ZERO, counts };
        runs.finish(version, &end).await.unwrap();
    }
    let before = runs.last(10).await.unwrap();
    drop(runs);
    take_back_to_version_10(folder.path(), "");
    assert_eq!(open(folder.path()).runs().last(10).await.unwrap(), before);
}

#[test]
fn a_database_of_a_newer_akin_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let newer = Connection::open(folder.path().join("akin.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let error = LocalEngine::open(folder.path(), LocalOptions::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(report(&error).contains("its schema is version 99"), "{}", report(&error));
}

#[test]
fn a_file_that_is_not_a_database_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("akin.db"), "not a database".repeat(1_000)).unwrap();
    let error = LocalEngine::open(folder.path(), LocalOptions::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(report(&error).contains("akin.db"), "{}", report(&error));
}

#[test]
fn a_file_in_place_of_the_folder_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    fs::write(&file, "x").unwrap();
    let error = LocalEngine::open(&file, LocalOptions::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(report(&error).contains("data"), "{}", report(&error));
}

#[tokio::test]
async fn a_second_writer_that_times_out_names_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        LocalOptions { busy_timeout: Duration::from_millis(50), ..LocalOptions::default() };
    let store = LocalEngine::open(folder.path(), options).unwrap().store();
    let other = Connection::open(folder.path().join("akin.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.apply(&[product("a", "x")], Version(1)).await.unwrap_err();
    assert!(error.is_retryable());
    assert!(report(&error).contains("another process is writing"), "{}", report(&error));
    assert_eq!(store.counts().await.unwrap().products, 0, "readers are not blocked");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.apply(&[product("a", "x")], Version(1)).await.unwrap().inserted.len(), 1);
}
