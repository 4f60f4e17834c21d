use crate::commands::model::{ModelsSettings, files, megabytes};
use crate::exit;
use crate::output::{self, Format};
use akin_native::Inference;
use akin_native::{NativeModelFiles, SentenceEncoder};
use akin_onnx::Description;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// List packed and ONNX models.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  akin model list --json")]
pub(crate) struct ModelListArguments {
    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    models: ModelsSettings,
}

/// A file that holds a model.
#[derive(Debug, Serialize)]
struct Listed {
    path: PathBuf,
    /// `packed` or `onnx`.
    format: &'static str,
    bytes: u64,
    /// `None` where the file does not say it.
    dimension: Option<usize>,
    precision: Option<String>,
    /// Why it cannot be used.
    problem: Option<String>,
}

pub(crate) fn run(arguments: &ModelListArguments) -> anyhow::Result<ExitCode> {
    let folder = arguments.models.folder()?;
    let mut listed = Vec::new();
    for model in std::fs::read_dir(&folder).into_iter().flatten() {
        listed.extend(files(&model?.path()).into_iter().map(Listed::of));
    }
    listed.sort_by(|a, b| a.path.cmp(&b.path));
    if arguments.format.json {
        output::json(&listed);
    } else if listed.is_empty() {
        output::note(&format!("no model in {}: run `make model`", folder.display()));
    } else {
        print(&listed);
    }
    Ok(exit::DONE)
}

impl Listed {
    fn of(path: PathBuf) -> Self {
        let bytes = weight(&path);
        let is_onnx = path.extension().is_some_and(|kind| kind == "onnx");
        let said = if is_onnx { onnx(&path) } else { packed(&path) };
        let format = if is_onnx { "onnx" } else { "packed" };
        let problem = said.as_ref().err().cloned();
        let (dimension, precision) = said.unwrap_or_default();
        Self { path, format, bytes, dimension, precision, problem }
    }
}

type Said = Result<(Option<usize>, Option<String>), String>;

fn onnx(path: &Path) -> Said {
    let description = Description::read(path).map_err(|error| error.to_string())?;
    Ok((description.dimension(), Some(description.precision().to_owned())))
}

fn packed(path: &Path) -> Said {
    let encoder = SentenceEncoder::open(&NativeModelFiles::Packed(path.to_owned()));
    let encoder = encoder.map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
    let is = encoder.fingerprint();
    Ok((Some(is.dimension), Some(is.precision.clone())))
}

/// How many bytes the model takes, its weights elsewhere included.
fn weight(path: &Path) -> u64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let external = Description::read(path).map(|is| is.external).unwrap_or_default();
    size(path) + external.iter().map(|name| size(&path.with_file_name(name))).sum::<u64>()
}

fn print(listed: &[Listed]) {
    let mut table = output::table(&["model", "format", "precision", "dimension", "MB", ""]);
    for Listed { path, format, bytes, dimension, precision, problem } in listed {
        let dimension = dimension.map_or_else(|| "-".to_owned(), |is| is.to_string());
        table.add_row(vec![
            output::text(&path.display().to_string()),
            output::text(format),
            output::text(precision.as_deref().unwrap_or("-")),
            output::number(&dimension),
            output::number(&megabytes(*bytes)),
            output::text(problem.as_deref().unwrap_or_default()),
        ]);
    }
    output::print(table);
}
