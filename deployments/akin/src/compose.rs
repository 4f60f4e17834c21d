//! The composition root: which adapter stands behind which port.

use crate::settings::BadSettings;
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
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineSettings {
    #[command(flatten)]
    pub(crate) data: DataSettings,

    #[command(flatten)]
    pub(crate) model: native::Settings,
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
    /// What stands behind the store and the index.
    pub(crate) local: LocalEngine,
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
        // Each takes some milliseconds, so they are opened side by side.
        let model = self.model.clone();
        let embedder = tokio::task::spawn_blocking(move || NativeEmbedder::open(&model));
        let engine = self.data.open().await?;
        let embedder = embedder.await??;
        Ok(Opened {
            store: Arc::new(engine.store()),
            index: Arc::new(engine.index()),
            embedder: Arc::new(embedder),
            local: engine,
        })
    }

    /// Names all that is missing at once.
    fn check(&self) -> Result<(), BadSettings> {
        let mut problems = Vec::new();
        problems.extend(self.model.find_model().err().map(|error| error.to_string()));
        problems.extend(self.data.folder().err().into_iter().flat_map(|BadSettings(all)| all));
        if problems.is_empty() { Ok(()) } else { Err(BadSettings(problems)) }
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
