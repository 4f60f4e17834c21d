//! Several engines that are updated from one outbox.

use crate::shop::{Shop, id, row};
use akin_entities::Language;
use akin_memory::{Faults, MemoryEmbedder, MemoryIndex};
use akin_ports::{ErrorKind, ProductIndex};
use akin_usecases::{Background, EmbedChanges, EmbedTarget};
use futures::FutureExt as _;
use std::sync::{Arc, Mutex, mpsc};

/// Two indexes of the shop's model and one of another model, over the shop's store.
struct Engines {
    second: Arc<MemoryIndex>,
    foreign: Arc<MemoryIndex>,
    faults: Faults,
    embed: EmbedChanges,
}

fn engines(shop: &Shop) -> Engines {
    let faults = Faults::default();
    let second = Arc::new(MemoryIndex::with_faults(faults.clone()));
    let foreign = Arc::new(MemoryIndex::default());
    let same = EmbedTarget {
        embedder: shop.embedder.clone(),
        indexes: vec![shop.index.clone(), second.clone()],
        background: Background::inline(),
        language: Language::English,
    };
    let other = EmbedTarget {
        embedder: Arc::new(MemoryEmbedder::named("other@00000000")),
        indexes: vec![foreign.clone()],
        background: Background::inline(),
        language: Language::English,
    };
    let embed = EmbedChanges { store: shop.store.clone(), targets: vec![same, other] };
    Engines { second, foreign, faults, embed }
}

#[tokio::test]
async fn every_index_receives_every_product_and_a_text_is_embedded_once_per_model() {
    let shop = Shop::new();
    let engines = engines(&shop);
    shop.ingest(&[row("a", "tripod", ""), row("b", "lamp", "")], 1).await;
    let summary = engines.embed.run(&|_| ()).await.unwrap();
    assert_eq!((summary.embedded, summary.failures.len()), (4, 0));
    assert_eq!(shop.embedder.embedded().len(), 2);
    for index in [&shop.index, &engines.second, &engines.foreign] {
        assert_eq!(index.count().await.unwrap(), 2);
    }
    shop.assert_in_step(&["a", "b"].map(id)).await;
}

#[tokio::test]
async fn a_change_stays_until_every_index_has_it() {
    let shop = Shop::new();
    let engines = engines(&shop);
    shop.ingest(&[row("a", "tripod", ""), row("b", "lamp", "")], 1).await;
    engines.faults.break_after(0, ErrorKind::Unavailable);
    let error = engines.embed.run(&|_| ()).await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(shop.outbox().await.len(), 2);
    engines.faults.clear();
    engines.embed.run(&|_| ()).await.unwrap();
    assert_eq!(engines.second.count().await.unwrap(), 2);
    assert_eq!(shop.outbox().await, []);
}

#[tokio::test]
async fn an_index_that_lacks_a_text_gets_it_even_if_others_have_it() {
    let shop = Shop::new();
    shop.stock(&[row("a", "tripod", "₹1")]).await;
    let engines = engines(&shop);
    shop.ingest(&[row("a", "tripod", "₹2")], 2).await;
    let summary = engines.embed.run(&|_| ()).await.unwrap();
    assert_eq!((summary.embedded, summary.updated_fields), (2, 0));
    shop.ingest(&[row("a", "tripod", "₹3")], 3).await;
    let summary = engines.embed.run(&|_| ()).await.unwrap();
    assert_eq!((summary.embedded, summary.updated_fields), (0, 2), "once for each model");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_analyzed_away_from_the_thread_that_renews_leases() {
    let shop = Shop::new();
    let mut engines = engines(&shop);
    let (sender, works) = mpsc::channel();
    let sender = Mutex::new(sender);
    let background = Background::new(move |work| sender.lock().unwrap().send(work).unwrap());
    engines.embed.targets.truncate(1);
    engines.embed.targets[0].background = background;
    shop.ingest(&[row("a", "tripod", ""), row("b", "lamp", "")], 1).await;
    let mut embedding = Box::pin(engines.embed.run(&|_| ()));
    let work = loop {
        assert!(embedding.as_mut().now_or_never().is_none(), "nothing was analyzed elsewhere");
        if let Ok(work) = works.try_recv() {
            break work;
        }
    };
    assert_eq!(shop.index.count().await.unwrap(), 0);
    std::thread::spawn(work);
    assert_eq!(embedding.await.unwrap().embedded, 2);
    assert_eq!(shop.index.count().await.unwrap(), 2);
}

#[tokio::test]
async fn products_whose_analysis_has_no_result_wait_to_be_embedded() {
    let shop = Shop::new();
    let mut engines = engines(&shop);
    engines.embed.targets.truncate(1);
    engines.embed.targets[0].background = Background::new(drop);
    shop.ingest(&[row("a", "tripod", "")], 1).await;
    let error = engines.embed.run(&|_| ()).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(shop.outbox().await.len(), 1);
}
