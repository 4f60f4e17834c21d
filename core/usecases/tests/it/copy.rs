//! Copies of a catalogue between stores, and exports.

use crate::shop::{Shop, day, id, request, row};
use crate::workplace::LONG;
use akin_entities::{Change, Language, SearchMode, Timestamp, Version};
use akin_memory::{MemoryIndex, MemoryQueue};
use akin_ports::{
    ChangeQueue, ErrorKind, MAX_ATTEMPTS, NewRun, ProductIndex, ProductStore, RunHolder, RunLog,
    RunStart,
};
use akin_usecases::{
    Background, CopyCatalogue, CopyRun, CopySource, CopySummary, EmbedChanges, EmbedTarget,
    ExportCatalogue, ExportedProduct, IndexRefusal, RegisterIndexes, UnembeddedChanges,
};
use std::error::Error as _;
use std::sync::{Arc, Mutex};

async fn stocked_shop() -> Shop {
    let shop = Shop::new();
    let rows: Vec<_> =
        (0..1_200).map(|n| row(&format!("{n:04}"), &format!("tripod {n}"), "₹617.50")).collect();
    shop.stock(&rows).await;
    shop
}

/// The copy of a shop whose queue is empty.
fn copy(from: &Shop, to: &Shop) -> CopyCatalogue {
    CopyCatalogue {
        source: CopySource {
            store: from.store.clone(),
            runs: Arc::new(from.store.runs()),
            queue: Arc::new(MemoryQueue::default()),
            index: from.index.clone(),
        },
        target_store: Some(to.store.clone()),
        target_index: to.index.clone(),
    }
}

/// Begins a run of the shop's store. The one before it counts for nothing.
async fn begin(shop: &Shop) -> Version {
    let runs = shop.store.runs();
    // Later than the versions of what is ingested, and no later than necessary.
    runs.set_clock(Timestamp(0));
    let last = runs.last(1).await.unwrap().pop();
    let gone = last.map(|run| run.version);
    let key = format!("after {gone:?}");
    let run = NewRun { holder: RunHolder { name: key.clone(), key }, feeds: vec![], gone };
    match runs.begin(&run).await.unwrap() {
        RunStart::Begun(version) => version,
        RunStart::Held(run) => panic!("{run:?} holds the lease"),
    }
}

async fn leased(from: &Shop, to: &Shop) -> CopyRun {
    let target = begin(to).await;
    CopyRun { source: if std::ptr::eq(from, to) { target } else { begin(from).await }, target }
}

