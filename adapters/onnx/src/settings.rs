use crate::OnnxError;
use std::path::{Path, PathBuf};

/// The settings of the ONNX embedder: the model and its tokenizer.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
pub struct Settings {
    /// The ONNX model of an engine `+onnx` [default: what --model names, at
    /// `onnx/int8.onnx` or `onnx/fp32.onnx` in the model's folder].
    #[arg(long, env = "ONNX_MODEL_PATH", value_name = "FILE", hide_short_help = true)]
    pub onnx_model: Option<PathBuf>,

    /// Its tokenizer: `tokenizer.json`, or a folder that holds it [default: beside the ONNX model].
    #[arg(long, env = "TOKENIZER_PATH", value_name = "PATH", hide_short_help = true)]
    pub tokenizer: Option<PathBuf>,
}

/// The files of an ONNX model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnnxModelFiles {
    /// The graph.
    pub model: PathBuf,
    /// The tokenizer's `tokenizer.json`.
    pub tokenizer: PathBuf,
}

impl Settings {
    /// Finds the selected files. The model defaults to the one at `default`.
    pub fn find(&self, default: &Path) -> Result<OnnxModelFiles, OnnxError> {
        OnnxModelFiles::at(self.onnx_model.as_deref().unwrap_or(default), self.tokenizer.as_deref())
    }
}

impl OnnxModelFiles {
    /// The model at `path`, with the tokenizer at `tokenizer`, or else in its folder or the one
    /// above: hubs keep ONNX files in a folder of their own.
    pub fn at(path: &Path, tokenizer: Option<&Path>) -> Result<Self, OnnxError> {
        if path.is_dir() {
            return Err(OnnxError::no_model(path, "it is a folder"));
        }
        if !path.is_file() {
            return Err(OnnxError::Missing(path.to_owned()));
        }
        let inside = |folder: &Path| folder.join("tokenizer.json");
        let candidates = match tokenizer {
            Some(given) => vec![given.to_owned(), inside(given)],
            None => folders(path).iter().map(|folder| inside(folder)).collect(),
        };
        match candidates.into_iter().find(|candidate| candidate.is_file()) {
            Some(tokenizer) => Ok(Self { model: path.to_owned(), tokenizer }),
            None => Err(OnnxError::NoTokenizer(
                tokenizer.map_or_else(|| folder_of(path), Path::to_owned),
            )),
        }
    }
}

/// Returns the folder of the model and its parent, where the files that belong to it can be.
pub(crate) fn folders(model: &Path) -> Vec<PathBuf> {
    let folder = folder_of(model);
    let parent = if folder == Path::new(".") { "..".into() } else { folder.join("..") };
    vec![folder, parent]
}

fn folder_of(model: &Path) -> PathBuf {
    match model.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => ".".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn the_tokenizer_is_found_in_the_models_folder_or_its_parent() {
        for (files, model, tokenizer) in [
            (["a.onnx", "tokenizer.json"], "a.onnx", "tokenizer.json"),
            (["onnx/model.onnx", "tokenizer.json"], "onnx/model.onnx", "tokenizer.json"),
            (["onnx/model.onnx", "onnx/tokenizer.json"], "onnx/model.onnx", "onnx/tokenizer.json"),
        ] {
            let folder = folder(&files);
            let found = Settings::default().find(&folder.path().join(model)).unwrap();
            let expected = folder.path().join(tokenizer).canonicalize().unwrap();
            assert_eq!(found.tokenizer.canonicalize().unwrap(), expected, "{files:?}");
        }
    }

    #[test]
    fn settings_take_precedence_over_the_default() {
        let folder = folder(&["a.onnx", "b.onnx", "tokenizer.json", "other/tokenizer.json"]);
        let at = |name: &str| folder.path().join(name);
        let settings = Settings { onnx_model: Some(at("b.onnx")), tokenizer: Some(at("other")) };
        let expected =
            OnnxModelFiles { model: at("b.onnx"), tokenizer: at("other/tokenizer.json") };
        assert_eq!(settings.find(&at("a.onnx")).unwrap(), expected);
        let file = at("other/tokenizer.json");
        let settings = Settings { onnx_model: None, tokenizer: Some(file.clone()) };
        let expected = OnnxModelFiles { model: at("a.onnx"), tokenizer: file };
        assert_eq!(settings.find(&at("a.onnx")).unwrap(), expected);
    }

    #[test]
    fn the_error_for_a_missing_file_names_it_and_its_setting_in_one_line() {
        let folder = folder(&["a.onnx"]);
        let at = |name: &str| folder.path().join(name);
        let settings = |tokenizer: Option<PathBuf>| Settings { onnx_model: None, tokenizer };
        for (settings, model, named, setting) in [
            (settings(None), at("b.onnx"), at("b.onnx"), "ONNX_MODEL_PATH"),
            (settings(None), folder.path().into(), folder.path().into(), "ONNX_MODEL_PATH"),
            (settings(None), at("a.onnx"), folder.path().into(), "TOKENIZER_PATH"),
            (settings(Some(at("x"))), at("a.onnx"), at("x"), "TOKENIZER_PATH"),
        ] {
            let error = settings.find(&model).unwrap_err().to_string();
            assert!(error.contains(&*named.to_string_lossy()), "{error}");
            assert!(error.contains(setting) && error.lines().count() == 1, "{error}");
        }
    }
}
