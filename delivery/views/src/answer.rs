use crate::product::HitView;
use akin_entities::{Fingerprint, ProductId};
use akin_ports::{NumberCounts, Relation};
use akin_usecases::{FacetAnswer, FacetCount, Hit, SearchAnswer, SearchRequest};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The result of a search, as `/api/search` writes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchAnswer)]
pub struct SearchView {
    query: String,
    mode: &'static str,
    engine: String,
    model: String,
    good: bool,
    /// True if nothing fits: the hits are what comes closest.
    closest: bool,
    total: usize,
    relation: &'static str,
    page: usize,
    page_size: usize,
    corrections: Vec<CorrectionView>,
    hits: Vec<HitView>,
    facets: BTreeMap<String, FacetView>,
}

/// The products most similar to one, as `/api/products/{id}/similar` writes them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimilarProducts)]
pub struct SimilarView {
    product_id: String,
    hits: Vec<HitView>,
}

/// A spelling correction: the word of the query, and the word that replaced it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Correction)]
struct CorrectionView {
    from: String,
    to: String,
}

/// The counts of a field: of its values, or of its numbers, `null` if there are none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Facet)]
enum FacetView {
    Values(Vec<CountView>),
    Numbers(Option<NumbersView>),
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NumberFacet)]
struct NumbersView {
    min: f64,
    max: f64,
    histogram: Vec<IntervalView>,
}

/// The number of products from `from` to below `to`; the last interval contains `to`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Interval)]
struct IntervalView {
    from: f64,
    to: f64,
    count: u64,
}

/// The number of products with a value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValueCount)]
pub(crate) struct CountView {
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
            query: request
                .query
                .as_ref()
                .map_or_else(String::new, |query| query.as_str().to_owned()),
            mode: request.mode.name(),
            engine: engine.to_owned(),
            model: model.to_string(),
            good: answer.good,
            closest: answer.closest,
            total: answer.total,
            relation: relation_name(answer.relation),
            page: request.paging.page,
            page_size: request.paging.size,
            corrections: corrections
                .map(|correction| CorrectionView { from: correction.from, to: correction.to })
                .collect(),
            hits: answer.hits.into_iter().map(HitView::from).collect(),
            facets: facets
                .map(|(field, facet)| (field.name().into_owned(), FacetView::from(facet)))
                .collect(),
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

impl From<FacetCount> for CountView {
    fn from(FacetCount { value, count }: FacetCount) -> Self {
        Self { value, count }
    }
}

impl From<FacetAnswer> for FacetView {
    fn from(facet: FacetAnswer) -> Self {
        match facet {
            FacetAnswer::Values(counts) => {
                Self::Values(counts.into_iter().map(CountView::from).collect())
            }
            FacetAnswer::Numbers(counts) => Self::Numbers(counts.map(NumbersView::from)),
        }
    }
}

impl From<NumberCounts> for NumbersView {
    fn from(numbers: NumberCounts) -> Self {
        let intervals = numbers.bounds.windows(2).zip(numbers.counts);
        let view =
            |(bounds, count): (&[f64], u64)| IntervalView { from: bounds[0], to: bounds[1], count };
        Self { min: numbers.min, max: numbers.max, histogram: intervals.map(view).collect() }
    }
}

/// Returns the name of the relation between a count and the true number.
fn relation_name(relation: Relation) -> &'static str {
    match relation {
        Relation::Exact => "exact",
        Relation::AtLeast => "at_least",
    }
}
