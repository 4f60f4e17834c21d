//! Writes entries: all tables in one transaction, one writer at a time.

mod entries;

use super::knowledge::State;
use super::tables;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::product_id;
use crate::text::{escape, unescape};
use akin_entities::{AnalyzedText, Change, Fingerprint, ProductId, Version};
use akin_ports::{EntryEmbedding, IndexEntry};
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::collections::{BTreeMap, HashMap};

/// Keeps entries, each of another product, in the order of their ids.
pub(crate) struct Upsert<'a> {
    pub(crate) entries: &'a [&'a IndexEntry],
}

/// What became of entries.
pub(crate) struct Upserted {
    /// Those that are not kept, and why.
    pub(crate) failures: Vec<(ProductId, Failure)>,
    /// How many products can be found now.
    pub(crate) products: u64,
    /// Whether shares are of an earlier basis.
    pub(crate) must_reweigh: bool,
}

/// Makes products unfindable.
pub(crate) struct Remove<'a> {
    pub(crate) changes: &'a [Change],
}

/// A product's row, as it was before the write.
#[derive(Debug, Default)]
struct Held {
    key: Option<i32>,
    version: Option<Version>,
    /// Its texts, if it can be found.
    findable: Option<(AnalyzedText, String)>,
}

/// The rows of a batch that are there, by product.
type HeldRows = HashMap<ProductId, Held>;

/// An entry that will be written, under its key.
struct Accepted<'a> {
    key: i32,
    entry: &'a IndexEntry,
}

#[async_trait]
impl Call for Upsert<'_> {
    type Answer = Upserted;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let mut transaction = connection.begin().await?;
        let mut state = State::lock(&mut transaction, names).await?;
        let held =
            held(&mut transaction, names, self.entries.iter().map(|entry| &entry.id)).await?;
        let mut model = state.held_fingerprint().cloned();
        let known = model.is_some();
        let (accepted, failures) = self.accept(&held, &mut state, &mut model);
        if let (false, Some(model)) = (known, &model) {
            // The first embedding, also the first after all were removed, decides the dimension.
            let drop = names.fill("DROP INDEX IF EXISTS {near}");
            transaction.execute(AssertSqlSafe(drop)).await?;
            state.adopt(model);
        }
        if !accepted.is_empty() {
            entries::write(&mut transaction, names, &accepted).await?;
            write_texts(&mut transaction, names, &accepted, &held, &mut state).await?;
            state.save(&mut transaction, names).await?;
            transaction.commit().await?;
        }
        let must_reweigh = state.reweigh_from.is_some();
        Ok(Upserted { failures, products: state.products, must_reweigh })
    }
}

impl<'a> Upsert<'a> {
    /// Which entries are written, and which cannot be; late ones are neither.
    fn accept(
        &self,
        held: &HeldRows,
        state: &mut State,
        model: &mut Option<Fingerprint>,
    ) -> (Vec<Accepted<'a>>, Vec<(ProductId, Failure)>) {
        let (mut accepted, mut failures) = (Vec::new(), Vec::new());
        let nothing = Held::default();
        for &entry in self.entries {
            let held = held.get(&entry.id).unwrap_or(&nothing);
            if held.version.is_some_and(|version| version > entry.version) {
                continue;
            }
            match refuse(entry, held, model) {
                Some(failure) => failures.push((entry.id.clone(), failure)),
                None => accepted.push(Accepted { key: key(held, state), entry }),
            }
        }
        (accepted, failures)
    }
}

