//! Models with a replaced part.

use sbert_cpu::Precision;
use sbert_model::SentenceModel;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The files of the small model.
pub const FILES: [&str; 7] = [
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "1_Pooling/config.json",
    "model.safetensors",
];

/// Returns the folder of the small model.
pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../libs/sbert-fixtures/models/thin")
}

/// A copy of the small model's folder.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    files: [Vec<u8>; FILES.len()],
}

impl Default for Folder {
    fn default() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = FILES.map(|name| fs::read(fixture().join(name)).expect(name));
        for (name, content) in FILES.iter().zip(&files) {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect(name);
        }
        Self { folder, files }
    }
}

impl Folder {
    /// Copies the model.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `try_it` with the content of one file replaced.
    pub fn with(&self, which: usize, content: &[u8], try_it: impl FnOnce(&Path)) {
        let which = which % FILES.len();
        let path = self.folder.path().join(FILES[which]);
        fs::write(&path, content).expect("written");
        try_it(self.folder.path());
        fs::write(&path, &self.files[which]).expect("written");
    }
}

/// A file for packed models.
#[derive(Debug)]
pub struct Packed {
    folder: TempDir,
    prologue: Vec<u8>,
}

/// The number of bytes before the part that the checksum covers.
const PROLOGUE: usize = 64;

impl Default for Packed {
    fn default() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let prologue = packed(Precision::Int8)[..PROLOGUE].to_vec();
        Self { folder, prologue }
    }
}

impl Packed {
    /// Creates an empty file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a packed model from four bytes with the header's length and the bytes after the prologue.
    pub fn seal(&self, bytes: &[u8]) -> Option<PathBuf> {
        let (header, rest) = bytes.split_first_chunk::<4>()?;
        let mut file = self.prologue.clone();
        file[16..24].copy_from_slice(&((PROLOGUE + rest.len()) as u64).to_ne_bytes());
        file[24..28].copy_from_slice(&crc32fast::hash(rest).to_ne_bytes());
        file[28..32].copy_from_slice(header);
        file.extend_from_slice(rest);
        let path = self.folder.path().join("model.sbert");
        fs::write(&path, file).expect("written");
        Some(path)
    }

    /// Returns the argument of [`Packed::seal`] that gives this packed model.
    pub fn unsealed(packed: &[u8]) -> Vec<u8> {
        [&packed[28..32], &packed[PROLOGUE..]].concat()
    }
}

/// Packs the small model.
pub fn packed(precision: Precision) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.sbert");
    let model = SentenceModel::open(&fixture()).expect("a model");
    sbert_cpu::pack(&model, precision, &path).expect("packed");
    fs::read(path).expect("a file")
}
