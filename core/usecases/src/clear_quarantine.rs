use crate::QuarantinePages;
use akin_entities::Timestamp;
use akin_ports::{PortResult, ProductStore};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Removes rows from the quarantine that somebody has dealt with. Those that are refused meanwhile stay,
/// and a feed that still has a bad row brings it back.
#[derive(Clone, Debug)]
pub struct ClearQuarantine {
    /// The store of the quarantine.
    pub store: Arc<dyn ProductStore>,
}

/// The number of rows read at a time, which bounds the memory.
const PAGE: usize = 1_000;

impl ClearQuarantine {
    /// Clears the quarantine of `feed`, or of all feeds. Returns the number of refusals that were removed
    /// of each feed that had any.
    pub async fn run(&self, feed: Option<String>) -> PortResult<BTreeMap<String, u64>> {
        let mut pages = QuarantinePages::new(self.store.clone(), feed);
        let mut latest: BTreeMap<String, Timestamp> = BTreeMap::new();
        loop {
            let page = pages.next(PAGE).await?;
            if page.is_empty() {
                break;
            }
            for row in page {
                let at = latest.entry(row.feed).or_insert(row.at);
                *at = row.at.max(*at);
            }
        }
        let mut cleared = BTreeMap::new();
        for (feed, until) in latest {
            let count = self.store.clear_quarantine(&feed, until).await?;
            cleared.insert(feed, count);
        }
        Ok(cleared)
    }
}
