use crate::dates;
use akin_ports::{Run, RunCounts, RunEnd, RunOutcome};
use serde::{Serialize, Serializer};

/// Who reads about a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Whoever has the machine: learns all of it.
    Operator,
    /// Whoever reaches the API: learns the names of files, and no folders and no errors of servers.
    Anybody,
}

/// An ingestion, as `/api/status` and `akin status --json` write it.
#[derive(Debug, Serialize)]
pub struct RunView {
    began: String,
    feeds: Vec<String>,
    /// `unfinished`: it goes on, or its process was killed.
    outcome: &'static str,
    reason: Option<String>,
    seconds: Option<f64>,
    counts: Option<CountsView>,
}

/// What an ingestion did, as `akin ingest --json` writes it.
#[derive(Clone, Copy, Debug)]
pub struct CountsView(RunCounts);

impl Serialize for CountsView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(RunCounts::NAMES.iter().zip(self.0.values()))
    }
}

impl RunView {
    /// What `reader` learns of `run`.
    pub fn new(run: Run, reader: Reader) -> Self {
        let (outcome, reason, seconds, counts) = match run.end {
            Some(RunEnd { outcome, took, counts }) => {
                let reason = reason(&outcome, reader);
                (outcome.parts().0, reason, Some(took.as_secs_f64()), counts.map(CountsView::from))
            }
            None => ("unfinished", None, None, None),
        };
        let feeds = match reader {
            Reader::Operator => run.feeds,
            Reader::Anybody => run.feeds.iter().map(|feed| file_name(feed).to_owned()).collect(),
        };
        Self { began: dates::format_timestamp(run.began), feeds, outcome, reason, seconds, counts }
    }
}

/// Why a run did not do all that was asked for. A refusal speaks of rows and products alone; an error
/// may name hosts, folders and what a server said.
fn reason(outcome: &RunOutcome, reader: Reader) -> Option<String> {
    let reason = match (outcome, reader) {
        (RunOutcome::Partly(_) | RunOutcome::Failed(_), Reader::Anybody) => {
            "`akin status` says why, on its machine"
        }
        (outcome, _) => outcome.parts().1?,
    };
    Some(reason.to_owned())
}

/// The last part of a path.
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
    use akin_entities::Timestamp;
    use std::time::Duration;

    fn told(outcome: RunOutcome, reader: Reader) -> serde_json::Value {
        let end = RunEnd { outcome, took: Duration::from_millis(1_500), counts: None };
        let feeds = vec!["/srv/shop/feed.csv".to_owned(), "feed.csv".to_owned()];
        let run = Run { began: Timestamp(0), feeds, end: Some(end) };
        serde_json::to_value(RunView::new(run, reader)).expect("JSON")
    }

    #[test]
    fn whoever_reaches_the_api_learns_of_no_folder_and_no_servers_error() {
        let error = || "postgres is unavailable: 10.0.0.5 does not answer".to_owned();
        for outcome in [RunOutcome::Failed(error()), RunOutcome::Partly(error())] {
            let (all, some) =
                (told(outcome.clone(), Reader::Operator), told(outcome, Reader::Anybody));
            assert_eq!(all["reason"], error());
            assert_eq!(all["feeds"][0], "/srv/shop/feed.csv");
            assert_eq!(some["feeds"], serde_json::json!(["feed.csv", "feed.csv"]));
            assert!(!some.to_string().contains("10.0.0.5"), "{some}");
            assert_eq!((&some["outcome"], &some["seconds"]), (&all["outcome"], &all["seconds"]));
        }
    }

    #[test]
    fn a_refusal_is_told_to_anybody() {
        let why = "the feeds do not name 9 of 10 products";
        let refused = told(RunOutcome::Refused(why.to_owned()), Reader::Anybody);
        assert_eq!((&refused["outcome"], &refused["reason"]), (&"refused".into(), &why.into()));
    }

    #[test]
    fn a_file_is_named_without_its_folders() {
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
