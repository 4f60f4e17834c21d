use crate::output::Format;
use crate::{exit, output};
use akin_composition::{EngineSettings, RelevanceSettings};
use akin_entities::ProductId;
use akin_search_api::limit;
use akin_views::SimilarView;
use std::process::ExitCode;

/// Find the products most similar to a given one.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin similar PH-001\n\n`--json` prints what `/api/products/{id}/similar` answers."
)]
pub(crate) struct SimilarArguments {
    /// The product's id.
    #[arg(value_parser = |id: &str| ProductId::new(id))]
    id: ProductId,

    /// The maximum number of products, 1 to 1000.
    #[arg(long, env = "AKIN_LIMIT", default_value = "10", value_name = "N", value_parser = limit)]
    limit: usize,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    relevance: RelevanceSettings,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: SimilarArguments) -> anyhow::Result<ExitCode> {
    let SimilarArguments { id, limit, format, relevance, engine } = arguments;
    let rules = relevance.load(engine.catalogue.language)?;
    let engine = engine.open_first_engine().await?.steered_by(rules.as_ref());
    let hits = engine.similar().run(&id, limit).await?;
    let hits = hits.ok_or_else(|| {
        anyhow::anyhow!("no product has the id {:?}; `akin search` shows ids", id.as_str())
    })?;
    if format.json {
        output::json(&SimilarView::new(&id, hits));
    } else if hits.is_empty() {
        output::note("there are no other products");
    } else {
        output::hits(&hits);
    }
    Ok(exit::DONE)
}
