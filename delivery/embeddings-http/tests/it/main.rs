//! The routes of the embedding server, with the double of an embedder.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod invocations;
mod limits;
mod openai;
mod operations;
mod support;
mod tei;
