//! Servers that are set, and that no engine uses.

use crate::{EmbedderName, EngineName, IndexName, StoreName};
use std::env;

/// The variables that say where a server is, and what uses it.
const SERVERS: [(&str, User); 6] = [
    ("POSTGRES_HOST", User::Index(IndexName::Postgres)),
    ("POSTGRES_SECRETS_MANAGER_NAME", User::Index(IndexName::Postgres)),
    ("OPENSEARCH_ENDPOINT", User::Index(IndexName::OpenSearch)),
    ("OPENSEARCH_SECRETS_MANAGER_NAME", User::Index(IndexName::OpenSearch)),
    ("AWS_SAGEMAKER_ENDPOINT_NAME", User::Embedder(EmbedderName::SageMaker)),
    ("AKIN_EMBEDDINGS_URL", User::Embedder(EmbedderName::Http)),
];

#[derive(Clone, Copy, Debug)]
enum User {
    Index(IndexName),
    Embedder(EmbedderName),
}

/// Logs the servers whose variables are set, but which neither `engines` nor `stores` use: whoever set them
/// believes that they do.
pub(crate) fn warn_of_unused_servers(engines: &[EngineName], stores: &[StoreName]) {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let unused = unused(engines, stores, is_set);
    if !unused.is_empty() {
        let engines: Vec<_> = engines.iter().map(ToString::to_string).collect();
        tracing::warn!(
            "these variables are set, but no engine of AKIN_ENGINES ({}) uses them: {}",
            engines.join(","),
            unused.join(", ")
        );
    }
}

fn unused(
    engines: &[EngineName],
    stores: &[StoreName],
    is_set: impl Fn(&str) -> bool,
) -> Vec<&'static str> {
    let is_used = |user: User| match user {
        User::Index(index) => {
            engines.iter().any(|engine| engine.index == index)
                || index.own_store().is_some_and(|store| stores.contains(&store))
        }
        User::Embedder(embedder) => engines.iter().any(|engine| engine.embedder == embedder),
    };
    let unused = SERVERS.into_iter().filter(|(name, user)| is_set(name) && !is_used(*user));
    unused.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_nothing_uses_is_named() {
        let unused = |engines: &[&str], stores: &[StoreName]| {
            let engines: Vec<_> =
                engines.iter().map(|name| name.parse().expect("an engine")).collect();
            unused(&engines, stores, |name| !name.contains("SECRETS")).join(" ")
        };
        let all =
            "POSTGRES_HOST OPENSEARCH_ENDPOINT AWS_SAGEMAKER_ENDPOINT_NAME AKIN_EMBEDDINGS_URL";
        assert_eq!(unused(&["local"], &[StoreName::Local]), all);
        let one = unused(&["opensearch+sagemaker"], &[StoreName::Postgres]);
        assert_eq!(one, "AKIN_EMBEDDINGS_URL");
        let every = ["postgres+http", "opensearch+sagemaker"];
        assert_eq!(unused(&every, &[StoreName::Postgres]), "");
    }
}
