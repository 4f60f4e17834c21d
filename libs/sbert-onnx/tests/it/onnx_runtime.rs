//! Checks exported models with onnx's checker and with ONNX Runtime. `tools/python.sh` installs them.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use crate::support::{Fixture, fixture, minilm, workspace};
use sbert_fixtures::folders;
use sbert_model::SentenceModel;
use sbert_onnx::{Export, ExportPrecision, OPSETS, Target, export, metadata, parity};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The output of `onnx_runtime.py`.
#[derive(Debug, Deserialize)]
struct Report {
    newest_opset: u32,
    models: Vec<ModelReport>,
}

#[derive(Debug, Deserialize)]
struct ModelReport {
    ir_version: u32,
    opsets: BTreeMap<String, u32>,
    producer: String,
    metadata: BTreeMap<String, String>,
    inputs: Vec<String>,
    outputs: Vec<String>,
    operators: Vec<String>,
    domains: Vec<String>,
    /// The number of tensors in another file.
    external: usize,
    dimension: usize,
    bytes: u64,
    unused: Vec<String>,
    alone: Vec<Vec<f32>>,
    together: Vec<Vec<f32>>,
    /// The number of tokens of each text.
    lengths: Vec<usize>,
}

/// The files of a model and its tokenizer, and texts to embed.
type Job<'a> = (PathBuf, PathBuf, &'a [String]);

