//! The embedder against a real embedding server at the path of `SageMaker`'s API, and against endpoints that
//! fail.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod endpoints;
mod support;
