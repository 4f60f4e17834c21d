use super::{Index, candidates, for_words, ids, keep, near, query, upsert, vector};
use crate::sample::{analyzed, direction, entry, id, titled, unusual_ids};
use akin_entities::{
    Analysis, AnalyzedText, FacetValues, Filter, Language, NumberField, NumberRange, ProductId,
    TextField, TextHash, Version,
};
use akin_ports::{CandidateQuery, EntryEmbedding, IndexEntry, IndexedState};

/// Nothing is found, and nothing fails.
pub async fn an_empty_index_answers_every_call(index: &Index) {
    assert_eq!(index.count().await.unwrap(), 0);
    assert_eq!(index.fingerprint().await.unwrap(), None);
    assert!(index.states(&[id("a")]).await.unwrap().is_empty());
    let both = CandidateQuery { vector: Some(vector(direction(0.0))), ..for_words("tripod") };
    for query in [query(), for_words("tripod"), near(direction(0.0)), both] {
        assert!(candidates(index, &query).await.is_empty());
    }
    let statistics = index.statistics().await.unwrap();
    assert_eq!((statistics.documents(), statistics.document_frequency("tripod")), (0, 0));
    for field in TextField::ALL {
        assert!(statistics.average_length(field).abs() < f32::EPSILON);
    }
}

/// By it a store knows to which indexes it owes its changes.
pub async fn an_index_keeps_its_identity(index: &Index) {
    let identity = index.identity().await.unwrap();
    assert!(!identity.name.is_empty() && !identity.key.is_empty(), "{identity:?}");
    keep(index, &[entry("a", 1), entry("b", 1)]).await;
    super::remove(index, &[("a", 2)]).await;
    assert_eq!(index.identity().await.unwrap(), identity);
}

/// Terms of another analysis do not meet its texts.
pub async fn an_index_keeps_the_name_of_its_analysis(index: &Index) {
    assert_eq!(index.analysis().await.unwrap(), None);
    let analysis = Analysis::new(Language::English, 1);
    index.set_analysis(&analysis).await.unwrap();
    let (kept, identity) = (entry("a", 1), index.identity().await.unwrap());
    keep(index, std::slice::from_ref(&kept)).await;
    assert_eq!(index.analysis().await.unwrap(), Some(analysis));
    let newer = Analysis::from_stored("a name, of a \"newer\" akin");
    index.set_analysis(&newer).await.unwrap();
    super::remove(index, &[("b", 2)]).await;
    assert_eq!(index.analysis().await.unwrap(), Some(newer));
    assert_eq!(index.identity().await.unwrap(), identity);
    assert_eq!(index.list(None, 9).await.unwrap()[0].text, kept.text);
}

/// It is not an error.
pub async fn an_empty_batch_changes_nothing(index: &Index) {
    assert!(index.upsert(&[]).await.unwrap().is_empty());
    assert!(index.remove(&[]).await.unwrap().is_empty());
    assert!(index.states(&[]).await.unwrap().is_empty());
    assert_eq!(index.count().await.unwrap(), 0);
}

/// Version, text hash, cosine and text are kept.
pub async fn an_entry_is_found_as_it_was_written(index: &Index) {
    let fields =
        [vec!["phone", "tripod"], vec!["stand"], vec!["camera"], vec!["lumo"], vec!["red"]];
    let text = AnalyzedText::new(fields);
    let kept = IndexEntry { text: text.clone(), ..titled("a", 7, "phone tripod", 30.0) };
    keep(index, &[kept, entry("b", 1)]).await;
    let known = index.states(&[id("a"), id("nobody"), id("a")]).await.unwrap();
    let indexed =
        IndexedState { version: Version(7), text_hash: Some(TextHash::compute(["phone tripod"])) };
    assert_eq!(known, [(id("a"), indexed)].into());
    let found = candidates(index, &CandidateQuery { depth: 1, ..near(direction(30.0)) }).await;
    assert_eq!((found[0].id.as_str(), &found[0].text), ("a", &text));
    super::assert_close(found[0].cosine.unwrap().get(), 1.0);
    assert_eq!(index.count().await.unwrap(), 2);
}

