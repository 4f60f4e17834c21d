//! Twenty thousand products: results compared with exact search.

use akin_contracts::sample::{Numbers, fingerprint, titled};
use akin_entities::{
    AnalyzedText, CountedStatistics, Embedding, FacetValues, Filter, Fingerprint, KeywordField,
    Statistics, TextField, TextHash, bm25,
};
use akin_opensearch::OpenSearchIndex;
use akin_ports::{
    Candidate, CandidateQuery, EntryEmbedding, IndexEntry, ProductIndex, QueryVector,
};
use std::collections::{HashMap, HashSet};
use std::time::Instant;

const PRODUCTS: usize = 20_000;
const DIMENSION: usize = 128;
const WORDS: usize = 12_000;
const DEPTH: usize = 200;

/// Returns a word; the smaller its number, the more texts contain it.
fn word(number: usize) -> String {
    format!("w{number}x")
}

/// Draws words with a realistic distribution: few are frequent, most are rare.
fn text(numbers: &mut Numbers, count: usize) -> Vec<String> {
    let draw = |numbers: &mut Numbers| {
        let below = 1 + numbers.below(WORDS);
        word(numbers.below(below))
    };
    (0..count).map(|_| draw(numbers)).collect()
}

/// Draws a vector near one of two hundred centers, as in a real catalogue.
fn embedding(numbers: &mut Numbers) -> Embedding {
    let mut center = Numbers(numbers.draw() % 200);
    let mut near = || center.around_zero() + 0.8 * numbers.around_zero();
    Embedding::new(&(0..DIMENSION).map(|_| near()).collect::<Vec<_>>()).unwrap()
}

fn facets(number: usize) -> FacetValues {
    let kind = |every: usize| if number.is_multiple_of(every) { "yes" } else { "no" }.to_owned();
    let (main_category, sub_category, brand) = (kind(2), kind(20), kind(500));
    FacetValues { main_category, sub_category, brand, ..FacetValues::default() }
}

fn product(number: usize, numbers: &mut Numbers) -> IndexEntry {
    let lengths = [4 + numbers.below(12), numbers.below(60), 3, 1, numbers.below(8)];
    let fields = lengths.map(|length| text(numbers, length));
    let words: HashSet<_> = fields.iter().flatten().cloned().collect();
    IndexEntry {
        embedding: EntryEmbedding::Computed {
            embedding: embedding(numbers),
            text_hash: TextHash::compute([]),
            fingerprint: model(),
        },
        text: AnalyzedText::new(fields.each_ref().map(|field| field.iter().map(String::as_str))),
        words: words.into_iter().collect::<Vec<_>>().join(" "),
        facets: facets(number),
        ..titled(&format!("{number:05}"), 1, "", 0.0)
    }
}

fn model() -> Fingerprint {
    Fingerprint { dimension: DIMENSION, ..fingerprint() }
}

fn coordinates(entry: &IndexEntry) -> &Embedding {
    match &entry.embedding {
        EntryEmbedding::Computed { embedding, .. } => embedding,
        EntryEmbedding::Unchanged => unreachable!("every product is embedded"),
    }
}

fn query(depth: usize) -> CandidateQuery {
    CandidateQuery {
        terms: Vec::new(),
        vector: None,
        with_facets: false,
        filter: Filter::default(),
        depth,
        threshold: None,
    }
}

