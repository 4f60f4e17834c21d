//! Compares models of every architecture, shape and size with `PyTorch`.
//!
//! `libs/sbert-fixtures/make_fixtures.py` generates the folders and the expected embeddings. Each instruction
//! set has its own tests, which print a note if the CPU does not support it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use sbert_cpu::{Encoder, InstructionSet, Precision};
use sbert_model::SentenceModel;
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Expected {
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
}

struct Fixture {
    name: String,
    model: SentenceModel,
    expected: Vec<Expected>,
}

fn fixtures() -> Vec<Fixture> {
    let fixture = |folder: PathBuf| Fixture {
        name: folder.file_name().unwrap().to_string_lossy().into_owned(),
        model: SentenceModel::open(&folder).unwrap(),
        expected: serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap())
            .unwrap(),
    };
    sbert_fixtures::folders().into_iter().map(fixture).collect()
}

impl Fixture {
    /// Returns the encoder, or prints a note and returns `None` if the CPU lacks the instruction set.
    fn encoder(&self, precision: Precision, instruction_set: InstructionSet) -> Option<Encoder> {
        let encoder = Encoder::from_model(&self.model, precision)
            .unwrap()
            .with_instruction_set(instruction_set);
        if encoder.is_none() {
            println!("skipped: the CPU does not support {instruction_set}");
        }
        encoder
    }

    fn texts(&self) -> Vec<&str> {
        self.expected.iter().map(|expected| &*expected.text).collect()
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn f32_agrees_with_pytorch(instruction_set: InstructionSet) {
    for fixture in fixtures() {
        let Some(encoder) = fixture.encoder(Precision::Fp32, instruction_set) else { return };
        let vectors = encoder.embed(&fixture.texts(), 2).vectors;
        assert_eq!(vectors.len(), fixture.expected.len() * encoder.dimension(), "{}", fixture.name);
        for (expected, vector) in fixture.expected.iter().zip(vectors.chunks(encoder.dimension())) {
            let Expected { text, ids, vector: wanted } = expected;
            assert_eq!(encoder.tokenize(text), *ids, "{} {text:?}", fixture.name);
            let largest = wanted.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
            for (number, wanted) in vector.iter().zip(wanted) {
                let error = (number - wanted).abs() / largest;
                assert!(error < 1e-5, "{} {text:?}: {number}, not {wanted}", fixture.name);
            }
        }
    }
}

/// Asserts the cosine to the exact embeddings: the mean of all texts, and the minimum of small models.
fn rounded_agrees_with_pytorch(
    precision: Precision,
    instruction_set: InstructionSet,
    [mean, least]: [f32; 2],
) {
    for fixture in fixtures() {
        let Some(encoder) = fixture.encoder(precision, instruction_set) else { return };
        let vectors = encoder.embed(&fixture.texts(), 2).vectors;
        let pairs = fixture.expected.iter().zip(vectors.chunks(encoder.dimension()));
        let cosines: Vec<_> = pairs.map(|(e, vector)| cosine(vector, &e.vector)).collect();
        let lowest = cosines.iter().copied().fold(1.0, f32::min);
        let average = cosines.iter().sum::<f32>() / f32::from(u8::try_from(cosines.len()).unwrap());
        println!(
            "{} {precision:?} {instruction_set}: {average} on average, {lowest} least",
            fixture.name
        );
        assert!(average >= mean, "{}: {average} on average", fixture.name);
        let config = &fixture.model.config;
        if config.layers <= 2 && config.hidden > 12 {
            assert!(lowest >= least, "{}: {lowest}", fixture.name);
        }
    }
}

fn bits_do_not_depend_on_batch_or_threads(instruction_set: InstructionSet) {
    for fixture in fixtures() {
        for precision in Precision::ALL {
            let Some(encoder) = fixture.encoder(precision, instruction_set) else { return };
            let texts: Vec<&str> = fixture.texts().into_iter().cycle().take(37).collect();
            let together = encoder.embed(&texts, 1).vectors;
            let what = format!("{} {precision:?}", fixture.name);
            assert_eq!(encoder.embed(&texts, 3).vectors, together, "{what}");
            let vectors = together.chunks(encoder.dimension());
            for (number, (text, vector)) in texts.iter().zip(vectors).enumerate() {
                let alone = encoder.embed(&[text], 1 + number % 5).vectors;
                assert_eq!(alone, vector, "{what} {text:?}");
            }
        }
    }
}

/// Defines the tests of one instruction set. Many random layers, or layers of few numbers, amplify the loss of
/// 8 bits far more than trained ones, so single texts are not checked there; `encoder.rs` checks trained
/// models.
macro_rules! instructions {
    ($module:ident, $instruction_set:expr, $int8:expr) => {
        mod $module {
            use super::*;

            #[test]
            fn f32_agrees_with_pytorch() {
                super::f32_agrees_with_pytorch($instruction_set);
            }

            #[test]
            fn bf16_agrees_with_pytorch() {
                rounded_agrees_with_pytorch(Precision::Bf16, $instruction_set, [0.9995, 0.999]);
            }

            #[test]
            fn int8_agrees_with_pytorch() {
                rounded_agrees_with_pytorch(Precision::Int8, $instruction_set, $int8);
            }

            #[test]
            fn bits_do_not_depend_on_batch_or_threads() {
                super::bits_do_not_depend_on_batch_or_threads($instruction_set);
            }
        }
    };
}

instructions!(avx512_if_supported, InstructionSet::Avx512, [0.96, 0.97]);
instructions!(avx2_if_supported, InstructionSet::Avx2, [0.96, 0.97]);
instructions!(plain_rust, InstructionSet::Portable, [0.96, 0.97]);

/// Writes a model with random weights.
fn write_random_model(folder: &Path, hidden: usize, heads: usize, inner: usize) {
    let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "tripod", "phone", "##s"];
    std::fs::write(folder.join("vocab.txt"), vocabulary.join("\n")).unwrap();
    let modules = r#"[{"path": "", "type": "Transformer"}, {"path": "1_Pooling", "type": "Pooling"},
        {"path": "2_Normalize", "type": "Normalize"}]"#;
    std::fs::write(folder.join("modules.json"), modules).unwrap();
    std::fs::create_dir(folder.join("1_Pooling")).unwrap();
    let pooling = r#"{"pooling_mode_cls_token": true}"#;
    std::fs::write(folder.join("1_Pooling/config.json"), pooling).unwrap();
    let config = format!(
        r#"{{"model_type": "bert", "vocab_size": {}, "hidden_size": {hidden},
        "num_hidden_layers": 1, "num_attention_heads": {heads}, "intermediate_size": {inner},
        "max_position_embeddings": 16, "type_vocab_size": 1}}"#,
        vocabulary.len()
    );
    std::fs::write(folder.join("config.json"), config).unwrap();
    let tensors = tensors(vocabulary.len(), hidden, inner);
    std::fs::write(folder.join("model.safetensors"), safetensors(&tensors)).unwrap();
}

