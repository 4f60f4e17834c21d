//! Writes an index file of a few documents, adds one, and searches by words, by vector and by both.
#![allow(clippy::print_stdout, reason = "this program prints")]

use flat_index::{
    Base, BaseBuilder, DocumentChange, DocumentFilter, IndexDocument, Request, Schema, Snapshot,
    TextFieldSchema,
};
use std::error::Error;

fn document(key: &str, text: &str, vector: [f32; 2], price: f64) -> IndexDocument {
    IndexDocument {
        key: key.to_owned(),
        vector: vector.to_vec(),
        text: text.to_owned(),
        surface: text.to_owned(),
        numbers: vec![Some(price)],
        ..IndexDocument::default()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let schema = Schema {
        dimension: 2,
        text_fields: vec![TextFieldSchema { weight: 1.0, is_heading: true }],
        k1: 1.2,
        b: 0.75,
        number_columns: vec!["price".to_owned()],
        ..Schema::default()
    };
    let path = std::env::temp_dir().join(format!("search-{}.flat", std::process::id()));
    let mut builder = BaseBuilder::create(&path, &schema)?;
    // Keys must ascend.
    builder.push(&document("chair", "oak chair", [0.8, 0.6], 90.0))?;
    builder.push(&document("lamp", "red desk lamp", [0.6, 0.8], 30.0))?;
    builder.finish(1)?;

    let base = Base::open(&path, &schema)?;
    let stool = document("stool", "red stool", [1.0, 0.0], 40.0);
    let snapshot = Snapshot::new(schema, Some(&base))?.apply(2, [DocumentChange::Upsert(stool)])?;
    let cheap = DocumentFilter { numbers: vec![("price".into(), 0.0, 50.0)], ..Default::default() };
    for (terms, vector) in
        [(&["red"][..], None), (&[], Some(&[1.0, 0.0][..])), (&["lamp"], Some(&[1.0, 0.0]))]
    {
        let request = Request { terms, vector, filter: &cheap, depth: 10, threshold: None };
        for found in snapshot.search(&request)? {
            println!(
                "{terms:?} {vector:?}: {} {:?} {:?}",
                found.key,
                found.cosine,
                found.number(0)
            );
        }
    }
    std::fs::remove_file(path)?;
    Ok(())
}
