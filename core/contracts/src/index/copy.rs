use super::{Index, keep, remove};
use crate::sample::{Numbers, embedded, titled, unusual_ids};
use akin_entities::FacetValues;
use akin_ports::IndexEntry;

/// Pages are sorted by the bytes of the ids. Removed products are left out.
pub async fn a_list_names_every_entry_once_in_the_order_of_the_ids(index: &Index) {
    assert!(index.list(None, 10).await.unwrap().is_empty());
    let mut numbers = Numbers(9);
    let facets = FacetValues { brand: "it's".into(), price: Some(617.5), ..FacetValues::default() };
    let mut entries: Vec<_> = (1..)
        .zip(unusual_ids())
        .map(|(version, id)| IndexEntry {
            id,
            embedding: embedded(numbers.embedding(), "a phone tripod"),
            facets: facets.clone(),
            ..titled("x", version, "a phone tripod", 0.0)
        })
        .collect();
    keep(index, &entries).await;
    keep(index, &[titled("gone", 1, "a lamp", 0.0)]).await;
    remove(index, &[("gone", 2)]).await;
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    let mut found: Vec<IndexEntry> = Vec::new();
    loop {
        let last = found.last().map(|entry| entry.id.clone());
        let page = index.list(last.as_ref(), 3).await.unwrap();
        assert!(page.len() <= 3);
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    // Every bit of an embedding, too: a copy of a copy is the same catalogue.
    assert_eq!(found, entries);
}
