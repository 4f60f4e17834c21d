use crate::compose::EngineSettings;
use crate::{exit, output};
use entities::ProductId;
use serde_json::json;
use std::process::ExitCode;

/// Find the products that are most like one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  akin similar B09K6F8S98")]
pub(crate) struct Arguments {
    /// The product's id.
    #[arg(value_parser = |id: &str| ProductId::new(id))]
    id: ProductId,

    /// How many products to show.
    #[arg(long, env = "AKIN_LIMIT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let engine = arguments.engine.open().await?;
    let hits = engine.similar().run(&arguments.id, arguments.limit.into()).await?;
    let hits = hits.ok_or_else(|| {
        anyhow::anyhow!("no product {:?}; `akin search` shows ids", arguments.id.as_str())
    })?;
    if arguments.json {
        let hits: Vec<_> = hits.iter().map(output::hit).collect();
        output::json(&json!({ "product_id": arguments.id.as_str(), "hits": hits }));
    } else {
        output::hits(&hits);
    }
    Ok(exit::DONE)
}
