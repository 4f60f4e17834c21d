use crate::commands::model::{ModelsSettings, files, megabytes};
use crate::exit;
use crate::output::{self, Cell, Format, Table};
use akin_native::{Inference, NativeModelFiles, SentenceEncoder};
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

/// A model file.
#[derive(Debug, Serialize)]
struct ListedModel {
    path: PathBuf,
    /// `packed` or `onnx`.
    format: &'static str,
    bytes: u64,
    /// `None` if the file does not state it.
    dimension: Option<usize>,
    precision: Option<String>,
    /// Why it cannot be used.
    problem: Option<String>,
}

pub(crate) fn run(arguments: &ModelListArguments) -> anyhow::Result<ExitCode> {
    let folder = arguments.models.folder()?;
    let mut listed = Vec::new();
    for model in std::fs::read_dir(&folder).into_iter().flatten() {
        listed.extend(files(&model?.path()).into_iter().map(ListedModel::read));
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

impl ListedModel {
    fn read(path: PathBuf) -> Self {
        let bytes = size_in_bytes(&path);
        let is_onnx = path.extension().is_some_and(|kind| kind == "onnx");
        let properties = if is_onnx { onnx(&path) } else { packed(&path) };
        let format = if is_onnx { "onnx" } else { "packed" };
        let problem = properties.as_ref().err().cloned();
        let (dimension, precision) = properties.unwrap_or_default();
        Self { path, format, bytes, dimension, precision, problem }
    }
}

type Properties = Result<(Option<usize>, Option<String>), String>;

fn onnx(path: &Path) -> Properties {
    let description = Description::read(path).map_err(|error| error.to_string())?;
    Ok((description.dimension(), Some(description.precision().to_owned())))
}

fn packed(path: &Path) -> Properties {
    let encoder = SentenceEncoder::open(&NativeModelFiles::Packed(path.to_owned()));
    let encoder = encoder.map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
    let is = encoder.fingerprint();
    Ok((Some(is.dimension), Some(is.precision.clone())))
}

/// Returns the size of a model in bytes, external weights included.
fn size_in_bytes(path: &Path) -> u64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let external = Description::read(path).map(|is| is.external).unwrap_or_default();
    size(path) + external.iter().map(|name| size(&path.with_file_name(name))).sum::<u64>()
}

fn print(listed: &[ListedModel]) {
    let mut table = Table::new(&["model", "format", "precision", "dimension", "MB", ""]);
    for ListedModel { path, format, bytes, dimension, precision, problem } in listed {
        let dimension = dimension.map_or_else(|| "-".to_owned(), |is| is.to_string());
        table.add_row(vec![
            Cell::text(&path.display().to_string()),
            Cell::text(format),
            Cell::text(precision.as_deref().unwrap_or("-")),
            Cell::number(&dimension),
            Cell::number(&megabytes(*bytes)),
            Cell::text(problem.as_deref().unwrap_or_default()),
        ]);
    }
    output::print(table);
}
