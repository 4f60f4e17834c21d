//! Tests reading Sentence-Transformers folders.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod architectures;
mod damage;
mod folder;
mod support;
mod tokenizer;
mod tokens;
