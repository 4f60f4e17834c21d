use crate::one_model::refuse_another_model;
use entities::{Change, Facets, ProductId, ProductRecord, Version};
use futures::join;
use ports::{
    Embedder, ErrorKind, Failures, IndexEntry, Indexed, Meaning, OutboxEntry, PortError,
    PortResult, ProductIndex, ProductStore,
};
use ranking::analyze_product;
use std::collections::HashMap;
use std::sync::Arc;

/// Brings the index up to the store: embeds each text that changed, and updates the fields of
/// the others.
///
/// Killed anywhere, the next run finishes the work: a change leaves the outbox only when the
/// index holds it, and doing it twice is harmless.
#[derive(Clone, Debug)]
pub struct EmbedChanges {
    /// Keeps the products, and what is still to be done about them.
    pub store: Arc<dyn ProductStore>,
    /// Turns their texts into embeddings.
    pub embedder: Arc<dyn Embedder>,
    /// Finds them.
    pub index: Arc<dyn ProductIndex>,
}

/// What embedding did.
#[derive(Debug, Default)]
pub struct EmbedSummary {
    /// Products whose text was embedded.
    pub embedded: u64,
    /// Products whose text is what it was: their other fields were updated.
    pub updated_fields: u64,
    /// Products that the store no longer has: removed from the index.
    pub removed: u64,
    /// Texts longer than the model reads.
    pub truncated: u64,
    /// Products that could not be done, and why; they stay in the outbox.
    pub failures: Failures,
}

/// How far embedding is.
#[derive(Clone, Copy, Debug)]
pub struct EmbedProgress {
    /// Changes done.
    pub done: u64,
    /// Changes that waited when it began.
    pub total: u64,
}

/// How many changes are taken from the outbox at a time: bounds the memory.
const PAGE: usize = 1024;

/// How many texts are embedded at a time.
const BATCH: usize = 128;

/// What is to be done about a page of changes.
#[derive(Debug, Default)]
struct Plan {
    embed: Vec<ProductRecord>,
    update: Vec<ProductRecord>,
    remove: Vec<Change>,
}

impl EmbedChanges {
    /// Works off the outbox as it stands. An index of another model is refused before anything is
    /// embedded in vain.
    pub async fn run(
        &self,
        observe: &(dyn Fn(EmbedProgress) + Send + Sync),
    ) -> PortResult<EmbedSummary> {
        let mut summary = EmbedSummary::default();
        let mut progress = EmbedProgress { done: 0, total: self.store.counts().await?.outbox };
        let mut after = None;
        observe(progress);
        if progress.total > 0 {
            refuse_another_model(&*self.index, self.embedder.fingerprint()).await?;
        }
        loop {
            let page = self.store.outbox(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(summary) };
            after = Some(last.sequence);
            let plan = self.plan(&page).await?;
            let mut failures = self.remove(&plan.remove, &mut summary).await?;
            failures.extend(self.update(plan.update, &mut summary).await?);
            progress.done += (page.len() - plan.embed.len()) as u64;
            let step = |embedded: u64| {
                progress.done += embedded;
                observe(progress);
            };
            failures.extend(self.embed(plan.embed, &mut summary, step).await?);
            let settled = |entry: &OutboxEntry| !failures.contains_key(&entry.change.id);
            let done: Vec<_> = page.into_iter().filter(settled).collect();
            self.store.clear_outbox(&done).await?;
            summary.failures.extend(failures);
        }
    }

    async fn plan(&self, page: &[OutboxEntry]) -> PortResult<Plan> {
        let ids: Vec<_> = page.iter().map(|entry| entry.change.id.clone()).collect();
        let (records, known) = join!(self.store.fetch(&ids), self.index.known(&ids));
        let (mut records, known) = (records?, known?);
        let mut plan = Plan::default();
        for change in newest_of_each(page) {
            match records.remove(&change.id) {
                None => plan.remove.push(change.clone()),
                // The outbox names this product again, at the version that the store holds.
                Some(record) if record.version > change.version => {}
                Some(record) if holds_text(known.get(&change.id), &record) => {
                    plan.update.push(record);
                }
                Some(record) => plan.embed.push(record),
            }
        }
        // Texts of like length share a batch, so that an engine that pads wastes little.
        plan.embed
            .sort_by_key(|record| record.product.name.len() + record.product.description.len());
        Ok(plan)
    }

    async fn remove(&self, gone: &[Change], summary: &mut EmbedSummary) -> PortResult<Failures> {
        if gone.is_empty() {
            return Ok(Failures::new());
        }
        let failures = self.index.remove(gone).await?;
        summary.removed += (gone.len() - failures.len()) as u64;
        Ok(failures)
    }

