use crate::commands::model::parity::{self, Original};
use crate::commands::model::{ModelsSettings, get, megabytes};
use crate::exit;
use crate::output::{self, Cell, Format, Table};
use crate::progress::{Progress, Unit};
use akin_native::DEFAULT_MODEL;
use akin_onnx::OnnxModelFiles;
use anyhow::{Context, bail, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use sbert_model::SentenceModel;
use sbert_model::provenance::{self, Provenance};
use sbert_onnx::parity::Parity;
use sbert_onnx::{Draft, Export, ExportPrecision, Summary, Target};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Export a Sentence-Transformers model as ONNX and compare it with the original.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin model export --precision int8\n  akin model export --model-name bge-small-en-v1.5 --onnx-opset-version 17\n  akin model export --model-name ~/models/mine --output-model-path mine.onnx\n\nAn export whose embeddings have a cosine below 0.9999 (int8: 0.98) to the original is deleted."
)]
pub(crate) struct ModelExportArguments {
    /// The model: a folder, or the name of a downloaded model.
    #[arg(
        long = "model_name",
        visible_alias = "model-name",
        env = "AKIN_EXPORT_MODEL",
        value_name = "MODEL",
        default_value = DEFAULT_MODEL
    )]
    model_name: String,

    /// The ONNX file [default: onnx/fp32.onnx or onnx/int8.onnx in the model's folder].
    #[arg(
        long = "output_model_path",
        visible_alias = "output-model-path",
        env = "AKIN_EXPORT_PATH",
        value_name = "FILE"
    )]
    output_model_path: Option<PathBuf>,

    /// Its tokenizer: a folder, or a file that ends in .json [default: beside the ONNX file].
    #[arg(
        long = "output_tokenizer_path",
        visible_alias = "output-tokenizer-path",
        env = "AKIN_EXPORT_TOKENIZER",
        value_name = "PATH"
    )]
    output_tokenizer_path: Option<PathBuf>,

    /// The version of the ONNX operator set, 13 to 28.
    #[arg(
        long = "onnx-opset-version",
        visible_alias = "onnx_opset_version",
        env = "AKIN_EXPORT_OPSET",
        value_name = "N",
        default_value = "13",
        value_parser = opset
    )]
    opset: u32,

    /// The precision: fp32, or int8 (8-bit weights, dynamically quantized activations).
    #[arg(long, env = "AKIN_EXPORT_PRECISION", default_value = "fp32", value_name = "PRECISION", value_parser = precision())]
    precision: ExportPrecision,

    /// Skip an export that exists already.
    #[arg(long, env = "AKIN_EXPORT_IF_MISSING")]
    if_missing: bool,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    models: ModelsSettings,
}

pub(crate) fn run(arguments: &ModelExportArguments) -> anyhow::Result<ExitCode> {
    let folder = get::find(&arguments.model_name, &arguments.models.folder()?)?;
    let model = SentenceModel::open(&folder).map_err(super::unusable)?;
    let target = arguments.target(&folder);
    if arguments.if_missing && target.model.exists() {
        if is_there(&model, &target, arguments) {
            tell_kept(arguments.format, &target.model);
            return Ok(exit::DONE);
        }
        let path = target.model.display();
        output::note(&format!("{path} is not an unchanged export of this model: it is made again"));
    }
    let export =
        Export { opset: arguments.opset, precision: arguments.precision, ..Export::default() };
    let draft = write(&model, &export, &target)?;
    let parity = gate(&model, &draft, arguments.precision)?;
    let summary = draft.keep()?;
    record(&summary, &model)?;
    if arguments.format.json {
        output::json(&document(&summary, &export, &parity));
    } else {
        print(&summary, &export, &parity);
    }
    Ok(exit::DONE)
}

impl ModelExportArguments {
    fn target(&self, folder: &Path) -> Target {
        let default = || folder.join("onnx").join(format!("{}.onnx", self.precision.name()));
        let model = self.output_model_path.clone().unwrap_or_else(default);
        match &self.output_tokenizer_path {
            Some(tokenizer) => Target { model, tokenizer: tokenizer.clone() },
            None => Target::beside(model),
        }
    }
}

