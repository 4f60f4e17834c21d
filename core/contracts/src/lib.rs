//! What every adapter of a port must do, whatever is behind it: one suite per port.
//!
//! An adapter's `tests/contract.rs` names a function that returns a fresh, empty adapter as a
//! [`Subject`], and a macro makes a test of each rule:
//!
//! ```text
//! akin_contracts::product_store_contract!(fresh);
//! akin_contracts::product_index_contract!(fresh_index, ignore = "needs OpenSearch");
//!
//! async fn fresh() -> akin_contracts::Subject<dyn akin_ports::ProductStore> {
//!     akin_contracts::Subject::store(akin_memory::MemoryStore::default())
//! }
//! ```
//!
//! A rule is a function whose name is the sentence that it holds an adapter to. Nothing in them
//! assumes an embedded engine: what was written is looked for after [`Subject::refresh`], and a
//! suite over the wire may run with fewer products.
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

/// Runs `rule` to its end, on threads of its own.
pub fn run(rule: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(4).enable_all().build().unwrap().block_on(rule);
}

/// One test for each rule of a suite, which is given `$subject`; the attributes go to each.
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
