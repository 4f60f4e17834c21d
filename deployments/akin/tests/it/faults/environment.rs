//! The two environments into which faults are injected: one folder, and real servers.

use crate::faults::contents::Contents;
use crate::support::proxy::Proxy;
use crate::support::shop::Shop;
use akin_local::{LocalEngine, LocalOptions};
use akin_opensearch::OpenSearchIndex;
use akin_postgres::PostgresEngine;
use clap::Parser;
use std::fs;
use std::path::Path;
use std::time::Duration;
use ureq::Agent;

/// The lease of a worker. The messages of one that is stopped for longer go to others.
pub(crate) const LEASE: Duration = Duration::from_secs(1);

/// A shop, and the proxies in front of its servers.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) name: &'static str,
    pub(crate) shop: Shop,
    /// Empty in the local environment.
    pub(crate) proxies: Vec<Proxy>,
    /// The address of OpenSearch without the proxy.
    opensearch: Option<String>,
}

#[derive(Debug, Parser)]
struct Servers {
    #[command(flatten)]
    postgres: akin_postgres::Settings,
    #[command(flatten)]
    opensearch: akin_opensearch::Settings,
}

impl Environment {
    /// Store, queue and index in one folder.
    pub(crate) fn local() -> Self {
        let shop = with_short_lease(Shop::local());
        Self { name: "the embedded store", shop, proxies: Vec::new(), opensearch: None }
    }

    /// Store and queue in Postgres, the index in OpenSearch, each behind a proxy.
    pub(crate) fn servers() -> Self {
        let shop = with_short_lease(Shop::in_postgres().with_opensearch())
            .with_variable("AKIN_ENGINES", "opensearch")
            .with_variable("AKIN_STORE", "postgres");
        let opensearch = shop.setting("OPENSEARCH_ENDPOINT").to_owned();
        let address = opensearch.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let postgres = [shop.setting("POSTGRES_HOST"), shop.setting("POSTGRES_PORT")].join(":");
        let proxies = vec![Proxy::to(postgres), Proxy::to(address)];
        let [port, endpoint] =
            [proxies[0].port.to_string(), format!("http://127.0.0.1:{}", proxies[1].port)];
        let shop = shop
            .with_variable("POSTGRES_PORT", &port)
            .with_variable("OPENSEARCH_ENDPOINT", &endpoint);
        let opensearch = Some(opensearch);
        Self { name: "Postgres and OpenSearch", shop, proxies, opensearch }
    }

    /// Reads all contents, and searches for `words`.
    pub(crate) async fn contents(&self, words: &[String]) -> Contents {
        if self.proxies.is_empty() {
            return contents_of_folder(&self.shop.sandbox.path("data"), words).await;
        }
        let flags = std::iter::once("akin".to_owned()).chain(self.shop.flags());
        let servers = Servers::parse_from(flags);
        let engine = PostgresEngine::open(&servers.postgres).await.expect("Postgres");
        let index = OpenSearchIndex::open(&servers.opensearch).await.expect("OpenSearch");
        index.refresh().await.expect("a refresh");
        Contents::of(&engine.store(), &index, &engine.queue(LEASE), words).await
    }

    /// Returns the size of the largest file in the store, in blocks of 512 bytes.
    pub(crate) fn largest_file_blocks(&self) -> u64 {
        let files = fs::read_dir(self.shop.sandbox.path("data")).into_iter().flatten().flatten();
        let sizes = files.filter_map(|file| file.metadata().ok()).map(|file| file.len());
        sizes.max().unwrap_or_default() / 512
    }

    /// Sets or removes the write block that OpenSearch sets on a full disk. Returns whether there is an
    /// index to block.
    pub(crate) fn block_opensearch_writes(&self, is_blocked: bool) -> bool {
        let endpoint = self.opensearch.as_ref().expect("a server");
        let index = self.shop.setting("OPENSEARCH_INDEX_NAME");
        let block = if is_blocked { "true" } else { "null" };
        let body = format!("{{\"index.blocks.read_only_allow_delete\": {block}}}");
        let agent: Agent = Agent::config_builder().proxy(None).build().into();
        let request = agent.put(format!("{endpoint}/{index}/_settings"));
        request.content_type("application/json").send(body).is_ok()
    }
}

fn with_short_lease(shop: Shop) -> Shop {
    shop.with_variable("AKIN_QUEUE_LEASE", &LEASE.as_secs().to_string())
}

/// Reads all contents of the embedded store in `folder`, and searches for `words`.
pub(crate) async fn contents_of_folder(folder: &Path, words: &[String]) -> Contents {
    let engine = LocalEngine::open(folder, LocalOptions::default()).expect("an undamaged folder");
    engine.check().await.expect("an undamaged database");
    Contents::of(&engine.store(), &engine.index(), &engine.queue(LEASE), words).await
}
