//! Backups of the embedded store, in folders and in S3.

use crate::{BadSettings, CatalogueSettings, CompositionError, StoreName, aws};
use akin_files::BackupFolder;
use akin_local::{LocalArchive, LocalOptions};
use akin_ports::{BackupStorage, CatalogueArchive};
use akin_s3::{S3Backup, S3Location};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The place of a backup.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub struct BackupPlace {
    /// The place of the backup: a folder, or `s3://BUCKET/PREFIX`.
    #[arg(value_name = "PLACE")]
    place: PathBuf,

    #[command(flatten)]
    s3: akin_s3::Settings,
}

/// The embedded store as one file, and a place for a backup of it.
#[derive(Clone, Debug)]
pub struct OpenedBackup {
    /// The store.
    pub archive: Arc<dyn CatalogueArchive>,
    /// The place.
    pub storage: Arc<dyn BackupStorage>,
    /// The folder of the store.
    pub data: PathBuf,
    /// The folder of the backup, unless it is elsewhere.
    pub folder: Option<PathBuf>,
}

impl BackupPlace {
    /// Opens the place, and the embedded store as an archive. Makes no call yet, and creates nothing.
    pub async fn open(
        &self,
        catalogue: &CatalogueSettings,
    ) -> Result<OpenedBackup, CompositionError> {
        let mut problems = catalogue.local.problems();
        if catalogue.store() == StoreName::Postgres {
            let what = "only the embedded store is backed up by akin, and these settings keep the products in \
                        Postgres: back that up by its own means, such as pg_dump";
            problems.push(what.to_owned());
        }
        let location = self.location().map_err(|problem| problems.push(problem)).ok().flatten();
        let data = catalogue.local.folder().unwrap_or_default();
        if location.is_none() && is_same(&self.place, &data) {
            let place = self.place.display();
            problems.push(format!("{place} is the folder of the catalogue itself: choose another"));
        }
        BadSettings::refuse(problems)?;
        let options = LocalOptions { clock: crate::now, ..LocalOptions::default() };
        let archive = Arc::new(LocalArchive::new(&data, options));
        let Some(location) = location else {
            let storage = Arc::new(BackupFolder::new(&self.place));
            return Ok(OpenedBackup { archive, storage, data, folder: Some(self.place.clone()) });
        };
        let config = aws::config(&catalogue.aws).await?;
        let storage = Arc::new(S3Backup::new(&config, &catalogue.aws, &self.s3, location));
        Ok(OpenedBackup { archive, storage, data, folder: None })
    }

    /// Returns the place in S3, if it is meant to be there.
    fn location(&self) -> Result<Option<S3Location>, String> {
        let text = self.place.to_str().filter(|text| S3Location::is_meant_by(text));
        let Some(text) = text else { return Ok(None) };
        let parts = text.trim_start_matches("s3://").trim_end_matches('/').split_once('/');
        let location = parts.and_then(|(bucket, key)| S3Location::object(bucket, key).ok());
        let expected =
            || format!("{text} names no place for a backup: expected s3://BUCKET/PREFIX");
        location.map(Some).ok_or_else(expected)
    }
}

/// Returns whether both are one folder.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || fs::canonicalize(one)
            .is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(text: &str) -> Result<Option<S3Location>, String> {
        BackupPlace { place: text.into(), s3: akin_s3::Settings::default() }.location()
    }

    #[test]
    fn a_place_is_a_folder_or_a_prefix_in_a_bucket() {
        for folder in ["/backups/monday", "monday", "s3:/x/y"] {
            assert_eq!(location(folder), Ok(None), "{folder}");
        }
        for text in ["s3://shop/backups/monday", "s3://shop/backups/monday/"] {
            let found = location(text).unwrap().unwrap();
            assert_eq!((found.bucket(), found.key()), ("shop", "backups/monday"));
        }
        for text in ["s3://", "s3://shop", "s3://shop/", "s3:///monday"] {
            assert!(location(text).unwrap_err().contains("s3://BUCKET/PREFIX"), "{text}");
        }
    }

    #[test]
    fn the_folder_of_the_catalogue_is_recognized_by_any_name() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("data");
        fs::create_dir(&folder).unwrap();
        assert!(is_same(&folder.join("../data"), &folder));
        assert!(is_same(Path::new("missing"), Path::new("missing")));
        assert!(!is_same(place.path(), &folder) && !is_same(Path::new("missing"), &folder));
    }
}
