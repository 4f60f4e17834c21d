//! Prints the speed of a model and its cosine to f32, for each precision and instruction set, on a file of
//! lines: `cargo run --release -p sbert-cpu --example encoder_speed FOLDER LINES [PRECISION]`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement prints, and fails by panicking"
)]

use sbert_cpu::{Encoder, InstructionSet, Precision};
use sbert_model::SentenceModel;
use std::time::Instant;

/// Six tokens, including the two special ones.
const QUERY: &str = "black wireless phone stand";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let lines = std::fs::read_to_string(&arguments[1]).unwrap();
    let texts: Vec<&str> = lines.lines().collect();
    let model = SentenceModel::open(arguments[0].as_ref()).unwrap();
    let exact = Encoder::from_model(&model, Precision::Fp32).unwrap().embed(&texts, 2).vectors;
    let wanted = arguments.get(2);
    for precision in Precision::ALL {
        if wanted.is_some_and(|wanted| wanted != precision.name()) {
            continue;
        }
        let path = std::env::temp_dir().join(format!("speed-{}.sbert", precision.name()));
        sbert_cpu::pack(&model, precision, &path).unwrap();
        for instruction_set in InstructionSet::available() {
            if instruction_set == InstructionSet::Portable && wanted.is_some() {
                continue;
            }
            measure(&path, instruction_set, &texts, &exact);
        }
    }
}

fn measure(path: &std::path::Path, instruction_set: InstructionSet, texts: &[&str], exact: &[f32]) {
    let (_, load) = milliseconds(|| Encoder::open(path).unwrap());
    let encoder = Encoder::open(path).unwrap().with_instruction_set(instruction_set).unwrap();
    let count =
        if instruction_set == InstructionSet::Portable { texts.len() / 10 } else { texts.len() };
    let rate = |threads| {
        let runs = (0..3).map(|_| milliseconds(|| encoder.embed(&texts[..count], threads)).1);
        count as f64 / runs.fold(f64::MAX, f64::min) * 1e3
    };
    let query = |threads| {
        let times = (0..300).map(|_| milliseconds(|| encoder.embed(&[QUERY], threads)).1);
        let mut times: Vec<f64> = times.collect();
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let (vectors, size) = (encoder.embed(&texts[..count], 2).vectors, encoder.dimension());
    let pairs = vectors.chunks(size).zip(exact.chunks(size));
    let cosines = pairs.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum());
    let cosines: Vec<f32> = cosines.collect();
    println!(
        "{} {instruction_set}: load {load:.1} ms; {:.0}/s on one thread, {:.0}/s on two; a query {:.3} ms on one, \
         {:.3} ms on two; cosine to f32 {:.5}, least {:.5}",
        encoder.precision().name(),
        rate(1),
        rate(2),
        query(1),
        query(2),
        cosines.iter().sum::<f32>() / count as f32,
        cosines.iter().copied().fold(2.0, f32::min),
    );
}

fn milliseconds<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let outcome = run();
    (outcome, began.elapsed().as_secs_f64() * 1e3)
}