/// Returns the names and shapes of the tensors of a model with one layer.
fn tensors(vocabulary: usize, hidden: usize, inner: usize) -> Vec<(String, Vec<usize>)> {
    let layer = |name: &str| format!("encoder.layer.0.{name}");
    let mut tensors = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![vocabulary, hidden]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![16, hidden]),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![1, hidden]),
    ];
    let linears = [
        (layer("attention.self.query"), hidden, hidden),
        (layer("attention.self.key"), hidden, hidden),
        (layer("attention.self.value"), hidden, hidden),
        (layer("attention.output.dense"), hidden, hidden),
        (layer("intermediate.dense"), inner, hidden),
        (layer("output.dense"), hidden, inner),
    ];
    for (name, outputs, inputs) in linears {
        tensors.push((format!("{name}.weight"), vec![outputs, inputs]));
        tensors.push((format!("{name}.bias"), vec![outputs]));
    }
    let norms = [
        "embeddings.LayerNorm".to_owned(),
        layer("attention.output.LayerNorm"),
        layer("output.LayerNorm"),
    ];
    for name in norms {
        tensors.push((format!("{name}.weight"), vec![hidden]));
        tensors.push((format!("{name}.bias"), vec![hidden]));
    }
    tensors
}

/// Returns a safetensors file of random tensors; a product with a matrix keeps the magnitude.
fn safetensors(tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
    let (mut header, mut bytes) = (serde_json::Map::new(), Vec::new());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for (name, shape) in tensors {
        let begin = bytes.len();
        let spread = 4.0 / f32::from(u16::try_from(shape[shape.len() - 1]).unwrap()).sqrt();
        for _ in 0..shape.iter().product::<usize>() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let uniform = f32::from(i16::try_from(state % 20_001).unwrap() - 10_000) / 10_000.0;
            let number = if name.ends_with("LayerNorm.weight") {
                1.0 + uniform / 2.0
            } else {
                uniform * spread
            };
            bytes.extend(number.to_le_bytes());
        }
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, bytes.len()]});
        header.insert(name.clone(), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    [&length[..], &header, &bytes].concat()
}

#[test]
fn the_shapes_of_bge_base_and_e5_large_are_accurate_in_8_bits() {
    for (hidden, heads, inner) in [(768, 12, 3072), (1024, 16, 4096)] {
        let folder = tempfile::tempdir().unwrap();
        write_random_model(folder.path(), hidden, heads, inner);
        let model = SentenceModel::open(folder.path()).unwrap();
        let texts = ["a tripod", "phones", "a phone tripod a tripod phone tripods"];
        let embed = |precision, instruction_set| {
            let encoder = Encoder::from_model(&model, precision)
                .unwrap()
                .with_instruction_set(instruction_set)
                .unwrap();
            encoder.embed(&texts, 2).vectors
        };
        let exact = embed(Precision::Fp32, InstructionSet::Portable);
        for instruction_set in InstructionSet::available() {
            for (precision, least) in
                [(Precision::Int8, 0.995), (Precision::Bf16, 0.9999), (Precision::Fp32, 0.999_99)]
            {
                let vectors = embed(precision, instruction_set);
                for (vector, exact) in vectors.chunks(hidden).zip(exact.chunks(hidden)) {
                    let cosine = cosine(vector, exact);
                    assert!(cosine >= least, "{hidden} {precision:?} {instruction_set}: {cosine}");
                }
            }
        }
    }
}
