//! Comparisons of two runs over the same queries.

use super::lab::{Lab, Run, SHOWN, run_name};
use akin_composition::{BadSettings, EngineName};
use akin_entities::SearchMode;
use akin_evaluation::{Evaluation, EvaluationComparison, Measure, compare_evaluations};
use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::path::Path;

/// Two runs, compared query by query.
#[derive(Debug)]
pub(super) struct ComparedRuns {
    pub(super) from: String,
    pub(super) to: String,
    /// The differences by every measure that is shown, nDCG first.
    pub(super) differences: Vec<EvaluationComparison>,
    /// The queries that both measured, by nDCG.
    pub(super) queries: Vec<ComparedQuery>,
    /// True if the settings ask for it.
    pub(super) is_asked: bool,
}

/// The nDCG of a query in two runs.
#[derive(Debug)]
pub(super) struct ComparedQuery {
    pub(super) name: String,
    pub(super) before: f64,
    pub(super) after: f64,
}

/// Runs to compare with: of this evaluation, or of the document of an earlier one.
#[derive(Debug)]
pub(super) enum Baseline {
    /// A run of this evaluation, and the run that is compared with it; `None` for every other run.
    Run { from: String, to: Option<String> },
    /// The runs of an earlier evaluation; each is compared with the run of its engine and mode.
    Earlier { engines: Vec<EarlierEngine> },
}

/// The runs of an engine in an earlier evaluation.
#[derive(Debug)]
pub(super) struct EarlierEngine {
    engine: String,
    modes: Vec<(String, Evaluation)>,
}

/// The document of `akin evaluate --json`, as far as it is read.
#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default)]
    engine: String,
    #[serde(default)]
    modes: Vec<ModeDocument>,
    #[serde(default)]
    engines: Vec<EngineDocument>,
}

#[derive(Debug, Deserialize)]
struct EngineDocument {
    engine: String,
    modes: Vec<ModeDocument>,
}

#[derive(Debug, Deserialize)]
struct ModeDocument {
    mode: String,
    by_query: HashMap<String, BTreeMap<String, Option<f64>>>,
}

impl Baseline {
    /// Reads what `--compare` names: a run or two of this evaluation over `engines`, or a file.
    pub(super) fn read(
        text: &str,
        engines: &[EngineName],
        depth: NonZeroUsize,
    ) -> anyhow::Result<Self> {
        let runs: Vec<_> = engines
            .iter()
            .flat_map(|engine| SearchMode::ALL.map(|mode| run_name(*engine, mode, engines.len())))
            .collect();
        let (from, to) = match text.split_once(',') {
            Some((from, to)) => (from, Some(to)),
            None => (text, None),
        };
        // An engine may be named in full: local+native:hybrid.
        let find = |text: &str| {
            let name = text.trim().replace("+native:", ":");
            runs.iter().find(|run| **run == name).cloned()
        };
        if let Some(from) = find(from)
            && to.is_none_or(|to| find(to).is_some())
        {
            return Ok(Self::Run { from, to: to.and_then(find) });
        }
        let path = Path::new(text);
        if !path.exists() {
            let runs = runs.join(", ");
            let problem = format!(
                "--compare (AKIN_COMPARE): {text:?} is neither a file of `akin evaluate --json` nor one or \
                 two of the runs {runs}"
            );
            return Err(BadSettings(vec![problem]).into());
        }
        Self::read_file(path, depth)
    }

    fn read_file(path: &Path, depth: NonZeroUsize) -> anyhow::Result<Self> {
        let shown = path.display();
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
        let document: Document = serde_json::from_slice(&bytes)
            .with_context(|| format!("{shown} is not a document of `akin evaluate --json`"))?;
        let mut engines = document.engines;
        if engines.is_empty() {
            engines.push(EngineDocument { engine: document.engine, modes: document.modes });
        }
        let engines = engines.into_iter().map(|document| document.restore(path, depth));
        Ok(Self::Earlier { engines: engines.collect::<anyhow::Result<_>>()? })
    }

    /// Compares the runs of `lab` with it. Fails if there is nothing to compare.
    pub(super) fn compare(&self, lab: &Lab) -> anyhow::Result<Vec<ComparedRuns>> {
        let compared: Vec<_> = match self {
            Self::Run { from, to } => {
                let before = lab.find(from).map(Run::evaluation);
                let after = lab
                    .runs
                    .iter()
                    .filter(|run| to.as_ref().map_or(run.name() != from, |to| run.name() == to));
                let pairs = after.filter_map(|run| Some((before?, run.evaluation())));
                pairs.filter_map(|(before, after)| ComparedRuns::new(before, after)).collect()
            }
            Self::Earlier { engines } => {
                let pairs = lab.runs.iter().filter_map(|run| {
                    let name = run.engine.to_string();
                    let mut same = engines.iter().filter(|earlier| earlier.engine == name);
                    let engine =
                        same.next().or_else(|| engines.first().filter(|_| engines.len() == 1));
                    let mut modes = engine?.modes.iter();
                    let (_, before) = modes.find(|(mode, _)| mode == run.mode.name())?;
                    ComparedRuns::new(before, run.evaluation())
                });
                pairs.collect()
            }
        };
        if compared.is_empty() {
            bail!("--compare: no run has a query in common with what it is compared with");
        }
        Ok(compared
            .into_iter()
            .map(|compared| ComparedRuns { is_asked: true, ..compared })
            .collect())
    }
}

