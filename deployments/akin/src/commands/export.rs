use crate::backends::CatalogueSettings;
use crate::progress::{Progress, Unit};
use crate::settings::BadSettings;
use crate::{exit, output};
use anyhow::Context;
use http_api::ProductView;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use usecases::{ExportCatalogue, ExportedProduct};

/// Write products and their embeddings as JSON Lines, one product a line, in the order of the ids.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin export > catalogue.jsonl\n  akin export --no-embeddings --output catalogue.jsonl"
)]
pub(crate) struct Arguments {
    /// The file to write; it takes its name when it is whole [default: standard output].
    #[arg(long, env = "AKIN_OUTPUT", value_name = "FILE")]
    output: Option<PathBuf>,

    /// Leave the embeddings out.
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
    /// Which model made the embedding; `null` if the product was not embedded yet.
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<Vec<f32>>,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { output, no_embeddings, catalogue } = arguments;
    let (store, index) = (catalogue.store(), catalogue.first().index);
    BadSettings::refuse(catalogue.problems(&[index]))?;
    let backends = catalogue.open(&[store], &[index]).await?;
    let store = backends.store(store)?;
    let total = store.counts().await?.products;
    let export = ExportCatalogue { store, index: backends.index(index)? };
    let progress = Progress::new("exporting".to_owned(), Unit::Products);
    let mut sink = Sink::open(output.as_deref())?;
    let mut done = 0;
    let write = |page: Vec<ExportedProduct>| -> anyhow::Result<()> {
        done += page.len() as u64;
        let lines: Vec<_> =
            page.into_iter().map(|product| Line::of(product, no_embeddings)).collect();
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

/// Where the lines go.
enum Sink {
    Output,
    /// It is written under another name, so that half of it is never taken for the whole.
    File {
        file: BufWriter<File>,
        partial: PathBuf,
        path: PathBuf,
    },
}

impl Sink {
    fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Output) };
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial)
            .with_context(|| format!("cannot write {} (--output)", partial.display()))?;
        Ok(Self::File { file: BufWriter::new(file), partial, path: path.to_owned() })
    }

    fn write(&mut self, lines: &[Line]) -> anyhow::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        match self {
            Self::Output => output::raw(&text),
            Self::File { file, partial, .. } => {
                file.write_all(&text).with_context(|| cannot_write(partial))?;
            }
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        let Self::File { mut file, partial, path } = self else { return Ok(()) };
        let written = file.flush().and_then(|()| file.get_ref().sync_all());
        written.and_then(|()| std::fs::rename(&partial, &path)).with_context(|| cannot_write(&path))
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}: free some space, or choose another --output", path.display())
}
