use crate::product::HitView;
use akin_entities::{Fingerprint, ProductId};
use akin_usecases::{FacetCount, Hit, SearchAnswer, SearchRequest};
use serde::Serialize;
use std::collections::BTreeMap;

/// The result of a search, as `/api/search` writes it.
#[derive(Debug, Serialize)]
pub struct SearchView {
    query: String,
    mode: &'static str,
    engine: String,
    model: String,
    good: bool,
    total: usize,
    page: usize,
    page_size: usize,
    corrections: Vec<CorrectionView>,
    hits: Vec<HitView>,
    facets: BTreeMap<&'static str, Vec<CountView>>,
}

/// The products most similar to one, as `/api/products/{id}/similar` writes them.
#[derive(Debug, Serialize)]
pub struct SimilarView {
    product_id: String,
    hits: Vec<HitView>,
}

/// A spelling correction: the word of the query, and the word that replaced it.
#[derive(Debug, Serialize)]
struct CorrectionView {
    from: String,
    to: String,
}

#[derive(Debug, Serialize)]
struct CountView {
    value: String,
    count: usize,
}

impl SearchView {
    /// Creates the view of the `answer` of `engine`; `model` embedded the query of `request`.
    pub fn new(
        engine: &str,
        model: &Fingerprint,
        request: &SearchRequest,
        answer: SearchAnswer,
    ) -> Self {
        let corrections = answer.corrections.into_iter();
        let facets = answer.facets.into_iter();
        Self {
            query: request.query.as_str().to_owned(),
            mode: request.mode.name(),
            engine: engine.to_owned(),
            model: model.to_string(),
            good: answer.good,
            total: answer.total,
            page: request.paging.page,
            page_size: request.paging.size,
            corrections: corrections
                .map(|correction| CorrectionView { from: correction.from, to: correction.to })
                .collect(),
            hits: answer.hits.into_iter().map(HitView::from).collect(),
            facets: facets.map(|(facet, values)| (facet.name(), counts(values))).collect(),
        }
    }
}

impl SimilarView {
    /// Creates the view of the `hits` most similar to the product `id`.
    pub fn new(id: &ProductId, hits: Vec<Hit>) -> Self {
        let hits = hits.into_iter().map(HitView::from).collect();
        Self { product_id: id.to_string(), hits }
    }
}

fn counts(counts: Vec<FacetCount>) -> Vec<CountView> {
    counts.into_iter().map(|FacetCount { value, count }| CountView { value, count }).collect()
}
