//! Compares the index with a model, while its files are deleted and damaged.

use akin_entities::{
    AnalyzedText, Change, CountedStatistics, Embedding, FacetValues, Filter, Fingerprint,
    KeywordField, NumberField, NumberRange, ProductId, Similarity, Statistics, TextField, TextHash,
    Version,
};
use akin_local::{LocalEngine, LocalIndex, LocalOptions};
use akin_ports::{CandidateQuery, EntryEmbedding, IndexEntry, ProductIndex, QueryVector};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const TERMS: [&str; 5] = ["tripod", "phone", "camera", "1080p", "größe"];
const BRANDS: [&str; 3] = ["Lumo", "", "Pebble & Söhne"];

#[derive(Clone, Debug)]
enum IndexStep {
    Upsert {
        id: u8,
        version: i64,
        kept: bool,
        look: u32,
    },
    Remove {
        id: u8,
        version: i64,
    },
    Reopen,
    Delete,
    Damage {
        position: u16,
    },
    Optimize,
    Search {
        terms: BTreeSet<usize>,
        direction: Option<u32>,
        brand: Option<usize>,
        price: Option<u8>,
        threshold: i8,
    },
}

fn step() -> impl Strategy<Value = IndexStep> {
    let id = 0..12_u8;
    let search = (
        prop::collection::btree_set(0..TERMS.len(), 0..3),
        prop::option::of(any::<u32>()),
        prop::option::of(0..BRANDS.len()),
        prop::option::of(0..50_u8),
        -10..10_i8,
    );
    prop_oneof![
        6 => (id.clone(), 0..6_i64, prop::bool::weighted(0.3), any::<u32>())
            .prop_map(|(id, version, kept, look)| IndexStep::Upsert { id, version, kept, look }),
        2 => (id, 0..6_i64).prop_map(|(id, version)| IndexStep::Remove { id, version }),
        1 => Just(IndexStep::Reopen),
        1 => Just(IndexStep::Delete),
        1 => any::<u16>().prop_map(|position| IndexStep::Damage { position }),
        1 => Just(IndexStep::Optimize),
        4 => search.prop_map(|(terms, direction, brand, price, threshold)| IndexStep::Search {
            terms, direction, brand, price, threshold
        }),
    ]
}

fn id(number: u8) -> ProductId {
    ProductId::new(format!("product {number}")).expect("an id")
}

fn embedding(look: u32) -> Embedding {
    let raw: Vec<f32> = (0..32).map(|bit| if look >> bit & 1 == 1 { 1.0 } else { -0.5 }).collect();
    Embedding::new(&raw).expect("a direction")
}

fn fingerprint() -> Fingerprint {
    Fingerprint { model: "tiny@0".into(), precision: "int8".into(), dimension: 32 }
}

fn entry(number: u8, version: i64, kept: bool, look: u32) -> IndexEntry {
    let term = |shift: u32| TERMS[(look >> shift) as usize % TERMS.len()];
    let title = vec![term(0), term(3), term(0)];
    let text = AnalyzedText::new([title, vec![term(6); 2], vec![], vec![term(9)], vec![]]);
    let embedded = || EntryEmbedding::Computed {
        embedding: embedding(look),
        text_hash: TextHash::compute([&*look.to_string()]),
        fingerprint: fingerprint(),
    };
    let embedding = if kept { EntryEmbedding::Unchanged } else { embedded() };
    let facets = FacetValues {
        brand: BRANDS[look as usize % BRANDS.len()].to_owned(),
        price: (!look.is_multiple_of(5)).then(|| f64::from(look % 50)),
        discounted: look.is_multiple_of(2),
        ..FacetValues::default()
    };
    let words = format!("{} {}s", term(0), term(3));
    IndexEntry { id: id(number), version: Version(version), embedding, text, words, facets }
}

/// The expected state: the newest version of each product, and its searchable content.
#[derive(Debug, Default)]
struct IndexModel(BTreeMap<ProductId, (Version, Option<Content>)>);

type Content = (IndexEntry, Embedding, TextHash);

/// The cosine, text and facet values of a candidate.
type ExpectedCandidate = (Option<f32>, String, FacetValues);

