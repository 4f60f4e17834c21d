use crate::defaults::Queue;
use crate::parts::not_opened;
use crate::start::{Failure, start};
use akin_composition::{CompositionError, EngineSettings};
use akin_lambda::{EmbedFunction, Parts, SqsEvent};
use akin_usecases::ProcessChanges;
use clap::Args;
use std::process::ExitCode;
use std::sync::Arc;

/// The settings of the embedding function.
#[derive(Clone, Debug, Args)]
pub(crate) struct EmbedSettings {
    #[command(flatten)]
    engine: EngineSettings,
}

/// Brings every index up to the changes in an SQS queue.
pub fn embed() -> ExitCode {
    start(Queue::Optional, run)
}

async fn run(settings: EmbedSettings, problems: Vec<String>) -> Result<(), Failure> {
    let engine = Arc::new((settings.engine, problems));
    let format = engine.0.catalogue.sqs.message_format();
    let parse = move |body: &str| format.parse(body).map_err(|error| error.to_string());
    let open = move || {
        let engine = Arc::clone(&engine);
        async move { open(&engine.0, &engine.1).await.map_err(|error| not_opened(&error)) }
    };
    let process = Parts::new(open);
    process.prepare().await?;
    let function = EmbedFunction { process, parse: Arc::new(parse) };
    let handle =
        async |event, invocation| Ok(function.handle(SqsEvent::read(event)?, invocation).await);
    Ok(akin_lambda::run(handle).await?)
}

/// Opens the engines, and registers their indexes at the store.
async fn open(
    settings: &EngineSettings,
    problems: &[String],
) -> Result<ProcessChanges, CompositionError> {
    let builder = settings.builder().engines().problems_besides(problems.to_vec());
    let opened = builder.open().await?;
    opened.refuse_other_models().await?;
    opened.register_indexes()?.run().await?;
    Ok(ProcessChanges { store: opened.store()?, targets: opened.targets() })
}
