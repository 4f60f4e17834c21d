//! Two stores that should hold the same, compared product by product.

use akin_entities::{Embedding, Filter, ProductId};
use akin_local::{LocalEngine, LocalOptions};
use akin_ports::{Candidate, CandidateQuery, ProductIndex, ProductStore, QueryVector};
use std::collections::BTreeMap;
use std::path::Path;

/// All that can be found in `folder`, by id: the product, what was embedded and where it points.
/// Whatever is there twice, halfway or unsound fails here.
pub(crate) async fn contents(folder: &Path) -> BTreeMap<String, String> {
    let engine = LocalEngine::open(folder, LocalOptions::default()).unwrap();
    engine.check().await.unwrap();
    let (store, index) = (engine.store(), engine.index());
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.outbox, 0, "something was not embedded");
    let found = [along(&index, 0).await, along(&index, 1).await, along(&index, 2).await];
    let ids: Vec<ProductId> = found[0].keys().cloned().collect();
    assert_eq!(ids.len() as u64, counts.products, "the index holds what the store does");
    assert_eq!(index.count().await.unwrap(), counts.products);
    let records = store.fetch(&ids).await.unwrap();
    let known = index.states(&ids).await.unwrap();
    let all = ids.iter().map(|id| {
        let (product, cosines) = (&records[id].product, found.each_ref().map(|of| &of[id]));
        assert_eq!(known[id].version, records[id].version, "{id:?} is of another version");
        (id.to_string(), format!("{product:?} {:?} {cosines:?}", known[id].text_hash))
    });
    all.collect()
}

/// Every product, with its cosine to an axis and its words.
async fn along(index: &impl ProductIndex, axis: usize) -> BTreeMap<ProductId, String> {
    let found = search_along(index, axis, 100_000).await;
    let number = found.len();
    let by_id: BTreeMap<_, _> = found
        .into_iter()
        .map(|found| (found.id, format!("{:?} {:?}", found.cosine, found.text)))
        .collect();
    assert_eq!(by_id.len(), number, "a product is there twice");
    by_id
}

/// What a search along an axis finds, the nearest `depth`; nothing in an index without a model.
pub(crate) async fn search_along(
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

/// What a search finds, unfiltered.
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
