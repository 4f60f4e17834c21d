//! Sentences a second, milliseconds a query and the likeness to f32 of a model, on a file of lines:
//! `quick FOLDER LINES [PRECISION]`. For a look while working on the kernels; `bench/` compares.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement prints, or ends"
)]

use sbert_cpu::{Encoder, Isa, Precision};
use sbert_model::SentenceModel;
use std::time::Instant;

/// Six tokens, with the two special ones.
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
        let path = std::env::temp_dir().join(format!("quick-{}.sbert", precision.name()));
        sbert_cpu::pack(&model, precision, &path).unwrap();
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            if isa == Isa::Portable && wanted.is_some() {
                continue;
            }
            measure(&path, isa, &texts, &exact);
        }
    }
}

fn measure(path: &std::path::Path, isa: Isa, texts: &[&str], exact: &[f32]) {
    let (_, load) = milliseconds(|| Encoder::open(path).unwrap());
    let encoder = Encoder::open(path).unwrap().with_isa(isa).unwrap();
    let count = if isa == Isa::Portable { texts.len() / 10 } else { texts.len() };
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
        "{} {isa:?}: load {load:.1} ms; {:.0}/s on one thread, {:.0}/s on two; a query {:.3} ms on one, \
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
