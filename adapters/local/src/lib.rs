//! Products, their embeddings and all that waits to be done, in one folder of one machine.
//!
//! `akin.db` (SQLite) is the one truth. What searches is derived from it and can be deleted at
//! any time. Several processes may use one folder at once: any number read, one at a time writes.
//!
//! What was written stays written when the process dies at any moment. When the machine dies, the
//! last writes before it may be missing, whole transactions of them, and nothing is damaged: the
//! next ingestion finds them to be new and writes them again.
//!
//! ```
//! use akin_local::{LocalEngine, Options};
//! use akin_ports::ProductStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let engine = LocalEngine::open(folder.path(), Options::default())?;
//! assert!(engine.store().fetch(&[]).await?.is_empty());
//! assert!(folder.path().join("akin.db").exists());
//! # Ok(())
//! # }
//! ```

mod apply;
mod copy;
mod derived;
mod entries;
mod entry_writer;
mod error;
mod index;
mod letters;
mod messages;
mod open;
mod pool;
mod quarantine;
mod queue;
mod removal;
mod rows;
mod run_log;
mod runs;
mod schema;
mod settings;
mod snapshot;
mod standing;
mod store;

pub use index::LocalIndex;
pub use queue::LocalQueue;
pub use run_log::LocalRuns;
pub use settings::Settings;
pub use store::LocalStore;

use akin_ports::PortResult;
use derived::Derived;
use pool::Database;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The name of the database in its folder.
const DATABASE: &str = "akin.db";

/// The folder of what is derived from the database.
const SEARCH_FILES: &str = "index";

/// A folder that holds a catalogue.
#[derive(Debug)]
pub struct LocalEngine {
    database: Arc<Database>,
    derived: Arc<Derived>,
}

/// How a folder is used.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a writer waits for another process that writes before it gives up.
    pub busy_timeout: Duration,
    /// How many changes are held in memory before the search files are built anew; a tenth of the
    /// products, if that is more.
    pub held_changes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10), held_changes: 1_000 }
    }
}

impl LocalEngine {
    /// Opens the catalogue in `folder`, or begins one. Refuses a damaged or foreign database, and
    /// one of a newer akin. A read-only folder can be read.
    pub fn open(folder: &Path, options: Options) -> PortResult<Self> {
        let database = Arc::new(Database::open(folder.join(DATABASE), options)?);
        let files = folder.join(SEARCH_FILES);
        let derived = Derived::new(Arc::clone(&database), files, options.held_changes);
        let derived = Arc::new(derived);
        Ok(Self { database, derived })
    }

    /// Returns true if `folder` holds a catalogue.
    pub fn exists(folder: &Path) -> bool {
        folder.join(DATABASE).is_file()
    }

    /// The products, and what is still to be done about them.
    pub fn store(&self) -> LocalStore {
        LocalStore { database: Arc::clone(&self.database) }
    }

    /// The changes on their way to the workers, which hold each for `lease`.
    pub fn queue(&self, lease: Duration) -> LocalQueue {
        LocalQueue { database: Arc::clone(&self.database), lease }
    }

    /// The last ingestions.
    pub fn runs(&self) -> LocalRuns {
        LocalRuns { database: Arc::clone(&self.database) }
    }

    /// Finds the products.
    pub fn index(&self) -> LocalIndex {
        let (database, derived) = (Arc::clone(&self.database), Arc::clone(&self.derived));
        LocalIndex { database, derived }
    }

    /// Brings the search files up to date, so that the next process opens fast: for the end of an
    /// ingestion. Without it nothing is lost, and little is read twice.
    pub async fn optimize(&self) -> PortResult<()> {
        let derived = Arc::clone(&self.derived);
        pool::blocking(move || derived.optimize()).await
    }

    /// Reads all of the database and says whether it is sound; takes seconds for a large one.
    pub async fn check(&self) -> PortResult<()> {
        let database = Arc::clone(&self.database);
        pool::blocking(move || database.check()).await
    }
}
