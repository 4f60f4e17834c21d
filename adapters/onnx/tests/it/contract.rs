//! The ONNX embedder fulfills the contract of an embedder, with a small model and with the exported
//! default model.

use crate::support::{Folder, Graph};
use akin_contracts::Subject;
use akin_onnx::{OnnxEmbedder, OnnxModelFiles};
use akin_ports::Embedder;
use std::env;
use std::num::NonZeroUsize;
use std::path::PathBuf;

mod tokens {
    akin_contracts::embedder_contract!(super::tokens);
}

mod fp32 {
    akin_contracts::embedder_contract!(super::fp32, ignore = "needs the model: make model");
}

mod int8 {
    akin_contracts::embedder_contract!(super::int8, ignore = "needs the model: make model");
}

async fn fp32() -> Subject<dyn Embedder> {
    exported("fp32")
}

async fn int8() -> Subject<dyn Embedder> {
    exported("int8")
}

/// Opens the default model, which `make model` exports to the models folder.
fn exported(precision: &str) -> Subject<dyn Embedder> {
    let variable =
        |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let models = variable("AKIN_MODELS").or_else(|| Some(cache()?.join("akin/models"))).unwrap();
    let path = models.join("all-MiniLM-L6-v2/onnx").join(format!("{precision}.onnx"));
    let files = OnnxModelFiles::at(&path, None).expect("the model");
    Subject::embedder(OnnxEmbedder::open(&files, NonZeroUsize::new(2).unwrap()).unwrap())
}

async fn tokens() -> Subject<dyn Embedder> {
    let folder = Folder::with(&Graph { metadata: vec![("max_length", "64")], ..Graph::default() });
    let threads = NonZeroUsize::new(2).unwrap();
    Subject::embedder(OnnxEmbedder::open(&folder.files(), threads).unwrap()).keeping(folder.0)
}
