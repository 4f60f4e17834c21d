//! Writing products, and forgetting them.

use crate::bulk::{self, Action};
use crate::connection::Urgency;
use crate::document::{Counted, EntryEmbedding, document};
use crate::index::Engine;
use crate::{counting, error, get, schema};
use akin_entities::{Change, Fingerprint, ProductId, TextHash, Version};
use akin_ports::{EntryEmbedding as Entered, Failures, IndexEntry, IndexedState, PortResult};
use serde_json::json;
use serde_json::value::to_raw_value;
use std::collections::HashMap;

impl Engine {
    /// See [`akin_ports::ProductIndex::upsert`].
    pub(crate) async fn upsert(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        let mut failures = Failures::new();
        let entries = newest_of_each(entries, |entry| (&entry.id, entry.version));
        if entries.is_empty() {
            return Ok(failures);
        }
        let (model, entries) = self.admit(entries, &mut failures).await?;
        let mut kept = self.kept(model.as_ref(), &entries).await?;
        let mut entered = Vec::new();
        for entry in entries {
            match meaning(entry, &mut kept)? {
                Kept::Known(meaning) => entered.push((entry, Counted::of(&entry.text), meaning)),
                Kept::Late => {}
                Kept::Unknown => {
                    let what = "it knows no embedding of this product";
                    failures.insert(entry.id.clone(), error::refused(what));
                }
            }
        }
        let lengths = self.lengths_with(entered.iter().map(|(_, counted, _)| counted)).await?;
        let mut actions = Vec::new();
        for (entry, counted, meaning) in &entered {
            let body = document(entry, counted, meaning, &lengths).map_err(unwritable)?;
            actions.push(write(&entry.id, entry.version, &body));
        }
        bulk::perform(self, &actions, &mut failures).await?;
        if let Some(model) = model.filter(|_| !actions.is_empty())
            && !self.confirm(&model).await?
        {
            for (entry, ..) in entered {
                let what = format!("another model took the index from {model} meanwhile");
                failures.insert(entry.id.clone(), error::refused(what));
            }
        }
        Ok(failures)
    }

    /// See [`akin_ports::ProductIndex::remove`]. A document stays, so that its version is remembered:
    /// the server forgets those of deleted documents after a minute.
    pub(crate) async fn remove(&self, changes: &[Change]) -> PortResult<Failures> {
        let mut failures = Failures::new();
        let mut actions = Vec::new();
        for change in newest_of_each(changes, |change| (&change.id, change.version)) {
            if may_have(change.version, &change.id, &mut failures) {
                actions.push(write(&change.id, change.version, r#"{"removed":true}"#));
            }
        }
        bulk::perform(self, &actions, &mut failures).await?;
        Ok(failures)
    }

    /// See [`akin_ports::ProductIndex::known`].
    pub(crate) async fn states(
        &self,
        ids: &[ProductId],
    ) -> PortResult<HashMap<ProductId, IndexedState>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let model = self.model(Urgency::Write).await?.map(|model| model.to_string());
        let ids: Vec<_> = ids.iter().map(ProductId::as_str).collect();
        let mut known = HashMap::new();
        for document in self.fetch(&ids, "text_hash,fingerprint", Urgency::Write).await? {
            let current = document.text("fingerprint").filter(|held| Some(held) == model.as_ref());
            let text_hash = current.and_then(|_| get::parse_hash(&document.text("text_hash")?));
            let version = Version(document.version());
            known.insert(document.id()?, IndexedState { version, text_hash });
        }
        Ok(known)
    }

    /// The entries that fit the index's model, which is the first one's if it holds no product.
    async fn admit<'a>(
        &self,
        entries: Vec<&'a IndexEntry>,
        failures: &mut Failures,
    ) -> PortResult<(Option<Fingerprint>, Vec<&'a IndexEntry>)> {
        let mut model = self.read_model(Urgency::Write).await?;
        let mut settled = false;
        let mut admitted = Vec::new();
        for entry in entries {
            if !may_have(entry.version, &entry.id, failures) {
                continue;
            }
            let Entered::Computed { embedding, fingerprint, .. } = &entry.meaning else {
                admitted.push(entry);
                continue;
            };
            if let Err(error) = check_length(embedding.as_slice().len(), fingerprint) {
                failures.insert(entry.id.clone(), error);
                continue;
            }
            let fits = |held: &Option<Fingerprint>| {
                held.as_ref().is_some_and(|held| held.is_compatible_with(fingerprint))
            };
            if !fits(&model) && !settled {
                model = self.adopt(fingerprint).await?;
            }
            settled = true;
            if fits(&model) {
                admitted.push(entry);
            } else {
                let held = model.as_ref().map(Fingerprint::to_string).unwrap_or_default();
                let what = format!("it holds embeddings of {held}, not of {fingerprint}");
                failures.insert(entry.id.clone(), error::refused(what));
            }
        }
        Ok((model, admitted))
    }

