use crate::commands::search::{cosine, limit};
use crate::signals::asked_to_end;
use crate::{exit, output};
use akin_composition::{Engine, EngineSettings};
use akin_entities::Similarity;
use akin_http::{Api, Engines, SimilarProductsDefaults};
use anyhow::Context;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::net::TcpListener;

/// Answer searches by HTTP, and serve the page.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  akin serve --listen 127.0.0.1:8080\n\nSIGTERM and Ctrl-C let the requests under way finish."
)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "AKIN_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,

    /// The folder of pictures that the catalogue names as images/...
    #[arg(long, env = "AKIN_IMAGES", value_name = "DIR", value_parser = folder)]
    images: Option<PathBuf>,

    /// How many products `/api/similar_products` answers with unless asked.
    #[arg(long, env = "SEARCH_DEFAULT_LIMIT", default_value = "10", value_name = "N", value_parser = limit)]
    default_limit: usize,

    /// The least cosine of `/api/similar_products` unless asked.
    #[arg(long, env = "SEARCH_DEFAULT_THRESHOLD", default_value = "0.3", value_name = "COSINE", allow_negative_numbers = true, value_parser = cosine)]
    default_threshold: Similarity,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let stop = asked_to_end()?;
    let opened = arguments.engine.builder().engines().queue().open().await?;
    let mut engines = opened.engines().iter().map(served);
    let default = engines.next().context("no engine is named")?;
    let api = Api {
        engines: Engines { default, others: engines.collect() },
        status: opened.status()?,
        defaults: SimilarProductsDefaults {
            limit: arguments.default_limit,
            threshold: arguments.default_threshold,
        },
        images: arguments.images,
    };
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {} (--listen)", arguments.listen))?;
    // So that the first request finds everything in place, and what is damaged shows now.
    for engine in opened.engines() {
        engine.index.statistics().await?;
    }
    let products = match opened.engines().first() {
        Some(engine) => engine.index.count().await?,
        None => 0,
    };
    output::note(&format!("serving {products} products on http://{}", listener.local_addr()?));
    if products == 0 {
        output::note("`akin ingest FEED` brings some; they show here without a restart");
    }
    let stop = async {
        stop.await;
        output::note("stopping");
    };
    akin_http::serve(listener, akin_http::router(api), stop).await?;
    Ok(exit::DONE)
}

/// Returns the engine as the server offers it.
fn served(engine: &Engine) -> akin_http::Engine {
    let (search, similar) = (engine.search(), engine.similar());
    akin_http::Engine { name: engine.name.to_string(), search, similar }
}

/// Reads the path of a folder that is there.
fn folder(path: &str) -> Result<PathBuf, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if metadata.is_dir() { Ok(path.into()) } else { Err("it is no folder".to_owned()) }
}
