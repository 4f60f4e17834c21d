use crate::Background;
use crate::embed_target::{analyze_records, holds_text};
use akin_entities::{Language, ProductId, ProductRecord};
use akin_ports::{
    AnalysisMismatch, EntryEmbedding, ErrorKind, PortError, PortResult, ProductIndex, ProductStore,
};
use std::sync::Arc;

/// Analyzes the texts in an index anew, after the analyzer or the catalogue's language changed. The
/// embeddings stay as they are.
///
/// It may be interrupted and run twice, or beside an ingestion: it writes what the store holds, and the
/// index keeps what is newer. The index takes the name of the new analysis at the end.
#[derive(Clone, Debug)]
pub struct RenewAnalysis {
    /// The store of the products.
    pub store: Arc<dyn ProductStore>,
    /// The index.
    pub index: Arc<dyn ProductIndex>,
    /// Analyzes the texts.
    pub background: Background,
    /// The language of the texts.
    pub language: Language,
}

/// The number of products analyzed at a time, which bounds the memory.
const PAGE: usize = 500;

impl RenewAnalysis {
    /// Returns true if searches would miss words that the index holds.
    pub async fn is_needed(&self) -> PortResult<bool> {
        Ok(mismatch(&*self.index, self.language).await?.is_some())
    }

    /// Analyzes every product that the index holds, and returns their number; 0 if nothing is to be
    /// done. `observe` is told how many are done.
    pub async fn run(&self, observe: &(dyn Fn(u64) + Send + Sync)) -> PortResult<u64> {
        let wanted = akin_ranking::analysis(self.language);
        if self.index.analysis().await?.as_ref() == Some(&wanted) {
            return Ok(0);
        }
        let (mut after, mut done): (Option<ProductId>, u64) = (None, 0);
        loop {
            let page = self.store.list(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.product.id.clone());
            done += self.renew(page).await?;
            observe(done);
        }
        self.index.set_analysis(&wanted).await?;
        Ok(done)
    }

    /// Analyzes those of `records` that the index holds. The others wait to be embedded, and are analyzed
    /// then.
    async fn renew(&self, mut records: Vec<ProductRecord>) -> PortResult<u64> {
        let ids: Vec<_> = records.iter().map(|record| record.product.id.clone()).collect();
        let known = self.index.states(&ids).await?;
        records.retain(|record| holds_text(known.get(&record.product.id), record));
        let products: Vec<_> =
            records.into_iter().map(|record| (record, EntryEmbedding::Unchanged)).collect();
        let entries = analyze_records(&self.background, self.language, products).await?;
        if entries.is_empty() {
            return Ok(0);
        }
        let failures = self.index.upsert(&entries).await?;
        let renewed = entries.len() - failures.len();
        if failures.is_empty() {
            return Ok(renewed as u64);
        }
        // A product that was removed meanwhile is no longer held.
        let failed: Vec<_> = failures.keys().cloned().collect();
        let known = self.index.states(&failed).await?;
        let is_held = |id: &ProductId| known.get(id).is_some_and(|state| state.text_hash.is_some());
        match failures.into_iter().find(|(id, _)| is_held(id)) {
            Some((_, error)) => Err(error),
            None => Ok(renewed as u64),
        }
    }
}

/// Refuses an index whose texts have another analysis than queries in `language`, where words would be
/// missed.
pub async fn ensure_same_analysis(index: &dyn ProductIndex, language: Language) -> PortResult<()> {
    match mismatch(index, language).await? {
        Some(mismatch) => Err(PortError::new("index", ErrorKind::Misconfigured, mismatch)),
        None => Ok(()),
    }
}

/// Gives an index without products the analysis of texts in `language`.
pub(crate) async fn adopt_analysis(index: &dyn ProductIndex, language: Language) -> PortResult<()> {
    let wanted = akin_ranking::analysis(language);
    if index.analysis().await?.as_ref() == Some(&wanted) || index.count().await? > 0 {
        return Ok(());
    }
    index.set_analysis(&wanted).await
}

/// Returns how the analysis of an index differs from that of queries; `None` if it does not, or if the
/// index holds no products.
async fn mismatch(
    index: &dyn ProductIndex,
    language: Language,
) -> PortResult<Option<AnalysisMismatch>> {
    let (held, wanted) = (index.analysis().await?, akin_ranking::analysis(language));
    if held.as_ref() == Some(&wanted) || index.count().await? == 0 {
        return Ok(None);
    }
    let index = index.identity().await?.name;
    Ok(Some(AnalysisMismatch { index, held, wanted }))
}
