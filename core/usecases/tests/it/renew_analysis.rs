//! Texts are analyzed anew when the analyzer or the language of the catalogue changes.

use crate::shop::{Shop, id, row};
use akin_entities::{Analysis, Language};
use akin_ports::{AnalysisMismatch, ErrorKind, IndexEntry, ProductIndex, ProductStore};
use akin_ranking::{analysis, analyze_product};
use akin_usecases::{Background, RenewAnalysis, ensure_same_analysis};
use std::sync::atomic::{AtomicU64, Ordering};

fn renew(shop: &Shop, language: Language) -> RenewAnalysis {
    let (store, index) = (shop.store.clone(), shop.index.clone());
    RenewAnalysis { store, index, background: Background::inline(), language }
}

async fn entries(shop: &Shop) -> Vec<IndexEntry> {
    shop.index.list(None, 100).await.unwrap()
}

/// Returns a shop of three products, whose index was registered and filled.
async fn filled() -> Shop {
    let shop = Shop::new();
    shop.register().await.unwrap();
    let rows = [row("a", "Gute Stühle", "₹1"), row("b", "Lampen", "₹2"), row("c", "Cups", "₹3")];
    shop.stock(&rows).await;
    shop
}

#[tokio::test]
async fn an_empty_index_takes_the_analysis_of_what_is_embedded_into_it() {
    let shop = filled().await;
    assert_eq!(shop.index.analysis().await.unwrap(), Some(analysis(Language::English)));
    assert!(!renew(&shop, Language::English).is_needed().await.unwrap());
    ensure_same_analysis(&*shop.index, Language::English).await.unwrap();
    assert_eq!(renew(&shop, Language::English).run(&|_| ()).await.unwrap(), 0);
}

#[tokio::test]
async fn an_index_of_another_language_is_refused_then_analyzed_anew_without_embedding() {
    let shop = filled().await;
    let before = entries(&shop).await;
    let error = ensure_same_analysis(&*shop.index, Language::German).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    let mismatch = std::error::Error::source(&error).unwrap();
    let mismatch = mismatch.downcast_ref::<AnalysisMismatch>().unwrap();
    assert_eq!(mismatch.wanted, analysis(Language::German));
    let renew = renew(&shop, Language::German);
    assert!(renew.is_needed().await.unwrap());
    let observed = AtomicU64::new(0);
    let renewed = renew.run(&|done| observed.store(done, Ordering::Relaxed)).await.unwrap();
    assert_eq!((renewed, observed.load(Ordering::Relaxed)), (3, 3));
    assert!(!renew.is_needed().await.unwrap());
    let after = entries(&shop).await;
    for (before, after) in before.iter().zip(&after) {
        let record = shop
            .store
            .fetch(std::slice::from_ref(&after.id))
            .await
            .unwrap()
            .remove(&after.id)
            .unwrap();
        let analyzed = analyze_product(&record.product, Language::German);
        assert_eq!((&after.text, &after.words), (&analyzed.text, &analyzed.words));
        assert_eq!((&after.embedding, after.version), (&before.embedding, before.version));
    }
    assert_ne!(before[0].text, after[0].text);
    assert!(shop.outbox().await.is_empty());
}

#[tokio::test]
async fn an_index_by_an_earlier_akin_is_analyzed_anew() {
    let shop = Shop::new();
    shop.stock(&[row("a", "Cups", "₹1")]).await;
    let error = ensure_same_analysis(&*shop.index, Language::English).await.unwrap_err();
    assert!(error.report().contains("by an earlier akin"), "{}", error.report());
    assert_eq!(renew(&shop, Language::English).run(&|_| ()).await.unwrap(), 1);
    shop.index.set_analysis(&Analysis::from_stored("english 1")).await.unwrap();
    assert!(renew(&shop, Language::English).is_needed().await.unwrap());
}

#[tokio::test]
async fn what_waits_to_be_embedded_is_left_to_that() {
    let shop = filled().await;
    shop.ingest(&[row("b", "Leuchten", "₹2"), row("d", "Teller", "₹4")], 2).await;
    assert_eq!(renew(&shop, Language::German).run(&|_| ()).await.unwrap(), 2);
    assert!(shop.state("d").await.is_none());
    assert_eq!(shop.outbox().await.len(), 2);
    let held = entries(&shop).await.into_iter().find(|entry| entry.id == id("b")).unwrap();
    assert!(held.words.contains("lampen"), "the old text stays with its embedding: {held:?}");
}

#[tokio::test]
async fn an_interrupted_renewal_is_finished_by_the_next() {
    let shop = filled().await;
    let mut steps = 0;
    loop {
        shop.faults.break_after(steps, ErrorKind::Unavailable);
        let renewed = renew(&shop, Language::German).run(&|_| ()).await;
        shop.faults.clear();
        if renewed.is_ok() {
            break;
        }
        steps += 1;
    }
    assert!(steps > 3, "it took {steps} steps");
    assert!(!renew(&shop, Language::German).is_needed().await.unwrap());
}
