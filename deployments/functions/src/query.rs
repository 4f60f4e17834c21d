use crate::defaults::Queue;
use crate::parts::not_opened;
use crate::start::{Failure, start};
use akin_composition::CompositionError;
use akin_lambda::{HttpFunction, Parts};
use akin_search_api::{OpenedSearchApi, SearchApiSettings};
use clap::Args;
use std::process::ExitCode;
use std::sync::Arc;

/// The settings of the query function.
#[derive(Clone, Debug, Args)]
pub(crate) struct QuerySettings {
    /// The path below which a custom domain maps the API, such as `shop`.
    #[arg(long, env = "AKIN_BASE_PATH", default_value = "", value_name = "PATH")]
    base_path: String,

    #[command(flatten)]
    api: SearchApiSettings,
}

/// Answers searches behind an API Gateway HTTP API, with the routes of `akin serve`.
pub fn query() -> ExitCode {
    start(Queue::Optional, run)
}

async fn run(settings: QuerySettings, problems: Vec<String>) -> Result<(), Failure> {
    let QuerySettings { base_path, api } = settings;
    let api = Arc::new((api, problems));
    let open = move || {
        let api = Arc::clone(&api);
        async move {
            let opened = open(&api.0, &api.1).await.map_err(|error| not_opened(&error))?;
            Ok(akin_http::router(opened.api))
        }
    };
    let router = Parts::new(open);
    router.prepare().await?;
    let function = HttpFunction { router, base_path };
    let handle = async |event, invocation| function.handle(event, invocation).await;
    Ok(akin_lambda::run(handle).await?)
}

/// Opens the engines to read only: nothing is created, since the catalogue is another function's.
async fn open(
    settings: &SearchApiSettings,
    problems: &[String],
) -> Result<OpenedSearchApi, CompositionError> {
    let builder = settings.builder().existing().only_reads().problems_besides(problems.to_vec());
    let opened = settings.open(builder, None).await?;
    opened.warm_up().await?;
    Ok(opened)
}