impl EngineDocument {
    fn restore(self, path: &Path, depth: NonZeroUsize) -> anyhow::Result<EarlierEngine> {
        let modes = self.modes.into_iter().map(|document| {
            let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let name = format!("{} in {file}", document.mode);
            let mut evaluation = Evaluation::new(name, depth);
            for measure in Measure::ALL {
                let key = measure.name(depth);
                let values = document.by_query.get(&key).with_context(|| {
                    format!("{} has no {key}: evaluate both at one --depth", path.display())
                })?;
                for (query, value) in values {
                    evaluation.restore(query, measure, *value);
                }
            }
            Ok((document.mode, evaluation))
        });
        Ok(EarlierEngine { engine: self.engine, modes: modes.collect::<anyhow::Result<_>>()? })
    }
}

impl ComparedRuns {
    /// Compares two runs; `None` if they have no query in common.
    fn new(before: &Evaluation, after: &Evaluation) -> Option<Self> {
        let differences: Vec<_> = SHOWN
            .into_iter()
            .filter_map(|measure| compare_evaluations(before, after, measure))
            .collect();
        differences.first().filter(|first| first.measure == Measure::Ndcg)?;
        let values: HashMap<_, _> = before.by_query(Measure::Ndcg).collect();
        let queries = after.by_query(Measure::Ndcg).filter_map(|(name, after)| {
            let before = (*values.get(name)?)?;
            Some(ComparedQuery { name: name.to_owned(), before, after: after? })
        });
        Some(Self {
            from: before.name().to_owned(),
            to: after.name().to_owned(),
            queries: queries.collect(),
            differences,
            is_asked: false,
        })
    }

    /// Returns the queries that changed most, in either direction.
    pub(super) fn most_changed(&self, limit: usize) -> Vec<&ComparedQuery> {
        let mut changed: Vec<_> =
            self.queries.iter().filter(|query| query.change().abs() > 1e-9).collect();
        changed.sort_by(|a, b| b.change().abs().total_cmp(&a.change().abs()));
        changed.truncate(limit);
        changed
    }

    /// Returns the first measure by which the second run is worse: its interval lies below 0.
    pub(super) fn worse(&self) -> Option<&EvaluationComparison> {
        self.differences.iter().find(|comparison| comparison.difference.mean.high < 0.0)
    }
}

impl ComparedQuery {
    /// Returns the second nDCG minus the first.
    pub(super) fn change(&self) -> f64 {
        self.after - self.before
    }
}

/// Returns the comparisons that are always made: of the other modes of an engine with its first mode,
/// and of the first engine with the others, mode by mode.
pub(super) fn usual(lab: &Lab) -> Vec<ComparedRuns> {
    let mut compared = Vec::new();
    for runs in lab.by_engine() {
        let Some((first, others)) = runs.split_first() else { continue };
        let pairs = others.iter().map(|other| (other.evaluation(), first.evaluation()));
        compared.extend(pairs.filter_map(|(from, to)| ComparedRuns::new(from, to)));
    }
    let mut engines = lab.by_engine();
    let first = engines.next().unwrap_or_default();
    for other in engines {
        let pairs = first.iter().zip(other);
        let pairs = pairs.map(|(first, other)| (first.evaluation(), other.evaluation()));
        compared.extend(pairs.filter_map(|(from, to)| ComparedRuns::new(from, to)));
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTH: NonZeroUsize = NonZeroUsize::new(10).unwrap();

    fn read(text: &str, engines: &[&str]) -> Result<Baseline, String> {
        let engines: Vec<_> = engines.iter().map(|engine| engine.parse().unwrap()).collect();
        Baseline::read(text, &engines, DEPTH).map_err(|error| format!("{error:#}"))
    }

    fn measured(name: &str, values: &[f64]) -> Evaluation {
        let mut evaluation = Evaluation::new(name, DEPTH);
        for (query, value) in values.iter().enumerate() {
            for measure in Measure::ALL {
                evaluation.restore(&format!("q{query}"), measure, Some(*value));
            }
        }
        evaluation
    }

    #[test]
    fn runs_of_several_engines_are_named_with_their_engine() {
        let Ok(Baseline::Run { from, to }) = read("semantic, hybrid", &["local"]) else { panic!() };
        assert_eq!((&*from, to.as_deref()), ("semantic", Some("hybrid")));
        for name in ["local:hybrid", "local+native:hybrid", "postgres+onnx:hybrid"] {
            let engines = ["local", "postgres+onnx"];
            assert!(matches!(read(name, &engines), Ok(Baseline::Run { .. })), "{name}");
        }
        let told = read("hybrid", &["local", "postgres"]).unwrap_err();
        assert!(told.contains("runs local:hybrid, local:semantic"), "{told}");
    }

    #[test]
    fn a_file_that_is_no_document_or_of_another_depth_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        std::fs::write(path, "query,ndcg").unwrap();
        assert!(
            read(path, &["local"]).unwrap_err().contains("is not a document of `akin evaluate")
        );
        let modes = r#"{"modes": [{"mode": "hybrid", "by_query": {"nDCG@20": {"q1": 0.5}}}]}"#;
        std::fs::write(path, modes).unwrap();
        assert!(
            read(path, &["local"]).unwrap_err().contains("has no nDCG@10: evaluate both at one")
        );
    }

    #[test]
    fn a_run_is_worse_if_its_interval_lies_below_0() {
        let (high, low) = (measured("high", &[0.9; 20]), measured("low", &[0.5; 20]));
        let worse = ComparedRuns::new(&high, &low).unwrap();
        assert_eq!(worse.worse().unwrap().measure, Measure::Ndcg);
        assert_eq!(worse.most_changed(3).len(), 3);
        let better = ComparedRuns::new(&low, &high).unwrap();
        assert!(better.worse().is_none());
        assert_eq!(ComparedRuns::new(&low, &low).unwrap().most_changed(3).len(), 0);
        assert!(ComparedRuns::new(&low, &measured("none", &[])).is_none());
    }
}
