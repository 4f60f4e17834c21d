use super::{Index, candidates, for_words, ids, near};
use crate::sample::{direction, id, titled};
use akin_entities::{Change, Version};
use akin_ports::{CandidateQuery, IndexEntry};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const WRITERS: i64 = 8;
const ROUNDS: i64 = 12;

/// Creates an entry whose words and direction both depend on its version.
fn entry_of_version(name: &str, version: i64) -> IndexEntry {
    let degrees = f32::from(u8::try_from(version % 120).unwrap());
    titled(name, version, &format!("version{version}"), degrees)
}

/// The newest entry stays complete, however the writes overlap.
pub async fn eight_writers_of_one_product_leave_its_newest_version(index: &Index) {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let index = index.share();
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    // Each writer's own versions fall in every other round.
                    let version = WRITERS * (round ^ 1) + writer + 1;
                    let failures = if version % 5 == 0 {
                        let change = Change { id: id("one"), version: Version(version) };
                        index.remove(&[change]).await.unwrap()
                    } else {
                        index.upsert(&[entry_of_version("one", version)]).await.unwrap()
                    };
                    assert!(failures.is_empty(), "{failures:?}");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    index.refresh().await;
    let newest = WRITERS * ROUNDS;
    let expected = entry_of_version("one", newest);
    let known = index.states(&[id("one")]).await.unwrap();
    assert_eq!(known[&id("one")].version, Version(newest));
    assert_eq!(index.count().await.unwrap(), 1);
    let found = candidates(index, &for_words(&format!("version{newest}"))).await;
    assert_eq!(found[0].text, expected.text);
    let degrees = f32::from(u8::try_from(newest % 120).unwrap());
    let found = candidates(index, &near(direction(degrees))).await;
    super::assert_close(found[0].cosine.unwrap().get(), 1.0);
}

/// Every product is searchable afterwards.
pub async fn eight_writers_of_many_products_lose_no_product(index: &Index) {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let index = index.share();
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    let own = titled(&format!("{writer} {round}"), 1, "thing", 0.0);
                    let batch = [own, titled("shared", round, "thing", 0.0)];
                    assert!(index.upsert(&batch).await.unwrap().is_empty());
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    index.refresh().await;
    let all = usize::try_from(WRITERS * ROUNDS + 1).unwrap();
    assert_eq!(index.count().await.unwrap(), all as u64);
    let query = CandidateQuery { depth: 2 * all, ..for_words("thing") };
    assert_eq!(ids(index, &query).await.len(), all);
    assert_eq!(index.statistics().await.unwrap().document_frequency("thing"), all as u64);
}

/// During writes, a reader sees words and embedding of the same version, and no error.
pub async fn a_reader_never_sees_half_an_entry(index: &Index) {
    /// Reports that the writer is done, even if it fails.
    struct WritingEnded(Arc<AtomicBool>);
    impl Drop for WritingEnded {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let done = Arc::new(AtomicBool::new(false));
    let (writing, guard) = (index.share(), WritingEnded(Arc::clone(&done)));
    let writer = tokio::spawn(async move {
        let _guard = guard;
        for version in 1..60 {
            let batch = ["a", "b", "c"].map(|name| entry_of_version(name, version));
            assert!(writing.upsert(&batch).await.unwrap().is_empty());
        }
    });
    while !done.load(Ordering::Acquire) {
        for found in candidates(index, &near(direction(0.0))).await {
            let title = found.text.as_stream().trim_end().trim_start_matches("version");
            let version: u8 = title.parse().unwrap();
            let expected = f32::from(version).to_radians().cos();
            super::assert_close(found.cosine.unwrap().get(), expected);
        }
        index.statistics().await.unwrap();
        index.states(&[id("a")]).await.unwrap();
    }
    writer.await.unwrap();
}
