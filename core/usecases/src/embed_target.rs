use crate::change_batch::{Monitor, Undone};
use crate::{Background, EmbedSummary};
use akin_entities::{Change, Embedding, FacetValues, Language, ProductId, ProductRecord};
use akin_ports::{
    Embedder, EntryEmbedding, ErrorKind, Failures, IndexEntry, IndexedState, PortError, PortResult,
    ProductIndex, ensure_same_model,
};
use akin_ranking::analyze_product;
use futures::future::try_join_all;
use futures::stream::FuturesOrdered;
use futures::{StreamExt as _, join};
use std::collections::HashSet;
use std::sync::Arc;

/// An embedder with the indexes that hold its embeddings. Each text is embedded once for all of them.
#[derive(Clone, Debug)]
pub struct EmbedTarget {
    /// Turns texts into embeddings.
    pub embedder: Arc<dyn Embedder>,
    /// The indexes, each of which holds every product.
    pub indexes: Vec<Arc<dyn ProductIndex>>,
    /// Analyzes the texts of products.
    pub background: Background,
    /// The language of the texts.
    pub language: Language,
}

/// The number of texts in a batch.
const BATCH: usize = 128;

/// The number of batches that are embedded at the same time, so that no thread of the embedder is idle
/// at the end of one.
const BATCHES: usize = 2;

/// The result of embedding a batch of texts.
#[derive(Default)]
struct Batch<'a> {
    embeddings: Vec<(&'a ProductRecord, Embedding)>,
    /// Texts longer than the model reads.
    truncated: u64,
    /// Products whose text the model refuses, and why.
    refused: Failures,
}

impl EmbedTarget {
    /// Refuses an index of another model, before anything is embedded.
    pub(crate) async fn check(&self) -> PortResult<()> {
        for index in &self.indexes {
            if let Some(held) = index.fingerprint().await? {
                ensure_same_model("index", &held, self.embedder.fingerprint())?;
            }
        }
        Ok(())
    }

    /// Returns the ids of those of `records` whose current text every index holds.
    pub(crate) async fn embedded(
        &self,
        records: impl Iterator<Item = &ProductRecord> + Clone,
    ) -> PortResult<HashSet<ProductId>> {
        let ids: Vec<_> = records.clone().map(|record| record.product.id.clone()).collect();
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let known = try_join_all(self.indexes.iter().map(|index| index.states(&ids))).await?;
        let everywhere = |record: &ProductRecord| {
            let id = &record.product.id;
            known.iter().all(|known| holds_text(known.get(id), record))
        };
        let held = records.zip(ids).filter(|(record, _)| everywhere(record));
        Ok(held.map(|(_, id)| id).collect())
    }

    pub(crate) async fn remove(&self, gone: &[Change]) -> PortResult<Failures> {
        if gone.is_empty() {
            return Ok(Failures::new());
        }
        let removed = self.indexes.iter().map(|index| index.remove(gone));
        Ok(try_join_all(removed).await?.into_iter().flatten().collect())
    }

    /// Updates products without embedding them, and returns the failures and the products that must be
    /// embedded after all: a slow worker with an older change may have written the embedding of
    /// another text in the meantime, which the update keeps.
    pub(crate) async fn update<'a>(
        &self,
        records: &[&'a ProductRecord],
    ) -> PortResult<(Failures, Vec<&'a ProductRecord>)> {
        let unchanged = records.iter().map(|record| (*record, EntryEmbedding::Unchanged));
        let mut failures = self.write(unchanged).await?;
        let embedded = self.embedded(records.iter().copied()).await?;
        let mut overtaken = records.to_vec();
        overtaken.retain(|record| !embedded.contains(&record.product.id));
        failures.retain(|id, _| embedded.contains(id));
        Ok((failures, overtaken))
    }

    /// Embeds batches while the one before them is analyzed and written. When stopped, it finishes what
    /// was started and skips the rest.
    pub(crate) async fn embed(
        &self,
        records: &[&ProductRecord],
        summary: &mut EmbedSummary,
        monitor: &mut dyn Monitor,
    ) -> PortResult<Undone> {
        let mut undone = Undone::default();
        let mut batches = records.chunks(BATCH);
        let mut begun = FuturesOrdered::new();
        let mut waiting = Vec::new();
        loop {
            while begun.len() < BATCHES
                && !monitor.is_stopped()
                && let Some(batch) = batches.next()
            {
                begun.push_back(self.embed_batch(batch));
            }
            if begun.is_empty() && waiting.is_empty() {
                let left = batches.flatten().map(|record| record.product.id.clone());
                undone.skipped.extend(left);
                return Ok(undone);
            }
            let count = waiting.len();
            // The embedder is polled first, so that it works during the analysis.
            let (embedded, written) = join!(begun.next(), self.keep(waiting));
            // While the last batch is written, there is no next one.
            let embedded = embedded.transpose()?.unwrap_or_default();
            summary.truncated += embedded.truncated;
            undone.failures.extend(embedded.refused);
            let unwritten = written?;
            summary.embedded += (count - unwritten.len()) as u64;
            undone.failures.extend(unwritten);
            monitor.step(count as u64);
            waiting = embedded.embeddings;
        }
    }

