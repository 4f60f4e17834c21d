mod engines;
mod folder;
mod servers;
mod state;

use crate::exit;
use crate::output::{self, Format};
use akin_composition::{
    CatalogueSettings, CompositionError, EngineSettings, IndexName, QueueName, StoreName,
};
use serde::Serialize;
use std::process::ExitCode;

/// Check settings, folder, servers, models, store and indexes, and say what to do about what is wrong.
///
/// Each check is a line: `ok`, `warning` or `failed`. Nothing is created, but for an empty file that shows
/// whether the folder can be written, and is removed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin doctor\n  akin doctor --engine postgres --engine opensearch --json\n\nGive it the settings of the deployment to be checked. The exit code is 1 if a check failed, and 0 with warnings. It reads the whole embedded store, which takes seconds for a large one, and brings tables of an earlier version up to this one, as every command does."
)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    engine: EngineSettings,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// As it should be.
    Ok,
    /// It works, and there is something to know.
    Warning,
    /// It does not work.
    Failed,
}

/// A check.
#[derive(Clone, Debug, Serialize)]
struct Check {
    name: String,
    outcome: Outcome,
    /// What was found, and what to do if it is wrong.
    detail: String,
}

impl Check {
    fn new(name: impl Into<String>, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { name: name.into(), outcome, detail: detail.into() }
    }

    fn ok(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(name, Outcome::Ok, detail)
    }

    fn warning(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(name, Outcome::Warning, detail)
    }

    fn failed(name: impl Into<String>, error: impl Into<anyhow::Error>) -> Self {
        Self::new(name, Outcome::Failed, output::with_remedy(&error.into()))
    }
}

#[derive(Debug, Serialize)]
struct Diagnosis {
    /// The outcome of the worst check.
    outcome: Outcome,
    checks: Vec<Check>,
}

pub(crate) async fn run(arguments: DoctorArguments) -> anyhow::Result<ExitCode> {
    let DoctorArguments { format, mut engine } = arguments;
    let mut checks = vec![settings(&engine.catalogue)];
    if let Err(error) = engine.catalogue.fill_from_secrets().await {
        checks.push(Check::failed("secrets", error));
    }
    let catalogue = &engine.catalogue;
    let is_local = catalogue.store() == StoreName::Local || searches(catalogue, IndexName::Local);
    let has_catalogue = !is_local || folder::check(catalogue, &mut checks);
    servers::check(catalogue, Servers::of(catalogue), &mut checks).await;
    engines::check_models(&engine, &mut checks).await;
    if has_catalogue {
        state::check(catalogue, &mut checks).await;
        engines::check_indexes(&engine, &mut checks).await;
    }
    let is = |outcome| checks.iter().any(|check| check.outcome == outcome);
    let worst = [Outcome::Failed, Outcome::Warning].into_iter().find(|outcome| is(*outcome));
    let diagnosis = Diagnosis { outcome: worst.unwrap_or(Outcome::Ok), checks };
    let has_failed = diagnosis.outcome == Outcome::Failed;
    if format.json {
        output::json(&diagnosis);
    } else {
        diagnosis.print();
    }
    Ok(if has_failed { ExitCode::FAILURE } else { exit::DONE })
}

/// The servers of a deployment.
#[derive(Clone, Copy, Debug)]
struct Servers {
    postgres: bool,
    opensearch: bool,
    sqs: bool,
}

impl Servers {
    fn of(catalogue: &CatalogueSettings) -> Self {
        Self {
            postgres: catalogue.store() == StoreName::Postgres
                || searches(catalogue, IndexName::Postgres),
            opensearch: searches(catalogue, IndexName::OpenSearch),
            sqs: catalogue.queue() == QueueName::Sqs,
        }
    }
}

fn searches(catalogue: &CatalogueSettings, index: IndexName) -> bool {
    catalogue.engines.iter().any(|engine| engine.index == index)
}

/// Says which settings are in effect. Invalid ones have ended the command already.
fn settings(catalogue: &CatalogueSettings) -> Check {
    let engines: Vec<_> = catalogue.engines.iter().map(ToString::to_string).collect();
    let (store, queue) = (catalogue.store(), catalogue.queue());
    let (engines, language) = (engines.join(", "), catalogue.language);
    let version = env!("CARGO_PKG_VERSION");
    Check::ok(
        "settings",
        format!(
            "akin {version}; engines {engines}; store {store}; queue {queue}; language {language}"
        ),
    )
}

impl Diagnosis {
    fn print(&self) {
        let width = self.checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
        for Check { name, outcome, detail } in &self.checks {
            let outcome = match outcome {
                Outcome::Ok => "ok",
                Outcome::Warning => "warning",
                Outcome::Failed => "failed",
            };
            output::line(&format!("{outcome:7}  {name:width$}  {detail}"));
        }
    }
}

/// Adds the result of a check that opens something.
fn add<T>(checks: &mut Vec<Check>, name: &str, result: Result<T, CompositionError>) -> Option<T> {
    result.map_err(|error| checks.push(Check::failed(name, error))).ok()
}
