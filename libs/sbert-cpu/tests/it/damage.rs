//! Packing damaged folders causes no panics, hangs or unbounded memory use.
use sbert_cpu::{Encoder, Precision, pack};
use sbert_fixtures::damage::{RandomNumbers, damage, files};
use sbert_fixtures::{ModelCopy, names};
use sbert_model::SentenceModel;
use std::fs;
use std::path::{Path, PathBuf};

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

/// A packed model, to be changed behind its checksum.
struct Packed {
    path: PathBuf,
    bytes: Vec<u8>,
    _folder: tempfile::TempDir,
}

impl Packed {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        let model = SentenceModel::open(&sbert_fixtures::folder(name)).unwrap();
        pack(&model, Precision::Int8, &path).unwrap();
        Self { bytes: fs::read(&path).unwrap(), path, _folder: folder }
    }

    fn header(&self) -> std::ops::Range<usize> {
        let length = u32::from_ne_bytes(*self.bytes[28..].first_chunk().unwrap());
        64..64 + length as usize
    }

    /// Returns the start of the tokenizer.
    fn tokenizer(&self) -> usize {
        self.header().end.next_multiple_of(64)
    }

    /// Writes the file with a change and with a checksum that is right.
    fn with(&self, place: usize, bytes: &[u8]) -> &Path {
        let mut changed = self.bytes.clone();
        changed[place..place + bytes.len()].copy_from_slice(bytes);
        let sum = crc32fast::hash(&changed[64..]).to_ne_bytes();
        changed[24..28].copy_from_slice(&sum);
        fs::write(&self.path, changed).unwrap();
        &self.path
    }
}

/// Opens the file and embeds short and long texts; returns why it was rejected.
fn rejection(path: &Path) -> Option<String> {
    let encoder = match Encoder::open(path) {
        Ok(encoder) => encoder,
        Err(error) => return Some(error.to_string()),
    };
    let long = "a tripod [MASK] ".repeat(500);
    let vectors = encoder.embed(&["", "a tripod", &long], 1).vectors;
    assert_eq!(vectors.len(), 3 * encoder.dimension());
    None
}

#[test]
fn a_tokenizer_that_disagrees_with_the_header_is_rejected() {
    for name in ["minilm-l6", "roberta"] {
        let packed = Packed::new(name);
        assert_eq!(rejection(packed.with(0, b"SBERTCPU")), None);
        // The maximum number of tokens follows the flags.
        let place = packed.tokenizer() + if name == "roberta" { 1 } else { 5 };
        for tokens in [1_000_u32, u32::MAX, 3] {
            let rejection = rejection(packed.with(place, &tokens.to_le_bytes())).unwrap();
            let expected = format!("its tokenizer gives up to {tokens} tokens");
            assert!(rejection.contains(&expected), "{name}: {rejection}");
        }
    }
}

#[test]
fn numbers_of_a_header_that_cannot_be_are_rejected() {
    let packed = Packed::new("mpnet");
    let header = packed.header();
    let digits: Vec<_> =
        header.clone().filter(|place| packed.bytes[*place].is_ascii_digit()).collect();
    let mut rejected = 0;
    for place in digits {
        for digit in b"0189" {
            rejected += usize::from(rejection(packed.with(place, &[*digit])).is_some());
        }
    }
    assert!(rejected > 40, "{rejected} were rejected");
}

#[test]
fn bytes_of_a_tokenizer_that_cannot_be_are_rejected_or_harmless() {
    let packed = Packed::new("minilm-l6");
    let start = packed.tokenizer();
    let mut rejected = 0;
    for place in start..start + 200 {
        for bytes in [[0_u8; 4], [0xff; 4], [1, 0, 0, 0]] {
            rejected += usize::from(rejection(packed.with(place, &bytes)).is_some());
        }
    }
    assert!(rejected > 100, "{rejected} were rejected");
}
