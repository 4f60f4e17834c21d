//! Any exported model: told by its names, pooled where it is not, refused where it is none.

use crate::support::{Folder, Graph, Message, WIDTH, table_bytes, vector};
use akin_entities::Embedding;
use akin_onnx::OnnxModel;
use std::fs;
use std::num::NonZeroUsize;

/// The numbers of the tokens of "tripod phone": the special ones stand around them.
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
fn the_vectors_of_tokens_are_averaged_without_what_fills_a_row_up() {
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
fn a_pooled_answer_is_taken_as_it_is() {
    let mut graph = Graph::pooled();
    for output in ["sentence_embedding", "output", "1863"] {
        graph.output = output;
        let model = Folder::with(&graph).open().unwrap();
        assert_near(&model.raw(&[TEXT]).unwrap(), &mean(&TOKENS));
    }
}

#[test]
fn pooling_is_told_by_the_model_or_the_folder_that_it_lies_in() {
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
    // As hubs lay them out: the graph in a folder of its own.
    folder.write("onnx/model.onnx", Graph::default().to_bytes());
    let files = akin_onnx::OnnxModelFiles::at(&folder.path("onnx/model.onnx"), None).unwrap();
    let model = OnnxModel::open(&files, NonZeroUsize::MIN).unwrap();
    assert_near(&model.raw(&[TEXT]).unwrap(), &largest);
}

#[test]
fn a_pooling_that_is_not_known_is_named_with_its_file() {
    let folder = Folder::with(&Graph::default());
    for pooling in [r#"{"pooling_mode": "lasttoken"}"#, r#"{"pooling_mode_lasttoken": true}"#, "["]
    {
        folder.write("1_Pooling/config.json", pooling);
        let refusal = folder.refusal();
        assert!(refusal.contains("model.onnx") && refusal.contains("1_Pooling"), "{refusal}");
    }
}

#[test]
fn layers_behind_the_pooling_that_are_not_in_the_graph_are_named() {
    let folder = Folder::with(&Graph::default());
    let module = |kind: &str| format!(r#"{{"type": "sentence_transformers.models.{kind}"}}"#);
    let modules = ["Transformer", "Pooling", "Dense"].map(module).join(",");
    folder.write("modules.json", format!("[{modules}]"));
    let refusal = folder.refusal();
    assert!(refusal.contains("Dense") && refusal.contains("modules.json"), "{refusal}");
    // Where the graph pools, it may hold them too.
    folder.write("model.onnx", Graph::pooled().to_bytes());
    folder.open().unwrap();
}

#[test]
fn the_limit_is_told_by_the_model_or_the_tokenizer_s_folder_or_is_256() {
    let limit = |folder: &Folder| folder.open().unwrap().token_limit();
    let folder = Folder::with(&Graph::default());
    assert_eq!(limit(&folder), 256);
    folder.write("tokenizer_config.json", r#"{"model_max_length": 1e30}"#);
    assert_eq!(limit(&folder), 256, "1e30 stands for no limit");
    folder.write("tokenizer_config.json", r#"{"model_max_length": 77}"#);
    assert_eq!(limit(&folder), 77);
    folder.write("sentence_bert_config.json", r#"{"max_seq_length": 33}"#);
    assert_eq!(limit(&folder), 33);
    let graph = Graph { metadata: vec![("max_length", "12")], ..Graph::default() };
    folder.write("model.onnx", graph.to_bytes());
    assert_eq!(limit(&folder), 12);
}

#[test]
fn what_a_tokenizer_s_file_says_of_cutting_and_filling_up_does_not_count() {
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
fn weights_beside_the_graph_are_read_and_tell_the_model() {
    let graph = Graph { external: Some("model.onnx.data"), ..Graph::default() };
    let folder = Folder::with(&graph);
    let refusal = folder.refusal();
    assert!(refusal.contains("model.onnx.data, which is not there"), "{refusal}");
    folder.write("model.onnx.data", table_bytes());
    let model = folder.open().unwrap();
    assert_near(&model.raw(&[TEXT]).unwrap(), &mean(&TOKENS));
    let mut other = table_bytes();
    other[0] ^= 1;
    folder.write("model.onnx.data", other);
    assert_ne!(folder.open().unwrap().fingerprint(), model.fingerprint());
    for elsewhere in ["../model.onnx.data", "/etc/hostname"] {
        folder.write("model.onnx", Graph { external: Some(elsewhere), ..graph.clone() }.to_bytes());
        assert!(folder.refusal().contains("outside of its folder"), "{elsewhere}");
    }
}

#[test]
fn a_model_of_other_inputs_or_outputs_is_refused_with_their_names() {
    let with_inputs =
        |inputs: Vec<&'static str>| Folder::with(&Graph { inputs, ..Graph::default() });
    let refusal = with_inputs(vec!["input_ids", "pixel_values"]).refusal();
    assert!(refusal.contains("takes \"input_ids\", \"pixel_values\";"), "{refusal}");
    let refusal = Folder::with(&Graph { sizes: [1, 128], ..Graph::default() }).refusal();
    assert!(refusal.contains("\"input_ids\" (1 x 128)"), "{refusal}");
    let flat = ("ReduceSum", Some(0));
    let refusal = Folder::with(&Graph { nodes: vec![flat], ..Graph::default() }).refusal();
    assert!(
        refusal.contains("of the shape []") && refusal.contains("ONNX_MODEL_PATH"),
        "{refusal}"
    );
}

#[test]
fn an_operator_that_nobody_knows_is_named() {
    let unknown = ("Fantasize", None);
    let refusal = Folder::with(&Graph { nodes: vec![unknown], ..Graph::default() }).refusal();
    assert!(refusal.contains("Fantasize") && refusal.contains("model.onnx"), "{refusal}");
}

#[test]
fn a_file_that_is_no_model_is_named_with_what_to_do() {
    for bytes in [
        &b""[..],
        b"not ONNX",
        &[0xff; 100],
        &Message::default().text(7, "").0,
        &Graph::default().to_bytes()[..500],
    ] {
        let refusal = Folder::of(bytes).refusal();
        let named =
            refusal.contains("is no whole ONNX file") && refusal.contains("ONNX_MODEL_PATH");
        assert!(named, "{refusal}");
    }
}

#[test]
fn a_tokenizer_that_is_none_is_named_with_its_setting() {
    let folder = Folder::with(&Graph::default());
    folder.write("tokenizer.json", "{}");
    let refusal = folder.refusal();
    assert!(refusal.contains("TOKENIZER_PATH") && refusal.contains("tokenizer.json"), "{refusal}");
    folder.write("other.json", "[");
    let files =
        akin_onnx::OnnxModelFiles::at(&folder.path("model.onnx"), Some(&folder.path("other.json")));
    let error = OnnxModel::open(&files.unwrap(), NonZeroUsize::MIN).unwrap_err().to_string();
    assert!(error.contains("TOKENIZER_PATH") && error.contains("other.json"), "{error}");
}

#[test]
fn a_tokenizer_that_knows_more_than_the_model_is_a_failure_and_no_panic() {
    let folder = Folder::with(&Graph::default());
    let text = fs::read_to_string(folder.path("tokenizer.json")).unwrap();
    folder.write("tokenizer.json", text.replace("\"tripod\": 111", "\"tripod\": 100111"));
    let model = folder.open();
    let failed = model.is_err() || model.unwrap().raw(&["tripod"]).is_err();
    assert!(failed);
}

#[test]
fn a_text_is_the_same_whatever_its_length_in_the_batch() {
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
