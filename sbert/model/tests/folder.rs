//! What is said of a folder that cannot be read, and that nothing panics however it is damaged.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use sbert_model::{ModelError, Pooling, SentenceModel, Tokenizer};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A copy of one of the tiny models that `sbert-cpu` is tested with, to be damaged.
struct Folder(TempDir);

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

impl Folder {
    fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cpu/tests/fixtures");
        copy(&fixtures.join(name), folder.path());
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces one text of a file by another.
    fn edit(&self, name: &str, from: &str, to: &str) -> &Self {
        let bytes = fs::read(self.path(name)).unwrap();
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        let edited = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
        fs::write(self.path(name), edited).unwrap();
        self
    }

    /// What is said of it.
    fn error(&self) -> String {
        read(self.0.path()).expect_err("the folder is read").to_string()
    }

    /// That what is said names each of these.
    fn is_refused_for(&self, parts: &[&str]) {
        let error = self.error();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} are missing: {error}");
    }
}

fn read(folder: &Path) -> Result<SentenceModel, ModelError> {
    let model = SentenceModel::open(folder)?;
    model.weights()?;
    for dense in &model.dense {
        dense.linear()?;
    }
    Ok(model)
}

#[test]
fn a_missing_tensor_is_named() {
    let name = "encoder.layer.1.output.dense.bias";
    Folder::of("minilm-l6")
        .edit("model.safetensors", name, "encoder.layer.1.output.dense.bits")
        .is_refused_for(&["model.safetensors", name, "missing"]);
}

#[test]
fn a_tensor_of_another_shape_is_named_with_both_shapes() {
    Folder::of("minilm-l6")
        .edit("config.json", "\"intermediate_size\": 48", "\"intermediate_size\": 50")
        .is_refused_for(&["encoder.layer.0.intermediate.dense.weight", "[48, 24]", "[50, 24]"]);
}

#[test]
fn a_truncated_file_of_weights_is_refused() {
    let folder = Folder::of("minilm-l6");
    let whole = fs::read(folder.path("model.safetensors")).unwrap();
    for length in [0, 4, 8, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(folder.path("model.safetensors"), &whole[..length]).unwrap();
        folder.is_refused_for(&["model.safetensors", "no whole safetensors file"]);
    }
}

#[test]
fn a_pickle_of_weights_is_refused_with_what_to_do() {
    let folder = Folder::of("minilm-l6");
    fs::rename(folder.path("model.safetensors"), folder.path("pytorch_model.bin")).unwrap();
    folder.is_refused_for(&["pytorch_model.bin", "pickle", "save the model as safetensors"]);
}

#[test]
fn another_architecture_and_what_else_is_not_supported_is_named() {
    let bert = "\"model_type\": \"bert\"";
    let of = || Folder::of("minilm-l6");
    of().edit("config.json", bert, "\"model_type\": \"t5\"").is_refused_for(&[
        "config.json",
        "architecture \"t5\"",
        "bert",
    ]);
    of().edit(
        "config.json",
        bert,
        &format!("{bert}, \"position_embedding_type\": \"relative_key\""),
    )
    .is_refused_for(&["config.json", "relative_key"]);
    of().edit("config.json", "\"gelu\"", "\"silu\"")
        .is_refused_for(&["activation \"silu\"", "relu"]);
    of().edit("modules.json", "normalize.Normalize", "cnn.CNN").is_refused_for(&[
        "modules.json",
        "cnn.CNN",
        "Dense",
    ]);
    of().edit("1_Pooling/config.json", "\"mean\"", "\"lasttoken\"").is_refused_for(&[
        "1_Pooling",
        "lasttoken",
        "mean",
    ]);
    of().edit("1_Pooling/config.json", "\"mean\"", "[\"mean\", \"cls\"]")
        .is_refused_for(&["1_Pooling", "in this order"]);
    Folder::of("sqrt-dense")
        .edit("2_Dense/config.json", "Tanh", "SiLU")
        .is_refused_for(&["2_Dense", "SiLU", "Tanh"]);
}

#[test]
fn sizes_that_do_not_fit_are_named() {
    let of = || Folder::of("minilm-l6");
    of().edit("config.json", "\"num_attention_heads\": 2", "\"num_attention_heads\": 5")
        .is_refused_for(&["hidden_size 24", "num_attention_heads 5"]);
    of().edit("config.json", "\"hidden_size\": 24", "\"hidden_size\": 0")
        .is_refused_for(&["hidden_size is 0"]);
    of().edit("config.json", "\"vocab_size\": 127", "\"vocab_size\": 99999999999")
        .is_refused_for(&["vocab_size is 99999999999"]);
    of().edit("config.json", "\"vocab_size\": 127", "\"vocab_size\": 126").is_refused_for(&[
        "config.json",
        "vocab_size is 126",
        "127 tokens",
    ]);
    Folder::of("sqrt-dense")
        .edit("2_Dense/config.json", "\"in_features\": 36", "\"in_features\": 35")
        .is_refused_for(&["linear.weight", "[10, 36]", "[10, 35]"]);
    Folder::of("concatenated").edit("1_Pooling/config.json", "\"cls\",", "").is_refused_for(&[
        "modules.json",
        "36",
        "18",
    ]);
}

