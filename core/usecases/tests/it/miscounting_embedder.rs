//! The number of embeddings that an embedder returns is checked.

use crate::shop::{Shop, id, row};
use akin_entities::Fingerprint;
use akin_memory::MemoryEmbedder;
use akin_ports::{EmbeddedBatch, Embedder, ErrorKind, PortResult};
use akin_usecases::{EmbedChanges, EmbedSummary};
use async_trait::async_trait;
use std::sync::Arc;

/// An embedder that returns a wrong number of embeddings.
#[derive(Debug)]
struct MiscountingEmbedder {
    embedder: MemoryEmbedder,
    miscount: fn(&mut EmbeddedBatch),
}

#[async_trait]
impl Embedder for MiscountingEmbedder {
    async fn embed(&self, texts: &[String]) -> PortResult<EmbeddedBatch> {
        let mut embedded = self.embedder.embed(texts).await?;
        (self.miscount)(&mut embedded);
        Ok(embedded)
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.embedder.fingerprint()
    }

    fn token_limit(&self) -> usize {
        self.embedder.token_limit()
    }
}

async fn embed_with(shop: &Shop, miscount: fn(&mut EmbeddedBatch)) -> EmbedSummary {
    let embedder = Arc::new(MiscountingEmbedder { embedder: MemoryEmbedder::default(), miscount });
    let (store, index) = (shop.store.clone(), shop.index.clone());
    EmbedChanges::new(store, embedder, index).run(&|_| ()).await.unwrap()
}

#[tokio::test]
async fn a_wrong_count_gives_no_product_the_embedding_of_another() {
    let shop = Shop::new();
    let rows = [row("a", "Phone tripod", ""), row("b", "Desk lamp", ""), row("c", "Cup", "")];
    shop.ingest(&rows, 1).await;
    let always: [fn(&mut EmbeddedBatch); 2] = [
        |embedded| drop(embedded.embeddings.pop()),
        |embedded| embedded.embeddings.extend_from_within(..1),
    ];
    for miscount in always {
        let summary = embed_with(&shop, miscount).await;
        assert_eq!((summary.embedded, summary.failures.len()), (0, 3));
        assert!(summary.failures.values().all(|error| error.kind == ErrorKind::Corrupt));
        assert_eq!(shop.outbox().await.len(), 3);
    }
    // A single text gets its one embedding, so each text is embedded again alone.
    let in_batches: fn(&mut EmbeddedBatch) = |embedded| {
        let count = embedded.embeddings.len();
        embedded.embeddings.truncate(if count > 1 { count - 1 } else { 1 });
    };
    let summary = embed_with(&shop, in_batches).await;
    assert_eq!((summary.embedded, summary.failures.len()), (3, 0));
    shop.assert_in_step(&["a", "b", "c"].map(id)).await;
}