    /// The meanings of the products whose entries keep them.
    ///
    /// They are read and written back by version: if another writer comes between, the newer of
    /// the two stays, with the meaning that belongs to its text.
    async fn kept(
        &self,
        model: Option<&Fingerprint>,
        entries: &[&IndexEntry],
    ) -> PortResult<HashMap<ProductId, Kept>> {
        let keep = entries.iter().filter(|entry| entry.meaning == Entered::Unchanged);
        let versions: HashMap<_, _> = keep.map(|entry| (&entry.id, entry.version)).collect();
        let Some(model) = model.filter(|_| !versions.is_empty()) else {
            return Ok(HashMap::new());
        };
        let ids: Vec<_> = versions.keys().map(|id| id.as_str()).collect();
        let fields = format!("text_hash,fingerprint,{}", schema::embedding_field(model.dimension));
        let mut kept = HashMap::new();
        for mut document in self.fetch(&ids, &fields, Urgency::Write).await? {
            let id = document.id()?;
            let late = versions.get(&id).is_some_and(|version| version.0 < document.version());
            let meaning = document.meaning(model).map_or(Kept::Unknown, Kept::Known);
            kept.insert(id, if late { Kept::Late } else { meaning });
        }
        Ok(kept)
    }

    /// How long the texts of all products are, with these.
    ///
    /// They are counted by the server once, and then here: words are weighed by averages, which
    /// a few products more do not move.
    async fn lengths_with<'a>(
        &self,
        added: impl Iterator<Item = &'a Counted<'a>>,
    ) -> PortResult<crate::document::Lengths> {
        let mut held = self.lengths.lock().await;
        let mut lengths = if let Some(lengths) = *held {
            lengths
        } else {
            counting::lengths_of(&self.connection, &self.alias).await?
        };
        added.for_each(|counted| lengths.add(counted));
        *held = Some(lengths);
        Ok(lengths)
    }
}

/// What the index knows of a product whose meaning is to stay.
#[derive(Debug)]
enum Kept {
    Known(EntryEmbedding),
    /// It holds a newer version, so that nothing is to be done.
    Late,
    Unknown,
}

/// What `entry` is to hold as its meaning: its own, or what was `kept` for it.
fn meaning(entry: &IndexEntry, kept: &mut HashMap<ProductId, Kept>) -> PortResult<Kept> {
    let Entered::Computed { embedding, text_hash, fingerprint } = &entry.meaning else {
        return Ok(kept.remove(&entry.id).unwrap_or(Kept::Unknown));
    };
    Ok(Kept::Known(EntryEmbedding {
        field: schema::embedding_field(fingerprint.dimension),
        embedding: to_raw_value(embedding.as_slice()).map_err(unwritable)?,
        text_hash: hexadecimal(*text_hash),
        fingerprint: fingerprint.to_string(),
    }))
}

/// The newest of each id, of equal ones the last, in the order of the batch.
fn newest_of_each<T>(batch: &[T], name: impl Fn(&T) -> (&ProductId, Version)) -> Vec<&T> {
    let mut newest: HashMap<&ProductId, usize> = HashMap::new();
    for (place, item) in batch.iter().enumerate() {
        let (id, version) = name(item);
        let held = newest.entry(id).or_insert(place);
        if name(&batch[*held]).1 <= version {
            *held = place;
        }
    }
    let mut places: Vec<_> = newest.into_values().collect();
    places.sort_unstable();
    places.into_iter().map(|place| &batch[place]).collect()
}

/// Writes the document, unless there is a newer one.
fn write(id: &ProductId, Version(version): Version, body: &str) -> Action {
    let id = id.as_str();
    let header = json!({"index": {"_id": id, "version": version, "version_type": "external_gte"}});
    Action::new(id, &header, body)
}

/// The server counts versions from 0: a state from before 1970 is none.
fn may_have(Version(version): Version, id: &ProductId, failures: &mut Failures) -> bool {
    if version < 0 {
        let what = format!("a version is 0 or more, not {version}");
        failures.insert(id.clone(), error::refused(what));
    }
    version >= 0
}

fn check_length(coordinates: usize, model: &Fingerprint) -> PortResult<()> {
    if coordinates == model.dimension {
        return Ok(());
    }
    Err(error::refused(format!("an embedding of {coordinates} coordinates calls itself {model}")))
}

fn hexadecimal(hash: TextHash) -> String {
    format!("{:032x}", u128::from_be_bytes(hash.to_bytes()))
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn unwritable(error: serde_json::Error) -> akin_ports::PortError {
    error::refused(format!("it cannot be written as JSON: {error}"))
}
