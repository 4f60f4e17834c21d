//! What the store holds, and what waits.

use super::{Check, Outcome, add};
use crate::process;
use akin_composition::{CatalogueSettings, Composition, StoreName};
use akin_ports::{Run, RunOutcome};

pub(super) async fn check(catalogue: &CatalogueSettings, checks: &mut Vec<Check>) {
    let opened = catalogue.builder().existing().store().queue().open().await;
    let Some(opened) = add(checks, "store", opened) else { return };
    if catalogue.store() == StoreName::Local {
        match opened.check().await {
            Ok(()) => checks.push(Check::ok("database", "every page of it is sound")),
            Err(error) => return checks.push(Check::failed("database", error)),
        }
    }
    if let Err(error) = add_status(&opened, checks).await {
        checks.push(Check::failed("store", error));
    }
}

async fn add_status(opened: &Composition, checks: &mut Vec<Check>) -> anyhow::Result<()> {
    let status = opened.status()?.run(1).await?;
    let counts = &status.store;
    let (products, refused) = (counts.products, counts.quarantined);
    checks.push(match refused {
        0 => Check::ok("store", format!("{products} products")),
        _ => Check::ok(
            "store",
            format!("{products} products, and {refused} rows in `akin quarantine`"),
        ),
    });
    let last = status.runs.first();
    let is_running = last
        .is_some_and(|run| run.holds_lease && !run.holder.as_ref().is_some_and(process::is_gone));
    checks.push(match (status.queue.dead, status.waiting()) {
        (0, 0) => Check::ok("queue", "nothing waits to be embedded"),
        (0, waiting) if is_running => {
            Check::ok("queue", format!("{waiting} changes wait, and an ingestion is running"))
        }
        (0, waiting) => Check::warning("queue", format!(
            "{waiting} changes wait to be embedded: run `akin worker`, or `akin ingest` again"
        )),
        (dead, _) => Check::warning("queue", format!(
            "{dead} changes could not be embedded: `akin queue dead` says why, `akin queue redrive` tries again"
        )),
    });
    checks.extend(last.map(|run| of_run(run, is_running)));
    Ok(())
}

/// Says how the last ingestion ended.
fn of_run(run: &Run, is_running: bool) -> Check {
    let began = akin_views::format_timestamp(run.began);
    let (outcome, what) = match run.end.as_ref().map(|end| &end.outcome) {
        Some(RunOutcome::Finished) => (Outcome::Ok, "finished".to_owned()),
        Some(RunOutcome::Partly(why)) => (Outcome::Warning, format!("was done in part: {why}")),
        Some(RunOutcome::Refused(why)) => (Outcome::Warning, format!("changed nothing: {why}")),
        Some(RunOutcome::Failed(why)) => (Outcome::Warning, format!("failed: {why}")),
        Some(RunOutcome::Interrupted) => {
            (Outcome::Warning, "was interrupted: the next one continues".to_owned())
        }
        None if is_running => (Outcome::Ok, "is running".to_owned()),
        None => (Outcome::Warning, "was killed: the next one continues".to_owned()),
    };
    Check::new("last run", outcome, format!("the ingestion of {began} UTC {what}"))
}
