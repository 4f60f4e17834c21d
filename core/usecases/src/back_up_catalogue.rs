use akin_ports::{BackupStorage, CatalogueArchive, CatalogueCopy, PortError};
use std::path::Path;
use std::sync::Arc;

/// Keeps a copy of a catalogue in another place, while the catalogue is in use.
#[derive(Clone, Debug)]
pub struct BackUpCatalogue {
    /// The catalogue.
    pub archive: Arc<dyn CatalogueArchive>,
    /// The place for the backup.
    pub storage: Arc<dyn BackupStorage>,
}

/// Puts a backup in the place of a catalogue.
#[derive(Clone, Debug)]
pub struct RestoreCatalogue {
    /// The catalogue.
    pub archive: Arc<dyn CatalogueArchive>,
    /// The place of the backup.
    pub storage: Arc<dyn BackupStorage>,
    /// Whether a catalogue that is there may be replaced.
    pub replace: bool,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A step failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// There is nothing to copy.
    #[error("there is no catalogue to back up")]
    NoCatalogue,
    /// The place holds a backup.
    #[error("{0} holds a backup already, which is not overwritten")]
    HoldsBackup(String),
    /// The place holds no backup, or one that was interrupted.
    #[error("{0} holds no complete backup")]
    NoBackup(String),
    /// A catalogue is in the place that was to be restored.
    #[error("there is a catalogue already")]
    HoldsCatalogue,
}

impl BackUpCatalogue {
    /// Makes the copy in `staging`, a file of the caller's, checks it, and keeps it. Interrupted anywhere,
    /// it leaves no backup, or a complete one.
    pub async fn run(&self, staging: &Path) -> Result<CatalogueCopy, BackupError> {
        if !self.archive.exists().await? {
            return Err(BackupError::NoCatalogue);
        }
        if self.storage.checksum().await?.is_some() {
            return Err(BackupError::HoldsBackup(self.storage.name().to_owned()));
        }
        let copy = self.archive.copy_to(staging).await?;
        self.storage.keep(staging, &copy.checksum).await?;
        Ok(copy)
    }
}

impl RestoreCatalogue {
    /// Fetches the backup into `staging`, a file beside the catalogue, checks it, and moves it into place.
    /// Until then, the catalogue stays as it is.
    pub async fn run(&self, staging: &Path) -> Result<CatalogueCopy, BackupError> {
        let checksum = self.storage.checksum().await?;
        let checksum =
            checksum.ok_or_else(|| BackupError::NoBackup(self.storage.name().to_owned()))?;
        if !self.replace && self.archive.exists().await? {
            return Err(BackupError::HoldsCatalogue);
        }
        self.storage.fetch(staging).await?;
        let copy = self.archive.check(staging, &checksum).await?;
        self.archive.replace_by(staging).await?;
        Ok(copy)
    }
}
