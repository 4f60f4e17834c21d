//! Writes and removes products.

use crate::bulk::{self, BulkAction};
use crate::connection::RetryPolicy;
use crate::document::{LengthTotals, StoredEmbedding, TermCounts, document};
use crate::session::IndexSession;
use crate::{aggregations, error, get, schema};
use akin_entities::{Change, Fingerprint, ProductId, TextHash, Version, newest_of_each};
use akin_ports::{EntryEmbedding, Failures, IndexEntry, IndexedState, PortResult};
use serde_json::json;
use serde_json::value::to_raw_value;
use std::collections::HashMap;

impl IndexSession {
    /// See [`akin_ports::ProductIndex::upsert`].
    pub(crate) async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        let mut failures = Failures::new();
        let entries = newest_of_each(entries, |entry| (&entry.id, entry.version));
        if entries.is_empty() {
            return Ok(failures);
        }
        let (model, entries) = self.admit(entries, &mut failures).await?;
        let mut kept = self.kept_embeddings(model.as_ref(), &entries).await?;
        let mut writes = Vec::new();
        for entry in entries {
            match entry_embedding(entry, &mut kept)? {
                KeptEmbedding::Known(embedding) => {
                    writes.push((entry, TermCounts::new(&entry.text), embedding));
                }
                KeptEmbedding::Late => {}
                KeptEmbedding::Unknown => {
                    let what = "the index holds no embedding of this product";
                    failures.insert(entry.id.clone(), error::refused(what));
                }
            }
        }
        let lengths = self.lengths_with(writes.iter().map(|(_, counts, _)| counts)).await?;
        let mut actions = Vec::new();
        for (entry, counts, embedding) in &writes {
            let body = document(entry, counts, embedding, &lengths).map_err(unwritable)?;
            actions.push(write_action(&entry.id, entry.version, &body));
        }
        bulk::perform(self, &actions, &mut failures).await?;
        if let Some(model) = model.filter(|_| !actions.is_empty())
            && !self.confirm_model(&model).await?
        {
            for (entry, ..) in writes {
                let what = format!("another model replaced {model} while this was written");
                failures.insert(entry.id.clone(), error::refused(what));
            }
        }
        Ok(failures)
    }

    /// See [`akin_ports::ProductIndex::remove`]. An empty document stays to keep the version: the
    /// server forgets the versions of deleted documents after a minute.
    pub(crate) async fn remove(&self, changes: &[Change]) -> PortResult<Failures> {
        let mut failures = Failures::new();
        let mut actions = Vec::new();
        for change in newest_of_each(changes, |change| (&change.id, change.version)) {
            if check_version(change.version, &change.id, &mut failures) {
                actions.push(write_action(&change.id, change.version, r#"{"removed":true}"#));
            }
        }
        bulk::perform(self, &actions, &mut failures).await?;
        Ok(failures)
    }

    /// See [`akin_ports::ProductIndex::states`].
    pub(crate) async fn states(
        &self,
        ids: &[ProductId],
    ) -> PortResult<HashMap<ProductId, IndexedState>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let model = self.model(RetryPolicy::Write).await?.map(|model| model.to_string());
        let ids: Vec<_> = ids.iter().map(ProductId::as_str).collect();
        let mut known = HashMap::new();
        for document in self.fetch(&ids, "text_hash,fingerprint", RetryPolicy::Write).await? {
            let current = document.text("fingerprint").filter(|held| Some(held) == model.as_ref());
            let text_hash = current.and_then(|_| get::parse_hash(&document.text("text_hash")?));
            let version = Version(document.version());
            known.insert(document.id()?, IndexedState { version, text_hash });
        }
        Ok(known)
    }

    /// Returns the entries that match the model of the index. An empty index takes the model of the
    /// first entry.
    async fn admit<'a>(
        &self,
        entries: Vec<&'a IndexEntry>,
        failures: &mut Failures,
    ) -> PortResult<(Option<Fingerprint>, Vec<&'a IndexEntry>)> {
        let mut model = self.read_model(RetryPolicy::Write).await?;
        let mut adopted = false;
        let mut admitted = Vec::new();
        for entry in entries {
            if !check_version(entry.version, &entry.id, failures) {
                continue;
            }
            let EntryEmbedding::Computed { embedding, fingerprint, .. } = &entry.embedding else {
                admitted.push(entry);
                continue;
            };
            if let Err(error) = check_dimension(embedding.as_slice().len(), fingerprint) {
                failures.insert(entry.id.clone(), error);
                continue;
            }
            let fits = |held: &Option<Fingerprint>| {
                held.as_ref().is_some_and(|held| held.is_compatible_with(fingerprint))
            };
            if !fits(&model) && !adopted {
                model = self.adopt_model(fingerprint).await?;
            }
            adopted = true;
            if fits(&model) {
                admitted.push(entry);
            } else {
                let held = model.as_ref().map(Fingerprint::to_string).unwrap_or_default();
                let what = format!("the index holds embeddings of {held}, not of {fingerprint}");
                failures.insert(entry.id.clone(), error::refused(what));
            }
        }
        Ok((model, admitted))
    }

    /// Reads the embeddings of the products whose entries leave them unchanged.
    ///
    /// They are written back with a version check: if another writer intervenes, the newer of the
    /// two documents stays, with the embedding that belongs to its text.
    async fn kept_embeddings(
        &self,
        model: Option<&Fingerprint>,
        entries: &[&IndexEntry],
    ) -> PortResult<HashMap<ProductId, KeptEmbedding>> {
        let unchanged = entries.iter().filter(|entry| entry.embedding == EntryEmbedding::Unchanged);
        let versions: HashMap<_, _> = unchanged.map(|entry| (&entry.id, entry.version)).collect();
        let Some(model) = model.filter(|_| !versions.is_empty()) else {
            return Ok(HashMap::new());
        };
        let ids: Vec<_> = versions.keys().map(|id| id.as_str()).collect();
        let fields = format!("text_hash,fingerprint,{}", schema::embedding_field(model.dimension));
        let mut kept = HashMap::new();
        for mut document in self.fetch(&ids, &fields, RetryPolicy::Write).await? {
            let id = document.id()?;
            let is_late = versions.get(&id).is_some_and(|version| version.0 < document.version());
            let embedding =
                document.take_embedding(model).map_or(KeptEmbedding::Unknown, KeptEmbedding::Known);
            kept.insert(id, if is_late { KeptEmbedding::Late } else { embedding });
        }
        Ok(kept)
    }

    /// Returns the text lengths of all products including `added`.
    ///
    /// The server sums them once per process, and this process adds what it writes. Writes of
    /// others hardly change the averages.
    async fn lengths_with<'a>(
        &self,
        added: impl Iterator<Item = &'a TermCounts<'a>>,
    ) -> PortResult<LengthTotals> {
        let mut held = self.lengths.lock().await;
        let mut lengths = if let Some(lengths) = *held {
            lengths
        } else {
            aggregations::total_lengths(&self.connection, &self.alias).await?
        };
        added.for_each(|counts| lengths.add(counts));
        *held = Some(lengths);
        Ok(lengths)
    }
}

