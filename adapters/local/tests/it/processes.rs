//! Several processes on one folder, and what happens to one of them.
//!
//! A test that needs another process runs itself once more, with `CHILD` set to what it shall do.
#![cfg(unix)]

use crate::support::{entry, open, product, story};
use akin_entities::Version;
use akin_local::LocalEngine;
use akin_ports::{PortError, PortResult, ProductIndex, ProductStore};
use rusqlite::Connection;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const CHILD: &str = "AKIN_TEST_CHILD";
const BATCH: u64 = 50;

/// What this process shall do as a child: the folder to use.
fn assignment() -> Option<String> {
    env::var(CHILD).ok()
}

/// A command that runs `test` of this binary as a child on `folder`.
fn child(program: &Path, test: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--exact", &format!("processes::{test}"), "--nocapture", "--include-ignored"])
        .env(CHILD, folder);
    command
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let output = BufReader::new(child.stdout.take().expect("its output is piped"));
    output.lines().map(|line| line.expect("text")).filter(|line| line.contains("child: "))
}

#[expect(clippy::print_stdout, reason = "a child tells its parent through a pipe")]
fn tell(news: &str) {
    println!("child: {news}");
}

/// Writes batch after batch, and says so after each, until an error ends it.
async fn write_on(folder: &Path) -> PortError {
    let engine = open(folder);
    let mut next = engine.index().count().await.expect("count") / BATCH;
    loop {
        if let Err(error) = write_batch(&engine, next).await {
            return error;
        }
        next += 1;
        tell(&format!("wrote {next}"));
    }
}

async fn write_batch(engine: &LocalEngine, batch: u64) -> PortResult<()> {
    let names = (batch * BATCH..(batch + 1) * BATCH).map(|number| format!("p{number}"));
    write_named(engine, &names.collect::<Vec<_>>()).await
}

async fn write_named(engine: &LocalEngine, names: &[String]) -> PortResult<()> {
    let products: Vec<_> = names.iter().map(|name| product(name, &name.repeat(50))).collect();
    let entries: Vec<_> = names.iter().map(|name| entry(name, 1, [1.0; 4])).collect();
    engine.store().apply(&products, Version(1)).await?;
    assert!(engine.index().upsert(&entries).await?.is_empty());
    engine.index().statistics().await.map(drop)
}

/// Whether all that was `promised` is there, whole batches and nothing twice.
async fn holds(folder: &Path, promised: u64) -> u64 {
    let engine = open(folder);
    engine.check().await.expect("a sound database");
    let counts = engine.store().counts().await.expect("counts");
    assert!(counts.products >= promised * BATCH, "lost: {counts:?} of {promised} batches");
    assert_eq!(counts.products % BATCH, 0, "half a batch: {counts:?}");
    assert_eq!(counts.outbox, counts.products, "the outbox names each product once");
    let indexed = engine.index().count().await.expect("count");
    assert!(indexed >= promised * BATCH && indexed <= counts.products, "lost: {indexed}");
    assert_eq!(indexed % BATCH, 0, "half a batch: {indexed}");
    let statistics = engine.index().statistics().await.expect("statistics");
    assert_eq!((statistics.documents(), statistics.document_frequency("all")), (indexed, indexed));
    counts.products / BATCH
}

