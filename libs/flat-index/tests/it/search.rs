//! Compares snapshots with a naive model.

use crate::support::{Dice, Model, WORDS, build, schema};
use flat_index::{
    DocumentChange, DocumentFilter, IndexDocument, IndexFileError, InstructionSet, Request,
    Snapshot,
};
use std::collections::BTreeMap;

fn filter() -> DocumentFilter {
    let brands = WORDS.iter().filter(|word| **word != "oak").map(|word| (*word).to_owned());
    DocumentFilter {
        keywords: vec![("brand".into(), brands.collect())],
        numbers: vec![("price".into(), 2.0, 7.0)],
        ..DocumentFilter::default()
    }
}

fn keeps(document: &IndexDocument) -> bool {
    document.keywords[0] != "oak" && document.numbers[0].is_some_and(|n| (2.0..=7.0).contains(&n))
}

fn nearest(model: &Model, query: &[f32], depth: usize) -> Vec<String> {
    let cosine = |d: &IndexDocument| d.vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
    let kept = model.values().filter(|d| keeps(d));
    let mut all: Vec<_> = kept.map(|d| (cosine(d), d.key.as_str())).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    sorted(all.into_iter().take(depth).map(|(_, key)| key))
}

/// Returns the best documents by BM25 over weighted fields.
#[allow(clippy::cast_precision_loss, reason = "small whole numbers")]
fn by_words(model: &Model, terms: &[&str], depth: usize) -> Vec<String> {
    let lengths = |d: &IndexDocument| -> Vec<f64> {
        d.text.split('\n').map(|field| field.split_whitespace().count() as f64).collect()
    };
    let documents = model.len() as f64;
    let average = |field: usize| model.values().map(|d| lengths(d)[field]).sum::<f64>() / documents;
    let averages = [average(0), average(1)];
    let frequency = |d: &IndexDocument, term: &str| -> f64 {
        let fields = d.text.split('\n').zip(lengths(d)).zip(averages).zip([1.0, 0.3]);
        let share = |(((field, length), average), weight): (((&str, f64), f64), f64)| {
            let count = field.split_whitespace().filter(|word| *word == term).count() as f64;
            weight * count / (1.0 - 0.75 + 0.75 * length / average)
        };
        fields.map(share).sum()
    };
    let score = |d: &IndexDocument| -> f64 {
        let idf = |term: &str| {
            let holding = model.values().filter(|d| frequency(d, term) > 0.0).count() as f64;
            (1.0 + (documents - holding + 0.5) / (holding + 0.5)).ln()
        };
        let shares = terms.iter().map(|term| {
            let frequency = frequency(d, term);
            idf(term) * frequency / (frequency + 0.5)
        });
        shares.sum()
    };
    let kept = model.values().filter(|d| keeps(d));
    let mut all: Vec<_> = kept.map(|d| (score(d), d.key.as_str())).collect();
    all.retain(|(score, _)| *score > 0.0);
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    // Equal scores may differ in the last bit, so the depth must not separate two of them.
    let depth = (depth..all.len()).find(|&at| at == 0 || all[at - 1].0 - all[at].0 > 1e-4);
    let depth = depth.unwrap_or(all.len());
    sorted(all.into_iter().take(depth).map(|(_, key)| key))
}

fn sorted(keys: impl Iterator<Item = impl Into<String>>) -> Vec<String> {
    let mut keys: Vec<String> = keys.map(Into::into).collect();
    keys.sort_unstable();
    keys
}

/// Searches with every instruction set and asserts that the results are the same.
fn keys(snapshot: &Snapshot, request: &Request<'_>) -> Vec<String> {
    let search = |snapshot: &Snapshot| {
        sorted(snapshot.search(request).unwrap().iter().map(|found| &*found.key))
    };
    let keys = search(snapshot);
    for set in InstructionSet::available() {
        let snapshot = snapshot.clone().with_instruction_set(set).unwrap();
        assert_eq!(search(&snapshot), keys, "{set}");
    }
    keys
}

