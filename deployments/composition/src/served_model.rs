//! The model of an embedding server.

use akin_native::{ModelChoice, ModelPrecision, NativeEmbedder, NativeModelError};
use akin_onnx::OnnxEmbedder;
use akin_ports::{Embedder, ErrorKind, PortError, PortResult, Tokenizer};
use clap::Args;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The settings of the model of an embedding server.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Model")]
pub struct ServedModelSettings {
    /// The model: `int8`, `bf16` or `fp32` for all-MiniLM-L6-v2 at that precision; the folder of a
    /// Sentence-Transformers or an ONNX model; or a packed or an ONNX file [default: what is in
    /// /opt/ml/model, where SageMaker puts a model, else `int8`].
    #[arg(long, env = "AKIN_MODEL", value_name = "MODEL")]
    model: Option<ModelChoice>,

    /// The models folder [default: `akin/models` in `$XDG_CACHE_HOME` or `~/.cache`].
    #[arg(long, env = "AKIN_MODELS", value_name = "DIR")]
    models: Option<PathBuf>,

    /// The number of embedding threads, at most 1024 [default: one per core].
    #[arg(long, env = "AKIN_THREADS", value_name = "N", value_parser = akin_native::threads)]
    threads: Option<NonZeroUsize>,

    /// An ONNX model to serve instead.
    #[arg(long, env = "ONNX_MODEL_PATH", value_name = "FILE")]
    onnx_model: Option<PathBuf>,

    /// The tokenizer of an ONNX model: `tokenizer.json`, or a folder that holds it [default: beside it].
    #[arg(long, env = "TOKENIZER_PATH", value_name = "PATH")]
    tokenizer: Option<PathBuf>,
}

/// A model that is executed in this process.
#[derive(Clone, Debug)]
pub struct LocalModel {
    /// Embeds texts.
    pub embedder: Arc<dyn Embedder>,
    /// Splits texts into the tokens of the model.
    pub tokenizer: Arc<dyn Tokenizer>,
}

/// The folder into which `SageMaker` unpacks the archive of a model.
const CONTAINER_FOLDER: &str = "/opt/ml/model";

/// What executes a model.
#[derive(Debug, PartialEq, Eq)]
enum Execution {
    Native(ModelChoice),
    Onnx(PathBuf),
}

impl ServedModelSettings {
    /// Returns the number of embedding threads.
    pub fn thread_count(&self) -> NonZeroUsize {
        self.native(ModelChoice::Default(ModelPrecision::default())).thread_count()
    }

    /// Opens the model. Blocks on files.
    pub fn open(&self) -> PortResult<LocalModel> {
        match self.execution(Path::new(CONTAINER_FOLDER))? {
            Execution::Native(choice) => {
                Ok(local(Arc::new(NativeEmbedder::open(&self.native(choice))?)))
            }
            Execution::Onnx(path) => {
                let tokenizer = self.tokenizer.clone();
                let settings = akin_onnx::Settings { onnx_model: None, tokenizer };
                let files = settings.find(&path)?;
                Ok(local(Arc::new(OnnxEmbedder::open(&files, self.thread_count())?)))
            }
        }
    }

    fn native(&self, model: ModelChoice) -> akin_native::Settings {
        akin_native::Settings { model, models: self.models.clone(), threads: self.threads }
    }

    /// Chooses the model: that of the settings, else the one in the folder of the container.
    fn execution(&self, container: &Path) -> PortResult<Execution> {
        if let Some(path) = &self.onnx_model {
            return Ok(Execution::Onnx(path.clone()));
        }
        match &self.model {
            Some(ModelChoice::At(path)) => at(path),
            Some(precision) => Ok(Execution::Native(precision.clone())),
            None if !entries(container).unwrap_or_default().is_empty() => at(container),
            None => Ok(Execution::Native(ModelChoice::Default(ModelPrecision::default()))),
        }
    }
}

fn local<M: Embedder + Tokenizer + 'static>(model: Arc<M>) -> LocalModel {
    LocalModel { embedder: Arc::clone(&model) as _, tokenizer: model }
}

