//! Results among 20,000 products, compared with exact search.

use akin_contracts::sample::Numbers;
use akin_entities::{
    AnalyzedText, CountedStatistics, Embedding, FacetValues, Filter, KeywordField, NumberField,
    NumberRange, Statistics, TextField, Version, bm25,
};
use akin_ports::{CandidateQuery, IndexEntry, ProductIndex, QueryVector};
use akin_postgres::{PostgresEngine, PostgresIndex, Settings};
use std::collections::{BTreeSet, HashMap};

use crate::support::{TestDatabase, entry, fingerprint};

const PRODUCTS: usize = 20_000;
const DIMENSION: usize = 64;

/// Draws a direction near one of 300 centers, as in a real catalogue.
fn direction(numbers: &mut Numbers) -> Embedding {
    let mut center = Numbers(numbers.draw() % 300);
    let raw: Vec<f32> =
        (0..DIMENSION).map(|_| center.around_zero() + 0.8 * numbers.around_zero()).collect();
    Embedding::new(&raw).expect("a direction")
}

/// Returns facet values that half, one in twenty or one in five hundred of the products share.
fn facets(number: usize) -> FacetValues {
    let kind = |every: usize| if number.is_multiple_of(every) { "yes" } else { "no" }.to_owned();
    let price = u32::try_from(number % 1_000).ok().map(f64::from);
    FacetValues {
        main_category: kind(2),
        sub_category: kind(20),
        brand: kind(500),
        price,
        ..FacetValues::default()
    }
}

/// Draws words with a realistic distribution.
fn text(numbers: &mut Numbers) -> AnalyzedText {
    let mut field = |max: usize| -> Vec<String> {
        let count = 1 + numbers.below(max);
        let word = |numbers: &mut Numbers| 1_000 / (1 + numbers.below(1_000));
        (0..count).map(|_| format!("w{}", word(numbers))).collect()
    };
    let fields = [field(12), field(60), field(4), field(1), field(8)];
    AnalyzedText::new(fields.each_ref().map(|field| field.iter().map(String::as_str)))
}

fn catalogue() -> Vec<IndexEntry> {
    let mut numbers = Numbers(7);
    let entries = (0..PRODUCTS).map(|number| {
        let embedding = direction(&mut numbers);
        let (text, facets) = (text(&mut numbers), facets(number));
        let words = text.as_stream().replace('\n', " ");
        let plain = entry(&format!("p{number:05}"), 1, "thing", embedding);
        IndexEntry { text, words, facets, ..plain }
    });
    entries.collect()
}

async fn filled(database: &TestDatabase, exact_rows: u32, entries: &[IndexEntry]) -> PostgresIndex {
    let settings = Settings { exact_rows, ..database.settings() };
    let index = PostgresEngine::open(&settings).await.expect("an engine").index();
    for batch in entries.chunks(1_000) {
        assert!(index.upsert(batch).await.expect("an upsert").is_empty());
    }
    index
}

fn embedding(entry: &IndexEntry) -> &Embedding {
    match &entry.embedding {
        akin_ports::EntryEmbedding::Computed { embedding, .. } => embedding,
        akin_ports::EntryEmbedding::Unchanged => panic!("every product is embedded"),
    }
}

fn filters() -> Vec<(&'static str, Filter)> {
    let none = Filter::default();
    let yes = |field| Filter::default().with_any_of(field, ["yes"]);
    let price = NumberRange::at_least(900.0);
    vec![
        ("all", none.clone()),
        ("50 %", yes(KeywordField::MainCategory)),
        ("10 %", none.clone().with_range(NumberField::Price, price)),
        ("5 %", yes(KeywordField::SubCategory)),
        ("0.2 %", yes(KeywordField::Brand)),
    ]
}

