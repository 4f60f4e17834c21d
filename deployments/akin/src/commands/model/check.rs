use crate::commands::model::opened::OpenedModel;
use crate::commands::model::parity::{self, Original};
use crate::commands::model::{files, get, unusable};
use crate::exit;
use crate::output::{self, Cell, Format, Table};
use crate::progress::{Progress, Unit};
use akin_native::{NativeModelError, NativeModelFiles, Settings};
use akin_ports::PortError;
use anyhow::{anyhow, bail};
use sbert_model::SentenceModel;
use sbert_onnx::ExportPrecision;
use sbert_onnx::parity::{Parity, compare};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare models with their original weights, and check that related texts are similar.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin model check\n  akin model check bge-small-en-v1.5\n  akin model check --json ~/models/mine/onnx/int8.onnx\n\nThe table shows the minimum and mean cosine to the original weights at full precision, over texts of many lengths and scripts, and the minimum to the embeddings that the model's author stored beside it (expected.json), if any."
)]
pub(crate) struct ModelCheckArguments {
    /// Packed or ONNX files, folders of them, or names of downloaded models [default: all files of
    /// --model].
    #[arg(value_name = "MODEL")]
    named: Vec<String>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    model: Settings,
}

/// A checked file.
struct CheckedModel {
    path: PathBuf,
    /// An error if the model cannot be used at all.
    figures: anyhow::Result<Measurements>,
}

/// The measurements of a usable model.
struct Measurements {
    model: String,
    precision: String,
    dimension: usize,
    token_limit: usize,
    /// Compared with the original weights, if present.
    original: Option<Parity>,
    /// Compared with the embeddings that the model's author stored, if present.
    stored: Option<Parity>,
    /// The cosines of a text to one of the same meaning, and to one of another.
    related: f64,
    unrelated: f64,
}

/// A text and its embedding, as the model's author stored them.
#[derive(Deserialize)]
struct Expected {
    text: String,
    vector: Vec<f32>,
}

/// The reference embeddings of a model's folder.
struct References {
    original: Original,
    stored: Option<Original>,
}

/// The second text means the same as the first; the third does not.
const TEXTS: [&str; 3] = ["a tripod for my phone", "smartphone stand", "potting soil"];

pub(crate) fn run(arguments: &ModelCheckArguments) -> anyhow::Result<ExitCode> {
    let mut checked = check_all(arguments.targets()?);
    if let [CheckedModel { figures: Err(_), .. }] = &*checked
        && let Some(only) = checked.pop()
    {
        return only.figures.map(|_| exit::DONE);
    }
    if arguments.format.json {
        output::json(&checked.iter().map(CheckedModel::document).collect::<Value>());
    } else {
        print(&checked);
    }
    let problems: Vec<_> = checked.iter().filter_map(CheckedModel::problem).collect();
    if problems.is_empty() {
        return Ok(exit::DONE);
    }
    bail!("{}; `make model` makes the default model anew", problems.join("; "))
}

/// Checks every file; a problem with one does not affect the others.
fn check_all(paths: Vec<PathBuf>) -> Vec<CheckedModel> {
    let progress = Progress::new("checking".to_owned(), Unit::Models);
    let (mut references, total) = (HashMap::new(), paths.len() as u64);
    let check = |(done, path): (usize, PathBuf)| {
        progress.at(done as u64, Some(total), &path.display().to_string());
        let figures = Measurements::measure(&path, &mut references);
        CheckedModel { path, figures }
    };
    paths.into_iter().enumerate().map(check).collect()
}

impl ModelCheckArguments {
    /// Returns the files to check.
    fn targets(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut targets = Vec::new();
        for named in &self.named {
            if Path::new(named).is_file() {
                targets.push(named.into());
                continue;
            }
            let folder = get::find(named, &self.model.models_folder().map_err(PortError::from)?)?;
            let found = files(&folder);
            if found.is_empty() {
                return Err(PortError::from(NativeModelError::NoModel(folder)).into());
            }
            targets.extend(found);
        }
        if self.named.is_empty() {
            targets = match self.model.find_model().map_err(PortError::from)? {
                NativeModelFiles::Packed(path)
                    if path.extension().is_some_and(|kind| kind == "sbert") =>
                {
                    self.beside(path)
                }
                NativeModelFiles::Packed(path) => vec![path],
                NativeModelFiles::Folder(folder, _) => files(&folder),
            };
        }
        Ok(targets)
    }

    /// Returns all models of the default model's folder, or only the file that was named.
    fn beside(&self, path: PathBuf) -> Vec<PathBuf> {
        let is_named =
            matches!(&self.model.model, akin_native::ModelChoice::At(at) if at.is_file());
        if is_named { vec![path] } else { path.parent().map(files).unwrap_or_default() }
    }
}