async fn run(from: &Shop, to: &Shop) -> CopySummary {
    copy(from, to).run(leased(from, to).await, &|_| ()).await.unwrap()
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
async fn a_copy_in_another_store_contains_the_quarantine_and_one_in_the_same_store_copies_no_row() {
    let from = Shop::new();
    let rows: Vec<_> = (0..1_200).map(|n| row(&n.to_string(), "", "call us")).collect();
    from.ingest(&rows, 1).await;
    let to = Shop::new();
    to.ingest(&[row("own", " ", "")], 1).await;
    let summary = run(&from, &to).await;
    assert_eq!((summary.products, summary.quarantined), (0, 1_200));
    let all = async |shop: &Shop| shop.store.quarantined(None, 2_000).await.unwrap();
    let (copied, mut expected) = (all(&to).await, all(&from).await);
    assert_eq!(copied.len(), 1_200);
    // Both feeds have a line 2, and the row that was refused first was refused here.
    expected[0] = copied[0].clone();
    assert_eq!((&copied[1..], &*copied[0].row.value), (&expected[1..], " "));
    let alone = CopyCatalogue { target_store: None, ..copy(&from, &to) };
    let at = begin(&from).await;
    let summary = alone.run(CopyRun { source: at, target: at }, &|_| ()).await.unwrap();
    assert_eq!(summary.quarantined, 0);
}

#[tokio::test]
async fn a_second_copy_adds_new_products_and_overwrites_none() {
    let (from, to) = (stocked_shop().await, Shop::new());
    run(&from, &to).await;
    from.ingest(&[row("0001", "monopod", ""), row("new", "lamp", "")], 200).await;
    from.embed().await;
    to.ingest(&[row("0002", "gimbal", "")], 300).await;
    to.embed().await;
    run(&from, &to).await;
    let names = ["0001", "new", "0002"].map(id);
    let records = to.store.fetch(&names).await.unwrap();
    let name = |n: usize| records[&names[n]].product.name.as_str();
    assert_eq!([name(0), name(1), name(2)], ["monopod", "lamp", "gimbal"]);
    assert_eq!(to.state("0002").await.unwrap().version, day(300));
}

#[tokio::test]
async fn an_interrupted_copy_is_completed_by_the_next_one() {
    let from = stocked_shop().await;
    for steps in 0..12 {
        let to = Shop::new();
        let lease = leased(&from, &to).await;
        to.faults.break_after(steps, ErrorKind::Unavailable);
        let cut = copy(&from, &to).run(lease, &|_| ()).await;
        to.faults.clear();
        run(&from, &to).await;
        assert_eq!(export(&to).await, export(&from).await, "{cut:?} after {steps} steps");
    }
}

#[tokio::test]
async fn pending_changes_must_be_embedded_before_a_copy() {
    let (from, to) = (stocked_shop().await, Shop::new());
    from.ingest(&[row("new", "lamp", "")], 2).await;
    let error = copy(&from, &to).run(leased(&from, &to).await, &|_| ()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.report().contains("1 changes wait"), "{}", error.report());
    assert!(std::error::Error::source(&error).unwrap().is::<UnembeddedChanges>());
    assert_eq!(to.store.counts().await.unwrap().products, 0);
}

#[tokio::test]
async fn what_waits_in_the_queue_or_is_dead_must_be_embedded_before_a_copy() {
    let (from, to) = (stocked_shop().await, Shop::new());
    let queue = Arc::new(MemoryQueue::default());
    let copy = || {
        let copy = copy(&from, &to);
        CopyCatalogue { source: CopySource { queue: queue.clone(), ..copy.source }, ..copy }
    };
    let refusal = async |copy: CopyCatalogue| {
        let error = copy.run(leased(&from, &to).await, &|_| ()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        *error.source().unwrap().downcast_ref::<UnembeddedChanges>().unwrap()
    };
    queue.send(&[Change { id: id("0001"), version: day(1) }]).await.unwrap();
    assert_eq!(refusal(copy()).await, UnembeddedChanges::Waiting(1));
    // Two engines may share the store and its queue.
    let alone = CopyCatalogue { target_store: None, ..copy() };
    assert_eq!(refusal(alone).await, UnembeddedChanges::Waiting(1));
    for _ in 0..MAX_ATTEMPTS {
        let taken = queue.receive(1).await.unwrap();
        assert_eq!(refusal(copy()).await, UnembeddedChanges::Waiting(1));
        queue.fail(&[(taken[0].receipt.clone(), "no".to_owned())]).await.unwrap();
        queue.pass(LONG);
    }
    assert_eq!(refusal(copy()).await, UnembeddedChanges::Dead(1));
    assert_eq!(to.store.counts().await.unwrap().products, 0);
}

#[tokio::test]
async fn what_the_source_has_removed_is_removed_from_the_target() {
    let (from, to) = (stocked_shop().await, Shop::new());
    run(&from, &to).await;
    to.ingest(&[row("0003", "newer", "")], 300).await;
    to.embed().await;
    let at = begin(&from).await;
    from.store.remove(&["0002", "0003", "0004"].map(id), at).await.unwrap();
    from.embed().await;
    from.ingest(&[row("0004", "back", "")], 299).await;
    from.embed().await;
    run(&from, &to).await;
    let found = to.store.fetch(&["0002", "0003", "0004"].map(id)).await.unwrap();
    let mut names: Vec<_> = found.values().map(|is| is.product.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["back", "newer"]);
    assert_eq!((to.index.count().await.unwrap(), to.outbox().await), (1_199, vec![]));
}

#[tokio::test]
async fn a_copy_in_the_same_store_is_owed_every_later_change() {
    let from = stocked_shop().await;
    from.store.remove(&[id("0007")], day(2)).await.unwrap();
    from.embed().await;
    let second = Arc::new(MemoryIndex::default().named("second"));
    let copy =
        CopyCatalogue { target_store: None, target_index: second.clone(), ..copy(&from, &from) };
    let at = begin(&from).await;
    let embedded = from.embedder.embedded().len();
    copy.run(CopyRun { source: at, target: at }, &|_| ()).await.unwrap();
    assert_eq!((from.outbox().await, second.count().await.unwrap()), (vec![], 1_199));
    from.ingest(&[row("new", "lamp", "")], 200).await;
    // A schedule still names the first engine only.
    let error = from.try_embed().await.unwrap_err();
    let refusal = error.source().unwrap().downcast_ref::<IndexRefusal>();
    assert_eq!(refusal, Some(&IndexRefusal::Unserved(vec!["second".to_owned()])));
    let indexes: Vec<Arc<dyn ProductIndex>> = vec![from.index.clone(), second.clone()];
    let targets = vec![EmbedTarget {
        embedder: from.embedder.clone(),
        indexes,
        background: Background::inline(),
        language: Language::English,
    }];
    EmbedChanges { store: from.store.clone(), targets }.run(&|_| ()).await.unwrap();
    assert_eq!((from.outbox().await, second.count().await.unwrap()), (vec![], 1_200));
    assert_eq!(from.embedder.embedded().len(), embedded + 1, "only the new product");
}

#[tokio::test]
async fn an_index_that_is_embedded_after_an_interrupted_copy_lacks_nothing() {
    let from = stocked_shop().await;
    for steps in 0..14 {
        let to = Shop::new();
        to.stock(&[row("own", "lamp", "")]).await;
        to.register().await.unwrap();
        let lease = leased(&from, &to).await;
        to.faults.break_after(steps, ErrorKind::Unavailable);
        let cut = copy(&from, &to).run(lease, &|_| ()).await;
        to.faults.clear();
        to.register().await.unwrap();
        to.embed().await;
        let (held, found) = (to.store.counts().await.unwrap(), to.index.count().await.unwrap());
        assert_eq!(held.products, found, "{cut:?} after {steps} steps");
    }
}

#[tokio::test]
async fn a_copy_whose_lease_was_lost_meanwhile_does_not_count() {
    let (from, to) = (stocked_shop().await, Shop::new());
    let lease = leased(&from, &to).await;
    begin(&from).await;
    let error = copy(&from, &to).run(lease, &|_| ()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Overtaken);
    assert_eq!(to.store.indexes().await.unwrap(), []);
}

#[tokio::test]
async fn a_store_that_owes_its_changes_to_a_further_index_takes_no_copy() {
    let (from, to) = (stocked_shop().await, Shop::new());
    let indexes: Vec<Arc<dyn ProductIndex>> = vec![Arc::new(MemoryIndex::default().named("third"))];
    let targets = vec![EmbedTarget {
        embedder: to.embedder.clone(),
        indexes,
        background: Background::inline(),
        language: Language::English,
    }];
    RegisterIndexes { store: to.store.clone(), targets }.run().await.unwrap();
    let error = copy(&from, &to).run(leased(&from, &to).await, &|_| ()).await.unwrap_err();
    assert!(error.report().contains("third"), "{}", error.report());
    assert_eq!(to.store.counts().await.unwrap().products, 0);
}

#[tokio::test]
async fn an_index_of_another_model_is_not_changed() {
    let (from, to) =
        (stocked_shop().await, Shop::with_embedder(|_| akin_memory::MemoryEmbedder::named("x@1")));
    to.stock(&[row("a", "lamp", "")]).await;
    let error = copy(&from, &to).run(leased(&from, &to).await, &|_| ()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured);
    assert_eq!(to.index.count().await.unwrap(), 1);
}

#[tokio::test]
async fn progress_ends_at_its_total_whether_or_not_there_are_two_stores() {
    let (from, to) = (stocked_shop().await, Shop::new());
    let second = Arc::new(MemoryIndex::default().named("second"));
    let alone = CopyCatalogue { target_store: None, target_index: second, ..copy(&from, &to) };
    for (copy, total, other) in [(alone, 1_200, &from), (copy(&from, &to), 2_400, &to)] {
        let lease = leased(&from, other).await;
        let seen = Mutex::new(Vec::new());
        copy.run(lease, &|at| seen.lock().unwrap().push((at.done, at.total))).await.unwrap();
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
