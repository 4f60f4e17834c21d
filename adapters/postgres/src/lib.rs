//! Stores products, their embeddings and pending work in Postgres with pgvector.
//!
//! Two table names are settings; akin's own tables have names derived from them. Tables of another
//! program are adopted: set `POSTGRES_RAW_PRODUCT_TABLE_NAME` and
//! `POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME` to their names and `POSTGRES_ADOPTED_CURRENCY` to the
//! currency of their prices, and run `akin migrate`.
//!
//! - Both tables need a column `product_id` of a text type; it is made unique if it is not. All
//!   other columns are optional. akin adds missing columns, whose names begin with `akin_`, indexes
//!   and tables. It removes `NOT NULL` from columns that it leaves empty, and limits such as those of
//!   `varchar(n)` and `numeric(p, s)` from columns that it writes. A limit that cannot be removed,
//!   because a view uses the column, stays, and so does `citext`: a product that the table cannot
//!   hold is refused alone.
//! - Rows of the product table that have an id and a name become products and wait to be embedded.
//!   Other rows are counted and left as they are. Rows that the other program adds later are adopted
//!   by the next `akin migrate`.
//! - The row of a removed product is deleted, or stays without a version if another table refers to it.
//! - akin keeps writing the columns that it shares with the other program: `name`, `main_category`,
//!   `sub_category`, `image_url`, `ratings`, `discount_price`, `actual_price`, `created_date`,
//!   `modified_date`.
//! - The model of existing embeddings is unknown. They are kept, but not searched until akin has
//!   embedded their products.
//!
//! Settings are clap arguments. All missing and invalid ones are reported at once, before connecting:
//!
//! ```
//! use akin_postgres::Settings;
//! use clap::Parser;
//!
//! #[derive(Parser)]
//! struct Command {
//!     #[command(flatten)]
//!     postgres: Settings,
//! }
//!
//! let arguments = ["command", "--postgres-host", "db.example", "--postgres-user", ""];
//! let problems = Command::parse_from(arguments).postgres.problems();
//! assert!(problems.iter().any(|problem| problem.contains("POSTGRES_USER")));
//! ```

mod adoption;
mod counts;
mod database;
mod error;
mod halves;
mod index;
mod inspection;
mod migrations;
mod names;
mod queue;
mod runs;
mod settings;
mod store;
mod text;

pub use index::PostgresIndex;
pub use inspection::{DatabaseInspection, inspect};
pub use migrations::DatabaseMigration;
pub use queue::PostgresQueue;
pub use runs::PostgresRuns;
pub use settings::{Renewal, RenewedSettings, Settings, SslMode};
pub use store::PostgresStore;

use akin_ports::PortResult;
use database::Database;
use index::StatisticsCache;
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The maximum drift of the average lengths after [`PostgresEngine::optimize`].
const MAX_DRIFT: f64 = 0.005;

/// The time limit for vacuuming at the end of an ingestion; autovacuum does the rest.
const VACUUM_TIME_LIMIT: Duration = Duration::from_mins(10);

/// A database that holds a catalogue.
#[derive(Clone, Debug)]
pub struct PostgresEngine {
    database: Arc<Database>,
    statistics: Arc<StatisticsCache>,
}

impl PostgresEngine {
    /// Connects, and creates the tables if they are missing. A server that is not usable is an
    /// error within the settings' time limits.
    pub async fn open(settings: &Settings) -> PortResult<Self> {
        let names = validate(settings)?;
        let prepared = async {
            let mut connection = database::connect(settings).await?;
            if !migrations::is_current(&mut connection, &names).await? {
                let currency = settings.adopted_currency;
                migrations::migrate(&mut connection, &names, currency).await?;
            }
            Ok(connection.close().await?)
        };
        prepared.await.map_err(|failure: error::Failure| failure.into_port(&settings.server()))?;
        Ok(Self::with_names(settings, names))
    }

