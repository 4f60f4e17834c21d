//! Copies of a catalogue between stores, and exports.

use crate::shop::{Shop, day, id, request, row};
use akin_entities::SearchMode;
use akin_ports::{ErrorKind, ProductIndex, ProductStore};
use akin_usecases::{
    CopyCatalogue, CopySummary, ExportCatalogue, ExportedProduct, UnembeddedChanges,
};
use std::sync::Mutex;

async fn stocked_shop() -> Shop {
    let shop = Shop::new();
    let rows: Vec<_> =
        (0..1_200).map(|n| row(&format!("{n:04}"), &format!("tripod {n}"), "₹617.50")).collect();
    shop.stock(&rows).await;
    shop
}

fn copy(from: &Shop, to: &Shop) -> CopyCatalogue {
    CopyCatalogue {
        stores: Some([from.store.clone(), to.store.clone()]),
        indexes: [from.index.clone(), to.index.clone()],
    }
}

async fn run(from: &Shop, to: &Shop) -> CopySummary {
    copy(from, to).run(&|_| ()).await.unwrap()
}

async fn export(shop: &Shop) -> Vec<ExportedProduct> {
    let export = ExportCatalogue { store: shop.store.clone(), index: shop.index.clone() };
    let mut all = Vec::new();
    let keep = |page| -> Result<(), akin_ports::PortError> {
        all.extend::<Vec<_>>(page);
        Ok(())
    };
    export.run(keep).await.unwrap();
    all
}

#[tokio::test]
async fn a_copy_contains_the_whole_catalogue_and_embeds_nothing() {
    let (from, to) = (stocked_shop().await, Shop::new());
    let summary = run(&from, &to).await;
    assert_eq!((summary.products, summary.entries, summary.failures.len()), (1_200, 1_200, 0));
    assert!(to.embedder.embedded().is_empty());
    assert_eq!(export(&to).await, export(&from).await);
    assert_eq!(to.outbox().await, []);
    let query = request("tripod 617", SearchMode::Hybrid);
    assert_eq!(to.answer(&query).await.hits, from.answer(&query).await.hits);
}

#[tokio::test]
async fn a_second_copy_adds_new_products_and_overwrites_none() {
    let (from, to) = (stocked_shop().await, Shop::new());
    run(&from, &to).await;
    from.ingest(&[row("0001", "monopod", ""), row("new", "lamp", "")], 2).await;
    from.embed().await;
    to.ingest(&[row("0002", "gimbal", "")], 3).await;
    to.embed().await;
    run(&from, &to).await;
    let names = ["0001", "new", "0002"].map(id);
    let records = to.store.fetch(&names).await.unwrap();
    let name = |n: usize| records[&names[n]].product.name.as_str();
    assert_eq!([name(0), name(1), name(2)], ["monopod", "lamp", "gimbal"]);
    assert_eq!(to.state("0002").await.unwrap().version, day(3));
}

#[tokio::test]
async fn an_interrupted_copy_is_completed_by_the_next_one() {
    let from = stocked_shop().await;
    for steps in 0..12 {
        let to = Shop::new();
        to.faults.break_after(steps, ErrorKind::Unavailable);
        let cut = copy(&from, &to).run(&|_| ()).await;
        to.faults.clear();
        run(&from, &to).await;
        assert_eq!(export(&to).await, export(&from).await, "{cut:?} after {steps} steps");
    }
}

#[tokio::test]
async fn pending_changes_must_be_embedded_before_a_copy() {
    let (from, to) = (stocked_shop().await, Shop::new());
    from.ingest(&[row("new", "lamp", "")], 2).await;
    let error = copy(&from, &to).run(&|_| ()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.report().contains("1 changes wait"), "{}", error.report());
    assert!(std::error::Error::source(&error).unwrap().is::<UnembeddedChanges>());
    assert_eq!(to.store.counts().await.unwrap().products, 0);
}

#[tokio::test]
async fn an_index_of_another_model_is_not_changed() {
    let (from, to) =
        (stocked_shop().await, Shop::with_embedder(|_| akin_memory::MemoryEmbedder::named("x@1")));
    to.stock(&[row("a", "lamp", "")]).await;
    let error = copy(&from, &to).run(&|_| ()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert_eq!(to.index.count().await.unwrap(), 1);
}

#[tokio::test]
async fn progress_ends_at_its_total_with_one_store_or_two() {
    let from = stocked_shop().await;
    let alone = CopyCatalogue { stores: None, ..copy(&from, &Shop::new()) };
    for (copy, total) in [(copy(&from, &Shop::new()), 2_400), (alone, 1_200)] {
        let seen = Mutex::new(Vec::new());
        copy.run(&|at| seen.lock().unwrap().push((at.done, at.total))).await.unwrap();
        let seen = seen.into_inner().unwrap();
        assert!(seen.is_sorted() && seen.first() == Some(&(0, total)));
        assert_eq!(seen.last(), Some(&(total, total)));
    }
}

#[tokio::test]
async fn an_export_contains_products_without_embeddings_too() {
    let shop = stocked_shop().await;
    shop.ingest(&[row("0000a", "lamp", ""), row("zz", "cup", "")], 2).await;
    shop.store.remove(&[id("0500")], day(3)).await.unwrap();
    let all = export(&shop).await;
    assert_eq!(all.len(), 1_201);
    assert!(all.is_sorted_by(|a, b| a.record.product.id < b.record.product.id));
    let bare = all.iter().filter(|one| one.embedding.is_none());
    let bare: Vec<_> = bare.map(|one| one.record.product.id.as_str()).collect();
    assert_eq!(bare, ["0000a", "zz"]);
}
