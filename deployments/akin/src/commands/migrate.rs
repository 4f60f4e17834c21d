use crate::output::Format;
use crate::{exit, output};
use akin_composition::BadSettings;
use akin_composition::CatalogueSettings;
use akin_opensearch::OpenSearchIndex;
use serde::Serialize;
use std::process::ExitCode;

/// Create or upgrade the tables in Postgres and the index in OpenSearch.
///
/// Prepares the servers that the settings name. In Postgres it also adopts rows that another program
/// wrote.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  POSTGRES_HOST=db.example POSTGRES_USER=akin POSTGRES_DB=shop akin migrate\n\n`akin ingest` does this too. Running it twice, or in two processes at once, is harmless. The next `akin ingest` embeds adopted rows."
)]
pub(crate) struct MigrateArguments {
    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

/// The JSON document of a migration: `null` for servers that the settings do not name.
#[derive(Debug, Serialize)]
struct MigrateReport {
    postgres: Option<Tables>,
    opensearch: Option<Index>,
}

#[derive(Debug, Serialize)]
struct Tables {
    steps: usize,
    adopted: u64,
    refused: u64,
}

#[derive(Debug, Serialize)]
struct Index {
    name: String,
    created: bool,
    upgraded: bool,
}

pub(crate) async fn run(arguments: MigrateArguments) -> anyhow::Result<ExitCode> {
    let MigrateArguments { format, mut catalogue } = arguments;
    catalogue.fill_from_secrets().await?;
    let CatalogueSettings { postgres, opensearch, .. } = catalogue;
    let (wants_postgres, wants_opensearch) =
        (postgres.host.is_some(), opensearch.endpoint.is_some());
    let mut problems = Vec::new();
    if wants_postgres {
        problems.extend(postgres.problems());
    }
    if wants_opensearch {
        problems.extend(opensearch.problems());
    }
    if !wants_postgres && !wants_opensearch {
        let unset = "nothing to prepare: set --postgres-host (POSTGRES_HOST) or \
                     --opensearch-endpoint (OPENSEARCH_ENDPOINT)";
        problems.push(unset.to_owned());
    }
    BadSettings::refuse(problems)?;
    let mut report = MigrateReport { postgres: None, opensearch: None };
    if wants_postgres {
        let done = akin_postgres::migrate(&postgres).await?;
        let (steps, adopted, refused) = (done.steps, done.adopted, done.refused);
        report.postgres = Some(Tables { steps, adopted, refused });
    }
    if wants_opensearch {
        let done = OpenSearchIndex::migrate(&opensearch).await?;
        let (name, created, upgraded) = (done.index, done.created, done.upgraded);
        report.opensearch = Some(Index { name, created, upgraded });
    }
    if format.json {
        output::json(&report);
    } else {
        report.print();
    }
    Ok(exit::DONE)
}

impl MigrateReport {
    fn print(self) {
        if let Some(Tables { steps, adopted, refused }) = self.postgres {
            output::line(&match steps {
                0 => "Postgres: the tables are up to date".to_owned(),
                1 => "Postgres: 1 step applied".to_owned(),
                _ => format!("Postgres: {steps} steps applied"),
            });
            if adopted > 0 {
                output::line(&format!(
                    "{adopted} rows adopted; the next `akin ingest` embeds them"
                ));
            }
            if refused > 0 {
                output::note(&format!(
                    "{refused} rows were left as they are: they lack a name or an id of 1 to 256 \
                     bytes"
                ));
            }
        }
        if let Some(Index { name, created, upgraded }) = self.opensearch {
            let what = match (created, upgraded) {
                (true, _) => "was created",
                (_, true) => "was upgraded",
                _ => "is up to date",
            };
            output::line(&format!("OpenSearch: the index {name} {what}"));
        }
    }
}
