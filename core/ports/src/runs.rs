use crate::PortResult;
use akin_entities::Timestamp;
use async_trait::async_trait;
use std::fmt::Debug;
use std::time::Duration;

/// Keeps a log of the last [`MAX_RUNS`] ingestions. A run is named by the time at which it began.
#[async_trait]
pub trait RunLog: Debug + Send + Sync {
    /// Records that a run over `feeds` began at `began`, and deletes runs that are too old. Recorded
    /// twice, it is one run.
    async fn begin(&self, began: Timestamp, feeds: &[String]) -> PortResult<()>;

    /// Records how a run ended; only the first end counts. An unknown run is not an error.
    async fn finish(&self, began: Timestamp, end: &RunEnd) -> PortResult<()>;

    /// Lists the last `limit` runs, the latest first, in the order in which they were recorded,
    /// whatever the clocks of the machines.
    async fn last(&self, limit: usize) -> PortResult<Vec<Run>>;
}

/// The number of runs that are kept.
pub const MAX_RUNS: usize = 100;

/// An ingestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The time at which it began.
    pub began: Timestamp,
    /// The feeds it read.
    pub feeds: Vec<String>,
    /// Its end; `None` if it is still running or its process was killed, which look the same.
    pub end: Option<RunEnd>,
}

/// The end of an ingestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// The outcome.
    pub outcome: RunOutcome,
    /// Its duration, to the microsecond.
    pub took: Duration,
    /// The counts; `None` if it ended before they were known.
    pub counts: Option<RunCounts>,
}

/// The outcome of an ingestion, with the reason if it is incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// Everything was done.
    Finished,
    /// Everything was done except for some feeds or products.
    Partly(String),
    /// The feeds look damaged: nothing was changed.
    Refused(String),
    /// An error ended it. What was done before is kept.
    Failed(String),
    /// It was asked to stop.
    Interrupted,
}

/// The counts of what an ingestion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Rows of the feeds.
    pub read: u64,
    /// Products new to the store.
    pub inserted: u64,
    /// Products whose content differs.
    pub changed: u64,
    /// Products whose content is the same.
    pub unchanged: u64,
    /// Products that complete feeds no longer name.
    pub removed: u64,
    /// Rows that were quarantined.
    pub quarantined: u64,
    /// Texts that were embedded.
    pub embedded: u64,
    /// Products whose other fields were updated.
    pub updated_fields: u64,
    /// Products that could not be embedded or sent to the queue.
    pub failed: u64,
}

impl RunOutcome {
    /// Returns its name, and its reason if it has one.
    pub fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Finished => ("finished", None),
            Self::Partly(reason) => ("partly", Some(reason)),
            Self::Refused(reason) => ("refused", Some(reason)),
            Self::Failed(reason) => ("failed", Some(reason)),
            Self::Interrupted => ("interrupted", None),
        }
    }

    /// Returns the outcome of these [`parts`](Self::parts); `None` if there is none of that name.
    pub fn from_parts(name: &str, reason: Option<String>) -> Option<Self> {
        let reason = reason.unwrap_or_default();
        Some(match name {
            "finished" => Self::Finished,
            "partly" => Self::Partly(reason),
            "refused" => Self::Refused(reason),
            "failed" => Self::Failed(reason),
            "interrupted" => Self::Interrupted,
            _ => return None,
        })
    }
}

impl RunCounts {
    /// The names of the counts, in the order of the [`values`](Self::values).
    pub const NAMES: [&str; 9] = [
        "read",
        "inserted",
        "changed",
        "unchanged",
        "removed",
        "quarantined",
        "embedded",
        "updated_fields",
        "failed",
    ];

    /// Returns every count.
    pub fn values(&self) -> [u64; 9] {
        [
            self.read,
            self.inserted,
            self.changed,
            self.unchanged,
            self.removed,
            self.quarantined,
            self.embedded,
            self.updated_fields,
            self.failed,
        ]
    }

    /// Returns the counts with these [`values`](Self::values).
    pub fn from_values(values: [u64; 9]) -> Self {
        let [
            read,
            inserted,
            changed,
            unchanged,
            removed,
            quarantined,
            embedded,
            updated_fields,
            failed,
        ] = values;
        Self {
            read,
            inserted,
            changed,
            unchanged,
            removed,
            quarantined,
            embedded,
            updated_fields,
            failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_restored_from_its_parts() {
        let why = || "two rows are missing".to_owned();
        for outcome in [
            RunOutcome::Finished,
            RunOutcome::Partly(why()),
            RunOutcome::Refused(why()),
            RunOutcome::Failed(String::new()),
            RunOutcome::Interrupted,
        ] {
            let (name, reason) = outcome.parts();
            assert_eq!(RunOutcome::from_parts(name, reason.map(str::to_owned)), Some(outcome));
        }
        assert_eq!(RunOutcome::from_parts("forgotten", None), None);
    }

    #[test]
    fn every_count_is_restored_under_its_own_name() {
        let values = [1, 2, 3, 4, 5, 6, 7, 8, u64::MAX];
        let counts = RunCounts::from_values(values);
        assert_eq!(counts.values(), values);
        let told = format!("{counts:?}");
        for (name, value) in RunCounts::NAMES.iter().zip(values) {
            assert!(told.contains(&format!(" {name}: {value}")), "{name}: {told}");
        }
    }
}
