//! The runs of an evaluation: every mode on every engine.

use crate::output;
use crate::progress::{Progress, Unit};
use akin_composition::{Engine, EngineName};
use akin_entities::{ProductId, SearchMode};
use akin_evaluation::{Evaluation, EvaluationReport, MeanEstimate, Measure};
use akin_usecases::{EvaluateSearch, EvaluatedAnswer, EvaluatedMode, JudgedQuery};
use anyhow::bail;
use std::collections::HashMap;
use std::num::NonZeroUsize;

/// Everything that an evaluation measured.
#[derive(Debug)]
pub(super) struct Lab {
    pub(super) queries: Vec<JudgedQuery>,
    pub(super) depth: NonZeroUsize,
    /// The modes of the first engine, then those of the next.
    pub(super) runs: Vec<Run>,
    /// The judged products that the catalogue lacks.
    pub(super) missing: Vec<ProductId>,
    /// The names of the other judged products.
    pub(super) names: HashMap<ProductId, String>,
}

/// One mode on one engine.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) engine: EngineName,
    pub(super) model: String,
    pub(super) mode: SearchMode,
    pub(super) evaluated: EvaluatedMode,
    pub(super) report: EvaluationReport,
}

/// The measures of tables and plots. Precision at a depth is left to the JSON document: over one set
/// of judgments it says what recall says.
pub(super) const SHOWN: [Measure; 4] =
    [Measure::Ndcg, Measure::JudgedNdcg, Measure::ReciprocalRank, Measure::Recall];

/// A measure of the result set, of everything that a search finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetMeasure {
    /// The share of the judged products in the set that are relevant.
    Precision,
    /// The share of the relevant products that are in the set.
    Recall,
    /// The precision of the first hits, cheapest first.
    PricePrecision,
    /// The nDCG of what a shopper is shown.
    ShownNdcg,
}

impl Lab {
    /// Runs `queries` in every mode on every engine. Judgments of other products than those in the
    /// catalogue are refused, because they would measure nothing.
    pub(super) async fn run(
        engines: &[Engine],
        queries: Vec<JudgedQuery>,
        depth: NonZeroUsize,
    ) -> anyhow::Result<Self> {
        let mut lab =
            Self { queries, depth, runs: Vec::new(), missing: Vec::new(), names: HashMap::new() };
        for engine in engines {
            let evaluate = EvaluateSearch { search: engine.search() };
            if lab.runs.is_empty() {
                lab.names = evaluate.names(&lab.queries).await?;
                let missing = EvaluateSearch::missing(&lab.queries, &lab.names);
                lab.missing = missing.into_iter().cloned().collect();
                lab.tell_missing()?;
            }
            for mode in SearchMode::ALL {
                let name = run_name(engine.name, mode, engines.len());
                let progress = Progress::new(format!("evaluating {name}"), Unit::Queries);
                let total = lab.queries.len() as u64;
                let observe = |done: usize| progress.at(done as u64, Some(total), "");
                let mut evaluated = evaluate.run(mode, &lab.queries, depth, &observe).await?;
                evaluated.evaluation = evaluated.evaluation.named(name);
                lab.runs.push(Run::new(engine, mode, evaluated));
            }
        }
        Ok(lab)
    }

    fn tell_missing(&self) -> anyhow::Result<()> {
        let judged = EvaluateSearch::judged(&self.queries).len();
        let Some(first) = self.missing.first() else { return Ok(()) };
        if self.missing.len() == judged {
            bail!(
                "none of the {judged} judged products is in this catalogue: ingest the feed that was \
                 judged, or choose another folder with --data"
            );
        }
        output::note(&format!(
            "{} of the {judged} judged products are not in this catalogue, for example {:?}",
            self.missing.len(),
            first.as_str()
        ));
        Ok(())
    }

    /// Returns the runs of each engine.
    pub(super) fn by_engine(&self) -> impl Iterator<Item = &[Run]> {
        self.runs.chunk_by(|one, other| one.engine == other.engine)
    }

    /// Returns the run of this name.
    pub(super) fn find(&self, name: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.name() == name)
    }

    /// Returns the words of the query of this name.
    pub(super) fn words(&self, name: &str) -> &str {
        let mut queries = self.queries.iter();
        queries.find(|query| query.name == name).map_or("", |query| query.query.as_str())
    }

    /// Returns the queries whose answers are worst as the first run shows them, by nDCG, worst first, with
    /// their values.
    pub(super) fn worst(&self, limit: usize) -> Vec<(f64, &JudgedQuery, &EvaluatedAnswer)> {
        let Some(run) = self.runs.first() else { return Vec::new() };
        let values: HashMap<_, _> = run.evaluated.shown.by_query(Measure::Ndcg).collect();
        let answered = self.queries.iter().zip(&run.evaluated.answers);
        let mut worst: Vec<_> = answered
            .filter_map(|(query, answer)| Some(((*values.get(&*query.name)?)?, query, answer)))
            .collect();
        worst.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
        worst.truncate(limit);
        worst
    }
}

impl Run {
    fn new(engine: &Engine, mode: SearchMode, evaluated: EvaluatedMode) -> Self {
        Self {
            engine: engine.name,
            model: engine.embedder.fingerprint().to_string(),
            mode,
            report: evaluated.evaluation.report(),
            evaluated,
        }
    }

    /// Returns its name: `hybrid`, or `postgres:hybrid` if there are several engines.
    pub(super) fn name(&self) -> &str {
        self.evaluated.evaluation.name()
    }

    pub(super) fn evaluation(&self) -> &Evaluation {
        &self.evaluated.evaluation
    }

    /// Returns a measure of its result sets; `None` if nothing was judged.
    pub(super) fn set(&self, measure: SetMeasure) -> Option<MeanEstimate> {
        match measure {
            SetMeasure::Precision => self.evaluated.sets.precision(),
            SetMeasure::Recall => self.evaluated.sets.recall(),
            SetMeasure::PricePrecision => self.evaluated.first_by_price.precision(),
            SetMeasure::ShownNdcg => self.evaluated.shown.report().mean(Measure::Ndcg),
        }
    }
}

impl SetMeasure {
    /// Every measure, in the order of a table.
    pub(super) const ALL: [Self; 4] =
        [Self::Precision, Self::Recall, Self::PricePrecision, Self::ShownNdcg];

    /// Returns the name in settings and documents.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Precision => "set_precision",
            Self::Recall => "set_recall",
            Self::PricePrecision => "price_precision",
            Self::ShownNdcg => "shown_ndcg",
        }
    }

    /// Returns the name in a table.
    pub(super) fn name(self, depth: NonZeroUsize) -> String {
        match self {
            Self::Precision => "set precision".to_owned(),
            Self::Recall => "set recall".to_owned(),
            Self::PricePrecision => format!("precision of {depth} cheapest"),
            Self::ShownNdcg => format!("{} as shown", Measure::Ndcg.name(depth)),
        }
    }
}

/// Returns the name of a run. The engine is named if there are several, in the shortest way.
pub(super) fn run_name(engine: EngineName, mode: SearchMode, engines: usize) -> String {
    let (engine, mode) = (engine.to_string(), mode.name());
    let engine = engine.strip_suffix("+native").unwrap_or(&engine);
    if engines == 1 { mode.to_owned() } else { format!("{engine}:{mode}") }
}
