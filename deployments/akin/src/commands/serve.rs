use crate::compose::{Engine, EngineSettings};
use crate::{exit, output};
use anyhow::{Context, anyhow};
use entities::Similarity;
use http_api::{Api, Defaults, MAX_LIMIT};
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
    #[arg(long, env = "AKIN_IMAGES", value_name = "DIR")]
    images: Option<PathBuf>,

    /// How many products `/api/similar_products` answers with unless asked.
    #[arg(long, env = "SEARCH_DEFAULT_LIMIT", default_value_t = 10, value_name = "N")]
    default_limit: usize,

    /// The least cosine of `/api/similar_products` unless asked.
    #[arg(
        long,
        env = "SEARCH_DEFAULT_THRESHOLD",
        default_value_t = 0.3,
        value_name = "COSINE",
        allow_negative_numbers = true
    )]
    default_threshold: f32,

    #[command(flatten)]
    engine: EngineSettings,
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let defaults = arguments.defaults()?;
    let engine = arguments.engine.open().await?;
    let api = Api {
        engine: Engine::NAME.to_owned(),
        search: engine.search(),
        similar: engine.similar(),
        status: engine.status(),
        defaults,
        images: arguments.images,
    };
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on {} (--listen)", arguments.listen))?;
    let products = engine.index.count().await?;
    output::note(&format!("serving {products} products on http://{}", listener.local_addr()?));
    http_api::serve(listener, http_api::router(api), stop()?).await?;
    Ok(exit::DONE)
}

impl Arguments {
    fn defaults(&self) -> anyhow::Result<Defaults> {
        if !(1..=MAX_LIMIT).contains(&self.default_limit) {
            return Err(anyhow!("SEARCH_DEFAULT_LIMIT must be 1 to {MAX_LIMIT}"));
        }
        let threshold = Similarity::new(self.default_threshold)
            .ok_or_else(|| anyhow!("SEARCH_DEFAULT_THRESHOLD must be -1 to 1"))?;
        Ok(Defaults { limit: self.default_limit, threshold })
    }
}

/// Done when the process is asked to end.
fn stop() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
        output::note("stopping");
    })
}
