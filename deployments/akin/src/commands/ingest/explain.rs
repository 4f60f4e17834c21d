//! How a feed is understood, for whoever has a new one.

use super::outcome::note_refused;
use crate::output::{self, Cell, Table};
use akin_entities::Product;
use akin_ports::{FeedLayout, FeedSource, RefusedRow};
use akin_usecases::{ExplainFeed, FeedExplanation};
use serde::Serialize;
use std::sync::Arc;

/// The JSON document of an explanation.
#[derive(Debug, Serialize)]
struct ExplanationView {
    feed: String,
    layout: Option<&'static str>,
    profile: Option<&'static str>,
    columns: Vec<ColumnView>,
    products: Vec<ProductView>,
    notes: Vec<NoteView>,
}

#[derive(Debug, Serialize)]
struct ColumnView {
    name: String,
    /// The fields that it gives; empty if it is not read.
    gives: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ProductView {
    product_id: String,
    name: String,
    category: String,
    brand: String,
    price: String,
    image: String,
    attributes: String,
}

#[derive(Debug, Serialize)]
struct NoteView {
    line: u64,
    field: String,
    value: String,
    reason: String,
}

/// Prints how each feed is understood.
pub(super) async fn tell(
    explain: &ExplainFeed,
    feeds: &[Arc<dyn FeedSource>],
    json: bool,
) -> anyhow::Result<()> {
    let mut views = Vec::new();
    for feed in feeds {
        let explanation = explain.run(&**feed).await?;
        if json {
            views.push(ExplanationView::new(feed.name().to_owned(), explanation));
        } else {
            print(feed.name(), &explanation);
        }
    }
    if json {
        output::json(&views);
    }
    Ok(())
}

impl ExplanationView {
    fn new(feed: String, explanation: FeedExplanation) -> Self {
        let columns = explanation.columns.into_iter();
        let notes = explanation.refused.into_iter().map(|row| {
            let RefusedRow { line, field, value, reason, .. } = row;
            NoteView { line, field, value, reason }
        });
        Self {
            feed,
            layout: explanation.layout.map(layout),
            profile: explanation.profile,
            columns: columns.map(|(name, gives)| ColumnView { name, gives }).collect(),
            products: explanation.products.iter().map(ProductView::new).collect(),
            notes: notes.collect(),
        }
    }
}

impl ProductView {
    fn new(product: &Product) -> Self {
        let category = [&*product.main_category, &*product.sub_category];
        let category: Vec<_> = category.into_iter().filter(|part| !part.is_empty()).collect();
        let price = |price: Option<akin_entities::Price>| price.map(|price| price.to_string());
        let price = match (price(product.discount_price), price(product.actual_price)) {
            (Some(sale), Some(regular)) => format!("{sale} instead of {regular}"),
            (Some(price), None) | (None, Some(price)) => price,
            (None, None) => String::new(),
        };
        Self {
            product_id: product.id.to_string(),
            name: product.name.clone(),
            category: category.join(" > "),
            brand: product.brand.clone(),
            price,
            image: product.image_url.clone(),
            attributes: product.attributes.clone(),
        }
    }
}

fn layout(layout: FeedLayout) -> &'static str {
    match layout {
        FeedLayout::Columns { .. } => "a table with a header",
        FeedLayout::Keys => "JSON objects",
        FeedLayout::Elements => "XML elements",
    }
}

fn print(feed: &str, explanation: &FeedExplanation) {
    let what = explanation.layout.map_or("nothing", layout);
    let profile = explanation.profile.map_or_else(
        || "no profile: columns are read by the names that akin knows".to_owned(),
        |profile| format!("the profile {profile}"),
    );
    output::line(&format!("{feed}: {what}, {profile}"));
    let mut columns = Table::new(&["column", "gives"]);
    for (name, gives) in &explanation.columns {
        let gives = if gives.is_empty() { "(not read)".to_owned() } else { gives.join(", ") };
        columns.add_row([Cell::text(name), Cell::text(&gives)]);
    }
    output::print(columns);
    output::line("");
    let mut table = Table::new(&["id", "name", "category", "brand", "price", "attributes"]);
    for product in explanation.products.iter().map(ProductView::new) {
        let ProductView { product_id, name, category, brand, price, attributes, .. } = &product;
        table.add_row(
            [product_id, name, category, brand, price, attributes].map(|text| Cell::text(text)),
        );
    }
    output::print(table);
    explanation.refused.iter().for_each(|row| note_refused(feed, row));
}
