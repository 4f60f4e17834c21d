//! Reads the facet values of entries: numbers, and texts by their ids.

use crate::database::get;
use crate::error::Failure;
use crate::text::unescape;
use akin_entities::{FacetValues, Tags};
use sqlx::postgres::PgRow;

/// The facet columns of an entry `e`, for [`from_row`].
pub(crate) const COLUMNS: &str = "main.value, sub.value, brand.value, e.akin_price, e.akin_rating,
    e.akin_discounted, tags.written";

/// The joins that [`COLUMNS`] need besides the entry `e`.
pub(crate) const JOIN: &str = "
    LEFT JOIN {values} main ON main.id = e.akin_main_category
    LEFT JOIN {values} sub ON sub.id = e.akin_sub_category
    LEFT JOIN {values} brand ON brand.id = e.akin_brand
    LEFT JOIN {tags} tags ON tags.key = e.akin_key";

/// Parses the facet values that begin at column `at`.
pub(crate) fn from_row(row: &PgRow, at: usize) -> Result<FacetValues, Failure> {
    let value = |at: usize| -> Result<String, Failure> {
        Ok(unescape(get::<Option<String>>(row, at)?.unwrap_or_default()))
    };
    let tags = get::<Option<Vec<String>>>(row, at + 6)?.unwrap_or_default();
    Ok(FacetValues {
        main_category: value(at)?,
        sub_category: value(at + 1)?,
        brand: value(at + 2)?,
        price: get(row, at + 3)?,
        rating: get(row, at + 4)?,
        discounted: get::<Option<bool>>(row, at + 5)?.unwrap_or_default(),
        tags: Tags::from_keys(tags.into_iter().map(unescape)),
    })
}
