//! Indexes of an earlier version of the schema.

use crate::support::request;
use akin_contracts::sample::{id, titled};
use akin_entities::{FacetValues, Filter, KeywordField, WeightedTerm, WordRule};
use akin_opensearch::OpenSearchIndex;
use akin_ports::{IndexEntry, MatchQuery, Matching, ProductIndex};

/// Returns a query for lamps of the brand `LUMO`.
fn lamps() -> MatchQuery {
    let term = WeightedTerm { text: "lamp".to_owned(), named: 1, ..WeightedTerm::default() };
    let words = Some(WordRule { terms: vec![term], least: 1 });
    MatchQuery {
        matching: Matching::Some { words, also: Vec::new(), near: None },
        filter: Filter::default().with_any_of(KeywordField::Brand, ["LUMO"]),
        facets: Vec::new(),
        page: None,
    }
}

/// It is not searched meanwhile, because it would find nothing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs OpenSearch: make test"]
async fn an_index_of_the_first_schema_is_upgraded_in_place() {
    let (settings, _guard) = crate::support::settings();
    let index = OpenSearchIndex::open(&settings).await.unwrap();
    let facets = FacetValues { brand: "Lumo".to_owned(), ..FacetValues::default() };
    let entry = |number: u32| IndexEntry {
        facets: facets.clone(),
        ..titled(&number.to_string(), 1, "lamp", 0.0)
    };
    assert!(index.upsert(&(0..1_200).map(entry).collect::<Vec<_>>()).await.unwrap().is_empty());
    index.refresh().await.unwrap();
    let alias = &settings.index_name;
    let without = r#"{"script": "ctx._source.remove('name_terms'); ctx._source.remove('folded')"}"#;
    request("POST", &format!("{alias}/_update_by_query?refresh=true"), without);
    let first = r#"{"_meta": {"akin": {"schema": 1}}}"#;
    request("PUT", &format!("{alias}/_mapping"), first);
    assert_eq!(index.matches(&lamps()).await.unwrap().total, 0);

    for error in [
        OpenSearchIndex::open(&settings).await.unwrap_err(),
        OpenSearchIndex::open_existing(&settings).await.unwrap_err(),
    ] {
        assert!(error.report().contains("akin migrate"), "{}", error.report());
    }
    let migrated = OpenSearchIndex::migrate(&settings).await.unwrap();
    assert!(migrated.upgraded && !migrated.created, "{migrated:?}");
    let index = OpenSearchIndex::open(&settings).await.unwrap();
    assert_eq!(index.matches(&lamps()).await.unwrap().total, 1_200);
    assert_eq!(index.states(&[id("7")]).await.unwrap().len(), 1);
    let again = OpenSearchIndex::migrate(&settings).await.unwrap();
    assert!(!again.upgraded && !again.created, "{again:?}");
}
