use akin_entities::{Embedding, Fingerprint, ProductId, ProductRecord};
use akin_ports::{EntryEmbedding, IndexEntry, PortResult, ProductIndex, ProductStore};
use std::collections::VecDeque;
use std::sync::Arc;

/// Exports everything that an engine holds, in the byte order of the ids.
#[derive(Clone, Debug)]
pub struct ExportCatalogue {
    /// Keeps the products.
    pub store: Arc<dyn ProductStore>,
    /// Holds their embeddings.
    pub index: Arc<dyn ProductIndex>,
}

/// A product with its embedding.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportedProduct {
    /// The product.
    pub record: ProductRecord,
    /// Its embedding and the model that made it; `None` if it was not embedded yet.
    pub embedding: Option<(Embedding, Fingerprint)>,
}

/// The number of products read at a time, which bounds the memory.
const PAGE: usize = 500;

/// Reads the entries of an index page by page.
struct Entries<'a> {
    index: &'a dyn ProductIndex,
    page: VecDeque<IndexEntry>,
    last: Option<ProductId>,
}

impl ExportCatalogue {
    /// Passes each page of products to `write`, whose error ends the export.
    pub async fn run<E: From<akin_ports::PortError>>(
        &self,
        mut write: impl FnMut(Vec<ExportedProduct>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut entries = Entries { index: &*self.index, page: VecDeque::new(), last: None };
        let mut after: Option<ProductId> = None;
        loop {
            let records = self.store.list(after.as_ref(), PAGE).await?;
            let Some(last) = records.last() else { return Ok(()) };
            after = Some(last.product.id.clone());
            let mut page = Vec::with_capacity(records.len());
            for record in records {
                let embedding = entries.embedding(&record.product.id).await?;
                page.push(ExportedProduct { record, embedding });
            }
            write(page)?;
        }
    }
}

impl Entries<'_> {
    /// Returns the embedding of the product `id`. Ids must be asked for in ascending order.
    async fn embedding(&mut self, id: &ProductId) -> PortResult<Option<(Embedding, Fingerprint)>> {
        loop {
            match self.page.front() {
                Some(entry) if entry.id > *id => return Ok(None),
                Some(entry) if entry.id == *id => {
                    return Ok(self.page.pop_front().and_then(embedding));
                }
                // The store no longer has this product.
                Some(_) => drop(self.page.pop_front()),
                None => {
                    self.page = self.index.list(self.last.as_ref(), PAGE).await?.into();
                    let Some(last) = self.page.back() else { return Ok(None) };
                    self.last = Some(last.id.clone());
                }
            }
        }
    }
}

fn embedding(entry: IndexEntry) -> Option<(Embedding, Fingerprint)> {
    match entry.embedding {
        EntryEmbedding::Computed { embedding, fingerprint, .. } => Some((embedding, fingerprint)),
        EntryEmbedding::Unchanged => None,
    }
}
