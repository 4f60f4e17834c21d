//! The composition root: which adapter stands behind which port.

use crate::engine::{EmbedderName, Engine, IndexName};
use crate::settings::BadSettings;
use clap::Args;
use entities::Version;
use local::{LocalEngine, Options};
use native::NativeEmbedder;
use ports::{Embedder, PortResult, ProductIndex, ProductStore};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use usecases::{CatalogueStatus, QueryEmbeddings, SearchProducts, SimilarProducts};

/// Where the products are, and what finds them.
#[derive(Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineSettings {
    #[command(flatten)]
    pub(crate) data: DataSettings,

    #[command(flatten)]
    pub(crate) embedder: EmbedderSettings,
}

/// What embeds texts: the settings of every embedder.
#[derive(Clone, Debug, Args)]
#[group(skip)] // As above.
#[command(next_help_heading = "Engine")]
pub(crate) struct EmbedderSettings {
    #[command(flatten)]
    pub(crate) native: native::Settings,
}

/// Where the products are.
#[derive(Debug, Args)]
#[group(skip)] // As above.
#[command(next_help_heading = "Engine")]
pub(crate) struct DataSettings {
    /// The folder of the embedded store [default: akin in the user's data folder].
    #[arg(long, env = "AKIN_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// What finds the products: INDEX[+EMBEDDER].
    #[arg(long, env = "AKIN_ENGINES", value_name = "ENGINE", default_value_t = Engine::DEFAULT)]
    engine: Engine,
}

/// An engine, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn ProductStore>,
    pub(crate) index: Arc<dyn ProductIndex>,
    pub(crate) embedder: Arc<dyn Embedder>,
    /// What stands behind the store and the index.
    pub(crate) local: LocalEngine,
}

impl DataSettings {
    /// The folder of the store.
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

    /// Opens the embedded engine.
    pub(crate) async fn open(&self) -> anyhow::Result<LocalEngine> {
        let folder = self.folder()?;
        let open = move || LocalEngine::open(&folder, Options::default());
        Ok(tokio::task::spawn_blocking(open).await??)
    }
}

impl EngineSettings {
    /// Opens everything that a search or an ingestion needs.
    pub(crate) async fn open(&self) -> anyhow::Result<Opened> {
        self.check()?;
        let engine = self.data.engine;
        // Each takes some milliseconds, so they are opened side by side.
        let embedder = self.embedder.clone();
        let embedder = tokio::task::spawn_blocking(move || embedder.open(engine.embedder));
        let local = self.data.open().await?;
        let index: Arc<dyn ProductIndex> = match engine.index {
            IndexName::Local => Arc::new(local.index()),
        };
        let (store, embedder) = (Arc::new(local.store()), embedder.await??);
        Ok(Opened { engine, store, index, embedder, local })
    }

    /// Names all that is missing at once.
    fn check(&self) -> Result<(), BadSettings> {
        let mut problems = Vec::new();
        problems.extend(self.embedder.problem(self.data.engine.embedder));
        problems.extend(self.data.folder().err().into_iter().flat_map(|BadSettings(all)| all));
        if problems.is_empty() { Ok(()) } else { Err(BadSettings(problems)) }
    }
}

impl EmbedderSettings {
    /// Opens the embedder of that name. It reads files, so it blocks.
    fn open(&self, name: EmbedderName) -> PortResult<Arc<dyn Embedder>> {
        Ok(match name {
            EmbedderName::Native => Arc::new(NativeEmbedder::open(&self.native)?),
        })
    }

    /// Why the embedder of that name has no model.
    fn problem(&self, name: EmbedderName) -> Option<String> {
        match name {
            EmbedderName::Native => self.native.find_model().err().map(|error| error.to_string()),
        }
    }
}

impl Opened {
    pub(crate) fn search(&self) -> SearchProducts {
        SearchProducts {
            embeddings: self.embeddings(),
            index: self.index.clone(),
            store: self.store.clone(),
        }
    }

    pub(crate) fn similar(&self) -> SimilarProducts {
        SimilarProducts {
            embeddings: self.embeddings(),
            index: self.index.clone(),
            store: self.store.clone(),
        }
    }

    pub(crate) fn status(&self) -> CatalogueStatus {
        CatalogueStatus { store: self.store.clone(), index: self.index.clone() }
    }

    /// The engine, as a server offers it.
    pub(crate) fn serving(&self) -> http_api::Engine {
        http_api::Engine {
            name: self.engine.to_string(),
            search: self.search(),
            similar: self.similar(),
            status: self.status(),
        }
    }

    fn embeddings(&self) -> QueryEmbeddings {
        QueryEmbeddings::new(self.embedder.clone(), QueryEmbeddings::DEFAULT_CAPACITY)
    }
}

/// The moment now.
pub(crate) fn now() -> Version {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Version(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
