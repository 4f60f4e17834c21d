//! Exported models in general: identified by tensor names, pooled if needed, rejected if unsuitable.

use crate::support::{Folder, Graph, Message, WIDTH, table_bytes, vector};
use akin_entities::Embedding;
use akin_onnx::OnnxModel;
use std::fs;
use std::num::NonZeroUsize;

/// The token ids of "tripod phone" between the special tokens.
const TOKENS: [usize; 4] = [2, 111, 110, 3];
const TEXT: &str = "tripod phone";

fn assert_near(found: &[f32], expected: &[f32]) {
    let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(found.len() == expected.len() && near, "{found:?} is not {expected:?}");
}

fn mean(tokens: &[usize]) -> Vec<f32> {
    let vectors: Vec<_> = tokens.iter().map(|token| vector(*token)).collect();
    let share = 1.0 / f32::from(u16::try_from(tokens.len()).unwrap());
    (0..WIDTH).map(|at| share * vectors.iter().map(|vector| vector[at]).sum::<f32>()).collect()
}

#[test]
fn token_vectors_are_averaged_without_the_padding() {
    let model = Folder::with(&Graph::default()).open().unwrap();
    assert_eq!(model.fingerprint().dimension, WIDTH);
    let longer = "a much longer text about a tripod";
    let found = model.raw(&[TEXT, longer, "", TEXT]).unwrap();
    let rows: Vec<&[f32]> = found.chunks_exact(WIDTH).collect();
    assert_near(rows[0], &mean(&TOKENS));
    assert_near(rows[2], &mean(&[2, 3]));
    assert_eq!(rows[0], rows[3]);
}

#[test]
fn a_pooled_output_is_used_unchanged() {
    let mut graph = Graph::pooled();
    for output in ["sentence_embedding", "output", "1863"] {
        graph.output = output;
        let model = Folder::with(&graph).open().unwrap();
        assert_near(&model.raw(&[TEXT]).unwrap(), &mean(&TOKENS));
    }
}

