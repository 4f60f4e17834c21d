//! The contents of a store and its index, to compare two of them product by product.

use akin_entities::{Embedding, Filter, ProductId};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{Candidate, CandidateQuery, ProductIndex, ProductStore, QueryVector};
use std::collections::BTreeMap;
use std::path::Path;

/// Returns every product of the store in `folder`, with its text hash and its cosines to three axes. A
/// duplicate or incomplete product, or a damaged store, fails the test.
pub(crate) async fn searchable_contents(folder: &Path) -> BTreeMap<String, String> {
    let engine = LocalEngine::open(folder, LocalOptions::default()).unwrap();
    engine.check().await.unwrap();
    let (store, index) = (engine.store(), engine.index());
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.outbox, 0, "products still wait to be embedded");
    let cosines =
        [cosines_to(&index, 0).await, cosines_to(&index, 1).await, cosines_to(&index, 2).await];
    let ids: Vec<ProductId> = cosines[0].keys().cloned().collect();
    assert_eq!(ids.len() as u64, counts.products, "store and index hold the same products");
    assert_eq!(index.count().await.unwrap(), counts.products);
    let records = store.fetch(&ids).await.unwrap();
    let states = index.states(&ids).await.unwrap();
    let contents = ids.iter().map(|id| {
        let (product, cosines) = (&records[id].product, cosines.each_ref().map(|by_id| &by_id[id]));
        assert_eq!(states[id].version, records[id].version, "{id:?} has another version");
        (id.to_string(), format!("{product:?} {:?} {cosines:?}", states[id].text_hash))
    });
    contents.collect()
}

/// Returns the cosine of every product to an axis, with its analyzed text.
async fn cosines_to(index: &impl ProductIndex, axis: usize) -> BTreeMap<ProductId, String> {
    let found = search_axis(index, axis, 100_000).await;
    let count = found.len();
    let by_id: BTreeMap<_, _> = found
        .into_iter()
        .map(|candidate| (candidate.id, format!("{:?} {:?}", candidate.cosine, candidate.text)))
        .collect();
    assert_eq!(by_id.len(), count, "the index holds a product twice");
    by_id
}

/// Returns the `depth` products nearest to an axis. An index without a model returns none.
pub(crate) async fn search_axis(
    index: &dyn ProductIndex,
    axis: usize,
    depth: usize,
) -> Vec<Candidate> {
    let Some(fingerprint) = index.fingerprint().await.unwrap() else { return Vec::new() };
    let mut direction = vec![0.0; fingerprint.dimension];
    direction[axis] = 1.0;
    let embedding = Embedding::new(&direction).unwrap();
    let vector = Some(QueryVector { embedding, fingerprint });
    search(index, &[], vector, depth).await
}

/// Returns the candidates of a query without filters.
pub(crate) async fn search(
    index: &dyn ProductIndex,
    terms: &[String],
    vector: Option<QueryVector>,
    depth: usize,
) -> Vec<Candidate> {
    let (terms, filter) = (terms.to_vec(), Filter::default());
    let query =
        CandidateQuery { terms, vector, filter, depth, threshold: None, with_facets: false };
    index.candidates(&query).await.unwrap()
}
