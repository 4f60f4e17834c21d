//! Measures akin and its peers, interleaved in one run, and prints tables in Markdown.
//!
//! There is a file for each subject. `harness` measures times, `report` writes tables, `workload` sets up a
//! catalogue of one size. README.md explains how to read the figures.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures are read by people, and counts are far below 2^52"
)]

mod asks;
mod catalogue;
mod client;
mod corpus;
mod embedding_server;
mod encoder;
mod engines;
mod exact;
mod harness;
mod http;
mod ingest;
mod onnx_runtime;
mod process;
mod random;
mod report;
mod search;
mod settings;
mod startup;
mod vectors;
mod words;
mod workload;

use akin_entities::{Fingerprint, Product};
use akin_native::{DEFAULT_MODEL, ModelChoice, ModelPrecision};
use anyhow::{Context, Result};
use catalogue::Catalogue;
use clap::Parser;
use corpus::Corpus;
use onnx_runtime::{OnnxModel, OnnxRuntime};
use process::Program;
use report::{Report, Table};
use sbert_cpu::Encoder;
use settings::{Settings, Subject};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::runtime::Runtime;
use workload::Workload;

/// The dimension of the default model.
const DIMENSION: usize = 384;

/// The number of products that the processes serve.
const SHOP: usize = 2_000;

/// The seed of generated queries, the same in every run.
const SEED: u64 = 1;

/// Measures a subject.
type Run = fn(&mut Bench) -> Result<()>;

/// The context of every subject.
struct Bench {
    settings: Settings,
    report: Report,
    corpus: Corpus,
    fingerprint: Fingerprint,
    cores: usize,
    onnx_runtime: OnnxRuntime,
    encoder: Encoder,
    runtime: Runtime,
    feeds: tempfile::TempDir,
    queries: Vec<String>,
    shops: Option<Rc<[Program; 2]>>,
}

fn main() -> Result<()> {
    let settings = Settings::parse();
    let output = settings.output.clone();
    let mut bench = Bench::open(settings)?;
    print(&bench.machine())?;
    bench.run()?;
    let report = format!("{}\n{}", bench.machine(), bench.report);
    print(&bench.report.goals_text())?;
    if let Some(file) = output {
        fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
        fs::write(&file, report).with_context(|| format!("cannot write {}", file.display()))?;
        note(&format!("written to {}", file.display()));
    }
    Ok(())
}

impl Bench {
    fn open(settings: Settings) -> Result<Self> {
        let runtime = Runtime::new()?;
        let encoder = Encoder::open(&model_file(&settings, ModelPrecision::Int8)?)?;
        let corpus = Corpus::read(&settings.feeds, &encoder, &settings.cache);
        let corpus = runtime.block_on(corpus)?;
        let mut queries = match &settings.queries {
            Some(file) => corpus::read_queries(file)?,
            None => Vec::new(),
        };
        queries.extend(corpus::made_up_queries(&corpus.products, SEED).take(1_000));
        queries.truncate(settings.query_count());
        let fingerprint = Fingerprint {
            model: encoder.name().to_owned(),
            precision: encoder.precision().name().to_owned(),
            dimension: encoder.dimension(),
        };
        Ok(Self {
            onnx_runtime: OnnxRuntime::load(&settings.onnx_runtime)?,
            report: Report::default(),
            cores: cores(),
            feeds: tempfile::tempdir()?,
            settings,
            corpus,
            fingerprint,
            encoder,
            runtime,
            queries,
            shops: None,
        })
    }

    fn run(&mut self) -> Result<()> {
        let subjects: [(Subject, Run); 6] = [
            (Subject::Encoder, encoder::run),
            (Subject::Startup, startup::run),
            (Subject::Ingest, ingest::run),
            (Subject::Http, http::run),
            (Subject::EmbeddingServer, embedding_server::run),
            (Subject::Engines, engines::run),
        ];
        for (subject, run) in subjects {
            if self.settings.wants(subject) {
                run(self)?;
            }
        }
        let wants = |subjects: &[Subject]| subjects.iter().any(|one| self.settings.wants(*one));
        let [vectors, words] = [Subject::Vectors, Subject::Words].map(|one| wants(&[one]));
        let search = wants(&Subject::OF_SEARCHES);
        if !(vectors || words || search) {
            return Ok(());
        }
        for size in self.settings.sizes() {
            let workload = Workload::create(self, size)?;
            if vectors {
                vectors::run(self, &workload)?;
            }
            if words {
                words::run(self, &workload)?;
            }
            if search {
                search::run(self, workload)?;
            }
        }
        Ok(())
    }

