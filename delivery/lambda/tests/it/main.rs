//! The functions over the doubles of the ports.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod embed;
mod ingest;
mod shop;