/// Ids are compared byte by byte: case, blanks, marks and NUL count.
pub async fn unusual_ids_are_kept_distinct(index: &Index) {
    let ids = unusual_ids();
    let entries: Vec<_> =
        (0..).zip(&ids).map(|(at, id)| titled(id.as_str(), at, "thing", 0.0)).collect();
    keep(index, &entries).await;
    let known = index.states(&ids).await.unwrap();
    for (version, id) in (0..).zip(&ids) {
        assert_eq!(known.get(id).map(|known| known.version), Some(Version(version)), "{id:?}");
    }
    let mut expected = ids.clone();
    expected.sort();
    for query in [for_words("thing"), near(direction(0.0))] {
        let found = candidates(index, &CandidateQuery { depth: 100, ..query }).await;
        assert!(found.iter().map(|found| &found.id).eq(&expected), "{found:?}");
    }
    super::remove(index, &[("a", 99)]).await;
    assert_eq!(index.count().await.unwrap(), ids.len() as u64 - 1, "all others are still there");
}

/// Texts have from no word to 100 kB, and characters of four bytes.
pub async fn texts_of_any_length_are_kept_unchanged(index: &Index) {
    let long = "tripod größe \u{20bb7}\u{20bb8} 1080p ".repeat(3_000);
    let description = |words: &str| {
        let words: Vec<_> = words.split_whitespace().collect();
        AnalyzedText::new([vec!["thing"], words, vec![], vec![], vec![]])
    };
    let texts = [AnalyzedText::default(), analyzed("thing"), description(&long)];
    for (number, text) in texts.into_iter().enumerate() {
        let name = number.to_string();
        let kept = IndexEntry { text: text.clone(), ..titled(&name, 1, "thing", 0.0) };
        keep(index, &[kept]).await;
        let found = candidates(index, &near(direction(0.0))).await;
        assert!(found[number].text == text, "text {number} has changed");
    }
    assert_eq!(ids(index, &for_words("\u{20bb7}\u{20bb8}")).await, ["2"]);
}

/// The word itself need not be searchable, but the product is.
pub async fn a_word_of_100_kilobytes_is_harmless(index: &Index) {
    let long = "x".repeat(100_000);
    let entries = [titled("a", 1, &format!("tripod {long}"), 0.0), titled("b", 1, "lamp", 90.0)];
    keep(index, &entries).await;
    assert_eq!(ids(index, &for_words("tripod lamp")).await, ["a", "b"]);
    let found = candidates(index, &near(direction(0.0))).await;
    assert!(found[0].text == entries[0].text);
}

/// The newer entry stays, with or without an embedding in the older one.
pub async fn a_late_older_entry_neither_overwrites_nor_fails(index: &Index) {
    keep(index, &[titled("a", 5, "newer", 0.0)]).await;
    let kept = IndexEntry { embedding: EntryEmbedding::Unchanged, ..titled("a", 3, "oldest", 0.0) };
    keep(index, &[titled("a", 4, "older", 90.0), kept, titled("b", 1, "other", 180.0)]).await;
    let found = candidates(index, &CandidateQuery { depth: 1, ..near(direction(0.0)) }).await;
    assert_eq!((found[0].id.as_str(), found[0].text.as_stream().trim_end()), ("a", "newer"));
    assert!(ids(index, &for_words("older oldest")).await.is_empty());
    assert_eq!(ids(index, &for_words("newer other")).await, ["a", "b"]);
    assert_eq!(index.states(&[id("a")]).await.unwrap()[&id("a")].version, Version(5));
}

/// A new analyzer may write the same state again.
pub async fn an_entry_of_the_same_version_overwrites(index: &Index) {
    keep(index, &[titled("a", 5, "first", 90.0)]).await;
    keep(index, &[titled("a", 5, "second", 0.0)]).await;
    assert_eq!(ids(index, &for_words("second")).await, ["a"]);
    assert!(ids(index, &for_words("first")).await.is_empty());
    let found = candidates(index, &near(direction(0.0))).await;
    super::assert_close(found[0].cosine.unwrap().get(), 1.0);
    assert_eq!(index.count().await.unwrap(), 1);
}

/// The order of the entries within the batch does not matter.
pub async fn the_newest_entry_of_a_repeated_id_counts(index: &Index) {
    let unknown = |name, version| IndexEntry {
        embedding: EntryEmbedding::Unchanged,
        ..titled(name, version, "kept", 0.0)
    };
    let batch = [
        titled("a", 1, "older", 90.0),
        titled("a", 2, "newer", 0.0),
        titled("b", 2, "newer", 0.0),
        titled("b", 1, "older", 90.0),
        unknown("c", 2),
        titled("c", 1, "older", 90.0),
        unknown("d", 1),
        titled("d", 2, "newer", 0.0),
    ];
    let failures = upsert(index, &batch).await;
    assert_eq!(failures.keys().collect::<Vec<_>>(), [&id("c")], "its newest entry failed");
    assert_eq!(ids(index, &for_words("newer")).await, ["a", "b", "d"]);
    let known = index.states(&[id("a"), id("b")]).await.unwrap();
    assert!(known.values().all(|known| known.version == Version(2)), "{known:?}");
}

