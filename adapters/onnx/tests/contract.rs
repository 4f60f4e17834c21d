//! ONNX models keep the contract of an embedder: small ones, and the real one as akin exports it.

#![allow(clippy::unwrap_used, reason = "these are tests, also outside their functions")]

mod support;

use contracts::Subject;
use onnx::OnnxEmbedder;
use ports::Embedder;
use std::num::NonZeroUsize;
use support::{Folder, Graph};

mod tokens {
    contracts::embedder_contract!(super::tokens);
}

async fn tokens() -> Subject<dyn Embedder> {
    let folder = Folder::with(&Graph { metadata: vec![("max_length", "64")], ..Graph::default() });
    let threads = NonZeroUsize::new(2).unwrap();
    Subject::embedder(OnnxEmbedder::open(&folder.files(), threads).unwrap()).keeping(folder.0)
}
