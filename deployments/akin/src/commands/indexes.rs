use crate::output::{Cell, Format, Table};
use crate::{exit, output};
use akin_composition::{CatalogueSettings, IndexName};
use akin_ports::RegisteredIndex;
use serde::Serialize;
use std::process::ExitCode;

/// List the indexes that every change is owed to, or give one up.
///
/// An index is registered by the first ingestion or worker that names its engine, and is then owed
/// everything that the store holds. From then on every ingestion and worker has to name it too.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin indexes --json\n  akin indexes forget opensearch\n\nAn index that was given up and is named again is filled again; nothing in it is deleted."
)]
pub(crate) struct IndexesArguments {
    /// The action.
    #[arg(value_enum, default_value_t = Action::List, value_name = "ACTION")]
    action: Action,

    /// The index to give up.
    #[arg(value_name = "INDEX", required_if_eq("action", "forget"))]
    index: Option<IndexName>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    catalogue: CatalogueSettings,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Action {
    /// List the indexes.
    List,
    /// Give an index up: changes are no longer owed to it.
    Forget,
}

#[derive(Debug, Serialize)]
struct IndexReport {
    index: String,
    identity: String,
    registered: String,
}

#[derive(Debug, Serialize)]
struct Forgotten {
    forgotten: bool,
}

pub(crate) async fn run(arguments: IndexesArguments) -> anyhow::Result<ExitCode> {
    let IndexesArguments { action, index, format, catalogue } = arguments;
    let store = catalogue.builder().existing().store().open().await?.store()?;
    match (action, index) {
        (Action::Forget, Some(index)) => {
            let forgotten = store.forget_index(&index.to_string()).await?;
            if format.json {
                output::json(&Forgotten { forgotten });
            } else if forgotten {
                output::line(&format!("changes are no longer owed to {index}"));
            } else {
                output::line(&format!("{index} was not registered"));
            }
        }
        _ => print(&store.indexes().await?, format),
    }
    Ok(exit::DONE)
}

fn print(indexes: &[RegisteredIndex], format: Format) {
    if format.json {
        let reports: Vec<_> = indexes.iter().map(IndexReport::new).collect();
        return output::json(&reports);
    }
    if indexes.is_empty() {
        return output::note("no index is registered: the first ingestion registers its own");
    }
    let mut table = Table::new(&["index", "registered (UTC)", "identity"]);
    for RegisteredIndex { identity, since } in indexes {
        let since = akin_views::format_timestamp(*since);
        table.add_row([Cell::text(&identity.name), Cell::text(&since), Cell::text(&identity.key)]);
    }
    output::print(table);
}

impl IndexReport {
    fn new(index: &RegisteredIndex) -> Self {
        Self {
            index: index.identity.name.clone(),
            identity: index.identity.key.clone(),
            registered: akin_views::format_rfc3339(index.since),
        }
    }
}
