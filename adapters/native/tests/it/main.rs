//! The embedder that executes a model in this process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod embedder;
mod model_script;
