//! Which model made the embeddings: a document of its own says so, which no product's can be.

use crate::bulk::{self, Action, Outcome};
use crate::connection::{Request, Urgency};
use crate::index::Engine;
use crate::{error, schema};
use akin_entities::Fingerprint;
use akin_ports::PortResult;
use serde_json::json;
use std::time::{Duration, Instant};

/// The id of the document: a product's is never blank.
const ID: &str = " ";

/// How long a search believes what it knows of the model. Writers look each time.
const AGE: Duration = Duration::from_secs(5);

/// How often two writers may come between each other.
const MAX_ATTEMPTS: usize = 10;

/// What the document says, and which writing of it that is.
#[derive(Clone, Debug, Default)]
struct Said {
    model: Option<Fingerprint>,
    /// The model that somebody would rather have: it is looked whether the index is empty.
    wanted: Option<Fingerprint>,
    place: Option<(u64, u64)>,
}

/// The model, as it was read last.
pub(crate) type Known = Option<(Option<Fingerprint>, Instant)>;

impl Engine {
    /// The model whose embeddings are searched, as of a moment ago.
    pub(crate) async fn model(&self, urgency: Urgency) -> PortResult<Option<Fingerprint>> {
        if let Some((model, read)) = self.known_model()
            && read.elapsed() < AGE
        {
            return Ok(model);
        }
        self.read_model(urgency).await
    }

    /// The model that the index is for, whether it holds embeddings of it or not.
    pub(crate) async fn read_model(&self, urgency: Urgency) -> PortResult<Option<Fingerprint>> {
        Ok(self.read_said(urgency).await?.model)
    }

    async fn read_said(&self, urgency: Urgency) -> PortResult<Said> {
        let document = self.fetch(&[ID], "model,wanted", urgency).await?.pop();
        let said = match document {
            None => Said::default(),
            Some(document) => {
                let said = |field| document.text(field).as_deref().and_then(Fingerprint::parse);
                let unreadable = || error::corrupt("it does not say which model it is of");
                let model = Some(said("model").ok_or_else(unreadable)?);
                Said { model, wanted: said("wanted"), place: Some(document.place()) }
            }
        };
        self.remember_model(Some((said.model.clone(), Instant::now())));
        Ok(said)
    }

    /// Makes the index one of `wanted`, unless it holds embeddings of another model; says which
    /// model it is of then.
    ///
    /// Somebody may be writing the first embeddings of the other model: so it is said first what
    /// is wanted, and looked then whether the index is empty. Who wrote before that is seen; who
    /// writes later sees what is wanted, in [`Engine::confirm`].
    pub(crate) async fn adopt(&self, wanted: &Fingerprint) -> PortResult<Option<Fingerprint>> {
        for _ in 0..MAX_ATTEMPTS {
            let said = self.read_said(Urgency::Write).await?;
            let Some(held) = said.model.clone() else {
                self.add_field(wanted).await?;
                self.say(wanted, None, None).await?;
                continue;
            };
            if held.is_compatible_with(wanted) || self.holds_products().await? {
                return Ok(Some(held));
            }
            if !self.say(&held, Some(wanted), said.place).await? {
                continue;
            }
            let said = self.read_said(Urgency::Write).await?;
            if said.wanted.as_ref() != Some(wanted) {
                continue;
            }
            if self.holds_products().await? {
                self.say(&held, None, said.place).await?;
                return Ok(Some(held));
            }
            self.add_field(wanted).await?;
            self.say(wanted, None, said.place).await?;
        }
        Err(error::unavailable("others change the index's model all the time: try again"))
    }

    /// Makes sure that the index is still of the model whose embeddings were written; `false` if
    /// another took its place before they were there.
    pub(crate) async fn confirm(&self, model: &Fingerprint) -> PortResult<bool> {
        for _ in 0..MAX_ATTEMPTS {
            let said = self.read_said(Urgency::Write).await?;
            if said.model.as_ref() != Some(model) {
                return Ok(false);
            }
            // Whoever wants another model looks again, and finds what was written.
            if said.wanted.is_none() || self.say(model, None, said.place).await? {
                return Ok(true);
            }
        }
        Err(error::unavailable("others change the index's model all the time: try again"))
    }

    async fn add_field(&self, model: &Fingerprint) -> PortResult<()> {
        let field = schema::embeddings(model.dimension);
        let path = format!("{}/_mapping", self.alias);
        let request = Request::put(path, &field).urgency(Urgency::Write);
        self.connection.ask(&request).await?.accepted().map(drop)
    }

    /// Also those that no search sees yet.
    async fn holds_products(&self) -> PortResult<bool> {
        self.make_visible().await?;
        Ok(self.count_products(None, Urgency::Write).await? > 0)
    }

    /// Says it, unless somebody else said something after `place` was read: `false`.
    async fn say(
        &self,
        model: &Fingerprint,
        wanted: Option<&Fingerprint>,
        place: Option<(u64, u64)>,
    ) -> PortResult<bool> {
        let header = match place {
            None => json!({"create": {"_id": ID}}),
            Some((number, term)) => {
                json!({"index": {"_id": ID, "if_seq_no": number, "if_primary_term": term}})
            }
        };
        let wanted = wanted.map(Fingerprint::to_string);
        let body = json!({"model": model.to_string(), "wanted": wanted}).to_string();
        let action = Action::new(ID, &header, &body);
        match bulk::send(self, &[&action]).await?.remove(ID) {
            Some(Outcome::Done) => Ok(true),
            Some(Outcome::Late) => Ok(false),
            Some(Outcome::Again(error) | Outcome::Failed(error)) => Err(error.into()),
            None => Err(error::corrupt("it does not say what became of a document")),
        }
    }
}
