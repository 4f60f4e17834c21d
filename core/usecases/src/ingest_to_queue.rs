use crate::ingest_catalogue::CatalogueObserver;
use crate::{EmbedSummary, IngestCatalogue, IngestError, RelayChanges, RunError, RunSummary};
use akin_entities::Version;
use akin_ports::{ChangeQueue, FeedSource, PortError, RunOutcome};
use std::sync::Arc;

/// Brings the store up to the content of feeds, and hands what changed to the workers' queue.
///
/// Killed anywhere, the next run finishes the work, whatever it reads: changes that are not handed over
/// stay in the outbox.
#[derive(Clone, Debug)]
pub struct IngestToQueue {
    /// Reads the feeds into the store.
    pub ingest: IngestCatalogue,
    /// Receives the changes.
    pub queue: Arc<dyn ChangeQueue>,
}

/// Why an ingestion ended before its changes were handed over.
#[derive(Debug, thiserror::Error)]
pub enum IngestToQueueError {
    /// It did not begin, or was ended.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The feeds could not be stored.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The queue, or the outbox, failed.
    #[error("the products are stored, but not all changes were handed to the queue")]
    Relay(#[source] PortError),
}

impl IngestToQueue {
    /// Ingests `feeds` in this order, with the versions of the run `at`. The failures in the summary are
    /// changes that the queue refused.
    pub async fn run(
        &self,
        feeds: &[Arc<dyn FeedSource>],
        at: Version,
        observe: CatalogueObserver<'_>,
    ) -> Result<RunSummary, IngestToQueueError> {
        let catalogue = self.ingest.run(feeds, at, observe).await?;
        let relay = RelayChanges { store: self.ingest.store.clone(), queue: self.queue.clone() };
        let failures = relay.run().await.map_err(IngestToQueueError::Relay)?.failures;
        let embedding = EmbedSummary { failures, ..EmbedSummary::default() };
        Ok(RunSummary { catalogue, embedding })
    }
}

impl IngestToQueueError {
    /// Returns the outcome for the run log of a run that this error ended.
    pub fn outcome(&self) -> RunOutcome {
        match self {
            Self::Ingest(error) => error.outcome(),
            Self::Run(error) => RunOutcome::Failed(error.to_string()),
            Self::Relay(error) => RunOutcome::Failed(format!("{self}: {}", error.report())),
        }
    }
}
