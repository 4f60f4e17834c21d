use super::{Store, fetch, waiting};
use crate::sample::{id, product};
use akin_entities::Version;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const WRITERS: i64 = 8;
const ROUNDS: i64 = 12;

/// The outbox names that version once, however the writes overlap.
pub async fn eight_writers_of_one_product_leave_its_newest_version(store: &Store) {
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.share();
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    // Each writer's own versions fall in every other round.
                    let at = WRITERS * (round ^ 1) + writer + 1;
                    let products = [product("one", &format!("look {at}"))];
                    let applied = store.apply(&products, Version(at)).await.unwrap();
                    assert!(applied.failures.is_empty());
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    store.refresh().await;
    let newest = WRITERS * ROUNDS;
    let found = fetch(store, &id("one")).await;
    assert_eq!((found.version, found.product.name), (Version(newest), format!("look {newest}")));
    assert_eq!(waiting(store).await, [("one".to_owned(), newest)]);
}

/// Every product is stored and in the outbox.
pub async fn eight_writers_of_many_products_lose_no_product(store: &Store) {
    let name = |writer, round| format!("{writer} {round}");
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.share();
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    let products = [product(&name(writer, round), "own"), product("shared", "s")];
                    store.apply(&products, Version(round)).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    store.refresh().await;
    let all = (0..WRITERS).flat_map(|writer| (0..ROUNDS).map(move |round| name(writer, round)));
    let mut all: HashSet<_> = all.collect();
    all.insert("shared".into());
    let waiting = waiting(store).await;
    assert_eq!(waiting.len(), all.len());
    assert_eq!(waiting.into_iter().map(|(id, _)| id).collect::<HashSet<_>>(), all);
    assert_eq!(store.counts().await.unwrap().products, all.len() as u64);
}

/// At any moment, all products of a batch have the same version.
pub async fn a_batch_is_visible_completely_or_not_at_all(store: &Store) {
    let names: Vec<_> = (0..20).map(|number| format!("p{number}")).collect();
    let ids: Vec<_> = names.iter().map(|name| id(name)).collect();
    let (writer, done) = write_versions(store, names);
    while !done.load(Ordering::Acquire) {
        let found = store.fetch(&ids).await.unwrap();
        let versions: HashSet<_> = found.values().map(|record| record.version).collect();
        assert!(versions.len() <= 1, "a batch is half seen: {versions:?}");
        assert!(found.is_empty() || found.len() == ids.len(), "{} of a batch", found.len());
    }
    writer.await.unwrap();
}

/// A product that can be fetched is in the outbox already, at that version or a newer one, and vice
/// versa.
pub async fn a_product_is_never_visible_without_its_outbox_entry(store: &Store) {
    let names: Vec<_> = (0..5).map(|number| format!("p{number}")).collect();
    let ids: Vec<_> = names.iter().map(|name| id(name)).collect();
    let (writer, done) = write_versions(store, names);
    while !done.load(Ordering::Acquire) {
        let found = store.fetch(&ids).await.unwrap();
        let waiting = store.outbox(None, 100).await.unwrap();
        for (id, record) in &found {
            let change = waiting.iter().find(|entry| entry.change.id == *id);
            let version = change.map(|entry| entry.change.version);
            assert!(version >= Some(record.version), "{id} waits at {version:?}");
        }
        let found = store.fetch(&ids).await.unwrap();
        for entry in &waiting {
            let version = found.get(&entry.change.id).map(|record| record.version);
            assert!(version >= Some(entry.change.version), "announced, but not there");
        }
    }
    writer.await.unwrap();
}

/// Writes version after version of all `names`, one batch each, and reports when it is done.
fn write_versions(
    store: &Store,
    names: Vec<String>,
) -> (tokio::task::JoinHandle<()>, Arc<AtomicBool>) {
    /// Reports that even if the writer fails.
    struct ApplyingEnded(Arc<AtomicBool>);
    impl Drop for ApplyingEnded {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let done = Arc::new(AtomicBool::new(false));
    let (store, guard) = (store.share(), ApplyingEnded(Arc::clone(&done)));
    let writer = tokio::spawn(async move {
        let _guard = guard;
        for at in 1..40 {
            let look = |name: &String| product(name, &format!("look {at}"));
            let products: Vec<_> = names.iter().map(look).collect();
            store.apply(&products, Version(at)).await.unwrap();
        }
    });
    (writer, done)
}
