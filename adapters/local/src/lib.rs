//! Stores products, their embeddings and pending work in one folder of one machine.
//!
//! `akin.db` (SQLite) is the source of truth. The search files are derived from it and can be
//! deleted at any time. Several processes can use one folder at once: any number read, and one at a
//! time writes.
//!
//! Writes survive the death of the process at any moment. If the machine dies, its last
//! transactions may be missing, each completely, but nothing is damaged: the next ingestion writes
//! them again.
//!
//! ```
//! use akin_local::{LocalEngine, LocalOptions};
//! use akin_ports::ProductStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let engine = LocalEngine::open(folder.path(), LocalOptions::default())?;
//! assert!(engine.store().fetch(&[]).await?.is_empty());
//! assert!(folder.path().join("akin.db").exists());
//! # Ok(())
//! # }
//! ```

mod apply;
mod archive;
mod base_folder;
mod columns;
mod copy;
mod database_state;
mod derived_index;
mod entries;
mod entry_writer;
mod error;
mod file_state;
mod index;
mod indexes;
mod letters;
mod maintenance;
mod matches;
mod messages;
mod open;
mod permissions;
mod pool;
mod quarantine;
mod queue;
mod relay_lock;
mod removal;
mod rows;
mod run_log;
mod runs;
mod schema;
mod settings;
mod snapshot;
mod store;
mod versions;

pub use archive::LocalArchive;
pub use index::LocalIndex;
pub use queue::LocalQueue;
pub use run_log::LocalRuns;
pub use settings::Settings;
pub use store::LocalStore;

use akin_entities::Timestamp;
use akin_ports::PortResult;
use derived_index::DerivedIndex;
use pool::Database;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Returns the time of this machine.
fn machine_clock() -> Timestamp {
    Timestamp(queue::now())
}

/// The name of the database file.
const DATABASE: &str = "akin.db";

/// The folder of the search files.
const SEARCH_FILES: &str = "index";

/// A folder that holds a catalogue.
#[derive(Debug)]
pub struct LocalEngine {
    database: Arc<Database>,
    derived: Arc<DerivedIndex>,
}

/// Options for opening a folder.
#[derive(Clone, Copy, Debug)]
pub struct LocalOptions {
    /// The time that a writer waits for another process that writes.
    pub busy_timeout: Duration,
    /// The number of changes held in memory before the search files are rebuilt; a tenth of the
    /// products, if that is more.
    pub held_changes: usize,
    /// The clock of the runs.
    pub clock: fn() -> Timestamp,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10), held_changes: 1_000, clock: machine_clock }
    }
}

impl LocalEngine {
    /// Opens the catalogue in `folder`, or creates it. A damaged database, one of another program
    /// and one of a newer akin are errors. A read-only folder can be read.
    pub fn open(folder: &Path, options: LocalOptions) -> PortResult<Self> {
        let database = Arc::new(Database::open(folder.join(DATABASE), options)?);
        let files = folder.join(SEARCH_FILES);
        let derived = DerivedIndex::new(Arc::clone(&database), files, options.held_changes);
        let derived = Arc::new(derived);
        Ok(Self { database, derived })
    }

    /// Returns whether `folder` holds a catalogue. One that this user may not look into is taken to
    /// hold one, so that opening it reports why it cannot be read.
    pub fn exists(folder: &Path) -> bool {
        match folder.join(DATABASE).metadata() {
            Ok(metadata) => metadata.is_file(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }

    /// Returns the store of products and their outbox.
    pub fn store(&self) -> LocalStore {
        LocalStore { database: Arc::clone(&self.database) }
    }

    /// Returns the queue of changes, which leases each message for `lease`.
    pub fn queue(&self, lease: Duration) -> LocalQueue {
        LocalQueue { database: Arc::clone(&self.database), lease }
    }

    /// Returns the log of the latest ingestions.
    pub fn runs(&self) -> LocalRuns {
        LocalRuns { database: Arc::clone(&self.database) }
    }

    /// Returns the index of products.
    pub fn index(&self) -> LocalIndex {
        let (database, derived) = (Arc::clone(&self.database), Arc::clone(&self.derived));
        LocalIndex { database, derived }
    }

    /// Updates the search files, so that the next process opens fast: call it at the end of an
    /// ingestion. It is optional: nothing is lost without it.
    pub async fn optimize(&self) -> PortResult<()> {
        let derived = Arc::clone(&self.derived);
        pool::blocking(move || derived.optimize()).await
    }

    /// Checks the integrity of the whole database. Takes seconds for a large one.
    pub async fn check(&self) -> PortResult<()> {
        let database = Arc::clone(&self.database);
        pool::blocking(move || database.check()).await
    }
}
