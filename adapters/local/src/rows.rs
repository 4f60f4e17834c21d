//! Converts values to and from the columns of a row.

use akin_entities::{
    ContentHash, Currency, Details, ExchangeRate, Price, Product, ProductId, ProductRecord, Rating,
    Timestamp, Version,
};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{CachedStatement, Row, ToSql};
use std::error::Error;

/// Builds a query whose rows [`record`] parses, with the ids in the last column.
macro_rules! select_products {
    ($which:literal) => {
        concat!(
            "SELECT version, created, name, main_category, sub_category, brand, description,
                attributes, image_url, link, rating, rating_count, discount_price,
                discount_currency, actual_price, actual_currency, converted_by, details, id
            FROM products JOIN contents USING (key) ",
            $which
        )
    };
}

/// Selects a product by its id.
pub(crate) const FETCH: &str = select_products!("WHERE id = ?1");

/// Selects the next products after an id.
pub(crate) const LIST: &str = select_products!("WHERE id > ?1 ORDER BY id LIMIT ?2");

/// Selects the next ids after one.
pub(crate) const LIST_IDS: &str = "SELECT id FROM products WHERE id > ?1 ORDER BY id LIMIT ?2";

/// Inserts a product into the outbox. Replacing an entry gives it a new sequence.
pub(crate) const INSERT_OUTBOX: &str =
    "INSERT OR REPLACE INTO outbox (id, version) VALUES (?1, ?2)";

/// The column of the id in [`LIST`].
pub(crate) const ID: usize = 18;

/// Inserts the content that [`write_content`] binds.
pub(crate) const INSERT_CONTENT: &str = "
    INSERT INTO contents (key, created, name, main_category, sub_category, brand, description,
        attributes, image_url, link, rating, rating_count, discount_price, discount_currency,
        actual_price, actual_currency, converted_by, details)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

/// Updates the content that [`write_content`] binds, except for the creation date.
pub(crate) const UPDATE_CONTENT: &str = "
    UPDATE contents SET name = ?3, main_category = ?4, sub_category = ?5, brand = ?6,
        description = ?7, attributes = ?8, image_url = ?9, link = ?10, rating = ?11,
        rating_count = ?12, discount_price = ?13, discount_currency = ?14, actual_price = ?15,
        actual_currency = ?16, converted_by = ?17, details = ?18
    WHERE key = ?1";

/// Creates the error for a column with a value that akin never writes.
pub(crate) fn invalid_value(
    column: usize,
    reason: impl Into<Box<dyn Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, reason.into())
}

/// Parses the id in `column`.
pub(crate) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<ProductId> {
    ProductId::new(row.get::<_, String>(column)?).map_err(|e| invalid_value(column, e))
}

/// Parses the content hash in `column`.
pub(crate) fn content_hash(row: &Row<'_>, column: usize) -> rusqlite::Result<ContentHash> {
    bytes(row, column).map(ContentHash::from_bytes)
}

/// Returns the 16 bytes of the hash in `column`.
pub(crate) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; 16]> {
    let blob = row.get_ref(column)?.as_blob().map_err(|e| invalid_value(column, e))?;
    blob.try_into().map_err(|_| {
        let error = FromSqlError::InvalidBlobSize { expected_size: 16, blob_size: blob.len() };
        invalid_value(column, error)
    })
}

/// Parses the product `id` from a `row` of [`FETCH`] or [`LIST`].
pub(crate) fn record(id: ProductId, row: &Row<'_>) -> rusqlite::Result<ProductRecord> {
    let product = Product {
        id,
        name: row.get(2)?,
        main_category: row.get(3)?,
        sub_category: row.get(4)?,
        brand: row.get(5)?,
        description: row.get(6)?,
        attributes: row.get(7)?,
        image_url: row.get(8)?,
        link: row.get(9)?,
        rating: rating(row, 10)?,
        rating_count: row.get::<_, Option<i64>>(11)?.map(i64::cast_unsigned),
        discount_price: price(row, 12)?,
        actual_price: price(row, 14)?,
        converted_by: exchange_rate(row, 16)?,
        details: Details::from_stream(&row.get::<_, String>(17)?),
    };
    Ok(ProductRecord { product, created: Timestamp(row.get(1)?), version: Version(row.get(0)?) })
}

/// Runs [`INSERT_CONTENT`] or [`UPDATE_CONTENT`]. Without a key, a new one is assigned.
pub(crate) fn write_content(
    statement: &mut CachedStatement<'_>,
    key: Option<i64>,
    created: Timestamp,
    product: &Product,
) -> rusqlite::Result<()> {
    let minor = |price: Option<Price>| price.map(|price| price.minor().cast_signed());
    let currency = |price: Option<Price>| price.map(Price::currency);
    let discount = currency(product.discount_price);
    let actual = currency(product.actual_price);
    let rate = product.converted_by.map(|rate| rate.to_string());
    let values: [&dyn ToSql; 18] = [
        &key,
        &created.0,
        &product.name,
        &product.main_category,
        &product.sub_category,
        &product.brand,
        &product.description,
        &product.attributes,
        &product.image_url,
        &product.link,
        &product.rating.map(Rating::hundredths),
        // SQLite has only signed integers: the bits are kept.
        &product.rating_count.map(u64::cast_signed),
        &minor(product.discount_price),
        &discount.as_ref().map(Currency::code),
        &minor(product.actual_price),
        &actual.as_ref().map(Currency::code),
        &rate,
        &product.details.to_stream(),
    ];
    statement.execute(values.as_slice())?;
    Ok(())
}

fn rating(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Rating>> {
    let Some(hundredths) = row.get(column)? else { return Ok(None) };
    let rating = Rating::from_hundredths(hundredths);
    rating
        .map(Some)
        .ok_or_else(|| invalid_value(column, format!("a rating of {hundredths} hundredths")))
}

/// Parses the price whose amount is in `column` and whose currency is in the next.
fn price(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Price>> {
    let Some(minor) = row.get::<_, Option<i64>>(column)? else { return Ok(None) };
    let code = row.get_ref(column + 1)?.as_str().map_err(|e| invalid_value(column + 1, e))?;
    let currency = Currency::new(code).map_err(|e| invalid_value(column + 1, e))?;
    Ok(Some(Price::from_minor(minor.cast_unsigned(), currency)))
}

fn exchange_rate(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ExchangeRate>> {
    let text = row.get_ref(column)?.as_str_or_null().map_err(|e| invalid_value(column, e))?;
    text.map(str::parse).transpose().map_err(|e| invalid_value(column, e))
}

/// Serializes coordinates as little-endian f32.
pub(crate) fn blob(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|float| float.to_le_bytes()).collect()
}

/// Parses the coordinates in `column`.
pub(crate) fn floats(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<f32>> {
    let blob = row.get_ref(column)?.as_blob().map_err(|e| invalid_value(column, e))?;
    let (floats, rest) = blob.as_chunks();
    if !rest.is_empty() {
        return Err(invalid_value(column, format!("an embedding of {} bytes", blob.len())));
    }
    Ok(floats.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
}
