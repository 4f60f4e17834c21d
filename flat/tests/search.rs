//! Snapshots against a naive model, and damaged files.

#![allow(clippy::unwrap_used)] // Outside of test functions too, all of this file is a test.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use flat::{Base, Change, Document, Error, Filter, Request, Schema, Snapshot, build};

const WORDS: [&str; 6] = ["chair", "lamp", "é", "oak", "desk", "red"];

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % sides
    }
    fn word(&mut self) -> &'static str {
        WORDS[usize::try_from(self.roll(6)).unwrap()]
    }
    #[allow(clippy::cast_precision_loss)] // Small whole numbers.
    fn vector(&mut self) -> Vec<f32> {
        (0..19).map(|_| self.roll(7) as f32 - 3.0).collect()
    }
    #[allow(clippy::cast_precision_loss)] // Small whole numbers.
    fn document(&mut self) -> Document {
        let text = format!("{} {}\n{}", self.word(), self.word(), self.word());
        Document {
            key: format!("ключ{}", self.roll(60)),
            vector: (self.roll(5) > 0).then(|| self.vector()),
            surface: text
                .split_whitespace()
                .collect::<HashSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
                .join(" "),
            text,
            keywords: vec![vec![self.word().to_owned()]],
            numbers: vec![(self.roll(4) > 0).then_some(self.roll(10) as f64)],
        }
    }
}

fn schema() -> Schema {
    Schema {
        dimension: 19,
        text_fields: vec![1.0, 0.3],
        k1: 0.5,
        b: 0.75,
        keyword_columns: vec!["brand".into()],
        number_columns: vec!["price".into()],
    }
}

fn nearest<'a>(model: &'a BTreeMap<String, Document>, query: &[f32], depth: usize) -> Vec<&'a str> {
    let mut all: Vec<(f32, &str)> = model
        .values()
        .filter(|d| {
            d.keywords[0][0] != "oak" && d.numbers[0].is_some_and(|n| (2.0..=7.0).contains(&n))
        })
        .filter_map(|d| {
            let vector = d.vector.as_ref()?;
            Some((vector.iter().zip(query).map(|(a, b)| a * b).sum(), d.key.as_str()))
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let mut keys: Vec<&str> = all.into_iter().take(depth).map(|(_, key)| key).collect();
    keys.sort_unstable();
    keys
}

fn compare(snapshot: &Snapshot, model: &BTreeMap<String, Document>, dice: &mut Dice) {
    assert_eq!(snapshot.documents(), model.len());
    for (key, document) in model {
        assert_eq!(snapshot.get(key), Some(document));
    }
    for word in WORDS {
        let count = model.values().filter(|d| d.text.split_whitespace().any(|w| w == word)).count();
        assert_eq!(snapshot.document_frequency(word), count);
        let surface = snapshot.surface(word);
        assert_eq!(surface.first().map_or(0, |found| found.1), count);
        let filter = Filter::default();
        let request = Request {
            terms: &[word, word, "none"],
            vector: None,
            filter: &filter,
            depth: 100,
            threshold: None,
        };
        assert_eq!(snapshot.search(&request).unwrap().len(), count);
    }
    let brands = WORDS.iter().filter(|word| **word != "oak").map(|word| (*word).to_owned());
    let filter = Filter {
        keywords: vec![("brand".into(), brands.collect())],
        numbers: vec![("price".into(), 2.0, 7.0)],
    };
    for depth in [0, 1, 5, 100] {
        let query = dice.vector();
        let request =
            Request { terms: &[], vector: Some(&query), filter: &filter, depth, threshold: None };
        let found: Vec<&str> = snapshot.search(&request).unwrap().iter().map(|c| c.key).collect();
        assert_eq!(found, nearest(model, &query, depth));
    }
}

#[test]
fn a_snapshot_finds_what_a_naive_model_finds_through_changes_and_rebuilds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    let (mut dice, mut model) = (Dice(7), BTreeMap::new());
    let mut snapshot = Snapshot::new(schema(), None).unwrap();
    for round in 1..40 {
        let mut changes = Vec::new();
        for _ in 0..dice.roll(12) {
            let document = dice.document();
            if dice.roll(3) == 0 {
                model.remove(&document.key);
                changes.push(Change::Remove(document.key));
            } else {
                model.insert(document.key.clone(), document.clone());
                changes.push(Change::Upsert(document));
            }
        }
        snapshot = snapshot.apply(round, changes).unwrap();
        compare(&snapshot, &model, &mut dice);
        if round % 10 == 0 {
            build(&path, &schema(), round, snapshot.iter().cloned()).unwrap();
            let base = Arc::new(Base::open(&path, &schema()).unwrap());
            snapshot = Snapshot::new(schema(), Some(base)).unwrap();
            assert_eq!((snapshot.stamp(), snapshot.delta_len()), (round, 0));
            compare(&snapshot, &model, &mut dice);
        }
    }
}

#[test]
fn a_damaged_or_foreign_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("base");
    let mut dice = Dice(3);
    build(&path, &schema(), 1, (0..20).map(|_| dice.document())).unwrap();
    let other = Schema { b: 0.5, ..schema() };
    assert!(matches!(Base::open(&path, &other), Err(Error::Refused { .. })));
    let whole = std::fs::read(&path).unwrap();
    for _ in 0..500 {
        let at = usize::try_from(dice.roll(whole.len() as u64)).unwrap();
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << dice.roll(8);
        std::fs::write(&path, &damaged).unwrap();
        assert!(matches!(Base::open(&path, &schema()), Err(Error::Refused { .. })));
        std::fs::write(&path, &whole[..at]).unwrap();
        assert!(matches!(Base::open(&path, &schema()), Err(Error::Refused { .. })));
    }
}

#[test]
fn a_vector_that_is_not_finite_or_of_another_dimension_is_an_error() {
    let snapshot = Snapshot::new(schema(), None).unwrap();
    let filter = Filter::default();
    for vector in [vec![f32::NAN; 19], vec![0.0; 3]] {
        let request = Request {
            terms: &[],
            vector: Some(&vector),
            filter: &filter,
            depth: 5,
            threshold: None,
        };
        assert!(matches!(snapshot.search(&request), Err(Error::Request(_))));
    }
}
