//! Faults at random: an ingestion and two workers are killed, stopped, cut off and given full disks
//! while the feeds change; then feeds, store and index are compared product by product.
//!
//! `AKIN_FAULTS` says how many faults are injected, `AKIN_FAULTS_SEED` which ones. The same seed
//! chooses the same ones; when exactly they fall is up to the machine.
#![cfg(unix)]
#![allow(clippy::print_stderr, reason = "the seed, and how far a run of hours is")]

mod catalogue;
mod crew;
mod holdings;
mod run;
mod spoiled;
mod stage;

use run::Run;
use stage::Stage;

#[tokio::test]
#[ignore = "needs the model: make model"]
async fn nothing_is_lost_stale_or_twice_in_a_folder() {
    Run::over(Stage::local()).inject_all().await;
}

#[tokio::test]
#[ignore = "needs the model, Postgres and OpenSearch: make test"]
async fn nothing_is_lost_stale_or_twice_in_postgres_and_opensearch() {
    Run::over(Stage::servers()).inject_all().await;
}
