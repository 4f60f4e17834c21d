//! Databases that a backup or another database replaces.

use crate::support::{all, entry, first_database, open, report};
use akin_local::LocalEngine;
use akin_ports::{ErrorKind, ProductIndex};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Mutex;

/// The lines that this process logged since [`keep_log`].
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps what all threads of this process log.
fn keep_log() {
    drop(tracing_subscriber::fmt().with_ansi(false).with_writer(|| Log).try_init());
}

/// Returns the logged lines that name `folder`.
fn log_of(folder: &Path) -> String {
    let log = LOG.lock().expect("no panic");
    let lines = str::from_utf8(&log).expect("text").lines();
    lines.filter(|line| line.contains(folder.to_str().expect("text"))).collect()
}

async fn write(engine: &LocalEngine, name: &str, numbers: std::ops::Range<u32>) {
    let entries: Vec<_> =
        numbers.map(|number| entry(&format!("{name}{number}"), 1, [1.0; 4])).collect();
    assert!(engine.index().upsert(&entries).await.expect("upsert").is_empty());
}

/// Returns how many products a search finds whose ids begin with each of `names`.
async fn found<const N: usize>(engine: &LocalEngine, names: [&str; N]) -> [usize; N] {
    let candidates = engine.index().candidates(&all()).await.expect("candidates");
    let ids: BTreeSet<_> = candidates.iter().map(|found| found.id.as_str()).collect();
    assert_eq!(ids.len(), candidates.len(), "no product is found twice");
    let statistics = engine.index().statistics().await.expect("statistics");
    assert_eq!(statistics.documents(), engine.index().count().await.expect("count"));
    names.map(|name| ids.iter().filter(|id| id.starts_with(name)).count())
}

/// Copies the database of `folder` into `backup`, as an operator does while nobody has it open.
fn back_up(folder: &Path, backup: &Path) {
    assert!(!folder.join("akin.db-wal").exists(), "it is closed");
    fs::copy(folder.join("akin.db"), backup).expect("a copy");
}

/// Puts another database in the place of the one in `folder`: under its name, or into its file.
fn restore(folder: &Path, backup: &Path, into_its_file: bool) {
    let file = folder.join("akin.db");
    if into_its_file {
        let mut live = Connection::open(&file).expect("a database");
        let progress: Option<fn(rusqlite::backup::Progress)> = None;
        live.restore("main", backup, progress).expect("a restored database");
        return;
    }
    for log in ["akin.db-wal", "akin.db-shm"] {
        drop(fs::remove_file(folder.join(log)));
    }
    let new = file.with_extension("new");
    fs::copy(backup, &new).expect("a copy");
    fs::rename(&new, &file).expect("a rename");
}

#[tokio::test]
async fn a_base_of_the_state_before_a_restore_is_rebuilt() {
    keep_log();
    for into_its_file in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let (folder, backup) = (place.path().join("data"), place.path().join("backup"));
        write(&open(&folder), "old", 0..1_200).await;
        back_up(&folder, &backup);
        let engine = open(&folder);
        write(&engine, "lost", 0..400).await;
        engine.optimize().await.unwrap();
        drop(engine);

        restore(&folder, &backup, into_its_file);
        let engine = open(&folder);
        // As many writes as were lost, and some more: the sequence of the base is reached again.
        write(&engine, "new", 0..450).await;
        engine.optimize().await.unwrap();
        drop(engine);
        assert_eq!(found(&open(&folder), ["old", "lost", "new"]).await, [1_200, 0, 450]);
        assert!(log_of(&folder).contains("the search files are rebuilt"), "{}", log_of(&folder));
    }
}

#[tokio::test]
async fn a_base_that_was_built_before_the_backup_is_kept() {
    let place = tempfile::tempdir().unwrap();
    let (folder, backup) = (place.path().join("data"), place.path().join("backup"));
    let engine = open(&folder);
    write(&engine, "old", 0..1_200).await;
    engine.optimize().await.unwrap();
    let base = base_bytes(&folder);
    write(&engine, "kept", 0..10).await;
    drop(engine);
    back_up(&folder, &backup);
    write(&open(&folder), "lost", 0..10).await;
    restore(&folder, &backup, false);
    let engine = open(&folder);
    assert_eq!(found(&engine, ["old", "kept", "lost"]).await, [1_200, 10, 0]);
    assert_eq!(base_bytes(&folder), base);
}

fn base_bytes(folder: &Path) -> Vec<u8> {
    let mut files = fs::read_dir(folder.join("index")).expect("a folder");
    let base = files.find_map(|file| {
        let file = file.expect("a file").path();
        file.extension().is_some_and(|name| name == "flat").then_some(file)
    });
    fs::read(base.expect("a base")).expect("bytes")
}

#[tokio::test]
async fn a_running_server_notices_a_restored_database() {
    keep_log();
    for into_its_file in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let (folder, backup) = (place.path().join("data"), place.path().join("backup"));
        write(&open(&folder), "old", 0..100).await;
        back_up(&folder, &backup);
        let server = open(&folder);
        write(&server, "lost", 0..50).await;
        assert_eq!(found(&server, ["old", "lost"]).await, [100, 50]);

        restore(&folder, &backup, into_its_file);
        assert_eq!(found(&server, ["old", "lost"]).await, [100, 0], "it has fewer writes");
        assert!(log_of(&folder).contains("after a backup was restored"), "{}", log_of(&folder));
        write(&server, "more", 0..50).await;
        assert_eq!(found(&server, ["old", "more"]).await, [100, 50], "as many");
        assert_eq!(found(&open(&folder), ["old", "more"]).await, [100, 50], "they are on disk");

        restore(&folder, &backup, into_its_file);
        write(&open(&folder), "new", 0..75).await;
        assert_eq!(found(&server, ["old", "lost", "more", "new"]).await, [100, 0, 0, 75]);
    }
}

#[tokio::test]
async fn a_deleted_database_is_an_error_until_it_is_restored() {
    let place = tempfile::tempdir().unwrap();
    let (folder, backup) = (place.path().join("data"), place.path().join("backup"));
    write(&open(&folder), "old", 0..100).await;
    back_up(&folder, &backup);
    let server = open(&folder);
    assert_eq!(found(&server, ["old"]).await, [100]);
    for file in ["akin.db", "akin.db-wal", "akin.db-shm"] {
        drop(fs::remove_file(folder.join(file)));
    }
    for error in [
        server.index().candidates(&all()).await.unwrap_err(),
        server.index().upsert(&[entry("a", 1, [1.0; 4])]).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(report(&error).contains("the database was deleted"), "{}", report(&error));
    }
    assert!(!folder.join("akin.db").exists(), "no empty catalogue takes its place");
    restore(&folder, &backup, false);
    assert_eq!(found(&server, ["old"]).await, [100]);
}

#[tokio::test]
async fn a_database_of_an_earlier_version_gets_a_token_and_a_new_base() {
    let folder = tempfile::tempdir().unwrap();
    let entries = "INSERT INTO entries VALUES
        (7, 'a', 1, x'00', x'0000803F', 'all', 'all', '', '', '', NULL, NULL, 0);
        INSERT INTO facts VALUES ('fingerprint', 'tiny@0/int8/1');
        UPDATE findable SET count = 1;";
    first_database(folder.path(), entries);
    let engine = open(folder.path());
    assert_eq!(found(&engine, ["a"]).await, [1]);
    let database = Connection::open(folder.path().join("akin.db")).unwrap();
    let noted = "SELECT count(*) FROM index_transactions WHERE sequence = 7 AND token != 0";
    assert_eq!(database.query_row(noted, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}
