//! The embedder over exported ONNX models.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod damage;
mod exports;
mod models;
mod support;
