//! The index against a model of it, whatever happens to its files in between.

use akin_entities::{
    AnalyzedText, Change, CountedStatistics, Embedding, FacetValues, Filter, Fingerprint,
    NumberRange, ProductId, Similarity, Statistics, TextField, TextHash, Version,
};
use akin_local::{LocalEngine, LocalIndex, Options};
use akin_ports::{CandidateQuery, EntryEmbedding, IndexEntry, ProductIndex, QueryVector};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const TERMS: [&str; 5] = ["tripod", "phone", "camera", "1080p", "größe"];
const BRANDS: [&str; 3] = ["Lumo", "", "Pebble & Söhne"];

#[derive(Clone, Debug)]
enum Step {
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
        place: u16,
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

fn step() -> impl Strategy<Value = Step> {
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
            .prop_map(|(id, version, kept, look)| Step::Upsert { id, version, kept, look }),
        2 => (id, 0..6_i64).prop_map(|(id, version)| Step::Remove { id, version }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Delete),
        1 => any::<u16>().prop_map(|place| Step::Damage { place }),
        1 => Just(Step::Optimize),
        4 => search.prop_map(|(terms, direction, brand, price, threshold)| Step::Search {
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
    let term = |place: u32| TERMS[(look >> place) as usize % TERMS.len()];
    let title = vec![term(0), term(3), term(0)];
    let text = AnalyzedText::new([title, vec![term(6); 2], vec![], vec![term(9)], vec![]]);
    let embedded = || EntryEmbedding::Computed {
        embedding: embedding(look),
        text_hash: TextHash::compute([&*look.to_string()]),
        fingerprint: fingerprint(),
    };
    let meaning = if kept { EntryEmbedding::Unchanged } else { embedded() };
    let facets = FacetValues {
        brand: BRANDS[look as usize % BRANDS.len()].to_owned(),
        price: (!look.is_multiple_of(5)).then(|| f64::from(look % 50)),
        discounted: look.is_multiple_of(2),
        ..FacetValues::default()
    };
    let words = format!("{} {}s", term(0), term(3));
    IndexEntry { id: id(number), version: Version(version), meaning, text, words, facets }
}

/// What the index ought to hold: the newest version, and what can be found of it.
#[derive(Debug, Default)]
struct Model(BTreeMap<ProductId, (Version, Option<Findable>)>);

type Findable = (IndexEntry, Embedding, TextHash);

/// What a candidate brings: its cosine, its text and its facets.
type Expected = (Option<f32>, String, FacetValues);

impl Model {
    /// Whether the index ought to take the entry.
    fn upsert(&mut self, entry: IndexEntry) -> bool {
        let known = self.0.get(&entry.id);
        if known.is_some_and(|(version, _)| *version > entry.version) {
            return true;
        }
        let held = known.and_then(|(_, findable)| findable.as_ref());
        let (embedding, hash) = match (&entry.meaning, held) {
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
        let known = self.0.get(&change.id);
        if known.is_none_or(|(version, _)| *version <= change.version) {
            self.0.insert(change.id.clone(), (change.version, None));
        }
    }

    fn findable(&self) -> impl Iterator<Item = &Findable> {
        self.0.values().filter_map(|(_, findable)| findable.as_ref())
    }

    /// Every candidate of `query`.
    fn candidates(&self, query: &CandidateQuery) -> BTreeMap<ProductId, Expected> {
        let admitted = self.findable().filter(|(entry, ..)| query.filter.admits(&entry.facets));
        let answers = admitted.filter_map(|(entry, embedding, _)| {
            let cosine =
                query.vector.as_ref().map(|asked| asked.embedding.similarity(embedding).get());
            let stream = entry.text.as_stream();
            let by_words = query.terms.iter().any(|t| stream.split_whitespace().any(|w| w == t));
            let least = query.threshold.map_or(-1.0, Similarity::get);
            let by_meaning = cosine.is_some_and(|cosine| cosine >= least);
            let expected = || (cosine, stream.to_owned(), entry.facets.clone());
            (by_words || by_meaning).then(|| (entry.id.clone(), expected()))
        });
        answers.collect()
    }

    fn statistics(&self) -> CountedStatistics {
        let mut statistics = CountedStatistics::default();
        self.findable().for_each(|(entry, ..)| statistics.add(&entry.text, &entry.words));
        statistics
    }
}

async fn agree(index: &LocalIndex, model: &Model, query: &CandidateQuery) {
    let found = index.candidates(query).await.unwrap();
    let expected = model.candidates(query);
    let ids: BTreeSet<_> = found.iter().map(|candidate| &candidate.id).collect();
    assert_eq!(ids.len(), found.len(), "a candidate twice: {found:?}");
    assert_eq!(ids, expected.keys().collect(), "of {query:?}");
    for candidate in &found {
        let (cosine, text, facets) = &expected[&candidate.id];
        assert_eq!(candidate.facets.as_deref(), Some(facets));
        assert_eq!(candidate.text.as_stream(), text);
        assert_eq!(candidate.cosine.is_some(), cosine.is_some());
        if let (Some(found), Some(expected)) = (candidate.cosine, cosine) {
            assert!((found.get() - expected).abs() < 1e-5, "{found:?} for {expected}");
        }
    }
}

async fn agree_on_the_whole(index: &LocalIndex, model: &Model) {
    assert_eq!(index.count().await.unwrap(), model.findable().count() as u64);
    let ids: Vec<_> = (0..13).map(id).collect();
    let known = index.states(&ids).await.unwrap();
    assert_eq!(known.len(), model.0.len());
    for (id, (version, findable)) in &model.0 {
        assert_eq!(known[id].version, *version);
        assert_eq!(known[id].text_hash, findable.as_ref().map(|(_, _, hash)| *hash));
    }
    let held = model.findable().next().map(|_| fingerprint());
    assert_eq!(index.fingerprint().await.unwrap(), held);
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
        assert!((found - expected).abs() < 1e-4, "{field:?}: {found} for {expected}");
    }
}

fn words(statistics: &dyn Statistics, initial: char) -> BTreeMap<String, u64> {
    let mut words = BTreeMap::new();
    statistics.visit_words(initial, &mut |word, count| {
        assert!(words.insert(word.to_owned(), count).is_none(), "{word} twice");
    });
    words.retain(|_, count| *count > 0);
    words
}

fn open(folder: &Path) -> LocalEngine {
    // So few that bases are built all the time, also beside the steps.
    LocalEngine::open(folder, Options { held_changes: 3, ..Options::default() }).unwrap()
}

fn derived_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(files) = fs::read_dir(folder.join("index")) else { return Vec::new() };
    files.map(|file| file.unwrap().path()).collect()
}

async fn run(steps: Vec<Step>) {
    let folder = tempfile::tempdir().unwrap();
    let mut engine: Option<LocalEngine> = Some(open(folder.path()));
    let mut model = Model::default();
    for step in steps {
        let index = engine.get_or_insert_with(|| open(folder.path())).index();
        match step {
            Step::Upsert { id, version, kept, look } => {
                let entry = entry(id, version, kept, look);
                let failures = index.upsert(std::slice::from_ref(&entry)).await.unwrap();
                assert_eq!(failures.is_empty(), model.upsert(entry));
            }
            Step::Remove { id: number, version } => {
                let change = Change { id: id(number), version: Version(version) };
                assert!(index.remove(std::slice::from_ref(&change)).await.unwrap().is_empty());
                model.remove(&change);
            }
            Step::Optimize => engine.as_ref().unwrap().optimize().await.unwrap(),
            Step::Reopen => engine = None,
            Step::Delete => {
                (engine, _) = (None, index);
                for file in derived_files(folder.path()) {
                    // One that is being built may have got its name meanwhile.
                    assert!(fs::remove_file(&file).is_ok() || !file.exists());
                }
            }
            Step::Damage { place } => {
                (engine, _) = (None, index);
                for file in derived_files(folder.path()) {
                    let Ok(mut bytes) = fs::read(&file) else { continue };
                    let place = usize::from(place) % bytes.len().max(1);
                    bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= 0x55);
                    // A thread beside the steps may have the file mapped still, and a map whose
                    // file is shortened kills the process: the damaged one takes its name.
                    let damaged = file.with_extension("damaged");
                    fs::write(&damaged, bytes).unwrap();
                    fs::rename(&damaged, &file).unwrap();
                }
            }
            Step::Search { terms, direction, brand, price, threshold } => {
                let query = CandidateQuery {
                    terms: terms.into_iter().map(|term| TERMS[term].to_owned()).collect(),
                    vector: direction.map(|look| QueryVector {
                        embedding: embedding(look),
                        fingerprint: fingerprint(),
                    }),
                    filter: Filter {
                        brand: brand.map(|brand| BRANDS[brand].to_owned()).into_iter().collect(),
                        price: NumberRange { min: price.map(f64::from), max: None },
                        ..Filter::default()
                    },
                    depth: 100,
                    threshold: Similarity::new(f32::from(threshold) / 10.0 + 0.003),
                    with_facets: true,
                };
                agree(&index, &model, &query).await;
                agree_on_the_whole(&index, &model).await;
            }
        }
    }
    let index = engine.unwrap_or_else(|| open(folder.path())).index();
    agree_on_the_whole(&index, &model).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_index_does_what_a_map_would_do(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps));
    }
}
