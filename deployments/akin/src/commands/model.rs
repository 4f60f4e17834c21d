use crate::output::Format;
use crate::{exit, output};
use anyhow::bail;
use clap::Subcommand;
use native::{DEFAULT_MODEL, NativeEmbedder, Settings, pack_all};
use ports::{Embedder, PortError};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::task::spawn_blocking;

/// Pack a model, check one, or list what is there.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin model pack\n  akin model check --model fp32\n  akin model list"
)]
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
        format: Format,

        #[command(flatten)]
        model: Settings,
    },
    /// Read a model whole, and see whether it tells related texts from others.
    #[command(after_help = "Example:\n  akin model check --model fp32")]
    Check {
        #[command(flatten)]
        format: Format,

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

/// What a check found.
#[derive(Debug, Serialize)]
struct Checked {
    model: String,
    dimension: usize,
    token_limit: usize,
    /// Cosines of a text to one that means the same, and to one that does not.
    related: f32,
    unrelated: f32,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Pack { folder, format, model } => {
            spawn_blocking(move || pack(folder, format, &model)).await?
        }
        Command::List { format, model } => spawn_blocking(move || list(format, &model)).await?,
        Command::Check { format, model } => check(format, model).await,
    }
}

async fn check(format: Format, settings: Settings) -> anyhow::Result<ExitCode> {
    let embedder = spawn_blocking(move || NativeEmbedder::open(&settings)).await??;
    let texts = ["a tripod for my phone", "smartphone stand", "potting soil"].map(str::to_owned);
    let embeddings = embedder.embed(&texts).await?.embeddings;
    let [text, related, unrelated] = &*embeddings else { bail!("the model left out a text") };
    let checked = Checked {
        model: embedder.fingerprint().to_string(),
        dimension: embedder.fingerprint().dimension,
        token_limit: embedder.token_limit(),
        related: text.similarity(related).get(),
        unrelated: text.similarity(unrelated).get(),
    };
    let Checked { model, related, unrelated, .. } = &checked;
    if related <= unrelated {
        let [text, other, _] = &texts;
        bail!(
            "{model} does not find {text:?} and {other:?} related (cosine {related:.3}): it is no \
             model of sentences, or its weights are damaged; `make model` gets one that is sound"
        );
    }
    if format.json {
        output::json(&checked);
    } else {
        let cosines = format!("related texts {related:.3}, others {unrelated:.3}");
        output::line(&format!("sound: {model}; cosines of {cosines}"));
    }
    Ok(exit::DONE)
}

fn pack(folder: Option<PathBuf>, format: Format, settings: &Settings) -> anyhow::Result<ExitCode> {
    let folder = match folder {
        Some(folder) => folder,
        None => settings.models_folder().map_err(PortError::from)?.join(DEFAULT_MODEL),
    };
    let files = pack_all(&folder).map_err(PortError::from)?;
    if format.json {
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

fn list(format: Format, settings: &Settings) -> anyhow::Result<ExitCode> {
    let folder = settings.models_folder().map_err(PortError::from)?;
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
