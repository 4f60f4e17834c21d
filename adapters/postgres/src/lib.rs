//! Products, their embeddings and all that waits to be done, in Postgres with pgvector.
//!
//! Two tables are settings, and akin's own stand beside them, named after them. Another program's
//! tables are adopted: give their names in `POSTGRES_RAW_PRODUCT_TABLE_NAME` and
//! `POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME`, say in `POSTGRES_ADOPTED_CURRENCY` what their prices are
//! in, and run `akin migrate`.
//!
//! - Both need a column `product_id` of a text type; it is made unique if it is not. All other columns
//!   may be missing. What akin lacks is added, as columns that begin with `akin_` and as tables; nothing
//!   is taken away but `NOT NULL` where akin would not know what to write.
//! - Rows of the product table that have an id and a name become products and wait to be embedded. Those
//!   that have none are counted and left as they are. A row that another program adds later is adopted
//!   by the next `akin migrate`.
//! - akin keeps writing the columns that it shares with the other program: `name`, `main_category`,
//!   `sub_category`, `image_url`, `ratings`, `discount_price`, `actual_price`, `created_date`,
//!   `modified_date`.
//! - Nobody knows which model made embeddings that are there. They are kept, but are not searched, until
//!   akin has embedded their products.
//!
//! Settings are clap arguments. All that is missing or wrong is reported at once, before anything
//! is connected to:
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
mod database;
mod error;
mod index;
mod migrations;
mod names;
mod queue;
mod runs;
mod settings;
mod store;
mod text;

pub use index::PostgresIndex;
pub use migrations::Migrated;
pub use queue::PostgresQueue;
pub use runs::PostgresRuns;
pub use settings::{Password, Settings, SslMode};
pub use store::PostgresStore;

use akin_ports::PortResult;
use database::Database;
use index::HeldStatistics;
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// So far the average lengths of texts may be from those by which words are weighed, once optimized.
const SETTLED: f64 = 0.005;

/// How long housekeeping may take at the end of an ingestion; the server's own does the rest.
const HOUSEKEEPING: Duration = Duration::from_mins(10);

/// A database that holds a catalogue.
#[derive(Clone, Debug)]
pub struct PostgresEngine {
    database: Arc<Database>,
    statistics: Arc<HeldStatistics>,
}

impl PostgresEngine {
    /// Connects, and makes the tables if they are not there; says within the settings' time what is
    /// wrong.
    pub async fn open(settings: &Settings) -> PortResult<Self> {
        let names = checked(settings)?;
        let prepared = async {
            let mut connection = database::connect(settings).await?;
            if !migrations::is_current(&mut connection, &names).await? {
                let currency = settings.adopted_currency;
                migrations::migrate(&mut connection, &names, currency).await?;
            }
            Ok(connection.close().await?)
        };
        prepared.await.map_err(|failure: error::Failure| failure.port(&settings.place()))?;
        Ok(Self::over(settings, names))
    }

    /// Connects to a database that has this version's tables, and creates nothing.
    pub async fn open_existing(settings: &Settings) -> PortResult<Self> {
        let names = checked(settings)?;
        let checked = async {
            let mut connection = database::connect(settings).await?;
            let is_current = migrations::is_current(&mut connection, &names).await?;
            connection.close().await?;
            Ok(is_current)
        };
        let place = settings.place();
        if !checked.await.map_err(|failure: error::Failure| failure.port(&place))? {
            return Err(error::settings(format!(
                "{place} has no catalogue of this version: run `akin migrate` or `akin ingest`"
            )));
        }
        Ok(Self::over(settings, names))
    }

    fn over(settings: &Settings, names: names::Names) -> Self {
        let database = Arc::new(Database::new(settings.clone(), names));
        Self { database, statistics: Arc::default() }
    }

    /// The products, and what is still to be done about them.
    pub fn store(&self) -> PostgresStore {
        PostgresStore { database: Arc::clone(&self.database) }
    }

    /// The changes on their way to the workers, which hold each for `lease`.
    pub fn queue(&self, lease: Duration) -> PostgresQueue {
        PostgresQueue { database: Arc::clone(&self.database), lease }
    }

    /// The last ingestions.
    pub fn runs(&self) -> PostgresRuns {
        PostgresRuns { database: Arc::clone(&self.database) }
    }

    /// Makes searches as good and as fast as they can be, if this engine wrote to the index: for the end
    /// of an ingestion. Without it nothing is lost, and the server's own housekeeping comes to nearly
    /// the same.
    pub async fn optimize(&self) -> PortResult<()> {
        if !self.statistics.has_written() {
            return Ok(());
        }
        self.index().reweigh(SETTLED).await?;
        let settings = &self.database.settings;
        let tidied = async {
            let mut connection = database::connect(settings).await?;
            let limit = format!("SET statement_timeout = {}", HOUSEKEEPING.as_millis());
            connection.execute(AssertSqlSafe(limit)).await?;
            for table in ["{entries}", "{texts}", "{postings}", "{terms}", "{products}"] {
                let vacuum =
                    self.database.names.fill(&format!("VACUUM (ANALYZE, SKIP_LOCKED) {table}"));
                connection.execute(AssertSqlSafe(vacuum)).await?;
            }
            Ok(connection.close().await?)
        };
        let tidied = timeout(HOUSEKEEPING, tidied).await;
        let tidied = tidied.unwrap_or(Err(error::Failure::Slow(HOUSEKEEPING)));
        tidied.map_err(|failure| failure.port(&settings.place()))
    }

    /// Finds the products.
    pub fn index(&self) -> PostgresIndex {
        let (database, statistics) = (Arc::clone(&self.database), Arc::clone(&self.statistics));
        PostgresIndex { database, statistics }
    }
}

/// Brings the database to this version's tables, and adopts rows that another program wrote. Harmless
/// when it is done twice, or by two processes at once.
pub async fn migrate(settings: &Settings) -> PortResult<Migrated> {
    let names = checked(settings)?;
    let migrated = async {
        let mut connection = database::connect(settings).await?;
        let migrated =
            migrations::migrate(&mut connection, &names, settings.adopted_currency).await?;
        connection.close().await?;
        Ok(migrated)
    };
    migrated.await.map_err(|failure: error::Failure| failure.port(&settings.place()))
}

fn checked(settings: &Settings) -> PortResult<names::Names> {
    let problems = settings.problems();
    if !problems.is_empty() {
        return Err(error::settings(problems.join("; ")));
    }
    settings.names().map_err(error::settings)
}
