//! The two stores that faults are injected into.

use crate::faults::holdings::Holdings;
use crate::support::gate::Gate;
use crate::support::shop::Shop;
use akin_local::{LocalEngine, LocalOptions};
use akin_opensearch::OpenSearchIndex;
use akin_postgres::PostgresEngine;
use clap::Parser;
use std::fs;
use std::path::Path;
use std::time::Duration;
use ureq::Agent;

/// How long a worker holds what it took. One that is stopped for longer finds that others did it.
pub(crate) const LEASE: Duration = Duration::from_secs(1);

/// A shop, and what stands between it and its servers.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) shop: Shop,
    /// None, if there are no servers.
    pub(crate) gates: Vec<Gate>,
    /// Where OpenSearch answers without a gate.
    opensearch: Option<String>,
}

#[derive(Debug, Parser)]
struct Servers {
    #[command(flatten)]
    postgres: akin_postgres::Settings,
    #[command(flatten)]
    opensearch: akin_opensearch::Settings,
}

impl Stage {
    /// All in one folder.
    pub(crate) fn local() -> Self {
        let shop = with_a_short_lease(Shop::with(Vec::new()));
        Self { name: "the embedded store", shop, gates: Vec::new(), opensearch: None }
    }

    /// Products and queue in Postgres, the index in OpenSearch, a gate before each.
    pub(crate) fn servers() -> Self {
        let shop = with_a_short_lease(Shop::in_postgres().with_opensearch())
            .and("AKIN_ENGINES", "opensearch")
            .and("AKIN_STORE", "postgres");
        let opensearch = shop.setting("OPENSEARCH_ENDPOINT").to_owned();
        let address = opensearch.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let postgres = [shop.setting("POSTGRES_HOST"), shop.setting("POSTGRES_PORT")].join(":");
        let gates = vec![Gate::to(postgres), Gate::to(address)];
        let [port, endpoint] =
            [gates[0].port.to_string(), format!("http://127.0.0.1:{}", gates[1].port)];
        let shop = shop.and("POSTGRES_PORT", &port).and("OPENSEARCH_ENDPOINT", &endpoint);
        let opensearch = Some(opensearch);
        Self { name: "Postgres and OpenSearch", shop, gates, opensearch }
    }

    /// All that is held, and what is found by any of `words`.
    pub(crate) async fn holdings(&self, words: &[String]) -> Holdings {
        if self.gates.is_empty() {
            return in_folder(&self.shop.place.path("data"), words).await;
        }
        let flags = std::iter::once("akin".to_owned()).chain(self.shop.flags());
        let servers = Servers::parse_from(flags);
        let engine = PostgresEngine::open(&servers.postgres).await.expect("Postgres");
        let index = OpenSearchIndex::open(&servers.opensearch).await.expect("OpenSearch");
        index.refresh().await.expect("a refresh");
        Holdings::of(&engine.store(), &index, &engine.queue(LEASE), words).await
    }

    /// The size of the largest file that processes write, in blocks of 512 bytes.
    pub(crate) fn largest_file(&self) -> u64 {
        let files = fs::read_dir(self.shop.place.path("data")).into_iter().flatten().flatten();
        let sizes = files.filter_map(|file| file.metadata().ok()).map(|file| file.len());
        sizes.max().unwrap_or_default() / 512
    }

    /// Lets OpenSearch take no writes, as it does when its disk is full, or take them again; says
    /// whether there is an index to which this matters.
    pub(crate) fn fill_the_servers_disk(&self, is_full: bool) -> bool {
        let endpoint = self.opensearch.as_ref().expect("a server");
        let index = self.shop.setting("OPENSEARCH_INDEX_NAME");
        let block = if is_full { "true" } else { "null" };
        let body = format!("{{\"index.blocks.read_only_allow_delete\": {block}}}");
        let agent: Agent = Agent::config_builder().proxy(None).build().into();
        let request = agent.put(format!("{endpoint}/{index}/_settings"));
        request.content_type("application/json").send(body).is_ok()
    }
}

fn with_a_short_lease(shop: Shop) -> Shop {
    shop.and("AKIN_QUEUE_LEASE", &LEASE.as_secs().to_string())
}

/// All that the embedded store in `folder` holds, and what is found by any of `words`.
pub(crate) async fn in_folder(folder: &Path, words: &[String]) -> Holdings {
    let engine = LocalEngine::open(folder, LocalOptions::default()).expect("a sound folder");
    engine.check().await.expect("a sound database");
    Holdings::of(&engine.store(), &engine.index(), &engine.queue(LEASE), words).await
}
