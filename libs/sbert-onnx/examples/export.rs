//! Exports a Sentence-Transformers folder to an ONNX file, in 8 bits if asked:
//! `cargo run --release -p sbert-onnx --example export FOLDER FILE [int8]`.
#![allow(clippy::print_stdout, reason = "this program prints")]

use sbert_model::SentenceModel;
use sbert_onnx::{Export, ExportPrecision, Target};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("name a folder and a file".into());
    };
    let is_int8 = arguments.next().is_some_and(|precision| precision == "int8");
    let precision = if is_int8 { ExportPrecision::Int8 } else { ExportPrecision::Fp32 };
    let model = SentenceModel::open(folder.as_ref())?;
    let options = Export { precision, ..Export::default() };
    let draft = sbert_onnx::export(&model, &options, &Target::beside(file), &mut |_| ())?;
    let summary = draft.keep()?;
    println!(
        "{}: {} bytes, {} nodes, {:.1} s",
        summary.model.display(),
        summary.bytes,
        summary.nodes,
        summary.seconds
    );
    Ok(())
}
