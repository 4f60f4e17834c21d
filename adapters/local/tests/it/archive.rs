//! Copies of a catalogue that is in use, and their way back.

use crate::support::{all, entry, first_database, open, product, report};
use akin_entities::Version;
use akin_local::{LocalArchive, LocalEngine, LocalOptions};
use akin_ports::{CatalogueArchive, Checksum, ErrorKind, ProductIndex, ProductStore};
use rusqlite::Connection;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The number of products that one transaction writes.
const BATCH: usize = 50;

fn archive(folder: &Path) -> LocalArchive {
    LocalArchive::new(folder, LocalOptions::default())
}

/// Writes the products and entries of one batch, each kind in one transaction.
async fn write(engine: &LocalEngine, batch: usize) {
    let ids: Vec<_> = (0..BATCH).map(|number| format!("{batch}-{number}")).collect();
    let products: Vec<_> = ids.iter().map(|id| product(id, &id.repeat(30))).collect();
    engine.store().apply(&products, Version(1)).await.unwrap();
    let entries: Vec<_> = ids.iter().map(|id| entry(id, 1, [1.0; 4])).collect();
    assert!(engine.index().upsert(&entries).await.unwrap().is_empty());
}

async fn found(folder: &Path) -> usize {
    open(folder).index().candidates(&all()).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_holds_one_state_while_the_catalogue_is_written() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    write(&open(&folder), 0).await;
    let ended = Arc::new(AtomicBool::new(false));
    let (writing, has_ended) = (folder.clone(), Arc::clone(&ended));
    let writer = tokio::spawn(async move {
        let engine = open(&writing);
        let mut batch = 1;
        while !has_ended.load(Ordering::Relaxed) {
            write(&engine, batch).await;
            batch += 1;
        }
        batch
    });
    let (mut last, mut grew) = (0, 0);
    while grew < 5 {
        let copy = place.path().join("restored/akin.db");
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        let copied = archive(&folder).copy_to(&copy).await.unwrap();
        assert_eq!(copied.products % BATCH as u64, 0, "transactions are whole");
        assert!(copied.products >= last, "what was committed is there");
        grew += usize::from(copied.products > last);
        last = copied.products;
        let restored = found(copy.parent().unwrap()).await as u64;
        assert_eq!(restored, copied.indexed);
        fs::remove_dir_all(copy.parent().unwrap()).unwrap();
    }
    ended.store(true, Ordering::Relaxed);
    let batches = writer.await.unwrap();
    assert_eq!(found(&folder).await, batches * BATCH, "the writer noticed nothing");
}

#[tokio::test]
async fn a_catalogue_of_an_earlier_version_is_copied_as_it_is() {
    let place = tempfile::tempdir().unwrap();
    first_database(place.path(), "INSERT INTO products VALUES ('a', 1, x'00', 1);");
    let copy = place.path().join("copy");
    let copied = archive(place.path()).copy_to(&copy).await.unwrap();
    assert_eq!((copied.products, copied.indexed), (1, 0));
    for file in [&copy, &place.path().join("akin.db")] {
        let database = Connection::open(file).unwrap();
        let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, 1, "{}", file.display());
    }
}

#[tokio::test]
async fn a_copy_is_as_private_as_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    write(&open(&folder), 0).await;
    let copy = place.path().join("copy");
    archive(&folder).copy_to(&copy).await.unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_damaged_copy_is_refused_by_its_checksum_and_by_its_content() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    for batch in 0..4 {
        write(&open(&folder), batch).await;
    }
    let file = place.path().join("copy");
    let copied = archive(&folder).copy_to(&file).await.unwrap();
    assert_eq!(archive(&folder).check(&file, &copied.checksum).await.unwrap(), copied);
    let sound = fs::read(&file).unwrap();
    let mut damaged = sound.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xA5);
    for (bytes, expected) in
        [(damaged, "its SHA-256 is"), (sound[..sound.len() / 2].to_vec(), "the backup is damaged")]
    {
        fs::write(&file, bytes).unwrap();
        let error = archive(&folder).check(&file, &copied.checksum).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert!(report(&error).contains(expected), "{}", report(&error));
    }
    // With a checksum of its own, a half is not whole either, and neither is no catalogue at all.
    for bytes in [sound[..sound.len() / 2].to_vec(), Vec::new(), b"text".to_vec()] {
        fs::write(&file, &bytes).unwrap();
        let other = Checksum(sha256(&bytes));
        let error = archive(&folder).check(&file, &other).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt, "{}", report(&error));
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

#[tokio::test]
async fn a_running_server_goes_on_with_what_was_restored() {
    let place = tempfile::tempdir().unwrap();
    let (folder, copy) = (place.path().join("data"), place.path().join("copy"));
    let server = open(&folder);
    write(&server, 0).await;
    archive(&folder).copy_to(&copy).await.unwrap();
    write(&server, 1).await;
    let found = async || server.index().candidates(&all()).await.unwrap().len();
    assert_eq!(found().await, 2 * BATCH);
    archive(&folder).replace_by(&copy).await.unwrap();
    assert_eq!(found().await, BATCH);
    assert!(!copy.exists());
    write(&server, 2).await;
    assert_eq!(found().await, 2 * BATCH);
    server.check().await.unwrap();
}

#[tokio::test]
async fn a_damaged_and_a_missing_database_are_replaced_too() {
    let place = tempfile::tempdir().unwrap();
    let (folder, copy) = (place.path().join("data"), place.path().join("copy"));
    write(&open(&folder), 0).await;
    for damage in [Some(&b"no database, and longer than its header of a hundred bytes"[..]), None] {
        archive(&folder).copy_to(&copy).await.unwrap();
        match damage {
            Some(bytes) => fs::write(folder.join("akin.db"), bytes.repeat(40)).unwrap(),
            None => fs::remove_file(folder.join("akin.db")).unwrap(),
        }
        archive(&folder).replace_by(&copy).await.unwrap();
        assert_eq!(found(&folder).await, BATCH);
    }
}

#[tokio::test]
async fn another_programs_database_is_not_copied() {
    let place = tempfile::tempdir().unwrap();
    let other = Connection::open(place.path().join("akin.db")).unwrap();
    other.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    let error = archive(place.path()).copy_to(&place.path().join("copy")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert!(report(&error).contains("another program"), "{}", report(&error));
}
