//! Reproducibility, accuracy and damaged files.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use sbert_cpu::{Encoder, InstructionSet, Precision, pack};
use sbert_model::SentenceModel;
use std::path::Path;

const TEXTS: &[&str] = &[
    "",
    "tripod",
    "a flexible tripod that keeps a phone steady while filming",
    "Wireless over-ear headphones with noise cancelling, 30 hours of battery (black)",
    "₹1,299.50 कैमरा 三脚",
    "TN-2110 toner",
];

fn model() -> SentenceModel {
    SentenceModel::open(&sbert_fixtures::downloaded_model()).unwrap()
}

fn encoders() -> impl Iterator<Item = Encoder> {
    let model = model();
    Precision::ALL.into_iter().flat_map(move |precision| {
        let lacks = |instruction_set: &InstructionSet| {
            if !instruction_set.is_available() {
                println!("skipped: the CPU does not support {instruction_set}");
            }
            instruction_set.is_available()
        };
        let model = &model;
        let encoder = |instruction_set| {
            Encoder::from_model(model, precision)
                .unwrap()
                .with_instruction_set(instruction_set)
                .unwrap()
        };
        InstructionSet::ALL.into_iter().filter(lacks).map(encoder).collect::<Vec<_>>()
    })
}

#[test]
#[ignore = "needs the model: make model"]
fn an_embedding_has_the_same_bits_alone_in_any_batch_and_on_any_number_of_threads() {
    for encoder in encoders() {
        let (dimension, what) =
            (encoder.dimension(), (encoder.precision(), encoder.instruction_set()));
        let mut many: Vec<&str> = TEXTS.iter().rev().copied().cycle().take(23).collect();
        let together = encoder.embed(&many, 1).vectors;
        assert_eq!(encoder.embed(&many, 3).vectors, together, "{what:?}");
        for (text, vector) in many.iter().zip(together.chunks(dimension)) {
            assert_eq!(encoder.embed(&[text], 1).vectors, vector, "{what:?} {text:?}");
        }
        many.rotate_left(5);
        let rotated = encoder.embed(&many, 2).vectors;
        assert_eq!(rotated[..dimension], together[5 * dimension..6 * dimension], "{what:?}");
    }
}

#[test]
#[ignore = "needs the model: make model"]
fn every_precision_and_instruction_set_agrees_with_onnx_runtime() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let texts = std::fs::read(golden.join("texts.json")).unwrap();
    let texts: Vec<String> = serde_json::from_slice(&texts).unwrap();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let bytes = std::fs::read(golden.join("embeddings.f32")).unwrap();
    let exact: Vec<f32> = bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    assert_eq!(exact.len(), texts.len() * 384);
    for encoder in encoders() {
        let (mean, least) = match (encoder.precision(), encoder.instruction_set()) {
            (Precision::Fp32, _) => (0.999_999, 0.999_999),
            (Precision::Bf16, _) => (0.9999, 0.9998),
            // Activations have 7 bits instead of 8; short texts suffer most.
            (Precision::Int8, InstructionSet::Avx2) => (0.998, 0.985),
            (Precision::Int8, _) => (0.9985, 0.99),
        };
        let what = (encoder.precision(), encoder.instruction_set());
        let vectors = encoder.embed(&texts, 2).vectors;
        let pairs = vectors.chunks(384).zip(exact.chunks(384));
        let cosines = pairs.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>());
        let cosines: Vec<f32> = cosines.collect();
        for (text, cosine) in texts.iter().zip(&cosines) {
            assert!(*cosine >= least, "{what:?}: {cosine} of {text:?}");
        }
        let count = u8::try_from(cosines.len()).unwrap();
        let average = cosines.iter().sum::<f32>() / f32::from(count);
        assert!(average >= mean, "{what:?}: {average} on average");
        if encoder.precision() == Precision::Fp32 {
            let errors = vectors.iter().zip(&exact).map(|(a, b)| (a - b).abs());
            assert!(errors.fold(0.0, f32::max) < 2e-6, "{what:?}");
        }
        println!("{what:?}: {average} on average");
    }
}

#[test]
#[ignore = "needs the model: make model"]
fn a_damaged_packed_file_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("int8.sbert");
    pack(&model(), Precision::Int8, &path).unwrap();
    assert_eq!(Encoder::open(&path).unwrap().name(), model().name);
    let whole = std::fs::read(&path).unwrap();
    let places = [0, 9, 13, 17, 25, 29, 40, 70, 500, whole.len() / 2, whole.len() - 1];
    for place in places {
        let mut damaged = whole.clone();
        damaged[place] ^= 4;
        std::fs::write(&path, damaged).unwrap();
        let error = Encoder::open(&path).unwrap_err().to_string();
        assert!(error.contains("int8.sbert"), "byte {place}: {error}");
    }
    for length in [0, 10, 64, 100, whole.len() / 3, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(Encoder::open(&path).is_err(), "{length} bytes");
    }
}

#[test]
#[ignore = "needs the model: make model"]
fn a_text_that_is_too_long_is_truncated_and_flagged() {
    let encoder = Encoder::from_model(&model(), Precision::Int8).unwrap();
    let long = "steady phone tripod ".repeat(400);
    let embedded = encoder.embed(&["tripod", &long], 1);
    assert_eq!(embedded.truncated, [false, true]);
    assert_eq!(embedded.tokens, 4 + encoder.max_tokens());
}
