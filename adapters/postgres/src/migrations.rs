//! Brings a database to the tables that this version works with.

use crate::adoption::{self, Adopted};
use crate::database::{get, query};
use crate::error::Failure;
use crate::names::Names;
use akin_entities::Currency;
use akin_ports::ErrorKind;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// The oldest server that is known to work, and the oldest pgvector that searches iteratively.
const OLDEST_SERVER: i32 = 130_000;
const OLDEST_EXTENSION: (u32, u32) = (0, 8);

/// `akin` and a number in ASCII: the lock that only one migration holds at a time.
const LOCK: i64 = 0x616B_696E_0001;

/// Tables that belong together, and what makes each version of them out of the one before.
/// Released files never change.
struct Area {
    ledger: &'static str,
    files: &'static [&'static str],
}

const AREAS: [Area; 2] = [
    Area {
        ledger: "products_ledger",
        files: &[
            include_str!("../migrations/products/0001_products.sql"),
            include_str!("../migrations/products/0002_removed.sql"),
            include_str!("../migrations/products/0003_queue.sql"),
            include_str!("../migrations/products/0004_runs.sql"),
            include_str!("../migrations/products/0005_quarantined_texts.sql"),
            include_str!("../migrations/products/0006_conversion.sql"),
        ],
    },
    Area {
        ledger: "entries_ledger",
        files: &[include_str!("../migrations/entries/0001_entries.sql")],
    },
];

/// What a migration did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Steps that were applied; none if the database was there already.
    pub steps: usize,
    /// Rows of another program that are akin's products now, and wait to be embedded.
    pub adopted: u64,
    /// Rows that cannot be products: without an id of 1 to 256 bytes, or without a name.
    pub refused: u64,
}

/// Whether the tables are there; refuses a server that is too old, and tables of a newer akin.
pub(crate) async fn is_current(
    connection: &mut PgConnection,
    names: &Names,
) -> Result<bool, Failure> {
    check_server(connection).await?;
    let mut current = extension(connection).await?.is_some();
    for area in &AREAS {
        let done = version(connection, names, area).await?;
        current &= done == area.files.len();
    }
    Ok(current)
}

/// Applies what is missing and adopts rows, in one transaction. Of several processes one does it, and
/// the others find it done.
pub(crate) async fn migrate(
    connection: &mut PgConnection,
    names: &Names,
    currency: Currency,
) -> Result<Migrated, Failure> {
    check_server(connection).await?;
    let mut transaction = connection.begin().await?;
    // Adopting a large table takes longer than any other statement.
    transaction.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'").await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    install_extension(&mut transaction).await?;
    let mut steps = 0;
    for area in &AREAS {
        steps += bring_up(&mut transaction, names, area).await?;
    }
    let Adopted { adopted, refused } = adoption::adopt(&mut transaction, names, currency).await?;
    transaction.commit().await?;
    Ok(Migrated { steps, adopted, refused })
}

async fn bring_up(
    connection: &mut PgConnection,
    names: &Names,
    area: &Area,
) -> Result<usize, Failure> {
    let done = version(connection, names, area).await?;
    if done == 0 {
        let columns = "(version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())";
        let ledger = names.fill(&format!("CREATE TABLE {{{}}} {columns}", area.ledger));
        connection.execute(AssertSqlSafe(ledger)).await?;
    }
    for (version, file) in (1_i32..).zip(area.files).skip(done) {
        connection.execute(AssertSqlSafe(names.fill(file))).await?;
        let note = format!("INSERT INTO {{{}}} (version) VALUES ($1)", area.ledger);
        query(names.fill(&note)).bind(version).execute(&mut *connection).await?;
    }
    Ok(area.files.len() - done)
}

/// How many files were applied; refuses more than this version has.
async fn version(
    connection: &mut PgConnection,
    names: &Names,
    area: &Area,
) -> Result<usize, Failure> {
    let ledger = names.fill(&format!("{{{}}}", area.ledger));
    let there: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(&ledger)
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(0);
    }
    let last = AssertSqlSafe(format!("SELECT coalesce(max(version), 0) FROM {ledger}"));
    let last: i32 = sqlx::query_scalar(last).fetch_one(&mut *connection).await?;
    let known = area.files.len();
    match usize::try_from(last) {
        Ok(done) if done <= known => Ok(done),
        _ => Err(Failure::misconfigured(
            format!("the tables {ledger} speaks of are of version {last}, this akin knows {known}"),
            "use the akin that migrated the database, or a newer one",
        )),
    }
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
    if number >= OLDEST_SERVER {
        return Ok(());
    }
    Err(Failure::misconfigured(
        format!("the server is Postgres {version}, and akin needs 13 or newer"),
        "upgrade the server, or set POSTGRES_HOST to a newer one",
    ))
}

/// The version of pgvector that the database has; refuses one that is too old.
async fn extension(connection: &mut PgConnection) -> Result<Option<String>, Failure> {
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
    if found >= OLDEST_EXTENSION {
        return Ok(());
    }
    Err(Failure::misconfigured(
        format!("the database has pgvector {version}, and akin needs 0.8 or newer"),
        "install pgvector 0.8 on the server and run `ALTER EXTENSION vector UPDATE`",
    ))
}

async fn install_extension(connection: &mut PgConnection) -> Result<(), Failure> {
    if extension(connection).await?.is_some() {
        return Ok(());
    }
    connection.execute("CREATE EXTENSION vector").await.map_err(|error| {
        let what = format!("the database lacks the extension \"vector\" ({error})");
        let remedy = "install pgvector 0.8 or newer on the server, and have a superuser run `CREATE \
                      EXTENSION vector` in the database";
        Failure::Found(ErrorKind::Misconfigured, what, remedy)
    })?;
    extension(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(refused: Result<(), Failure>) -> String {
        refused.unwrap_err().port("server").report()
    }

    #[test]
    fn too_old_a_server_is_refused_by_name() {
        assert!(refuse_old_server(130_004, "13.4").is_ok());
        assert!(story(refuse_old_server(120_019, "12.19")).contains("Postgres 12.19"));
    }

    #[test]
    fn too_old_an_extension_is_refused_by_name() {
        assert!(refuse_old_extension("0.8.6").is_ok());
        assert!(refuse_old_extension("1.0").is_ok());
        assert!(story(refuse_old_extension("0.7.4")).contains("pgvector 0.7.4"));
        assert!(refuse_old_extension("?").is_err());
    }
}
