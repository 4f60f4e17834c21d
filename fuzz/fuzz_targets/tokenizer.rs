//! Text to tokenize, by akin's WordPiece tokenizer and by the library for all other kinds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sbert_model::SentenceModel;
use std::path::Path;
use std::sync::LazyLock;

static MODELS: LazyLock<Vec<SentenceModel>> = LazyLock::new(|| {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../libs/sbert-fixtures/models");
    let open = |name| SentenceModel::open(&fixtures.join(name)).expect("a model");
    ["thin", "mpnet", "roberta", "xlm-roberta"].map(open).into()
});

fuzz_target!(|text: &str| {
    for model in &*MODELS {
        let encoding = model.tokenizer.encode(text);
        assert!((1..=model.max_tokens).contains(&encoding.ids.len()));
        assert!(encoding.ids.iter().all(|id| (*id as usize) < model.config.vocabulary));
    }
});
