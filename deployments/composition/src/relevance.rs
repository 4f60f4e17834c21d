//! The rules of relevance in a file: loaded when a process starts, and again when the file changes.

use crate::relevance_file::parse;
use crate::{BadSettings, now};
use akin_entities::Language;
use akin_usecases::{CurrentRelevance, Relevance, RelevanceReport};
use clap::Args;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The maximum size of a file, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// How often a changed file is looked for.
const INTERVAL: Duration = Duration::from_secs(1);

/// The settings of relevance.
#[derive(Clone, Debug, Default, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub struct RelevanceSettings {
    /// A JSON file of synonyms, pinned and hidden products, and boosts. `akin relevance check` checks one.
    #[arg(long, env = "AKIN_RELEVANCE", value_name = "FILE")]
    pub relevance: Option<PathBuf>,
}

/// A file of rules, and the rules in force.
#[derive(Debug)]
pub struct RelevanceFile {
    path: PathBuf,
    language: Language,
    current: CurrentRelevance,
    state: Option<FileState>,
}

/// What tells that a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileState {
    modified: Option<SystemTime>,
    length: u64,
}

impl RelevanceSettings {
    /// Loads the file, if one is set. Its rules are analyzed as words of `language`.
    pub fn load(&self, language: Language) -> Result<Option<RelevanceFile>, BadSettings> {
        self.relevance.as_deref().map(|path| RelevanceFile::load(path, language)).transpose()
    }
}

impl RelevanceFile {
    /// Loads the file at `path`; an error names everything that is wrong with it.
    pub fn load(path: &Path, language: Language) -> Result<Self, BadSettings> {
        let mut file = Self {
            path: path.to_owned(),
            language,
            current: CurrentRelevance::default(),
            state: state(path),
        };
        file.reload().map_err(BadSettings)?;
        Ok(file)
    }

    /// Returns the rules in force, which follow the file.
    pub fn current(&self) -> &CurrentRelevance {
        &self.current
    }

    /// Follows the file: as often as it changes, its rules are put in force. A faulty file is logged once,
    /// and leaves the former rules in force.
    pub async fn follow(mut self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            let state = state(&self.path);
            if state == self.state {
                continue;
            }
            self.state = state;
            if let Err(problems) = self.reload() {
                let problems = problems.join("; ");
                tracing::error!(problems, "the former relevance rules stay in force");
                self.current.report_problem(&problems);
            } else {
                tracing::info!(file = %self.path.display(), "the relevance file was loaded");
            }
        }
    }

    fn reload(&mut self) -> Result<(), Vec<String>> {
        let name = self.path.display().to_string();
        let named = |problem: String| format!("{name}: {problem}");
        let text = read(&self.path)
            .map_err(|error| vec![named(format!("{error} (--relevance, AKIN_RELEVANCE)"))])?;
        let rules = parse(&text).map_err(|all| all.into_iter().map(named).collect::<Vec<_>>())?;
        let report = RelevanceReport {
            loaded: now(),
            synonyms: rules.synonyms.len(),
            rules: rules.curation.len(),
            problem: None,
        };
        self.current.replace(Relevance::new(rules, self.language), report);
        Ok(())
    }
}

fn state(path: &Path) -> Option<FileState> {
    let metadata = fs::metadata(path).ok()?;
    Some(FileState { modified: metadata.modified().ok(), length: metadata.len() })
}

fn read(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(cannot)?;
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("is longer than {} MiB", MAX_BYTES >> 20));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synonyms(current: &CurrentRelevance) -> usize {
        current.report().map_or(0, |report| report.synonyms)
    }

    async fn until(condition: impl Fn() -> bool) {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn a_changed_file_is_loaded_and_a_faulty_one_leaves_the_former_rules_in_force() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("relevance.json");
        let one = r#"{"version": 1, "synonyms": [{"from": ["sofa"], "to": ["couch"]}]}"#;
        fs::write(&path, one).expect("a file");
        let file = RelevanceFile::load(&path, Language::English).expect("rules");
        let current = file.current().clone();
        assert_eq!(synonyms(&current), 1);
        let following = tokio::spawn(file.follow());
        fs::write(&path, r#"{"version": 1, "synonyms": [["sofa", "couch"]]}"#).expect("a file");
        until(|| synonyms(&current) == 2).await;
        fs::write(&path, r#"{"version": 1, "synonyms": 7}"#).expect("a file");
        until(|| current.report().is_some_and(|report| report.problem.is_some())).await;
        let problem = current.report().and_then(|report| report.problem).unwrap_or_default();
        assert!(problem.contains("relevance.json: synonyms: must be a list"), "{problem}");
        assert_eq!(synonyms(&current), 2, "the former rules are in force");
        fs::write(&path, one).expect("a file");
        until(|| synonyms(&current) == 1).await;
        assert_eq!(current.report().and_then(|report| report.problem), None);
        following.abort();
    }

    #[test]
    fn a_missing_file_is_named_with_its_setting() {
        let error = RelevanceFile::load(Path::new("/nowhere/rules.json"), Language::English);
        let error = error.expect_err("no file").to_string();
        assert!(error.contains("/nowhere/rules.json") && error.contains("--relevance"), "{error}");
    }
}
