use crate::dates;
use crate::explanation::ExplanationView;
use akin_entities::{DetailField, Price, ProductRecord, Rating};
use akin_usecases::Hit;
use serde::Serialize;
use utoipa::ToSchema;

/// A product as the search API writes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductView {
    product_id: String,
    name: String,
    main_category: String,
    sub_category: String,
    brand: String,
    description: String,
    attributes: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    sku: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    gtin: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    mpn: String,
    /// `in stock`, `out of stock`, `preorder` or `backorder`.
    #[serde(skip_serializing_if = "String::is_empty")]
    availability: String,
    /// The id of the thing that the product is a variant of.
    #[serde(skip_serializing_if = "String::is_empty")]
    item_group_id: String,
    /// The addresses of further pictures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<String>,
    image_url: String,
    link: String,
    #[schema(required)]
    ratings: Option<f64>,
    #[schema(required)]
    no_of_ratings: Option<u64>,
    #[schema(required)]
    discount_price: Option<f64>,
    #[schema(required)]
    actual_price: Option<f64>,
    #[schema(required)]
    currency: Option<String>,
    /// The rate by which the prices were converted into that currency, if they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    converted_by: Option<String>,
    modified_date: String,
    created_date: String,
}

/// A hit, as the search API writes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hit)]
pub struct HitView {
    product: ProductView,
    /// None if the product was not found as a candidate.
    #[schema(required)]
    score: Option<f32>,
    #[schema(required)]
    similarity: Option<f32>,
    #[schema(required)]
    text_score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<ExplanationView>,
}

impl From<ProductRecord> for ProductView {
    fn from(record: ProductRecord) -> Self {
        let ProductRecord { product, created, version } = record;
        let detail = |field| product.details.first(field).to_owned();
        Self {
            sku: detail(DetailField::Sku),
            gtin: detail(DetailField::Gtin),
            mpn: detail(DetailField::Mpn),
            availability: detail(DetailField::Availability),
            item_group_id: detail(DetailField::Group),
            images: product.details.all(DetailField::Images).to_vec(),
            currency: product.price().map(|price| price.currency().code().to_owned()),
            converted_by: product.converted_by.map(|rate| rate.to_string()),
            ratings: product.rating.map(Rating::stars),
            discount_price: product.discount_price.map(Price::amount),
            actual_price: product.actual_price.map(Price::amount),
            no_of_ratings: product.rating_count,
            product_id: product.id.to_string(),
            name: product.name,
            main_category: product.main_category,
            sub_category: product.sub_category,
            brand: product.brand,
            description: product.description,
            attributes: product.attributes,
            image_url: product.image_url,
            link: product.link,
            modified_date: dates::format_rfc3339(version.timestamp()),
            created_date: dates::format_rfc3339(created),
        }
    }
}

impl From<Hit> for HitView {
    fn from(hit: Hit) -> Self {
        Self {
            score: hit.score,
            similarity: hit.similarity.map(akin_entities::Similarity::get),
            text_score: hit.text_score,
            explanation: hit.explanation.map(|explanation| (*explanation).into()),
            product: hit.record.into(),
        }
    }
}
