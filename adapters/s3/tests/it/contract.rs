use crate::emulator::{TestBucket, table};
use akin_contracts::feed_source::FeedLocation;
use akin_ports::{FeedRow, FeedSource};
use std::sync::Arc;

impl FeedLocation for TestBucket {
    fn write(&self, rows: &[FeedRow]) {
        self.put("feeds/feed.csv", table(rows).csv(b','));
    }

    fn source(&self) -> Arc<dyn FeedSource> {
        Self::source(self, "feeds/feed.csv")
    }
}

mod ministack {
    akin_contracts::feed_source_contract!(location, ignore = "needs emulated AWS: make test");

    fn location() -> super::TestBucket {
        super::TestBucket::create("AKIN_TEST_AWS")
    }
}

mod moto {
    akin_contracts::feed_source_contract!(location, ignore = "needs emulated AWS: make test");

    fn location() -> super::TestBucket {
        super::TestBucket::create("AKIN_TEST_MOTO")
    }
}
