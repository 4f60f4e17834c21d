//! Creates and updates the tables.

use crate::adoption::{self, AdoptionCounts};
use crate::database::{get, query};
use crate::error::Failure;
use crate::index::fold_values;
use crate::names::Names;
use akin_entities::Currency;
use akin_ports::ErrorKind;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// The oldest supported server.
const MIN_SERVER: i32 = 130_000;

/// The oldest supported pgvector: the first with iterative index scans.
const MIN_EXTENSION: (u32, u32) = (0, 8);

/// `akin` and a number in ASCII: the advisory lock of migrations.
const LOCK: i64 = 0x616B_696E_0001;

/// A group of tables, and the files that bring it from each version to the next. Released files
/// never change.
struct TableGroup {
    ledger: &'static str,
    files: &'static [&'static str],
}

const TABLE_GROUPS: [TableGroup; 2] = [
    TableGroup {
        ledger: "products_ledger",
        files: &[
            include_str!("../migrations/products/0001_products.sql"),
            include_str!("../migrations/products/0002_removed.sql"),
            include_str!("../migrations/products/0003_queue.sql"),
            include_str!("../migrations/products/0004_runs.sql"),
            include_str!("../migrations/products/0005_quarantined_texts.sql"),
            include_str!("../migrations/products/0006_conversion.sql"),
            include_str!("../migrations/products/0007_versions.sql"),
            include_str!("../migrations/products/0008_queue_indexes.sql"),
            include_str!("../migrations/products/0009_indexes.sql"),
            include_str!("../migrations/products/0010_repeated_rows.sql"),
            include_str!("../migrations/products/0011_kept_rows.sql"),
            include_str!("../migrations/products/0012_details.sql"),
        ],
    },
    TableGroup {
        ledger: "entries_ledger",
        files: &[
            include_str!("../migrations/entries/0001_entries.sql"),
            include_str!("../migrations/entries/0002_identity.sql"),
            include_str!("../migrations/entries/0003_matches.sql"),
            include_str!("../migrations/entries/0004_analysis.sql"),
            include_str!("../migrations/entries/0005_tags.sql"),
            include_str!("../migrations/entries/0006_names.sql"),
        ],
    },
];

/// The result of a migration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DatabaseMigration {
    /// The number of steps applied; 0 if the database was up to date.
    pub steps: usize,
    /// The number of another program's rows that became products, and wait to be embedded.
    pub adopted: u64,
    /// The number of rows that cannot be products: without an id of 1 to 256 bytes, or without a
    /// name.
    pub refused: u64,
}

/// Returns whether the tables are up to date. A server that is too old, or tables of a newer akin,
/// are an error.
pub(crate) async fn is_current(
    connection: &mut PgConnection,
    names: &Names,
) -> Result<bool, Failure> {
    check_server(connection).await?;
    let mut current = extension(connection).await?.is_some();
    for group in &TABLE_GROUPS {
        let done = version(connection, names, group).await?;
        current &= done == group.files.len();
    }
    Ok(current)
}

/// Applies the missing steps and adopts rows, in one transaction. If several processes run it, one
/// does the work.
pub(crate) async fn migrate(
    connection: &mut PgConnection,
    names: &Names,
    currency: Currency,
) -> Result<DatabaseMigration, Failure> {
    check_server(connection).await?;
    let mut transaction = connection.begin().await?;
    // Adopting a large table takes longer than other statements may.
    transaction.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'").await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    install_extension(&mut transaction).await?;
    let mut steps = 0;
    for group in &TABLE_GROUPS {
        steps += update(&mut transaction, names, group).await?;
    }
    fold_values(&mut transaction, names).await?;
    let AdoptionCounts { adopted, refused } =
        adoption::adopt(&mut transaction, names, currency).await?;
    transaction.commit().await?;
    Ok(DatabaseMigration { steps, adopted, refused })
}

async fn update(
    connection: &mut PgConnection,
    names: &Names,
    group: &TableGroup,
) -> Result<usize, Failure> {
    let applied = version(connection, names, group).await?;
    if applied == 0 {
        let columns = "(version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())";
        let ledger = names.fill(&format!("CREATE TABLE {{{}}} {columns}", group.ledger));
        connection.execute(AssertSqlSafe(ledger)).await?;
    }
    for (version, file) in (1_i32..).zip(group.files).skip(applied) {
        connection.execute(AssertSqlSafe(names.fill(file))).await?;
        let record = format!("INSERT INTO {{{}}} (version) VALUES ($1)", group.ledger);
        query(names.fill(&record)).bind(version).execute(&mut *connection).await?;
    }
    Ok(group.files.len() - applied)
}

