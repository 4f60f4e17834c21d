//! A complete deployment: opens the engine of the settings and answers one search.

use akin_composition::{CpuSettings, EngineSettings};
use akin_entities::Query;
use akin_usecases::SearchRequest;
use std::error::Error;
use std::io::{Write, stdout};

#[derive(clap::Parser)]
struct Arguments {
    query: String,

    #[command(flatten)]
    engine: EngineSettings,

    #[command(flatten)]
    cpu: CpuSettings,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let line: Vec<_> = std::env::args_os().collect();
    let arguments: Arguments = akin_composition::parse(&line)?;
    arguments.cpu.select()?;
    let engine = arguments.engine.open_first_engine().await?;
    let request = SearchRequest::new(Query::new(&arguments.query)?);
    let answer = engine.search().run(&request).await?;
    for hit in answer.hits {
        writeln!(stdout(), "{:.3} {}", hit.score.unwrap_or_default(), hit.record.product.name)?;
    }
    Ok(())
}
