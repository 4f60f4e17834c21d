//! The exports of `libs/sbert-onnx` agree with `PyTorch` for every architecture and pooling.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use akin_onnx::{Description, OnnxModel, OnnxModelFiles};
use sbert_model::SentenceModel;
use sbert_onnx::{Export, ExportPrecision, OPSETS, Target, export, parity};
use serde_json::Value;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

/// A tiny model with random weights, and the vectors that `PyTorch` computes for texts.
struct Fixture {
    model: SentenceModel,
    texts: Vec<String>,
    vectors: Vec<f32>,
}

fn fixtures() -> Vec<Fixture> {
    sbert_fixtures::folders().iter().map(|folder| fixture(folder)).collect()
}

fn fixture(folder: &Path) -> Fixture {
    let expected = fs::read(folder.join("expected.json")).unwrap();
    let expected: Vec<Value> = serde_json::from_slice(&expected).unwrap();
    let numbers = |one: &Value| serde_json::from_value::<Vec<f32>>(one["vector"].clone()).unwrap();
    Fixture {
        model: SentenceModel::open(folder).unwrap(),
        texts: expected.iter().map(|one| one["text"].as_str().unwrap().to_owned()).collect(),
        vectors: expected.iter().flat_map(numbers).collect(),
    }
}

/// Returns the export settings to test.
fn exports() -> Vec<Export> {
    let settings = |(opset, precision)| Export { opset, precision, ..Export::default() };
    let newest = *OPSETS.end();
    let full = [13, 17, 18, 20, newest].map(|opset| (opset, ExportPrecision::Fp32));
    let small = [13, 18, newest].map(|opset| (opset, ExportPrecision::Int8));
    full.into_iter().chain(small).map(settings).collect()
}

/// Exports a model into `folder`, and opens the result.
fn exported(folder: &Path, model: &SentenceModel, how: &Export) -> OnnxModel {
    let target = Target::beside(folder.join("model.onnx"));
    let summary = export(model, how, &target, &mut |_| ()).unwrap().keep().unwrap();
    let files = OnnxModelFiles::at(&summary.model, None).unwrap();
    let opened = OnnxModel::open(&files, NonZeroUsize::MIN).unwrap();
    let described = Description::read(&summary.model).unwrap();
    let (precision, opset) = (how.precision.name(), how.opset);
    assert!(described.is_export_of(&summary.source_sha256, precision, opset), "{described:?}");
    assert_eq!((described.precision(), described.nodes), (precision, summary.nodes));
    assert_eq!(described.dimension(), Some(model.dimension()));
    assert_eq!(opened.token_limit(), model.max_tokens);
    opened
}

#[test]
fn every_tiny_model_agrees_with_pytorch_in_every_opset_at_both_precisions() {
    let scratch = tempfile::tempdir().unwrap();
    for Fixture { model, texts, vectors } in fixtures() {
        for how in exports() {
            let what = format!("{} {} opset {}", model.name, how.precision.name(), how.opset);
            let opened = exported(scratch.path(), &model, &how);
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let found = opened.raw(&texts).unwrap();
            let parity = parity::compare(&vectors, &found, model.dimension()).unwrap();
            println!(
                "{} {what}: {:.6} {:.6} {:.6}",
                model.config.architecture.name(),
                parity.min_cosine,
                parity.mean_cosine,
                parity.max_norm_deviation
            );
            assert!(parity.is_enough_for(how.precision), "{what}: {parity:?}");
        }
    }
}

#[test]
fn an_export_has_the_native_fingerprint_at_full_precision_and_another_in_8_bits() {
    let scratch = tempfile::tempdir().unwrap();
    let Fixture { model, .. } = &fixtures()[0];
    let named = |precision| {
        let how = Export { precision, ..Export::default() };
        exported(scratch.path(), model, &how).fingerprint().clone()
    };
    let digits = format!("{:08x}", u32::from_be_bytes(model.sha256()[..4].try_into().unwrap()));
    let [full, small] = [ExportPrecision::Fp32, ExportPrecision::Int8].map(named);
    assert_eq!(full.to_string(), format!("{}@{digits}/fp32/{}", model.name, model.dimension()));
    assert_eq!((&full.model, &*small.precision), (&small.model, "onnx-int8"));
}

#[test]
fn external_weights_of_an_export_are_found() {
    let scratch = tempfile::tempdir().unwrap();
    let Fixture { model, texts, .. } = &fixtures()[0];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let [whole, split] = [u64::MAX, 20_000].map(|largest_file| {
        let how = Export { largest_file, ..Export::default() };
        exported(scratch.path(), model, &how).raw(&texts).unwrap()
    });
    assert!(scratch.path().join("model.onnx.data").is_file() && whole == split);
}
