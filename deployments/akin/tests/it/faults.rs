//! Random faults: an ingestion and two workers are killed, stopped, disconnected and given full disks
//! while the feeds change. Then feeds, store and index are compared product by product.
//!
//! `AKIN_FAULTS` sets the number of faults, `AKIN_FAULTS_SEED` the seed that selects them. Their exact
//! timing depends on the machine.
#![cfg(unix)]
#![allow(clippy::print_stderr, reason = "prints the seed, and the progress of a run of hours")]

pub(crate) mod catalogue;
mod comparison;
pub(crate) mod contents;
pub(crate) mod environment;
mod injector;
mod process;
mod reader;

use environment::Environment;
use injector::FaultInjector;

#[tokio::test]
#[ignore = "needs the model: make model"]
async fn no_product_is_lost_stale_or_duplicated_in_a_folder() {
    FaultInjector::new(Environment::local()).run().await;
}

#[tokio::test]
#[ignore = "needs the model, Postgres and OpenSearch: make test"]
async fn no_product_is_lost_stale_or_duplicated_in_postgres_and_opensearch() {
    FaultInjector::new(Environment::servers()).run().await;
}
