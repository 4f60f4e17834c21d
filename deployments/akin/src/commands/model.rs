use crate::output::Format;
use crate::{exit, output};
use clap::Subcommand;
use native::{DEFAULT_MODEL, Settings, pack_all};
use serde::Serialize;
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
    #[command(after_help = "Example:\n  akin model pack ~/models/bge-small-en")]
    Pack {
        /// The folder [default: all-MiniLM-L6-v2 in the folder of the models].
        folder: Option<PathBuf>,

        #[command(flatten)]
        model: Settings,
    },
    /// List the packed models.
    #[command(after_help = "Example:\n  akin model list --json")]
    List {
        #[command(flatten)]
        format: Format,

        #[command(flatten)]
        model: Settings,
    },
}

/// A packed model.
#[derive(Debug, Serialize)]
struct Packed {
    path: PathBuf,
    bytes: u64,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    tokio::task::spawn_blocking(|| match arguments.command {
        Command::Pack { folder, model } => pack(folder, &model),
        Command::List { format, model } => list(format, &model),
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

fn list(format: Format, settings: &Settings) -> anyhow::Result<ExitCode> {
    let folder = settings.models_folder()?;
    let mut files = Vec::new();
    for model in std::fs::read_dir(&folder).into_iter().flatten() {
        for file in std::fs::read_dir(model?.path()).into_iter().flatten() {
            let file = file?;
            if file.path().extension().is_some_and(|extension| extension == "sbert") {
                files.push(Packed { path: file.path(), bytes: file.metadata()?.len() });
            }
        }
    }
    files.sort_by(|a: &Packed, b| a.path.cmp(&b.path));
    if format.json {
        output::json(&files);
        return Ok(exit::DONE);
    }
    if files.is_empty() {
        output::note(&format!("no model in {}: run `make model`", folder.display()));
        return Ok(exit::DONE);
    }
    let mut table = output::table(&["packed model", "MB"]);
    for Packed { path, bytes } in files {
        let megabytes = format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10);
        table.add_row(vec![comfy_table::Cell::new(path.display()), output::number(&megabytes)]);
    }
    output::print(table);
    Ok(exit::DONE)
}
