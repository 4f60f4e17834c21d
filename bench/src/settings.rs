//! The settings of a measurement.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Measures akin beside its peers and prints tables in Markdown.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Settings {
    /// Measure these subjects only [default: all].
    #[arg(long, value_delimiter = ',', value_name = "SUBJECT")]
    pub(crate) only: Vec<Subject>,

    /// Search catalogues of so many products [default: 2,000, 20,000 and 200,000].
    #[arg(long = "size", value_delimiter = ',', value_name = "PRODUCTS")]
    sizes: Vec<usize>,

    /// Fewer rounds, queries and rows, and no 200,000 products unless asked for: a first look.
    #[arg(long)]
    pub(crate) quick: bool,

    /// Feeds of real products, by which catalogues are grown.
    #[arg(long = "feed", default_value = "data/catalogue.csv", value_name = "CSV")]
    pub(crate) feeds: Vec<PathBuf>,

    /// Real queries, in a column `query` [default: made of the products' own words].
    #[arg(long, value_name = "CSV")]
    pub(crate) queries: Option<PathBuf>,

    /// The folder of akin's models [default: akin's own].
    #[arg(long, env = "AKIN_MODELS", value_name = "DIR")]
    pub(crate) models: Option<PathBuf>,

    /// The akin command.
    #[arg(long, default_value = "target/dist/akin", value_name = "FILE")]
    pub(crate) akin: PathBuf,

    /// The Python that has the peers' packages.
    #[arg(long, default_value = "bench/.venv/bin/python", value_name = "FILE")]
    pub(crate) python: PathBuf,

    /// The folder of fp32.onnx and int8.onnx.
    #[arg(long, default_value = "bench/.cache/onnx", value_name = "DIR")]
    pub(crate) onnx: PathBuf,

    /// ONNX Runtime's library.
    #[arg(long, value_name = "FILE")]
    pub(crate) onnx_runtime: PathBuf,

    /// A folder for what is worth keeping between runs.
    #[arg(long, default_value = "bench/.cache", value_name = "DIR")]
    pub(crate) cache: PathBuf,

    /// Also write the tables here.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A subject that can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// Sentences a second, one query, agreement with fp32.
    Encoder,
    /// Loading the model; a process's first answer.
    Startup,
    /// Nearest neighbors, filtered and not.
    Vectors,
    /// Matching words.
    Words,
    /// A whole search besides the embedder, by mode.
    Search,
    /// Reading a feed, first and again.
    Ingest,
    /// Requests a second, and memory.
    Http,
    /// The same search on every engine; their servers must run.
    Engines,
}

impl Settings {
    /// Returns true if `subject` is to be measured.
    pub(crate) fn wants(&self, subject: Subject) -> bool {
        self.only.is_empty() || self.only.contains(&subject)
    }

    /// The sizes to search.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        match (self.sizes.is_empty(), self.quick) {
            (false, _) => self.sizes.clone(),
            (true, true) => vec![2_000, 20_000],
            (true, false) => vec![2_000, 20_000, 200_000],
        }
    }

    /// The number of turns of each contender.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 2 } else { 5 }
    }

    /// The number of queries per round.
    pub(crate) fn query_count(&self) -> usize {
        if self.quick { 100 } else { 200 }
    }
}