#[test]
fn the_pooling_comes_from_the_models_metadata_or_its_folder() {
    let largest: Vec<f32> = (0..WIDTH)
        .map(|at| TOKENS.iter().map(|token| vector(*token)[at]).fold(f32::MIN, f32::max))
        .collect();
    let graph = Graph { metadata: vec![("pooling", "cls+max")], ..Graph::default() };
    let model = Folder::with(&graph).open().unwrap();
    assert_eq!(model.fingerprint().dimension, 2 * WIDTH);
    assert_near(&model.raw(&[TEXT]).unwrap(), &[vector(2), largest.clone()].concat());
    let folder = Folder::with(&Graph::default());
    folder.write("1_Pooling/config.json", r#"{"pooling_mode_max_tokens": true}"#);
    assert_near(&folder.open().unwrap().raw(&[TEXT]).unwrap(), &largest);
    // The layout of model hubs: the graph in a folder of its own.
    folder.write("onnx/model.onnx", Graph::default().to_bytes());
    let files = akin_onnx::OnnxModelFiles::at(&folder.path("onnx/model.onnx"), None).unwrap();
    let model = OnnxModel::open(&files, NonZeroUsize::MIN).unwrap();
    assert_near(&model.raw(&[TEXT]).unwrap(), &largest);
}

#[test]
fn the_error_for_an_unknown_pooling_names_its_file() {
    let folder = Folder::with(&Graph::default());
    for pooling in [r#"{"pooling_mode": "lasttoken"}"#, r#"{"pooling_mode_lasttoken": true}"#, "["]
    {
        folder.write("1_Pooling/config.json", pooling);
        let error = folder.open_error();
        assert!(error.contains("model.onnx") && error.contains("1_Pooling"), "{error}");
    }
}

#[test]
fn the_error_for_layers_after_the_pooling_names_them() {
    let folder = Folder::with(&Graph::default());
    let module = |kind: &str| format!(r#"{{"type": "sentence_transformers.models.{kind}"}}"#);
    let modules = ["Transformer", "Pooling", "Dense"].map(module).join(",");
    folder.write("modules.json", format!("[{modules}]"));
    let error = folder.open_error();
    assert!(error.contains("Dense") && error.contains("modules.json"), "{error}");
    // A graph that pools may contain these layers too.
    folder.write("model.onnx", Graph::pooled().to_bytes());
    folder.open().unwrap();
}

#[test]
fn the_token_limit_comes_from_the_metadata_or_the_tokenizers_folder_or_is_256() {
    let limit = |folder: &Folder| folder.open().unwrap().token_limit();
    let folder = Folder::with(&Graph::default());
    assert_eq!(limit(&folder), 256);
    folder.write("tokenizer_config.json", r#"{"model_max_length": 1e30}"#);
    assert_eq!(limit(&folder), 256, "1e30 means no limit");
    folder.write("tokenizer_config.json", r#"{"model_max_length": 77}"#);
    assert_eq!(limit(&folder), 77);
    folder.write("sentence_bert_config.json", r#"{"max_seq_length": 33}"#);
    assert_eq!(limit(&folder), 33);
    let graph = Graph { metadata: vec![("max_length", "12")], ..Graph::default() };
    folder.write("model.onnx", graph.to_bytes());
    assert_eq!(limit(&folder), 12);
}

#[test]
fn truncation_and_padding_settings_of_the_tokenizer_file_are_ignored() {
    let folder = Folder::with(&Graph::default());
    let text = fs::read_to_string(folder.path("tokenizer.json")).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let long = "tripod ".repeat(200);
    let before = folder.open().unwrap().raw(&[TEXT, &long]).unwrap();
    file["truncation"] = serde_json::json!({"max_length": 128, "strategy": "LongestFirst",
        "stride": 0, "direction": "Right"});
    file["padding"] = serde_json::json!({"strategy": {"Fixed": 128}, "direction": "Right",
        "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"});
    folder.write("tokenizer.json", file.to_string());
    assert_eq!(folder.open().unwrap().raw(&[TEXT, &long]).unwrap(), before);
}

#[test]
fn external_weights_are_read_and_determine_the_fingerprint() {
    let graph = Graph { external: Some("model.onnx.data"), ..Graph::default() };
    let folder = Folder::with(&graph);
    let error = folder.open_error();
    assert!(error.contains("model.onnx.data, which is missing"), "{error}");
    folder.write("model.onnx.data", table_bytes());
    let model = folder.open().unwrap();
    assert_near(&model.raw(&[TEXT]).unwrap(), &mean(&TOKENS));
    let mut other = table_bytes();
    other[0] ^= 1;
    folder.write("model.onnx.data", other);
    assert_ne!(folder.open().unwrap().fingerprint(), model.fingerprint());
    for elsewhere in ["../model.onnx.data", "/etc/hostname"] {
        folder.write("model.onnx", Graph { external: Some(elsewhere), ..graph.clone() }.to_bytes());
        assert!(folder.open_error().contains("outside its folder"), "{elsewhere}");
    }
}

#[test]
fn a_model_with_other_inputs_or_outputs_is_rejected_by_name() {
    let with_inputs =
        |inputs: Vec<&'static str>| Folder::with(&Graph { inputs, ..Graph::default() });
    let error = with_inputs(vec!["input_ids", "pixel_values"]).open_error();
    assert!(error.contains("has the inputs \"input_ids\", \"pixel_values\";"), "{error}");
    let error = Folder::with(&Graph { sizes: [1, 128], ..Graph::default() }).open_error();
    assert!(error.contains("\"input_ids\" (1 x 128)"), "{error}");
    let flat = ("ReduceSum", Some(0));
    let error = Folder::with(&Graph { nodes: vec![flat], ..Graph::default() }).open_error();
    assert!(error.contains("of the shape []") && error.contains("ONNX_MODEL_PATH"), "{error}");
}

#[test]
fn the_error_for_an_unknown_operator_names_it() {
    let unknown = ("Fantasize", None);
    let error = Folder::with(&Graph { nodes: vec![unknown], ..Graph::default() }).open_error();
    assert!(error.contains("Fantasize") && error.contains("model.onnx"), "{error}");
}

#[test]
fn the_error_for_a_file_that_is_not_a_model_names_it_and_its_setting() {
    for bytes in [
        &b""[..],
        b"not ONNX",
        &[0xff; 100],
        &Message::default().text(7, "").0,
        &Graph::default().to_bytes()[..500],
    ] {
        let error = Folder::with_bytes(bytes).open_error();
        let named =
            error.contains("is not a complete ONNX file") && error.contains("ONNX_MODEL_PATH");
        assert!(named, "{error}");
    }
}

#[test]
fn the_error_for_an_invalid_tokenizer_names_it_and_its_setting() {
    let folder = Folder::with(&Graph::default());
    folder.write("tokenizer.json", "{}");
    let error = folder.open_error();
    assert!(error.contains("TOKENIZER_PATH") && error.contains("tokenizer.json"), "{error}");
    folder.write("other.json", "[");
    let files =
        akin_onnx::OnnxModelFiles::at(&folder.path("model.onnx"), Some(&folder.path("other.json")));
    let error = OnnxModel::open(&files.unwrap(), NonZeroUsize::MIN).unwrap_err().to_string();
    assert!(error.contains("TOKENIZER_PATH") && error.contains("other.json"), "{error}");
}

#[test]
fn a_token_beyond_the_models_vocabulary_is_an_error_and_not_a_panic() {
    let folder = Folder::with(&Graph::default());
    let text = fs::read_to_string(folder.path("tokenizer.json")).unwrap();
    folder.write("tokenizer.json", text.replace("\"tripod\": 111", "\"tripod\": 100111"));
    let model = folder.open();
    let failed = model.is_err() || model.unwrap().raw(&["tripod"]).is_err();
    assert!(failed);
}

#[test]
fn an_embedding_does_not_depend_on_the_batch() {
    let model = Folder::with(&Graph::default()).open().unwrap();
    let texts: Vec<String> = (0..60).map(|number| "steady ".repeat(number * 7 % 50)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = model.raw(&texts).unwrap();
    for (text, together) in texts.iter().zip(together.chunks_exact(WIDTH)) {
        let alone = Embedding::new(&model.raw(&[text]).unwrap()).unwrap();
        let cosine = alone.similarity(&Embedding::new(together).unwrap()).get();
        assert!(cosine > 0.999_99, "{cosine}");
    }
}
