use crate::QuarantinePages;
use crate::register_indexes::{IndexRefusal, refused, register};
use akin_entities::{ProductId, Version};
use akin_ports::{
    AnalysisMismatch, ChangeQueue, ErrorKind, Failures, IndexContent, IndexIdentity, NewIndex,
    PortError, PortResult, ProductIndex, ProductStore, RemovedProduct, RunLog, RunOvertaken,
    ensure_same_model,
};
use std::sync::Arc;

/// Copies a catalogue from one engine to another without embedding anything again.
///
/// It holds the leases of both stores, so that no ingestion writes meanwhile. It may run twice: what is
/// newer on either side stays. The next run finishes one that was interrupted; until then the target's
/// index is not registered, and an ingestion that registers it owes it everything. The rows in quarantine
/// are copied with the products, from one store to another.
#[derive(Clone, Debug)]
pub struct CopyCatalogue {
    /// The source.
    pub source: CopySource,
    /// The target store; `None` if both engines share one.
    pub target_store: Option<Arc<dyn ProductStore>>,
    /// The target index.
    pub target_index: Arc<dyn ProductIndex>,
}

/// An engine that is copied.
#[derive(Clone, Debug)]
pub struct CopySource {
    /// Its store.
    pub store: Arc<dyn ProductStore>,
    /// The log of the store's runs, which knows whether the copy still holds the lease.
    pub runs: Arc<dyn RunLog>,
    /// The queue of the store's changes, which has to be empty.
    pub queue: Arc<dyn ChangeQueue>,
    /// Its index.
    pub index: Arc<dyn ProductIndex>,
}

/// The versions of a copy, as a run that holds the leases of both stores.
#[derive(Clone, Copy, Debug)]
pub struct CopyRun {
    /// The version in the source store.
    pub source: Version,
    /// The version in the target store, which may be the same.
    pub target: Version,
}

/// The results of a copy.
#[derive(Debug, Default)]
pub struct CopySummary {
    /// Products that were copied.
    pub products: u64,
    /// Index entries that were copied, with their embeddings.
    pub entries: u64,
    /// Rows in quarantine that were copied.
    pub quarantined: u64,
    /// Entries that failed, and why.
    pub failures: Failures,
}

/// The source of the error of a copy from a store with changes that its index lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnembeddedChanges {
    /// They wait in the outbox or in the queue.
    #[error("{0} changes wait to be embedded, which must be done before the copy")]
    Waiting(u64),
    /// They are dead letters.
    #[error("{0} changes are dead letters, which must be embedded before the copy")]
    Dead(u64),
}

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

/// A copy that is being made.
struct Copying<'a> {
    summary: CopySummary,
    progress: CopyProgress,
    observe: &'a (dyn Fn(CopyProgress) + Send + Sync),
}

impl Copying<'_> {
    fn step(&mut self, copied: usize) {
        self.progress.done += copied as u64;
        (self.observe)(self.progress);
    }
}

impl CopyCatalogue {
    /// Copies the products before the index entries, so that every product found can be shown. What the
    /// source has removed is removed from the target.
    pub async fn run(
        &self,
        run: CopyRun,
        observe: &(dyn Fn(CopyProgress) + Send + Sync),
    ) -> PortResult<CopySummary> {
        let progress = CopyProgress { done: 0, total: self.prepare().await? };
        let identity = self.target_index.identity().await?;
        let was_registered = self.unregister(&identity).await?;
        let mut copying = Copying { summary: CopySummary::default(), progress, observe };
        copying.step(0);
        if let Some(target) = &self.target_store {
            self.copy_products(&**target, &mut copying).await?;
            self.copy_quarantine(&**target, &mut copying.summary).await?;
        }
        self.copy_entries(&mut copying).await?;
        self.copy_removals(&mut copying).await?;
        if !self.source.runs.renew(run.source).await? {
            let overtaken = RunOvertaken { holder: None, since: None };
            return Err(PortError::new("store", ErrorKind::Overtaken, overtaken));
        }
        // A store of its own may hold products that its index lacks.
        let is_whole = self.target_store.is_none() || was_registered;
        let content = if is_whole && copying.summary.failures.is_empty() {
            IndexContent::Complete(run.target)
        } else {
            IndexContent::Products(self.target_index.count().await?)
        };
        self.target_store().register_indexes(&[NewIndex { identity, content }]).await?;
        Ok(copying.summary)
    }

