//! The ports: what the use cases need from the outside world.
//!
//! Every port takes a batch. An answer about many products is keyed by product, so that no adapter can
//! attribute one product's answer to another. Only [`Embedder::embed`] answers in the order of its
//! texts, which have no ids.
//!
//! An adapter maps the errors of its technology to [`PortError`] in one place. Callers read the
//! kind, operators the report:
//!
//! ```
//! use akin_ports::{ErrorKind, PortError};
//!
//! let error = PortError::new("postgres", ErrorKind::Unavailable, "connection refused");
//! assert!(error.is_retryable());
//! assert_eq!(error.report(), "postgres is unavailable: connection refused");
//! ```

mod backup;
mod dead_letters;
mod embedder;
mod error;
mod feed;
mod feed_record;
mod feed_row;
mod index;
mod matches;
mod queue;
mod registered_index;
mod runs;
mod store;
mod tokenizer;

pub use backup::{
    BACKUP_CHECKSUM, BACKUP_FILE, BackupStorage, CatalogueArchive, CatalogueCopy, Checksum,
    InvalidChecksum,
};
pub use dead_letters::{DeadLetter, DeadLetterCursor, DeadLetterPage, DeadLetters};
pub use embedder::{EmbeddedBatch, Embedder, text_batches};
pub use error::{ErrorKind, PortError, with_causes};
pub use feed::{ColumnFilter, FeedProgress, FeedSource, FeedToken, OpenedFeed, ProductFeed};
pub use feed_record::{
    FeedBatch, FeedLayout, FeedList, FeedObject, FeedRecord, FeedRecordValue, FeedValue,
    UnreadableRecord, UnreadableValue,
};
pub use feed_row::{FeedItem, FeedRow, RefusedRow};
pub use index::{
    AnalysisMismatch, Candidate, CandidateQuery, EntryEmbedding, IndexEntry, IndexedState,
    ModelMismatch, ProductIndex, QueryVector, ensure_same_model,
};
pub use matches::{
    FacetCounts, FacetQuery, MAX_DEPTH, MatchOrder, MatchPage, MatchQuery, Matches, Matching,
    NearRule, NumberCounts, Relation,
};
pub use queue::{
    ChangeQueue, Delivery, ISOLATE_AFTER, MAX_ATTEMPTS, QueueCapabilities, QueueCounts,
    RELEASE_DELAY, Receipt, UNSETTLED, retry_delay,
};
pub use registered_index::{
    IndexContent, IndexDebt, IndexIdentity, NewIndex, RegisteredIndex, StoreHistory,
};
pub use runs::{
    MAX_RUNS, NewRun, RUN_LEASE, Run, RunCounts, RunEnd, RunHolder, RunLog, RunOutcome,
    RunOvertaken, RunStart, lease_is_valid,
};
pub use store::{
    Applied, EXACT_COUNTS, OutboxEntry, ProductStore, QuarantinedRow, RelayedPage, RemovedProduct,
    SendChanges, SentChanges, StoreCounts, relay_page,
};
pub use tokenizer::{TokenizedText, Tokenizer};

use akin_entities::ProductId;
use std::collections::HashMap;

/// The result of a call to a port.
pub type PortResult<T> = Result<T, PortError>;

/// The products of a batch that failed, and why; all others succeeded.
pub type Failures = HashMap<ProductId, PortError>;