/// Returns the share of the `depth` nearest products that are found. The result must be complete.
async fn recall(
    index: &PostgresIndex,
    entries: &[IndexEntry],
    filter: &Filter,
    depth: usize,
) -> f64 {
    let mut numbers = Numbers(11);
    let (mut correct, mut total) = (0_u32, 0_u32);
    for _ in 0..20 {
        let query_embedding = direction(&mut numbers);
        let admitted =
            entries.iter().filter(|entry| filter.admits(&entry.id, &entry.facets, &entry.text));
        let mut exact: Vec<_> =
            admitted.map(|entry| query_embedding.similarity(embedding(entry)).get()).collect();
        exact.sort_by(|a, b| b.total_cmp(a));
        let depth = depth.min(exact.len());
        let query = CandidateQuery {
            terms: Vec::new(),
            vector: Some(QueryVector {
                embedding: query_embedding,
                fingerprint: fingerprint(DIMENSION),
            }),
            with_facets: false,
            filter: filter.clone(),
            depth,
            threshold: None,
        };
        let found = index.candidates(&query).await.expect("an answer");
        assert_eq!(found.len(), depth, "as many as qualify");
        let lowest = exact[depth - 1] - 1e-5;
        let near = found.iter().filter(|found| found.cosine.expect("a cosine").get() >= lowest);
        correct += u32::try_from(near.count()).expect("a small number");
        total += u32::try_from(depth).expect("a small number");
    }
    f64::from(correct) / f64::from(total)
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn the_nearest_are_found_under_every_filter() {
    let (database, entries) = (TestDatabase::create().await, catalogue());
    filled(&database, 10_000, &entries).await;
    let graph = "SELECT to_regclass('embedded_products_near') IS NOT NULL";
    assert_eq!(database.value(graph).await, "true", "the graph exists");
    // The default compares up to 10,000 products; the other uses the graph wherever it can.
    for exact_rows in [10_000, 10] {
        let settings = Settings { exact_rows, ..database.settings() };
        let index = PostgresEngine::open(&settings).await.expect("an engine").index();
        for (name, filter) in filters() {
            for depth in [10, 200] {
                let recall = recall(&index, &entries, &filter, depth).await;
                println!("exact up to {exact_rows}: {name}, {depth} nearest: recall {recall:.4}");
                assert!(recall >= 0.97, "{name}, {depth} nearest: {recall}");
            }
        }
    }
}

/// Returns the BM25 score of a text.
fn text_score(terms: &[String], text: &AnalyzedText, statistics: &dyn Statistics) -> f64 {
    let count = |words: usize| f64::from(u32::try_from(words).expect("a count of words"));
    let term_score = |term: &String| {
        let idf = bm25::idf(statistics.documents(), statistics.document_frequency(term));
        let frequency_in_field = |(field, stream): (TextField, &str)| {
            let words: Vec<_> = stream.split(' ').collect();
            let times = words.iter().filter(|word| *word == term).count();
            let average = f64::from(statistics.average_length(field));
            field.norm(count(words.len()), average) * count(times)
        };
        let frequency: f64 = text.fields().map(frequency_in_field).sum();
        bm25::term_score(idf, frequency)
    };
    terms.iter().map(term_score).sum()
}

/// Asserts that the best 200 by BM25 are found, except for a few whose scores were computed with
/// slightly different average lengths.
async fn assert_best_by_words(index: &PostgresIndex, entries: &[IndexEntry]) {
    let mut statistics = CountedStatistics::default();
    for entry in entries {
        statistics.add(&entry.text, &entry.words);
    }
    let (mut correct, mut total) = (0, 0);
    for terms in ["w1 w2", "w7 w90 w3", "w250 w333", "w500", "w20 w1000 w1"] {
        let terms: Vec<_> = terms.split(' ').map(str::to_owned).collect();
        for (name, filter) in filters() {
            let admitted =
                entries.iter().filter(|entry| filter.admits(&entry.id, &entry.facets, &entry.text));
            let scored =
                admitted.map(|entry| (text_score(&terms, &entry.text, &statistics), &entry.id));
            let mut scored: Vec<_> = scored.filter(|(score, _)| *score > 0.0).collect();
            scored.sort_by(|a, b| b.0.total_cmp(&a.0));
            let query = CandidateQuery {
                terms: terms.clone(),
                vector: None,
                with_facets: false,
                filter,
                depth: 200,
                threshold: None,
            };
            let found = index.candidates(&query).await.expect("an answer");
            let found: BTreeSet<_> = found.into_iter().map(|found| found.id).collect();
            assert_eq!(found.len(), scored.len().min(200), "{terms:?}, {name}");
            let by_id: HashMap<_, _> = scored.iter().map(|(score, id)| (*id, *score)).collect();
            let last = found.len().saturating_sub(1);
            let lowest = scored.get(last).map_or(0.0, |(score, _)| *score);
            correct += found.iter().filter(|id| by_id[id] >= lowest - 1e-6).count();
            total += found.len();
        }
    }
    assert!(correct * 100 >= total * 98, "{correct} of {total}");
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn keyword_search_finds_the_best_by_bm25() {
    let (database, entries) = (TestDatabase::create().await, catalogue());
    let entries = &entries[..4_000];
    let index = filled(&database, 10_000, entries).await;
    assert_best_by_words(&index, entries).await;
}

#[tokio::test]
#[ignore = "needs Postgres: make test"]
async fn keyword_search_stays_correct_when_all_texts_become_longer() {
    let (database, entries) = (TestDatabase::create().await, catalogue());
    let entries = &entries[..2_500];
    let title = |entry: &IndexEntry| {
        let (_, title) = entry.text.fields().next().expect("a title");
        let text = AnalyzedText::new([title, "", "", "", ""].map(str::split_ascii_whitespace));
        IndexEntry { text, ..entry.clone() }
    };
    let titles: Vec<_> = entries.iter().map(title).collect();
    filled(&database, 10_000, &titles).await;
    let engine = database.open().await;
    let index = engine.index();
    // The first of them are scored while the averages are still those of titles.
    let longer = entries.iter().map(|entry| IndexEntry { version: Version(2), ..entry.clone() });
    let longer: Vec<_> = longer.collect();
    for batch in longer.chunks(100) {
        assert!(index.upsert(batch).await.expect("an upsert").is_empty());
    }
    let is_rescored = "SELECT reweigh_from IS NULL FROM embedded_products_state";
    assert_eq!(database.value(is_rescored).await, "true", "each write completed its rescoring");
    engine.optimize().await.expect("current scores");
    assert_best_by_words(&index, &longer).await;
}
