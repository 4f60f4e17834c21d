use crate::defaults::Queue;
use crate::parts::not_opened;
use crate::start::{Failure, start};
use akin_composition::{
    CatalogueSettings, CompositionError, IngestSettings, ObjectFeeds, OpenedObjectFeeds,
};
use akin_lambda::{FeedOpener, IngestFunction, IngestParts, Parts};
use akin_ports::{FeedSource, PortResult};
use akin_usecases::CatalogueStatus;
use async_trait::async_trait;
use clap::Args;
use std::process::ExitCode;
use std::sync::Arc;

/// The settings of the ingesting function.
#[derive(Clone, Debug, Args)]
pub(crate) struct IngestFunctionSettings {
    #[command(flatten)]
    ingestion: IngestSettings,

    #[command(flatten)]
    feeds: ObjectFeeds,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

/// Opens feeds by the settings of a function.
struct Feeds(OpenedObjectFeeds);

#[async_trait]
impl FeedOpener for Feeds {
    async fn configured(&self) -> PortResult<Vec<Arc<dyn FeedSource>>> {
        self.0.scheduled().await
    }

    fn object(&self, bucket: &str, key: &str) -> PortResult<Arc<dyn FeedSource>> {
        self.0.object(bucket, key)
    }
}

/// Ingests feeds when they change in S3, on a schedule, and when invoked.
pub fn ingest() -> ExitCode {
    start(Queue::Required, run)
}

async fn run(settings: IngestFunctionSettings, problems: Vec<String>) -> Result<(), Failure> {
    let patience = settings.ingestion.wait;
    let settings = Arc::new((settings, problems));
    let open = move || {
        let settings = Arc::clone(&settings);
        async move { open(&settings.0, &settings.1).await.map_err(|error| not_opened(&error)) }
    };
    let parts = Parts::new(open);
    parts.prepare().await?;
    let function = IngestFunction { parts, patience };
    let handle = async |event, invocation| function.handle(event, invocation).await;
    Ok(akin_lambda::run(handle).await?)
}

/// Opens the store, the run log and the queue.
async fn open(
    settings: &IngestFunctionSettings,
    invalid: &[String],
) -> Result<IngestParts, CompositionError> {
    let IngestFunctionSettings { ingestion, feeds, catalogue } = settings;
    let builder = catalogue.builder().store().queue();
    let builder = builder.problems_besides(invalid.to_vec()).problems_besides(problems(settings));
    let CatalogueStatus { store, queue, runs } = builder.open().await?.status()?;
    let feeds = Arc::new(Feeds(feeds.open(&catalogue.aws).await?));
    Ok(IngestParts { ingest: ingestion.ingest(store), queue, runs, feeds })
}

/// Returns the problems of the settings that are the function's own.
fn problems(settings: &IngestFunctionSettings) -> Vec<String> {
    let mut problems: Vec<_> = settings.ingestion.problems().collect();
    let missing = settings.feeds.problems();
    if settings.ingestion.complete && !missing.is_empty() {
        problems.push("AKIN_COMPLETE needs the feeds that are the whole catalogue:".to_owned());
        problems.extend(missing);
    }
    problems
}
