//! The state of a server, for an operator who wants to know what is wrong.

use crate::error::Failure;
use crate::migrations::{extension, is_current};
use crate::names::Names;
use crate::settings::Settings;
use crate::{database, validate};
use akin_ports::PortResult;
use sqlx::{Connection, PgConnection, Row};

/// The state of a server that answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseInspection {
    /// The version of Postgres.
    pub version: String,
    /// The version of pgvector; `None` if the extension is not installed.
    pub extension: Option<String>,
    /// The version of TLS; `None` if the connection is not encrypted.
    pub tls: Option<String>,
    /// True if the tables are those of this version of akin.
    pub is_current: bool,
    /// What ingestions will fail by, with the remedy.
    pub problems: Vec<String>,
}

/// Asks the server for its versions and for the rights of the user. Changes nothing.
pub async fn inspect(settings: &Settings) -> PortResult<DatabaseInspection> {
    let names = validate(settings)?;
    let inspected = async {
        let mut connection = database::connect(settings).await?;
        let inspection = inspect_by(&mut connection, &names).await?;
        connection.close().await?;
        Ok(inspection)
    };
    inspected.await.map_err(|failure: Failure| failure.into_port(&settings.server()))
}

const FACTS: &str = "SELECT current_setting('server_version'),
    (SELECT version FROM pg_stat_ssl WHERE ssl AND pid = pg_backend_pid()),
    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)";

/// Whether a right to change the rows of a table is missing.
const LACKS_RIGHTS: &str = "SELECT count(*) > 0
    FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed
    WHERE to_regclass($1) IS NOT NULL AND NOT has_table_privilege(to_regclass($1), needed)";

async fn inspect_by(
    connection: &mut PgConnection,
    names: &Names,
) -> Result<DatabaseInspection, Failure> {
    let is_current = is_current(connection, names).await?;
    let extension = extension(connection).await?;
    let facts = sqlx::query(FACTS).fetch_one(&mut *connection).await?;
    let (is_read_only, may_create): (bool, bool) = (facts.try_get(2)?, facts.try_get(3)?);
    let mut problems = Vec::new();
    if is_read_only {
        problems.push("it only reads: set POSTGRES_HOST to the primary server".to_owned());
    }
    if !is_current && !may_create {
        let what = "its tables are missing or of an earlier version, and this user may not create tables: run \
                    `akin migrate` as a user who may";
        problems.push(what.to_owned());
    }
    if extension.is_none() {
        let what = "pgvector is not installed: run `akin migrate`, or have an administrator run CREATE \
                    EXTENSION vector";
        problems.push(what.to_owned());
    }
    for table in ["{products}", "{entries}"].map(|table| names.fill(table)) {
        let lacks = sqlx::query_scalar(LACKS_RIGHTS).bind(&table);
        if lacks.fetch_one(&mut *connection).await? {
            problems.push(format!(
                "this user may not change {table}: GRANT SELECT, INSERT, UPDATE, DELETE on it and on the \
                 tables beside it"
            ));
        }
    }
    let (version, tls) = (facts.try_get(0)?, facts.try_get(1)?);
    Ok(DatabaseInspection { version, extension, tls, is_current, problems })
}