fn yes(field: KeywordField) -> Filter {
    Filter::default().with_any_of(field, ["yes"])
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs OpenSearch: make test"]
async fn search_among_twenty_thousand_products_finds_what_exact_search_finds() {
    let (index, _guard) = crate::support::fresh().await;
    let mut numbers = Numbers(1);
    let products: Vec<_> = (0..PRODUCTS).map(|number| product(number, &mut numbers)).collect();
    let start = Instant::now();
    for page in products.chunks(1024) {
        // The shortest texts of a page come first, as in an ingestion.
        let mut page = page.to_vec();
        page.sort_by_key(|entry| entry.text.as_stream().len());
        for batch in page.chunks(128) {
            assert!(index.upsert(batch).await.expect("a write").is_empty());
        }
    }
    println!("loaded in {:?}", start.elapsed());
    index.refresh().await.unwrap();
    assert_statistics(&index, &products).await;
    assert_words(&index, &products, &mut numbers).await;
    for (name, filter) in [
        ("all", Filter::default()),
        ("50 %", yes(KeywordField::MainCategory)),
        ("5 %", yes(KeywordField::SubCategory)),
        ("0.2 %", yes(KeywordField::Brand)),
    ] {
        assert_recall(&index, &products, name, &filter, &mut numbers).await;
    }
}

/// Asserts that the statistics are those that counting gives.
async fn assert_statistics(index: &OpenSearchIndex, products: &[IndexEntry]) {
    let mut counted = CountedStatistics::default();
    for entry in products {
        counted.add(&entry.text, &entry.words);
    }
    let start = Instant::now();
    let found = index.statistics().await.expect("statistics");
    println!("statistics in {:?}", start.elapsed());
    assert_eq!(found.documents(), counted.documents());
    for number in 0..WORDS {
        let word = word(number);
        assert_eq!(found.document_frequency(&word), counted.document_frequency(&word));
        assert_eq!(found.word_frequency(&word), counted.word_frequency(&word));
    }
    for field in TextField::ALL {
        let (found, counted) = (found.average_length(field), counted.average_length(field));
        assert!((found - counted).abs() < 1e-3, "{field:?}: {found} is not {counted}");
    }
    let mut visited = 0;
    found.visit_words('w', &mut |_, _| visited += 1);
    let mut expected = 0;
    counted.visit_words('w', &mut |_, _| expected += 1);
    assert_eq!(visited, expected);
}

/// Returns the text score of each product that contains a term, best first.
fn text_scores(
    products: &[IndexEntry],
    terms: &HashSet<&str>,
    statistics: &dyn Statistics,
) -> Vec<(f64, String)> {
    let documents = statistics.documents();
    let text_score = |entry: &IndexEntry| {
        let mut frequencies = HashMap::<&str, f64>::new();
        for (field, stream) in entry.text.fields() {
            let words: Vec<_> = stream.split_ascii_whitespace().collect();
            let average = f64::from(statistics.average_length(field));
            let norm = field.norm(words.len() as f64, average);
            for word in words.into_iter().filter(|word| terms.contains(word)) {
                *frequencies.entry(word).or_default() += norm;
            }
        }
        let term_score = |(term, frequency): (&str, f64)| {
            let idf = bm25::idf(documents, statistics.document_frequency(term));
            bm25::term_score(idf, frequency)
        };
        frequencies.into_iter().map(term_score).sum::<f64>()
    };
    let mut scored: Vec<_> =
        products.iter().map(|entry| (text_score(entry), entry.id.to_string())).collect();
    scored.retain(|(score, _)| *score > 0.0);
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored
}

/// Asserts that keyword search finds the best products by text score.
async fn assert_words(index: &OpenSearchIndex, products: &[IndexEntry], numbers: &mut Numbers) {
    let statistics = index.statistics().await.unwrap();
    let (mut correct, mut total) = (0, 0);
    let (mut first_correct, mut first_total) = (0, 0);
    for round in 0..30 {
        let terms = text(numbers, 1 + round % 4);
        let set: HashSet<_> = terms.iter().map(String::as_str).collect();
        let expected = text_scores(products, &set, &*statistics);
        let query = CandidateQuery { terms: terms.clone(), ..query(DEPTH) };
        let found = index.candidates(&query).await.expect("a search");
        let found: HashSet<_> = found.into_iter().map(|found| found.id.to_string()).collect();
        let expected = &expected[..DEPTH.min(expected.len())];
        assert_eq!(found.len(), expected.len(), "{terms:?}");
        let Some((lowest, _)) = expected.last() else { continue };
        // A product with the same score as the last may take its place.
        let ranks = expected.iter().enumerate();
        for (rank, (_, id)) in ranks.filter(|(_, (score, _))| *score > lowest + 1e-9) {
            let is_found = found.contains(id);
            correct += usize::from(is_found);
            total += 1;
            if rank < 24 {
                first_correct += usize::from(is_found);
                first_total += 1;
            }
        }
    }
    println!(
        "words: {correct} of the {total} best; {first_correct} of {first_total} of the first 24"
    );
    assert!(correct * 100 >= total * 99, "{correct} of {total}");
    assert!(
        first_correct * 100 >= first_total * 99,
        "of the first page: {first_correct} of {first_total}"
    );
}

/// Asserts a recall of at least .97 against exact search, and exact cosines.
async fn assert_recall(
    index: &OpenSearchIndex,
    products: &[IndexEntry],
    name: &str,
    filter: &Filter,
    numbers: &mut Numbers,
) {
    let admitted: Vec<_> = products
        .iter()
        .filter(|entry| filter.admits(&entry.id, &entry.facets, &entry.text))
        .collect();
    for depth in [3, 10, DEPTH] {
        let (mut correct, mut total) = (0, 0);
        let mut elapsed = std::time::Duration::ZERO;
        for _ in 0..20 {
            let query_embedding = embedding(numbers);
            let exact = |entry: &&IndexEntry| {
                (entry.id.to_string(), query_embedding.similarity(coordinates(entry)).get())
            };
            let exact: HashMap<_, _> = admitted.iter().map(exact).collect();
            let mut descending: Vec<_> = exact.values().copied().collect();
            descending.sort_by(|a, b| b.total_cmp(a));
            let lowest = descending[depth.min(descending.len()) - 1] - 1e-6;
            let embedding = query_embedding.clone();
            let vector = Some(QueryVector { embedding, fingerprint: model() });
            let terms = vec![word(numbers.below(40))];
            let query = CandidateQuery { vector, filter: filter.clone(), ..query(depth) };
            let start = Instant::now();
            let found = index.candidates(&query).await.expect("a search");
            elapsed += start.elapsed();
            assert_eq!(found.len(), depth.min(exact.len()));
            let check = |found: &Candidate| {
                let cosine = exact[found.id.as_str()];
                assert!((found.cosine.unwrap().get() - cosine).abs() < 1e-5, "{found:?}");
                cosine
            };
            correct += found.iter().filter(|found| check(found) >= lowest).count();
            total += found.len();
            let both = CandidateQuery { terms, ..query };
            index.candidates(&both).await.expect("a search").iter().for_each(|found| {
                check(found);
            });
        }
        println!("{name}, {depth} nearest: recall {correct}/{total}, {:?} each", elapsed / 20);
        assert!(correct * 100 >= total * 97, "{name}, {depth}: {correct} of {total}");
    }
}
