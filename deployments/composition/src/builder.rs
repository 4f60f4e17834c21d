//! The composition root: opens the adapters that a role needs and hands them to use cases.

use crate::backends::{Backends, Needs};
use crate::engine::{Engine, blocking_threads, renew_analysis};
use crate::secrets::AwsSecrets;
use crate::unused::warn_of_unused_servers;
use crate::{
    BadSettings, CatalogueSettings, CompositionError, EmbedderName, EmbedderSettings, EngineName,
    IndexName, QueueName, SecretSource, StoreName,
};
use akin_ports::{ChangeQueue, DeadLetters, ProductIndex, ProductStore, RunLog, ensure_same_model};
use akin_usecases::{
    CatalogueStatus, CurrentRelevance, EmbedTarget, EmptyStore, QueryEmbeddings, RegisterIndexes,
    RenewAnalysis,
};
use clap::Args;
use std::fmt;
use std::sync::Arc;

/// The settings of a deployment that searches or embeds.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Engine")]
pub struct EngineSettings {
    /// Stores, queues and indexes.
    #[command(flatten)]
    pub catalogue: CatalogueSettings,

    /// Embedders.
    #[command(flatten)]
    pub embedder: EmbedderSettings,
}

/// Opens the parts that a role names, and nothing else.
///
/// Settings are checked, all at once, only for those parts.
pub struct Builder {
    catalogue: CatalogueSettings,
    embedder: Option<EmbedderSettings>,
    secrets: Arc<dyn SecretSource>,
    needs: Needs,
    engines: Vec<EngineName>,
    /// True if these are all engines of the settings, and so all that servers are set for.
    every_engine: bool,
    problems: Vec<String>,
}

/// The parts that a [`Builder`] opened.
#[derive(Debug)]
pub struct Composition {
    catalogue: CatalogueSettings,
    backends: Backends,
    engines: Vec<Engine>,
}

impl CatalogueSettings {
    /// Returns a builder of stores, queues and indexes. It opens no engines.
    pub fn builder(&self) -> Builder {
        Builder {
            catalogue: self.clone(),
            embedder: None,
            secrets: Arc::new(AwsSecrets::new(self.aws.clone())),
            needs: Needs::default(),
            engines: Vec::new(),
            every_engine: false,
            problems: Vec::new(),
        }
    }
}

impl EngineSettings {
    /// Returns a builder of stores, queues, indexes and engines.
    pub fn builder(&self) -> Builder {
        Builder { embedder: Some(self.embedder.clone()), ..self.catalogue.builder() }
    }

    /// Opens the default engine alone, to answer searches over a catalogue that exists.
    pub async fn open_first_engine(&self) -> Result<Engine, CompositionError> {
        let engine = self.catalogue.first_engine();
        let composition = self.builder().existing().only_reads().engine(engine).open().await?;
        let mut engines = composition.engines;
        engines.pop().ok_or_else(|| CompositionError::NotOpened(engine.to_string()))
    }

    /// Opens every engine that the settings name, to answer searches over a catalogue that exists.
    pub async fn open_engines(&self) -> Result<Vec<Engine>, CompositionError> {
        Ok(self.builder().existing().only_reads().engines().open().await?.engines)
    }
}

impl Builder {
    /// Fetches credentials from `source` where settings name secrets; from AWS Secrets Manager by
    /// default.
    #[must_use]
    pub fn secrets(mut self, source: Arc<dyn SecretSource>) -> Self {
        self.secrets = source;
        self
    }

    /// Requires that the store of the settings exists. Indexes may be created.
    #[must_use]
    pub fn existing_store(mut self) -> Self {
        self.needs.existing_indexes.push(match self.catalogue.store() {
            StoreName::Local => IndexName::Local,
            StoreName::Postgres => IndexName::Postgres,
        });
        self
    }

    /// Requires that the catalogue exists, and creates nothing: for roles that only read.
    #[must_use]
    pub fn existing(mut self) -> Self {
        self.needs.existing = true;
        self
    }

    /// Connects to a read replica where a secret names one: for roles that only search.
    #[must_use]
    pub fn only_reads(mut self) -> Self {
        self.needs.only_reads = true;
        self
    }

    /// Reports problems that the caller found together with those of the settings.
    #[must_use]
    pub fn problems_besides(mut self, problems: impl IntoIterator<Item = String>) -> Self {
        self.problems.extend(problems);
        self
    }

    /// Opens the store and the log of its runs.
    #[must_use]
    pub fn store(mut self) -> Self {
        self.needs.stores.push(self.catalogue.store());
        self
    }

