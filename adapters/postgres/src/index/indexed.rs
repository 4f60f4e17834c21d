//! Reads the indexed state of products.

use crate::database::{Call, get, query};
use crate::error::Failure;
use crate::names::Names;
use crate::store::product_id;
use crate::text::escape;
use akin_entities::{ProductId, TextHash, Version};
use akin_ports::IndexedState;
use async_trait::async_trait;
use sqlx::PgConnection;
use std::collections::HashMap;

/// Reads the versions and text hashes of products.
pub(crate) struct ReadIndexed<'a> {
    pub(crate) ids: &'a [ProductId],
}

#[async_trait]
impl Call for ReadIndexed<'_> {
    type Answer = HashMap<ProductId, IndexedState>;

    async fn run(
        &self,
        connection: &mut PgConnection,
        names: &Names,
    ) -> Result<Self::Answer, Failure> {
        let sql = "SELECT product_id::text, akin_version, akin_text_hash FROM {entries}
                   WHERE product_id::text COLLATE \"C\" = ANY ($1::text[])
                       AND akin_version IS NOT NULL";
        let ids: Vec<_> = self.ids.iter().map(|id| escape(id.as_str())).collect();
        let rows = query(names.fill(sql)).bind(ids).fetch_all(connection).await?;
        let indexed = rows.iter().map(|row| {
            let text_hash = text_hash(get(row, 2)?)?;
            Ok((
                product_id(get(row, 0)?)?,
                IndexedState { version: Version(get(row, 1)?), text_hash },
            ))
        });
        indexed.collect()
    }
}

/// Parses a text hash.
pub(crate) fn text_hash(bytes: Option<&[u8]>) -> Result<Option<TextHash>, Failure> {
    let Some(bytes) = bytes else { return Ok(None) };
    let hash = bytes.try_into().map(TextHash::from_bytes);
    hash.map(Some).map_err(|_| Failure::corrupt(format!("a text hash of {} bytes", bytes.len())))
}