fn compare(snapshot: &Snapshot, model: &Model, dice: &mut Dice) {
    compare_counts(snapshot, model);
    let filter = filter();
    for depth in [0, 1, 5, 100] {
        let query = dice.vector(19);
        let vector = Some(query.as_slice());
        let request = Request { terms: &[], vector, filter: &filter, depth, threshold: None };
        assert_eq!(keys(snapshot, &request), nearest(model, &query, depth));
        let some = Request { threshold: Some(0.1), ..request };
        for candidate in snapshot.search(&some).unwrap() {
            assert!(candidate.cosine.unwrap() >= 0.1);
        }
        let both = Request { terms: &["lamp", "red", "lamp"], ..some };
        for candidate in snapshot.search(&both).unwrap() {
            let document = &model[&*candidate.key];
            assert_eq!(candidate.text, document.text);
            let cosine: f32 = document.vector.iter().zip(&query).map(|(a, b)| a * b).sum();
            assert!((candidate.cosine.unwrap() - cosine).abs() < 1e-5);
        }
    }
}

fn compare_counts(snapshot: &Snapshot, model: &Model) {
    assert_eq!(snapshot.documents(), model.len());
    for (key, document) in model {
        assert_eq!(snapshot.get(key).as_ref(), Some(document));
    }
    for word in WORDS {
        let count = model.values().filter(|d| d.text.split_whitespace().any(|w| w == word)).count();
        assert_eq!(snapshot.document_frequency(word), count, "{word}");
        assert_eq!(snapshot.word_frequency(&format!("{word}s")), count, "{word}");
        let mut visited = BTreeMap::new();
        snapshot.visit_words(word, &mut |word, count| {
            assert_eq!(visited.insert(word.to_owned(), count), None, "twice");
        });
        assert_eq!(visited.get(&format!("{word}s")).copied().unwrap_or(0), count);
    }
    for (field, average) in snapshot.average_lengths().into_iter().enumerate() {
        let length = |d: &IndexDocument| d.text.split('\n').nth(field).unwrap().split(' ').count();
        let total: usize = model.values().map(length).sum();
        #[allow(clippy::cast_precision_loss, reason = "small whole numbers")]
        let expected = total as f32 / model.len().max(1) as f32;
        assert!((average - expected).abs() < 1e-5);
    }
}

#[test]
fn a_snapshot_agrees_with_a_naive_model_through_changes_and_rebuilds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    let (mut dice, mut model) = (Dice(7), Model::new());
    let mut snapshot = Snapshot::new(schema(), None).unwrap();
    for round in 1..80 {
        let changes = dice.changes(&mut model);
        let before = (snapshot.clone(), snapshot.documents());
        snapshot = snapshot.apply(round, changes).unwrap();
        assert_eq!(snapshot.stamp().sequence, round);
        assert_eq!(before.0.documents(), before.1, "a snapshot never changes");
        compare(&snapshot, &model, &mut dice);
        if round % 20 == 0 {
            let base = build(&path, &schema(), round, model.values().cloned());
            assert_eq!(base.stamp().sequence, round);
            snapshot = Snapshot::new(schema(), Some(&base)).unwrap();
            compare(&snapshot, &model, &mut dice);
        }
    }
}

#[test]
fn keyword_search_follows_the_bm25_formula() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(11);
    let documents: Vec<_> = (0..90).map(|_| dice.document()).collect();
    let base = build(&folder.path().join("base"), &schema(), 1, documents.iter().cloned());
    let snapshot = Snapshot::new(schema(), Some(&base)).unwrap();
    let model: Model = documents.into_iter().map(|d| (d.key.clone(), d)).collect();
    let filter = filter();
    for terms in [&["lamp"][..], &["lamp", "é"], &["red", "desk", "chair", "zebra"], &["zebra"]] {
        for depth in [1, 4, 100] {
            let expected = by_words(&model, terms, depth);
            let depth = expected.len();
            let request = Request { terms, vector: None, filter: &filter, depth, threshold: None };
            assert_eq!(keys(&snapshot, &request), expected, "{terms:?}");
        }
    }
}

