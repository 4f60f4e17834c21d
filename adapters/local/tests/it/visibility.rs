//! When an engine sees the writes of others, and which embeddings it refuses.

use crate::support::{all, base, entry, fingerprint, open, report};
use akin_entities::{Change, ProductId, Version};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{EntryEmbedding, ErrorKind, IndexEntry, ProductIndex};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_few_writes_of_another_process_are_in_the_next_result() {
    let folder = tempfile::tempdir().unwrap();
    let (server, writer) = (open(folder.path()), open(folder.path()));
    assert!(server.index().candidates(&all()).await.unwrap().is_empty());
    writer.index().upsert(&[entry("a", 1, [1.0; 4]), entry("b", 1, [1.0; 4])]).await.unwrap();
    assert_eq!(server.index().candidates(&all()).await.unwrap().len(), 2);
    let gone = Change { id: ProductId::new("a").unwrap(), version: Version(2) };
    writer.index().remove(&[gone]).await.unwrap();
    assert_eq!(server.index().candidates(&all()).await.unwrap()[0].id.as_str(), "b");
    assert_eq!(server.index().count().await.unwrap(), 1);
}

#[tokio::test]
async fn many_writes_of_another_process_are_applied_in_the_background() {
    let folder = tempfile::tempdir().unwrap();
    let (server, writer) = (open(folder.path()), open(folder.path()));
    server.index().upsert(&[entry("first", 1, [1.0; 4])]).await.unwrap();
    assert_eq!(server.index().candidates(&all()).await.unwrap().len(), 1);
    let many: Vec<_> = (0..3_000).map(|n| entry(&format!("p{n}"), 1, [1.0; 4])).collect();
    writer.index().upsert(&many).await.unwrap();
    let start = Instant::now();
    loop {
        let found = server.index().candidates(&all()).await.unwrap().len();
        assert!(found == 1 || found == 3_001, "half a batch: {found}");
        if found == 3_001 {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "the writes were never applied");
    }
}

#[tokio::test]
async fn own_writes_are_in_the_next_result_however_many_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    assert!(engine.index().candidates(&all()).await.unwrap().is_empty());
    for round in 1..5 {
        let many: Vec<_> = (0..700).map(|n| entry(&format!("{round}-{n}"), 1, [1.0; 4])).collect();
        engine.index().upsert(&many).await.unwrap();
        assert_eq!(engine.index().candidates(&all()).await.unwrap().len(), 700 * round);
    }
}

#[tokio::test]
async fn an_embedding_of_another_model_is_refused_naming_both() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path()).index();
    index.upsert(&[entry("a", 1, [1.0; 4])]).await.unwrap();
    let mut other = entry("b", 1, [1.0; 4]);
    if let EntryEmbedding::Computed { fingerprint: own, .. } = &mut other.embedding {
        *own = fingerprint("other@1");
    }
    let mut failures = index.upsert(&[other.clone(), entry("c", 1, [1.0; 4])]).await.unwrap();
    assert_eq!(index.count().await.unwrap(), 2, "the other products are stored");
    let failure = failures.remove(&other.id).unwrap();
    assert_eq!(failure.kind, ErrorKind::Refused);
    for part in ["tiny@0/int8/4", "other@1/int8/4", "use the model of the index", "akin.db"] {
        assert!(report(&failure).contains(part), "{}", report(&failure));
    }
}

#[tokio::test]
async fn an_embedding_of_the_wrong_dimension_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path()).index();
    let mut wrong = entry("a", 1, [1.0; 4]);
    if let EntryEmbedding::Computed { fingerprint, .. } = &mut wrong.embedding {
        fingerprint.dimension = 5;
    }
    assert_eq!(index.upsert(&[wrong]).await.unwrap().len(), 1);
    assert_eq!(index.fingerprint().await.unwrap(), None);
}

