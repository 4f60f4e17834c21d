use crate::commands::model::ModelsSettings;
use crate::exit;
use crate::output::{self, Format};
use native::{DEFAULT_MODEL, pack_all};
use ports::PortError;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Pack a Sentence-Transformers folder at every precision, beside the originals.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  akin model pack ~/models/bge-small-en")]
pub(crate) struct Arguments {
    /// The folder [default: all-MiniLM-L6-v2 in the folder of the models].
    folder: Option<PathBuf>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    models: ModelsSettings,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = match &arguments.folder {
        Some(folder) => folder.clone(),
        None => arguments.models.folder()?.join(DEFAULT_MODEL),
    };
    let files = pack_all(&folder).map_err(PortError::from)?;
    if arguments.format.json {
        let files = files.iter().map(|file| json!({ "path": file.path, "is_new": file.is_new }));
        output::json(&files.collect::<Value>());
        return Ok(exit::DONE);
    }
    for file in files {
        let what = if file.is_new { "packed" } else { "already packed" };
        output::line(&format!("{what}: {}", file.path.display()));
    }
    Ok(exit::DONE)
}
