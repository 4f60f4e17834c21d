use crate::{dates, durations};
use akin_ports::{Run, RunCounts, RunEnd, RunOutcome};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// The audience of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// An operator on the server's machine, who is shown everything.
    Operator,
    /// A client of the API, who is shown names of files, but no folders and no errors of servers.
    Public,
}

/// An ingestion, as `/api/status` and `akin status --json` write it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Run)]
pub struct RunView {
    began: String,
    feeds: Vec<String>,
    /// `unfinished` means that the run is still running, or that its process was killed.
    outcome: &'static str,
    #[schema(required)]
    reason: Option<String>,
    #[schema(required)]
    seconds: Option<f64>,
    #[schema(required, value_type = Option<BTreeMap<String, u64>>)]
    counts: Option<CountsView>,
}

/// The counts of an ingestion, as `akin ingest --json` writes them.
#[derive(Clone, Copy, Debug)]
pub struct CountsView(RunCounts);

impl Serialize for CountsView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(RunCounts::NAMES.iter().zip(self.0.values()))
    }
}

impl RunView {
    /// Creates the view of `run` for `audience`.
    pub fn new(run: Run, audience: Audience) -> Self {
        let (outcome, reason, seconds, counts) = match run.end {
            Some(RunEnd { outcome, took, counts }) => {
                let reason = reason(&outcome, audience);
                (
                    outcome.parts().0,
                    reason,
                    Some(durations::seconds(took)),
                    counts.map(CountsView::from),
                )
            }
            None => ("unfinished", None, None, None),
        };
        let feeds = match audience {
            Audience::Operator => run.feeds,
            Audience::Public => run.feeds.iter().map(|feed| file_name(feed).to_owned()).collect(),
        };
        Self { began: dates::format_rfc3339(run.began), feeds, outcome, reason, seconds, counts }
    }
}

/// Returns the reason why a run was not completed. A refusal only mentions rows and products; an
/// error may contain hosts, folders and messages of servers.
fn reason(outcome: &RunOutcome, audience: Audience) -> Option<String> {
    let reason = match (outcome, audience) {
        (RunOutcome::Partly(_) | RunOutcome::Failed(_), Audience::Public) => {
            "run `akin status` on the server to see why"
        }
        (outcome, _) => outcome.parts().1?,
    };
    Some(reason.to_owned())
}

/// Returns the last component of a path.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(path)
}

impl From<RunCounts> for CountsView {
    fn from(counts: RunCounts) -> Self {
        Self(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use akin_entities::{Timestamp, Version};
    use std::time::Duration;

    fn document(outcome: RunOutcome, audience: Audience) -> serde_json::Value {
        let end = RunEnd { outcome, took: Duration::from_millis(1_500), counts: None };
        let feeds = vec!["/srv/shop/feed.csv".to_owned(), "feed.csv".to_owned()];
        let run = Run {
            version: Version(0),
            began: Timestamp(0),
            holder: None,
            feeds,
            holds_lease: false,
            end: Some(end),
        };
        serde_json::to_value(RunView::new(run, audience)).expect("JSON")
    }

    #[test]
    fn a_client_of_the_api_is_shown_no_folders_and_no_errors_of_servers() {
        let error = || "postgres is unavailable: 10.0.0.5 does not answer".to_owned();
        for outcome in [RunOutcome::Failed(error()), RunOutcome::Partly(error())] {
            let (operator, public) = (
                document(outcome.clone(), Audience::Operator),
                document(outcome, Audience::Public),
            );
            assert_eq!(operator["reason"], error());
            assert_eq!(operator["feeds"][0], "/srv/shop/feed.csv");
            assert_eq!(public["feeds"], serde_json::json!(["feed.csv", "feed.csv"]));
            assert!(!public.to_string().contains("10.0.0.5"), "{public}");
            assert_eq!(
                (&public["outcome"], &public["seconds"]),
                (&operator["outcome"], &operator["seconds"])
            );
        }
    }

    #[test]
    fn a_refusal_is_shown_to_everyone() {
        let why = "the feeds do not name 9 of 10 products";
        let refused = document(RunOutcome::Refused(why.to_owned()), Audience::Public);
        assert_eq!((&refused["outcome"], &refused["reason"]), (&"refused".into(), &why.into()));
    }

    #[test]
    fn a_file_is_shown_without_its_folders() {
        for (path, name) in [
            ("/srv/a.csv", "a.csv"),
            ("a.csv", "a.csv"),
            ("C:\\feeds\\a.csv", "a.csv"),
            ("feeds/", "feeds"),
            ("/", "/"),
            ("the standard input", "the standard input"),
        ] {
            assert_eq!(file_name(path), name);
        }
    }
}
