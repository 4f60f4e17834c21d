//! Sentences a second and milliseconds a query of the packed model, on a file of lines.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a measurement prints, or ends"
)]

use sbert_cpu::{Encoder, Isa, Precision};
use sbert_model::SentenceModel;
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (folder, lines) = (arguments.next().unwrap(), arguments.next().unwrap());
    let lines = std::fs::read_to_string(lines).unwrap();
    let texts: Vec<&str> = lines.lines().collect();
    let model = SentenceModel::open(folder.as_ref()).unwrap();
    let exact = Encoder::from_model(&model, Precision::Fp32).unwrap().embed(&texts, 2).vectors;
    for precision in Precision::ALL {
        let path = std::env::temp_dir().join(format!("quick-{}.sbert", precision.name()));
        sbert_cpu::pack(&model, precision, &path).unwrap();
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            let began = Instant::now();
            let encoder = Encoder::open(&path).unwrap().with_isa(isa).unwrap();
            let load = began.elapsed().as_secs_f64() * 1e3;
            let count = if isa == Isa::Portable { texts.len() / 10 } else { texts.len() };
            let texts = &texts[..count];
            let rate = |threads| {
                let began = Instant::now();
                let embedded = encoder.embed(texts, threads);
                (count as f64 / began.elapsed().as_secs_f64(), embedded.vectors)
            };
            let (one, vectors) = rate(1);
            let two = rate(2).0.max(rate(2).0);
            let query = "wireless phone tripod stand";
            let mut times: Vec<f64> = (0..200)
                .map(|_| {
                    let began = Instant::now();
                    std::hint::black_box(encoder.embed(&[query], 1));
                    began.elapsed().as_secs_f64() * 1e3
                })
                .collect();
            times.sort_by(f64::total_cmp);
            let d = encoder.dimension();
            let cosines = vectors.chunks(d).zip(exact.chunks(d));
            let cosines: Vec<f32> =
                cosines.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum()).collect();
            let mean = cosines.iter().sum::<f32>() / count as f32;
            let least = cosines.iter().copied().fold(2.0, f32::min);
            println!(
                "{:5} {isa:?}: load {load:.1} ms, {one:.0}/s on one thread, {two:.0}/s on two, a query {:.3} ms, cosine {mean:.5} (least {least:.5})",
                precision.name(),
                times[100]
            );
        }
    }
}
