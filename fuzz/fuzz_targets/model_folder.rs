//! A model folder in which one file, selected by the first byte, has other content.
#![no_main]

use akin_fuzz::model::Folder;
use libfuzzer_sys::fuzz_target;
use sbert_cpu::{Encoder, Precision};
use sbert_model::SentenceModel;
use std::sync::LazyLock;

static FOLDER: LazyLock<Folder> = LazyLock::new(Folder::new);

fuzz_target!(init: akin_fuzz::let_panics_be_caught(), |bytes: &[u8]| {
    let Some((which, content)) = bytes.split_first() else { return };
    FOLDER.with(usize::from(*which), content, |folder| {
        let Ok(model) = SentenceModel::open(folder) else { return };
        model.dimension();
        if let Ok(encoder) = Encoder::from_model(&model, Precision::Int8) {
            let embedded = encoder.embed(&["a tripod"], 1);
            assert_eq!(embedded.vectors.len(), encoder.dimension());
        }
    });
});
