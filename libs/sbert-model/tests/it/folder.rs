//! Errors about invalid folders, and the settings of valid ones.

use crate::support::{Rejection, read};
use sbert_fixtures::ModelCopy;
use sbert_model::{PoolingMode, Tokenizer};
use std::fs;

#[test]
fn a_missing_tensor_is_named() {
    let name = "encoder.layer.1.output.dense.bias";
    ModelCopy::new("minilm-l6")
        .edit("model.safetensors", name, "encoder.layer.1.output.dense.bits")
        .is_rejected_with(&["model.safetensors", name, "missing"]);
}

#[test]
fn a_tensor_of_another_shape_is_named_with_both_shapes() {
    ModelCopy::new("minilm-l6")
        .edit("config.json", "\"intermediate_size\": 48", "\"intermediate_size\": 50")
        .is_rejected_with(&["encoder.layer.0.intermediate.dense.weight", "[48, 24]", "[50, 24]"]);
}

#[test]
fn a_truncated_weights_file_is_rejected() {
    let folder = ModelCopy::new("minilm-l6");
    let whole = fs::read(folder.path("model.safetensors")).unwrap();
    for length in [0, 4, 8, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(folder.path("model.safetensors"), &whole[..length]).unwrap();
        folder.is_rejected_with(&["model.safetensors", "not a complete safetensors file"]);
    }
}

#[test]
fn a_pickle_of_weights_is_rejected_with_a_remedy() {
    let folder = ModelCopy::new("minilm-l6");
    fs::rename(folder.path("model.safetensors"), folder.path("pytorch_model.bin")).unwrap();
    folder.is_rejected_with(&["pytorch_model.bin", "pickle", "save the model as safetensors"]);
}

#[test]
fn unsupported_architectures_and_features_are_named() {
    let bert = "\"model_type\": \"bert\"";
    let minilm = || ModelCopy::new("minilm-l6");
    minilm().edit("config.json", bert, "\"model_type\": \"t5\"").is_rejected_with(&[
        "config.json",
        "architecture \"t5\"",
        "bert",
    ]);
    minilm()
        .edit(
            "config.json",
            bert,
            &format!("{bert}, \"position_embedding_type\": \"relative_key\""),
        )
        .is_rejected_with(&["config.json", "relative_key"]);
    minilm()
        .edit("config.json", "\"gelu\"", "\"silu\"")
        .is_rejected_with(&["activation \"silu\"", "relu"]);
    minilm().edit("modules.json", "normalize.Normalize", "cnn.CNN").is_rejected_with(&[
        "modules.json",
        "cnn.CNN",
        "Dense",
    ]);
    minilm().edit("1_Pooling/config.json", "\"mean\"", "\"lasttoken\"").is_rejected_with(&[
        "1_Pooling",
        "lasttoken",
        "mean",
    ]);
    minilm().edit("1_Pooling/config.json", "\"mean\"", "[\"mean\", \"mean\"]").is_rejected_with(&[
        "1_Pooling",
        "mean+mean",
        "at most once",
    ]);
    ModelCopy::new("sqrt-dense")
        .edit("2_Dense/config.json", "Tanh", "SiLU")
        .is_rejected_with(&["2_Dense", "SiLU", "Tanh"]);
}

#[test]
fn inconsistent_sizes_are_named() {
    let minilm = || ModelCopy::new("minilm-l6");
    minilm()
        .edit("config.json", "\"num_attention_heads\": 2", "\"num_attention_heads\": 5")
        .is_rejected_with(&["hidden_size 24", "num_attention_heads 5"]);
    minilm()
        .edit("config.json", "\"hidden_size\": 24", "\"hidden_size\": 0")
        .is_rejected_with(&["hidden_size is 0"]);
    minilm()
        .edit("config.json", "\"vocab_size\": 127", "\"vocab_size\": 99999999999")
        .is_rejected_with(&["vocab_size is 99999999999"]);
    minilm().edit("config.json", "\"vocab_size\": 127", "\"vocab_size\": 126").is_rejected_with(&[
        "config.json",
        "vocab_size is 126",
        "127 tokens",
    ]);
    // A token that surrounds every text.
    let roberta = ModelCopy::new("roberta");
    let path = roberta.path("tokenizer.json");
    let mut file: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    file["post_processor"]["sep"][1] = 1_000_000.into();
    fs::write(path, file.to_string()).unwrap();
    roberta.is_rejected_with(&["config.json", "1000001 tokens"]);
    ModelCopy::new("sqrt-dense")
        .edit("2_Dense/config.json", "\"in_features\": 36", "\"in_features\": 35")
        .is_rejected_with(&["linear.weight", "[10, 36]", "[10, 35]"]);
    ModelCopy::new("concatenated")
        .edit("1_Pooling/config.json", "\"cls\",", "")
        .is_rejected_with(&["modules.json", "36", "18"]);
}

