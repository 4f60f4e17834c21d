//! Exported models, against independent readers of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod export;
mod onnx_runtime;
mod support;
mod tokenizer;
