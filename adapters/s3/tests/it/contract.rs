use crate::emulator::{TestBackup, TestBucket, table};
use akin_contracts::backup_storage::BackupPlace;
use akin_contracts::feed_source::FeedLocation;
use akin_ports::{BackupStorage, FeedRow, FeedSource};
use std::path::PathBuf;
use std::sync::Arc;

impl FeedLocation for TestBucket {
    fn write(&self, rows: &[FeedRow]) {
        self.put("feeds/feed.csv", table(rows).csv(b','));
    }

    fn source(&self) -> Arc<dyn FeedSource> {
        Self::source(self, "feeds/feed.csv")
    }
}

impl BackupPlace for TestBackup {
    fn storage(&self) -> Arc<dyn BackupStorage> {
        self.adapter()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("staging")
    }

    fn leave(&self, name: &str, bytes: &[u8]) {
        self.bucket.put(&format!("backups/monday/{name}"), bytes.to_vec());
    }
}

mod ministack {
    akin_contracts::feed_source_contract!(location, ignore = "needs emulated AWS: make test");

    akin_contracts::backup_storage_contract!(backup, ignore = "needs emulated AWS: make test");

    fn location() -> super::TestBucket {
        super::TestBucket::create("AKIN_TEST_AWS")
    }

    fn backup() -> super::TestBackup {
        super::TestBackup::in_bucket(location())
    }
}

mod moto {
    akin_contracts::feed_source_contract!(location, ignore = "needs emulated AWS: make test");

    akin_contracts::backup_storage_contract!(backup, ignore = "needs emulated AWS: make test");

    fn location() -> super::TestBucket {
        super::TestBucket::create("AKIN_TEST_MOTO")
    }

    fn backup() -> super::TestBackup {
        super::TestBackup::in_bucket(location())
    }
}