fn examine(scratch: &Path, jobs: &[Job<'_>]) -> Report {
    let python = workspace(".cache/venv/bin/python");
    assert!(python.exists(), "Python's onnx and onnxruntime are missing: run tools/python.sh");
    let job = |(model, tokenizer, texts): &Job<'_>| json!({"model": model, "tokenizer": tokenizer, "texts": texts});
    let path = scratch.join("job.json");
    std::fs::write(&path, jobs.iter().map(job).collect::<Value>().to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_runtime.py");
    let output = Command::new(python).arg(script).arg(path).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Exports into a separate folder.
fn exported<'a>(
    scratch: &Path,
    name: &str,
    model: &SentenceModel,
    how: &Export,
    texts: &'a [String],
) -> Job<'a> {
    let folder = scratch.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let target = Target::beside(folder.join("model.onnx"));
    export(model, how, &target, &mut |_| ()).unwrap().keep().unwrap();
    (target.model, folder.join("tokenizer.json"), texts)
}

fn flat(vectors: &[Vec<f32>]) -> Vec<f32> {
    vectors.concat()
}

/// Asserts that each number's error is less than a share of the vector's largest.
fn assert_near(what: &str, expected: &[Vec<f32>], found: &[Vec<f32>], share: f32) {
    assert_eq!(expected.len(), found.len(), "{what}");
    for (place, (expected, found)) in expected.iter().zip(found).enumerate() {
        assert_eq!(expected.len(), found.len(), "{what}");
        let largest = expected.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
        for (number, wanted) in found.iter().zip(expected) {
            let error = (number - wanted).abs() / largest;
            assert!(error < share, "{what}, text {place}: {number}, not {wanted}");
        }
    }
}

/// Asserts the properties that every exported model has.
fn assert_described(what: &str, found: &ModelReport, fixture: &Fixture, how: &Export) {
    let model = &fixture.model;
    assert_eq!(found.opsets, BTreeMap::from([(String::new(), how.opset)]), "{what}");
    assert_eq!(found.domains, [""], "{what}: operators are the standard's");
    assert_eq!(found.producer, "akin");
    assert!((7..=14).contains(&found.ir_version), "{what}");
    let has_types = model.config.architecture.name() == "bert";
    let inputs = ["input_ids", "attention_mask", "token_type_ids"];
    assert_eq!(found.inputs, inputs[..if has_types { 3 } else { 2 }], "{what}");
    assert_eq!((&*found.outputs, found.dimension), (&["output".to_owned()][..], model.dimension()));
    assert!(found.unused.is_empty(), "{what}: unused weights {:?}", found.unused);
    for (key, value) in [
        (metadata::NAME, fixture.name.clone()),
        (metadata::ARCHITECTURE, model.config.architecture.name().to_owned()),
        (metadata::DIMENSION, model.dimension().to_string()),
        (metadata::MAX_LENGTH, model.max_tokens.to_string()),
        (metadata::NORMALIZED, model.normalize.to_string()),
        (metadata::PRECISION, how.precision.name().to_owned()),
    ] {
        assert_eq!(found.metadata.get(key), Some(&value), "{what} {key}");
    }
    assert!(found.metadata[metadata::SOURCE].len() == 64 && found.external == 0);
}

/// Asserts that fused operators are used if the opset and the options allow them.
fn assert_fused(what: &str, found: &ModelReport, how: &Export) {
    let has = |operator: &str| found.operators.iter().any(|found| found == operator);
    assert_eq!(has("LayerNormalization"), how.optimize && how.opset >= 17, "{what}");
    assert_eq!(has("ReduceMean"), !has("LayerNormalization"), "{what}");
    assert_eq!(has("MatMulInteger"), how.precision == ExportPrecision::Int8, "{what}");
    assert!(!has("Erf") || how.opset < 20 || !how.optimize, "{what}");
}

/// Returns the export options under test.
fn ways() -> Vec<Export> {
    let newest = *OPSETS.end();
    let way =
        |opset, precision, optimize| Export { opset, precision, optimize, ..Export::default() };
    let mut ways = vec![way(newest, ExportPrecision::Fp32, false)];
    ways.extend([13, 17, 18, 20, newest].map(|opset| way(opset, ExportPrecision::Fp32, true)));
    ways.extend([13, 18, newest].map(|opset| way(opset, ExportPrecision::Int8, true)));
    ways
}

/// Asserts that one export of a tiny model is correct.
fn assert_right(fixture: &Fixture, how: &Export, found: &ModelReport) {
    let what = format!("{} {how:?}", fixture.name);
    let expected: Vec<Vec<f32>> = fixture.expected.iter().map(|one| one.vector.clone()).collect();
    assert_described(&what, found, fixture, how);
    assert_fused(&what, found, how);
    let tokens = |text: &String| fixture.model.tokenizer.encode(text).ids.len();
    assert_eq!(found.lengths, fixture.texts().iter().map(tokens).collect::<Vec<_>>(), "{what}");
    let dimension = fixture.model.dimension();
    let parity = parity::compare(&flat(&expected), &flat(&found.alone), dimension).unwrap();
    println!("{what}: {:.5} {:.5}", parity.min_cosine, parity.mean_cosine);
    if how.precision == ExportPrecision::Fp32 {
        assert_near(&what, &expected, &found.alone, 2e-5);
        assert_near(&what, &expected, &found.together, 2e-5);
    } else {
        // The loss of trained models is measured with the real one.
        assert!(parity.min_cosine > 0.99, "{what}: {parity:?}");
        // For a number halfway between two steps, the order of a sum decides.
        let batch =
            parity::compare(&flat(&found.alone), &flat(&found.together), dimension).unwrap();
        assert!(batch.min_cosine > 0.99, "{what}: a text depends on its batch: {batch:?}");
    }
}

#[test]
#[ignore = "needs Python's onnx and onnxruntime: make python"]
fn every_tiny_model_is_valid_in_every_opset_and_agrees_with_pytorch() {
    let scratch = tempfile::tempdir().unwrap();
    let fixtures: Vec<Fixture> = folders().iter().map(|folder| fixture(folder)).collect();
    let texts: Vec<Vec<String>> = fixtures.iter().map(Fixture::texts).collect();
    let mut jobs = Vec::new();
    for (fixture, texts) in fixtures.iter().zip(&texts) {
        for how in ways() {
            let name = jobs.len().to_string();
            jobs.push(exported(scratch.path(), &name, &fixture.model, &how, texts));
        }
    }
    let found = examine(scratch.path(), &jobs).models;
    assert_eq!(found.len(), jobs.len());
    for (fixture, found) in fixtures.iter().zip(found.chunks(ways().len())) {
        for (how, found) in ways().iter().zip(found) {
            assert_right(fixture, how, found);
        }
    }
}

#[test]
#[ignore = "needs Python's onnx and onnxruntime: make python"]
fn the_checker_and_onnx_runtime_support_every_opset() {
    let scratch = tempfile::tempdir().unwrap();
    let found = examine(scratch.path(), &[]);
    assert!(found.newest_opset >= *OPSETS.end());
}

#[test]
#[ignore = "needs Python's onnx and onnxruntime: make python"]
fn weights_in_a_separate_file_produce_the_same_embeddings() {
    let scratch = tempfile::tempdir().unwrap();
    let fixture = fixture(&sbert_fixtures::folder("bge"));
    let texts = fixture.texts();
    for precision in [ExportPrecision::Fp32, ExportPrecision::Int8] {
        let whole = Export { precision, ..Export::default() };
        let split = Export { largest_file: 20_000, ..whole.clone() };
        let jobs = [("whole", &whole), ("split", &split)]
            .map(|(name, how)| exported(scratch.path(), name, &fixture.model, how, &texts));
        let found = examine(scratch.path(), &jobs);
        let [whole, split] = &*found.models else { panic!("two models were exported") };
        assert!(whole.external == 0 && split.external > 5, "{split:?}");
        assert!(split.bytes < 40_000, "{} bytes remain in the model's file", split.bytes);
        assert_eq!(whole.alone, split.alone);
    }
}

/// Returns the texts and embeddings of `libs/sbert-cpu/tests/golden`, by ONNX Runtime from a handmade graph.
fn golden() -> (Vec<String>, Vec<f32>) {
    let folder = workspace("libs/sbert-cpu/tests/golden");
    let texts = serde_json::from_slice(&std::fs::read(folder.join("texts.json")).unwrap()).unwrap();
    let bytes = std::fs::read(folder.join("embeddings.f32")).unwrap();
    let numbers = bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
    (texts, numbers.collect())
}

#[test]
#[ignore = "needs the model, and Python's onnx and onnxruntime: make model python"]
fn the_real_model_agrees_with_the_original_at_both_precisions() {
    let scratch = tempfile::tempdir().unwrap();
    let model = SentenceModel::open(&minilm()).unwrap();
    let (texts, expected) = golden();
    let mut ways = Vec::new();
    for precision in [ExportPrecision::Fp32, ExportPrecision::Int8] {
        for opset in [13, *OPSETS.end()] {
            ways.push(Export { opset, precision, ..Export::default() });
        }
    }
    let job = |(number, how): (usize, &Export)| {
        exported(scratch.path(), &number.to_string(), &model, how, &texts)
    };
    let jobs: Vec<Job<'_>> = ways.iter().enumerate().map(job).collect();
    let found = examine(scratch.path(), &jobs);
    for (how, found) in ways.iter().zip(&found.models) {
        let batch = parity::compare(&expected, &flat(&found.together), model.dimension()).unwrap();
        let alone = parity::compare(&expected, &flat(&found.alone), model.dimension()).unwrap();
        println!("{how:?}, {} bytes: alone {alone:?}, together {batch:?}", found.bytes);
        assert!(alone.is_enough_for(how.precision), "{how:?}: {alone:?}");
        assert!(batch.is_enough_for(how.precision), "{how:?}: {batch:?}");
        let longest = found.lengths.iter().max().copied();
        assert_eq!(longest, Some(model.max_tokens), "the published file truncates at 128 tokens");
    }
}
