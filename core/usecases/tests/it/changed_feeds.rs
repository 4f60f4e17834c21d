//! Feeds whose content changes between their two readings.

use crate::shop::{Shop, day, id, row, rupees};
use akin_memory::MemoryFeed;
use akin_ports::{
    ColumnFilter, FeedRow, FeedSource, FeedToken, OpenedFeed, PortResult, ProductStore,
};
use akin_usecases::{
    CatalogueSummary, ColumnMap, IngestCatalogue, IngestError, Limits, Percentage, RetainedProducts,
};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A source that has different content each time it is opened.
#[derive(Debug)]
struct ChangingFeed {
    contents: Vec<MemoryFeed>,
    openings: AtomicUsize,
    has_tokens: bool,
}

impl ChangingFeed {
    fn new(contents: &[&[FeedRow]], has_tokens: bool) -> Self {
        let feed =
            |rows: &&[FeedRow]| MemoryFeed::new("shop.csv", rows.iter().cloned().map(Ok).collect());
        let contents = contents.iter().map(feed).collect();
        Self { contents, openings: AtomicUsize::new(0), has_tokens }
    }
}

#[async_trait]
impl FeedSource for ChangingFeed {
    fn name(&self) -> &str {
        FeedSource::name(&self.contents[0])
    }

    async fn open(
        &self,
        columns: &ColumnFilter,
        known: Option<&FeedToken>,
    ) -> PortResult<OpenedFeed> {
        let opening = self.openings.fetch_add(1, Ordering::Relaxed);
        let content = &self.contents[opening.min(self.contents.len() - 1)];
        Ok(match content.open(columns, known).await? {
            OpenedFeed::Opened { feed, token } => {
                OpenedFeed::Opened { feed, token: token.filter(|_| self.has_tokens) }
            }
            OpenedFeed::Unchanged => OpenedFeed::Unchanged,
        })
    }
}

fn products(numbers: impl IntoIterator<Item = u32>) -> Vec<FeedRow> {
    let product = |n: u32| row(&n.to_string(), &format!("Product {n}"), "₹1");
    numbers.into_iter().map(product).collect()
}

/// Ingests complete feeds over the products 0 to 9. The feed is surveyed with `first`, and read again
/// with `second`.
async fn ingest(
    shop: &Shop,
    first: &[FeedRow],
    second: &[FeedRow],
    has_tokens: bool,
) -> CatalogueSummary {
    shop.ingest(&products(0..10), 1).await;
    let fifth = Percentage::percent(20.0);
    let ingestion = IngestCatalogue {
        store: shop.store.clone(),
        pricing: rupees(),
        columns: ColumnMap::default(),
        is_complete: true,
        limits: Limits { refused: fifth, removed: fifth },
    };
    let feed: Arc<dyn FeedSource> = Arc::new(ChangingFeed::new(&[first, second], has_tokens));
    ingestion.run(&[feed], day(2), &|_| ()).await.unwrap()
}

async fn names(shop: &Shop) -> Vec<String> {
    let ids: Vec<_> = (0..20).map(|n| id(&n.to_string())).collect();
    let held = shop.store.fetch(&ids).await.unwrap();
    let mut names: Vec<_> = held.into_values().map(|stored| stored.product.name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn of_a_replaced_feed_only_surveyed_rows_are_written_and_nothing_is_removed() {
    // The survey lists 0 to 8 and a new product; the second reading also lists 9, in its last row.
    for has_tokens in [false, true] {
        for last in [products([9]), vec![], products([11, 12, 13, 14])] {
            let shop = Shop::new();
            let first = products((0..9).chain([10]));
            let second = [products(0..9), last.clone()].concat();
            let summary = ingest(&shop, &first, &second, has_tokens).await;
            let [IngestError::Feed { source, .. }] = &*summary.unread else {
                panic!("{:?}", summary.unread)
            };
            let reason = source.report();
            assert!(reason.contains("changed while it was ingested"), "{reason}");
            assert_eq!(summary.removed, 0);
            assert_eq!(summary.retained, Some(RetainedProducts { products: 1, rows: 0 }));
            let expected = products(0..10).into_iter().map(|row| row.name);
            assert_eq!(names(&shop).await, expected.collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn content_that_was_not_surveyed_is_not_written() {
    // The first batch of the second reading differs, so nothing is written.
    let shop = Shop::new();
    let second: Vec<_> = (0..10).map(|n| row(&n.to_string(), "", "call us")).collect();
    let summary = ingest(&shop, &products((0..9).chain([10])), &second, false).await;
    assert_eq!((summary.rows.read, summary.rows.quarantined), (0, 0));
    assert_eq!(shop.store.counts().await.unwrap().quarantined, 0);
}

#[tokio::test]
async fn an_unchanged_feed_is_written_and_missing_products_are_removed() {
    for has_tokens in [false, true] {
        let shop = Shop::new();
        let rows = products((0..9).chain([10]));
        let summary = ingest(&shop, &rows, &rows, has_tokens).await;
        assert_eq!((summary.unread.len(), summary.removed, summary.rows.inserted), (0, 1, 1));
    }
}
