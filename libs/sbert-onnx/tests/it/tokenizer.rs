//! The tokenizer's files of an exported model.

use crate::support::{fixture, minilm};
use sbert_fixtures::{copy, file_names, folders};
use sbert_model::{SentenceModel, Tokenizer};
use sbert_onnx::{Export, Target, export};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Exports a folder and reads the tokenizer's files.
fn exported(folder: &Path) -> (SentenceModel, String, Value) {
    let scratch = tempfile::tempdir().unwrap();
    let model = SentenceModel::open(folder).unwrap();
    let target = Target::beside(scratch.path().join("model.onnx"));
    let kept = export(&model, &Export::default(), &target, &mut |_| ()).unwrap().keep().unwrap();
    let texts: Vec<_> =
        kept.tokenizer.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let [tokenizer, config] = &*texts else { panic!("two files were written") };
    (model, tokenizer.clone(), serde_json::from_str(config).unwrap())
}

#[test]
fn the_exported_tokenizer_produces_the_tokens_of_the_original() {
    for folder in folders() {
        let fixture = fixture(&folder);
        let (model, json, _) = exported(&folder);
        let tokenizer = Tokenizer::from_json(json, model.max_tokens).unwrap();
        for expected in &fixture.expected {
            let (found, original) =
                (tokenizer.encode(&expected.text), model.tokenizer.encode(&expected.text));
            assert_eq!(found, original, "{} {:?}", fixture.name, expected.text);
        }
    }
}

#[test]
fn texts_are_truncated_at_the_models_limit_and_padded_to_the_longest_of_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    copy(&sbert_fixtures::folder("bge"), folder.path());
    let path = folder.path().join("tokenizer.json");
    let mut file: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    file["truncation"] = json!({"max_length": 128, "strategy": "LongestFirst", "stride": 0});
    file["padding"] = json!({"strategy": {"Fixed": 128}, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"});
    fs::write(&path, file.to_string()).unwrap();
    let (model, json, config) = exported(folder.path());
    let file: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(file["truncation"]["max_length"], model.max_tokens);
    assert_eq!(file["padding"]["strategy"], "BatchLongest");
    assert_eq!(
        (&file["padding"]["pad_id"], &file["padding"]["pad_token"]),
        (&json!(0), &json!("[PAD]"))
    );
    assert_eq!(config["model_max_length"], model.max_tokens);
    assert_eq!(config["pad_token"], "[PAD]", "the rest is unchanged");
}

#[test]
fn nothing_is_padded_without_a_padding_token() {
    let folder = tempfile::tempdir().unwrap();
    copy(&sbert_fixtures::folder("bge"), folder.path());
    fs::remove_file(folder.path().join("tokenizer_config.json")).unwrap();
    let (model, json, config) = exported(folder.path());
    let file: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(file["padding"], Value::Null);
    assert_eq!(config["model_max_length"], model.max_tokens);
    assert_eq!(config["tokenizer_class"], "PreTrainedTokenizerFast");
}

#[test]
fn a_tokenizer_path_that_ends_in_json_is_a_file() {
    let scratch = tempfile::tempdir().unwrap();
    let model = SentenceModel::open(&sbert_fixtures::folder("e5")).unwrap();
    let target = Target {
        model: scratch.path().join("model.onnx"),
        tokenizer: scratch.path().join("words.json"),
    };
    let kept = export(&model, &Export::default(), &target, &mut |_| ()).unwrap().keep().unwrap();
    assert_eq!(kept.tokenizer, [target.tokenizer]);
    assert_eq!(file_names(scratch.path()), ["model.onnx", "words.json"]);
}

#[test]
#[ignore = "needs the model: make model"]
fn the_published_file_no_longer_truncates_at_128_tokens() {
    let (model, json, config) = exported(&minilm());
    let file: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((model.max_tokens, &file["truncation"]["max_length"]), (256, &json!(256)));
    assert_eq!(file["padding"]["strategy"], "BatchLongest");
    assert_eq!(config["model_max_length"], 256);
}
