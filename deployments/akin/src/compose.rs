//! The composition root: which adapter stands behind which port.

use clap::Args;
use entities::Version;
use local::{LocalEngine, Options};
use native::NativeEmbedder;
use ports::{Embedder, ProductIndex, ProductStore};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use usecases::{CatalogueStatus, QueryEmbeddings, SearchProducts, SimilarProducts};

/// Where the products are, and what finds them.
#[derive(Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub(crate) struct EngineSettings {
    #[command(flatten)]
    pub(crate) data: DataSettings,

    #[command(flatten)]
    pub(crate) model: native::Settings,
}

/// Where the products are.
#[derive(Debug, Args)]
#[group(skip)] // As above.
pub(crate) struct DataSettings {
    /// The folder of the embedded store [default: akin in the user's data folder].
    #[arg(long, env = "AKIN_DATA", value_name = "DIR")]
    data: Option<PathBuf>,

    /// What finds the products: INDEX[+EMBEDDER].
    #[arg(long, env = "AKIN_ENGINES", value_name = "ENGINE", default_value = Engine::NAME)]
    engine: Engine,
}

/// An index and an embedder, by name. There is one so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Engine;

/// An engine, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn ProductStore>,
    pub(crate) index: Arc<dyn ProductIndex>,
    pub(crate) embedder: Arc<dyn Embedder>,
}

impl Engine {
    /// Its name.
    pub(crate) const NAME: &str = "local+native";
}

impl std::str::FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "local" | Self::NAME => Ok(Self),
            _ => Err(format!("no such engine; this build has {}", Self::NAME)),
        }
    }
}

impl DataSettings {
    /// The folder of the store.
    pub(crate) fn folder(&self) -> anyhow::Result<PathBuf> {
        let of = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty());
        let default = || {
            let data = of("XDG_DATA_HOME").map(PathBuf::from);
            let home = || Some(PathBuf::from(of("HOME")?).join(".local/share"));
            data.or_else(home).map(|folder| folder.join("akin"))
        };
        self.data.clone().or_else(default).ok_or_else(|| {
            anyhow::anyhow!("no data folder: set --data or AKIN_DATA, for HOME is not set either")
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
        // The model first: it creates nothing, so a missing one leaves no empty store behind.
        let model = self.model.clone();
        let embedder = tokio::task::spawn_blocking(move || NativeEmbedder::open(&model)).await??;
        let engine = self.data.open().await?;
        Ok(Opened {
            store: Arc::new(engine.store()),
            index: Arc::new(engine.index()),
            embedder: Arc::new(embedder),
        })
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

    fn embeddings(&self) -> QueryEmbeddings {
        QueryEmbeddings::new(self.embedder.clone(), QueryEmbeddings::DEFAULT_CAPACITY)
    }
}

/// The moment now.
pub(crate) fn now() -> Version {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Version(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
