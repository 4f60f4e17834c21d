//! The technologies behind stores, queues and indexes. Each is opened once, and only if needed.

use crate::credentials::{fill_opensearch, fill_postgres};
use crate::names::{EngineName, IndexName, QueueName, StoreName};
use crate::secrets::{AwsSecrets, SecretNames};
use crate::settings::{BadSettings, seconds};
use crate::{CompositionError, SecretSource, aws, cryptography};
use akin_entities::Language;
use akin_local::{LocalEngine, LocalOptions};
use akin_opensearch::OpenSearchIndex;
use akin_ports::{ChangeQueue, DeadLetters, ProductIndex, ProductStore, RunLog};
use akin_postgres::PostgresEngine;
use akin_sqs::SqsQueue;
use clap::Args;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The settings of stores, queues and indexes.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
#[command(next_help_heading = "Engine")]
pub struct CatalogueSettings {
    /// The embedded store.
    #[command(flatten)]
    pub local: akin_local::Settings,

    /// The engine that finds products, INDEX[+EMBEDDER]. Repeat it, or separate several by commas;
    /// the first is the default.
    #[arg(long = "engine", env = "AKIN_ENGINES", value_name = "ENGINE", value_delimiter = ',',
        default_value = "local", value_parser = EngineName::parser())]
    pub engines: Vec<EngineName>,

    /// The language of the products' texts, by name or ISO 639-1 code, for stems and stop words; `any` for
    /// none or several. A new language is applied when the catalogue is opened, and on servers by `akin
    /// migrate`.
    #[arg(long, env = "AKIN_LANGUAGE", default_value = "english", value_name = "LANGUAGE")]
    pub language: Language,

    /// The store of the products [default: that of the first engine's index, else the embedded one].
    #[arg(long, env = "AKIN_STORE", value_name = "STORE", hide_short_help = true)]
    pub store: Option<StoreName>,

    /// The queue of changes for workers [default: a table of the store].
    #[arg(long, env = "AKIN_QUEUE", value_name = "QUEUE", hide_short_help = true)]
    pub queue: Option<QueueName>,

    /// How long a worker holds a message without renewing it before another worker may take it.
    #[arg(long, env = "AKIN_QUEUE_LEASE", default_value = "60", value_name = "SECONDS",
        value_parser = seconds, hide_short_help = true)]
    pub queue_lease: Duration,

    #[command(flatten)]
    secrets: SecretNames,

    /// The Postgres server.
    #[command(flatten)]
    pub postgres: akin_postgres::Settings,

    /// The OpenSearch server.
    #[command(flatten)]
    pub opensearch: akin_opensearch::Settings,

    /// The queue in SQS.
    #[command(flatten)]
    pub sqs: akin_sqs::Settings,

    /// Calls to AWS services.
    #[command(flatten)]
    pub aws: aws_client::Settings,
}

/// The stores and indexes that a role needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) stores: Vec<StoreName>,
    pub(crate) indexes: Vec<IndexName>,
    pub(crate) sqs: bool,
    /// Nothing is written, so that a replica does.
    pub(crate) only_reads: bool,
    /// All of it must exist; nothing is created.
    pub(crate) existing: bool,
    /// The indexes that must exist, with the stores of their technologies.
    pub(crate) existing_indexes: Vec<IndexName>,
}

/// The technologies that were opened.
#[derive(Debug, Default)]
pub(crate) struct Backends {
    local: Option<LocalEngine>,
    postgres: Option<PostgresEngine>,
    opensearch: Option<OpenSearchIndex>,
    sqs: Option<SqsQueue>,
}

impl CatalogueSettings {
    /// Returns the default engine.
    pub fn first_engine(&self) -> EngineName {
        self.engines.first().copied().unwrap_or(EngineName::DEFAULT)
    }

    /// Returns the store of the products.
    pub fn store(&self) -> StoreName {
        self.store.or_else(|| self.first_engine().index.own_store()).unwrap_or(StoreName::Local)
    }

    /// Returns what messages call the catalogue.
    pub fn described(&self) -> String {
        match (self.store(), self.local.folder()) {
            (StoreName::Local, Some(folder)) => format!("the catalogue in {}", folder.display()),
            _ => "the catalogue".to_owned(),
        }
    }