impl Measurements {
    fn measure(path: &Path, references: &mut HashMap<PathBuf, References>) -> anyhow::Result<Self> {
        let opened = OpenedModel::open(path)?;
        let vectors = opened.vectors(&TEXTS)?;
        let dimension = vectors.len() / TEXTS.len();
        let cosine = |other: usize| {
            let vector = |place: usize| &vectors[place * dimension..][..dimension];
            compare(vector(0), vector(other), dimension).map(|parity| parity.min_cosine)
        };
        let (mut original, mut stored) = (None, None);
        if let Some(folder) = original_of(path) {
            let known = match references.entry(folder) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let read = References::read(entry.key())?;
                    entry.insert(read)
                }
            };
            original = Some(opened.compare(&known.original)?);
            stored = known.stored.as_ref().map(|stored| opened.compare(stored)).transpose()?;
        }
        let (model, precision, token_limit) = opened.description();
        let (related, unrelated) = (cosine(1)?, cosine(2)?);
        Ok(Self { model, precision, dimension, token_limit, original, stored, related, unrelated })
    }

    /// Describes what is wrong with the model, if anything.
    fn problem(&self) -> Option<String> {
        let precision =
            if self.precision == "fp32" { ExportPrecision::Fp32 } else { ExportPrecision::Int8 };
        let mut parities = self.original.iter().chain(&self.stored);
        if let Some(bad) = parities.find(|parity| !parity.is_enough_for(precision)) {
            return Some(parity::shortfall(bad, precision));
        }
        if self.related > self.unrelated {
            return None;
        }
        let [text, other, _] = TEXTS;
        Some(format!(
            "{text:?} and {other:?} are not similar according to it: it is not a sentence model"
        ))
    }
}

/// Returns the folder of the original model: the file's own, or the one above.
fn original_of(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let mut folders = path.ancestors().skip(1).take(2);
    folders.find(|folder| folder.join("modules.json").is_file()).map(Path::to_owned)
}

impl References {
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let original = Original::compute(&SentenceModel::open(folder).map_err(unusable)?)?;
        let path = folder.join("expected.json");
        if !path.is_file() {
            return Ok(Self { original, stored: None });
        }
        let wrong = |reason: String| anyhow!("{}: {reason}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let expected: Vec<Expected> =
            serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let dimension = expected.first().map_or(0, |one| one.vector.len());
        let (texts, vectors): (Vec<_>, Vec<_>) =
            expected.into_iter().map(|one| (one.text, one.vector)).unzip();
        let stored = Some(Original::stored(texts, vectors.concat(), dimension));
        Ok(Self { original, stored })
    }
}

impl CheckedModel {
    /// Describes what is wrong with the file, if anything.
    fn problem(&self) -> Option<String> {
        match &self.figures {
            Ok(figures) => Some(format!("{}: {}", self.path.display(), figures.problem()?)),
            Err(error) => Some(format!("{error:#}")),
        }
    }

    fn verdict(&self) -> &'static str {
        match &self.figures {
            Ok(figures) if figures.problem().is_none() => "sound",
            Ok(_) => "unsound",
            Err(_) => "unusable",
        }
    }

    fn document(&self) -> Value {
        let problem = self.problem();
        let mut document =
            json!({ "path": self.path, "sound": problem.is_none(), "problem": problem });
        if let Ok(figures) = &self.figures {
            document["model"] = json!(figures.model);
            document["precision"] = json!(figures.precision);
            document["dimension"] = json!(figures.dimension);
            document["token_limit"] = json!(figures.token_limit);
            document["original"] = json!(figures.original.as_ref().map(parity::document));
            document["stored"] = json!(figures.stored.as_ref().map(parity::document));
            document["related"] = json!(figures.related);
            document["unrelated"] = json!(figures.unrelated);
        }
        document
    }
}

fn print(checked: &[CheckedModel]) {
    let headings =
        ["model", "precision", "min", "mean", "stored min", "related", "unrelated", "verdict"];
    let mut table = Table::new(&headings);
    let figure = |figure: Option<f64>, digits: usize| {
        Cell::number(&figure.map_or_else(|| "-".to_owned(), |is| format!("{is:.digits$}")))
    };
    for one in checked {
        let figures = one.figures.as_ref().ok();
        let original = figures.and_then(|is| is.original.as_ref());
        let stored = figures.and_then(|is| is.stored.as_ref());
        table.add_row(vec![
            Cell::text(&one.path.display().to_string()),
            Cell::text(figures.map_or("-", |is| &is.precision)),
            figure(original.map(|parity| parity.min_cosine), 5),
            figure(original.map(|parity| parity.mean_cosine), 5),
            figure(stored.map(|parity| parity.min_cosine), 5),
            figure(figures.map(|is| is.related), 3),
            figure(figures.map(|is| is.unrelated), 3),
            Cell::text(one.verdict()),
        ]);
    }
    output::print(table);
}
