use crate::output::Format;
use crate::{exit, output};
use akin_composition::{BadSettings, CatalogueSettings, EngineName, IndexName};
use akin_opensearch::OpenSearchIndex;
use serde::Serialize;
use std::process::ExitCode;

/// Create or upgrade the tables in Postgres and the index in OpenSearch.
///
/// Prepares the servers that the settings name. In Postgres it also adopts rows that another program
/// wrote. Texts in an index that were analyzed by an earlier akin, or in another language, are analyzed
/// anew; nothing is embedded again.
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
    analyzed: Vec<Analyzed>,
}

/// An index whose texts were analyzed anew.
#[derive(Debug, Serialize)]
struct Analyzed {
    index: String,
    products: u64,
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
    let CatalogueSettings { postgres, opensearch, .. } = &catalogue;
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
    let mut report = MigrateReport { postgres: None, opensearch: None, analyzed: Vec::new() };
    if wants_postgres {
        let done = akin_postgres::migrate(postgres).await?;
        let (steps, adopted, refused) = (done.steps, done.adopted, done.refused);
        report.postgres = Some(Tables { steps, adopted, refused });
    }
    if wants_opensearch {
        let done = OpenSearchIndex::migrate(opensearch).await?;
        let (name, created, upgraded) = (done.index, done.created, done.upgraded);
        report.opensearch = Some(Index { name, created, upgraded });
    }
    report.analyzed = renew(&catalogue, wants_postgres).await?;
    if format.json {
        output::json(&report);
    } else {
        report.print();
    }
    Ok(exit::DONE)
}

/// Analyzes the texts anew in the indexes of the engines that are on servers, where they need it. Without
/// such an engine, Postgres is its own store.
async fn renew(
    catalogue: &CatalogueSettings,
    wants_postgres: bool,
) -> anyhow::Result<Vec<Analyzed>> {
    let mut catalogue = catalogue.clone();
    let is_server = |engine: &EngineName| engine.index != IndexName::Local;
    if !catalogue.engines.iter().any(is_server) {
        if !wants_postgres {
            return Ok(Vec::new());
        }
        catalogue.engines = vec![EngineName { index: IndexName::Postgres, ..EngineName::DEFAULT }];
    }
    let mut indexes: Vec<_> =
        catalogue.engines.iter().filter(|engine| is_server(engine)).map(|one| one.index).collect();
    indexes.dedup();
    let builder = indexes.iter().fold(catalogue.builder().store(), |one, name| one.index(*name));
    let opened = builder.open().await?;
    let mut analyzed = Vec::new();
    for name in indexes {
        let renew = opened.renew_analysis(name)?;
        if renew.is_needed().await? {
            let index = name.to_string();
            output::note(&format!("{index}: the texts are analyzed anew"));
            let products = renew.run(&|_| ()).await?;
            analyzed.push(Analyzed { index, products });
        }
    }
    Ok(analyzed)
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
        for Analyzed { index, products } in self.analyzed {
            output::line(&format!("{index}: the texts of {products} products were analyzed anew"));
        }
    }
}
