use crate::backends::CatalogueSettings;
use crate::engine::{IndexName, StoreName};
use crate::output::Format;
use crate::settings::BadSettings;
use crate::{exit, output};
use postgres::Migrated;
use serde::Serialize;
use std::process::ExitCode;

/// Prepare Postgres for this version of akin, and adopt rows that another program wrote.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin migrate --postgres-host db.example --postgres-user akin --postgres-db shop\n\nA first start does it, too. It is harmless to run it twice, or in two processes at once. Rows that were\nadopted are embedded by the next `akin ingest`."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

/// What a script learns of a migration.
#[derive(Debug, Serialize)]
struct Report {
    steps: usize,
    adopted: u64,
    refused: u64,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { format, catalogue } = arguments;
    let problems = catalogue.problems_of(&[StoreName::Postgres], &[IndexName::Postgres]);
    if !problems.is_empty() {
        return Err(BadSettings(problems).into());
    }
    let Migrated { steps, adopted, refused } = postgres::migrate(&catalogue.postgres).await?;
    if format.json {
        output::json(&Report { steps, adopted, refused });
        return Ok(exit::DONE);
    }
    output::line(&match steps {
        0 => "the tables are there already".to_owned(),
        1 => "1 step applied".to_owned(),
        _ => format!("{steps} steps applied"),
    });
    if adopted > 0 {
        output::line(&format!("{adopted} rows adopted; the next `akin ingest` embeds them"));
    }
    if refused > 0 {
        output::note(&format!(
            "{refused} rows cannot be products, for they have no id of 1 to 256 bytes or no name; \
             they stay as they are"
        ));
    }
    Ok(exit::DONE)
}
