//! An engine: what answers searches, opened.

use crate::{CompositionError, EngineName, IndexName, RelevanceFile};
use akin_entities::Language;
use akin_ports::{Embedder, ErrorKind, ProductIndex, ProductStore};
use akin_usecases::{
    Background, CurrentRelevance, QueryEmbeddings, RenewAnalysis, SearchProducts, SimilarProducts,
    Suggest, ensure_same_analysis,
};
use std::sync::Arc;

/// An embedder and an index over the products of a store.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The name in settings.
    pub name: EngineName,
    /// The products.
    pub store: Arc<dyn ProductStore>,
    /// Finds the products.
    pub index: Arc<dyn ProductIndex>,
    /// Embeds products.
    pub embedder: Arc<dyn Embedder>,
    /// Embeds queries; shared by the engine's use cases.
    pub(crate) embeddings: QueryEmbeddings,
    /// The language of the products' texts.
    pub(crate) language: Language,
    /// The rules of the shop, none by default.
    pub(crate) relevance: CurrentRelevance,
}

impl Engine {
    /// Analyzes the texts of an embedded index anew if it has another analysis than queries, and refuses
    /// one on a server: there, other processes search it. An index that does not answer is left to
    /// whatever uses it.
    pub(crate) async fn match_analysis(&self) -> Result<(), CompositionError> {
        if self.name.index != IndexName::Local {
            return match ensure_same_analysis(&*self.index, self.language).await {
                Err(error) if error.kind == ErrorKind::Misconfigured => Err(error.into()),
                _ => Ok(()),
            };
        }
        let (store, index) = (self.store.clone(), self.index.clone());
        let renew = renew_analysis(store, index, self.language);
        if renew.is_needed().await? {
            tracing::info!("the analysis of words changed: the texts are analyzed anew");
            let products = renew.run(&|_| ()).await?;
            tracing::info!(products, "the texts were analyzed anew");
        }
        Ok(())
    }

    /// Returns the use case that searches.
    pub fn search(&self) -> SearchProducts {
        SearchProducts {
            embeddings: self.embeddings.clone(),
            index: self.index.clone(),
            store: self.store.clone(),
            background: blocking_threads(),
            language: self.language,
            relevance: self.relevance.clone(),
        }
    }

    /// Returns the engine with the rules of `file`, if there is one.
    #[must_use]
    pub fn steered_by(self, file: Option<&RelevanceFile>) -> Self {
        let relevance = file.map(|file| file.current().clone()).unwrap_or_default();
        Self { relevance, ..self }
    }

    /// Returns the use case that suggests what a shopper may be typing. It counts the values of the
    /// catalogue at its first run.
    pub fn suggest(&self) -> Suggest {
        let relevance = self.relevance.clone();
        Suggest::new(self.index.clone(), self.store.clone(), self.language, relevance)
    }

    /// Returns the use case that finds similar products.
    pub fn similar(&self) -> SimilarProducts {
        SimilarProducts {
            embeddings: self.embeddings.clone(),
            index: self.index.clone(),
            store: self.store.clone(),
            relevance: self.relevance.clone(),
        }
    }
}

/// Returns the use case that analyzes the texts in `index` anew.
pub(crate) fn renew_analysis(
    store: Arc<dyn ProductStore>,
    index: Arc<dyn ProductIndex>,
    language: Language,
) -> RenewAnalysis {
    RenewAnalysis { store, index, background: blocking_threads(), language }
}

/// Returns the threads for computations that would keep others waiting.
pub(crate) fn blocking_threads() -> Background {
    Background::new(|work| drop(tokio::task::spawn_blocking(work)))
}