impl IndexModel {
    /// Applies an entry. Returns whether the index should accept it.
    fn upsert(&mut self, entry: IndexEntry) -> bool {
        let existing = self.0.get(&entry.id);
        if existing.is_some_and(|(version, _)| *version > entry.version) {
            return true;
        }
        let content = existing.and_then(|(_, content)| content.as_ref());
        let (embedding, hash) = match (&entry.embedding, content) {
            (EntryEmbedding::Computed { embedding, text_hash, .. }, _) => {
                (embedding.clone(), *text_hash)
            }
            (EntryEmbedding::Unchanged, Some((_, embedding, hash))) => (embedding.clone(), *hash),
            (EntryEmbedding::Unchanged, None) => return false,
        };
        self.0.insert(entry.id.clone(), (entry.version, Some((entry, embedding, hash))));
        true
    }

    fn remove(&mut self, change: &Change) {
        let existing = self.0.get(&change.id);
        if existing.is_none_or(|(version, _)| *version <= change.version) {
            self.0.insert(change.id.clone(), (change.version, None));
        }
    }

    fn contents(&self) -> impl Iterator<Item = &Content> {
        self.0.values().filter_map(|(_, content)| content.as_ref())
    }

    /// Returns all candidates of `query`.
    fn candidates(&self, query: &CandidateQuery) -> BTreeMap<ProductId, ExpectedCandidate> {
        let admitted = self
            .contents()
            .filter(|(entry, ..)| query.filter.admits(&entry.id, &entry.facets, &entry.text));
        let candidates = admitted.filter_map(|(entry, embedding, _)| {
            let cosine =
                query.vector.as_ref().map(|vector| vector.embedding.similarity(embedding).get());
            let stream = entry.text.as_stream();
            let by_words = query.terms.iter().any(|t| stream.split_whitespace().any(|w| w == t));
            let min_cosine = query.threshold.map_or(-1.0, Similarity::get);
            let by_meaning = cosine.is_some_and(|cosine| cosine >= min_cosine);
            let expected = || (cosine, stream.to_owned(), entry.facets.clone());
            (by_words || by_meaning).then(|| (entry.id.clone(), expected()))
        });
        candidates.collect()
    }

    fn statistics(&self) -> CountedStatistics {
        let mut statistics = CountedStatistics::default();
        self.contents().for_each(|(entry, ..)| statistics.add(&entry.text, &entry.words));
        statistics
    }
}

async fn assert_candidates(index: &LocalIndex, model: &IndexModel, query: &CandidateQuery) {
    let found = index.candidates(query).await.unwrap();
    let expected = model.candidates(query);
    let ids: BTreeSet<_> = found.iter().map(|candidate| &candidate.id).collect();
    assert_eq!(ids.len(), found.len(), "a repeated candidate: {found:?}");
    assert_eq!(ids, expected.keys().collect(), "candidates of {query:?}");
    for candidate in &found {
        let (cosine, text, facets) = &expected[&candidate.id];
        assert_eq!(candidate.facets.as_deref(), Some(facets));
        assert_eq!(candidate.text.as_stream(), text);
        assert_eq!(candidate.cosine.is_some(), cosine.is_some());
        if let (Some(found), Some(expected)) = (candidate.cosine, cosine) {
            assert!((found.get() - expected).abs() < 1e-5, "{found:?}, expected {expected}");
        }
    }
}

async fn assert_state(index: &LocalIndex, model: &IndexModel) {
    assert_eq!(index.count().await.unwrap(), model.contents().count() as u64);
    let ids: Vec<_> = (0..13).map(id).collect();
    let known = index.states(&ids).await.unwrap();
    assert_eq!(known.len(), model.0.len());
    for (id, (version, content)) in &model.0 {
        assert_eq!(known[id].version, *version);
        assert_eq!(known[id].text_hash, content.as_ref().map(|(_, _, hash)| *hash));
    }
    let expected_model = model.contents().next().map(|_| fingerprint());
    assert_eq!(index.fingerprint().await.unwrap(), expected_model);
    let (found, expected) = (index.statistics().await.unwrap(), model.statistics());
    assert_eq!(found.documents(), expected.documents());
    for term in TERMS {
        assert_eq!(found.document_frequency(term), expected.document_frequency(term), "{term}");
        let plural = format!("{term}s");
        assert_eq!(found.word_frequency(&plural), expected.word_frequency(&plural), "{plural}");
        let initial = term.chars().next().unwrap();
        assert_eq!(words(&*found, initial), words(&expected, initial));
    }
    for field in TextField::ALL {
        let (found, expected) = (found.average_length(field), expected.average_length(field));
        assert!((found - expected).abs() < 1e-4, "{field:?}: {found}, expected {expected}");
    }
}

