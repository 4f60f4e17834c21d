//! Embeds texts with a Sentence-Transformers folder and prints the cosine of each to the first one:
//! `cargo run --release -p sbert-cpu --example embed FOLDER TEXT TEXT...`.
#![allow(clippy::print_stdout, reason = "this program prints")]

use sbert_cpu::{Encoder, Precision};
use sbert_model::SentenceModel;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder")?;
    let texts: Vec<String> = arguments.collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let encoder = Encoder::from_model(&SentenceModel::open(folder.as_ref())?, Precision::Int8)?;
    let output = encoder.embed(&texts, 2);
    let vectors: Vec<&[f32]> = output.vectors.chunks(encoder.dimension()).collect();
    for (text, vector) in texts.iter().zip(&vectors) {
        let cosine: f32 = vectors[0].iter().zip(*vector).map(|(a, b)| a * b).sum();
        println!("{cosine:.3} {text}");
    }
    Ok(())
}
