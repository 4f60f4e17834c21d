use crate::NativeModelError;
use std::convert::Infallible;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;

/// The model that serves unless another is named.
pub const DEFAULT_MODEL: &str = "all-MiniLM-L6-v2";

/// Which model embeds, where it is, and on how many threads it runs.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
pub struct Settings {
    /// The model: `int8` (fastest), `bf16` or `fp32` for all-MiniLM-L6-v2 at that precision; or
    /// the folder of a Sentence-Transformers model, or a packed file.
    #[arg(long, env = "AKIN_MODEL", value_name = "MODEL", default_value = "int8")]
    pub model: ModelChoice,

    /// The folder that holds models [default: `akin/models` in `$XDG_CACHE_HOME` or `~/.cache`].
    #[arg(long, env = "AKIN_MODELS", value_name = "DIR")]
    pub models: Option<PathBuf>,

    /// How many threads embed [default: one a core].
    #[arg(long, env = "AKIN_THREADS", value_name = "N")]
    pub threads: Option<NonZeroUsize>,
}

/// How a model is executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ModelPrecision {
    /// 8-bit integers: the fastest, and within .002 of the cosines of `fp32`.
    #[default]
    Int8,
    /// 16-bit floats.
    Bf16,
    /// 32-bit floats, as the model was trained.
    Fp32,
}

/// Which model embeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// [`DEFAULT_MODEL`], from the folder of the models.
    Default(ModelPrecision),
    /// The model in this folder, or this packed file.
    At(PathBuf),
}

impl Settings {
    /// The folder that holds models.
    pub fn models_folder(&self) -> Result<PathBuf, NativeModelError> {
        models_folder(self.models.as_deref())
    }

    /// How many threads embed.
    pub fn thread_count(&self) -> NonZeroUsize {
        self.threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
    }
}

/// The folder that holds models: the one that is given, or else one in the user's cache.
pub fn models_folder(given: Option<&Path>) -> Result<PathBuf, NativeModelError> {
    let given = given.map(Path::to_owned);
    given.or_else(|| cached_models(&|name| env::var_os(name))).ok_or(NativeModelError::NoFolder)
}

/// Where a cache is by the XDG base directory specification, which ignores relative folders.
fn cached_models(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(cache.join("akin").join("models"))
}

impl ModelPrecision {
    /// Every precision, the default first.
    pub const ALL: [Self; 3] = [Self::Int8, Self::Bf16, Self::Fp32];

    /// Its name in settings and fingerprints.
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
    fn a_name_is_a_precision_and_all_else_a_path() {
        assert_eq!(
            settings(&["--model", "fp32"]).model,
            ModelChoice::Default(ModelPrecision::Fp32)
        );
        let at = |path: &str| ModelChoice::At(path.into());
        assert_eq!(settings(&["--model", "./int8"]).model, at("./int8"));
        assert_eq!(settings(&["--model", "/models/bge"]).model, at("/models/bge"));
    }

    #[test]
    fn models_are_in_the_users_cache_unless_a_folder_is_named() {
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
    fn no_threads_are_refused() {
        assert!(Command::try_parse_from(["akin", "--threads", "0"]).is_err());
        assert!(settings(&[]).thread_count().get() >= 1);
    }
}