/// Recognizes the model at `path`: a folder or a file. An archive may hold its folder.
fn at(path: &Path) -> PortResult<Execution> {
    if path.is_file() {
        return Ok(if has_extension(path, "onnx") {
            Execution::Onnx(path.to_owned())
        } else {
            Execution::Native(ModelChoice::At(path.to_owned()))
        });
    }
    let unreadable = |error: io::Error| {
        let problem = format!("the model {} cannot be read: {error}", path.display());
        PortError::new("embedder", ErrorKind::Misconfigured, problem)
    };
    let inside = entries(path).map_err(unreadable)?;
    if let Some(found) = in_folder(path, &inside) {
        return Ok(found);
    }
    match &*inside {
        [only] if only.is_dir() => at(only),
        _ => Err(NativeModelError::NoModel(path.to_owned()).into()),
    }
}

/// Recognizes the model that a folder with these entries holds.
fn in_folder(folder: &Path, entries: &[PathBuf]) -> Option<Execution> {
    let is_native = ["int8.sbert", "modules.json"].iter().any(|name| folder.join(name).is_file());
    if is_native {
        return Some(Execution::Native(ModelChoice::At(folder.to_owned())));
    }
    if let Some(packed) = entries.iter().find(|path| has_extension(path, "sbert")) {
        return Some(Execution::Native(ModelChoice::At(packed.clone())));
    }
    let names = ["int8.onnx", "model.onnx", "fp32.onnx"];
    let folders = [folder.to_owned(), folder.join("onnx")];
    let mut paths = folders.iter().flat_map(|folder| names.map(|name| folder.join(name)));
    let usual = paths.find(|path| path.is_file());
    let any = || entries.iter().find(|path| has_extension(path, "onnx")).cloned();
    usual.or_else(any).map(Execution::Onnx)
}

/// Returns the paths in a folder that are not hidden, sorted.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: ServedModelSettings,
    }

    fn settings(arguments: &[&str]) -> ServedModelSettings {
        Command::parse_from([&["akin"], arguments].concat()).settings
    }

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
    fn the_kind_of_a_model_is_recognized_by_its_files() {
        let native = |path: PathBuf| Execution::Native(ModelChoice::At(path));
        for (files, expected) in [
            (&["modules.json", "onnx/model.onnx"][..], native("".into())),
            (&["int8.sbert", "fp32.sbert"], native("".into())),
            (&["fp32.sbert", "fp32.sbert.made"], native("fp32.sbert".into())),
            (&["model.onnx", "tokenizer.json"], Execution::Onnx("model.onnx".into())),
            (&["onnx/fp32.onnx", "tokenizer.json"], Execution::Onnx("onnx/fp32.onnx".into())),
            (&["mine.onnx"], Execution::Onnx("mine.onnx".into())),
            (&["bge/modules.json", "._bge"], native("bge".into())),
        ] {
            let folder = folder(files);
            let found = match settings(&[]).execution(folder.path()).unwrap() {
                Execution::Native(ModelChoice::At(path)) => {
                    native(path.strip_prefix(folder.path()).unwrap().into())
                }
                Execution::Onnx(path) => {
                    Execution::Onnx(path.strip_prefix(folder.path()).unwrap().into())
                }
                Execution::Native(other) => Execution::Native(other),
            };
            assert_eq!(found, expected, "{files:?}");
        }
    }

    #[test]
    fn settings_take_precedence_over_the_folder_of_the_container() {
        let container = folder(&["modules.json"]);
        let file = container.path().join("modules.json");
        let file = file.to_str().unwrap();
        let execution =
            |arguments: &[&str]| settings(arguments).execution(container.path()).unwrap();
        let default = |precision| Execution::Native(ModelChoice::Default(precision));
        assert_eq!(execution(&["--model", "int8"]), default(ModelPrecision::Int8));
        assert_eq!(execution(&["--model", "bf16"]), default(ModelPrecision::Bf16));
        assert_eq!(execution(&["--onnx-model", file]), Execution::Onnx(file.into()));
        assert_eq!(
            settings(&[]).execution(Path::new("/no/such/folder")).unwrap(),
            default(ModelPrecision::Int8)
        );
    }

    #[test]
    fn a_folder_without_a_model_is_named() {
        let empty = folder(&["README.md", "more/README.md"]);
        let path = empty.path().to_str().unwrap();
        let error = settings(&["--model", path]).open().unwrap_err().report();
        assert!(error.contains(path) && error.contains("AKIN_MODEL"), "{error}");
        let error = settings(&["--model", "/no/such/model"]).open().unwrap_err().report();
        assert!(error.contains("/no/such/model"), "{error}");
    }
}