    /// Checks that the copy can succeed, and returns the number of products and entries to copy.
    async fn prepare(&self) -> PortResult<u64> {
        let CopySource { store, queue, index, .. } = &self.source;
        let (given, held) = (index.fingerprint().await?, self.target_index.fingerprint().await?);
        if let (Some(given), Some(held)) = (&given, &held) {
            ensure_same_model("index", held, given)?;
        }
        self.match_analysis().await?;
        // An index that has not been registered may lack something, which waits from then on.
        let identity = index.identity().await?;
        register(&**store, &store.indexes().await?, vec![(identity, Arc::clone(index))]).await?;
        let (counts, queued) = (store.counts().await?, queue.counts().await?);
        let waiting = counts.outbox + queued.waiting + queued.in_flight;
        let unembedded = match (waiting, queued.dead) {
            (0, 0) => None,
            (0, dead) => Some(UnembeddedChanges::Dead(dead)),
            (waiting, _) => Some(UnembeddedChanges::Waiting(waiting)),
        };
        if let Some(unembedded) = unembedded {
            return Err(PortError::new("store", ErrorKind::Refused, unembedded));
        }
        let products = if self.target_store.is_some() { counts.products } else { 0 };
        Ok(products + index.count().await?)
    }

    /// Gives the target index the analysis of the texts that it is about to take. Refuses one that holds
    /// products of another.
    async fn match_analysis(&self) -> PortResult<()> {
        let given = self.source.index.analysis().await?;
        let held = self.target_index.analysis().await?;
        let Some(wanted) = given.filter(|given| held.as_ref() != Some(given)) else {
            return Ok(());
        };
        if self.target_index.count().await? > 0 {
            let index = self.target_index.identity().await?.name;
            let mismatch = AnalysisMismatch { index, held, wanted };
            return Err(PortError::new("index", ErrorKind::Misconfigured, mismatch));
        }
        self.target_index.set_analysis(&wanted).await
    }

    /// Ends the registration of the target index at a store of its own, whose products it may lack
    /// until the copy is done, and returns whether it was registered there. Refuses a store with further
    /// indexes, which would lack them for good.
    async fn unregister(&self, identity: &IndexIdentity) -> PortResult<bool> {
        let Some(store) = &self.target_store else { return Ok(false) };
        let registered: Vec<_> =
            store.indexes().await?.into_iter().map(|index| index.identity).collect();
        let names = registered.iter().map(|index| index.name.clone());
        let others: Vec<_> = names.filter(|name| *name != identity.name).collect();
        if !others.is_empty() {
            return Err(refused(IndexRefusal::Unserved(others)));
        }
        store.forget_index(&identity.name).await?;
        Ok(registered.contains(identity))
    }

    async fn copy_products(
        &self,
        target: &dyn ProductStore,
        copying: &mut Copying<'_>,
    ) -> PortResult<()> {
        let mut after: Option<ProductId> = None;
        loop {
            let page = self.source.store.list(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.product.id.clone());
            target.restore(&page).await?;
            copying.summary.products += page.len() as u64;
            copying.step(page.len());
        }
    }

    async fn copy_quarantine(
        &self,
        target: &dyn ProductStore,
        summary: &mut CopySummary,
    ) -> PortResult<()> {
        let mut pages = QuarantinePages::new(Arc::clone(&self.source.store), None);
        loop {
            let page = pages.next(PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            target.restore_quarantine(&page).await?;
            summary.quarantined += page.len() as u64;
        }
    }

    async fn copy_entries(&self, copying: &mut Copying<'_>) -> PortResult<()> {
        let mut after: Option<ProductId> = None;
        loop {
            let page = self.source.index.list(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let failures = self.target_index.upsert(&page).await?;
            copying.summary.entries += (page.len() - failures.len()) as u64;
            copying.summary.failures.extend(failures);
            copying.step(page.len());
        }
    }

    /// Removes from the target what the source has removed.
    async fn copy_removals(&self, copying: &mut Copying<'_>) -> PortResult<()> {
        let mut after: Option<ProductId> = None;
        loop {
            let page = self.source.store.removed(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            if let Some(target) = &self.target_store {
                target.restore_removed(&page).await?;
            }
            let changes: Vec<_> = page.iter().map(RemovedProduct::change).collect();
            copying.summary.failures.extend(self.target_index.remove(&changes).await?);
        }
    }

    fn target_store(&self) -> &dyn ProductStore {
        &**self.target_store.as_ref().unwrap_or(&self.source.store)
    }
}
