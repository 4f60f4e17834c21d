//! Records of files in every format.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod formats;
mod parquet;
mod properties;
mod support;
