use super::{Index, candidates, for_words, ids, keep, near, remove, upsert};
use crate::sample::{direction, entry, fingerprint, id, titled};
use akin_entities::{Embedding, Fingerprint, TextHash};
use akin_ports::{CandidateQuery, EntryEmbedding, ErrorKind, IndexEntry, QueryVector};

/// Creates the entry of a product that `model` embedded.
fn by_model(name: &str, version: i64, model: Fingerprint, coordinates: usize) -> IndexEntry {
    let mut raw = vec![0.0; coordinates];
    raw[0] = 1.0;
    let embedding = Embedding::new(&raw).unwrap();
    let text_hash = TextHash::compute(["another"]);
    let embedding = EntryEmbedding::Computed { embedding, text_hash, fingerprint: model };
    IndexEntry { embedding, ..titled(name, version, "another", 0.0) }
}

/// Cosines are meaningless between models of another name, precision or dimension.
pub async fn vectors_of_another_model_fail_alone(index: &Index) {
    let held = fingerprint();
    keep(index, &[titled("a", 1, "held", 0.0)]).await;
    let others = [
        Fingerprint { model: "another@00000000".into(), ..held.clone() },
        Fingerprint { precision: "int8".into(), ..held.clone() },
        Fingerprint { dimension: 2 * held.dimension, ..held.clone() },
    ];
    for other in others {
        let dimension = other.dimension;
        let batch = [
            by_model("a", 9, other.clone(), dimension),
            titled("b", 1, "held", 0.0),
            by_model("new", 1, other, dimension),
        ];
        let failures = upsert(index, &batch).await;
        let mut failed: Vec<_> = failures.keys().cloned().collect();
        failed.sort();
        assert_eq!(failed, [id("a"), id("new")]);
        assert_eq!(index.fingerprint().await.unwrap(), Some(held.clone()));
        assert_eq!(ids(index, &for_words("held another")).await, ["a", "b"]);
        assert!(index.states(&[id("new")]).await.unwrap().is_empty());
    }
}

/// The fingerprint of a model includes the dimension.
pub async fn an_embedding_of_the_wrong_dimension_fails_alone(index: &Index) {
    let wrong = by_model("wrong", 1, fingerprint(), fingerprint().dimension + 1);
    let failures = upsert(index, &[wrong, entry("a", 1)]).await;
    assert_eq!(failures.keys().collect::<Vec<_>>(), [&id("wrong")]);
    assert_eq!(index.count().await.unwrap(), 1);
}

/// The error names both models, so that an operator can correct the setting.
pub async fn a_query_of_another_model_is_refused(index: &Index) {
    let held = fingerprint();
    keep(index, &[titled("a", 1, "thing", 0.0)]).await;
    let others = [
        Fingerprint { model: "another@00000000".into(), ..held.clone() },
        Fingerprint { precision: "int8".into(), ..held.clone() },
    ];
    for other in others {
        let vector = QueryVector { embedding: direction(0.0), fingerprint: other.clone() };
        let query = CandidateQuery { vector: Some(vector), ..for_words("thing") };
        let error = index.candidates(&query).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Misconfigured);
        let report = error.report();
        assert!(
            [&held, &other].iter().all(|model| report.contains(&model.to_string())),
            "{report}"
        );
    }
    assert_eq!(ids(index, &near(direction(0.0))).await, ["a"]);
}

/// It is an error, not a panic.
pub async fn a_query_of_another_dimension_is_refused(index: &Index) {
    keep(index, &[titled("a", 1, "thing", 0.0)]).await;
    let foreign = Embedding::new(&[1.0, 0.0]).unwrap();
    let error = index.candidates(&near(foreign)).await.unwrap_err();
    assert!(!error.is_retryable(), "asking again does not help: {error:?}");
    assert_eq!(ids(index, &near(direction(0.0))).await, ["a"]);
}

/// No embeddings are left that could be mixed with the new ones.
pub async fn an_emptied_index_adopts_another_model(index: &Index) {
    keep(index, &[titled("a", 1, "held", 0.0), titled("b", 1, "held", 0.0)]).await;
    remove(index, &[("a", 2), ("b", 2)]).await;
    assert_eq!(index.fingerprint().await.unwrap(), None);
    let other = Fingerprint { model: "another@00000000".into(), dimension: 3, ..fingerprint() };
    keep(index, &[by_model("a", 3, other.clone(), 3)]).await;
    assert_eq!(index.fingerprint().await.unwrap(), Some(other.clone()));
    let asked = Embedding::new(&[1.0, 0.0, 0.0]).unwrap();
    let vector = Some(QueryVector { embedding: asked, fingerprint: other });
    let found = candidates(index, &CandidateQuery { vector, ..for_words("") }).await;
    super::assert_close(found[0].cosine.unwrap().get(), 1.0);
    assert!(!upsert(index, &[entry("c", 1)]).await.is_empty(), "the first model is another now");
}