    async fn update(
        &self,
        records: Vec<ProductRecord>,
        summary: &mut EmbedSummary,
    ) -> PortResult<Failures> {
        if records.is_empty() {
            return Ok(Failures::new());
        }
        let entries: Vec<_> = records.iter().map(|record| entry(record, Meaning::Kept)).collect();
        let failures = self.index.upsert(&entries).await?;
        summary.updated_fields += (entries.len() - failures.len()) as u64;
        Ok(failures)
    }

    /// Embeds a batch while the one before is written.
    async fn embed(
        &self,
        records: Vec<ProductRecord>,
        summary: &mut EmbedSummary,
        mut step: impl FnMut(u64),
    ) -> PortResult<Failures> {
        let mut failures = Failures::new();
        let mut waiting = Vec::new();
        for batch in records.chunks(BATCH) {
            let (embedded, written) =
                join!(self.embed_batch(batch, &mut summary.truncated), self.write(&waiting));
            let (entries, refused) = embedded?;
            failures.extend(refused);
            let unwritten = written?;
            summary.embedded += (waiting.len() - unwritten.len()) as u64;
            failures.extend(unwritten);
            step(waiting.len() as u64);
            waiting = entries;
        }
        let unwritten = self.write(&waiting).await?;
        summary.embedded += (waiting.len() - unwritten.len()) as u64;
        failures.extend(unwritten);
        step(waiting.len() as u64);
        Ok(failures)
    }

    async fn write(&self, entries: &[IndexEntry]) -> PortResult<Failures> {
        if entries.is_empty() { Ok(Failures::new()) } else { self.index.upsert(entries).await }
    }

    /// Embeds all of them; if the model refuses one text, all but that one.
    async fn embed_batch(
        &self,
        records: &[ProductRecord],
        truncated: &mut u64,
    ) -> PortResult<(Vec<IndexEntry>, Failures)> {
        let mut failures = Failures::new();
        let whole = self.entries(records, truncated).await;
        match whole {
            Ok(entries) => return Ok((entries, failures)),
            Err(error) if is_about_all(&error) => return Err(error),
            Err(_) => {}
        }
        let mut entries = Vec::with_capacity(records.len());
        for record in records {
            match self.entries(std::slice::from_ref(record), truncated).await {
                Ok(entry) => entries.extend(entry),
                Err(error) if is_about_all(&error) => return Err(error),
                Err(error) => {
                    failures.insert(record.product.id.clone(), error);
                }
            }
        }
        Ok((entries, failures))
    }

    async fn entries(
        &self,
        records: &[ProductRecord],
        truncated: &mut u64,
    ) -> PortResult<Vec<IndexEntry>> {
        let texts: Vec<_> = records.iter().map(|record| record.product.embedded_text()).collect();
        let embedded = self.embedder.embed(&texts).await?;
        if embedded.embeddings.len() != records.len() {
            let message =
                format!("{} embeddings for {} texts", embedded.embeddings.len(), records.len());
            return Err(PortError::new("embedder", ErrorKind::Corrupt, message));
        }
        *truncated += embedded.truncated as u64;
        let fingerprint = self.embedder.fingerprint();
        Ok(records
            .iter()
            .zip(embedded.embeddings)
            .map(|(record, embedding)| {
                let text_hash = record.product.text_hash();
                let fingerprint = fingerprint.clone();
                entry(record, Meaning::Embedded { embedding, text_hash, fingerprint })
            })
            .collect())
    }
}

/// The newest change of each product: a queue may deliver several, in any order.
fn newest_of_each(page: &[OutboxEntry]) -> impl Iterator<Item = &Change> {
    let mut newest = HashMap::<&ProductId, Version>::with_capacity(page.len());
    for OutboxEntry { change, .. } in page {
        let version = newest.entry(&change.id).or_insert(change.version);
        *version = change.version.max(*version);
    }
    let changes = page.iter().map(|entry| &entry.change);
    changes.filter(move |change| {
        let is_newest = newest.get(&change.id) == Some(&change.version);
        // Of two equal ones the first is enough.
        is_newest && newest.remove(&change.id).is_some()
    })
}

/// Whether the next text will meet the same error.
fn is_about_all(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Misconfigured)
}

fn holds_text(known: Option<&Indexed>, record: &ProductRecord) -> bool {
    known.and_then(|known| known.text_hash) == Some(record.product.text_hash())
}

fn entry(record: &ProductRecord, meaning: Meaning) -> IndexEntry {
    let analyzed = analyze_product(&record.product);
    IndexEntry {
        id: record.product.id.clone(),
        version: record.version,
        meaning,
        text: analyzed.text,
        words: analyzed.words,
        facets: Facets::of(&record.product),
    }
}
