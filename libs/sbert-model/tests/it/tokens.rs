//! Compares every model's tokens with those of the tokenizers of transformers.
//!
//! `libs/sbert-fixtures/make_fixtures.py` generates the texts and the expected tokens.

use crate::support::read;
use sbert_fixtures::{ModelCopy, folder, names};
use sbert_model::Tokenizer;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

#[derive(Deserialize)]
struct Expected {
    text: String,
    ids: Vec<u32>,
}

fn expected(path: &Path) -> Vec<Expected> {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn tokens_equal_those_of_transformers() {
    for name in names() {
        let folder = folder(&name);
        let model = read(&folder).unwrap();
        let deserialized = Tokenizer::from_bytes(&model.tokenizer.to_bytes()).unwrap();
        let adapted = Tokenizer::from_json(model.tokenizer_json().to_owned(), model.max_tokens);
        for tokenizer in [&model.tokenizer, &deserialized, &adapted.unwrap()] {
            for Expected { text, ids } in expected(&folder.join("expected.json")) {
                assert_eq!(tokenizer.encode(&text).ids, ids, "{name}: {text:?}");
            }
        }
    }
}

#[test]
fn tokens_of_unusual_lines_equal_those_of_transformers() {
    let mut lines = 0;
    for name in names() {
        let path = folder(&name).join("strange.json");
        if !path.exists() {
            continue;
        }
        let model = read(&folder(&name)).unwrap();
        for Expected { text, ids } in expected(&path) {
            assert_eq!(model.tokenizer.encode(&text).ids, ids, "{name}: {text:?}");
            lines += 1;
        }
    }
    assert_eq!(lines, 720, "six models have unusual lines");
}

#[test]
fn the_exported_file_truncates_at_the_models_length_and_does_not_pad() {
    for name in names() {
        let model = read(&folder(&name)).unwrap();
        let theirs: tokenizers::Tokenizer = model.tokenizer_json().parse().unwrap();
        for Expected { text, ids } in expected(&folder(&name).join("expected.json")) {
            assert_eq!(theirs.encode(text, true).unwrap().get_ids(), ids, "{name}");
        }
        let file: Value = serde_json::from_str(model.tokenizer_json()).unwrap();
        assert_eq!(file["truncation"]["max_length"], model.max_tokens, "{name}");
        assert_eq!(file["padding"], Value::Null, "{name}");
    }
}

#[test]
fn texts_are_lowercased_if_the_folder_asks_for_it_and_the_tokenizer_does_not() {
    let settings = "sentence_bert_config.json";
    let folder = ModelCopy::new("bge");
    let plain = read(folder.root()).unwrap();
    let lower = read(folder.set(settings, "do_lower_case", json!(true)).root()).unwrap();
    assert!(matches!(lower.tokenizer, Tokenizer::WordPiece(_)), "it already lowercases");
    assert_eq!(lower.tokenizer.encode("PHONE"), plain.tokenizer.encode("phone"));
    let folder = ModelCopy::new("xlm-roberta");
    let plain = read(folder.root()).unwrap();
    let lower = read(folder.set(settings, "do_lower_case", json!(true)).root()).unwrap();
    assert_ne!(plain.tokenizer.encode("PHONE"), plain.tokenizer.encode("phone"));
    assert_eq!(lower.tokenizer.encode("PHONE"), plain.tokenizer.encode("phone"));
}
