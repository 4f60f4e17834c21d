use crate::{exit, output};
use clap::Subcommand;
use native::{DEFAULT_MODEL, Settings, pack_all};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Pack a model, or list what is there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  akin model pack\n  akin model list")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Pack a Sentence-Transformers folder at every precision, beside the originals.
    Pack {
        /// The folder [default: all-MiniLM-L6-v2 in the folder of the models].
        folder: Option<PathBuf>,

        #[command(flatten)]
        model: Settings,
    },
    /// List the packed models.
    List {
        /// Print one JSON document.
        #[arg(long)]
        json: bool,

        #[command(flatten)]
        model: Settings,
    },
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    tokio::task::spawn_blocking(|| match arguments.command {
        Command::Pack { folder, model } => pack(folder, &model),
        Command::List { json, model } => list(json, &model),
    })
    .await?
}

fn pack(folder: Option<PathBuf>, settings: &Settings) -> anyhow::Result<ExitCode> {
    let folder = match folder {
        Some(folder) => folder,
        None => settings.models_folder()?.join(DEFAULT_MODEL),
    };
    for file in pack_all(&folder)? {
        let what = if file.is_new { "packed" } else { "already packed" };
        output::line(&format!("{what}: {}", file.path.display()));
    }
    Ok(exit::DONE)
}

fn list(json: bool, settings: &Settings) -> anyhow::Result<ExitCode> {
    let folder = settings.models_folder()?;
    let mut files = Vec::new();
    for model in std::fs::read_dir(&folder).into_iter().flatten() {
        for file in std::fs::read_dir(model?.path()).into_iter().flatten() {
            let file = file?;
            if file.path().extension().is_some_and(|extension| extension == "sbert") {
                files.push((file.path(), file.metadata()?.len()));
            }
        }
    }
    files.sort();
    if json {
        let files = files.iter().map(|(path, bytes)| json!({ "path": path, "bytes": bytes }));
        output::json(&files.collect());
        return Ok(exit::DONE);
    }
    if files.is_empty() {
        output::note(&format!("no model in {}: run `make model`", folder.display()));
        return Ok(exit::DONE);
    }
    let mut table = output::table(&["packed model", "MB"]);
    for (path, bytes) in files {
        let megabytes = format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
        table.add_row(vec![comfy_table::Cell::new(path.display()), output::number(&megabytes)]);
    }
    output::line(&table.to_string());
    Ok(exit::DONE)
}
