use crate::output::Format;
use crate::{exit, output};
use akin_composition::BadSettings;
use akin_composition::{Builder, Engine, EngineSettings};
use akin_entities::{Query, SearchMode, Similarity};
use akin_search_api::{limit, similarity};
use akin_usecases::{Correction, Paging, SearchAnswer, SearchRequest, Timings};
use akin_views::{SearchView, milliseconds};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::process::ExitCode;

/// Search the catalogue in a shopper's own words.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin search --limit 3 something to keep my phone steady while filming\n  akin search --mode lexical --json tripod | jq '.hits[].product.name'\n\n`--json` prints what `/api/search` answers."
)]
pub(crate) struct SearchArguments {
    /// The query; quotes are not needed.
    #[arg(required = true, value_name = "WORDS")]
    words: Vec<String>,

    /// Search by words and meaning (hybrid), by meaning (semantic) or by words (lexical).
    #[arg(long, env = "AKIN_MODE", default_value = "hybrid", value_name = "MODE", value_parser = mode())]
    mode: SearchMode,

    /// The maximum number of products, 1 to 1000.
    #[arg(long, env = "AKIN_LIMIT", default_value = "10", value_name = "N", value_parser = limit)]
    limit: usize,

    /// The minimum similarity, -1 to 1, of products found by meaning.
    #[arg(long, env = "AKIN_THRESHOLD", allow_negative_numbers = true, value_name = "SIMILARITY", value_parser = similarity)]
    threshold: Option<Similarity>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: SearchArguments) -> anyhow::Result<ExitCode> {
    let request = arguments.request()?;
    let engine = arguments.engine.open_first_engine().await?;
    let answer = engine.search().run(&request).await?;
    log(&engine, &request, &answer);
    if arguments.format.json {
        let model = engine.embedder.fingerprint();
        output::json(&SearchView::new(&engine.name.to_string(), model, &request, answer));
    } else if engine.index.count().await? == 0 {
        output::note(&nothing_indexed(arguments.engine.catalogue.builder().store().queue()).await?);
    } else {
        print(&answer);
    }
    Ok(exit::DONE)
}

impl SearchArguments {
    fn request(&self) -> Result<SearchRequest, BadSettings> {
        let query = Query::new(&self.words.join(" "));
        let query = query.map_err(|error| BadSettings(vec![error.to_string()]))?;
        Ok(SearchRequest {
            mode: self.mode,
            threshold: self.threshold,
            paging: Paging { page: 1, size: self.limit },
            depth: self.limit.max(SearchRequest::DEFAULT_DEPTH),
            ..SearchRequest::new(query)
        })
    }
}

/// Logs what a search did, for `--log-level debug`.
fn log(engine: &Engine, request: &SearchRequest, answer: &SearchAnswer) {
    let Timings { embed, candidates, rank, fetch } = answer.timings;
    tracing::debug!(
        engine = %engine.name,
        mode = request.mode.name(),
        total = answer.total,
        hits = answer.hits.len(),
        embed_ms = milliseconds(embed),
        candidates_ms = milliseconds(candidates),
        rank_ms = milliseconds(rank),
        fetch_ms = milliseconds(fetch),
        "searched"
    );
}

/// Explains an empty index: products may wait to be embedded.
async fn nothing_indexed(builder: Builder) -> anyhow::Result<String> {
    let status = builder.existing().open().await?.status()?.run(0).await?;
    Ok(match status.waiting() {
        0 => "the catalogue is empty: `akin ingest FEED` adds products".to_owned(),
        1 => "1 product waits to be embedded: run `akin worker --once`".to_owned(),
        waiting => format!("{waiting} products wait to be embedded: run `akin worker --once`"),
    })
}

fn print(answer: &SearchAnswer) {
    for Correction { from, to } in &answer.corrections {
        output::note(&format!("no product contains {from:?}; searched for {to:?} instead"));
    }
    if answer.hits.is_empty() {
        output::note("no product matches");
        return;
    }
    if !answer.good {
        output::note("no product fits well; these come closest");
    }
    output::hits(&answer.hits);
}

/// Parses a mode, and lists the modes for help and shell completion.
fn mode() -> impl TypedValueParser<Value = SearchMode> {
    let names = SearchMode::ALL.map(SearchMode::name);
    PossibleValuesParser::new(names)
        .try_map(|name| SearchMode::parse(&name).ok_or("this mode is unknown"))
}
