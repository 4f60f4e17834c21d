use crate::commands::model::{ModelsSettings, get};
use crate::exit;
use crate::output::{self, Format};
use akin_native::{DEFAULT_MODEL, pack_all};
use akin_ports::PortError;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Convert a Sentence-Transformers folder to files that akin maps into memory, at every precision.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin model pack bge-small-en-v1.5\n  akin model pack ~/models/mine"
)]
pub(crate) struct ModelPackArguments {
    /// The model: a folder, or the name of a downloaded model.
    #[arg(value_name = "MODEL", default_value = DEFAULT_MODEL)]
    model: String,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    models: ModelsSettings,
}

pub(crate) fn run(arguments: &ModelPackArguments) -> anyhow::Result<ExitCode> {
    let folder = get::find(&arguments.model, &arguments.models.folder()?)?;
    let files = pack_all(&folder).map_err(PortError::from)?;
    if arguments.format.json {
        let files = files.iter().map(
            |file| json!({ "path": file.path, "is_new": file.is_new, "replaced": file.replaced }),
        );
        output::json(&files.collect::<Value>());
        return Ok(exit::DONE);
    }
    for file in files {
        let path = file.path.display();
        output::line(&match (file.is_new, file.replaced) {
            (_, Some(reason)) => format!("packed again: {path} ({reason})"),
            (true, None) => format!("packed: {path}"),
            (false, None) => format!("already packed: {path}"),
        });
    }
    Ok(exit::DONE)
}