    /// Returns the queue of changes.
    pub fn queue(&self) -> QueueName {
        self.queue.unwrap_or_else(|| self.store().own_queue())
    }

    /// Returns the problems of the settings that `needs` makes relevant.
    pub(crate) fn problems(&self, needs: &Needs) -> Vec<String> {
        let mut problems = Vec::new();
        for (place, engine) in self.engines.iter().enumerate() {
            if self.engines[..place].contains(engine) {
                problems.push(format!("--engine (AKIN_ENGINES) names {engine} twice"));
            }
        }
        if needs.local() {
            problems.extend(self.local.problems());
        }
        if needs.postgres() {
            let missing = self.postgres.problems().into_iter();
            problems.extend(missing.map(|problem| self.secrets.of_postgres(problem)));
        }
        if needs.opensearch() {
            let missing = self.opensearch.problems().into_iter();
            problems.extend(missing.map(|problem| self.secrets.of_opensearch(problem)));
        }
        if needs.sqs {
            problems.extend(self.sqs.problems());
        }
        problems
    }

    /// Fills settings of the servers that are needed from the secrets that name them.
    pub(crate) async fn resolve(
        &mut self,
        needs: &Needs,
        source: &Arc<dyn SecretSource>,
    ) -> Result<(), CompositionError> {
        if needs.postgres() {
            let only_reads = needs.only_reads;
            fill_postgres(&mut self.postgres, &self.secrets, source, only_reads).await?;
        }
        if needs.opensearch() {
            fill_opensearch(&mut self.opensearch, &self.secrets, source).await?;
        }
        Ok(())
    }

    /// Fills the settings of all servers from the secrets that name them, for what connects to servers
    /// by itself.
    pub async fn fill_from_secrets(&mut self) -> Result<(), CompositionError> {
        let source: Arc<dyn SecretSource> = Arc::new(AwsSecrets::new(self.aws.clone()));
        fill_postgres(&mut self.postgres, &self.secrets, &source, false).await?;
        fill_opensearch(&mut self.opensearch, &self.secrets, &source).await
    }

    /// Returns whether the store holds a catalogue. Creates nothing.
    pub(crate) async fn exists(&self) -> Result<bool, CompositionError> {
        Ok(match self.store() {
            StoreName::Local => {
                self.local.folder().is_some_and(|folder| LocalEngine::exists(&folder))
            }
            StoreName::Postgres => {
                cryptography::install();
                PostgresEngine::exists(&self.postgres).await?
            }
        })
    }

    /// Opens the technologies that `needs` names.
    pub(crate) async fn open(&self, needs: &Needs) -> Result<Backends, CompositionError> {
        let mut backends = Backends::default();
        if needs.local() {
            let folder = self.local.folder().ok_or_else(|| BadSettings(self.local.problems()))?;
            if needs.must_exist(IndexName::Local) && !LocalEngine::exists(&folder) {
                return Err(no_catalogue(&folder).into());
            }
            let options = LocalOptions { clock: crate::now, ..LocalOptions::default() };
            let open = move || LocalEngine::open(&folder, options);
            backends.local = Some(tokio::task::spawn_blocking(open).await??);
        }
        if needs.postgres() || needs.opensearch() {
            cryptography::install();
        }
        if needs.postgres() {
            let postgres = &self.postgres;
            backends.postgres = Some(if needs.must_exist(IndexName::Postgres) {
                PostgresEngine::open_existing(postgres).await?
            } else {
                PostgresEngine::open(postgres).await?
            });
        }
        if needs.opensearch() {
            let opensearch = &self.opensearch;
            backends.opensearch = Some(if needs.must_exist(IndexName::OpenSearch) {
                OpenSearchIndex::open_existing(opensearch).await?
            } else {
                OpenSearchIndex::open(opensearch).await?
            });
        }
        if needs.sqs {
            let config = aws::config(&self.aws).await?;
            backends.sqs = Some(SqsQueue::new(&config, &self.aws, &self.sqs, self.queue_lease)?);
        }
        Ok(backends)
    }
}

