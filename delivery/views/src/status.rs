use crate::runs::{Audience, RunView};
use akin_ports::QueueCounts;
use akin_usecases::{IndexStatus, Status};
use serde::Serialize;
use utoipa::ToSchema;

/// The number of ingestions in `/api/status` and `akin status --json`.
pub const LAST_RUNS: usize = 10;

/// The state of the catalogue, the queue and the last runs, as `/api/status` and
/// `akin status --json` write it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CatalogueStatus)]
pub struct StatusView {
    products: u64,
    indexed: u64,
    /// The number of changes in the outbox and in the queue.
    waiting: u64,
    queue: QueueView,
    quarantined: u64,
    /// The number of values in quarantine without which their rows were kept.
    blanked: u64,
    #[schema(required)]
    model: Option<String>,
    runs: Vec<RunView>,
}

/// The number of messages in a queue, as `/api/status` and `akin queue --json` write it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = QueueCounts)]
pub struct QueueView {
    waiting: u64,
    in_flight: u64,
    dead: u64,
}

impl StatusView {
    /// Creates the view for `audience`; `index` is that of the default engine.
    pub fn new(status: Status, index: &IndexStatus, audience: Audience) -> Self {
        Self {
            products: status.store.products,
            indexed: index.indexed,
            waiting: status.waiting(),
            queue: status.queue.into(),
            quarantined: status.store.quarantined,
            blanked: status.store.blanked,
            model: index.fingerprint.as_ref().map(ToString::to_string),
            runs: status.runs.into_iter().map(|run| RunView::new(run, audience)).collect(),
        }
    }
}

impl From<QueueCounts> for QueueView {
    fn from(QueueCounts { waiting, in_flight, dead }: QueueCounts) -> Self {
        Self { waiting, in_flight, dead }
    }
}