    /// Adds a table to the report, and prints it.
    fn add(&mut self, table: Table) -> Result<()> {
        print(&table)?;
        self.report.add(table);
        Ok(())
    }

    /// Returns the akin command, with an empty data folder.
    fn akin(&self) -> Result<Program> {
        let models = self.settings.models.iter().map(|folder| ("AKIN_MODELS", folder.clone()));
        Program::new(vec![self.settings.akin.clone()], models.collect())
    }

    /// Returns the Python peer, with an empty data folder.
    fn python_service(&self) -> Result<Program> {
        let script = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/peers/service.py"));
        let tokenizer = models_folder(&self.settings)?.join("tokenizer.json");
        let environment =
            vec![("ONNX_MODEL_PATH", self.onnx_file("int8")), ("TOKENIZER_PATH", tokenizer)];
        Program::new(vec![self.settings.python.clone(), script], environment)
    }

    /// Returns akin and the Python peer, each filled once with [`SHOP`] products.
    fn shops(&mut self) -> Result<Rc<[Program; 2]>> {
        if let Some(shops) = &self.shops {
            return Ok(Rc::clone(shops));
        }
        note(&format!("filling two shops with {SHOP} products"));
        let feed = self.feed(SHOP)?;
        let shops = [self.akin()?, self.python_service()?];
        for shop in &shops {
            shop.run(&["ingest", &feed])?;
        }
        Ok(Rc::clone(self.shops.insert(Rc::new(shops))))
    }

    /// Loads a model in ONNX Runtime for a number of threads.
    fn onnx(&self, precision: &str, threads: usize) -> Result<OnnxModel> {
        self.onnx_runtime.open(&self.onnx_file(precision), threads)
    }

    fn onnx_file(&self, precision: &str) -> PathBuf {
        self.settings.onnx.join(format!("{precision}.onnx"))
    }

    /// Returns akin's packed model.
    fn model_file(&self, precision: ModelPrecision) -> Result<PathBuf> {
        model_file(&self.settings, precision)
    }

    /// Returns the queries of a round.
    fn queries(&self) -> Vec<String> {
        self.queries.clone()
    }

    /// Embeds texts; returns one row for each.
    fn embed(&self, texts: &[&str]) -> Vec<f32> {
        self.encoder.embed(texts, self.cores).vectors
    }

    /// Returns the path of a feed with a number of rows.
    fn feed(&self, rows: usize) -> Result<String> {
        let file = self.feeds.path().join(format!("{rows}.csv"));
        if !file.exists() {
            Catalogue::grow(&self.corpus, rows)?.write_feed(&file)?;
        }
        Ok(file.display().to_string())
    }

    /// Returns the products of such a feed.
    fn products(&self, rows: usize) -> Result<Vec<Product>> {
        Ok(Catalogue::grow(&self.corpus, rows)?.products)
    }

    /// Runs a use case to completion.
    fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Describes the machine.
    fn machine(&self) -> String {
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = processor.lines().find_map(|line| line.strip_prefix("model name"));
        let name = name.unwrap_or("an unknown processor").trim_matches([' ', '\t', ':']);
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or("unknown");
        format!(
            "## akin beside its peers\n\n{} cores of {name} ({:?}), load {load}; {} real products, {} queries; \
             ONNX Runtime, usearch {} and {} on the same cores in the same run. \
             The column `akin` says how many times better akin is.\n",
            self.cores,
            self.encoder.instruction_set(),
            self.corpus.products.len(),
            self.queries.len(),
            usearch::version(),
            tantivy::version_string(),
        )
    }
}

/// Returns the folder of akin's default model.
fn models_folder(settings: &Settings) -> Result<PathBuf> {
    let model = ModelChoice::Default(ModelPrecision::Int8);
    let native = akin_native::Settings { model, models: settings.models.clone(), threads: None };
    Ok(native.models_folder()?.join(DEFAULT_MODEL))
}

fn model_file(settings: &Settings, precision: ModelPrecision) -> Result<PathBuf> {
    Ok(models_folder(settings)?.join(format!("{precision}.sbert")))
}

/// Returns the number of cores, which all contenders may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

fn print(text: &impl std::fmt::Display) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("cannot print")
}

/// Prints progress.
fn note(text: &str) {
    // A closed output does not stop the run.
    let _told = writeln!(std::io::stderr(), "bench: {text}");
}