/// Returns the number of files applied. More than this version has is an error.
async fn version(
    connection: &mut PgConnection,
    names: &Names,
    group: &TableGroup,
) -> Result<usize, Failure> {
    let ledger = names.fill(&format!("{{{}}}", group.ledger));
    if !has_table(connection, &ledger).await? {
        return Ok(0);
    }
    let last = AssertSqlSafe(format!("SELECT coalesce(max(version), 0) FROM {ledger}"));
    let last: i32 = sqlx::query_scalar(last).fetch_one(&mut *connection).await?;
    let newest = group.files.len();
    match usize::try_from(last) {
        Ok(applied) if applied <= newest => Ok(applied),
        _ => Err(Failure::misconfigured(
            format!(
                "the tables of {ledger} have version {last}; this akin supports up to {newest}"
            ),
            "use the akin that migrated the database, or a newer one",
        )),
    }
}

/// Returns whether the table of products exists, of any version or another program.
pub(crate) async fn has_products(
    connection: &mut PgConnection,
    names: &Names,
) -> Result<bool, Failure> {
    has_table(connection, &names.fill("{products}")).await
}

/// Returns whether a table exists, by its quoted name.
async fn has_table(connection: &mut PgConnection, name: &str) -> Result<bool, Failure> {
    let exists = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL");
    Ok(exists.bind(name).fetch_one(connection).await?)
}

async fn check_server(connection: &mut PgConnection) -> Result<(), Failure> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version')",
    )
    .fetch_one(connection)
    .await?;
    refuse_old_server(get(&row, 0)?, get(&row, 1)?)
}

fn refuse_old_server(number: i32, version: &str) -> Result<(), Failure> {
    if number >= MIN_SERVER {
        return Ok(());
    }
    Err(Failure::misconfigured(
        format!("the server is Postgres {version}, but akin requires 13 or newer"),
        "upgrade the server, or set POSTGRES_HOST to a newer one",
    ))
}

/// Returns the installed version of pgvector, if any. A version that is too old is an error.
pub(crate) async fn extension(connection: &mut PgConnection) -> Result<Option<String>, Failure> {
    let version: Option<String> =
        sqlx::query_scalar("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
            .fetch_optional(connection)
            .await?;
    version.as_deref().map_or(Ok(()), refuse_old_extension)?;
    Ok(version)
}

fn refuse_old_extension(version: &str) -> Result<(), Failure> {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found >= MIN_EXTENSION {
        return Ok(());
    }
    Err(Failure::misconfigured(
        format!("the database has pgvector {version}, but akin requires 0.8 or newer"),
        "install pgvector 0.8 on the server and run `ALTER EXTENSION vector UPDATE`",
    ))
}

async fn install_extension(connection: &mut PgConnection) -> Result<(), Failure> {
    if extension(connection).await?.is_some() {
        return Ok(());
    }
    connection.execute("CREATE EXTENSION vector").await.map_err(|error| {
        let what = format!("the database lacks the extension \"vector\" ({error})");
        let remedy = "install pgvector 0.8 or newer on the server, and run `CREATE EXTENSION \
                      vector` in the database as a superuser";
        Failure::Detected(ErrorKind::Misconfigured, what, remedy)
    })?;
    extension(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(refused: Result<(), Failure>) -> String {
        refused.unwrap_err().into_port("server").report()
    }

    #[test]
    fn an_old_server_is_refused_with_its_version() {
        assert!(refuse_old_server(130_004, "13.4").is_ok());
        assert!(report(refuse_old_server(120_019, "12.19")).contains("Postgres 12.19"));
    }

    #[test]
    fn an_old_extension_is_refused_with_its_version() {
        assert!(refuse_old_extension("0.8.6").is_ok());
        assert!(refuse_old_extension("1.0").is_ok());
        assert!(report(refuse_old_extension("0.7.4")).contains("pgvector 0.7.4"));
        assert!(refuse_old_extension("?").is_err());
    }
}