    /// Opens a store that need not be the one of the settings.
    #[must_use]
    pub fn store_named(mut self, name: StoreName) -> Self {
        self.needs.stores.push(name);
        self
    }

    /// Opens the queue.
    #[must_use]
    pub fn queue(self) -> Self {
        let name = self.catalogue.queue();
        self.queue_named(name)
    }

    /// Opens a queue that need not be the one of the settings.
    #[must_use]
    pub fn queue_named(mut self, name: QueueName) -> Self {
        self.needs.stores.extend(name.store());
        self.needs.sqs |= name == QueueName::Sqs;
        self
    }

    /// Opens an index without an embedder.
    #[must_use]
    pub fn index(mut self, name: IndexName) -> Self {
        self.needs.indexes.push(name);
        self
    }

    /// Opens an index without an embedder, and requires that it exists.
    #[must_use]
    pub fn existing_index(mut self, name: IndexName) -> Self {
        self.needs.existing_indexes.push(name);
        self.index(name)
    }

    /// Opens an engine, and the store of its products.
    #[must_use]
    pub fn engine(mut self, name: EngineName) -> Self {
        self.engines.push(name);
        self.index(name.index).store()
    }

    /// Opens every engine that the settings name, and the store of their products.
    #[must_use]
    pub fn engines(mut self) -> Self {
        self.every_engine = true;
        let names = self.catalogue.engines.clone();
        names.into_iter().fold(self, Self::engine)
    }

    /// Resolves secrets, checks the settings of all parts, then opens the parts.
    pub async fn open(mut self) -> Result<Composition, CompositionError> {
        self.check().await?;
        self.open_parts().await
    }

    /// Opens the store alone, and creates nothing. Without a catalogue, returns an empty store.
    pub async fn open_store_or_empty(self) -> Result<Arc<dyn ProductStore>, CompositionError> {
        let mut builder = self.existing().store();
        builder.check().await?;
        if !builder.catalogue.exists().await? {
            return Ok(Arc::new(EmptyStore));
        }
        builder.open_parts().await?.store()
    }

    /// Resolves secrets and checks the settings of all parts.
    async fn check(&mut self) -> Result<(), CompositionError> {
        let resolved = self.catalogue.resolve(&self.needs, &self.secrets).await;
        let Err(error) = resolved else { return Ok(BadSettings::refuse(self.problems())?) };
        // What a server lacks is in its secret; the other problems are known already.
        let mut problems = self.problems.clone();
        problems.extend(self.embedder_problems());
        if problems.is_empty() {
            return Err(error);
        }
        match error {
            CompositionError::Settings(BadSettings(others)) => problems.extend(others),
            CompositionError::Port(error) => problems.push(error.report()),
            error => return Err(error),
        }
        Err(BadSettings(problems).into())
    }

    async fn open_parts(self) -> Result<Composition, CompositionError> {
        let Self { catalogue, embedder, needs, engines: names, every_engine, .. } = self;
        if every_engine {
            warn_of_unused_servers(&names, &needs.stores);
        }
        // Each takes milliseconds, so models and stores are opened side by side.
        let (engine_names, aws) = (names.clone(), catalogue.aws.clone());
        let embedders = tokio::task::spawn_blocking(move || {
            embedder.map_or(Ok(Vec::new()), |settings| settings.open_all(&engine_names, &aws))
        });
        let backends = catalogue.open(&needs).await?;
        let mut engines = Vec::new();
        for (name, embedder) in names.into_iter().zip(embedders.await??) {
            let (store, index) = (backends.store(catalogue.store())?, backends.index(name.index)?);
            let embeddings =
                QueryEmbeddings::new(embedder.clone(), QueryEmbeddings::DEFAULT_CAPACITY)
                    .with_floors_of_model();
            let language = catalogue.language;
            let relevance = CurrentRelevance::default();
            let engine = Engine { name, store, index, embedder, embeddings, language, relevance };
            engine.match_analysis().await?;
            engines.push(engine);
        }
        Ok(Composition { catalogue, backends, engines })
    }

    /// Returns everything that is missing or wrong.
    fn problems(&self) -> Vec<String> {
        let mut problems = self.problems.clone();
        problems.extend(self.embedder_problems());
        problems.extend(self.catalogue.problems(&self.needs));
        problems.dedup();
        problems
    }

