use crate::runs::{Reader, RunView};
use akin_ports::QueueCounts;
use akin_usecases::{IndexStatus, Status};
use serde::Serialize;

/// How many ingestions `/api/status` and `akin status --json` name.
pub const LAST_RUNS: usize = 10;

/// What there is to find, what is still to be done and what was done last, as `/api/status` and
/// `akin status --json` write it.
#[derive(Debug, Serialize)]
pub struct StatusView {
    products: u64,
    indexed: u64,
    /// In the outbox and in the queue.
    waiting: u64,
    queue: QueueView,
    quarantined: u64,
    model: Option<String>,
    runs: Vec<RunView>,
}

/// How many messages a queue holds, as `/api/status` and `akin queue --json` write it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct QueueView {
    waiting: u64,
    in_flight: u64,
    dead: u64,
}

impl StatusView {
    /// What `reader` learns of a catalogue, `index` being that of its first engine.
    pub fn new(status: Status, index: &IndexStatus, reader: Reader) -> Self {
        Self {
            products: status.store.products,
            indexed: index.indexed,
            waiting: status.waiting(),
            queue: status.queue.into(),
            quarantined: status.store.quarantined,
            model: index.fingerprint.as_ref().map(ToString::to_string),
            runs: status.runs.into_iter().map(|run| RunView::new(run, reader)).collect(),
        }
    }
}

impl From<QueueCounts> for QueueView {
    fn from(QueueCounts { waiting, in_flight, dead }: QueueCounts) -> Self {
        Self { waiting, in_flight, dead }
    }
}
