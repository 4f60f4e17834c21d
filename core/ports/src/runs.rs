use crate::PortResult;
use akin_entities::{Timestamp, Version};
use async_trait::async_trait;
use std::fmt::Debug;
use std::time::Duration;

/// Keeps a log of the last [`MAX_RUNS`] ingestions, lets one at a time write to the store, and gives
/// each its version.
///
/// A run holds a lease, which ends when the run does, or [`RUN_LEASE`] after it was last renewed. The
/// store refuses the writes of a run after which another has begun.
#[async_trait]
pub trait RunLog: Debug + Send + Sync {
    /// Begins `run` unless another holds the lease, and deletes runs that are too old.
    ///
    /// Its version is the store's time, or greater: it exceeds every version that the store has given
    /// out or holds, those of removed products included, and that the run before may use. Begun twice
    /// with one [`RunHolder::key`], it is one run.
    async fn begin(&self, run: &NewRun) -> PortResult<RunStart>;

    /// Renews the lease of the run with this version for [`RUN_LEASE`], and returns whether it still
    /// holds it. A run that ended, or after which another began, does not.
    async fn renew(&self, version: Version) -> PortResult<bool>;

    /// Records how a run ended, which ends its lease; only the first end counts. An unknown run is not
    /// an error.
    async fn finish(&self, version: Version, end: &RunEnd) -> PortResult<()>;

    /// Lists the last `limit` runs, the latest first.
    async fn last(&self, limit: usize) -> PortResult<Vec<Run>>;
}

/// The number of runs that are kept.
pub const MAX_RUNS: usize = 100;

/// The time for which a run holds its lease without renewing it.
pub const RUN_LEASE: Duration = Duration::from_secs(30);

/// Returns whether a lease until `expires` holds at `now`. One that would hold for longer than
/// [`RUN_LEASE`] is from before the clock was set back, and has expired.
pub const fn lease_is_valid(expires: Timestamp, now: Timestamp) -> bool {
    #[expect(clippy::cast_possible_truncation, reason = "half a minute")]
    let longest = RUN_LEASE.as_micros() as i64;
    now.0 < expires.0 && expires.0.saturating_sub(now.0) <= longest
}

/// An ingestion that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// The process that performs it.
    pub holder: RunHolder,
    /// The feeds it reads.
    pub feeds: Vec<String>,
    /// A run whose process is known to be gone: its lease counts for nothing.
    pub gone: Option<Version>,
}

/// The process that performs a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunHolder {
    /// Its name for people, such as `process 123 on shop-1`.
    pub name: String,
    /// A text that no other run has.
    pub key: String,
}

/// The answer to a run that is to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunStart {
    /// It has begun, and this is its version.
    Begun(Version),
    /// This run holds the lease.
    Held(Box<Run>),
}

/// The source of an error of the kind [`Overtaken`](crate::ErrorKind::Overtaken).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} took over", holder.as_deref().unwrap_or("a newer run"))]
pub struct RunOvertaken {
    /// The process of the newer run, if it is still known.
    pub holder: Option<String>,
    /// The time at which the newer run began, if it is still known.
    pub since: Option<Timestamp>,
}

/// An ingestion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its version.
    pub version: Version,
    /// The time at which it began.
    pub began: Timestamp,
    /// Its process; `None` if an earlier version of akin recorded it.
    pub holder: Option<RunHolder>,
    /// The feeds it read.
    pub feeds: Vec<String>,
    /// True while its lease has not expired. Its process may nevertheless be gone.
    pub holds_lease: bool,
    /// Its end; `None` if it is still running or its process was killed.
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
    /// Products that the store holds in a newer version.
    pub held_newer: u64,
    /// Rows of products that an earlier row of the run names. The last row of a product counts.
    pub repeated: u64,
    /// Products that complete feeds no longer name.
    pub removed: u64,
    /// Rows that were quarantined.
    pub quarantined: u64,
    /// Values that could not be read, without which their rows were kept.
    pub blanked: u64,
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
    pub const NAMES: [&str; 12] = [
        "read",
        "inserted",
        "changed",
        "unchanged",
        "held_newer",
        "repeated",
        "removed",
        "quarantined",
        "blanked",
        "embedded",
        "updated_fields",
        "failed",
    ];

    /// Returns every count.
    pub fn values(&self) -> [u64; 12] {
        [
            self.read,
            self.inserted,
            self.changed,
            self.unchanged,
            self.held_newer,
            self.repeated,
            self.removed,
            self.quarantined,
            self.blanked,
            self.embedded,
            self.updated_fields,
            self.failed,
        ]
    }

    /// Returns the counts with these [`values`](Self::values).
    pub fn from_values(values: [u64; 12]) -> Self {
        let [
            read,
            inserted,
            changed,
            unchanged,
            held_newer,
            repeated,
            removed,
            quarantined,
            blanked,
            embedded,
            updated_fields,
            failed,
        ] = values;
        Self {
            read,
            inserted,
            changed,
            unchanged,
            held_newer,
            repeated,
            removed,
            quarantined,
            blanked,
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
    fn a_lease_is_valid_until_it_expires_and_never_beyond_its_duration() {
        let expires = Timestamp(100_000_000);
        for (now, holds) in [
            (69_999_999, false),
            (70_000_000, true),
            (99_999_999, true),
            (100_000_000, false),
            (i64::MIN, false),
            (i64::MAX, false),
        ] {
            assert_eq!(lease_is_valid(expires, Timestamp(now)), holds, "at {now}");
        }
    }

    #[test]
    fn every_count_is_restored_under_its_own_name() {
        let values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, u64::MAX];
        let counts = RunCounts::from_values(values);
        assert_eq!(counts.values(), values);
        let told = format!("{counts:?}");
        for (name, value) in RunCounts::NAMES.iter().zip(values) {
            assert!(told.contains(&format!(" {name}: {value}")), "{name}: {told}");
        }
    }
}
