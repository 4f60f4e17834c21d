//! The search API over the engines of the settings: what every deployment that serves it shares.

mod values;

pub use values::{limit, mebibytes, similarity};

use akin_composition::{
    Builder, Composition, CompositionError, Engine, EngineSettings, RelevanceFile,
    RelevanceSettings,
};
use akin_entities::Similarity;
use akin_http::{AnswerBudget, Api, Engines, ServedEngine, SimilarProductsDefaults};
use akin_ports::PortResult;
use clap::Args;
use std::path::PathBuf;

/// The settings of the search API and of the engines behind it.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub struct SearchApiSettings {
    /// The default limit of `/api/similar_products`.
    #[arg(long, env = "SEARCH_DEFAULT_LIMIT", default_value = "10", value_name = "N", value_parser = limit)]
    pub default_limit: usize,

    /// The default threshold of `/api/similar_products`.
    #[arg(long, env = "SEARCH_DEFAULT_THRESHOLD", default_value = "0.3", value_name = "SIMILARITY", allow_negative_numbers = true, value_parser = similarity)]
    pub default_threshold: Similarity,

    /// The memory, in MiB, for large answers that clients have not read. Further ones are answered with 503.
    #[arg(long, env = "AKIN_ANSWER_MEMORY", default_value = "256", value_name = "MIB", value_parser = mebibytes)]
    pub answer_memory: usize,

    /// Synonyms, curation and boosts.
    #[command(flatten)]
    pub relevance: RelevanceSettings,

    /// The engines, and the catalogue.
    #[command(flatten)]
    pub engine: EngineSettings,
}

/// The search API, and what was opened for it.
#[derive(Debug)]
pub struct OpenedSearchApi {
    /// The engines and the store.
    pub opened: Composition,
    /// The use cases behind the routes.
    pub api: Api,
    /// The file of relevance rules, to follow while the API is served.
    pub relevance: Option<RelevanceFile>,
}

impl SearchApiSettings {
    /// Returns a builder of the engines, to which the deployment may add its own needs.
    pub fn builder(&self) -> Builder {
        self.engine.builder().engines().queue()
    }

    /// Opens the engines, and the search API over them. Its pictures, if any, are in the folder `images`.
    pub async fn open(
        &self,
        builder: Builder,
        images: Option<PathBuf>,
    ) -> Result<OpenedSearchApi, CompositionError> {
        let relevance = self.relevance.load(self.engine.catalogue.language)?;
        let opened = builder.open().await?;
        opened.refuse_other_models().await?;
        let mut engines = opened.engines().iter().map(|engine| served(engine, relevance.as_ref()));
        let default = engines.next();
        let default = default.ok_or_else(|| CompositionError::NotOpened("an engine".to_owned()))?;
        let others = engines.collect();
        let api = Api {
            engines: Engines { default, others },
            status: opened.status()?,
            defaults: SimilarProductsDefaults {
                limit: self.default_limit,
                threshold: self.default_threshold,
            },
            answers: AnswerBudget::new(self.answer_memory.saturating_mul(1024 * 1024)),
            images,
            origins: Vec::new(),
        };
        Ok(OpenedSearchApi { opened, api, relevance })
    }
}

impl OpenedSearchApi {
    /// Reads the statistics of every index. Damage shows before the first request, which then finds
    /// everything in memory.
    pub async fn warm_up(&self) -> PortResult<()> {
        for engine in self.opened.engines() {
            engine.index.statistics().await?;
        }
        Ok(())
    }
}

/// Returns the engine as the API offers it.
fn served(engine: &Engine, relevance: Option<&RelevanceFile>) -> ServedEngine {
    let engine = engine.clone().steered_by(relevance);
    ServedEngine {
        name: engine.name.to_string(),
        search: engine.search(),
        similar: engine.similar(),
        suggest: engine.suggest(),
    }
}
