//! Prints the records of a file: `cargo run -p feed-formats --example records -- feed.csv.gz`.
#![allow(clippy::print_stdout, reason = "it prints")]

use feed_formats::{Input, Options, Reader, RecordValue, Value};
use std::fs::File;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a file")?;
    let mut reader = Reader::open(Input::file(File::open(path)?), &Options::default())?;
    while let Some(batch) = reader.next_batch()? {
        for record in &batch.records {
            match record {
                Err(malformed) => println!("line {}: {}", malformed.line, malformed.reason),
                Ok(record) => {
                    println!("line {}", record.line);
                    for (name, value) in batch.named_values(record) {
                        let text = match value {
                            RecordValue::Text(range) | RecordValue::Number(range) => {
                                &batch.text[range.clone()]
                            }
                            RecordValue::Other(Value::Text(text) | Value::Number(text)) => text,
                            RecordValue::Other(Value::Nested(nested)) => &nested.text,
                            RecordValue::Other(Value::Invalid(invalid)) => &invalid.reason,
                        };
                        println!("  {name}: {text}");
                    }
                }
            }
        }
    }
    Ok(())
}