#[test]
fn a_path_that_leads_out_of_the_folder_is_rejected() {
    for path in ["../1_Pooling", "/etc", "a/../../b"] {
        ModelCopy::new("minilm-l6")
            .edit("modules.json", "\"1_Pooling\"", &format!("{path:?}"))
            .is_rejected_with(&["modules.json", path, "leads out of the folder"]);
    }
}

#[test]
fn a_missing_file_is_named() {
    for name in ["modules.json", "config.json", "1_Pooling/config.json", "model.safetensors"] {
        let folder = ModelCopy::new("minilm-l6");
        fs::remove_file(folder.path(name)).unwrap();
        folder.is_rejected_with(&[name, "cannot be read"]);
    }
    let folder = ModelCopy::new("minilm-l6");
    fs::remove_file(folder.path("tokenizer.json")).unwrap();
    folder.is_rejected_with(&["vocab.txt"]);
}

#[test]
fn the_length_and_the_pooling_are_read_from_old_and_new_folders() {
    let folder = ModelCopy::new("minilm-l6");
    assert_eq!(read(folder.root()).unwrap().max_tokens, 24);
    fs::write(folder.path("sentence_bert_config.json"), r#"{"max_seq_length": 20}"#).unwrap();
    assert_eq!(read(folder.root()).unwrap().max_tokens, 20);
    fs::write(folder.path("sentence_bert_config.json"), "{}").unwrap();
    folder.edit("tokenizer_config.json", "\"model_max_length\": 24", "\"model_max_length\": 1e30");
    assert_eq!(read(folder.root()).unwrap().max_tokens, 32, "the number of positions");
    let old = r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#;
    fs::write(folder.path("1_Pooling/config.json"), old).unwrap();
    let modes = || read(folder.root()).unwrap().pooling.modes().to_owned();
    assert_eq!(modes(), [PoolingMode::Cls]);
    for (file, expected) in [
        (r#"{"pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": true}"#, &[1, 2][..]),
        (r#"{"pooling_mode": ["mean", "mean_sqrt_len_tokens", "cls"]}"#, &[2, 3, 0]),
        (r#"{"pooling_mode": "mean+max", "pooling_mode_cls_token": true}"#, &[2, 1]),
        (r#"{"word_embedding_dimension": 24, "pooling_mode_cls_token": false}"#, &[2]),
    ] {
        fs::write(folder.path("1_Pooling/config.json"), file).unwrap();
        let expected: Vec<_> = expected.iter().map(|at| PoolingMode::ALL[*at]).collect();
        assert_eq!(modes(), expected, "{file}");
    }
}

#[test]
fn weights_may_be_split_into_several_files() {
    let folder = ModelCopy::new("minilm-l6");
    fs::rename(folder.path("model.safetensors"), folder.path("part.safetensors")).unwrap();
    let index = r#"{"weight_map": {"embeddings.LayerNorm.bias": "part.safetensors"}}"#;
    fs::write(folder.path("model.safetensors.index.json"), index).unwrap();
    assert_eq!(read(folder.root()).unwrap().config.layers, 6);
    folder.edit("model.safetensors.index.json", "part.safetensors", "../part.safetensors");
    folder.is_rejected_with(&["index.json", "another folder"]);
}

/// Adds truncation and padding to 128 tokens to a tokenizer's file, as in all-MiniLM-L6-v2.
fn padding_and_truncating(json: &str) -> String {
    let mut file: serde_json::Value = serde_json::from_str(json).unwrap();
    file["truncation"] = serde_json::json!({
        "direction": "Right", "max_length": 128, "strategy": "LongestFirst", "stride": 0});
    file["padding"] = serde_json::json!({
        "strategy": {"Fixed": 128}, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"});
    file.to_string()
}

#[test]
fn padding_and_truncation_of_the_file_are_ignored() {
    let folder = ModelCopy::new("minilm-l6");
    let json = fs::read_to_string(folder.path("tokenizer.json")).unwrap();
    let general = serde_json::json!({
        "version": "1.0", "added_tokens": [], "normalizer": null, "post_processor": null,
        "decoder": null, "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "tripod": 1}, "unk_token": "[UNK]"}});
    for (json, is_general, brackets) in [(json, false, 2), (general.to_string(), true, 0)] {
        let tokenizer = Tokenizer::from_json(padding_and_truncating(&json), 256).unwrap();
        let tokenizer = Tokenizer::from_bytes(&tokenizer.to_bytes()).unwrap();
        assert_eq!(matches!(tokenizer, Tokenizer::General { .. }), is_general);
        assert_eq!(tokenizer.encode("tripod").ids.len(), 1 + brackets);
        assert_eq!(tokenizer.encode("").ids.len(), brackets.max(1), "every text has a token");
        let fits = tokenizer.encode(&"tripod ".repeat(200));
        assert_eq!((fits.ids.len(), fits.truncated), (200 + brackets, false));
        let long = tokenizer.encode(&"tripod ".repeat(300));
        assert_eq!((long.ids.len(), long.truncated), (256, true));
    }
}
