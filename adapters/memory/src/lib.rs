//! Test doubles of every port, in memory.
//!
//! They pass the contract suites of the ports (`tests/contract.rs`), and are exact where an engine may
//! be approximate. [`Faults`] makes them fail as real services do: at any step, before an effect or
//! after it, for a while or for a single product.
//!
//! ```
//! use akin_memory::{Faults, MemoryStore};
//! use akin_ports::{ErrorKind, ProductStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let faults = Faults::default();
//! let store = MemoryStore::with_faults(faults.clone());
//! faults.break_after(0, ErrorKind::Unavailable);
//! assert!(store.fetch(&[]).await.is_err());
//! faults.clear();
//! assert!(store.fetch(&[]).await.is_ok());
//! # }
//! ```

mod backup;
mod embedder;
mod faults;
mod feed;
mod index;
mod matches;
mod queue;
mod queue_state;
mod runs;
mod store;
mod store_state;
mod words;

pub use backup::{MemoryArchive, MemoryBackup};
pub use embedder::MemoryEmbedder;
pub use faults::Faults;
pub use feed::MemoryFeed;
pub use index::MemoryIndex;
pub use queue::MemoryQueue;
pub use runs::MemoryRuns;
pub use store::MemoryStore;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The name of these adapters in errors.
const SYSTEM: &str = "memory";

/// Locks `mutex`. A test that panics elsewhere has failed already, so poison is ignored.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