#[tokio::test]
async fn an_emptied_index_accepts_another_model() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path()).index();
    let first = entry("a", 1, [1.0; 4]);
    index.upsert(std::slice::from_ref(&first)).await.unwrap();
    index.remove(&[Change { id: first.id.clone(), version: Version(2) }]).await.unwrap();
    let mut other = IndexEntry { version: Version(3), ..first };
    if let EntryEmbedding::Computed { fingerprint: own, .. } = &mut other.embedding {
        *own = fingerprint("other@1");
    }
    assert!(index.upsert(&[other]).await.unwrap().is_empty());
    assert_eq!(index.fingerprint().await.unwrap(), Some(fingerprint("other@1")));
    assert_eq!(index.candidates(&all()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_damaged_or_outdated_base_is_updated_or_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let many: Vec<_> = (0..1_500).map(|n| entry(&format!("p{n}"), 1, [1.0; 4])).collect();
    engine.index().upsert(&many).await.unwrap();
    engine.optimize().await.unwrap();
    let (file, old) = base(folder.path());
    engine.index().upsert(&[entry("later", 1, [1.0; 4])]).await.unwrap();
    engine.optimize().await.unwrap();
    assert_eq!(base(folder.path()).1, old, "one change does not rebuild the base");
    assert_eq!(open(folder.path()).index().candidates(&all()).await.unwrap().len(), 1_501);

    let gone = Change { id: many[0].id.clone(), version: Version(2) };
    engine.index().remove(&[gone]).await.unwrap();
    engine.index().upsert(&many[1..1_400]).await.unwrap();
    engine.optimize().await.unwrap();
    let new = base(folder.path()).1;
    assert_ne!(new, old, "many changes rebuild it");
    let mut damaged = new.clone();
    damaged[new.len() / 2] ^= 1;
    for bytes in [&old[..], &damaged, &new[..new.len() / 2], b"", &new] {
        // Truncating a mapped file would kill this process.
        fs::write(file.with_extension("other"), bytes).unwrap();
        fs::rename(file.with_extension("other"), &file).unwrap();
        let again = open(folder.path());
        assert_eq!(again.index().candidates(&all()).await.unwrap().len(), 1_500);
        again.optimize().await.unwrap();
        assert_eq!(base(folder.path()).1, new, "the same base again");
    }
}

/// Waits until `condition` holds, while `engine` answers searches.
async fn search_until(engine: &LocalEngine, what: &str, condition: impl Fn(usize) -> bool) {
    let start = Instant::now();
    loop {
        let found = engine.index().candidates(&all()).await.unwrap().len();
        if condition(found) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{what}: {found} products");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns how many deleted files of `folder` this process has mapped.
#[cfg(target_os = "linux")]
fn mapped_but_deleted(folder: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").expect("the maps of this process");
    let folder = folder.to_str().expect("text");
    maps.lines().filter(|line| line.contains(folder) && line.ends_with("(deleted)")).count()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_moves_to_the_base_that_another_process_has_built() {
    let folder = tempfile::tempdir().unwrap();
    let writer = open(folder.path());
    let many: Vec<_> = (0..3_000).map(|n| entry(&format!("p{n}"), 1, [1.0; 4])).collect();
    writer.index().upsert(&many).await.unwrap();
    writer.optimize().await.unwrap();
    let server = open(folder.path());
    assert_eq!(server.index().candidates(&all()).await.unwrap().len(), 3_000);
    // More than a server keeps in memory.
    let more: Vec<_> = (0..3_000).map(|n| entry(&format!("q{n}"), 1, [1.0; 4])).collect();
    writer.index().upsert(&more).await.unwrap();
    search_until(&server, "the server follows", |found| found == 6_000).await;
    writer.optimize().await.unwrap();
    search_until(&server, "the server holds a deleted base", |found| {
        assert_eq!(found, 6_000);
        mapped_but_deleted(folder.path()) == 0
    })
    .await;
}

#[tokio::test]
async fn a_server_builds_a_base_after_many_writes_of_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let options = LocalOptions { held_changes: 100, ..LocalOptions::default() };
    let server = LocalEngine::open(folder.path(), options).unwrap();
    server.index().upsert(&[entry("first", 1, [1.0; 4])]).await.unwrap();
    assert_eq!(server.index().candidates(&all()).await.unwrap().len(), 1);
    // The other process leaves without a base.
    let many: Vec<_> = (0..300).map(|n| entry(&format!("p{n}"), 1, [1.0; 4])).collect();
    open(folder.path()).index().upsert(&many).await.unwrap();
    search_until(&server, "the writes are held in memory", |_| has_base(folder.path())).await;
    assert_eq!(server.index().candidates(&all()).await.unwrap().len(), 301);
}

#[tokio::test]
async fn more_writes_than_memory_may_hold_become_a_base_before_they_are_searched() {
    let folder = tempfile::tempdir().unwrap();
    let options = LocalOptions { held_changes: 10, ..LocalOptions::default() };
    let engine = LocalEngine::open(folder.path(), options).unwrap();
    assert!(engine.index().candidates(&all()).await.unwrap().is_empty());
    let many: Vec<_> = (0..300).map(|n| entry(&format!("p{n}"), 1, [1.0; 4])).collect();
    engine.index().upsert(&many).await.unwrap();
    assert_eq!(engine.index().candidates(&all()).await.unwrap().len(), 300);
    assert!(has_base(folder.path()), "300 changes are in memory, of 40 at most");
}

/// Returns whether `folder` has a base file.
fn has_base(folder: &Path) -> bool {
    let Ok(mut files) = fs::read_dir(folder.join("index")) else { return false };
    files.any(|file| file.expect("a file").path().extension().is_some_and(|name| name == "flat"))
}

#[tokio::test]
async fn removing_everything_holds_nothing_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let options = LocalOptions { held_changes: 10, ..LocalOptions::default() };
    let server = LocalEngine::open(folder.path(), options).unwrap();
    let many: Vec<_> = (0..300).map(|n| entry(&format!("p{n}"), 1, [1.0; 4])).collect();
    server.index().upsert(&many).await.unwrap();
    search_until(&server, "a base is built", |_| has_base(folder.path())).await;
    let change = |entry: &IndexEntry| Change { id: entry.id.clone(), version: Version(2) };
    let removals: Vec<_> = many.iter().map(change).collect();
    server.index().remove(&removals).await.unwrap();
    assert!(server.index().candidates(&all()).await.unwrap().is_empty());
    drop(server);
    let again = LocalEngine::open(folder.path(), options).unwrap();
    assert!(again.index().candidates(&all()).await.unwrap().is_empty());
    again.index().upsert(&[entry("new", 3, [1.0; 4])]).await.unwrap();
    assert_eq!(again.index().candidates(&all()).await.unwrap().len(), 1);
}
