//! Upgrades an index of an earlier version of the schema, in place.

use crate::connection::{Request, RetryPolicy};
use crate::schema;
use crate::session::IndexSession;
use akin_ports::PortResult;
use serde_json::{Value, json};

/// The number of products that are written again at a time.
const PAGE: usize = 500;

impl IndexSession {
    /// Adds the fields of this version, writes every product again with them, and then notes the
    /// version. If it is interrupted, it can be repeated; a product that changes meanwhile keeps its
    /// newer version.
    pub(crate) async fn upgrade(&self) -> PortResult<()> {
        let mappings = schema::mappings();
        self.put_mapping(&json!({"properties": mappings["properties"]})).await?;
        let mut last = None;
        loop {
            let entries = self.list(last.as_ref(), PAGE).await?;
            let Some(entry) = entries.last() else { break };
            last = Some(entry.id.clone());
            if let Some((_, error)) = self.upsert(&entries).await?.into_iter().next() {
                return Err(error);
            }
        }
        self.put_mapping(&json!({"_meta": mappings["_meta"]})).await?;
        self.make_visible().await
    }

    async fn put_mapping(&self, mapping: &Value) -> PortResult<()> {
        let path = format!("{}/_mapping", self.alias);
        let request = Request::put(path, mapping).retry(RetryPolicy::Write);
        self.connection.call::<Value>(&request).await.map(drop)
    }
}
