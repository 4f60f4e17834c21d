//! Concurrent writers, an alias that moves to another index, and servers that see others' writes.

use akin_contracts::sample::{direction, fingerprint, id, titled};
use akin_entities::{
    Change, FacetValues, Filter, Fingerprint, NumberField, NumberRange, TextHash, Version,
};
use akin_opensearch::{OpenSearchIndex, Settings};
use akin_ports::{CandidateQuery, EntryEmbedding, IndexEntry, ProductIndex};
use std::time::Duration;

fn near(degrees: f32) -> CandidateQuery {
    CandidateQuery {
        terms: Vec::new(),
        vector: Some(crate::support::vector(direction(degrees))),
        with_facets: false,
        filter: Filter::default(),
        depth: 10,
        threshold: None,
    }
}

fn for_words(terms: &str) -> CandidateQuery {
    let terms = terms.split_whitespace().map(str::to_owned).collect();
    CandidateQuery { terms, vector: None, ..near(0.0) }
}

/// Creates an entry whose words, direction and text hash all identify its text.
fn identifiable(text: u8, version: i64) -> IndexEntry {
    titled("one", version, &format!("text{text}"), f32::from(text))
}

/// Whatever the interleaving, a product's embedding belongs to the text whose hash is stored beside
/// it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs OpenSearch: make test"]
async fn concurrent_writers_never_separate_an_embedding_from_its_text_hash() {
    let (index, _guard) = crate::support::fresh().await;
    assert!(index.upsert(&[identifiable(0, 0)]).await.unwrap().is_empty());
    let writers = (0..8_i64).map(|writer| {
        let index = index.clone();
        tokio::spawn(async move {
            for round in 0..24_i64 {
                let version = 8 * (round ^ 1) + writer + 1;
                let price = Some(f64::from(u8::try_from(version).unwrap()));
                let text = u8::try_from(version % 60).unwrap();
                let facets = FacetValues { price, ..FacetValues::default() };
                let entry = IndexEntry { facets, ..identifiable(text, version) };
                let entry = match version % 3 {
                    0 => entry,
                    _ => IndexEntry { embedding: EntryEmbedding::Unchanged, ..entry },
                };
                let failures = index.upsert(&[entry]).await.unwrap();
                assert!(failures.is_empty(), "{failures:?}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    index.refresh().await.unwrap();
    let known = index.states(&[id("one")]).await.unwrap()[&id("one")];
    assert_eq!(known.version, Version(192), "the newest stays");
    let price = NumberRange { min: Some(192.0), max: Some(192.0) };
    let filter = Filter::default().with_range(NumberField::Price, price);
    let hashes = (0..60_u8).map(|text| (text, TextHash::compute([&*format!("text{text}")])));
    let (text, _) = hashes.into_iter().find(|(_, hash)| Some(*hash) == known.text_hash).unwrap();
    let found =
        index.candidates(&CandidateQuery { filter, ..near(f32::from(text)) }).await.unwrap();
    assert!(found[0].cosine.unwrap().get() > 0.9999, "{found:?} is not the embedding of {text}");
}

/// Processes with two models write to an index that has none: one model wins, completely.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs OpenSearch: make test"]
async fn an_empty_index_accepts_one_of_two_concurrent_models() {
    for _ in 0..5 {
        let (settings, _guard) = crate::support::settings();
        let writers = (0..4_u8).map(|writer| {
            let settings = settings.clone();
            tokio::spawn(async move {
                let index = OpenSearchIndex::open(&settings).await.unwrap();
                let entry = titled(&format!("p{writer}"), 1, "thing", 0.0);
                let model = Fingerprint { model: format!("m{}", writer % 2), ..fingerprint() };
                let embedding = direction(f32::from(writer));
                let text_hash = TextHash::compute(["thing"]);
                let embedding =
                    EntryEmbedding::Computed { embedding, text_hash, fingerprint: model };
                let failures = index.upsert(&[IndexEntry { embedding, ..entry }]).await.unwrap();
                (writer % 2, failures.is_empty())
            })
        });
        let mut accepted = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            let (model, done) = writer.await.unwrap();
            accepted.extend(done.then_some(model));
        }
        let index = OpenSearchIndex::open(&settings).await.unwrap();
        index.refresh().await.unwrap();
        assert!(!accepted.is_empty() && accepted.iter().all(|model| *model == accepted[0]));
        assert_eq!(index.count().await.unwrap(), accepted.len() as u64, "all are searchable");
        let model = index.fingerprint().await.unwrap().unwrap().model;
        assert_eq!(model, format!("m{}", accepted[0]));
    }
}

/// A process soon sees the writes of another, without a refresh.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs OpenSearch: make test"]
async fn a_running_server_sees_the_writes_of_others() {
    let (settings, _guard) = crate::support::settings();
    let settings = Settings { statistics_age: Duration::from_millis(200), ..settings };
    let writer = OpenSearchIndex::open(&settings).await.unwrap();
    let server = OpenSearchIndex::open(&settings).await.unwrap();
    assert_eq!(server.statistics().await.unwrap().documents(), 0);
    assert!(server.candidates(&near(0.0)).await.unwrap().is_empty());
    assert!(writer.upsert(&[titled("a", 1, "tripod", 0.0)]).await.unwrap().is_empty());
    let seen = async {
        loop {
            let statistics = server.statistics().await.unwrap();
            let found = server.candidates(&near(0.0)).await.unwrap();
            let known = server.states(&[id("a")]).await.unwrap();
            let hash = known[&id("a")].text_hash;
            if statistics.document_frequency("tripod") == 1 && found.len() == 1 && hash.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), seen).await.expect("the writes in time");
}

/// The alias moves to another index while the adapter is open.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs OpenSearch: make test"]
async fn an_open_adapter_follows_its_alias_to_another_index() {
    let (settings, _guard) = crate::support::settings();
    let alias = settings.index_name.clone();
    let index = OpenSearchIndex::open(&settings).await.unwrap();
    assert!(index.upsert(&[titled("old", 1, "tripod", 0.0)]).await.unwrap().is_empty());
    let second = Settings { index_name: format!("{alias}-next"), ..settings.clone() };
    let next = OpenSearchIndex::open(&second).await.unwrap();
    assert!(next.upsert(&[titled("new", 1, "tripod", 0.0)]).await.unwrap().is_empty());
    next.refresh().await.unwrap();
    let swap = format!(
        r#"{{"actions":[{{"remove":{{"index":"{alias}-v1","alias":"{alias}"}}}},
            {{"add":{{"index":"{alias}-next-v1","alias":"{alias}","is_write_index":true}}}}]}}"#
    );
    crate::support::request("POST", "_aliases", &swap);
    let found = index.candidates(&for_words("tripod")).await.unwrap();
    assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["new"]);
    let change = Change { id: id("new"), version: Version(2) };
    assert!(index.remove(&[change]).await.unwrap().is_empty());
    index.refresh().await.unwrap();
    assert_eq!(index.count().await.unwrap(), 0);
    assert_eq!(
        OpenSearchIndex::migrate(&settings).await.unwrap().index,
        format!("{alias}-next-v1")
    );
}

/// A write after the index was deleted does not recreate it without its mapping, and the error
/// names the remedy.
#[tokio::test]
#[ignore = "needs OpenSearch: make test"]
async fn a_deleted_index_is_an_error_that_names_the_remedy() {
    let (settings, _guard) = crate::support::settings();
    let index = OpenSearchIndex::open(&settings).await.unwrap();
    let entry = titled("a", 1, "tripod", 0.0);
    assert!(index.upsert(std::slice::from_ref(&entry)).await.unwrap().is_empty());
    crate::support::request("DELETE", &format!("{}-v1", settings.index_name), "");
    for error in [
        index.upsert(&[entry]).await.map(drop).unwrap_err(),
        index.remove(&[Change { id: id("a"), version: Version(2) }]).await.map(drop).unwrap_err(),
        index.candidates(&near(0.0)).await.map(drop).unwrap_err(),
        index.count().await.map(drop).unwrap_err(),
    ] {
        assert!(error.report().contains("akin migrate"), "{}", error.report());
    }
    OpenSearchIndex::migrate(&settings).await.expect("a new index");
}
