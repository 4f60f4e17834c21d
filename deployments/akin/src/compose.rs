//! The composition root: which adapter stands behind which port.

use crate::backends::{Backends, CatalogueSettings};
use crate::embedders::EmbedderSettings;
use crate::engine::{EmbedderName, Engine, IndexName, StoreName};
use crate::settings::BadSettings;
use akin_entities::Timestamp;
use akin_ports::{ChangeQueue, Embedder, ProductIndex, ProductStore};
use akin_usecases::{EmbedTarget, QueryEmbeddings, SearchProducts, SimilarProducts};
use clap::Args;
use std::sync::Arc;
use std::time::SystemTime;

/// Where the products are, and what finds them.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineSettings {
    #[command(flatten)]
    pub(crate) catalogue: CatalogueSettings,

    #[command(flatten)]
    pub(crate) embedder: EmbedderSettings,
}

/// A store and the engines over it, opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn ProductStore>,
    /// Answers who names none.
    pub(crate) first: OpenedEngine,
    pub(crate) others: Vec<OpenedEngine>,
    pub(crate) backends: Backends,
}

/// An engine, opened.
#[derive(Debug)]
pub(crate) struct OpenedEngine {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn ProductStore>,
    pub(crate) index: Arc<dyn ProductIndex>,
    pub(crate) embedder: Arc<dyn Embedder>,
}

impl EngineSettings {
    /// Opens the default engine: what answers a single question.
    pub(crate) async fn open_first(&self) -> anyhow::Result<OpenedEngine> {
        let stores = [self.catalogue.store()];
        Ok(self.open_engines(&[self.catalogue.first()], &stores).await?.first)
    }

    /// Opens every engine, and the queue of what they should embed.
    pub(crate) async fn open_with_queue(&self) -> anyhow::Result<(Opened, Arc<dyn ChangeQueue>)> {
        let stores = [self.catalogue.store(), self.catalogue.queue()];
        let opened = self.open_engines(self.catalogue.engines(), &stores).await?;
        let queue = self.catalogue.queue_of(&opened.backends)?;
        Ok((opened, queue))
    }

    async fn open_engines(
        &self,
        engines: &[Engine],
        stores: &[StoreName],
    ) -> anyhow::Result<Opened> {
        let indexes: Vec<IndexName> = engines.iter().map(|engine| engine.index).collect();
        self.check(engines, stores, &indexes)?;
        // Each takes some milliseconds, so they are opened side by side.
        let (settings, names) = (self.embedder.clone(), engines.to_vec());
        let embedders = tokio::task::spawn_blocking(move || settings.open_all(&names));
        let backends = self.catalogue.open(stores, &indexes).await?;
        let store = backends.store(self.catalogue.store())?;
        let mut opened = Vec::new();
        for (engine, embedder) in engines.iter().zip(embedders.await??) {
            let (engine, index) = (*engine, backends.index(engine.index)?);
            opened.push(OpenedEngine { engine, store: store.clone(), index, embedder });
        }
        let mut opened = opened.into_iter();
        let first = opened.next().ok_or_else(|| anyhow::anyhow!("no engine is named"))?;
        Ok(Opened { store, first, others: opened.collect(), backends })
    }

    /// Names all that is missing at once.
    fn check(
        &self,
        engines: &[Engine],
        stores: &[StoreName],
        indexes: &[IndexName],
    ) -> Result<(), BadSettings> {
        let mut problems = Vec::new();
        for engine in engines {
            problems.extend(self.embedder.problem(engine.embedder));
        }
        problems.extend(self.catalogue.problems_of(stores, indexes));
        problems.dedup();
        BadSettings::refuse(problems)
    }
}

impl Opened {
    /// What every product must be brought to: engines with one embedder share each inference.
    pub(crate) fn targets(&self) -> Vec<EmbedTarget> {
        let mut targets: Vec<(EmbedderName, EmbedTarget)> = Vec::new();
        for opened in std::iter::once(&self.first).chain(&self.others) {
            let (name, index) = (opened.engine.embedder, opened.index.clone());
            if let Some((_, target)) = targets.iter_mut().find(|(known, _)| *known == name) {
                target.indexes.push(index);
            } else {
                let embedder = opened.embedder.clone();
                targets.push((name, EmbedTarget { embedder, indexes: vec![index] }));
            }
        }
        targets.into_iter().map(|(_, target)| target).collect()
    }
}

impl OpenedEngine {
    pub(crate) fn search(&self) -> SearchProducts {
        self.search_with(self.embeddings())
    }

    pub(crate) fn similar(&self) -> SimilarProducts {
        self.similar_with(self.embeddings())
    }

    /// The engine, as a server offers it.
    pub(crate) fn serving(&self) -> akin_http::Engine {
        let embeddings = self.embeddings();
        akin_http::Engine {
            name: self.engine.to_string(),
            search: self.search_with(embeddings.clone()),
            similar: self.similar_with(embeddings),
        }
    }

    fn search_with(&self, embeddings: QueryEmbeddings) -> SearchProducts {
        SearchProducts { embeddings, index: self.index.clone(), store: self.store.clone() }
    }

    fn similar_with(&self, embeddings: QueryEmbeddings) -> SimilarProducts {
        SimilarProducts { embeddings, index: self.index.clone(), store: self.store.clone() }
    }

    fn embeddings(&self) -> QueryEmbeddings {
        QueryEmbeddings::new(self.embedder.clone(), QueryEmbeddings::DEFAULT_CAPACITY)
    }
}

/// Reads the clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
