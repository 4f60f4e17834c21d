//! The contract suites: one per port, run against every adapter.
//!
//! An adapter's `tests/contract.rs` names a function that returns a fresh, empty adapter as a
//! [`Subject`], and a macro makes a test of each rule:
//!
//! ```text
//! akin_contracts::product_store_contract!(fresh);
//! akin_contracts::product_index_contract!(fresh_index, ignore = "needs OpenSearch");
//!
//! async fn fresh() -> akin_contracts::Subject<dyn akin_ports::ProductStore> {
//!     let store = akin_memory::MemoryStore::default();
//!     let runs = store.runs();
//!     akin_contracts::Subject::store(store, runs)
//! }
//! ```
//!
//! A rule is a function whose name states what every adapter must do. No rule assumes an embedded engine:
//! writes are looked for after [`Subject::refresh`], and a suite over a network may use fewer products.
//! A queue without some of the [`QueueCapabilities`](akin_ports::QueueCapabilities) runs every rule too,
//! which then asserts what the port documents instead.
//!
//! The suites bring their own data, such as ids that are easily mistaken for another or for an
//! instruction:
//!
//! ```
//! use akin_contracts::sample::unusual_ids;
//! use std::collections::HashSet;
//!
//! let ids = unusual_ids();
//! assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
//! ```

#![expect(clippy::unwrap_used, reason = "a rule panics where a port fails")]

pub mod backup_storage;
pub mod embedder;
pub mod feed;
pub mod feed_source;
pub mod index;
pub mod queue;
pub mod runs;
pub mod sample;
pub mod store;
mod subject;

pub use subject::Subject;

/// Runs `rule` to completion, on threads of its own.
pub fn run(rule: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(4).enable_all().build().unwrap().block_on(rule);
}

/// Makes a test of each rule of a suite, which is passed `$subject`. The attributes go to each test.
#[doc(hidden)]
#[macro_export]
macro_rules! rules {
    ($suite:ident, $subject:tt, $attributes:tt, $($rule:ident),+ $(,)?) => {
        $($crate::rules!(@test $suite, $subject, $attributes, $rule);)+
    };
    (@test $suite:ident, $subject:tt, [$($attribute:meta),*], $rule:ident) => {
        #[test]
        $(#[$attribute])*
        fn $rule() {
            $crate::run(async { $crate::$suite::$rule(&$subject).await });
        }
    };
}
