use crate::commands::ingest::described;
use crate::embedding::{optimize, sleep, spawn};
use crate::output::Format;
use crate::progress::{Progress, Unit};
use crate::{exit, output, process};
use akin_composition::{
    CatalogueSettings, Composition, CompositionError, IndexName, QueueName, StoreName,
};
use akin_entities::Version;
use akin_ports::{RunLog, RunOutcome};
use akin_usecases::{
    BegunRun, CopyCatalogue, CopyProgress, CopyRun, CopySource, CopySummary, RecordRun,
    RecordedRun, RequestedRun, RunError,
};
use serde::Serialize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Copy products and embeddings from one engine to another, without embedding again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin copy --from local --to postgres\n\nA copy can be repeated: the newer version of a product wins, and what was removed at the source is removed at the target. The quarantine is copied too. A copy is refused while changes wait to be embedded or an ingestion is running. `opensearch` has no store of its own; its products are in the other engine's store, or in --store. The next ingestion of that store then has to name both engines, unless `akin indexes forget` gives the old one up."
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
    quarantined: u64,
    failed: usize,
    seconds: f64,
}

pub(crate) async fn run(arguments: CopyArguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let CopyArguments { from, to, format, catalogue } = arguments;
    let stores = stores(from, to, catalogue.store());
    let [source, target] = stores;
    let queue = catalogue.queue.unwrap_or_else(|| source.own_queue());
    let builder = catalogue.builder().store_named(source).store_named(target);
    let builder = builder.queue_named(queue);
    let mut problems = Vec::new();
    if let Some((set, own)) = catalogue.store.zip(from.own_store()).filter(|(set, own)| set != own)
    {
        problems.push(format!(
            "--store (AKIN_STORE) is {set}, but `akin copy --from {from}` reads the products of the store {own}: \
             leave --store out"
        ));
    }
    if from == to {
        problems.push(format!("--from and --to both name {from}: choose two indexes"));
    }
    let builder = builder.problems_besides(problems);
    let opened = builder.existing_index(from).index(to).open().await?;
    let copy = prepare(&opened, [from, to], stores, queue)?;
    let target_runs = (source != target).then(|| opened.runs_named(target)).transpose()?;
    let progress = Progress::new(format!("copying {from} to {to}"), Unit::Products);
    let observe = |at: CopyProgress| progress.at(at.done, Some(at.total), "");
    let copied = leased(copy.source.runs.clone(), format!("copy to {to}"), async |source| {
        let Some(runs) = target_runs else {
            return Ok(copy.run(CopyRun { source, target: source }, &observe).await?);
        };
        let copied = async |target| Ok(copy.run(CopyRun { source, target }, &observe).await?);
        Box::pin(leased(runs, format!("copy of {from}"), copied)).await
    });
    let summary = Box::pin(copied).await?;
    drop(progress);
    optimize(&opened).await;
    tell(&summary, format, akin_views::seconds(began.elapsed()));
    Ok(if summary.failures.is_empty() { exit::DONE } else { exit::partly() })
}

fn prepare(
    opened: &Composition,
    [from, to]: [IndexName; 2],
    [source, target]: [StoreName; 2],
    queue: QueueName,
) -> Result<CopyCatalogue, CompositionError> {
    let target_store = (source != target).then(|| opened.store_named(target));
    Ok(CopyCatalogue {
        source: CopySource {
            store: opened.store_named(source)?,
            runs: opened.runs_named(source)?,
            queue: opened.queue_named(queue)?,
            index: opened.index(from)?,
        },
        target_store: target_store.transpose()?,
        target_index: opened.index(to)?,
    })
}

/// Performs `work` as a run of a store, so that no ingestion writes to it meanwhile.
async fn leased(
    runs: Arc<dyn RunLog>,
    what: String,
    work: impl AsyncFnOnce(Version) -> anyhow::Result<CopySummary>,
) -> anyhow::Result<CopySummary> {
    let run = RequestedRun {
        runs,
        holder: process::holder(),
        feeds: vec![what],
        patience: Duration::ZERO,
        is_gone: &process::is_gone,
        observe: &|_| (),
    };
    let end = |result: &anyhow::Result<CopySummary>| {
        let outcome = match result {
            Ok(summary) if summary.failures.is_empty() => RunOutcome::Finished,
            Ok(summary) => RunOutcome::Partly(format!("{} not copied", summary.failures.len())),
            Err(error) => RunOutcome::Failed(format!("{error:#}")),
        };
        (outcome, None)
    };
    let work = async |begun: BegunRun| work(begun.version).await;
    let RecordedRun { result, recorded } = RecordRun::new(sleep, spawn).run(run, work, end).await;
    if let Err(error) = recorded {
        tracing::warn!(error, "the end of this copy is not recorded");
    }
    result.map_err(|error| match error.downcast_ref() {
        Some(RunError::Busy(run)) => {
            anyhow::anyhow!("{} is still running: copy when it has ended", described(run))
        }
        _ => error,
    })
}

/// Returns the stores of source and target: each index's own, else the other's, else the one of the
/// settings.
fn stores(from: IndexName, to: IndexName, set: StoreName) -> [StoreName; 2] {
    let source = from.own_store().unwrap_or(set);
    [source, to.own_store().unwrap_or(source)]
}

fn tell(summary: &CopySummary, format: Format, seconds: f64) {
    let CopySummary { products, entries, quarantined, failures } = summary;
    if format.json {
        let (products, entries, quarantined) = (*products, *entries, *quarantined);
        let failed = failures.len();
        output::json(&CopyReport { products, entries, quarantined, failed, seconds });
    } else {
        let rows = match quarantined {
            0 => String::new(),
            rows => format!(", and {rows} quarantined rows"),
        };
        let copied = format!("{products} products and {entries} embeddings{rows}");
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
