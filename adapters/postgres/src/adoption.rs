//! Adopts the tables of another program: keeps their rows, and makes products of them.

mod columns;
mod dates;

use crate::database::{get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::runs::NOW;
use crate::store::versions::note;
use akin_entities::{Currency, Version};
use columns::prepare;
use dates::DateColumns;
use sqlx::PgConnection;

/// The number of rows adopted and refused.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AdoptionCounts {
    pub(crate) adopted: u64,
    pub(crate) refused: u64,
}

/// Matches a number as text, whatever the column's type; other values are left out. Braces are
/// doubled for [`Names::fill`].
const NUMBER: &str = r"'^\d{{1,15}}(\.\d{{1,15}})?(e\+0\d)?$'";

/// Prepares both tables, and turns each row that is not yet a product into one.
pub(crate) async fn adopt(
    connection: &mut PgConnection,
    names: &Names,
    currency: Currency,
) -> Result<AdoptionCounts, Failure> {
    for table in ["products", "entries"] {
        prepare(connection, names, table).await?;
    }
    let dates = DateColumns::read(connection, names).await?;
    let row = query(names.fill(&statement(&dates)))
        .bind(10_i64.pow(currency.decimals()))
        .bind(currency.code())
        .fetch_one(&mut *connection)
        .await?;
    if let Some(newest) = get::<Option<i64>>(&row, 2)? {
        note(connection, names, Version(newest)).await?;
    }
    let count = |at| get::<i64>(&row, at).map(i64::cast_unsigned);
    Ok(AdoptionCounts { adopted: count(0)?, refused: count(1)? })
}

/// Returns the statement that adopts rows. The content hash stays null, so that the first ingestion updates
/// every product from its feed.
fn statement(dates: &DateColumns) -> String {
    format!(
        "WITH adopted AS (
             UPDATE {{products}} product SET {}
             WHERE akin_version IS NULL AND octet_length(product_id) <= 256
                 AND product_id ~ '\\S' AND name::text ~ '\\S'
                 AND NOT EXISTS (SELECT FROM {{removed}} removed
                     WHERE removed.product_id = product.product_id::text COLLATE \"C\")
             RETURNING product_id, akin_version
         ), announced AS (
             INSERT INTO {{outbox}} (product_id, version)
             SELECT product_id, akin_version FROM adopted ORDER BY product_id
             ON CONFLICT (product_id) DO UPDATE
             SET sequence = DEFAULT, version = excluded.version
         )
         SELECT (SELECT count(*) FROM adopted),
             (SELECT count(*) FROM {{products}} WHERE akin_version IS NULL)
                 - (SELECT count(*) FROM adopted),
             (SELECT max(akin_version) FROM adopted)",
        assignments(dates)
    )
}

/// Returns the values of akin's columns. Prices are in the currency $2, with $1 minor units per unit.
/// Versions are not newer than this moment: dates without a time zone, of another one, would outdo the
/// runs of the next hours.
fn assignments(dates: &DateColumns) -> String {
    let (modified, created) = (dates.micros("modified_date"), dates.micros("created_date"));
    let rating = format!(
        "CASE WHEN ratings::text ~ {NUMBER} THEN CASE WHEN ratings::text::numeric <= 5
         THEN round(ratings::text::numeric * 100) END END"
    );
    let mut assignments = vec![
        format!("akin_version = greatest(0, least(coalesce({modified}, {created}, 0), {NOW}))"),
        format!("akin_created = least(coalesce({created}, {modified}, 0), {NOW})"),
        format!("akin_rating = {rating}"),
    ];
    for (column, akin) in [("discount_price", "akin_discount"), ("actual_price", "akin_actual")] {
        let is_price = is_price(column);
        let minor_units = format!("round({column}::text::numeric * $1)");
        assignments.push(format!("{akin}_price = CASE WHEN {is_price} THEN {minor_units} END"));
        assignments.push(format!("{akin}_currency = CASE WHEN {is_price} THEN $2::text END"));
    }
    assignments.join(",\n    ")
}

/// Returns the condition that `column` holds a price. No other one is adopted: a larger one would fit no
/// column.
fn is_price(column: &str) -> String {
    format!(
        "CASE WHEN {column}::text ~ {NUMBER}
         THEN round({column}::text::numeric * $1) <= {} ELSE false END",
        i64::MAX
    )
}