    /// Writes embedded products to the indexes.
    async fn keep(&self, embedded: Vec<(&ProductRecord, Embedding)>) -> PortResult<Failures> {
        let computed = embedded.into_iter().map(|(record, embedding)| {
            let text_hash = record.product.text_hash();
            let fingerprint = self.embedder.fingerprint().clone();
            (record, EntryEmbedding::Computed { embedding, text_hash, fingerprint })
        });
        self.write(computed).await
    }

    async fn write(
        &self,
        products: impl Iterator<Item = (&ProductRecord, EntryEmbedding)>,
    ) -> PortResult<Failures> {
        let products: Vec<_> =
            products.map(|(record, embedding)| (record.clone(), embedding)).collect();
        if products.is_empty() {
            return Ok(Failures::new());
        }
        let entries = &*analyze_records(&self.background, self.language, products).await?;
        let written = self.indexes.iter().map(|index| index.upsert(entries));
        Ok(try_join_all(written).await?.into_iter().flatten().collect())
    }

    /// Embeds all of them, or all except the texts that the model refuses.
    async fn embed_batch<'a>(&self, records: &[&'a ProductRecord]) -> PortResult<Batch<'a>> {
        match self.embeddings(records).await {
            Ok(batch) => return Ok(batch),
            Err(error) if is_about_all(&error) => return Err(error),
            Err(_) => {}
        }
        let mut batch = Batch::default();
        for record in records {
            match self.embeddings(std::slice::from_ref(record)).await {
                Ok(one) => {
                    batch.embeddings.extend(one.embeddings);
                    batch.truncated += one.truncated;
                }
                Err(error) if is_about_all(&error) => return Err(error),
                Err(error) => drop(batch.refused.insert(record.product.id.clone(), error)),
            }
        }
        Ok(batch)
    }

    async fn embeddings<'a>(&self, records: &[&'a ProductRecord]) -> PortResult<Batch<'a>> {
        let texts: Vec<_> = records.iter().map(|record| record.product.embedded_text()).collect();
        let embedded = self.embedder.embed(&texts).await?;
        if embedded.embeddings.len() != records.len() {
            let message =
                format!("{} embeddings for {} texts", embedded.embeddings.len(), records.len());
            return Err(PortError::new("embedder", ErrorKind::Corrupt, message));
        }
        let embeddings = records.iter().copied().zip(embedded.embeddings).collect();
        Ok(Batch { embeddings, truncated: embedded.truncated as u64, refused: Failures::new() })
    }
}

/// Returns the entries of products. Long texts take seconds, during which leases must be renewed and
/// signals heard, so they are analyzed in the background.
pub(crate) async fn analyze_records(
    background: &Background,
    language: Language,
    products: Vec<(ProductRecord, EntryEmbedding)>,
) -> PortResult<Vec<IndexEntry>> {
    let analyze = move |is_stopped: &dyn Fn() -> bool| {
        let mut entries = Vec::with_capacity(products.len());
        for (record, embedding) in products {
            if is_stopped() {
                break;
            }
            entries.push(entry(record, embedding, language));
        }
        entries
    };
    background.run(analyze).await.ok_or_else(|| {
        let message = "the analysis of the products ended without a result";
        PortError::new("text analysis", ErrorKind::Unavailable, message)
    })
}

/// Returns whether an error is about no single text, so that the next one would meet it too.
pub(crate) fn is_about_all(error: &PortError) -> bool {
    matches!(error.kind, ErrorKind::Unavailable | ErrorKind::Misconfigured)
}

/// Returns true if the state `known` of an index is of the current text of a product.
pub(crate) fn holds_text(known: Option<&IndexedState>, record: &ProductRecord) -> bool {
    known.and_then(|known| known.text_hash) == Some(record.product.text_hash())
}

fn entry(record: ProductRecord, embedding: EntryEmbedding, language: Language) -> IndexEntry {
    let analyzed = analyze_product(&record.product, language);
    IndexEntry {
        facets: FacetValues::from(&record),
        id: record.product.id,
        version: record.version,
        embedding,
        text: analyzed.text,
        words: analyzed.words,
    }
}
