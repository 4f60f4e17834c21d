//! What an embedder answers is not believed blindly.

use crate::house::{House, id, row};
use akin_entities::Fingerprint;
use akin_memory::MemoryEmbedder;
use akin_ports::{Embedded, Embedder, ErrorKind, PortResult};
use akin_usecases::{EmbedChanges, EmbedSummary};
use async_trait::async_trait;
use std::sync::Arc;

/// Answers as many embeddings as it likes.
#[derive(Debug)]
struct Miscounts {
    embedder: MemoryEmbedder,
    miscount: fn(&mut Embedded),
}

#[async_trait]
impl Embedder for Miscounts {
    async fn embed(&self, texts: &[String]) -> PortResult<Embedded> {
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

async fn embed_with(house: &House, miscount: fn(&mut Embedded)) -> EmbedSummary {
    let embedder = Arc::new(Miscounts { embedder: MemoryEmbedder::default(), miscount });
    let (store, index) = (house.store.clone(), house.index.clone());
    EmbedChanges::new(store, embedder, index).run(&|_| ()).await.unwrap()
}

#[tokio::test]
async fn no_product_gets_the_embedding_of_another_where_the_count_is_wrong() {
    let house = House::new();
    let rows = [row("a", "Phone tripod", ""), row("b", "Desk lamp", ""), row("c", "Cup", "")];
    house.ingest(&rows, 1).await;
    let always: [fn(&mut Embedded); 2] = [
        |embedded| drop(embedded.embeddings.pop()),
        |embedded| embedded.embeddings.extend_from_within(..1),
    ];
    for miscount in always {
        let summary = embed_with(&house, miscount).await;
        assert_eq!((summary.embedded, summary.failures.len()), (0, 3));
        assert!(summary.failures.values().all(|error| error.kind == ErrorKind::Corrupt));
        assert_eq!(house.outbox().await.len(), 3);
    }
    // Right for one text alone: then each is asked for alone.
    let in_batches: fn(&mut Embedded) = |embedded| {
        let count = embedded.embeddings.len();
        embedded.embeddings.truncate(if count > 1 { count - 1 } else { 1 });
    };
    let summary = embed_with(&house, in_batches).await;
    assert_eq!((summary.embedded, summary.failures.len()), (3, 0));
    house.assert_in_step(&["a", "b", "c"].map(id)).await;
}
