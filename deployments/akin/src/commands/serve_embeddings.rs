use crate::commands::serve::address;
use crate::signals::asked_to_end;
use crate::{exit, open_files, output};
use akin_composition::{LocalModel, ServedModelSettings};
use akin_embeddings_http::{
    BatchLimits, ConnectionLimits, MAX_TEXTS, RequestLimits, ServedModel, Server,
};
use akin_search_api::mebibytes;
use anyhow::Context;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;

/// Serve the embedding model to clients of OpenAI's, TEI's and SageMaker's format.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  akin serve-embeddings --listen 127.0.0.1:8080\n  curl http://127.0.0.1:8080/v1/embeddings -d '{\"input\": [\"a tripod\", \"a lamp\"]}'\n\nSIGTERM and Ctrl-C let accepted requests finish, for at most 25 seconds."
)]
pub(crate) struct ServeEmbeddingsArguments {
    /// The argument with which SageMaker starts a container: `serve`.
    #[arg(hide = true, value_name = "ROLE", value_parser = ["serve"])]
    role: Option<String>,

    /// The address to listen on: HOST:PORT, or a port of 127.0.0.1. Port 0 selects a free one [default:
    /// 127.0.0.1:8080; in a SageMaker container port 8080 of every address].
    #[arg(long, env = "AKIN_LISTEN", value_name = "ADDRESS", value_parser = address)]
    listen: Option<String>,

    /// The maximum size of a request's body, in MiB.
    #[arg(long, env = "AKIN_MAX_BODY", default_value = "8", value_name = "MIB", value_parser = mebibytes)]
    max_body: usize,

    /// The maximum number of texts in a request.
    #[arg(long, env = "AKIN_MAX_TEXTS", default_value = "2048", value_name = "N", value_parser = texts)]
    max_texts: usize,

    /// The number of tokens that are embedded together.
    #[arg(long, env = "AKIN_BATCH_TOKENS", default_value = "512", value_name = "N")]
    batch_tokens: NonZeroUsize,

    /// The number of waiting tokens from which further requests are answered with 429.
    #[arg(long, env = "AKIN_MAX_WAITING_TOKENS", default_value = "131072", value_name = "N")]
    max_waiting_tokens: NonZeroUsize,

    /// The memory, in MiB, of all requests and their answers. Further requests are answered with 429.
    #[arg(long, env = "AKIN_REQUEST_MEMORY", default_value = "256", value_name = "MIB", value_parser = mebibytes)]
    request_memory: usize,

    /// The maximum number of seconds until a request is answered.
    #[arg(long, env = "AKIN_REQUEST_TIMEOUT", default_value = "55", value_name = "SECONDS", value_parser = akin_composition::seconds)]
    request_timeout: Duration,

    /// The maximum number of open connections. Further ones are answered with 503.
    #[arg(long, env = "AKIN_MAX_CONNECTIONS", default_value = "512", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    max_connections: u16,

    /// How long a connection may be idle before it is closed; set it above the idle timeout of a proxy
    /// in front.
    #[arg(long, env = "AKIN_IDLE_TIMEOUT", default_value = "75", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    idle_timeout: u64,

    #[command(flatten)]
    model: ServedModelSettings,
}

/// The time to finish requests after SIGTERM. `SageMaker` kills the process after 30 seconds.
const GRACE_PERIOD: Duration = Duration::from_secs(25);

/// The port of a `SageMaker` container, unless the variable names another.
const CONTAINER_PORT: &str = "8080";
const CONTAINER_PORT_VARIABLE: &str = "SAGEMAKER_BIND_TO_PORT";

impl ServeEmbeddingsArguments {
    fn address(&self) -> String {
        match (&self.listen, &self.role) {
            (Some(address), _) => address.clone(),
            (None, None) => format!("127.0.0.1:{CONTAINER_PORT}"),
            (None, Some(_)) => {
                let port = std::env::var(CONTAINER_PORT_VARIABLE);
                format!("0.0.0.0:{}", port.as_deref().unwrap_or(CONTAINER_PORT))
            }
        }
    }

    fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            connections: open_files::allowed_connections(usize::from(self.max_connections)),
            idle: Duration::from_secs(self.idle_timeout),
            grace: GRACE_PERIOD,
            ..ConnectionLimits::default()
        }
    }

    fn request_limits(&self) -> RequestLimits {
        RequestLimits {
            body_bytes: bytes(self.max_body),
            texts: self.max_texts,
            memory_bytes: bytes(self.request_memory),
            time: self.request_timeout,
            batches: BatchLimits {
                tokens: self.batch_tokens,
                parallel: self.model.thread_count().saturating_add(1),
                waiting_tokens: self.max_waiting_tokens,
            },
        }
    }
}

pub(crate) async fn run(arguments: ServeEmbeddingsArguments) -> anyhow::Result<ExitCode> {
    let stop = asked_to_end()?;
    let settings = arguments.model.clone();
    let model = tokio::task::spawn_blocking(move || settings.open()).await??;
    let address = arguments.address();
    let listener = TcpListener::bind(&address).await.with_context(|| {
        format!("cannot listen on {address}; choose another address with --listen (AKIN_LISTEN)")
    })?;
    let LocalModel { embedder, tokenizer } = model;
    let fingerprint = embedder.fingerprint().clone();
    let model = ServedModel { embedder, tokenizer };
    let server = Server::start(model, arguments.request_limits()).await?;
    let address = listener.local_addr()?;
    output::note(&format!("serving the embeddings of {fingerprint} on http://{address}"));
    let stop = async {
        stop.await;
        output::note("stopping");
    };
    let (router, limits) = (akin_embeddings_http::router(server), arguments.connection_limits());
    akin_embeddings_http::serve(listener, router, limits, stop).await;
    Ok(exit::DONE)
}

fn bytes(mebibytes: usize) -> usize {
    mebibytes.saturating_mul(1024 * 1024)
}

/// Parses the maximum number of texts.
fn texts(text: &str) -> Result<usize, String> {
    let number = text.trim().parse().ok().filter(|number| (1..=MAX_TEXTS).contains(number));
    number.ok_or_else(|| format!("expected a whole number from 1 to {MAX_TEXTS}"))
}