#[tokio::test]
async fn a_killed_writer_loses_nothing_that_it_had_committed() {
    const NAME: &str = "a_killed_writer_loses_nothing_that_it_had_committed";
    if let Some(folder) = assignment() {
        panic!("child: {}", story(&write_on(Path::new(&folder)).await));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut written = 0;
    for (round, wait) in (0..12).zip((0..).step_by(377)) {
        let mut command = child(&env::current_exe().unwrap(), NAME, folder.path());
        let mut writer = command.stdout(Stdio::piped()).spawn().unwrap();
        // The pipe stays open until the child is dead: nothing but the kill ends it.
        let mut said = lines(&mut writer);
        let seen = said.nth(round % 5).expect("the child writes");
        std::thread::sleep(Duration::from_micros(wait));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let promised = seen.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(promised >= written, "each child goes on where the last one was killed");
        written = holds(folder.path(), promised).await;
    }
}

#[tokio::test]
async fn processes_that_write_at_once_wait_for_each_other_even_if_one_is_killed() {
    const NAME: &str = "processes_that_write_at_once_wait_for_each_other_even_if_one_is_killed";
    if let Some(folder) = assignment() {
        let engine = open(Path::new(&folder));
        for batch in 0..20 {
            let names = (0..BATCH).map(|n| format!("{}-{batch}-{n}", std::process::id()));
            write_named(&engine, &names.collect::<Vec<_>>()).await.unwrap();
            tell("wrote");
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = child(&env::current_exe().unwrap(), NAME, folder.path());
    command.stdout(Stdio::piped());
    let mut victim = command.spawn().unwrap();
    let mut others = [command.spawn().unwrap(), command.spawn().unwrap()];
    let mut said = lines(&mut victim);
    let promised = said.by_ref().take(3).count() as u64;
    victim.kill().unwrap();
    victim.wait().unwrap();
    for other in &mut others {
        assert_eq!(lines(other).count(), 20);
        assert!(other.wait().unwrap().success());
    }
    let held = holds(folder.path(), promised + 40).await;
    assert!(held <= 60);
}

#[tokio::test]
async fn a_full_disk_stops_a_writer_and_costs_nothing() {
    const NAME: &str = "a_full_disk_stops_a_writer_and_costs_nothing";
    if let Some(folder) = assignment() {
        tell(&story(&write_on(Path::new(&folder)).await));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    // A limit on the size of files is the full disk that needs no rights.
    let direct = child(&env::current_exe().unwrap(), NAME, folder.path());
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8000; exec \"$0\" \"$@\""]);
    limited.arg(direct.get_program()).args(direct.get_args()).env(CHILD, folder.path());
    let mut writer = limited.stdout(Stdio::piped()).spawn().unwrap();
    let said: Vec<_> = lines(&mut writer).collect();
    assert!(writer.wait().unwrap().success());
    let (last, written) = said.split_last().unwrap();
    assert!(last.contains("nothing was lost") && last.contains("akin.db"), "{last}");
    assert!(!written.is_empty(), "the limit left room for something");
    let held = holds(folder.path(), written.len() as u64).await;
    let store = open(folder.path()).store();
    store.apply(&[product("more", "room again")], Version(2)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().products, held * BATCH + 1);
}

#[tokio::test]
#[ignore = "needs the right to mount: Linux, unshare"]
async fn a_full_file_system_stops_a_writer_and_costs_nothing() {
    const NAME: &str = "a_full_file_system_stops_a_writer_and_costs_nothing";
    if let Some(folder) = assignment() {
        let folder = Path::new(&folder);
        fs::write(folder.join("ballast"), vec![1; 8 << 20]).unwrap();
        let error = write_on(folder).await;
        assert!(error.is_retryable(), "{error:?}");
        assert!(story(&error).contains("free some space"), "{}", story(&error));
        fs::remove_file(folder.join("ballast")).unwrap();
        let held = holds(folder, 1).await;
        let more = [product("more", "room again")];
        open(folder).store().apply(&more, Version(2)).await.unwrap();
        tell(&format!("held {held}"));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let direct = child(&env::current_exe().unwrap(), NAME, folder.path());
    let mut mounted = Command::new("unshare");
    mounted.args(["-rm", "sh", "-c"]);
    mounted.arg("mount -t tmpfs -o size=16m none \"$AKIN_TEST_CHILD\" && exec \"$0\" \"$@\"");
    mounted.arg(direct.get_program()).args(direct.get_args()).env(CHILD, folder.path());
    assert!(mounted.status().unwrap().success());
}

#[tokio::test]
async fn a_read_only_folder_can_be_read_and_says_why_it_cannot_be_written() {
    const NAME: &str = "a_read_only_folder_can_be_read_and_says_why_it_cannot_be_written";
    if let Some(folder) = assignment() {
        let store = open(Path::new(&folder)).store();
        assert_eq!(store.counts().await.unwrap().products, 1);
        assert_eq!(open(Path::new(&folder)).index().statistics().await.unwrap().documents(), 1);
        let error = store.apply(&[product("b", "second")], Version(1)).await.unwrap_err();
        tell(&story(&error));
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a folder?");
    let engine = open(&folder);
    engine.store().apply(&[product("a", "first")], Version(1)).await.unwrap();
    engine.index().upsert(&[entry("a", 1, [1.0; 4])]).await.unwrap();
    // While somebody writes there is a log to be read; when nobody does, there is none.
    let said = read_as_somebody_else(NAME, &folder);
    assert!(said.contains("writable") && said.contains("akin.db"), "{said:?}");
    drop(engine);
    let said = read_as_somebody_else(NAME, &folder);
    assert!(said.contains("writable") && said.contains("akin.db"), "{said:?}");
}

/// Takes the right to write in `folder` from all, runs `test` there, and returns what it told.
fn read_as_somebody_else(test: &str, folder: &Path) -> String {
    let place = folder.parent().expect("a place");
    let program = place.join("program");
    fs::copy(env::current_exe().expect("a program"), &program).expect("copy");
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a change of rights");
    };
    allow(place, 0o755);
    for file in fs::read_dir(folder).expect("a folder") {
        allow(&file.expect("a file").path(), 0o444);
    }
    allow(folder, 0o555);
    let mut reader = child(&program, test, folder);
    // Root may write everywhere, so the child is somebody else.
    if fs::write(folder.join("probe"), "").is_ok() {
        fs::remove_file(folder.join("probe")).expect("removal");
        reader.uid(65_534);
    }
    let mut reader = reader.stdout(Stdio::piped()).spawn().expect("a child");
    let said: Vec<_> = lines(&mut reader).collect();
    allow(folder, 0o755);
    assert!(reader.wait().expect("an end").success());
    said.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_and_a_reader_share_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let writers = (0..8).map(|writer| {
        let folder = folder.path().to_owned();
        tokio::spawn(async move {
            let store = open(&folder).store();
            for number in 0..20 {
                let own = product(&format!("w{writer}-{number}"), "own");
                let shared = product("shared", &format!("{writer} {number}"));
                let at = Version(number * 8 + writer);
                assert!(store.apply(&[own, shared], at).await.unwrap().failures.is_empty());
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let store = open(folder.path()).store();
    let mut seen = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        let counts = store.counts().await.unwrap();
        assert!(counts.products >= seen && counts.outbox == counts.products);
        seen = counts.products;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.counts().await.unwrap().products, 8 * 20 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_may_begin_a_folder_at_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let openers: Vec<_> = (0..4)
            .map(|_| {
                let folder = folder.path().to_owned();
                tokio::spawn(async move {
                    let store = open(&folder).store();
                    store.apply(&[product("a", "first")], Version(1)).await.unwrap();
                })
            })
            .collect();
        for opener in openers {
            opener.await.unwrap();
        }
        let database = Connection::open(folder.path().join("akin.db")).unwrap();
        let mode: String = database.query_row("PRAGMA journal_mode", [], |r| r.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }
}
