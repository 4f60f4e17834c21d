//! Backups are whole or none, and a catalogue is replaced by a whole one or not at all.

use akin_memory::{Faults, MemoryArchive, MemoryBackup};
use akin_ports::{BackupStorage, ErrorKind};
use akin_usecases::{BackUpCatalogue, BackupError, RestoreCatalogue};
use std::sync::Arc;
use tempfile::TempDir;

/// A catalogue, a place for its backup, and a folder for files.
struct Shop {
    faults: Faults,
    archive: MemoryArchive,
    storage: MemoryBackup,
    folder: TempDir,
}

impl Shop {
    fn new(content: Option<&str>) -> Self {
        let faults = Faults::default();
        let archive = MemoryArchive::new(content, faults.clone());
        let storage = MemoryBackup::with_faults(faults.clone());
        Self { faults, archive, storage, folder: tempfile::tempdir().unwrap() }
    }

    async fn back_up(&self) -> Result<(), BackupError> {
        let storage = Arc::new(self.storage.clone());
        let use_case = BackUpCatalogue { archive: Arc::new(self.archive.clone()), storage };
        use_case.run(&self.folder.path().join("backup")).await.map(drop)
    }

    async fn restore_to(&self, archive: &MemoryArchive, replace: bool) -> Result<(), BackupError> {
        let storage = Arc::new(self.storage.clone());
        let use_case = RestoreCatalogue { archive: Arc::new(archive.clone()), storage, replace };
        use_case.run(&self.folder.path().join("restored")).await.map(drop)
    }

    fn empty(&self) -> MemoryArchive {
        MemoryArchive::new(None, self.faults.clone())
    }
}

#[tokio::test]
async fn what_was_backed_up_is_restored() {
    let shop = Shop::new(Some("catalogue"));
    shop.back_up().await.unwrap();
    let restored = shop.empty();
    shop.restore_to(&restored, false).await.unwrap();
    assert_eq!(restored.content().unwrap(), "catalogue");
    assert_eq!(shop.archive.content().unwrap(), "catalogue");
    let left = shop.folder.path().read_dir().unwrap().count();
    assert_eq!(left, 0, "no file is left behind");
}

#[tokio::test]
async fn an_interrupted_backup_is_whole_or_none_and_can_be_repeated() {
    let shop = Shop::new(Some("catalogue"));
    shop.back_up().await.unwrap();
    let steps = shop.faults.steps();
    assert!(steps > 6, "it takes {steps} steps");
    for broken in 0..steps {
        let shop = Shop::new(Some("catalogue"));
        shop.faults.break_after(broken, ErrorKind::Unavailable);
        shop.back_up().await.unwrap_err();
        shop.faults.clear();
        let restored = shop.empty();
        if shop.storage.checksum().await.unwrap().is_none() {
            let error = shop.restore_to(&restored, false).await.unwrap_err();
            assert!(matches!(error, BackupError::NoBackup(_)), "{error}");
            shop.back_up().await.unwrap();
        }
        shop.restore_to(&restored, false).await.unwrap();
        assert_eq!(restored.content().unwrap(), "catalogue");
    }
}

#[tokio::test]
async fn an_interrupted_restoration_leaves_the_old_catalogue_or_the_new_one() {
    for broken in 0.. {
        let shop = Shop::new(Some("new"));
        shop.back_up().await.unwrap();
        let live = MemoryArchive::new(Some("old"), shop.faults.clone());
        shop.faults.break_after(broken, ErrorKind::Unavailable);
        let restored = shop.restore_to(&live, true).await;
        let content = live.content().unwrap();
        assert!(["old", "new"].contains(&&*content), "{content}");
        if restored.is_ok() {
            assert!(broken > 4, "it takes {broken} steps");
            assert_eq!(content, "new");
            break;
        }
        shop.faults.clear();
        shop.restore_to(&live, true).await.unwrap();
        assert_eq!(live.content().unwrap(), "new");
    }
}

#[tokio::test]
async fn nothing_is_overwritten_unasked() {
    let shop = Shop::new(Some("catalogue"));
    shop.back_up().await.unwrap();
    let again = shop.back_up().await.unwrap_err();
    assert!(matches!(again, BackupError::HoldsBackup(_)), "{again}");
    let live = MemoryArchive::new(Some("live"), Faults::default());
    let refused = shop.restore_to(&live, false).await.unwrap_err();
    assert!(matches!(refused, BackupError::HoldsCatalogue), "{refused}");
    assert_eq!(live.content().unwrap(), "live");
    let error = Shop::new(None).back_up().await.unwrap_err();
    assert!(matches!(error, BackupError::NoCatalogue), "{error}");
}

#[tokio::test]
async fn a_damaged_backup_replaces_nothing() {
    let shop = Shop::new(Some("catalogue"));
    shop.back_up().await.unwrap();
    shop.storage.leave_file(b"catalog_e".to_vec());
    let live = MemoryArchive::new(Some("live"), Faults::default());
    let error = shop.restore_to(&live, true).await.unwrap_err();
    assert!(matches!(&error, BackupError::Port(error) if error.kind == ErrorKind::Corrupt));
    assert_eq!(live.content().unwrap(), "live");
}
