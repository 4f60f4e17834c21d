//! The contract of [`BackupStorage`]: a backup is there as a whole, or not at all.

use akin_ports::{BACKUP_CHECKSUM, BACKUP_FILE, BackupStorage, Checksum, ErrorKind};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// A place for a backup, empty at first.
pub trait BackupPlace {
    /// Returns the adapter, as another process would create it.
    fn storage(&self) -> Arc<dyn BackupStorage>;

    /// Returns a path of this machine from which the storage can move a file.
    fn file(&self) -> PathBuf;

    /// Puts a file there, as a process that was interrupted has left it.
    fn leave(&self, name: &str, bytes: &[u8]);
}

/// A test of each rule, against places that `$place()` returns. The attributes go to each test.
#[macro_export]
macro_rules! backup_storage_contract {
    ($place:path $(, $attribute:meta)*) => {
        $crate::rules!(
            backup_storage, ($place()), [$($attribute),*],
            an_empty_place_holds_no_backup,
            a_backup_is_fetched_as_it_was_kept,
            a_file_without_its_checksum_is_no_backup,
            an_interrupted_backup_is_replaced,
            fetching_replaces_the_file_that_is_there,
            fetching_a_missing_file_is_an_error,
            a_checksum_that_is_none_is_an_error,
            an_empty_file_can_be_kept,
        );
    };
}

/// Larger than one part of an upload.
const LARGE: usize = (17 << 20) + 5;

fn checksum(byte: u8) -> Checksum {
    Checksum([byte; 32])
}

/// Keeps a backup of `bytes`.
async fn keep(place: &impl BackupPlace, bytes: &[u8], sum: Checksum) {
    fs::write(place.file(), bytes).unwrap();
    place.storage().keep(&place.file(), &sum).await.unwrap();
}

/// Fetches the backup.
async fn fetched(place: &impl BackupPlace) -> Vec<u8> {
    place.storage().fetch(&place.file()).await.unwrap();
    fs::read(place.file()).unwrap()
}

/// It has a name nevertheless.
pub async fn an_empty_place_holds_no_backup(place: &impl BackupPlace) {
    assert_eq!(place.storage().checksum().await.unwrap(), None);
    assert!(!place.storage().name().is_empty());
}

/// Every byte of it, by another process.
pub async fn a_backup_is_fetched_as_it_was_kept(place: &impl BackupPlace) {
    let bytes: Vec<u8> = (0..251).cycle().take(LARGE).collect();
    keep(place, &bytes, checksum(7)).await;
    assert_eq!(place.storage().checksum().await.unwrap(), Some(checksum(7)));
    assert!(fetched(place).await == bytes, "the bytes differ");
}

/// A process was killed before it wrote the checksum.
pub async fn a_file_without_its_checksum_is_no_backup(place: &impl BackupPlace) {
    place.leave(BACKUP_FILE, b"half of a catalogue");
    assert_eq!(place.storage().checksum().await.unwrap(), None);
}

/// By the next one.
pub async fn an_interrupted_backup_is_replaced(place: &impl BackupPlace) {
    place.leave(BACKUP_FILE, b"half of a catalogue");
    keep(place, b"whole", checksum(9)).await;
    assert_eq!(place.storage().checksum().await.unwrap(), Some(checksum(9)));
    assert_eq!(fetched(place).await, b"whole");
}

/// Even if it is longer.
pub async fn fetching_replaces_the_file_that_is_there(place: &impl BackupPlace) {
    keep(place, b"short", checksum(1)).await;
    fs::write(place.file(), "what an interrupted restoration left").unwrap();
    assert_eq!(fetched(place).await, b"short");
}

/// A checksum does not help.
pub async fn fetching_a_missing_file_is_an_error(place: &impl BackupPlace) {
    place.leave(BACKUP_CHECKSUM, checksum(1).line().as_bytes());
    let error = place.storage().fetch(&place.file()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Misconfigured, "{}", error.report());
}

/// And not the absence of one.
pub async fn a_checksum_that_is_none_is_an_error(place: &impl BackupPlace) {
    place.leave(BACKUP_CHECKSUM, b"<html>");
    let error = place.storage().checksum().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt, "{}", error.report());
}

/// What it means is not for the storage to say.
pub async fn an_empty_file_can_be_kept(place: &impl BackupPlace) {
    keep(place, b"", checksum(0)).await;
    assert_eq!(fetched(place).await, b"");
}