fn words(statistics: &dyn Statistics, initial: char) -> BTreeMap<String, u64> {
    let mut words = BTreeMap::new();
    statistics.visit_words(initial, &mut |word, count| {
        assert!(words.insert(word.to_owned(), count).is_none(), "{word} is repeated");
    });
    words.retain(|_, count| *count > 0);
    words
}

fn open(folder: &Path) -> LocalEngine {
    // So low that bases are built constantly, also in the background.
    LocalEngine::open(folder, LocalOptions { held_changes: 3, ..LocalOptions::default() }).unwrap()
}

fn derived_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(files) = fs::read_dir(folder.join("index")) else { return Vec::new() };
    files.map(|file| file.unwrap().path()).collect()
}

fn query(
    terms: &BTreeSet<usize>,
    direction: Option<u32>,
    filter: Filter,
    threshold: i8,
) -> CandidateQuery {
    let vector = direction
        .map(|look| QueryVector { embedding: embedding(look), fingerprint: fingerprint() });
    CandidateQuery {
        terms: terms.iter().map(|term| TERMS[*term].to_owned()).collect(),
        vector,
        filter,
        depth: 100,
        threshold: Similarity::new(f32::from(threshold) / 10.0 + 0.003),
        with_facets: true,
    }
}

fn delete_files(folder: &Path) {
    for file in derived_files(folder) {
        // A file that was being built may have been renamed in the meantime.
        assert!(fs::remove_file(&file).is_ok() || !file.exists());
    }
}

/// Changes a byte of every file.
fn damage_files(folder: &Path, position: usize) {
    for file in derived_files(folder) {
        let Ok(mut bytes) = fs::read(&file) else { continue };
        let position = position % bytes.len().max(1);
        bytes.get_mut(position).into_iter().for_each(|byte| *byte ^= 0x55);
        // A background thread may still have the file mapped, and truncating a mapped file would kill
        // the process: the damaged file replaces it.
        let damaged = file.with_extension("damaged");
        fs::write(&damaged, bytes).unwrap();
        fs::rename(&damaged, &file).unwrap();
    }
}

async fn run(steps: Vec<IndexStep>) {
    let folder = tempfile::tempdir().unwrap();
    let mut engine: Option<LocalEngine> = Some(open(folder.path()));
    let mut model = IndexModel::default();
    for step in steps {
        let index = engine.get_or_insert_with(|| open(folder.path())).index();
        match step {
            IndexStep::Upsert { id, version, kept, look } => {
                let entry = entry(id, version, kept, look);
                let failures = index.upsert(std::slice::from_ref(&entry)).await.unwrap();
                assert_eq!(failures.is_empty(), model.upsert(entry));
            }
            IndexStep::Remove { id: number, version } => {
                let change = Change { id: id(number), version: Version(version) };
                assert!(index.remove(std::slice::from_ref(&change)).await.unwrap().is_empty());
                model.remove(&change);
            }
            IndexStep::Optimize => engine.as_ref().unwrap().optimize().await.unwrap(),
            IndexStep::Reopen => engine = None,
            IndexStep::Delete => {
                (engine, _) = (None, index);
                delete_files(folder.path());
            }
            IndexStep::Damage { position } => {
                (engine, _) = (None, index);
                damage_files(folder.path(), position.into());
            }
            IndexStep::Search { terms, direction, brand, price, threshold } => {
                let price = NumberRange { min: price.map(f64::from), max: None };
                let filter = Filter::default()
                    .with_any_of(KeywordField::Brand, brand.map(|brand| BRANDS[brand]))
                    .with_range(NumberField::Price, price);
                let query = query(&terms, direction, filter, threshold);
                assert_candidates(&index, &model, &query).await;
                assert_state(&index, &model).await;
            }
        }
    }
    let index = engine.unwrap_or_else(|| open(folder.path())).index();
    assert_state(&index, &model).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_index_behaves_like_a_map(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
