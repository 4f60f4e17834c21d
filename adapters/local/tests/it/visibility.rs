//! When an engine sees the writes of others, and which embeddings it refuses.

use crate::support::{entry, fingerprint, open, report};
use akin_entities::{Change, ProductId, Version};
use akin_ports::{CandidateQuery, EntryEmbedding, ErrorKind, IndexEntry, ProductIndex};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn all() -> CandidateQuery {
    CandidateQuery {
        terms: vec!["all".into()],
        vector: None,
        filter: akin_entities::Filter::default(),
        depth: 10_000,
        threshold: None,
        with_facets: false,
    }
}

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

/// Returns the base file in `folder`, and its bytes.
fn base(folder: &Path) -> (PathBuf, Vec<u8>) {
    let files = fs::read_dir(folder.join("index")).expect("search files");
    let mut files = files.map(|file| file.expect("a file").path());
    let base = files.find(|file| file.extension().is_some_and(|name| name == "flat"));
    let base = base.expect("a base");
    let bytes = fs::read(&base).expect("bytes");
    (base, bytes)
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
        fs::write(&file, bytes).unwrap();
        let again = open(folder.path());
        assert_eq!(again.index().candidates(&all()).await.unwrap().len(), 1_500);
        again.optimize().await.unwrap();
        assert_eq!(base(folder.path()).1, new, "the same base again");
    }
}
