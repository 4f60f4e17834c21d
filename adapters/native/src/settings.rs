use crate::NativeModelError;
use std::convert::Infallible;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;

/// The default model.
pub const DEFAULT_MODEL: &str = "all-MiniLM-L6-v2";

/// The maximum number of embedding threads, more than any machine can use.
const MAX_THREADS: usize = 1024;

/// The settings of the native embedder: the model, the models folder and the number of threads.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
pub struct Settings {
    /// The model: `int8` (fastest), `bf16` or `fp32` for all-MiniLM-L6-v2 at that precision; or
    /// the folder of a Sentence-Transformers model, or a packed file.
    #[arg(long, env = "AKIN_MODEL", value_name = "MODEL", default_value = "int8")]
    pub model: ModelChoice,

    /// The models folder [default: `akin/models` in `$XDG_CACHE_HOME` or `~/.cache`].
    #[arg(long, env = "AKIN_MODELS", value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// The number of embedding threads, at most 1024 [default: one per core].
    #[arg(long, env = "AKIN_THREADS", value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,
}

/// The precision at which a model is executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ModelPrecision {
    /// 8-bit integers: the fastest; cosines are within .002 of those of `fp32`.
    #[default]
    Int8,
    /// 16-bit floats.
    Bf16,
    /// 32-bit floats, as the model was trained.
    Fp32,
}

/// The selected model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// [`DEFAULT_MODEL`], from the models folder.
    Default(ModelPrecision),
    /// The model in this folder, or this packed file.
    At(PathBuf),
}

impl Settings {
    /// Returns the models folder.
    pub fn models_folder(&self) -> Result<PathBuf, NativeModelError> {
        models_folder(self.models.as_deref())
    }

    /// Returns the number of embedding threads.
    pub fn thread_count(&self) -> NonZeroUsize {
        self.threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
    }
}

/// Parses a number of threads.
pub fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let threads =
        text.trim().parse().ok().filter(|threads: &NonZeroUsize| threads.get() <= MAX_THREADS);
    threads.ok_or_else(|| format!("expected a number from 1 to {MAX_THREADS}"))
}

/// Returns the models folder: the given one, or else the one in the user's cache.
pub fn models_folder(given: Option<&Path>) -> Result<PathBuf, NativeModelError> {
    let given = given.map(Path::to_owned);
    given.or_else(|| cached_models(&|name| env::var_os(name))).ok_or(NativeModelError::NoFolder)
}

/// Returns the models folder of the user's cache. The XDG base directory specification ignores
/// relative paths.
fn cached_models(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(cache.join("akin").join("models"))
}

impl ModelPrecision {
    /// Every precision, the default first.
    pub const ALL: [Self; 3] = [Self::Int8, Self::Bf16, Self::Fp32];

    /// Returns the name in settings and fingerprints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Bf16 => "bf16",
            Self::Fp32 => "fp32",
        }
    }
}

impl fmt::Display for ModelPrecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let precision = ModelPrecision::ALL.into_iter().find(|precision| precision.name() == text);
        Ok(precision.map_or_else(|| Self::At(Path::new(text).to_owned()), Self::Default))
    }
}

impl fmt::Display for ModelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default(precision) => precision.fmt(f),
            Self::At(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: Settings,
    }

    fn settings(arguments: &[&str]) -> Settings {
        Command::try_parse_from([&["akin"], arguments].concat()).unwrap().settings
    }

    #[test]
    fn a_precision_selects_the_default_model_and_anything_else_is_a_path() {
        assert_eq!(
            settings(&["--model", "fp32"]).model,
            ModelChoice::Default(ModelPrecision::Fp32)
        );
        let at = |path: &str| ModelChoice::At(path.into());
        assert_eq!(settings(&["--model", "./int8"]).model, at("./int8"));
        assert_eq!(settings(&["--model", "/models/bge"]).model, at("/models/bge"));
    }

    #[test]
    fn the_models_folder_is_in_the_users_cache_by_default() {
        let folder = |home: Option<&str>, cache: Option<&str>| {
            cached_models(&|name| match name {
                "HOME" => home.map(OsString::from),
                "XDG_CACHE_HOME" => cache.map(OsString::from),
                _ => None,
            })
        };
        assert_eq!(folder(Some("/h"), None), Some("/h/.cache/akin/models".into()));
        assert_eq!(folder(Some("/h"), Some("/c")), Some("/c/akin/models".into()));
        assert_eq!(folder(Some("/h"), Some("relative")), Some("/h/.cache/akin/models".into()));
        assert_eq!(folder(None, None), None);
        let named = settings(&["--models", "/m"]).models_folder().unwrap();
        assert_eq!(named, Path::new("/m"));
    }

    #[test]
    fn zero_threads_are_rejected() {
        assert!(Command::try_parse_from(["akin", "--threads", "0"]).is_err());
        assert!(settings(&[]).thread_count().get() >= 1);
    }
}
