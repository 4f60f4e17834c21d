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

    /// Search catalogues of these numbers of products [default: 2,000, 20,000 and 200,000].
    #[arg(long = "size", value_delimiter = ',', value_name = "PRODUCTS")]
    sizes: Vec<usize>,

    /// Measure fewer rounds, queries and rows, and no 200,000 products unless --size names them.
    #[arg(long)]
    pub(crate) quick: bool,

    /// The feeds of real products from which catalogues are grown.
    #[arg(long = "feed", default_value = "data/catalogue.csv", value_name = "CSV")]
    pub(crate) feeds: Vec<PathBuf>,

    /// A CSV file of real queries in a column `query` [default: words of the products].
    #[arg(long, value_name = "CSV")]
    pub(crate) queries: Option<PathBuf>,

    /// The folder of akin's models [default: akin's own].
    #[arg(long, env = "AKIN_MODELS", value_name = "DIR")]
    pub(crate) models: Option<PathBuf>,

    /// The akin command.
    #[arg(long, default_value = "target/dist/akin", value_name = "FILE")]
    pub(crate) akin: PathBuf,

    /// The Python interpreter with the peers' packages.
    #[arg(long, default_value = "bench/.venv/bin/python", value_name = "FILE")]
    pub(crate) python: PathBuf,

    /// The folder of fp32.onnx and int8.onnx.
    #[arg(long, default_value = "bench/.cache/onnx", value_name = "DIR")]
    pub(crate) onnx: PathBuf,

    /// The library of ONNX Runtime.
    #[arg(long, value_name = "FILE")]
    pub(crate) onnx_runtime: PathBuf,

    /// The folder for files that are kept between runs.
    #[arg(long, default_value = "bench/.cache", value_name = "DIR")]
    pub(crate) cache: PathBuf,

    /// Also write the tables here.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A subject that can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// Sentences per second, latency of one query, agreement with fp32.
    Encoder,
    /// The time to load the model, and to the first answer of a process.
    Startup,
    /// Nearest neighbors, with and without filters.
    Vectors,
    /// Keyword search.
    Words,
    /// A whole search without the embedder, by mode.
    Search,
    /// Counting all that fits, with all facets.
    Facets,
    /// Other orders than relevance, and deep pages.
    Sorted,
    /// Listing the catalogue without a query.
    Browse,
    /// Suggestions for the beginning of a query.
    Suggest,
    /// Ingestion of a feed, first and again.
    Ingest,
    /// Requests per second, and memory.
    Http,
    /// Sentences per second of the embedding server, and its memory under three times the load it can take.
    EmbeddingServer,
    /// The same search on every engine, whose servers must be running.
    Engines,
}

impl Subject {
    /// The subjects that search the embedded engine in this process.
    pub(crate) const OF_SEARCHES: [Self; 5] =
        [Self::Search, Self::Facets, Self::Sorted, Self::Browse, Self::Suggest];
}

impl Settings {
    /// Returns true if `subject` is to be measured.
    pub(crate) fn wants(&self, subject: Subject) -> bool {
        self.only.is_empty() || self.only.contains(&subject)
    }

    /// The sizes that are named.
    pub(crate) fn named_sizes(&self) -> &[usize] {
        &self.sizes
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