/// Why an entry cannot be kept. The first embedding decides which model's the index holds.
fn refuse(entry: &IndexEntry, held: &Held, model: &mut Option<Fingerprint>) -> Option<Failure> {
    let EntryEmbedding::Computed { embedding, fingerprint: given, .. } = &entry.meaning else {
        let unknown = || Failure::refused("it knows no embedding of this product", "embed it");
        return held.findable.is_none().then(unknown);
    };
    let dimension = embedding.as_slice().len();
    if dimension != given.dimension {
        let what = format!("an embedding of {dimension} coordinates calls itself {given}");
        return Some(Failure::refused(what, "check the model"));
    }
    match model {
        Some(held) if held.is_compatible_with(given) => None,
        Some(held) => Some(Failure::refused(
            format!("the index holds embeddings of {held}, and this one is of {given}"),
            "use the model of the index, or set POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME to another \
             table",
        )),
        None => {
            *model = Some(given.clone());
            None
        }
    }
}

/// The key of a row; a new one, if it has none.
fn key(held: &Held, state: &mut State) -> i32 {
    held.key.unwrap_or_else(|| {
        state.next_key += 1;
        state.next_key - 1
    })
}

#[async_trait]
impl Call for Remove<'_> {
    /// Whether shares are of an earlier basis.
    type Answer = bool;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<bool, Failure> {
        let mut transaction = connection.begin().await?;
        let mut state = State::lock(&mut transaction, names).await?;
        let held = held(&mut transaction, names, self.changes.iter().map(|change| &change.id));
        let held = held.await?;
        let mut newest: BTreeMap<&ProductId, Version> = BTreeMap::new();
        for change in self.changes {
            let version = newest.entry(&change.id).or_insert(change.version);
            *version = change.version.max(*version);
        }
        let nothing = Held::default();
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for (id, version) in newest {
            let held = held.get(id).unwrap_or(&nothing);
            if held.version.is_some_and(|held| held > version) {
                continue;
            }
            let key = key(held, &mut state);
            rows.push((id, key, version));
            gone.extend(held.findable.as_ref().map(|(text, words)| (key, text, &**words)));
        }
        entries::remove(&mut transaction, names, &rows).await?;
        tables::remove_texts(&mut transaction, names, &gone, &mut state).await?;
        state.save(&mut transaction, names).await?;
        transaction.commit().await?;
        Ok(state.reweigh_from.is_some())
    }
}

/// The rows of `ids` that are there.
async fn held<'a>(
    connection: &mut PgConnection,
    names: &Names,
    ids: impl Iterator<Item = &'a ProductId>,
) -> Result<HeldRows, Failure> {
    let sql = "SELECT e.product_id::text, e.akin_key, e.akin_version, t.text, t.words
               FROM {entries} e
               LEFT JOIN {texts} t ON t.key = e.akin_key AND e.akin_text_hash IS NOT NULL
               WHERE e.product_id = ANY ($1::text[])";
    let ids: Vec<_> = ids.map(|id| escape(id.as_str())).collect();
    let rows = query(names.fill(sql)).bind(ids).fetch_all(connection).await?;
    let held = rows.iter().map(|row| {
        let (text, words): (Option<String>, Option<String>) = (get(row, 3)?, get(row, 4)?);
        let text = text.map(|text| AnalyzedText::from_stream(unescape(text)));
        let findable = text.zip(words.map(unescape));
        let version = get::<Option<i64>>(row, 2)?.map(Version);
        Ok((product_id(get(row, 0)?)?, Held { key: get(row, 1)?, version, findable }))
    });
    held.collect()
}

/// Writes the texts that are not what they were, and all that is counted of them.
async fn write_texts(
    connection: &mut PgConnection,
    names: &Names,
    accepted: &[Accepted<'_>],
    held: &HeldRows,
    state: &mut State,
) -> Result<(), Failure> {
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for Accepted { key, entry } in accepted {
        let held = held.get(&entry.id).and_then(|held| held.findable.as_ref());
        if held.is_some_and(|(text, words)| *text == entry.text && *words == entry.words) {
            continue;
        }
        gone.extend(held.map(|(text, words)| (*key, text, &**words)));
        new.push((*key, &entry.text, &*entry.words));
    }
    tables::replace_texts(connection, names, &gone, &new, state).await
}
