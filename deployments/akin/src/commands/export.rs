use crate::exit;
use crate::progress::{Progress, Unit};
use crate::sink::Sink;
use akin_composition::CatalogueSettings;
use akin_usecases::{ExportCatalogue, ExportedProduct};
use akin_views::ProductView;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write products and embeddings as JSON Lines, one product per line, ordered by id.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin export > catalogue.jsonl\n  akin export --no-embeddings --output catalogue.jsonl"
)]
pub(crate) struct ExportArguments {
    /// The file to write; it appears once it is complete. `-` is standard output, as is the default.
    #[arg(long, env = "AKIN_OUTPUT", value_name = "FILE")]
    output: Option<PathBuf>,

    /// Omit the embeddings.
    #[arg(long, env = "AKIN_NO_EMBEDDINGS")]
    no_embeddings: bool,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

/// A line of the export.
#[derive(Debug, Serialize)]
struct Line {
    #[serde(flatten)]
    product: ProductView,
    /// The model of the embedding; `null` if the product is not embedded yet.
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<Vec<f32>>,
}

pub(crate) async fn run(arguments: ExportArguments) -> anyhow::Result<ExitCode> {
    let ExportArguments { output, no_embeddings, catalogue } = arguments;
    let index = catalogue.first_engine().index;
    let opened = catalogue.builder().existing().store().index(index).open().await?;
    let store = opened.store()?;
    let total = store.counts().await?.products;
    let export = ExportCatalogue { store, index: opened.index(index)? };
    let progress = Progress::new("exporting".to_owned(), Unit::Products);
    let mut sink = Sink::open(output.as_deref(), "--output").await?;
    let mut done = 0;
    let write = |page: Vec<ExportedProduct>| -> anyhow::Result<()> {
        done += page.len() as u64;
        let mut lines = Vec::new();
        for product in page {
            serde_json::to_writer(&mut lines, &Line::of(product, no_embeddings))?;
            lines.push(b'\n');
        }
        sink.write(&lines)?;
        progress.at(done, Some(total), "");
        Ok(())
    };
    export.run(write).await?;
    sink.finish()?;
    Ok(exit::DONE)
}

impl Line {
    fn of(exported: ExportedProduct, no_embeddings: bool) -> Self {
        let embedding = exported.embedding.as_ref();
        Self {
            product: exported.record.into(),
            model: embedding.map(|(_, model)| model.to_string()),
            embedding: embedding
                .filter(|_| !no_embeddings)
                .map(|(embedding, _)| embedding.as_slice().to_vec()),
        }
    }
}
