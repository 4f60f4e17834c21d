//! What stands behind stores, queues and indexes: each is opened once, and only where it is needed.

use crate::engine::{Engine, IndexName, QueueName, StoreName};
use crate::settings::{BadSettings, seconds};
use akin_local::{LocalEngine, Options};
use akin_opensearch::OpenSearchIndex;
use akin_ports::{ChangeQueue, ProductIndex, ProductStore, RunLog};
use akin_postgres::PostgresEngine;
use akin_usecases::CatalogueStatus;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where the products are, and what finds them.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Engine")]
pub(crate) struct CatalogueSettings {
    /// The folder of the embedded store [default: akin in the user's data folder].
    #[arg(long, env = "AKIN_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// What finds the products: INDEX[+EMBEDDER]; may be given several times, or several separated
    /// by commas. The first is the default.
    #[arg(long = "engine", env = "AKIN_ENGINES", value_name = "ENGINE", value_delimiter = ',',
        default_values_t = [Engine::DEFAULT])]
    engines: Vec<Engine>,

    /// What keeps the products [default: that of the first engine's index, or the embedded store].
    #[arg(long, env = "AKIN_STORE", value_name = "STORE")]
    store: Option<StoreName>,

    /// What hands changes to workers [default: a table of the store].
    #[arg(long, env = "AKIN_QUEUE", value_name = "QUEUE")]
    queue: Option<QueueName>,

    /// For how many seconds a worker holds what it took unless it says that it is still at it; if it
    /// died, another takes over then.
    #[arg(long, env = "AKIN_QUEUE_LEASE", default_value = "60", value_name = "SECONDS",
        value_parser = seconds)]
    queue_lease: Duration,

    #[command(flatten)]
    pub(crate) postgres: akin_postgres::Settings,

    #[command(flatten)]
    pub(crate) opensearch: akin_opensearch::Settings,
}

/// Whatever was opened.
#[derive(Debug, Default)]
pub(crate) struct Backends {
    local: Option<LocalEngine>,
    postgres: Option<PostgresEngine>,
    opensearch: Option<OpenSearchIndex>,
}

impl CatalogueSettings {
    /// The folder of the embedded store.
    pub(crate) fn folder(&self) -> Result<PathBuf, BadSettings> {
        let of = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty());
        let default = || {
            let data = of("XDG_DATA_HOME").map(PathBuf::from);
            let home = || Some(PathBuf::from(of("HOME")?).join(".local/share"));
            data.or_else(home).map(|folder| folder.join("akin"))
        };
        self.data.clone().or_else(default).ok_or_else(|| {
            let unset = "no data folder: set --data or AKIN_DATA, for HOME is not set either";
            BadSettings(vec![unset.to_owned()])
        })
    }

    /// Every engine, the default one first.
    pub(crate) fn engines(&self) -> &[Engine] {
        &self.engines
    }

    /// What serves whoever names none.
    pub(crate) fn first(&self) -> Engine {
        self.engines.first().copied().unwrap_or(Engine::DEFAULT)
    }

    /// What keeps the products.
    pub(crate) fn store(&self) -> StoreName {
        self.store.or_else(|| self.first().index.own_store()).unwrap_or(StoreName::Local)
    }

    /// The store whose table is the queue.
    pub(crate) fn queue(&self) -> StoreName {
        self.queue.map_or_else(|| self.store(), |QueueName(store)| store)
    }

    /// Whatever is missing or wrong for the store and for `indexes`, by name.
    pub(crate) fn problems(&self, indexes: &[IndexName]) -> Vec<String> {
        self.problems_of(&[self.store()], indexes)
    }

    /// Whatever is missing or wrong for `stores` and for `indexes`, by name.
    pub(crate) fn problems_of(&self, stores: &[StoreName], indexes: &[IndexName]) -> Vec<String> {
        let mut problems = Vec::new();
        for (place, engine) in self.engines.iter().enumerate() {
            if self.engines[..place].contains(engine) {
                problems.push(format!("--engine (AKIN_ENGINES) names {engine} twice"));
            }
        }
        if needs_local(stores, indexes) {
            problems.extend(self.folder().err().into_iter().flat_map(|BadSettings(all)| all));
        }
        if needs_postgres(stores, indexes) {
            problems.extend(self.postgres.problems());
        }
        if indexes.contains(&IndexName::OpenSearch) {
            problems.extend(self.opensearch.problems());
        }
        problems
    }

    /// Opens what `stores` and `indexes` need.
    pub(crate) async fn open(
        &self,
        stores: &[StoreName],
        indexes: &[IndexName],
    ) -> anyhow::Result<Backends> {
        let mut backends = Backends::default();
        if needs_local(stores, indexes) {
            let folder = self.folder()?;
            let open = move || LocalEngine::open(&folder, Options::default());
            backends.local = Some(tokio::task::spawn_blocking(open).await??);
        }
        if needs_postgres(stores, indexes) {
            backends.postgres = Some(PostgresEngine::open(&self.postgres).await?);
        }
        if indexes.contains(&IndexName::OpenSearch) {
            backends.opensearch = Some(OpenSearchIndex::open(&self.opensearch).await?);
        }
        Ok(backends)
    }

    /// The store alone.
    pub(crate) async fn open_store(&self) -> anyhow::Result<Arc<dyn ProductStore>> {
        let store = self.store();
        BadSettings::refuse(self.problems(&[]))?;
        self.open(&[store], &[]).await?.store(store)
    }

    /// What keeps the products and what hands out their changes, without what finds them.
    pub(crate) async fn open_stores(&self) -> anyhow::Result<Backends> {
        let stores = [self.store(), self.queue()];
        BadSettings::refuse(self.problems_of(&stores, &[]))?;
        self.open(&stores, &[]).await
    }

    /// The queue alone.
    pub(crate) async fn open_queue(&self) -> anyhow::Result<Arc<dyn ChangeQueue>> {
        let stores = [self.queue()];
        BadSettings::refuse(self.problems_of(&stores, &[]))?;
        self.queue_of(&self.open(&stores, &[]).await?)
    }

    /// The queue, in what was opened.
    pub(crate) fn queue_of(&self, backends: &Backends) -> anyhow::Result<Arc<dyn ChangeQueue>> {
        backends.queue(self.queue(), self.queue_lease)
    }

    /// What says how the catalogue is, in what was opened.
    pub(crate) fn status_of(&self, backends: &Backends) -> anyhow::Result<CatalogueStatus> {
        Ok(CatalogueStatus {
            store: backends.store(self.store())?,
            queue: self.queue_of(backends)?,
            runs: backends.runs(self.store())?,
        })
    }
}

