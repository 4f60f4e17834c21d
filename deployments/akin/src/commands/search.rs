use crate::output::Format;
use crate::{exit, output};
use akin_composition::BadSettings;
use akin_composition::EngineSettings;
use akin_entities::{Query, SearchMode, Similarity};
use akin_usecases::{Correction, Paging, SearchAnswer, SearchRequest};
use akin_views::{MAX_LIMIT, SearchView};
use std::process::ExitCode;

/// Find products in a shopper's own words.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin search --limit 3 something to keep my phone steady while filming\n  akin search --mode lexical --json tripod | jq '.hits[].product.name'\n\n`--json` prints what `/api/search` answers."
)]
pub(crate) struct Arguments {
    /// The words.
    #[arg(required = true, value_name = "WORDS")]
    words: Vec<String>,

    /// How to search: hybrid, semantic, lexical.
    #[arg(long, env = "AKIN_MODE", default_value = "hybrid", value_parser = mode)]
    mode: SearchMode,

    /// How many products to show: 1 to 1000.
    #[arg(long, env = "AKIN_LIMIT", default_value = "10", value_name = "N", value_parser = limit)]
    limit: usize,

    /// The least cosine, -1 to 1, of a product that is found by meaning.
    #[arg(long, env = "AKIN_THRESHOLD", allow_negative_numbers = true, value_name = "COSINE", value_parser = cosine)]
    threshold: Option<Similarity>,

    #[command(flatten)]
    format: Format,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let request = arguments.request()?;
    let engine = arguments.engine.open_first_engine().await?;
    let answer = engine.search().run(&request).await?;
    if arguments.format.json {
        let model = engine.embedder.fingerprint();
        output::json(&SearchView::new(&engine.name.to_string(), model, &request, answer));
    } else if engine.index.count().await? == 0 {
        output::note("there is nothing to find yet: `akin ingest FEED` brings products");
    } else {
        print(&answer);
    }
    Ok(exit::DONE)
}

impl Arguments {
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

fn print(answer: &SearchAnswer) {
    for Correction { from, to } in &answer.corrections {
        output::note(&format!("no product says {from:?}; searched for {to:?}"));
    }
    if answer.hits.is_empty() {
        output::note("nothing was found");
        return;
    }
    if !answer.good {
        output::note("nothing fits well; these come closest");
    }
    output::hits(&answer.hits);
}

fn mode(name: &str) -> Result<SearchMode, String> {
    SearchMode::parse(name).ok_or_else(|| "it is one of hybrid, semantic, lexical".to_owned())
}

/// Reads a cosine.
pub(crate) fn cosine(text: &str) -> Result<Similarity, String> {
    let cosine = text.trim().parse().ok().and_then(Similarity::new);
    cosine.ok_or_else(|| "it is a number from -1 to 1".to_owned())
}

/// Reads how many products an answer holds.
pub(crate) fn limit(text: &str) -> Result<usize, String> {
    let limit = text.trim().parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| format!("it is a number from 1 to {MAX_LIMIT}"))
}
