//! Writes entries: all tables in one transaction, one writer at a time.

mod entries;

use super::state::State;
use super::tables;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::product_id;
use crate::text::{escape, unescape};
use akin_entities::{AnalyzedText, Change, Fingerprint, ProductId, Version, newest_of_each};
use akin_ports::{EntryEmbedding, IndexEntry};
use async_trait::async_trait;
use entries::EntryWrite;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::collections::HashMap;

/// Writes entries, each of another product, in the order of their ids.
pub(crate) struct UpsertEntries<'a> {
    pub(crate) entries: &'a [&'a IndexEntry],
}

/// The outcome of writing entries.
pub(crate) struct UpsertOutcome {
    /// The entries that were not written, and why.
    pub(crate) failures: Vec<(ProductId, Failure)>,
    /// The number of searchable products afterwards.
    pub(crate) products: u64,
    /// True if some term scores use an earlier basis.
    pub(crate) must_rescore: bool,
}

/// Makes products unsearchable.
pub(crate) struct RemoveEntries<'a> {
    pub(crate) changes: &'a [Change],
}

/// A product's row before the write.
#[derive(Debug, Default)]
struct ExistingRow {
    key: Option<i32>,
    version: Option<Version>,
    /// Its texts, if it is searchable.
    texts: Option<(AnalyzedText, String)>,
}

/// The existing rows of a batch, by product.
type ExistingRows = HashMap<ProductId, ExistingRow>;

#[async_trait]
impl Call for UpsertEntries<'_> {
    type Answer = UpsertOutcome;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let mut transaction = connection.begin().await?;
        let mut state = State::lock(&mut transaction, names).await?;
        let ids = self.entries.iter().map(|entry| &entry.id);
        let existing = existing_rows(&mut transaction, names, ids).await?;
        let mut model = state.active_fingerprint().cloned();
        let has_model = model.is_some();
        let (accepted, failures) = self.accept(&existing, &mut state, &mut model);
        if let (false, Some(model)) = (has_model, &model) {
            // The first embedding, also after all were removed, determines the dimension.
            let drop = names.fill("DROP INDEX IF EXISTS {near}");
            transaction.execute(AssertSqlSafe(drop)).await?;
            state.set_fingerprint(model);
        }
        if !accepted.is_empty() {
            entries::write(&mut transaction, names, &accepted).await?;
            write_texts(&mut transaction, names, &accepted, &existing, &mut state).await?;
            state.save(&mut transaction, names).await?;
            transaction.commit().await?;
        }
        let must_rescore = state.rescore_from.is_some();
        Ok(UpsertOutcome { failures, products: state.products, must_rescore })
    }
}

impl<'a> UpsertEntries<'a> {
    /// Splits the entries into those to write and those that fail. Outdated ones are in neither.
    fn accept(
        &self,
        existing: &ExistingRows,
        state: &mut State,
        model: &mut Option<Fingerprint>,
    ) -> (Vec<EntryWrite<'a>>, Vec<(ProductId, Failure)>) {
        let (mut accepted, mut failures) = (Vec::new(), Vec::new());
        let no_row = ExistingRow::default();
        for &entry in self.entries {
            let row = existing.get(&entry.id).unwrap_or(&no_row);
            if row.version.is_some_and(|version| version > entry.version) {
                continue;
            }
            match check_entry(entry, row, model) {
                Some(failure) => failures.push((entry.id.clone(), failure)),
                None => accepted.push(EntryWrite { key: row_key(row, state), entry }),
            }
        }
        (accepted, failures)
    }
}

/// Returns why an entry cannot be written. The first embedding sets the model of an empty index.
fn check_entry(
    entry: &IndexEntry,
    row: &ExistingRow,
    model: &mut Option<Fingerprint>,
) -> Option<Failure> {
    let EntryEmbedding::Computed { embedding, fingerprint: given, .. } = &entry.embedding else {
        let what = "the index holds no embedding of this product";
        return row.texts.is_none().then(|| Failure::refused(what, "embed it"));
    };
    let dimension = embedding.as_slice().len();
    if dimension != given.dimension {
        let what = format!("an embedding of {dimension} coordinates claims to be of {given}");
        return Some(Failure::refused(what, "check the model"));
    }
    match model {
        Some(held) if held.is_compatible_with(given) => None,
        Some(held) => Some(Failure::refused(
            format!("the index holds embeddings of {held}, not of {given}"),
            "use the model of the index, or set POSTGRES_EMBEDDED_PRODUCT_TABLE_NAME to another \
             table",
        )),
        None => {
            *model = Some(given.clone());
            None
        }
    }
}