impl Needs {
    fn local(&self) -> bool {
        self.stores.contains(&StoreName::Local) || self.indexes.contains(&IndexName::Local)
    }

    fn postgres(&self) -> bool {
        self.stores.contains(&StoreName::Postgres) || self.indexes.contains(&IndexName::Postgres)
    }

    /// Returns whether the technology of this index must hold a catalogue already.
    fn must_exist(&self, index: IndexName) -> bool {
        self.existing || self.existing_indexes.contains(&index)
    }

    fn opensearch(&self) -> bool {
        self.indexes.contains(&IndexName::OpenSearch)
    }
}

impl Backends {
    pub(crate) fn store(&self, name: StoreName) -> Result<Arc<dyn ProductStore>, CompositionError> {
        Ok(match name {
            StoreName::Local => Arc::new(self.local()?.store()),
            StoreName::Postgres => Arc::new(self.postgres()?.store()),
        })
    }

    pub(crate) fn queue(
        &self,
        name: QueueName,
        lease: Duration,
    ) -> Result<Arc<dyn ChangeQueue>, CompositionError> {
        Ok(match name {
            QueueName::Local => Arc::new(self.local()?.queue(lease)),
            QueueName::Postgres => Arc::new(self.postgres()?.queue(lease)),
            QueueName::Sqs => Arc::new(self.sqs()?.clone()),
        })
    }

    pub(crate) fn dead_letters(
        &self,
        name: QueueName,
        lease: Duration,
    ) -> Result<Arc<dyn DeadLetters>, CompositionError> {
        Ok(match name {
            QueueName::Local => Arc::new(self.local()?.queue(lease)),
            QueueName::Postgres => Arc::new(self.postgres()?.queue(lease)),
            QueueName::Sqs => Arc::new(self.sqs()?.clone()),
        })
    }

    /// Returns the log of the runs that filled the store.
    pub(crate) fn runs(&self, name: StoreName) -> Result<Arc<dyn RunLog>, CompositionError> {
        Ok(match name {
            StoreName::Local => Arc::new(self.local()?.runs()),
            StoreName::Postgres => Arc::new(self.postgres()?.runs()),
        })
    }

    pub(crate) fn index(&self, name: IndexName) -> Result<Arc<dyn ProductIndex>, CompositionError> {
        Ok(match name {
            IndexName::Local => Arc::new(self.local()?.index()),
            IndexName::Postgres => Arc::new(self.postgres()?.index()),
            IndexName::OpenSearch => {
                let opensearch = self.opensearch.as_ref();
                Arc::new(opensearch.ok_or_else(|| not_opened("OpenSearch"))?.clone())
            }
        })
    }

    /// Makes writes visible and brings searches to full speed, for this process and the next.
    pub(crate) async fn optimize(&self) -> Result<(), CompositionError> {
        if let Some(local) = &self.local {
            local.optimize().await?;
        }
        if let Some(postgres) = &self.postgres {
            postgres.optimize().await?;
        }
        if let Some(opensearch) = &self.opensearch {
            opensearch.refresh().await?;
        }
        Ok(())
    }

    /// Checks the integrity of the embedded store, if it is open.
    pub(crate) async fn check(&self) -> Result<(), CompositionError> {
        match &self.local {
            Some(local) => Ok(local.check().await?),
            None => Ok(()),
        }
    }

    fn local(&self) -> Result<&LocalEngine, CompositionError> {
        self.local.as_ref().ok_or_else(|| not_opened("the embedded store"))
    }

    fn postgres(&self) -> Result<&PostgresEngine, CompositionError> {
        self.postgres.as_ref().ok_or_else(|| not_opened("Postgres"))
    }

    fn sqs(&self) -> Result<&SqsQueue, CompositionError> {
        self.sqs.as_ref().ok_or_else(|| not_opened("the SQS queue"))
    }
}

fn no_catalogue(folder: &Path) -> BadSettings {
    BadSettings(vec![format!(
        "there is no catalogue in {}: `akin ingest FEED` creates one; --data (AKIN_DATA) selects \
         another folder",
        folder.display()
    )])
}

fn not_opened(name: &str) -> CompositionError {
    CompositionError::NotOpened(name.to_owned())
}
