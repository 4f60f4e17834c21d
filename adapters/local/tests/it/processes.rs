//! Several processes that share a folder, some of which are killed.
//!
//! A test that needs another process runs itself again, with `CHILD` set to the folder to use.
#![cfg(unix)]

use crate::support::{entry, open, product, report};
use akin_entities::Version;
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{PortError, PortResult, ProductIndex, ProductStore};
use rusqlite::Connection;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CHILD: &str = "AKIN_TEST_CHILD";
const BATCH: u64 = 50;

/// Returns the folder to use, if this process is a child.
fn child_folder() -> Option<String> {
    env::var(CHILD).ok()
}

/// Returns a command that runs `test` of this binary as a child on `folder`.
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

#[expect(clippy::print_stdout, reason = "a child reports to its parent through a pipe")]
fn print_for_parent(news: &str) {
    println!("child: {news}");
}

/// Writes one batch after another and reports each, until an error occurs.
async fn write_until_error(folder: &Path) -> PortError {
    let engine = open(folder);
    let mut next = engine.index().count().await.expect("count") / BATCH;
    loop {
        if let Err(error) = write_batch(&engine, next).await {
            return error;
        }
        next += 1;
        print_for_parent(&format!("wrote {next}"));
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

/// Asserts that at least `confirmed` batches are stored, each completely and once. Returns their
/// number.
async fn assert_batches(folder: &Path, confirmed: u64) -> u64 {
    let engine = open(folder);
    engine.check().await.expect("a valid database");
    let counts = engine.store().counts().await.expect("counts");
    assert!(counts.products >= confirmed * BATCH, "lost: {counts:?} of {confirmed} batches");
    assert_eq!(counts.products % BATCH, 0, "half a batch: {counts:?}");
    assert_eq!(counts.outbox, counts.products, "each product is in the outbox once");
    let indexed = engine.index().count().await.expect("count");
    assert!(indexed >= confirmed * BATCH && indexed <= counts.products, "lost: {indexed}");
    assert_eq!(indexed % BATCH, 0, "half a batch: {indexed}");
    let statistics = engine.index().statistics().await.expect("statistics");
    assert_eq!((statistics.documents(), statistics.document_frequency("all")), (indexed, indexed));
    counts.products / BATCH
}

#[tokio::test]
async fn a_killed_writer_loses_no_committed_write() {
    const NAME: &str = "a_killed_writer_loses_no_committed_write";
    if let Some(folder) = child_folder() {
        panic!("child: {}", report(&write_until_error(Path::new(&folder)).await));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut written = 0;
    for (round, wait) in (0..12).zip((0..).step_by(377)) {
        let mut command = child(&env::current_exe().unwrap(), NAME, folder.path());
        let mut writer = command.stdout(Stdio::piped()).spawn().unwrap();
        // The pipe stays open until the child is dead: only the kill ends it.
        let mut said = lines(&mut writer);
        let seen = said.nth(round % 5).expect("the child writes");
        std::thread::sleep(Duration::from_micros(wait));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let confirmed = seen.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(confirmed >= written, "each child continues where the last one was killed");
        written = assert_batches(folder.path(), confirmed).await;
    }
}

#[tokio::test]
async fn concurrent_writers_wait_for_each_other_even_if_one_is_killed() {
    const NAME: &str = "concurrent_writers_wait_for_each_other_even_if_one_is_killed";
    if let Some(folder) = child_folder() {
        let engine = open(Path::new(&folder));
        for batch in 0..20 {
            let names = (0..BATCH).map(|n| format!("{}-{batch}-{n}", std::process::id()));
            write_named(&engine, &names.collect::<Vec<_>>()).await.unwrap();
            print_for_parent("wrote");
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
    let held = assert_batches(folder.path(), promised + 40).await;
    assert!(held <= 60);
}

#[tokio::test]
async fn a_full_disk_stops_a_writer_without_data_loss() {
    const NAME: &str = "a_full_disk_stops_a_writer_without_data_loss";
    if let Some(folder) = child_folder() {
        print_for_parent(&report(&write_until_error(Path::new(&folder)).await));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    // A limit on the size of files simulates a full disk without special rights.
    let direct = child(&env::current_exe().unwrap(), NAME, folder.path());
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8000; exec \"$0\" \"$@\""]);
    limited.arg(direct.get_program()).args(direct.get_args()).env(CHILD, folder.path());
    let mut writer = limited.stdout(Stdio::piped()).spawn().unwrap();
    let said: Vec<_> = lines(&mut writer).collect();
    assert!(writer.wait().unwrap().success());
    let (last, written) = said.split_last().unwrap();
    assert!(last.contains("nothing was lost") && last.contains("akin.db"), "{last}");
    assert!(!written.is_empty(), "some batches fit within the limit");
    let held = assert_batches(folder.path(), written.len() as u64).await;
    let store = open(folder.path()).store();
    store.apply(&[product("more", "room again")], Version(2)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().products, held * BATCH + 1);
}

#[tokio::test]
#[ignore = "needs the right to mount: Linux, unshare"]
async fn a_full_file_system_stops_a_writer_without_data_loss() {
    const NAME: &str = "a_full_file_system_stops_a_writer_without_data_loss";
    if let Some(folder) = child_folder() {
        let folder = Path::new(&folder);
        fs::write(folder.join("ballast"), vec![1; 8 << 20]).unwrap();
        let error = write_until_error(folder).await;
        assert!(error.is_retryable(), "{error:?}");
        assert!(report(&error).contains("free some space"), "{}", report(&error));
        fs::remove_file(folder.join("ballast")).unwrap();
        let held = assert_batches(folder, 1).await;
        let more = [product("more", "room again")];
        open(folder).store().apply(&more, Version(2)).await.unwrap();
        print_for_parent(&format!("held {held}"));
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
async fn a_read_only_folder_can_be_read_and_reports_why_it_cannot_be_written() {
    const NAME: &str = "a_read_only_folder_can_be_read_and_reports_why_it_cannot_be_written";
    if let Some(folder) = child_folder() {
        let store = open(Path::new(&folder)).store();
        assert_eq!(store.counts().await.unwrap().products, 1);
        assert_eq!(open(Path::new(&folder)).index().statistics().await.unwrap().documents(), 1);
        let error = store.apply(&[product("b", "second")], Version(1)).await.unwrap_err();
        print_for_parent(&report(&error));
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a folder?");
    let engine = open(&folder);
    engine.store().apply(&[product("a", "first")], Version(1)).await.unwrap();
    engine.index().upsert(&[entry("a", 1, [1.0; 4])]).await.unwrap();
    // While another process writes, there is a log to read; otherwise there is none.
    let said = read_as_another_user(NAME, &folder);
    assert!(said.contains("writable") && said.contains("akin.db"), "{said:?}");
    drop(engine);
    let said = read_as_another_user(NAME, &folder);
    assert!(said.contains("writable") && said.contains("akin.db"), "{said:?}");
}

/// Reads `folder` until a search finds `expected` products, and asserts that none disappears.
async fn follow_until(engine: &LocalEngine, expected: u64) {
    let start = Instant::now();
    let mut last = 0;
    while last < expected {
        assert!(start.elapsed() < Duration::from_mins(1), "it stays at {last} of {expected}");
        let counted = match engine.store().counts().await {
            // The moment in which the first writer came.
            Err(error) if error.is_retryable() => continue,
            counted => counted.unwrap().products,
        };
        let found = match engine.index().statistics().await {
            Err(error) if error.is_retryable() => continue,
            found => found.unwrap().documents(),
        };
        assert!(counted >= last, "products disappeared: {counted} after {last}");
        last = counted.min(found);
    }
    engine.check().await.expect("no mixture of old and new pages");
}

#[tokio::test]
async fn a_reader_that_may_not_write_follows_those_who_do() {
    const NAME: &str = "a_reader_that_may_not_write_follows_those_who_do";
    if let Some(folder) = child_folder() {
        // So few that it must build a base, where it may not write one.
        let options = LocalOptions { held_changes: 50, ..LocalOptions::default() };
        let reader = LocalEngine::open(Path::new(&folder), options).unwrap();
        for expected in [BATCH, 11 * BATCH, 21 * BATCH] {
            follow_until(&reader, expected).await;
            print_for_parent(&format!("read {expected}"));
        }
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("folder");
    write_batch(&open(&folder), 0).await.unwrap();
    assert!(!folder.join("akin.db-shm").exists(), "nobody writes when the reader comes");
    let mut reader = another_user(NAME, &folder).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = lines(&mut reader);
    for round in 0..2 {
        said.next().expect("the reader reads");
        allow_writing(&folder);
        let engine = open(&folder);
        for batch in round * 10 + 1..=round * 10 + 10 {
            write_batch(&engine, batch).await.unwrap();
            // Moves the log into the database while it is read.
            let database = Connection::open(folder.join("akin.db")).unwrap();
            database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        }
    }
    said.next().expect("the reader follows the second writer");
    assert!(reader.wait().unwrap().success());
}

#[tokio::test]
async fn a_reader_that_cannot_follow_says_so_at_once() {
    const NAME: &str = "a_reader_that_cannot_follow_says_so_at_once";
    if let Some(folder) = child_folder() {
        let refused = LocalEngine::open(Path::new(&folder), LocalOptions::default()).unwrap_err();
        print_for_parent(&report(&refused));
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let (folder, copy) = (place.path().join("folder"), place.path().join("copy"));
    fs::create_dir(&copy).unwrap();
    let engine = open(&folder);
    write_batch(&engine, 0).await.unwrap();
    // A log without its index, which this reader may not create.
    for file in ["akin.db", "akin.db-wal"] {
        fs::copy(folder.join(file), copy.join(file)).unwrap();
    }
    let said = read_as_another_user(NAME, &copy);
    assert!(said.contains("would miss what others wrote"), "{said}");
    assert!(said.contains("akin status"), "{said}");
}

/// Makes `folder` read-only, runs `test` there as another user, and returns its output.
fn read_as_another_user(test: &str, folder: &Path) -> String {
    let mut reader = another_user(test, folder).stdout(Stdio::piped()).spawn().expect("a child");
    let said: Vec<_> = lines(&mut reader).collect();
    allow_writing(folder);
    assert!(reader.wait().expect("an end").success());
    said.concat()
}

/// Makes `folder` read-only, and returns a command that runs `test` there as another user.
fn another_user(test: &str, folder: &Path) -> Command {
    let place = folder.parent().expect("a place");
    let program = place.join("program");
    if !program.exists() {
        fs::copy(env::current_exe().expect("a program"), &program).expect("copy");
    }
    allow(place, 0o755);
    for file in fs::read_dir(folder).expect("a folder") {
        let file = file.expect("a file").path();
        allow(&file, if file.is_dir() { 0o555 } else { 0o444 });
    }
    allow(folder, 0o555);
    let mut reader = child(&program, test, folder);
    // Root can write everywhere, so the child runs as another user.
    if fs::write(folder.join("probe"), "").is_ok() {
        fs::remove_file(folder.join("probe")).expect("removal");
        reader.uid(65_534);
    }
    reader
}

/// Lets this user write to `folder` again, and the child of root still not.
fn allow_writing(folder: &Path) {
    allow(folder, 0o755);
    for file in fs::read_dir(folder).expect("a folder") {
        let file = file.expect("a file").path();
        allow(&file, if file.is_dir() { 0o755 } else { 0o644 });
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a change of rights");
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_and_a_reader_can_share_a_folder() {
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
async fn two_processes_can_create_a_folder_at_once() {
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