/// A batch is sent again if its answer was lost.
pub async fn a_redelivered_batch_changes_nothing(index: &Index) {
    let batch = [titled("a", 1, "phone tripod", 0.0), titled("b", 1, "lamp", 40.0)];
    let all = CandidateQuery { vector: Some(vector(direction(0.0))), ..for_words("tripod") };
    keep(index, &batch).await;
    let before = candidates(index, &all).await;
    keep(index, &batch).await;
    assert_eq!(candidates(index, &all).await, before);
    assert_eq!(index.count().await.unwrap(), 2);
    assert_eq!(index.statistics().await.unwrap().document_frequency("tripod"), 1);
}

/// It may exceed what one statement can hold.
pub async fn a_batch_may_hold_many_entries(index: &Index) {
    let entries: Vec<_> = (0..index.size()).map(|number| entry(&format!("p{number}"), 1)).collect();
    let ids: Vec<_> = entries.iter().map(|entry| entry.id.clone()).collect();
    keep(index, &entries).await;
    assert_eq!(index.states(&ids).await.unwrap().len(), entries.len());
    assert_eq!(index.count().await.unwrap(), entries.len() as u64);
}

/// A change of the price alone embeds nothing and updates all other fields.
pub async fn an_unchanged_embedding_stays_while_everything_else_changes(index: &Index) {
    keep(index, &[titled("a", 1, "first", 0.0)]).await;
    let facets = FacetValues { price: Some(9.5), ..FacetValues::default() };
    let kept = IndexEntry {
        embedding: EntryEmbedding::Unchanged,
        facets,
        ..titled("a", 2, "second", 90.0)
    };
    keep(index, &[kept]).await;
    let indexed = index.states(&[id("a")]).await.unwrap()[&id("a")];
    assert_eq!(indexed.version, Version(2));
    assert_eq!(indexed.text_hash, Some(TextHash::compute(["first"])), "it is the embedded text's");
    let cheap = NumberRange { min: Some(9.5), max: Some(9.5) };
    let filter = Filter::default().with_range(NumberField::Price, cheap);
    let found = candidates(index, &CandidateQuery { filter, ..near(direction(0.0)) }).await;
    super::assert_close(found[0].cosine.unwrap().get(), 1.0);
    assert_eq!(found[0].text, analyzed("second"));
    assert_eq!(ids(index, &for_words("first second")).await, ["a"]);
    let statistics = index.statistics().await.unwrap();
    assert_eq!((statistics.word_frequency("first"), statistics.word_frequency("second")), (0, 1));
}

/// All other entries of the batch are written.
pub async fn an_unchanged_embedding_that_is_not_held_fails_alone(index: &Index) {
    let unknown = IndexEntry { embedding: EntryEmbedding::Unchanged, ..entry("unknown", 1) };
    let batch = [titled("a", 1, "thing", 0.0), unknown, titled("b", 1, "thing", 0.0)];
    let failures = upsert(index, &batch).await;
    assert_eq!(failures.keys().collect::<Vec<_>>(), [&id("unknown")]);
    assert_eq!(ids(index, &for_words("thing")).await, ["a", "b"]);
    assert!(index.states(&[id("unknown")]).await.unwrap().is_empty(), "it left no trace");
    keep(index, &[entry("unknown", 1)]).await;
    assert_eq!(index.count().await.unwrap(), 3);
}

/// All other entries of the batch are written, and the failure is final. An index that holds every
/// product writes the longest id, too.
pub async fn an_entry_that_the_index_cannot_hold_fails_alone(index: &Index) {
    let Some(refused) = index.refused().cloned() else {
        keep(index, &[entry("a", 1), entry(&"x".repeat(ProductId::MAX_BYTES), 1)]).await;
        assert_eq!(index.count().await.unwrap(), 2);
        return;
    };
    let impossible = IndexEntry { id: refused.clone(), ..titled("x", 1, "thing", 0.0) };
    let batch = [titled("a", 1, "thing", 0.0), impossible, titled("b", 1, "thing", 0.0)];
    let failures = upsert(index, &batch).await;
    assert_eq!(failures.keys().collect::<Vec<_>>(), [&refused]);
    assert!(failures.values().all(|error| !error.is_retryable()), "{failures:?}");
    assert_eq!(ids(index, &for_words("thing")).await, ["a", "b"]);
    assert!(index.states(&[refused]).await.unwrap().is_empty());
    assert_eq!(index.count().await.unwrap(), 2);
}
