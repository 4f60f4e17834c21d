//! Tests of every architecture: shapes, weights, and unsupported features.

use crate::support::{Rejection, read};
use sbert_fixtures::{ModelCopy, folder};
use sbert_model::{Architecture, Dtype, RelativeAttention};
use serde_json::{Value, json};
use std::fs;

#[test]
fn every_architecture_is_read_with_its_own_shape() {
    for (name, architecture, first_position, types, relative) in [
        ("minilm-l6", Architecture::Bert, 0, 2, false),
        ("distilbert", Architecture::DistilBert, 0, 0, false),
        ("roberta", Architecture::Roberta, 2, 1, false),
        ("xlm-roberta", Architecture::XlmRoberta, 2, 1, false),
        ("mpnet", Architecture::MpNet, 2, 0, true),
    ] {
        let model = read(&folder(name)).unwrap();
        let (config, weights) = (&model.config, model.weights().unwrap());
        assert_eq!(config.architecture, architecture);
        assert_eq!((config.first_position, config.types), (first_position, types), "{name}");
        assert_eq!(config.padding(), (first_position > 0).then_some(1), "{name}");
        assert_eq!(config.longest() + first_position, config.positions, "{name}");
        assert_eq!(weights.types.is_some(), types > 0, "{name}");
        assert_eq!(weights.layers.len(), config.layers, "{name}");
        let bias = weights.relative_attention.map(|tensor| tensor.shape);
        assert_eq!(
            bias,
            relative.then(|| vec![RelativeAttention::BUCKETS, config.heads]),
            "{name}"
        );
    }
}

#[test]
fn a_tensor_is_returned_verbatim_and_in_f32() {
    for (name, dtype) in
        [("roberta", Dtype::F16), ("distilbert-all", Dtype::Bf16), ("thin", Dtype::F32)]
    {
        let model = read(&folder(name)).unwrap();
        let words = model.weights().unwrap().words;
        let count = model.config.vocabulary * model.config.hidden;
        assert_eq!(words.dtype(), dtype, "{name}");
        assert_eq!(words.bytes().len(), count * dtype.size(), "{name}");
        let numbers = words.to_f32();
        assert_eq!(numbers.len(), count, "{name}");
        assert!(
            numbers.iter().any(|number| *number != 0.0) && numbers.iter().all(|n| n.is_finite())
        );
    }
}

/// Renames the tensors of a file.
fn rename(folder: &ModelCopy, name: impl Fn(&str) -> String) {
    let path = folder.path("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let (length, rest) = bytes.split_first_chunk().unwrap();
    let (header, numbers) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).unwrap());
    let header: serde_json::Map<String, Value> = serde_json::from_slice(header).unwrap();
    let renamed = header
        .into_iter()
        .map(|(key, value)| (if key == "__metadata__" { key } else { name(&key) }, value));
    let header = serde_json::to_vec(&renamed.collect::<serde_json::Map<_, _>>()).unwrap();
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    fs::write(path, [&length[..], &header, numbers].concat()).unwrap();
}

#[test]
fn tensors_are_found_by_their_names_in_older_files() {
    for (name, prefix) in [
        ("minilm-l6", "bert."),
        ("distilbert", "distilbert."),
        ("roberta", "roberta."),
        ("mpnet", "mpnet."),
    ] {
        let folder = ModelCopy::new(name);
        rename(&folder, |tensor| {
            let tensor = tensor.replace("LayerNorm.weight", "LayerNorm.gamma");
            format!("{prefix}{}", tensor.replace("LayerNorm.bias", "LayerNorm.beta"))
        });
        let (renamed, original) =
            (read(folder.root()).unwrap(), read(&sbert_fixtures::folder(name)).unwrap());
        let (renamed, original) = (renamed.weights().unwrap(), original.weights().unwrap());
        assert_eq!(renamed.norm.weight.bytes(), original.norm.weight.bytes(), "{name}");
        rename(&folder, |tensor| format!("other.{tensor}"));
        folder.is_rejected_with(&["model.safetensors", "embeddings.word_embeddings.weight"]);
    }
}

#[test]
fn a_missing_tensor_is_named_as_in_its_architecture() {
    for (name, tensor) in [
        ("distilbert", "transformer.layer.1.ffn.lin2.bias"),
        ("roberta", "encoder.layer.0.attention.self.key.weight"),
        ("mpnet", "encoder.layer.1.attention.attn.o.weight"),
        ("mpnet", "encoder.relative_attention_bias.weight"),
    ] {
        let folder = ModelCopy::new(name);
        rename(&folder, |found| found.replace(tensor, "missing"));
        folder.is_rejected_with(&["model.safetensors", tensor, "missing"]);
    }
}

