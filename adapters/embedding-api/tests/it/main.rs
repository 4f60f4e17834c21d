//! The embedder against a real embedding server, and against answers that no real server should give.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod failures;
mod real_server;
mod support;
