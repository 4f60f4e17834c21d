//! Feeds as shops write them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod columns;
mod contract;
mod csv;
mod formats;
mod json;
mod parquet;
mod properties;
mod reading;
mod support;
mod xml;
