//! Tests exported models with independent readers.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod export;
mod onnx_runtime;
mod support;
mod tokenizer;
