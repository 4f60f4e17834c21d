use crate::embedding::optimize;
use crate::output::Format;
use crate::progress::{Progress, Unit};
use crate::{exit, output};
use akin_composition::{CatalogueSettings, IndexName, StoreName};
use akin_usecases::{CopyCatalogue, CopyProgress, CopySummary};
use serde::Serialize;
use std::process::ExitCode;
use std::time::Instant;

/// Copy products and embeddings from one engine to another, without embedding again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin copy --from local --to postgres\n\nA copy can be repeated, also while the source changes: the newer version of a product wins. `opensearch` has no store of its own; its products are in the other engine's store, or in --store."
)]
pub(crate) struct CopyArguments {
    /// The source.
    #[arg(long, env = "AKIN_COPY_FROM", value_name = "INDEX")]
    from: IndexName,

    /// The target.
    #[arg(long, env = "AKIN_COPY_TO", value_name = "INDEX")]
    to: IndexName,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

/// The JSON document of a copy.
#[derive(Debug, Serialize)]
struct CopyReport {
    products: u64,
    entries: u64,
    failed: usize,
    seconds: f64,
}

pub(crate) async fn run(arguments: CopyArguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let CopyArguments { from, to, format, catalogue } = arguments;
    let stores = stores(from, to, catalogue.store());
    let [source, target] = stores;
    let mut builder = catalogue.builder().store_named(source).store_named(target);
    if from == to {
        builder = builder.problem(format!("--from and --to both name {from}: choose two indexes"));
    }
    let opened = builder.existing_index(from).index(to).open().await?;
    let copy = CopyCatalogue {
        stores: if source == target {
            None
        } else {
            Some([opened.store_named(source)?, opened.store_named(target)?])
        },
        indexes: [opened.index(from)?, opened.index(to)?],
    };
    let progress = Progress::new(format!("copying {from} to {to}"), Unit::Products);
    let summary = copy.run(&|at: CopyProgress| progress.at(at.done, Some(at.total), "")).await?;
    drop(progress);
    optimize(&opened).await;
    tell(&summary, format, began.elapsed().as_secs_f64());
    Ok(if summary.failures.is_empty() { exit::DONE } else { exit::partly() })
}

/// Returns the stores of source and target: each index's own, else the other's, else the one of the
/// settings.
fn stores(from: IndexName, to: IndexName, set: StoreName) -> [StoreName; 2] {
    let source = from.own_store().unwrap_or(set);
    [source, to.own_store().unwrap_or(source)]
}

fn tell(summary: &CopySummary, format: Format, seconds: f64) {
    let CopySummary { products, entries, failures } = summary;
    if format.json {
        let (products, entries, failed) = (*products, *entries, failures.len());
        output::json(&CopyReport { products, entries, failed, seconds });
    } else {
        let copied = format!("{products} products and {entries} embeddings");
        output::line(&format!("{copied} copied in {seconds:.1} s"));
    }
    for (id, error) in failures {
        output::note(&format!("product {id} was not copied: {}", error.report()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_uses_its_own_store() {
        let (local, postgres) = (StoreName::Local, StoreName::Postgres);
        let found = stores(IndexName::Local, IndexName::Postgres, local);
        assert_eq!(found, [local, postgres]);
        let found = stores(IndexName::Postgres, IndexName::Local, local);
        assert_eq!(found, [postgres, local]);
    }
}
