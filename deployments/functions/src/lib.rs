//! The functions of AWS Lambda, from their settings to their last event: each `main` calls one of these.
//!
//! A function has no command line: its settings are environment variables, the same ones that `akin` reads.
//! All that are missing or wrong are reported at once, before anything is opened.

mod defaults;
mod embed;
mod ingest;
mod parts;
mod query;
mod start;

pub use embed::embed;
pub use ingest::ingest;
pub use query::query;

#[cfg(test)]
mod tests {
    use crate::embed::EmbedSettings;
    use crate::ingest::IngestFunctionSettings;
    use crate::query::QuerySettings;
    use crate::start::Function;
    use clap::{Args, CommandFactory};
    use std::collections::BTreeSet;

    /// The variables of deployments before akin had functions, except those that are named as ignored.
    const EARLIER: [&str; 32] = [
        "LOG_LEVEL",
        "LOG_JSON",
        "ONNX_MODEL_PATH",
        "TOKENIZER_PATH",
        "AWS_SAGEMAKER_ENDPOINT_NAME",
        "AWS_SAGEMAKER_EMBED_BATCH_SIZE",
        "POSTGRES_HOST",
        "POSTGRES_PORT",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_DB",
        "POSTGRES_SSLMODE",
        "POSTGRES_SECRETS_MANAGER_NAME",
        "POSTGRES_RAW_PRODUCT_TABLE_NAME",
        "POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME",
        "POSTGRES_FETCH_BATCH_SIZE",
        "POSTGRES_UPSERT_BATCH_SIZE",
        "OPENSEARCH_ENDPOINT",
        "OPENSEARCH_INDEX_NAME",
        "OPENSEARCH_USERNAME",
        "OPENSEARCH_PASSWORD",
        "OPENSEARCH_SECRETS_MANAGER_NAME",
        "OPENSEARCH_UPSERT_BATCH_SIZE",
        "OPENSEARCH_TIMEOUT",
        "AWS_SQS_SUBSCRIBED_QUEUE_URL",
        "AWS_S3_SAMPLE_DATA_BUCKET_NAME",
        "AWS_S3_SAMPLE_DATA_KEY",
        "SEARCH_DEFAULT_LIMIT",
        "SEARCH_DEFAULT_THRESHOLD",
        "AKIN_ENGINES",
        "AKIN_MODEL",
        "AKIN_COMPLETE",
    ];

    fn variables<T: Args>() -> BTreeSet<String> {
        let command = Function::<T>::command();
        command.debug_assert();
        let name = |argument: &clap::Arg| argument.get_env()?.to_str().map(str::to_owned);
        Function::<T>::command().get_arguments().filter_map(name).collect()
    }

    #[test]
    fn every_variable_of_earlier_deployments_is_read() {
        let mut read = variables::<QuerySettings>();
        read.extend(variables::<EmbedSettings>());
        read.extend(variables::<IngestFunctionSettings>());
        let unread: Vec<_> = EARLIER.into_iter().filter(|name| !read.contains(*name)).collect();
        assert!(unread.is_empty(), "{unread:?}");
    }

    #[test]
    fn no_function_needs_an_argument() {
        for command in [
            Function::<QuerySettings>::command(),
            Function::<EmbedSettings>::command(),
            Function::<IngestFunctionSettings>::command(),
        ] {
            let required = command.get_arguments().filter(|argument| argument.is_required_set());
            assert_eq!(required.count(), 0);
        }
    }
}
