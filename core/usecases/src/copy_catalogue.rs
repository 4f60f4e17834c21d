use akin_entities::ProductId;
use akin_ports::{
    ErrorKind, Failures, PortError, PortResult, ProductIndex, ProductStore, ensure_same_model,
};
use std::sync::Arc;

/// Copies a catalogue from one engine to another without embedding anything again.
///
/// It may run twice, and while the source is written to: what is newer on either side stays. The next
/// run finishes one that was interrupted.
#[derive(Clone, Debug)]
pub struct CopyCatalogue {
    /// The source and the target store; `None` if both engines share one.
    pub stores: Option<[Arc<dyn ProductStore>; 2]>,
    /// The source and the target index.
    pub indexes: [Arc<dyn ProductIndex>; 2],
}

/// The results of a copy.
#[derive(Debug, Default)]
pub struct CopySummary {
    /// Products that were copied.
    pub products: u64,
    /// Index entries that were copied, with their embeddings.
    pub entries: u64,
    /// Entries that failed, and why.
    pub failures: Failures,
}

/// The source of the error of a copy from a store whose changes wait to be embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} changes wait to be embedded, which must be done before the copy")]
pub struct UnembeddedChanges(pub u64);

/// The progress of a copy.
#[derive(Clone, Copy, Debug)]
pub struct CopyProgress {
    /// Products and entries that are done.
    pub done: u64,
    /// Products and entries at the beginning.
    pub total: u64,
}

/// The number of products or entries copied at a time, which bounds the memory.
const PAGE: usize = 500;

impl CopyCatalogue {
    /// Copies the products before the index entries, so that every product found can be shown.
    pub async fn run(
        &self,
        observe: &(dyn Fn(CopyProgress) + Send + Sync),
    ) -> PortResult<CopySummary> {
        let mut progress = CopyProgress { done: 0, total: self.prepare().await? };
        let mut summary = CopySummary::default();
        observe(progress);
        let mut step = |copied: usize| {
            progress.done += copied as u64;
            observe(progress);
        };
        if let Some([from, to]) = &self.stores {
            let mut after: Option<ProductId> = None;
            loop {
                let page = from.list(after.as_ref(), PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.product.id.clone());
                to.restore(&page).await?;
                summary.products += page.len() as u64;
                step(page.len());
            }
        }
        let [from, to] = &self.indexes;
        let mut after: Option<ProductId> = None;
        loop {
            let page = from.list(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(summary) };
            after = Some(last.id.clone());
            let failures = to.upsert(&page).await?;
            summary.entries += (page.len() - failures.len()) as u64;
            summary.failures.extend(failures);
            step(page.len());
        }
    }

    /// Checks that the copy can succeed, and returns the number of products and entries to copy.
    async fn prepare(&self) -> PortResult<u64> {
        let [from, to] = &self.indexes;
        let (given, held) = (from.fingerprint().await?, to.fingerprint().await?);
        if let (Some(given), Some(held)) = (&given, &held) {
            ensure_same_model("index", held, given)?;
        }
        let entries = from.count().await?;
        let Some([from, _]) = &self.stores else { return Ok(entries) };
        let counts = from.counts().await?;
        if counts.outbox > 0 {
            let source = UnembeddedChanges(counts.outbox);
            return Err(PortError::new("store", ErrorKind::Refused, source));
        }
        Ok(entries + counts.products)
    }
}