#[test]
fn a_path_that_leads_out_of_the_folder_is_refused() {
    for path in ["../1_Pooling", "/etc", "a/../../b"] {
        Folder::of("minilm-l6")
            .edit("modules.json", "\"1_Pooling\"", &format!("{path:?}"))
            .is_refused_for(&["modules.json", path, "leads out of the folder"]);
    }
}

#[test]
fn a_missing_file_is_named() {
    for name in ["modules.json", "config.json", "1_Pooling/config.json", "model.safetensors"] {
        let folder = Folder::of("minilm-l6");
        fs::remove_file(folder.path(name)).unwrap();
        folder.is_refused_for(&[name, "cannot be read"]);
    }
    let folder = Folder::of("minilm-l6");
    fs::remove_file(folder.path("tokenizer.json")).unwrap();
    folder.is_refused_for(&["vocab.txt"]);
}

#[test]
fn the_length_and_the_pooling_are_read_from_old_folders_and_new_ones() {
    let folder = Folder::of("minilm-l6");
    assert_eq!(read(folder.0.path()).unwrap().max_tokens, 24);
    fs::write(folder.path("sentence_bert_config.json"), r#"{"max_seq_length": 20}"#).unwrap();
    assert_eq!(read(folder.0.path()).unwrap().max_tokens, 20);
    fs::write(folder.path("sentence_bert_config.json"), "{}").unwrap();
    folder.edit("tokenizer_config.json", "\"model_max_length\": 24", "\"model_max_length\": 1e30");
    assert_eq!(read(folder.0.path()).unwrap().max_tokens, 32, "as many as there are positions");
    let old = r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#;
    fs::write(folder.path("1_Pooling/config.json"), old).unwrap();
    let cls = Pooling { cls: true, ..Pooling::default() };
    assert_eq!(read(folder.0.path()).unwrap().pooling, cls);
}

#[test]
fn weights_may_be_spread_over_several_files() {
    let folder = Folder::of("minilm-l6");
    fs::rename(folder.path("model.safetensors"), folder.path("part.safetensors")).unwrap();
    let index = r#"{"weight_map": {"embeddings.LayerNorm.bias": "part.safetensors"}}"#;
    fs::write(folder.path("model.safetensors.index.json"), index).unwrap();
    assert_eq!(read(folder.0.path()).unwrap().config.layers, 6);
    folder.edit("model.safetensors.index.json", "part.safetensors", "../part.safetensors");
    folder.is_refused_for(&["index.json", "another folder"]);
}

/// A tokeniser's file that cuts at 128 tokens and pads to 128, as the one of all-MiniLM-L6-v2 does.
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
fn padding_and_truncation_of_the_file_do_not_count() {
    let folder = Folder::of("minilm-l6");
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
        assert_eq!(tokenizer.encode("").ids.len(), brackets.max(1), "no text is without tokens");
        let fits = tokenizer.encode(&"tripod ".repeat(200));
        assert_eq!((fits.ids.len(), fits.truncated), (200 + brackets, false));
        let long = tokenizer.encode(&"tripod ".repeat(300));
        assert_eq!((long.ids.len(), long.truncated), (256, true));
    }
}

/// A small generator of numbers, so that a failing damage is the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// Changes some bytes near the beginning, where files say what they hold, or anywhere; cuts the file
/// or repeats a part of it.
fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    let size = bytes.len().max(1);
    let reach = if numbers.below(2) == 0 { size.min(4_000) } else { size };
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(reach).min(bytes.len().saturating_sub(1));
        match numbers.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_within(at..bytes.len().min(at + 40)),
            2 => drop(bytes.drain(at..bytes.len().min(at + 1 + numbers.below(9)))),
            3 => bytes.insert(at, b"0[{\"-"[numbers.below(5)]),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
        }
    }
}

#[test]
fn a_damaged_folder_is_refused_or_read_but_nothing_panics() {
    let mut numbers = Numbers(0x5851_f42d_4c95_7f2d);
    let mut refused = 0;
    for fixture in ["minilm-l6", "sqrt-dense", "e5"] {
        let folder = Folder::of(fixture);
        let mut files = vec!["modules.json", "config.json", "1_Pooling/config.json"];
        files.extend(["model.safetensors", "tokenizer_config.json", "sentence_bert_config.json"]);
        files.push(if fixture == "e5" { "vocab.txt" } else { "tokenizer.json" });
        if fixture == "sqrt-dense" {
            files.extend(["2_Dense/config.json", "2_Dense/model.safetensors"]);
        }
        for _ in 0..700 {
            let name = files[numbers.below(files.len())];
            let whole = fs::read(folder.path(name)).unwrap();
            let mut damaged = whole.clone();
            damage(&mut damaged, &mut numbers);
            fs::write(folder.path(name), damaged).unwrap();
            match read(folder.0.path()) {
                Ok(model) => {
                    model.tokenizer.encode("A tripod holds the phone [MASK] steady.");
                }
                Err(error) => {
                    assert!(error.to_string().len() > 20, "{error}");
                    refused += 1;
                }
            }
            fs::write(folder.path(name), whole).unwrap();
        }
    }
    assert!(refused > 800, "only {refused} of 2,100 damaged folders were refused");
}
