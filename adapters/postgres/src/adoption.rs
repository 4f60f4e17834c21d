//! Adopts the tables of another program: keeps their rows, and makes products of them.

use crate::database::{get, query};
use crate::error::Failure;
use crate::names::{Names, quoted};
use crate::runs::NOW;
use crate::store::versions::note;
use akin_entities::{Currency, Version};
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
    let row = query(names.fill(&statement()))
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

/// Makes product ids unique, which must be texts, and lets akin insert rows without the columns
/// that it does not know.
async fn prepare(connection: &mut PgConnection, names: &Names, table: &str) -> Result<(), Failure> {
    let name = quoted(names.plain(table));
    let kind: String = sqlx::query_scalar(
        "SELECT format_type(atttypid, NULL) FROM pg_attribute
         WHERE attrelid = $1::regclass AND attname = 'product_id'",
    )
    .bind(&name)
    .fetch_one(&mut *connection)
    .await?;
    if !["text", "character varying", "citext"].contains(&&*kind) {
        let what = format!("the column product_id of {name} has the type {kind}, not a text type");
        let remedy = "change it with `ALTER TABLE ... ALTER COLUMN product_id TYPE text`, or choose \
                      another table";
        return Err(Failure::misconfigured(what, remedy));
    }
    let unique: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
             AND a.attname = 'product_id' AND i.indkey[0] = a.attnum
         WHERE i.indrelid = $1::regclass AND i.indisunique AND i.indnkeyatts = 1
             AND i.indpred IS NULL)",
    )
    .bind(&name)
    .fetch_one(&mut *connection)
    .await?;
    if !unique {
        let index = format!("CREATE UNIQUE INDEX ON {name} (product_id)");
        query(index).execute(&mut *connection).await.map_err(|error| {
            let what = format!("the column product_id of {name} cannot be made unique ({error})");
            Failure::misconfigured(what, "delete the rows that repeat an id")
        })?;
    }
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT attname::text FROM pg_attribute a
         WHERE attrelid = $1::regclass AND attnum > 0 AND attnotnull AND NOT attisdropped
             AND NOT atthasdef AND attidentity = '' AND attname <> 'product_id'
             AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid
                 AND i.indisprimary AND a.attnum = ANY (i.indkey))",
    )
    .bind(&name)
    .fetch_all(&mut *connection)
    .await?;
    for column in columns {
        let column = quoted(&column);
        let drop_not_null = format!("ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL");
        query(drop_not_null).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Returns the statement that adopts rows. Prices are in the currency $2, with $1 minor units per
/// unit. The content hash stays null, so that the first ingestion updates every product from its
/// feed. Versions are not newer than this moment: dates without a time zone, of another one, would
/// outdo the runs of the next hours.
fn statement() -> String {
    let minor_units = |column: &str| {
        format!("CASE WHEN {column}::text ~ {NUMBER} THEN round({column}::text::numeric * $1) END")
    };
    let currency = |column: &str| format!("CASE WHEN {column}::text ~ {NUMBER} THEN $2::text END");
    let micros = |column: &str| {
        format!(
            "CASE WHEN isfinite({column}::timestamptz)
             THEN (extract(epoch FROM {column}::timestamptz) * 1000000)::numeric::bigint END"
        )
    };
    let rating = format!(
        "CASE WHEN ratings::text ~ {NUMBER} AND ratings::text::numeric <= 5
         THEN round(ratings::text::numeric * 100) END"
    );
    format!(
        "WITH adopted AS (
             UPDATE {{products}} SET
                 akin_version = least(coalesce({modified}, {created}, 0), {now}),
                 akin_created = least(coalesce({created}, {modified}, 0), {now}),
                 akin_rating = {rating},
                 akin_discount_price = {discount}, akin_discount_currency = {discount_currency},
                 akin_actual_price = {actual}, akin_actual_currency = {actual_currency}
             WHERE akin_version IS NULL AND octet_length(product_id) <= 256
                 AND product_id ~ '\\S' AND name::text ~ '\\S'
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
        now = NOW,
        modified = micros("modified_date"),
        created = micros("created_date"),
        discount = minor_units("discount_price"),
        discount_currency = currency("discount_price"),
        actual = minor_units("actual_price"),
        actual_currency = currency("actual_price"),
    )
}
