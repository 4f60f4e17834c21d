//! What a command prints: a table for people, one JSON document for scripts.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is where the command speaks")]

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};
use entities::Price;
use serde_json::{Value, json};
use usecases::Hit;

/// Prints a document for scripts.
pub(crate) fn json(document: &Value) {
    println!("{document:#}");
}

/// Prints a line of the answer.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Prints a remark beside the answer.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// Prints why a command failed, each cause behind the other.
pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("akin: {error:#}");
}

/// Prints what was found.
pub(crate) fn hits(hits: &[Hit]) {
    let mut table = table(&["", "score", "cosine", "price", "stars", "product", "id"]);
    for (place, hit) in hits.iter().enumerate() {
        let product = &hit.record.product;
        table.add_row(vec![
            number(&(place + 1).to_string()),
            number(&format!("{:.3}", hit.score)),
            number(
                &hit.similarity.map_or_else(String::new, |cosine| format!("{:.3}", cosine.get())),
            ),
            number(&product.price().map_or_else(String::new, |price| price.to_string())),
            number(&product.rating.map_or_else(String::new, |rating| rating.stars().to_string())),
            Cell::new(shortened(&product.name)),
            Cell::new(product.id.as_str()).add_attribute(Attribute::Dim),
        ]);
    }
    println!("{table}");
}

/// A table with these headings, as wide as the terminal at the most.
pub(crate) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(120);
    }
    let bold = |heading: &&str| Cell::new(heading).add_attribute(Attribute::Bold);
    table.set_header(headings.iter().map(bold));
    table
}

/// A cell whose content stands to the right.
pub(crate) fn number(text: &str) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// A hit for scripts.
pub(crate) fn hit(hit: &Hit) -> Value {
    let product = &hit.record.product;
    json!({
        "product_id": product.id.as_str(),
        "name": product.name,
        "main_category": product.main_category,
        "sub_category": product.sub_category,
        "brand": product.brand,
        "ratings": product.rating.map(entities::Rating::stars),
        "discount_price": product.discount_price.map(Price::amount),
        "actual_price": product.actual_price.map(Price::amount),
        "currency": product.price().map(|price| price.currency().code().to_owned()),
        "score": hit.score,
        "similarity": hit.similarity.map(entities::Similarity::get),
        "text_score": hit.text_score,
    })
}

/// A name on one line that leaves room for the other columns.
fn shortened(name: &str) -> String {
    const MOST: usize = 90;
    let line = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    let kept: String = line.chars().take(MOST - 1).collect();
    format!("{}…", kept.trim_end())
}
