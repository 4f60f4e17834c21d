use crate::{DEFAULT_MODEL, ModelChoice, ModelPrecision, Settings};
use std::path::{Path, PathBuf};

/// The files of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NativeModelFiles {
    /// A packed file, ready to be mapped into memory.
    Packed(PathBuf),
    /// A Sentence-Transformers folder, to be packed at this precision first.
    Folder(PathBuf, ModelPrecision),
}

/// An error in finding, packing or opening a model.
#[derive(Debug, thiserror::Error)]
pub enum NativeModelError {
    /// The models folder is not configured, and the user has no cache folder.
    #[error(
        "there is no models folder, because neither HOME nor XDG_CACHE_HOME is set: set --models \
         or AKIN_MODELS"
    )]
    NoFolder,
    /// The path does not exist.
    #[error(
        "no model at {path} (model {choice}): run `make model`, set the models folder with \
         --models or AKIN_MODELS, or select a model with --model or AKIN_MODEL"
    )]
    Missing {
        /// The path that was tried.
        path: PathBuf,
        /// The selected model.
        choice: ModelChoice,
    },
    /// The folder does not contain a model.
    #[error(
        "{0} is not a model folder: it contains neither `int8.sbert` nor `modules.json`; \
         check --model or AKIN_MODEL"
    )]
    NoModel(PathBuf),
    /// The folder does not contain a model to pack.
    #[error(
        "{0} does not contain a Sentence-Transformers model (no modules.json): run `make model`, \
         or choose a folder that contains one"
    )]
    NoOriginals(PathBuf),
    /// The packed file differs from its record.
    #[error(
        "{0} was altered since it was packed: its SHA-256 is not the one in the record beside it; copy \
         both again, or run `make model` or `akin model pack`"
    )]
    Altered(PathBuf),
    /// The folder's model cannot be read.
    #[error(transparent)]
    Folder(#[from] sbert_model::FolderError),
    /// The folder's model could not be packed.
    #[error(transparent)]
    Pack(#[from] sbert_cpu::PackError),
    /// The packed file cannot be executed.
    #[error("the packed model cannot be used; `make model` packs it again")]
    Packed(#[from] sbert_cpu::OpenError),
}

impl Settings {
    /// Finds the files of the selected model. Packed files take precedence.
    pub fn find_model(&self) -> Result<NativeModelFiles, NativeModelError> {
        let missing = |path| NativeModelError::Missing { path, choice: self.model.clone() };
        match &self.model {
            ModelChoice::Default(precision) => {
                let folder = self.models_folder()?.join(DEFAULT_MODEL);
                let missing = missing(packed_path(&folder, *precision));
                in_folder(&folder, *precision).ok_or(missing)
            }
            ModelChoice::At(path) if path.is_file() => Ok(NativeModelFiles::Packed(path.clone())),
            ModelChoice::At(path) if path.is_dir() => in_folder(path, ModelPrecision::default())
                .ok_or_else(|| NativeModelError::NoModel(path.clone())),
            ModelChoice::At(path) => Err(missing(path.clone())),
        }
    }
}

fn in_folder(folder: &Path, precision: ModelPrecision) -> Option<NativeModelFiles> {
    let packed_path = packed_path(folder, precision);
    if packed_path.is_file() {
        return Some(NativeModelFiles::Packed(packed_path));
    }
    let is_original = folder.join("modules.json").is_file();
    is_original.then(|| NativeModelFiles::Folder(folder.to_owned(), precision))
}

/// Returns the path of a folder's packed model.
pub(crate) fn packed_path(folder: &Path, precision: ModelPrecision) -> PathBuf {
    folder.join(format!("{precision}.sbert"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn settings(models: &Path, model: &str) -> Settings {
        let Ok(model) = model.parse();
        Settings { model, models: Some(models.to_owned()), threads: None }
    }

    #[test]
    fn the_error_for_a_missing_model_names_the_path_the_setting_and_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let error = settings(folder.path(), "bf16").find_model().unwrap_err().to_string();
        let path = folder.path().join("all-MiniLM-L6-v2").join("bf16.sbert");
        for part in [&*path.to_string_lossy(), "model bf16", "AKIN_MODEL ", "`make model`"] {
            assert!(format!("{error} ").contains(part), "{part:?} is missing: {error}");
        }
        let other = folder.path().join("bge");
        let error = settings(folder.path(), other.to_str().unwrap()).find_model().unwrap_err();
        assert!(error.to_string().contains(&*other.to_string_lossy()), "{error}");
    }

    #[test]
    fn a_packed_file_takes_precedence_over_the_original_files() {
        let models = tempfile::tempdir().unwrap();
        let folder = models.path().join("all-MiniLM-L6-v2");
        fs::create_dir(&folder).unwrap();
        for name in ["modules.json", "int8.sbert"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let find = |model: &str| settings(models.path(), model).find_model().unwrap();
        assert_eq!(find("int8"), NativeModelFiles::Packed(folder.join("int8.sbert")));
        assert_eq!(find("fp32"), NativeModelFiles::Folder(folder.clone(), ModelPrecision::Fp32));
        assert_eq!(find(folder.to_str().unwrap()), find("int8"));
        let file = folder.join("int8.sbert");
        assert_eq!(find(file.to_str().unwrap()), NativeModelFiles::Packed(file));
    }

    #[test]
    fn a_folder_without_a_model_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = settings(folder.path(), folder.path().to_str().unwrap()).find_model();
        assert!(matches!(error, Err(NativeModelError::NoModel(path)) if path == folder.path()));
    }
}
