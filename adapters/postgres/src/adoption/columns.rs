//! Prepares the columns of another program's tables: ids are unique, limits are removed, and columns
//! that akin leaves empty may be null.

use crate::database::{get, query};
use crate::error::Failure;
use crate::names::{Names, quoted};
use crate::store::write::{SHARED_COLUMNS, rehearsal};
use sqlx::{Connection, PgConnection};

/// Makes product ids unique, which must be texts, and lets akin insert every row.
pub(super) async fn prepare(
    connection: &mut PgConnection,
    names: &Names,
    table: &str,
) -> Result<(), Failure> {
    let name = quoted(names.plain(table));
    check_id(connection, &name).await?;
    widen(connection, &name).await?;
    make_unique(connection, &name).await?;
    allow_nulls(connection, &name).await?;
    rehearse(connection, names, table).await
}

/// Runs a statement of which nothing else depends. Returns the failure if the server refuses it.
pub(super) async fn attempt(
    connection: &mut PgConnection,
    statement: String,
) -> Result<Option<Failure>, Failure> {
    let mut savepoint = connection.begin().await?;
    match query(statement).execute(&mut *savepoint).await {
        Ok(_) => savepoint.commit().await.map(|()| None).map_err(Failure::from),
        Err(error) => {
            savepoint.rollback().await?;
            let failure = Failure::from(error);
            if failure.is_refusal() { Ok(Some(failure)) } else { Err(failure) }
        }
    }
}

async fn check_id(connection: &mut PgConnection, name: &str) -> Result<(), Failure> {
    let kind: String = sqlx::query_scalar(
        "SELECT format_type(atttypid, NULL) FROM pg_attribute
         WHERE attrelid = $1::regclass AND attname = 'product_id'",
    )
    .bind(name)
    .fetch_one(connection)
    .await?;
    // The type of an extension may be in a schema of its own.
    if ["text", "character varying"].contains(&&*kind) || kind.ends_with("citext") {
        return Ok(());
    }
    let what = format!("the column product_id of {name} has the type {kind}, not a text type");
    let remedy = "change it with `ALTER TABLE ... ALTER COLUMN product_id TYPE text`, or choose \
                  another table";
    Err(Failure::misconfigured(what, remedy))
}

/// Selects the columns with a limit, their types without it, and their collations.
const LIMITED: &str = "
    SELECT attname::text, CASE typname WHEN 'bpchar' THEN 'text' ELSE typname END,
        format_type(atttypid, atttypmod),
        CASE WHEN attcollation <> 0 THEN
            'COLLATE ' || quote_ident(nspname) || '.' || quote_ident(collname) ELSE '' END
    FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    LEFT JOIN pg_namespace ON pg_namespace.oid = collnamespace
    WHERE attrelid = $1::regclass AND attname = ANY ($2) AND NOT attisdropped AND atttypmod >= 0
        AND typname IN ('varchar', 'bpchar', 'numeric', 'vector')";

/// Removes the limits of columns that akin writes. One that cannot be removed stays: products that
/// exceed it are refused one by one.
async fn widen(connection: &mut PgConnection, name: &str) -> Result<(), Failure> {
    let columns = [&["product_id", "embedding"][..], &SHARED_COLUMNS].concat();
    let limited = query(LIMITED.to_owned()).bind(name).bind(columns);
    for row in limited.fetch_all(&mut *connection).await? {
        let (column, wide): (String, String) = (get(&row, 0)?, get(&row, 1)?);
        let (full, collation): (String, String) = (get(&row, 2)?, get(&row, 3)?);
        let widen =
            format!("ALTER TABLE {name} ALTER COLUMN {} TYPE {wide} {collation}", quoted(&column));
        if let Some(failure) = attempt(connection, widen).await? {
            let (table, reason) = (name, failure.describe());
            tracing::warn!(
                table,
                column,
                reason,
                "the column keeps its type {full}: products that exceed it will be refused"
            );
        }
    }
    Ok(())
}

/// Makes ids unique byte by byte, unless they are.
async fn make_unique(connection: &mut PgConnection, name: &str) -> Result<(), Failure> {
    let is_unique = format!(
        "EXPLAIN INSERT INTO {name} (product_id) SELECT NULL WHERE false
         ON CONFLICT ((product_id::text) COLLATE \"C\") DO NOTHING"
    );
    if attempt(connection, is_unique).await?.is_none() {
        return Ok(());
    }
    let index = format!("CREATE UNIQUE INDEX ON {name} ((product_id::text) COLLATE \"C\")");
    query(index).execute(&mut *connection).await.map_err(|error| {
        let what = format!("the column product_id of {name} cannot be made unique ({error})");
        Failure::misconfigured(what, "delete the rows that repeat an id")
    })?;
    Ok(())
}

/// Removes `NOT NULL` from the columns that akin leaves empty, at least at times.
async fn allow_nulls(connection: &mut PgConnection, name: &str) -> Result<(), Failure> {
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT attname::text FROM pg_attribute a
         WHERE attrelid = $1::regclass AND attnum > 0 AND attnotnull AND NOT attisdropped
             AND (NOT atthasdef OR attname IN ('ratings', 'discount_price', 'actual_price'))
             AND attidentity = '' AND attname <> 'product_id'
             AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid
                 AND i.indisprimary AND a.attnum = ANY (i.indkey))",
    )
    .bind(name)
    .fetch_all(&mut *connection)
    .await?;
    for column in columns {
        let column = quoted(&column);
        let drop_not_null = format!("ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL");
        query(drop_not_null).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Writes no rows, to find columns that akin can never write.
async fn rehearse(
    connection: &mut PgConnection,
    names: &Names,
    table: &str,
) -> Result<(), Failure> {
    let (statement, remedy) = if table == "products" {
        let remedy = "change the column, or set POSTGRES_RAW_PRODUCT_TABLE_NAME to another table";
        (rehearsal(names), remedy)
    } else {
        let remedy =
            "change the column, or set POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME to another table";
        let insert = "INSERT INTO {entries} (product_id, akin_key, embedding)
                      SELECT NULL::text, NULL::integer, NULL::vector WHERE false";
        (query(names.fill(insert)), remedy)
    };
    statement.execute(connection).await.map(drop).map_err(|error| {
        let failure = Failure::from(error);
        if !failure.is_refusal() {
            return failure;
        }
        let (name, reason) = (names.plain(table), failure.describe());
        Failure::misconfigured(format!("akin cannot write the table {name} ({reason})"), remedy)
    })
}
