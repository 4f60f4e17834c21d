//! Describes a Sentence-Transformers folder, and prints the tokens of a text:
//! `cargo run -p sbert-model --example describe FOLDER [TEXT]`.
#![allow(clippy::print_stdout, reason = "this program prints")]

use sbert_model::SentenceModel;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder")?;
    let model = SentenceModel::open(folder.as_ref())?;
    println!("{}: {:#?}", model.name, model.config);
    println!("pooling {:?}, {} dense layers", model.pooling.modes(), model.dense.len());
    println!("{} dimensions, {} tokens at most", model.dimension(), model.max_tokens);
    println!("{} layers of weights", model.weights()?.layers.len());
    if let Some(text) = arguments.next() {
        println!("{:?}", model.tokenizer.encode(&text).ids);
    }
    Ok(())
}
