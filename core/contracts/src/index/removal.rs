use super::{Index, candidates, for_words, ids, keep, near, remove, upsert};
use crate::sample::{direction, id, titled};
use akin_entities::Version;
use akin_ports::{EntryEmbedding, IndexEntry, IndexedState};

async fn version_and_state(index: &Index, name: &str) -> Option<(i64, bool)> {
    let known = index.states(&[id(name)]).await.unwrap();
    let state = |IndexedState { version: Version(version), text_hash }: &IndexedState| {
        (*version, text_hash.is_some())
    };
    known.get(&id(name)).map(state)
}

/// It is found neither by words nor by embedding, and it is not counted.
pub async fn a_removed_product_is_not_found(index: &Index) {
    keep(index, &[titled("a", 1, "thing", 0.0), titled("b", 1, "thing", 0.0)]).await;
    remove(index, &[("a", 1)]).await;
    assert_eq!(ids(index, &for_words("thing")).await, ["b"]);
    assert_eq!(ids(index, &near(direction(0.0))).await, ["b"]);
    assert_eq!(index.count().await.unwrap(), 1);
    assert_eq!(index.statistics().await.unwrap().document_frequency("thing"), 1);
    assert_eq!(version_and_state(index, "a").await, Some((1, false)));
}

/// A removal may be redelivered, repeated in a batch, or name a product that the index never had.
pub async fn removing_a_product_twice_or_an_unknown_one_is_harmless(index: &Index) {
    keep(index, &[titled("a", 1, "thing", 0.0), titled("b", 1, "thing", 0.0)]).await;
    for _ in 0..2 {
        remove(index, &[("a", 2), ("unknown", 1), ("a", 2), ("a", 1)]).await;
        assert_eq!(index.count().await.unwrap(), 1);
        assert_eq!(version_and_state(index, "a").await, Some((2, false)));
    }
    assert_eq!(ids(index, &for_words("thing")).await, ["b"]);
}

/// The newer entry stays.
pub async fn a_late_older_removal_neither_removes_nor_fails(index: &Index) {
    keep(index, &[titled("a", 5, "thing", 0.0)]).await;
    remove(index, &[("a", 4)]).await;
    assert_eq!(ids(index, &for_words("thing")).await, ["a"]);
    assert_eq!(version_and_state(index, "a").await, Some((5, true)));
}

/// This includes a product that the index never had before its removal.
pub async fn a_late_older_entry_does_not_undo_a_removal(index: &Index) {
    keep(index, &[titled("a", 1, "thing", 0.0)]).await;
    remove(index, &[("a", 5), ("b", 5)]).await;
    keep(index, &[titled("a", 4, "thing", 0.0), titled("b", 4, "thing", 0.0)]).await;
    assert!(candidates(index, &for_words("thing")).await.is_empty());
    assert_eq!(index.count().await.unwrap(), 0);
    assert_eq!(version_and_state(index, "b").await, Some((5, false)));
}

/// A shop may sell a product again.
pub async fn a_removed_product_returns_with_a_newer_entry(index: &Index) {
    keep(index, &[titled("a", 1, "first", 90.0), titled("b", 1, "thing", 180.0)]).await;
    remove(index, &[("a", 2)]).await;
    keep(index, &[titled("a", 3, "second", 0.0)]).await;
    assert_eq!(ids(index, &for_words("first second")).await, ["a"]);
    let found = candidates(index, &near(direction(0.0))).await;
    super::assert_close(found[0].cosine.unwrap().get(), 1.0);
    assert_eq!(index.count().await.unwrap(), 2);
}

/// A product that returns must be embedded again.
pub async fn a_removed_product_keeps_no_embedding(index: &Index) {
    keep(index, &[titled("a", 1, "thing", 0.0), titled("b", 1, "thing", 0.0)]).await;
    remove(index, &[("a", 2)]).await;
    let kept = IndexEntry { embedding: EntryEmbedding::Unchanged, ..titled("a", 3, "thing", 0.0) };
    assert!(upsert(index, &[kept]).await.contains_key(&id("a")));
    assert_eq!(ids(index, &for_words("thing")).await, ["b"]);
    assert_eq!(version_and_state(index, "a").await, Some((2, false)));
}
