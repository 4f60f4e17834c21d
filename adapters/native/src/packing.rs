use crate::files::packed_path;
use crate::{ModelPrecision, NativeModelError};
use sbert_cpu::{Encoder, PackError, pack};
use sbert_model::SentenceModel;
use sbert_model::provenance::{self, Provenance};
use std::path::{Path, PathBuf};

/// A packed model in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedModel {
    /// The packed file.
    pub path: PathBuf,
    /// True if this call packed it; false if an intact file of this model existed.
    pub is_new: bool,
    /// Why the file that existed was packed again, if one was.
    pub replaced: Option<&'static str>,
}

/// Packs the model of a Sentence-Transformers folder at every precision, next to the original files.
/// Keeps packed files of the same weights and settings whose SHA-256 was recorded when they were packed.
pub fn pack_all(folder: &Path) -> Result<Vec<PackedModel>, NativeModelError> {
    if !folder.join("modules.json").is_file() {
        return Err(NativeModelError::NoOriginals(folder.to_owned()));
    }
    let model = SentenceModel::open(folder)?;
    let mut files = Vec::new();
    for precision in ModelPrecision::ALL {
        let path = packed_path(folder, precision);
        let exists = path.exists();
        let reason = reason_to_pack(&path, &model);
        if reason.is_some() {
            pack(&model, precision.into(), &path)?;
            provenance::record(&path, &[], &model.sha256())
                .map_err(|source| PackError::Write { path: path.clone(), source })?;
        }
        let replaced = reason.filter(|_| exists);
        files.push(PackedModel { path, is_new: reason.is_some(), replaced });
    }
    Ok(files)
}

/// Returns why the file at `path` is not the packed `model`, if it is not. Its header could claim
/// anything, so that only the recorded SHA-256 tells.
fn reason_to_pack(path: &Path, model: &SentenceModel) -> Option<&'static str> {
    match provenance::verify(path) {
        Provenance::Unrecorded => Some("there was no record of packing it"),
        Provenance::Altered(_) => Some("it was altered since it was packed"),
        Provenance::Recorded(weights)
            if weights == provenance::hexadecimal(&model.sha256())
                && Encoder::open(path).is_ok_and(|encoder| encoder.is_packed_from(model)) =>
        {
            None
        }
        Provenance::Recorded(_) => Some("it was packed from another model or by another akin"),
    }
}

/// Opens the packed model at `path`. One that was altered, or that nobody recorded, is packed again in
/// memory if its model is beside it.
pub(crate) fn open_packed(path: &Path) -> Result<Encoder, NativeModelError> {
    let problem = match provenance::check(path) {
        Provenance::Recorded(weights) => {
            let encoder = Encoder::open(path)?;
            if encoder.sha256() == weights {
                return Ok(encoder);
            }
            "it was altered since it was packed"
        }
        Provenance::Altered(_) => "it was altered since it was packed",
        Provenance::Unrecorded => "there is no record of packing it",
    };
    let path = path.to_owned();
    if let Some((folder, precision)) = originals(&path) {
        tracing::warn!(
            path = %path.display(),
            "{problem}, so that the model beside it was packed in memory; `akin model pack` packs it \
             again for good"
        );
        return Ok(Encoder::from_model(&SentenceModel::open(folder)?, precision.into())?);
    }
    if path.with_added_extension("made").exists() {
        return Err(NativeModelError::Altered(path));
    }
    tracing::info!(path = %path.display(), "{problem}: it is used as it is");
    Ok(Encoder::open(&path)?)
}

/// Returns the folder of the model that a file at `path` would be packed from, and the precision.
fn originals(path: &Path) -> Option<(&Path, ModelPrecision)> {
    let folder = path.parent().filter(|folder| folder.join("modules.json").is_file())?;
    let mut precisions = ModelPrecision::ALL.into_iter();
    let precision = precisions.find(|precision| packed_path(folder, *precision) == path)?;
    Some((folder, precision))
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

    /// Changes a weight in the packed file at `path`, and makes its checksum right.
    fn alter(path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let checksum = crc32fast::hash(&bytes[64..]).to_le_bytes();
        let old = crc32fast::hash(&fs::read(path).unwrap()[64..]).to_le_bytes();
        let at = bytes[..64].windows(4).position(|found| found == old).expect("a checksum");
        bytes[at..at + 4].copy_from_slice(&checksum);
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn an_altered_file_with_a_right_checksum_is_packed_again() {
        let folder = ModelCopy::new("minilm-l6");
        let packed = pack_all(folder.root()).unwrap();
        assert!(packed.iter().all(|file| file.replaced.is_none()));
        let int8 = packed_path(folder.root(), ModelPrecision::Int8);
        let whole = fs::read(&int8).unwrap();
        alter(&int8);
        assert_ne!(fs::read(&int8).unwrap(), whole);
        Encoder::open(&int8).expect("its checksum is right");
        let again = pack_all(folder.root()).unwrap();
        let reasons: Vec<_> = again.iter().map(|file| file.replaced).collect();
        assert_eq!(reasons, [Some("it was altered since it was packed"), None, None]);
        assert_eq!(fs::read(&int8).unwrap(), whole);

        alter(&int8);
        fs::remove_file(int8.with_added_extension("made")).unwrap();
        let again = pack_all(folder.root()).unwrap();
        assert_eq!(again[0].replaced, Some("there was no record of packing it"));
        assert_eq!(fs::read(&int8).unwrap(), whole);
    }

    #[test]
    fn an_altered_file_is_never_executed() {
        let folder = ModelCopy::new("minilm-l6");
        pack_all(folder.root()).unwrap();
        let int8 = packed_path(folder.root(), ModelPrecision::Int8);
        let embed =
            |path: &Path| open_packed(path).map(|encoder| encoder.embed(&["a tripod"], 1).vectors);
        let whole = embed(&int8).unwrap();
        alter(&int8);
        assert_eq!(embed(&int8).unwrap(), whole, "it is packed in memory");
        let alone = tempfile::tempdir().unwrap();
        let copy = alone.path().join("int8.sbert");
        fs::copy(&int8, &copy).unwrap();
        embed(&copy).expect("nothing is known of a file alone");
        let made = |path: &Path| path.with_added_extension("made");
        fs::copy(made(&int8), made(&copy)).unwrap();
        let error = embed(&copy).unwrap_err().to_string();
        assert!(error.contains("int8.sbert") && error.contains("altered"), "{error}");
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
