//! A catalogue of an earlier version is opened as it is, and everything in it is kept.

use crate::support::open;
use akin_entities::{Filter, ProductId, TagCondition, TagName, Tags, Version};
use akin_ports::{
    EntryEmbedding, IndexEntry, MatchQuery, Matching, ProductIndex as _, ProductStore as _,
};
use rusqlite::Connection;

#[tokio::test]
async fn a_catalogue_of_version_12_loses_nothing_and_embeds_nothing_again() {
    let folder = tempfile::tempdir().unwrap();
    let earlier = Connection::open(folder.path().join("akin.db")).unwrap();
    earlier.execute_batch(include_str!("../fixtures/version_12.sql")).unwrap();
    drop(earlier);

    let engine = open(folder.path());
    let (store, index) = (engine.store(), engine.index());
    let ids = ["A-1", "A-2", "A-3"].map(|id| ProductId::new(id).unwrap());
    let records = store.fetch(&ids).await.unwrap();
    let products: Vec<_> = ids.iter().map(|id| records[id].product.clone()).collect();
    let tent = &products[0];
    assert_eq!((&*tent.name, &*tent.attributes), ("Canvas tent", "color: red; size: 38, 39"));
    assert_eq!(tent.price().unwrap().to_string(), "80.00 EUR");
    assert!(tent.details.is_empty());
    let states = index.states(&ids).await.unwrap();
    for product in &products {
        assert_eq!(states[&product.id].text_hash, Some(product.text_hash()), "it is embedded");
    }
    let version = Version(i64::MAX / 2);
    let applied = store.compare(&products, version).await.unwrap();
    assert_eq!(applied.unchanged.len(), 3, "the hashes of then are those of now");

    let red = TagCondition::AnyOf(vec!["red".into()]);
    let filter = Filter::default().with_tag(TagName::attribute("color").unwrap(), red);
    let (matching, facets) = (Matching::Everything, Vec::new());
    let query = MatchQuery { matching, filter, facets, page: None };
    assert_eq!(index.matches(&query).await.unwrap().total, 0, "the analysis of then knew no names");
    // As the next analysis does.
    let entries = index.list(None, 10).await.unwrap().into_iter().map(|mut entry: IndexEntry| {
        entry.facets.tags = Tags::of_product(&records[&entry.id].product);
        IndexEntry { embedding: EntryEmbedding::Unchanged, ..entry }
    });
    assert!(index.upsert(&entries.collect::<Vec<_>>()).await.unwrap().is_empty());
    assert_eq!(index.matches(&query).await.unwrap().total, 1);
}