    /// Returns whether the database has a table of products, of any version or another program.
    /// Creates nothing.
    pub async fn exists(settings: &Settings) -> PortResult<bool> {
        let names = validate(settings)?;
        let checked = async {
            let mut connection = database::connect(settings).await?;
            let exists = migrations::has_products(&mut connection, &names).await?;
            connection.close().await?;
            Ok(exists)
        };
        checked.await.map_err(|failure: error::Failure| failure.into_port(&settings.server()))
    }

    /// Connects to a database that has this version's tables, and creates nothing.
    pub async fn open_existing(settings: &Settings) -> PortResult<Self> {
        let names = validate(settings)?;
        let checked = async {
            let mut connection = database::connect(settings).await?;
            let is_current = migrations::is_current(&mut connection, &names).await?;
            connection.close().await?;
            Ok(is_current)
        };
        let server = settings.server();
        if !checked.await.map_err(|failure: error::Failure| failure.into_port(&server))? {
            return Err(error::settings(format!(
                "{server} has no catalogue of this version: run `akin migrate` or `akin ingest`"
            )));
        }
        Ok(Self::with_names(settings, names))
    }

    fn with_names(settings: &Settings, names: names::Names) -> Self {
        let database = Arc::new(Database::new(settings.clone(), names));
        Self { database, statistics: Arc::default() }
    }

    /// Returns the store of products and their outbox.
    pub fn store(&self) -> PostgresStore {
        PostgresStore { database: Arc::clone(&self.database) }
    }

    /// Returns the queue of changes, which leases each message for `lease`.
    pub fn queue(&self, lease: Duration) -> PostgresQueue {
        PostgresQueue { database: Arc::clone(&self.database), lease }
    }

    /// Returns the log of the latest ingestions.
    pub fn runs(&self) -> PostgresRuns {
        PostgresRuns { database: Arc::clone(&self.database) }
    }

    /// Updates term scores and vacuums the tables if this engine wrote to the index: call it at the
    /// end of an ingestion. It is optional: results are complete without it, and autovacuum has
    /// nearly the same effect. That the tables could not be vacuumed in time is only logged.
    pub async fn optimize(&self) -> PortResult<()> {
        if !self.statistics.has_written() {
            return Ok(());
        }
        self.index().rescore_terms(MAX_DRIFT).await?;
        let settings = &self.database.settings;
        let vacuumed = async {
            let mut connection = database::connect(settings).await?;
            let limit = format!("SET statement_timeout = {}", VACUUM_TIME_LIMIT.as_millis());
            connection.execute(AssertSqlSafe(limit)).await?;
            for table in ["{entries}", "{texts}", "{postings}", "{terms}", "{products}"] {
                let vacuum =
                    self.database.names.fill(&format!("VACUUM (ANALYZE, SKIP_LOCKED) {table}"));
                connection.execute(AssertSqlSafe(vacuum)).await?;
            }
            Ok(connection.close().await?)
        };
        let vacuumed = timeout(VACUUM_TIME_LIMIT, vacuumed).await;
        if let Err(failure) = vacuumed.unwrap_or(Err(error::Failure::Slow(VACUUM_TIME_LIMIT))) {
            let reason = failure.describe();
            tracing::warn!(reason, "the tables were not vacuumed: autovacuum will, later");
        }
        Ok(())
    }

    /// Returns the index of products.
    pub fn index(&self) -> PostgresIndex {
        let (database, statistics) = (Arc::clone(&self.database), Arc::clone(&self.statistics));
        PostgresIndex { database, statistics }
    }
}

/// Creates or updates the tables for this version, and adopts rows that another program wrote.
/// Idempotent, also if two processes run it at once.
pub async fn migrate(settings: &Settings) -> PortResult<DatabaseMigration> {
    let names = validate(settings)?;
    let migrated = async {
        let mut connection = database::connect(settings).await?;
        let migrated =
            migrations::migrate(&mut connection, &names, settings.adopted_currency).await?;
        connection.close().await?;
        Ok(migrated)
    };
    migrated.await.map_err(|failure: error::Failure| failure.into_port(&settings.server()))
}

fn validate(settings: &Settings) -> PortResult<names::Names> {
    let problems = settings.problems();
    if !problems.is_empty() {
        return Err(error::settings(problems.join("; ")));
    }
    settings.names().map_err(error::settings)
}
