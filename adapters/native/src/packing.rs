use crate::files::packed;
use crate::{ModelError, Precision};
use sbert_cpu::{Encoder, pack};
use sbert_model::SentenceModel;
use std::path::{Path, PathBuf};

/// A packed model of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedModel {
    /// Its file.
    pub path: PathBuf,
    /// Whether it was packed now; else it was there, whole and of these weights.
    pub is_new: bool,
}

/// Packs the model of a Sentence-Transformers folder at every precision, beside the originals.
/// What is there already, whole and of the same weights, stays.
pub fn pack_all(folder: &Path) -> Result<Vec<PackedModel>, ModelError> {
    let model = SentenceModel::open(folder)?;
    let sha256 = model.sha256();
    let mut files = Vec::new();
    for precision in Precision::ALL {
        let path = packed(folder, precision);
        let is_new = !holds(&path, &sha256);
        if is_new {
            pack(&model, precision.into(), &path)?;
        }
        files.push(PackedModel { path, is_new });
    }
    Ok(files)
}

/// Whether the file is a packed model of the weights with this hash.
fn holds(path: &Path, sha256: &[u8; 32]) -> bool {
    let Ok(encoder) = Encoder::open(path) else { return false };
    let digits = encoder.sha256().as_bytes().chunks(2).map(|digits| {
        std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
    });
    digits.eq(sha256.iter().copied().map(Some))
}