#[test]
fn shared_texts_outlive_the_snapshot_and_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let (mut dice, path) = (Dice(11), folder.path().join("base"));
    let [first, second] =
        ["a", "b"].map(|key| IndexDocument { key: key.into(), ..dice.document() });
    let base = build(&path, &schema(), 1, [first.clone()]);
    let snapshot = Snapshot::new(schema(), Some(&base)).unwrap();
    let snapshot = snapshot.apply(2, [DocumentChange::Upsert(second.clone())]).unwrap();
    let (vector, filter) = (Some(first.vector.as_slice()), DocumentFilter::default());
    let request = Request { terms: &[], vector, filter: &filter, depth: 2, threshold: None };
    let found = snapshot.search(&request).unwrap();
    let texts: BTreeMap<_, _> = found.into_iter().map(|found| (found.key, found.text)).collect();
    drop((snapshot, base, folder));
    assert_eq!((&*texts["a"], &*texts["b"]), (&*first.text, &*second.text));
}

#[test]
fn ties_are_broken_by_key() {
    let mut snapshot = Snapshot::new(schema(), None).unwrap();
    let twin = |key: &str| IndexDocument { key: key.into(), ..Dice(3).document() };
    // The order and the layers are unrelated to the keys.
    for (stamp, keys) in [(1, ["m", "z", "b"]), (2, ["y", "a", "c"])] {
        snapshot =
            snapshot.apply(stamp, keys.map(|key| DocumentChange::Upsert(twin(key)))).unwrap();
    }
    let document = twin("a");
    let filter = DocumentFilter::default();
    let term = document.text.split_whitespace().next().unwrap();
    let by_words =
        Request { terms: &[term], vector: None, filter: &filter, depth: 3, threshold: None };
    assert_eq!(keys(&snapshot, &by_words), ["a", "b", "c"]);
    let near = Request { terms: &[], vector: Some(&document.vector), ..by_words };
    assert_eq!(keys(&snapshot, &near), ["a", "b", "c"]);
}

#[test]
fn an_invalid_request_is_an_error() {
    let snapshot = Snapshot::new(schema(), None).unwrap();
    let filter = DocumentFilter::default();
    let request = Request { terms: &[], vector: None, filter: &filter, depth: 5, threshold: None };
    for vector in [vec![f32::NAN; 19], vec![0.0; 3]] {
        let request = Request { vector: Some(&vector), ..request };
        assert!(matches!(snapshot.search(&request), Err(IndexFileError::Request(_))));
    }
    let filter =
        DocumentFilter { numbers: vec![("weight".into(), 0.0, 1.0)], ..DocumentFilter::default() };
    let request = Request { filter: &filter, ..request };
    assert!(matches!(snapshot.search(&request), Err(IndexFileError::Request(_))));
}

#[test]
fn a_document_that_does_not_match_the_schema_is_rejected_and_nothing_changes() {
    let snapshot = Snapshot::new(schema(), None).unwrap();
    let good = Dice(1).document();
    let bad = [
        IndexDocument { vector: vec![0.0; 4], ..good.clone() },
        IndexDocument { vector: vec![f32::INFINITY; 19], ..good.clone() },
        IndexDocument { text: "a\nb\nc".into(), ..good.clone() },
        IndexDocument { keywords: vec![], ..good.clone() },
        IndexDocument { numbers: vec![], ..good.clone() },
    ];
    for bad in bad {
        let changes = [DocumentChange::Upsert(good.clone()), DocumentChange::Upsert(bad)];
        assert!(matches!(snapshot.apply(1, changes), Err(IndexFileError::Document { .. })));
    }
    assert_eq!(snapshot.documents(), 0);
}
