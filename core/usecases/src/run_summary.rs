use crate::{CatalogueSummary, EmbedSummary, IngestError};
use akin_ports::{PortError, RunCounts, RunOutcome};
use std::error::Error;
use std::iter::successors;

/// The results of an ingestion: of reading the feeds, and of embedding what changed.
#[derive(Debug, Default)]
pub struct RunSummary {
    /// The results of reading the feeds.
    pub catalogue: CatalogueSummary,
    /// The results of embedding. After a run that embeds nothing, only its failures are filled: the
    /// changes that the queue did not accept.
    pub embedding: EmbedSummary,
}

impl RunSummary {
    /// Returns the counts for the run log.
    pub fn counts(&self) -> RunCounts {
        let Self { catalogue: CatalogueSummary { rows, removed, .. }, embedding } = self;
        RunCounts {
            read: rows.read,
            inserted: rows.inserted,
            changed: rows.changed,
            unchanged: rows.unchanged,
            held_newer: rows.held_newer,
            repeated: rows.repeated,
            removed: *removed,
            quarantined: rows.quarantined,
            blanked: rows.blanked,
            embedded: embedding.embedded,
            updated_fields: embedding.updated_fields,
            failed: embedding.failures.len() as u64,
        }
    }

    /// Returns the outcome for the run log. It gives the first problem, and the number of the others. A run
    /// that read no row of its feeds, and did nothing else, has failed.
    pub fn outcome(&self) -> RunOutcome {
        let unread = self.catalogue.unread.iter().map(with_causes);
        let mut problems = unread.chain(self.failures());
        let Some(first) = problems.next() else {
            return RunOutcome::Finished;
        };
        let reason = match problems.count() {
            0 => first,
            others => format!("{first}, and {others} more"),
        };
        let counts = RunCounts { failed: 0, ..self.counts() };
        let is_in_vain = counts == RunCounts::default() && !self.catalogue.unread.is_empty();
        if is_in_vain { RunOutcome::Failed(reason) } else { RunOutcome::Partly(reason) }
    }

    /// Describes each product that was not embedded.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        self.embedding.failures.iter().map(|(id, error): (_, &PortError)| {
            format!("product {id} was not embedded: {}", error.report())
        })
    }
}

impl IngestError {
    /// Returns the outcome for the run log of a run that this error ended.
    pub fn outcome(&self) -> RunOutcome {
        let reason = with_causes(self);
        if self.is_refusal() { RunOutcome::Refused(reason) } else { RunOutcome::Failed(reason) }
    }
}

/// Returns one line with the error and each of its causes.
fn with_causes(error: &IngestError) -> String {
    let chain = successors(Some(error as &dyn Error), |error| (**error).source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
