use crate::PortResult;
use akin_entities::Timestamp;
use async_trait::async_trait;
use std::fmt::Debug;
use std::time::Duration;

/// Remembers the last [`MAX_RUNS`] ingestions. A run is named by the moment at which it began.
#[async_trait]
pub trait RunLog: Debug + Send + Sync {
    /// Notes that a run over `feeds` began at `began`, and forgets what is too old. Said twice, it is
    /// one run.
    async fn begin(&self, began: Timestamp, feeds: &[String]) -> PortResult<()>;

    /// Notes how a run ended; the first end counts. A run that is not remembered is no failure.
    async fn finish(&self, began: Timestamp, end: &RunEnd) -> PortResult<()>;

    /// The last `limit` runs, the latest first: in the order in which they were noted, whatever the
    /// clocks said.
    async fn last(&self, limit: usize) -> PortResult<Vec<Run>>;
}

/// How many runs are remembered.
pub const MAX_RUNS: usize = 100;

/// An ingestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// When it began.
    pub began: Timestamp,
    /// The feeds it read.
    pub feeds: Vec<String>,
    /// `None`: it goes on, or its process was killed. Nobody can tell which.
    pub end: Option<RunEnd>,
}

/// How an ingestion ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// What became of it.
    pub outcome: RunOutcome,
    /// How long it took, to the microsecond.
    pub took: Duration,
    /// What it did; `None` if it did not come so far that it could say.
    pub counts: Option<RunCounts>,
}

/// What became of an ingestion, and why it was not all that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// All of it was done.
    Finished,
    /// Done, but for some feeds or products.
    Partly(String),
    /// What the feeds say is too bad to be true: nothing was changed.
    Refused(String),
    /// An error ended it; what was done before is kept.
    Failed(String),
    /// It was asked to end.
    Interrupted,
}

/// What an ingestion did, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Rows of the feeds.
    pub read: u64,
    /// Products new to the store.
    pub inserted: u64,
    /// Products whose content differs.
    pub changed: u64,
    /// Products whose content is what it was.
    pub unchanged: u64,
    /// Products that complete feeds no longer name.
    pub removed: u64,
    /// Rows that cannot become a product.
    pub quarantined: u64,
    /// Texts that were embedded.
    pub embedded: u64,
    /// Products whose other fields were updated.
    pub updated_fields: u64,
    /// Products that could not be embedded, or not be handed on.
    pub failed: u64,
}

impl RunOutcome {
    /// Its name, and the reason if it has one.
    pub fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Finished => ("finished", None),
            Self::Partly(reason) => ("partly", Some(reason)),
            Self::Refused(reason) => ("refused", Some(reason)),
            Self::Failed(reason) => ("failed", Some(reason)),
            Self::Interrupted => ("interrupted", None),
        }
    }

    /// The outcome of these [`parts`](Self::parts); `None` if it has none of these names.
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
    /// What is counted, in the order of the [`values`](Self::values).
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

    /// Every count.
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

    /// The counts of these [`values`](Self::values).
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
    fn an_outcome_comes_back_from_its_parts() {
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
    fn every_count_comes_back_under_its_own_name() {
        let values = [1, 2, 3, 4, 5, 6, 7, 8, u64::MAX];
        let counts = RunCounts::from_values(values);
        assert_eq!(counts.values(), values);
        let told = format!("{counts:?}");
        for (name, value) in RunCounts::NAMES.iter().zip(values) {
            assert!(told.contains(&format!(" {name}: {value}")), "{name}: {told}");
        }
    }
}
