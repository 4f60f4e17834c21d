//! Packing damaged folders causes no panics, hangs or unbounded memory use.
use sbert_cpu::{Encoder, Precision};
use sbert_fixtures::damage::{RandomNumbers, damage, files};
use sbert_fixtures::{ModelCopy, names};
use sbert_model::SentenceModel;
use std::fs;

#[test]
fn a_damaged_folder_embeds_or_is_rejected() {
    let mut numbers = RandomNumbers(0x9e37_79b9_7f4a_7c15);
    let (mut embedded, mut refused) = (0, 0);
    for name in names() {
        let folder = ModelCopy::new(&name);
        let files = files(&folder);
        for _ in 0..40 {
            let file = &files[numbers.below(files.len())];
            let whole = fs::read(folder.path(file)).unwrap();
            damage(&folder, file, &mut numbers);
            let precision = Precision::ALL[numbers.below(3)];
            let model = SentenceModel::open(folder.root()).map_err(|error| error.to_string());
            let encoder = model.and_then(|model| {
                Encoder::from_model(&model, precision).map_err(|error| error.to_string())
            });
            match encoder {
                Ok(encoder) => {
                    let texts = ["", "A tripod holds <mask> [MASK] téléphone."];
                    let vectors = encoder.embed(&texts, 2).vectors;
                    assert_eq!(vectors.len(), 2 * encoder.dimension(), "{name}: {file}");
                    embedded += 1;
                }
                Err(error) => {
                    assert!(error.len() > 20, "{name}: {file}: {error}");
                    refused += 1;
                }
            }
            fs::write(folder.path(file), whole).unwrap();
        }
    }
    assert!(embedded > 100 && refused > 100, "{embedded} embedded, {refused} refused");
}