#[test]
fn fields_are_named_as_in_their_architecture() {
    ModelCopy::new("distilbert").set("config.json", "n_heads", json!(7)).is_rejected_with(&[
        "config.json",
        "dim 30",
        "n_heads 7",
    ]);
    ModelCopy::new("distilbert")
        .set("config.json", "hidden_dim", Value::Null)
        .is_rejected_with(&["config.json", "hidden_dim is missing"]);
    ModelCopy::new("distilbert")
        .set("config.json", "activation", json!("silu"))
        .is_rejected_with(&["silu", "(activation)", "gelu"]);
    ModelCopy::new("mpnet")
        .set("config.json", "relative_attention_num_buckets", json!(16))
        .is_rejected_with(&["relative_attention_num_buckets 16", "32 and more"]);
    ModelCopy::new("roberta")
        .set("config.json", "pad_token_id", json!(41))
        .is_rejected_with(&["config.json", "max_position_embeddings"]);
    ModelCopy::new("roberta")
        .set("config.json", "layer_norm_eps", json!(-1))
        .is_rejected_with(&["layer_norm_eps is -1"]);
    ModelCopy::new("minilm-l6").set("config.json", "is_decoder", json!(true)).is_rejected_with(&[
        "config.json",
        "is_decoder",
        "encoder",
    ]);
}

#[test]
fn settings_that_would_change_every_embedding_are_rejected() {
    let prompt = json!({"prompts": {"query": "query: "}, "default_prompt_name": "query"});
    let folder = ModelCopy::new("e5");
    fs::write(folder.path("config_sentence_transformers.json"), prompt.to_string()).unwrap();
    folder.is_rejected_with(&["config_sentence_transformers.json", "\"query\"", "set it to null"]);
    let none = json!({"prompts": {"query": "", "document": null}, "default_prompt_name": "query"});
    fs::write(folder.path("config_sentence_transformers.json"), none.to_string()).unwrap();
    assert!(read(folder.root()).is_ok(), "an empty prompt is no prompt");
    let settings = "sentence_bert_config.json";
    ModelCopy::new("bge")
        .set(settings, "transformer_task", json!("fill-mask"))
        .is_rejected_with(&[settings, "fill-mask", "feature-extraction"]);
    ModelCopy::new("bge")
        .set(settings, "module_output_name", json!("sentence_embedding"))
        .is_rejected_with(&[settings, "module_output_name"]);
    ModelCopy::new("bge")
        .set(settings, "config_args", json!({"num_hidden_layers": 1}))
        .is_rejected_with(&[settings, "num_hidden_layers", "config.json"]);
    ModelCopy::new("sqrt-dense")
        .set("2_Dense/config.json", "use_residual", json!(true))
        .is_rejected_with(&["2_Dense", "use_residual"]);
    ModelCopy::new("sqrt-dense")
        .set("2_Dense/config.json", "module_input_name", json!("token_embeddings"))
        .is_rejected_with(&["2_Dense", "token_embeddings"]);
}

#[test]
fn modules_in_another_order_or_of_another_library_are_rejected() {
    let folder = ModelCopy::new("concatenated");
    let mut modules: Value =
        serde_json::from_slice(&fs::read(folder.path("modules.json")).unwrap()).unwrap();
    modules.as_array_mut().unwrap().swap(2, 3);
    fs::write(folder.path("modules.json"), modules.to_string()).unwrap();
    folder.is_rejected_with(&["modules.json", "\"Dense\" in this place", "in this order"]);
    ModelCopy::new("bge")
        .edit("modules.json", "sentence_transformers.base.modules.transformer", "custom_st")
        .is_rejected_with(&["modules.json", "custom_st.Transformer"]);
}

#[test]
fn a_tokenizer_in_older_files_only_is_rejected_with_a_remedy() {
    for (name, older) in [
        ("roberta", "vocab.json"),
        ("xlm-roberta", "sentencepiece.bpe.model"),
        ("mpnet", "vocab.txt"),
    ] {
        let folder = ModelCopy::new(name);
        fs::rename(folder.path("tokenizer.json"), folder.path(older)).unwrap();
        folder.is_rejected_with(&["tokenizer.json", name, "AutoTokenizer"]);
    }
}

#[test]
fn shards_are_read_and_a_missing_one_is_named() {
    let folder = ModelCopy::new("xlm-roberta");
    assert!(read(folder.root()).is_ok());
    let shard = fs::read_dir(folder.root()).unwrap().map(|entry| entry.unwrap().path());
    let shard = shard.filter(|path| path.extension().is_some_and(|e| e == "safetensors")).max();
    let shard = shard.unwrap();
    fs::remove_file(&shard).unwrap();
    folder.is_rejected_with(&[&*shard.file_name().unwrap().to_string_lossy(), "cannot be read"]);
}

#[test]
fn the_source_hash_changes_with_every_file_that_is_read_and_no_other() {
    let folder = ModelCopy::new("sqrt-dense");
    let hash = || read(folder.root()).unwrap().source_sha256().unwrap();
    let original = hash();
    fs::write(folder.path("README.md"), "a word").unwrap();
    assert_eq!(hash(), original);
    let mut hashes = vec![original];
    for (name, field, value) in [
        ("config.json", "layer_norm_eps", json!(1e-7)),
        ("sentence_bert_config.json", "max_seq_length", json!(20)),
        ("1_Pooling/config.json", "pooling_mode", json!("max")),
        ("2_Dense/config.json", "activation_function", json!("torch.nn.Identity")),
        ("tokenizer.json", "version", json!("1")),
        ("tokenizer_config.json", "model_max_length", json!(10)),
    ] {
        folder.set(name, field, value);
        hashes.push(hash());
    }
    for name in ["model.safetensors", "2_Dense/model.safetensors"] {
        let mut bytes = fs::read(folder.path(name)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(folder.path(name), bytes).unwrap();
        hashes.push(hash());
    }
    let count = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), count);
}
