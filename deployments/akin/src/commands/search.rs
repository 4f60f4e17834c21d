use crate::compose::EngineSettings;
use crate::{exit, output};
use anyhow::{Context, anyhow};
use entities::{Mode, Query, Similarity};
use serde_json::json;
use std::process::ExitCode;
use usecases::{Paging, Repair, SearchAnswer, SearchRequest};

/// Find products in a shopper's own words.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin search --limit 3 something to keep my phone steady while filming"
)]
pub(crate) struct Arguments {
    /// The words.
    #[arg(required = true, value_name = "WORDS")]
    words: Vec<String>,

    /// How to search: hybrid, semantic, lexical.
    #[arg(long, env = "AKIN_MODE", default_value = "hybrid", value_parser = mode)]
    mode: Mode,

    /// How many products to show.
    #[arg(long, env = "AKIN_LIMIT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,

    /// The least cosine, -1 to 1, of a product that is found by meaning.
    #[arg(long, env = "AKIN_THRESHOLD", allow_negative_numbers = true)]
    threshold: Option<f32>,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let request = arguments.request()?;
    let engine = arguments.engine.open().await?;
    let answer = engine.search().run(&request).await?;
    if arguments.json {
        output::json(&json!({
            "query": request.query.as_str(),
            "mode": request.mode.name(),
            "good": answer.good,
            "total": answer.total,
            "repaired": answer.repaired.iter().map(|word| json!({ "from": word.from, "to": word.to })).collect::<Vec<_>>(),
            "hits": answer.hits.iter().map(output::hit).collect::<Vec<_>>(),
        }));
    } else {
        print(&answer);
    }
    Ok(exit::DONE)
}

impl Arguments {
    fn request(&self) -> anyhow::Result<SearchRequest> {
        let query = Query::new(&self.words.join(" ")).context("nothing to search for")?;
        let threshold = self.threshold.map(|threshold| {
            Similarity::new(threshold).ok_or_else(|| anyhow!("--threshold must be -1 to 1"))
        });
        let limit = usize::from(self.limit);
        Ok(SearchRequest {
            mode: self.mode,
            threshold: threshold.transpose()?,
            paging: Paging { page: 1, size: limit },
            depth: limit.max(SearchRequest::DEFAULT_DEPTH),
            ..SearchRequest::new(query)
        })
    }
}

fn print(answer: &SearchAnswer) {
    for Repair { from, to } in &answer.repaired {
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

fn mode(name: &str) -> Result<Mode, String> {
    Mode::parse(name).ok_or_else(|| "it is one of hybrid, semantic, lexical".to_owned())
}
