mod check;
mod export;
mod get;
mod list;
mod opened;
mod pack;
mod parity;

use akin_native::models_folder;
use akin_ports::{ErrorKind, PortError};
use clap::Subcommand;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::task::spawn_blocking;

/// Download, pack, export, check or list models.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin model get BAAI/bge-small-en-v1.5\n  akin model pack\n  akin model export --precision int8\n  akin model check\n  akin model list"
)]
pub(crate) struct ModelArguments {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, Subcommand)]
enum ModelCommand {
    Get(get::ModelGetArguments),
    Pack(pack::ModelPackArguments),
    Export(export::ModelExportArguments),
    Check(check::ModelCheckArguments),
    List(list::ModelListArguments),
}

/// The folder of models.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Models")]
struct ModelsSettings {
    /// The models folder [default: `akin/models` in `$XDG_CACHE_HOME` or `~/.cache`].
    #[arg(long, env = "AKIN_MODELS", value_name = "DIR")]
    models: Option<PathBuf>,
}

pub(crate) async fn run(arguments: ModelArguments) -> anyhow::Result<ExitCode> {
    let run = move || match &arguments.command {
        ModelCommand::Get(arguments) => get::run(arguments),
        ModelCommand::Pack(arguments) => pack::run(arguments),
        ModelCommand::Export(arguments) => export::run(arguments),
        ModelCommand::Check(arguments) => check::run(arguments),
        ModelCommand::List(arguments) => list::run(arguments),
    };
    spawn_blocking(run).await?
}

impl ModelsSettings {
    fn folder(&self) -> anyhow::Result<PathBuf> {
        Ok(models_folder(self.models.as_deref()).map_err(PortError::from)?)
    }
}

/// Returns the packed and ONNX files in a model's folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let inside = [folder.to_owned(), folder.join("onnx")];
    let entries = inside.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
    let paths = entries.flatten().map(|entry| entry.path());
    let is_model = |path: &PathBuf| {
        let kind = path.extension().is_some_and(|kind| kind == "sbert" || kind == "onnx");
        kind && path.is_file()
    };
    let mut files: Vec<_> = paths.filter(is_model).collect();
    files.sort();
    files
}

/// Formats a size.
fn megabytes(bytes: u64) -> String {
    format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10)
}

/// Converts the error of a model that cannot be used.
fn unusable(error: impl Error + Send + Sync + 'static) -> anyhow::Error {
    PortError::new("model", ErrorKind::Misconfigured, error).into()
}