fn write(model: &SentenceModel, export: &Export, target: &Target) -> anyhow::Result<Draft> {
    let progress = Progress::new(format!("exporting {}", model.name), Unit::Bytes);
    let mut at = |is: sbert_onnx::ExportProgress| progress.at(is.done, Some(is.total), "");
    sbert_onnx::export(model, export, target, &mut at).map_err(super::unusable)
}

/// Lets only a model pass that says what the original says.
fn gate(
    model: &SentenceModel,
    draft: &Draft,
    precision: ExportPrecision,
) -> anyhow::Result<Parity> {
    let original = Original::compute(model)?;
    let files = OnnxModelFiles { model: draft.model(), tokenizer: draft.tokenizer() };
    let parity = original.compare_onnx(&files)?;
    if !parity.is_enough_for(precision) {
        bail!(
            "the export was deleted: over {} texts {} (at {:?})",
            parity.texts,
            parity::shortfall(&parity, precision),
            original.quoted(parity.worst)
        );
    }
    ensure!(draft.model().is_file(), "{} went away", draft.model().display());
    Ok(parity)
}

/// Returns whether this export of the model exists, with its tokenizer.
fn is_there(model: &SentenceModel, target: &Target, arguments: &ModelExportArguments) -> bool {
    let tokenizer = target.tokenizer.clone();
    let tokenizer = if tokenizer.is_dir() { tokenizer.join("tokenizer.json") } else { tokenizer };
    let Ok(description) = akin_onnx::Description::read(&target.model) else { return false };
    let Ok(source) = model.source_sha256() else { return false };
    let source = provenance::hexadecimal(&source);
    let weights = provenance::hexadecimal(&model.sha256());
    provenance::verify(&target.model) == Provenance::Recorded(weights)
        && tokenizer.is_file()
        && description.is_export_of(&source, arguments.precision.name(), arguments.opset)
}

/// Records the files of an export, so that others are not taken for them.
fn record(summary: &Summary, model: &SentenceModel) -> anyhow::Result<()> {
    let folder = summary.model.parent();
    let files = summary.data.iter().chain(&summary.tokenizer);
    let beside: Vec<_> = files.filter(|file| file.parent() == folder).cloned().collect();
    provenance::record(&summary.model, &beside, &model.sha256())
        .with_context(|| format!("cannot write the record of {}", summary.model.display()))
}

fn tell_kept(format: Format, path: &Path) {
    if format.json {
        output::json(&json!({ "model": path, "is_new": false }));
    } else {
        output::line(&format!("already exported: {}", path.display()));
    }
}

fn document(summary: &Summary, export: &Export, parity: &Parity) -> Value {
    json!({
        "model": summary.model,
        "data": summary.data,
        "tokenizer": summary.tokenizer,
        "is_new": true,
        "precision": export.precision.name(),
        "opset": export.opset,
        "bytes": summary.bytes,
        "nodes": summary.nodes,
        "source_sha256": summary.source_sha256,
        "seconds": summary.seconds,
        "parity": parity::document(parity),
    })
}

fn print(summary: &Summary, export: &Export, parity: &Parity) {
    let headings =
        ["exported", "precision", "opset", "MB", "nodes", "min cosine", "mean", "seconds"];
    let mut table = Table::new(&headings);
    let number = |text: String| Cell::number(&text);
    table.add_row(vec![
        Cell::text(&summary.model.display().to_string()),
        Cell::text(export.precision.name()),
        number(export.opset.to_string()),
        number(megabytes(summary.bytes)),
        number(summary.nodes.to_string()),
        number(format!("{:.5}", parity.min_cosine)),
        number(format!("{:.5}", parity.mean_cosine)),
        number(format!("{:.1}", summary.seconds)),
    ]);
    output::print(table);
}

/// Parses a precision, and lists them for help and shell completion.
fn precision() -> impl TypedValueParser<Value = ExportPrecision> {
    let all = [ExportPrecision::Fp32, ExportPrecision::Int8];
    PossibleValuesParser::new(all.map(ExportPrecision::name)).try_map(move |name| {
        let found = all.into_iter().find(|precision| precision.name() == name);
        found.ok_or("this precision is unknown")
    })
}

fn opset(text: &str) -> Result<u32, String> {
    let opsets = sbert_onnx::OPSETS;
    let opset = text.parse().ok().filter(|opset| opsets.contains(opset));
    opset.ok_or_else(|| format!("expected a number from {} to {}", opsets.start(), opsets.end()))
}