    /// Returns what is missing or wrong of the engines' embedders.
    fn embedder_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for engine in &self.engines {
            match &self.embedder {
                Some(embedder) => problems.extend(embedder.problems(engine.embedder)),
                None => problems.push(format!("{engine} needs an embedder, which has no settings")),
            }
        }
        problems
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needs, engines, .. } = self;
        f.debug_struct("Builder").field("needs", needs).field("engines", engines).finish()
    }
}

impl Composition {
    /// Returns the store of the products.
    pub fn store(&self) -> Result<Arc<dyn ProductStore>, CompositionError> {
        self.backends.store(self.catalogue.store())
    }

    /// Returns a store by its name.
    pub fn store_named(&self, name: StoreName) -> Result<Arc<dyn ProductStore>, CompositionError> {
        self.backends.store(name)
    }

    /// Returns the queue of changes.
    pub fn queue(&self) -> Result<Arc<dyn ChangeQueue>, CompositionError> {
        self.backends.queue(self.catalogue.queue(), self.catalogue.queue_lease)
    }

    /// Returns a queue by its name.
    pub fn queue_named(&self, name: QueueName) -> Result<Arc<dyn ChangeQueue>, CompositionError> {
        self.backends.queue(name, self.catalogue.queue_lease)
    }

    /// Returns the dead letters of the queue.
    pub fn dead_letters(&self) -> Result<Arc<dyn DeadLetters>, CompositionError> {
        self.backends.dead_letters(self.catalogue.queue(), self.catalogue.queue_lease)
    }

    /// Returns the log of the runs that filled the store.
    pub fn runs(&self) -> Result<Arc<dyn RunLog>, CompositionError> {
        self.backends.runs(self.catalogue.store())
    }

    /// Returns the log of a store's runs by the name of the store.
    pub fn runs_named(&self, name: StoreName) -> Result<Arc<dyn RunLog>, CompositionError> {
        self.backends.runs(name)
    }

    /// Returns an index.
    pub fn index(&self, name: IndexName) -> Result<Arc<dyn ProductIndex>, CompositionError> {
        self.backends.index(name)
    }

    /// Refuses engines whose index holds embeddings of another model. An index that does not answer is
    /// left to whatever uses it.
    pub async fn refuse_other_models(&self) -> Result<(), CompositionError> {
        for engine in &self.engines {
            if let Ok(Some(held)) = engine.index.fingerprint().await {
                ensure_same_model("index", &held, engine.embedder.fingerprint())?;
            }
        }
        Ok(())
    }

    /// Returns the use case that reports the state of the catalogue; it needs the store and the queue.
    pub fn status(&self) -> Result<CatalogueStatus, CompositionError> {
        Ok(CatalogueStatus { store: self.store()?, queue: self.queue()?, runs: self.runs()? })
    }

    /// Returns the engines in the order of the settings, the default one first.
    pub fn engines(&self) -> &[Engine] {
        &self.engines
    }

    /// Returns the targets of embedding. Engines with one embedder share each inference.
    pub fn targets(&self) -> Vec<EmbedTarget> {
        let mut targets: Vec<(EmbedderName, EmbedTarget)> = Vec::new();
        for engine in &self.engines {
            let (name, index) = (engine.name.embedder, engine.index.clone());
            if let Some((_, target)) = targets.iter_mut().find(|(known, _)| *known == name) {
                target.indexes.push(index);
            } else {
                let embedder = engine.embedder.clone();
                let (indexes, background) = (vec![index], blocking_threads());
                let language = engine.language;
                targets.push((name, EmbedTarget { embedder, indexes, background, language }));
            }
        }
        targets.into_iter().map(|(_, target)| target).collect()
    }

    /// Returns the use case that registers the indexes of all engines at the store; it comes before
    /// everything that embeds.
    pub fn register_indexes(&self) -> Result<RegisterIndexes, CompositionError> {
        Ok(RegisterIndexes { store: self.store()?, targets: self.targets() })
    }

    /// Returns the use case that analyzes the texts in an index anew.
    pub fn renew_analysis(&self, name: IndexName) -> Result<RenewAnalysis, CompositionError> {
        Ok(renew_analysis(self.store()?, self.index(name)?, self.catalogue.language))
    }

    /// Checks the integrity of the whole embedded store, if it was opened.
    pub async fn check(&self) -> Result<(), CompositionError> {
        self.backends.check().await
    }

    /// Makes writes visible and brings searches to full speed, for this process and the next.
    pub async fn optimize(&self) -> Result<(), CompositionError> {
        self.backends.optimize().await
    }
}
