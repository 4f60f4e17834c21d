use crate::output::{Cell, Format, Table};
use crate::{exit, output};
use akin_composition::{EngineSettings, RelevanceSettings};
use akin_usecases::{Suggest, Suggestions};
use akin_views::SuggestionsView;
use std::process::ExitCode;

/// Suggest queries, categories, brands and products as one types.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin suggest trav\n  akin suggest --limit 3 --json phone tri | jq '.queries[].text'\n\nThe last word is completed; a blank after it, as in 'travel ', asks for the next one. Without words it lists the categories and brands with most products. `--json` prints what `/api/suggest` answers."
)]
pub(crate) struct SuggestArguments {
    /// What has been typed so far.
    #[arg(value_name = "WORDS")]
    words: Vec<String>,

    /// The maximum number of suggestions of each kind, 1 to 20.
    #[arg(long, env = "AKIN_SUGGESTIONS", default_value_t = Suggest::DEFAULT_LIMIT, value_name = "N", value_parser = limit)]
    limit: usize,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    relevance: RelevanceSettings,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: SuggestArguments) -> anyhow::Result<ExitCode> {
    let SuggestArguments { words, limit, format, relevance, engine } = arguments;
    let rules = relevance.load(engine.catalogue.language)?;
    let engine = engine.open_first_engine().await?.steered_by(rules.as_ref());
    let typed = words.join(" ");
    let suggestions = engine.suggest().run(&typed, limit).await?;
    if format.json {
        output::json(&SuggestionsView::new(&typed, suggestions));
    } else {
        print(&suggestions);
    }
    Ok(exit::DONE)
}

fn print(suggestions: &Suggestions) {
    let mut table = Table::new(&["kind", "suggestion", "products"]);
    let mut row = |kind: &str, text: &str, count: String| {
        table.add_row([Cell::text(kind), Cell::text(text), Cell::text(&count)]);
    };
    for query in &suggestions.queries {
        row("query", &query.text, query.count.to_string());
    }
    for category in &suggestions.categories {
        row("category", &category.value, category.count.to_string());
    }
    for brand in &suggestions.brands {
        row("brand", &brand.value, brand.count.to_string());
    }
    for record in &suggestions.products {
        row("product", &record.product.name, String::new());
    }
    if *suggestions == Suggestions::default() {
        output::note("nothing begins so");
    } else {
        output::print(table);
    }
}

fn limit(text: &str) -> Result<usize, String> {
    let limit = text.trim().parse().ok().filter(|limit| (1..=Suggest::MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| format!("expected a number from 1 to {}", Suggest::MAX_LIMIT))
}
