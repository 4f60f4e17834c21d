use super::{Index, keep, remove};
use crate::sample::{Numbers, embedded, titled, unusual_ids};
use entities::{Embedding, Facets};
use ports::{IndexEntry, Meaning};

/// Page by page, by the ids' bytes, each as it was kept; what was removed is none of them.
pub async fn a_list_names_every_entry_once_in_the_order_of_the_ids(index: &Index) {
    assert!(index.list(None, 10).await.unwrap().is_empty());
    let mut numbers = Numbers(9);
    let facets = Facets { brand: "it's".into(), price: Some(617.5), ..Facets::default() };
    let mut entries: Vec<_> = (1..)
        .zip(unusual_ids())
        .map(|(version, id)| IndexEntry {
            id,
            meaning: embedded(numbers.embedding(), "a phone tripod"),
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
    assert_eq!(found.len(), entries.len());
    for (found, kept) in found.iter().zip(&entries) {
        assert_same(found, kept);
    }
}

/// Equal but for the last bits of the embedding.
fn assert_same(found: &IndexEntry, kept: &IndexEntry) {
    let (one, other) = (embedding(found), embedding(kept));
    super::assert_close(one.similarity(other).get(), 1.0);
    assert_eq!(with_meaning(found, &kept.meaning), *kept);
    let (
        Meaning::Embedded { text_hash: one, fingerprint: by, .. },
        Meaning::Embedded { text_hash, fingerprint, .. },
    ) = (&found.meaning, &kept.meaning)
    else {
        panic!("an entry is listed with its meaning");
    };
    assert_eq!((one, by), (text_hash, fingerprint));
}

fn with_meaning(entry: &IndexEntry, meaning: &Meaning) -> IndexEntry {
    IndexEntry { meaning: meaning.clone(), ..entry.clone() }
}

fn embedding(entry: &IndexEntry) -> &Embedding {
    match &entry.meaning {
        Meaning::Embedded { embedding, .. } => embedding,
        Meaning::Kept => panic!("{:?} is listed without its embedding", entry.id),
    }
}
