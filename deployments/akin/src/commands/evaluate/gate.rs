//! Minimums that a run must reach.

use super::lab::{Lab, Run, SetMeasure};
use akin_composition::{BadSettings, EngineName};
use akin_entities::SearchMode;
use akin_evaluation::{MeanEstimate, Measure};
use std::fmt;
use std::str::FromStr;

/// A minimum of a measure: `hybrid.ndcg=0.75`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Minimum {
    /// The engine; `None` for all.
    engine: Option<EngineName>,
    mode: SearchMode,
    measure: GateMeasure,
    least: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GateMeasure {
    Ranking(Measure),
    Set(SetMeasure),
}

/// A run beside a minimum.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) run: String,
    pub(super) measure: &'static str,
    pub(super) least: f64,
    /// The mean; `None` if nothing could be measured.
    pub(super) mean: Option<f64>,
}

impl Minimum {
    /// Refuses minimums of engines that are not evaluated.
    pub(super) fn check(minimums: &[Self], engines: &[EngineName]) -> Result<(), BadSettings> {
        let unknown = minimums.iter().filter_map(|minimum| minimum.engine);
        let unknown = unknown.filter(|engine| !engines.contains(engine)).map(|engine| {
            format!("--min (AKIN_MIN): {engine} is not evaluated: name it in --engine")
        });
        BadSettings::refuse(unknown.collect())
    }

    /// Returns a verdict for each run that this is a minimum of.
    pub(super) fn verdicts(&self, lab: &Lab) -> Vec<Verdict> {
        let is_meant = |run: &&Run| {
            run.mode == self.mode && self.engine.is_none_or(|engine| engine == run.engine)
        };
        let verdict = |run: &Run| Verdict {
            run: run.name().to_owned(),
            measure: self.measure.key(),
            least: self.least,
            mean: self.measure.of(run).map(|estimate| estimate.mean),
        };
        lab.runs.iter().filter(is_meant).map(verdict).collect()
    }
}

impl GateMeasure {
    fn all() -> impl Iterator<Item = Self> {
        let ranking = Measure::ALL.into_iter().map(Self::Ranking);
        ranking.chain(SetMeasure::ALL.into_iter().map(Self::Set))
    }

    fn key(self) -> &'static str {
        match self {
            Self::Ranking(measure) => measure.key(),
            Self::Set(measure) => measure.key(),
        }
    }

    fn of(self, run: &Run) -> Option<MeanEstimate> {
        match self {
            Self::Ranking(measure) => run.report.mean(measure),
            Self::Set(measure) => run.set(measure),
        }
    }
}

impl Verdict {
    /// Returns true if the minimum is reached.
    pub(super) fn passes(&self) -> bool {
        self.mean.is_some_and(|mean| mean >= self.least)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, measure, least, mean } = self;
        match mean {
            Some(mean) if self.passes() => {
                write!(f, "{run}.{measure} is {mean:.4}, at least {least}")
            }
            Some(mean) => write!(f, "{run}.{measure} is {mean:.4}, below the minimum of {least}"),
            None => write!(f, "{run}.{measure} has a minimum of {least}, but nothing to measure"),
        }
    }
}

impl FromStr for Minimum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "use [ENGINE:]MODE.MEASURE=VALUE, such as hybrid.ndcg=0.75";
        let (name, value) = text.split_once('=').ok_or_else(|| form.to_owned())?;
        let (run, key) = name.trim().rsplit_once('.').ok_or_else(|| form.to_owned())?;
        let (engine, mode) = match run.rsplit_once(':') {
            Some((engine, mode)) => (Some(engine.parse()?), mode),
            None => (None, run),
        };
        let mode = SearchMode::parse(mode).ok_or_else(|| {
            let modes = SearchMode::ALL.map(SearchMode::name).join(", ");
            format!("{mode:?} is no mode: use one of {modes}")
        })?;
        let measure = GateMeasure::all().find(|measure| measure.key() == key).ok_or_else(|| {
            let keys: Vec<_> = GateMeasure::all().map(GateMeasure::key).collect();
            format!("{key:?} is no measure: use one of {}", keys.join(", "))
        })?;
        let value = value.trim();
        let least = value.parse().ok().filter(|least| (0.0..=1.0).contains(least));
        let least = least.ok_or_else(|| format!("{value:?} is not a number from 0 to 1"))?;
        Ok(Self { engine, mode, measure, least })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimum_names_a_mode_a_measure_and_optionally_an_engine() {
        let minimum: Minimum = "local+onnx:lexical.set_recall=.9".parse().unwrap();
        assert_eq!(minimum.engine, "local+onnx".parse().ok());
        assert_eq!(minimum.mode, SearchMode::Lexical);
        assert_eq!(minimum.measure, GateMeasure::Set(SetMeasure::Recall));
        assert!((minimum.least - 0.9).abs() < 1e-12);
        let minimum: Minimum = "hybrid.ndcg = 0.75".parse().unwrap();
        assert_eq!(minimum.measure, GateMeasure::Ranking(Measure::Ndcg));
        assert_eq!(minimum.engine, None);
    }

    #[test]
    fn a_wrong_minimum_is_refused_with_what_is_known() {
        for (text, told) in [
            ("hybrid", "use [ENGINE:]MODE.MEASURE=VALUE"),
            ("ndcg=.7", "use [ENGINE:]MODE.MEASURE=VALUE"),
            ("fast.ndcg=.7", "\"fast\" is no mode: use one of hybrid, semantic, lexical"),
            ("fast:hybrid.ndcg=.7", "\"fast\" is not an index: choose local, postgres"),
            ("hybrid.dcg=.7", "\"dcg\" is no measure: use one of ndcg, judged_ndcg, mrr, recall"),
            ("hybrid.ndcg=75", "\"75\" is not a number from 0 to 1"),
            ("hybrid.ndcg=NaN", "\"NaN\" is not a number from 0 to 1"),
        ] {
            let error = text.parse::<Minimum>().unwrap_err();
            assert!(error.starts_with(told), "{text}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_measured_does_not_pass() {
        let verdict = |mean| Verdict { run: "hybrid".to_owned(), measure: "mrr", least: 0.5, mean };
        assert!(verdict(Some(0.5)).passes());
        assert!(!verdict(Some(0.49)).passes());
        assert!(!verdict(None).passes());
        let told = verdict(Some(0.49)).to_string();
        assert_eq!(told, "hybrid.mrr is 0.4900, below the minimum of 0.5");
    }
}
