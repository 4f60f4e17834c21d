//! A role opens what it needs, and nothing else.

use crate::support::{embed_product, settings};
use akin_composition::{CompositionError, IndexName};
use akin_entities::Query;
use akin_usecases::SearchRequest;

#[tokio::test(flavor = "multi_thread")]
async fn a_search_opens_one_engine() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), &[]);
    embed_product(&settings, "Phone tripod").await;
    let engine = settings.open_first_engine().await.unwrap();
    let request = SearchRequest::new(Query::new("tripod").unwrap());
    assert_eq!(engine.search().run(&request).await.unwrap().hits.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_reads_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let error = settings(folder.path(), &[]).open_first_engine().await.unwrap_err();
    assert!(error.to_string().starts_with("there is no catalogue in "), "{error}");
    assert!(error.is_misconfigured());
    assert!(!folder.path().join("data").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_opens_without_the_servers_of_other_engines() {
    let folder = tempfile::tempdir().unwrap();
    let engines = ["--engine", "local,postgres,opensearch", "--model", "no-such-model"];
    let settings = settings(folder.path(), &engines);
    let opened = settings.catalogue.builder().store().queue().open().await.unwrap();
    assert_eq!(opened.store().unwrap().counts().await.unwrap().products, 0);
    assert_eq!(opened.queue().unwrap().counts().await.unwrap().waiting, 0);
    assert!(opened.engines().is_empty());
    let error = opened.index(IndexName::Postgres).unwrap_err();
    assert!(matches!(error, CompositionError::NotOpened(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_problems_of_a_role_are_reported_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let engines = ["--engine", "postgres,opensearch", "--model", "no-such-model"];
    let settings = settings(folder.path(), &engines);
    let error = settings.builder().engines().open().await.unwrap_err().to_string();
    for name in ["no-such-model", "POSTGRES_HOST", "POSTGRES_DB", "OPENSEARCH_ENDPOINT"] {
        assert!(error.contains(name), "{error}");
    }
}