/// The embedding that an entry is to be written with.
#[derive(Debug)]
enum KeptEmbedding {
    Known(StoredEmbedding),
    /// The index holds a newer version, so the entry is skipped.
    Late,
    Unknown,
}

/// Returns the embedding of `entry`: its own, or the one `kept` for it.
fn entry_embedding(
    entry: &IndexEntry,
    kept: &mut HashMap<ProductId, KeptEmbedding>,
) -> PortResult<KeptEmbedding> {
    let EntryEmbedding::Computed { embedding, text_hash, fingerprint } = &entry.embedding else {
        return Ok(kept.remove(&entry.id).unwrap_or(KeptEmbedding::Unknown));
    };
    Ok(KeptEmbedding::Known(StoredEmbedding {
        field: schema::embedding_field(fingerprint.dimension),
        embedding: to_raw_value(embedding.as_slice()).map_err(unwritable)?,
        text_hash: hexadecimal(*text_hash),
        fingerprint: fingerprint.to_string(),
    }))
}

/// Builds the write of a document, which the server rejects if a newer version exists.
fn write_action(id: &ProductId, Version(version): Version, body: &str) -> BulkAction {
    let id = id.as_str();
    let header = json!({"index": {"_id": id, "version": version, "version_type": "external_gte"}});
    BulkAction::new(id, &header, body)
}

/// Adds a failure and returns `false` for a negative version, which the server does not support.
fn check_version(Version(version): Version, id: &ProductId, failures: &mut Failures) -> bool {
    if version < 0 {
        let what = format!("a version must be 0 or more, not {version}");
        failures.insert(id.clone(), error::refused(what));
    }
    version >= 0
}

fn check_dimension(coordinates: usize, model: &Fingerprint) -> PortResult<()> {
    if coordinates == model.dimension {
        return Ok(());
    }
    Err(error::refused(format!(
        "an embedding of {coordinates} coordinates claims to be of {model}"
    )))
}

fn hexadecimal(hash: TextHash) -> String {
    format!("{:032x}", u128::from_be_bytes(hash.to_bytes()))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err expects")]
fn unwritable(error: serde_json::Error) -> akin_ports::PortError {
    error::refused(format!("an entry cannot be serialized as JSON: {error}"))
}