impl Backends {
    /// The store of that name.
    pub(crate) fn store(&self, name: StoreName) -> anyhow::Result<Arc<dyn ProductStore>> {
        match name {
            StoreName::Local => Ok(Arc::new(opened(self.local.as_ref(), "local")?.store())),
            StoreName::Postgres => {
                Ok(Arc::new(opened(self.postgres.as_ref(), "postgres")?.store()))
            }
        }
    }

    /// The queue in the store of that name.
    fn queue(&self, name: StoreName, lease: Duration) -> anyhow::Result<Arc<dyn ChangeQueue>> {
        match name {
            StoreName::Local => Ok(Arc::new(opened(self.local.as_ref(), "local")?.queue(lease))),
            StoreName::Postgres => {
                Ok(Arc::new(opened(self.postgres.as_ref(), "postgres")?.queue(lease)))
            }
        }
    }

    /// The log of the runs that filled the store of that name.
    fn runs(&self, name: StoreName) -> anyhow::Result<Arc<dyn RunLog>> {
        match name {
            StoreName::Local => Ok(Arc::new(opened(self.local.as_ref(), "local")?.runs())),
            StoreName::Postgres => Ok(Arc::new(opened(self.postgres.as_ref(), "postgres")?.runs())),
        }
    }

    /// The index of that name.
    pub(crate) fn index(&self, name: IndexName) -> anyhow::Result<Arc<dyn ProductIndex>> {
        match name {
            IndexName::Local => Ok(Arc::new(opened(self.local.as_ref(), "local")?.index())),
            IndexName::Postgres => {
                Ok(Arc::new(opened(self.postgres.as_ref(), "postgres")?.index()))
            }
            IndexName::OpenSearch => {
                Ok(Arc::new(opened(self.opensearch.as_ref(), "opensearch")?.clone()))
            }
        }
    }

    /// Makes what was written visible, the next process open fast, and its searches as good as they
    /// can be.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        if let Some(local) = &self.local {
            local.settle().await?;
        }
        if let Some(postgres) = &self.postgres {
            postgres.settle().await?;
        }
        if let Some(opensearch) = &self.opensearch {
            opensearch.refresh().await?;
        }
        Ok(())
    }
}

fn needs_local(stores: &[StoreName], indexes: &[IndexName]) -> bool {
    stores.contains(&StoreName::Local) || indexes.contains(&IndexName::Local)
}

fn needs_postgres(stores: &[StoreName], indexes: &[IndexName]) -> bool {
    stores.contains(&StoreName::Postgres) || indexes.contains(&IndexName::Postgres)
}

fn opened<'a, T>(backend: Option<&'a T>, name: &str) -> anyhow::Result<&'a T> {
    backend.ok_or_else(|| anyhow::anyhow!("the backend {name} was not opened"))
}
