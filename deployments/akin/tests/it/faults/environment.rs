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
    /// If the processes embed for the index in Postgres, too.
    has_second_engine: bool,
}

/// The files of the catalogue's database. The last one is only valid for running processes.
const DATABASE: [&str; 3] = ["akin.db", "akin.db-wal", "akin.db-shm"];

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
        Self {
            name: "the embedded store",
            shop,
            proxies: Vec::new(),
            opensearch: None,
            has_second_engine: false,
        }
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
        let has_second_engine = false;
        Self { name: "Postgres and OpenSearch", shop, proxies, opensearch, has_second_engine }
    }

    /// Lets the processes that start from now on embed for the index in Postgres, too, or no longer.
    /// Returns whether that is a change.
    pub(crate) fn set_second_engine(&mut self, is_used: bool) -> bool {
        let engines = if is_used { "opensearch,postgres" } else { "opensearch" };
        self.shop.set_variable("AKIN_ENGINES", engines);
        if self.has_second_engine && !is_used {
            self.shop.run("indexes forget postgres").succeeds();
        }
        std::mem::replace(&mut self.has_second_engine, is_used) != is_used
    }

    /// Restores the backup of the database, beside the search files of the present, or makes one if
    /// there is none. Returns whether one was restored. No process may be running.
    pub(crate) fn restore_or_back_up(&self) -> bool {
        let sandbox = &self.shop.sandbox;
        let [data, backup] = ["data", "backup"].map(|folder| sandbox.path(folder));
        let is_restored = backup.exists();
        if is_restored {
            for name in DATABASE.iter().filter(|name| data.join(name).exists()) {
                fs::remove_file(data.join(name)).expect("a file of the database");
            }
        } else {
            fs::create_dir(&backup).expect("a folder");
        }
        let (from, to) = if is_restored { (&backup, &data) } else { (&data, &backup) };
        for name in DATABASE[..2].iter().filter(|name| from.join(name).exists()) {
            fs::copy(from.join(name), to.join(name)).expect("a copy of the database");
        }
        if is_restored {
            fs::remove_dir_all(&backup).expect("a backup");
        }
        is_restored
    }

    /// Reads the contents of the store and of each index, and searches for `words`.
    pub(crate) async fn contents(&self, words: &[String]) -> Vec<Contents> {
        if self.proxies.is_empty() {
            return vec![contents_of_folder(&self.shop.sandbox.path("data"), words).await];
        }
        let (engine, index) = open_servers(&self.shop).await;
        let (store, queue) = (engine.store(), engine.queue(LEASE));
        let mut contents = vec![Contents::of(&store, &index, &queue, words).await];
        if self.has_second_engine {
            contents.push(Contents::of(&store, &engine.index(), &queue, words).await);
        }
        contents
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

/// Opens the engine in Postgres and the index in OpenSearch, which shows all that was written.
///
/// The timeouts are those by default: a comparison is no fault, and a busy machine may take longer than a fault.
pub(crate) async fn open_servers(shop: &Shop) -> (PostgresEngine, OpenSearchIndex) {
    let others = ["--aws", "--log", "--opensearch-timeout", "--postgres-connect-timeout"];
    let flags = shop.flags().into_iter();
    let flags = flags.filter(|flag| !others.iter().any(|other| flag.starts_with(other)));
    let servers = Servers::parse_from(std::iter::once("akin".to_owned()).chain(flags));
    let engine = PostgresEngine::open(&servers.postgres).await.expect("Postgres");
    let index = OpenSearchIndex::open(&servers.opensearch).await.expect("OpenSearch");
    index.refresh().await.expect("a refresh");
    (engine, index)
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
