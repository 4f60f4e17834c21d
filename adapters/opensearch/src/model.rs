//! The embedding model of the index, kept in a document whose id no product can have.

use crate::bulk::{self, BulkAction, BulkOutcome};
use crate::connection::{Request, RetryPolicy};
use crate::session::{IndexSession, Revision};
use crate::{error, schema};
use akin_entities::Fingerprint;
use akin_ports::PortResult;
use serde_json::json;
use std::time::Duration;

/// The id of the model document; a product id is never blank.
const ID: &str = " ";

/// The time that a search uses the cached model. Writes always read it.
const MAX_AGE: Duration = Duration::from_secs(5);

/// The maximum number of attempts of two writers that interrupt each other.
const MAX_ATTEMPTS: usize = 10;

/// The model document.
#[derive(Clone, Debug, Default)]
struct ModelDocument {
    model: Option<Fingerprint>,
    /// The model that a writer asks for while it checks that the index is empty.
    requested: Option<Fingerprint>,
    revision: Option<Revision>,
}

impl IndexSession {
    /// Returns the model whose embeddings are searched, from the cache if it is recent.
    pub(crate) async fn model(&self, retry: RetryPolicy) -> PortResult<Option<Fingerprint>> {
        if let Some((model, read)) = self.cached_model()
            && read.elapsed() < MAX_AGE
        {
            return Ok(model);
        }
        self.read_model(retry).await
    }

    /// Reads the model of the index. An index may have one while it holds no embeddings.
    pub(crate) async fn read_model(&self, retry: RetryPolicy) -> PortResult<Option<Fingerprint>> {
        Ok(self.read_model_document(retry).await?.model)
    }

    async fn read_model_document(&self, retry: RetryPolicy) -> PortResult<ModelDocument> {
        let document = self.fetch(&[ID], "model,wanted", retry).await?.pop();
        let document = match document {
            None => ModelDocument::default(),
            Some(document) => {
                let parse = |field| document.text(field).as_deref().and_then(Fingerprint::parse);
                let unreadable = || error::corrupt("the index does not name its model");
                ModelDocument {
                    model: Some(parse("model").ok_or_else(unreadable)?),
                    requested: parse("wanted"),
                    revision: Some(document.revision()),
                }
            }
        };
        self.cache_model(document.model.clone());
        Ok(document)
    }

    /// Sets the model of the index to `requested`, unless the index holds embeddings of another
    /// model. Returns the model that the index has afterwards.
    ///
    /// Another process may be writing the first embeddings of the current model. So the request is
    /// written first, and only then is the index checked for products: earlier writes are seen by
    /// that check, and later writers see the request in [`IndexSession::confirm_model`].
    pub(crate) async fn adopt_model(
        &self,
        requested: &Fingerprint,
    ) -> PortResult<Option<Fingerprint>> {
        for _ in 0..MAX_ATTEMPTS {
            let document = self.read_model_document(RetryPolicy::Write).await?;
            let Some(current) = document.model else {
                self.add_embedding_field(requested).await?;
                self.write_model(requested, None, None).await?;
                continue;
            };
            if current.is_compatible_with(requested) || self.holds_products().await? {
                return Ok(Some(current));
            }
            if !self.write_model(&current, Some(requested), document.revision).await? {
                continue;
            }
            let document = self.read_model_document(RetryPolicy::Write).await?;
            if document.requested.as_ref() != Some(requested) {
                continue;
            }
            if self.holds_products().await? {
                self.write_model(&current, None, document.revision).await?;
                return Ok(Some(current));
            }
            self.add_embedding_field(requested).await?;
            self.write_model(requested, None, document.revision).await?;
        }
        Err(contended())
    }

    /// Checks that the index still has the model whose embeddings were written. Returns `false` if
    /// another model replaced it before the embeddings were visible.
    pub(crate) async fn confirm_model(&self, model: &Fingerprint) -> PortResult<bool> {
        for _ in 0..MAX_ATTEMPTS {
            let document = self.read_model_document(RetryPolicy::Write).await?;
            if document.model.as_ref() != Some(model) {
                return Ok(false);
            }
            // Withdraws the request: its writer checks again, and finds the products.
            if document.requested.is_none()
                || self.write_model(model, None, document.revision).await?
            {
                return Ok(true);
            }
        }
        Err(contended())
    }

    async fn add_embedding_field(&self, model: &Fingerprint) -> PortResult<()> {
        let field = schema::embedding_mapping(model.dimension);
        let path = format!("{}/_mapping", self.alias);
        let request = Request::put(path, &field).retry(RetryPolicy::Write);
        self.connection.ask(&request).await?.into_success().map(drop)
    }

    /// Returns whether the index holds products, including those not yet searchable.
    async fn holds_products(&self) -> PortResult<bool> {
        self.make_visible().await?;
        Ok(self.count_products(None, RetryPolicy::Write).await? > 0)
    }

    /// Writes the model document. Returns `false` if it changed since `revision` was read.
    async fn write_model(
        &self,
        model: &Fingerprint,
        requested: Option<&Fingerprint>,
        revision: Option<Revision>,
    ) -> PortResult<bool> {
        let header = match revision {
            None => json!({"create": {"_id": ID}}),
            Some(Revision { sequence, term }) => {
                json!({"index": {"_id": ID, "if_seq_no": sequence, "if_primary_term": term}})
            }
        };
        let requested = requested.map(Fingerprint::to_string);
        let body = json!({"model": model.to_string(), "wanted": requested}).to_string();
        let action = BulkAction::new(ID, &header, &body);
        match bulk::send(self, &[&action]).await?.remove(ID) {
            Some(BulkOutcome::Done) => Ok(true),
            Some(BulkOutcome::Superseded) => Ok(false),
            Some(BulkOutcome::Retryable(error) | BulkOutcome::Failed(error)) => Err(error.into()),
            None => Err(bulk::missing_outcome()),
        }
    }
}

fn contended() -> akin_ports::PortError {
    error::unavailable("other processes keep changing the model of the index: try again")
}