/// Returns the key of a row, or assigns the next one.
fn row_key(row: &ExistingRow, state: &mut State) -> i32 {
    row.key.unwrap_or_else(|| {
        state.next_key += 1;
        state.next_key - 1
    })
}

#[async_trait]
impl Call for RemoveEntries<'_> {
    /// True if some term scores use an earlier basis.
    type Answer = bool;

    async fn run(&self, connection: &mut PgConnection, names: &Names) -> Result<bool, Failure> {
        let mut transaction = connection.begin().await?;
        let mut state = State::lock(&mut transaction, names).await?;
        let ids = self.changes.iter().map(|change| &change.id);
        let existing = existing_rows(&mut transaction, names, ids).await?;
        let mut newest = newest_of_each(self.changes, |change| (&change.id, change.version));
        newest.sort_by(|a, b| a.id.cmp(&b.id));
        let no_row = ExistingRow::default();
        let (mut rows, mut removed) = (Vec::new(), Vec::new());
        for &Change { ref id, version } in newest {
            let row = existing.get(id).unwrap_or(&no_row);
            if row.version.is_some_and(|existing| existing > version) {
                continue;
            }
            let key = row_key(row, &mut state);
            rows.push((id, key, version));
            removed.extend(row.texts.as_ref().map(|(text, words)| (key, text, &**words)));
        }
        entries::remove(&mut transaction, names, &rows).await?;
        tables::remove_texts(&mut transaction, names, &removed, &mut state).await?;
        state.save(&mut transaction, names).await?;
        transaction.commit().await?;
        Ok(state.rescore_from.is_some())
    }
}

/// Reads the existing rows among `ids`.
async fn existing_rows<'a>(
    connection: &mut PgConnection,
    names: &Names,
    ids: impl Iterator<Item = &'a ProductId>,
) -> Result<ExistingRows, Failure> {
    let sql = "SELECT e.product_id::text, e.akin_key, e.akin_version, t.text, t.words
               FROM {entries} e
               LEFT JOIN {texts} t ON t.key = e.akin_key AND e.akin_text_hash IS NOT NULL
               WHERE e.product_id::text COLLATE \"C\" = ANY ($1::text[])";
    let ids: Vec<_> = ids.map(|id| escape(id.as_str())).collect();
    let rows = query(names.fill(sql)).bind(ids).fetch_all(connection).await?;
    let existing = rows.iter().map(|row| {
        let (text, words): (Option<String>, Option<String>) = (get(row, 3)?, get(row, 4)?);
        let text = text.map(|text| AnalyzedText::from_stream(unescape(text)));
        let texts = text.zip(words.map(unescape));
        let version = get::<Option<i64>>(row, 2)?.map(Version);
        Ok((product_id(get(row, 0)?)?, ExistingRow { key: get(row, 1)?, version, texts }))
    });
    existing.collect()
}

/// Writes the texts that changed, and updates the counts.
async fn write_texts(
    connection: &mut PgConnection,
    names: &Names,
    accepted: &[EntryWrite<'_>],
    existing: &ExistingRows,
    state: &mut State,
) -> Result<(), Failure> {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for EntryWrite { key, entry } in accepted {
        let previous = existing.get(&entry.id).and_then(|row| row.texts.as_ref());
        if previous.is_some_and(|(text, words)| *text == entry.text && *words == entry.words) {
            continue;
        }
        removed.extend(previous.map(|(text, words)| (*key, text, &**words)));
        added.push((*key, &entry.text, &*entry.words));
    }
    tables::replace_texts(connection, names, &removed, &added, state).await
}
