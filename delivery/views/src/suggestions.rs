use crate::answer::CountView;
use akin_entities::{Price, ProductRecord, Rating};
use akin_usecases::{FacetCount, SuggestedCategory, SuggestedQuery, Suggestions};
use serde::Serialize;
use utoipa::ToSchema;

/// What a shopper may be typing, as `/api/suggest` writes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suggestions)]
pub struct SuggestionsView {
    query: String,
    queries: Vec<SuggestedQueryView>,
    categories: Vec<SuggestedCategoryView>,
    brands: Vec<CountView>,
    products: Vec<SuggestedProductView>,
}

/// The values of a facet, as `/api/facets/{field}` writes them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FacetValues)]
pub struct FacetValuesView {
    field: String,
    /// The beginning of the values.
    q: String,
    values: Vec<CountView>,
    /// The number of values that begin so, listed or not.
    total: usize,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedQuery)]
struct SuggestedQueryView {
    text: String,
    count: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedCategory)]
struct SuggestedCategoryView {
    value: String,
    /// The filter that takes the value.
    field: &'static str,
    count: usize,
}

/// What a list below a search box shows of a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SuggestedProduct)]
struct SuggestedProductView {
    product_id: String,
    name: String,
    brand: String,
    image_url: String,
    link: String,
    #[schema(required)]
    ratings: Option<f64>,
    #[schema(required)]
    discount_price: Option<f64>,
    #[schema(required)]
    actual_price: Option<f64>,
    #[schema(required)]
    currency: Option<String>,
}

impl SuggestionsView {
    /// Creates the view of `suggestions` for `query`.
    pub fn new(query: &str, suggestions: Suggestions) -> Self {
        let Suggestions { queries, categories, brands, products } = suggestions;
        let query_view = |SuggestedQuery { text, count }| SuggestedQueryView { text, count };
        let category_view = |SuggestedCategory { value, field, count }| SuggestedCategoryView {
            value,
            field: field.name(),
            count,
        };
        Self {
            query: query.to_owned(),
            queries: queries.into_iter().map(query_view).collect(),
            categories: categories.into_iter().map(category_view).collect(),
            brands: brands.into_iter().map(CountView::from).collect(),
            products: products.into_iter().map(SuggestedProductView::from).collect(),
        }
    }
}

impl FacetValuesView {
    /// Creates the view of the first values of `field` that begin with `q`, of `total`.
    pub fn new(field: &str, q: &str, values: Vec<FacetCount>, total: usize) -> Self {
        let values = values.into_iter().map(CountView::from).collect();
        Self { field: field.to_owned(), q: q.to_owned(), values, total }
    }
}

impl From<ProductRecord> for SuggestedProductView {
    fn from(record: ProductRecord) -> Self {
        let product = record.product;
        Self {
            currency: product.price().map(|price| price.currency().code().to_owned()),
            ratings: product.rating.map(Rating::stars),
            discount_price: product.discount_price.map(Price::amount),
            actual_price: product.actual_price.map(Price::amount),
            product_id: product.id.to_string(),
            name: product.name,
            brand: product.brand,
            image_url: product.image_url,
            link: product.link,
        }
    }
}
