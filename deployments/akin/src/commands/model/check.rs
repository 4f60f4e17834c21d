use crate::commands::model::parity::{self, Original};
use crate::commands::model::{files, unusable};
use crate::exit;
use crate::output::{self, Format};
use crate::progress::{Progress, Unit};
use crate::settings::BadSettings;
use anyhow::{anyhow, bail};
use native::{ModelError, ModelFiles, Settings};
use onnx::OnnxModel;
use ports::PortError;
use sbert_cpu::Encoder;
use sbert_model::SentenceModel;
use sbert_onnx::Precision;
use sbert_onnx::parity::{Parity, compare};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare models with the weights that they were made of, and see whether they tell related texts
/// from others.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin model check\n  akin model check --json ~/models/bge-small-en/onnx/int8.onnx\n\nThe least and the mean are cosines over texts of many lengths and scripts, to the original\nweights at full precision, and to what the model's maker stored beside it (expected.json), if\nanything."
)]
pub(crate) struct Arguments {
    /// Packed or ONNX models, or the folders that hold them [default: those of --model].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    model: Settings,
}

/// A model that was tried.
struct Checked {
    path: PathBuf,
    model: String,
    precision: String,
    dimension: usize,
    token_limit: usize,
    /// To the original weights, where they are there.
    original: Option<Parity>,
    /// To what the model's maker stored, where it is there.
    stored: Option<Parity>,
    /// Cosines of a text to one that means the same, and to one that does not.
    related: f64,
    unrelated: f64,
}

/// A model, opened.
enum Opened {
    Packed(Box<Encoder>),
    Onnx(Box<OnnxModel>),
}

/// A text, and what the model's maker made of it.
#[derive(Deserialize)]
struct Expected {
    text: String,
    vector: Vec<f32>,
}

/// What is known of a folder's model.
struct Known {
    original: Original,
    stored: Option<Original>,
}

/// The second means the same as the first, and the third does not.
const TEXTS: [&str; 3] = ["a tripod for my phone", "smartphone stand", "potting soil"];

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let paths = arguments.targets()?;
    let progress = Progress::new("checking".to_owned(), Unit::Models);
    let mut known = HashMap::new();
    let mut checked = Vec::new();
    for (done, path) in paths.iter().enumerate() {
        progress.at(done as u64, Some(paths.len() as u64), &path.display().to_string());
        checked.push(check(path, &mut known)?);
    }
    drop(progress);
    if arguments.format.json {
        output::json(&checked.iter().map(Checked::document).collect::<Value>());
    } else {
        print(&checked);
    }
    let problems: Vec<_> = checked.iter().filter_map(Checked::problem).collect();
    if problems.is_empty() {
        return Ok(exit::DONE);
    }
    bail!("{}; `make model` makes the default model anew", problems.join("; "))
}

impl Arguments {
    /// The files that are meant.
    fn targets(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut targets = Vec::new();
        for path in &self.paths {
            match path {
                path if path.is_file() => targets.push(path.clone()),
                path if path.is_dir() => {
                    let found = files(path);
                    if found.is_empty() {
                        return Err(PortError::from(ModelError::NoModel(path.clone())).into());
                    }
                    targets.extend(found);
                }
                path => {
                    let missing = format!("there is nothing at {}", path.display());
                    return Err(BadSettings(vec![missing]).into());
                }
            }
        }
        if self.paths.is_empty() {
            targets = match self.model.find_model().map_err(PortError::from)? {
                ModelFiles::Packed(path)
                    if path.extension().is_some_and(|kind| kind == "sbert") =>
                {
                    self.beside(path)
                }
                ModelFiles::Packed(path) => vec![path],
                ModelFiles::Folder(folder, _) => files(&folder),
            };
        }
        Ok(targets)
    }

    /// All models of the default model's folder; only itself, where a file was named.
    fn beside(&self, path: PathBuf) -> Vec<PathBuf> {
        let is_named = matches!(&self.model.model, native::ModelChoice::At(at) if at.is_file());
        if is_named { vec![path] } else { path.parent().map(files).unwrap_or_default() }
    }
}

