use crate::files::packed_path;
use crate::{ModelPrecision, NativeModelError};
use sbert_cpu::{Encoder, pack};
use sbert_model::SentenceModel;
use std::path::{Path, PathBuf};

/// A packed model in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedModel {
    /// The packed file.
    pub path: PathBuf,
    /// True if this call packed it; false if an intact file of this model existed.
    pub is_new: bool,
}

/// Packs the model of a Sentence-Transformers folder at every precision, next to the original files.
/// Keeps intact packed files of the same weights and settings.
pub fn pack_all(folder: &Path) -> Result<Vec<PackedModel>, NativeModelError> {
    if !folder.join("modules.json").is_file() {
        return Err(NativeModelError::NoOriginals(folder.to_owned()));
    }
    let model = SentenceModel::open(folder)?;
    let mut files = Vec::new();
    for precision in ModelPrecision::ALL {
        let path = packed_path(folder, precision);
        let is_new = !Encoder::open(&path).is_ok_and(|encoder| encoder.is_packed_from(&model));
        if is_new {
            pack(&model, precision.into(), &path)?;
        }
        files.push(PackedModel { path, is_new });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sbert_fixtures::ModelCopy;
    use std::fs;

    #[test]
    fn intact_packed_files_are_kept_and_damaged_ones_are_packed_again() {
        let folder = ModelCopy::new("minilm-l6");
        let new_files = || -> Vec<bool> {
            pack_all(folder.root()).unwrap().iter().map(|file| file.is_new).collect()
        };
        assert_eq!([new_files(), new_files()], [[true; 3], [false; 3]]);
        let bf16 = packed_path(folder.root(), ModelPrecision::Bf16);
        let whole = fs::read(&bf16).unwrap();
        fs::write(&bf16, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(new_files(), [false, true, false]);
        assert_eq!(fs::read(&bf16).unwrap(), whole);
        let config = folder.root().join("sentence_bert_config.json");
        fs::write(config, r#"{"max_seq_length": 20}"#).unwrap();
        assert_eq!(
            [new_files(), new_files()],
            [[true; 3], [false; 3]],
            "another length, the same weights"
        );
    }

    #[test]
    fn the_error_for_a_folder_without_a_model_names_it_and_the_remedy_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        for folder in [folder.path().to_owned(), folder.path().join("missing")] {
            let error = pack_all(&folder).unwrap_err().to_string();
            assert!(error.contains(&*folder.to_string_lossy()), "{error}");
            assert!(error.contains("make model") && error.lines().count() == 1, "{error}");
        }
    }
}
