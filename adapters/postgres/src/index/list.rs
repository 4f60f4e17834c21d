use super::facets;
use super::indexed::text_hash;
use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::{lower_bound, product_id, row_limit};
use crate::text::unescape;
use akin_entities::{AnalyzedText, Embedding, Fingerprint, ProductId, Version};
use akin_ports::{EntryEmbedding, IndexEntry};
use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

/// Lists the entries after an id, in the byte order of their ids.
pub(crate) struct ListEntries<'a> {
    pub(crate) after: Option<&'a ProductId>,
    pub(crate) limit: usize,
}

#[async_trait]
impl Call for ListEntries<'_> {
    type Answer = Vec<IndexEntry>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let sql = format!(
            "SELECT e.product_id::text, e.akin_version, e.akin_text_hash, e.embedding::real[],
                 state.fingerprint, t.text, t.words, {}
             FROM {{state}} state, {{entries}} e JOIN {{texts}} t ON t.key = e.akin_key {}
             WHERE e.akin_text_hash IS NOT NULL AND e.product_id::text COLLATE \"C\" > $1
             ORDER BY e.product_id::text COLLATE \"C\" LIMIT $2",
            facets::COLUMNS,
            facets::JOIN
        );
        let rows =
            query(names.fill(&sql)).bind(lower_bound(self.after)).bind(row_limit(self.limit));
        rows.fetch_all(connection).await?.iter().map(entry).collect()
    }
}

fn entry(row: &PgRow) -> Result<IndexEntry, Failure> {
    let id = product_id(get(row, 0)?)?;
    let coordinates: Vec<f32> = get(row, 3)?;
    let corrupt = |what: String| Failure::corrupt(format!("the entry of {id} has {what}"));
    let embedding =
        Embedding::from_stored(coordinates).map_err(|error| corrupt(error.to_string()))?;
    let fingerprint = get::<Option<String>>(row, 4)?.map(unescape).unwrap_or_default();
    let model = Fingerprint::parse(&fingerprint);
    let fingerprint = model.ok_or_else(|| corrupt(format!("the model {fingerprint:?}")))?;
    let text_hash = text_hash(get(row, 2)?)?.ok_or_else(|| corrupt("no text hash".into()))?;
    let text = AnalyzedText::from_stream(unescape(get(row, 5)?));
    let (words, facets) = (unescape(get(row, 6)?), facets::from_row(row, 7)?);
    let embedding = EntryEmbedding::Computed { embedding, text_hash, fingerprint };
    Ok(IndexEntry { version: Version(get(row, 1)?), embedding, text, words, facets, id })
}