fn check(path: &Path, known: &mut HashMap<PathBuf, Known>) -> anyhow::Result<Checked> {
    let opened = Opened::open(path)?;
    let vectors = opened.vectors(&TEXTS)?;
    let dimension = vectors.len() / TEXTS.len();
    let cosine = |other: usize| {
        let vector = |place: usize| &vectors[place * dimension..][..dimension];
        compare(vector(0), vector(other), dimension).map(|parity| parity.least)
    };
    let (mut original, mut stored) = (None, None);
    if let Some(folder) = original_of(path) {
        if !known.contains_key(&folder) {
            known.insert(folder.clone(), Known::of(&folder)?);
        }
        let known = &known[&folder];
        original = Some(opened.compare(&known.original)?);
        stored = known.stored.as_ref().map(|stored| opened.compare(stored)).transpose()?;
    }
    let (model, precision, token_limit) = opened.described();
    Ok(Checked {
        path: path.to_owned(),
        model,
        precision,
        dimension,
        token_limit,
        original,
        stored,
        related: cosine(1)?,
        unrelated: cosine(2)?,
    })
}

/// The folder that a model was made of: its own, or the one above.
fn original_of(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let mut folders = path.ancestors().skip(1).take(2);
    folders.find(|folder| folder.join("modules.json").is_file()).map(Path::to_owned)
}

impl Known {
    fn of(folder: &Path) -> anyhow::Result<Self> {
        let original = Original::of(&SentenceModel::open(folder).map_err(unusable)?)?;
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

impl Opened {
    fn open(path: &Path) -> anyhow::Result<Self> {
        if path.extension().is_some_and(|kind| kind == "onnx") {
            let files = onnx::ModelFiles::at(path, None).map_err(PortError::from)?;
            let model = OnnxModel::open(&files, parity::threads()).map_err(PortError::from)?;
            return Ok(Self::Onnx(Box::new(model)));
        }
        let encoder = Encoder::open(path).map_err(ModelError::from).map_err(PortError::from)?;
        Ok(Self::Packed(Box::new(encoder)))
    }

    fn vectors(&self, texts: &[&str]) -> anyhow::Result<Vec<f32>> {
        match self {
            Self::Packed(encoder) => Ok(encoder.embed(texts, 1).vectors),
            Self::Onnx(model) => model.raw(texts).map_err(|reason| anyhow!(reason)),
        }
    }

    fn compare(&self, original: &Original) -> anyhow::Result<Parity> {
        match self {
            Self::Packed(encoder) => original.compare_packed(encoder),
            Self::Onnx(model) => original.compare_with(model),
        }
    }

    /// Its name, its precision and its limit.
    fn described(&self) -> (String, String, usize) {
        match self {
            Self::Packed(encoder) => {
                let hash = encoder.sha256().get(..8).unwrap_or_default();
                let model = format!("{}@{hash}", encoder.name());
                (model, encoder.precision().name().to_owned(), encoder.max_tokens())
            }
            Self::Onnx(model) => {
                let is = model.fingerprint();
                (is.model.clone(), is.precision.clone(), model.token_limit())
            }
        }
    }
}

impl Checked {
    /// What is wrong with it.
    fn problem(&self) -> Option<String> {
        let path = self.path.display();
        let precision = if self.precision == "fp32" { Precision::Fp32 } else { Precision::Int8 };
        let least = precision.least_cosine();
        let mut parities = self.original.iter().chain(&self.stored);
        if let Some(bad) = parities.find(|parity| !parity.is_enough_for(precision)) {
            let found = bad.least;
            return Some(format!("{path} differs: its least cosine is {found:.5}, under {least}"));
        }
        if self.related > self.unrelated {
            return None;
        }
        let [text, other, _] = TEXTS;
        Some(format!(
            "{path} does not find {text:?} and {other:?} related: it is no model of sentences"
        ))
    }

    fn document(&self) -> Value {
        json!({
            "path": self.path,
            "model": self.model,
            "precision": self.precision,
            "dimension": self.dimension,
            "token_limit": self.token_limit,
            "original": self.original.as_ref().map(parity::document),
            "stored": self.stored.as_ref().map(parity::document),
            "related": self.related,
            "unrelated": self.unrelated,
            "sound": self.problem().is_none(),
        })
    }
}

fn print(checked: &[Checked]) {
    let headings =
        ["model", "precision", "least", "mean", "stored least", "related", "others", "verdict"];
    let mut table = output::table(&headings);
    let figure = |figure: Option<f64>| {
        output::number(&figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.5}")))
    };
    for one in checked {
        table.add_row(vec![
            output::text(&one.path.display().to_string()),
            output::text(&one.precision),
            figure(one.original.as_ref().map(|parity| parity.least)),
            figure(one.original.as_ref().map(|parity| parity.mean)),
            figure(one.stored.as_ref().map(|parity| parity.least)),
            output::number(&format!("{:.3}", one.related)),
            output::number(&format!("{:.3}", one.unrelated)),
            output::text(if one.problem().is_none() { "sound" } else { "differs" }),
        ]);
    }
    output::print(table);
}
