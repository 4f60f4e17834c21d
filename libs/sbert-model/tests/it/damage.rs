//! Damaged folders cause no panics, hangs or unbounded memory use.

use crate::support::{Rejection, read};
use sbert_fixtures::damage::{RandomNumbers, damage, files};
use sbert_fixtures::{ModelCopy, names};
use std::fs;

#[test]
fn a_damaged_folder_is_read_or_rejected_with_the_name_of_a_file() {
    let mut numbers = RandomNumbers(0x5851_f42d_4c95_7f2d);
    let (mut tried, mut refused) = (0, 0);
    for name in names() {
        let folder = ModelCopy::new(&name);
        let files = files(&folder);
        for _ in 0..160 {
            let file = &files[numbers.below(files.len())];
            let whole = fs::read(folder.path(file)).unwrap();
            damage(&folder, file, &mut numbers);
            tried += 1;
            match read(folder.root()) {
                Ok(model) => {
                    let encoding =
                        model.tokenizer.encode("A tripod holds <mask> [MASK] téléphone.");
                    let known = |id: &u32| (*id as usize) < model.config.vocabulary;
                    assert!(encoding.ids.iter().all(known), "{name}: {file}");
                    assert!((1..=model.max_tokens).contains(&encoding.ids.len()), "{name}: {file}");
                }
                Err(error) => {
                    let error = error.to_string();
                    let root = folder.root();
                    assert!(error.contains(&*root.to_string_lossy()), "{name}: {file}: {error}");
                    refused += 1;
                }
            }
            fs::write(folder.path(file), whole).unwrap();
        }
    }
    assert!(3 * refused > tried, "only {refused} of {tried} damaged folders were rejected");
}

#[test]
fn a_damaged_normalization_table_is_rejected() {
    let folder = ModelCopy::new("xlm-roberta-dense");
    folder.edit("tokenizer.json", "\"precompiled_charsmap\": \"", "\"precompiled_charsmap\": \"A");
    folder.is_rejected_with(&["tokenizer.json", "cannot be executed"]);
}

#[test]
fn a_folder_in_place_of_a_file_is_rejected() {
    for name in ["model.safetensors", "config.json", "tokenizer.json"] {
        let folder = ModelCopy::new("minilm-l6");
        fs::remove_file(folder.path(name)).unwrap();
        fs::create_dir(folder.path(name)).unwrap();
        folder.is_rejected_with(&[name]);
    }
}
