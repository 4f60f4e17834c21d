//! A model's folder: what is missing is downloaded beside it, verified, then moved into it.

use crate::listing::Listing;
use crate::{HubError, ModelHub, ModelName};
use private_files::Access;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// A model that is complete on this machine.
#[derive(Debug)]
pub struct Downloaded {
    /// The model's folder.
    pub folder: PathBuf,
    /// The revision of the model on the hub.
    pub revision: String,
    /// The number of files in the model.
    pub files: usize,
    /// The number of files that were missing or different.
    pub new: usize,
    /// The size of all files.
    pub bytes: u64,
}

/// The state of a download.
#[derive(Clone, Copy, Debug)]
pub struct DownloadProgress<'a> {
    /// The bytes that are on this machine.
    pub done: u64,
    /// The bytes of all files.
    pub total: u64,
    /// The current file.
    pub file: &'a str,
}

impl ModelHub {
    /// Downloads the missing files of `model` into its folder in `models`. A file that does not
    /// match the hub's checksum is deleted and reported.
    pub fn download(
        &self,
        model: &ModelName,
        models: &Path,
        observe: &dyn Fn(DownloadProgress<'_>),
    ) -> Result<Downloaded, HubError> {
        let folder = models.join(model.name());
        let partial = models.join(format!(".get-{}", model.name()));
        fs::create_dir_all(&partial).map_err(HubError::at(&partial))?;
        let lock = lock(&partial, model)?;
        let listing = self.list(model)?;
        let new = self.download_missing(model, &listing, [&folder, &partial], observe)?;
        for name in &new {
            let to = folder.join(name);
            create_parent(&to)?;
            fs::rename(partial.join(name), &to).map_err(HubError::at(&to))?;
        }
        drop(lock);
        fs::remove_dir_all(&partial).map_err(HubError::at(&partial))?;
        let (files, bytes) = (listing.files.len(), listing.bytes());
        Ok(Downloaded { folder, revision: listing.revision, files, new: new.len(), bytes })
    }

    /// Downloads the files that `folder` lacks into `partial` and returns their names.
    fn download_missing(
        &self,
        model: &ModelName,
        listing: &Listing,
        [folder, partial]: [&Path; 2],
        observe: &dyn Fn(DownloadProgress<'_>),
    ) -> Result<Vec<String>, HubError> {
        let total = listing.bytes();
        let (mut done, mut new) = (0, Vec::new());
        for file in &listing.files {
            let path = folder.join(&file.name);
            if !file.is_at(&path).map_err(HubError::at(&path))? {
                let path = partial.join(&file.name);
                create_parent(&path)?;
                let at = |bytes| {
                    observe(DownloadProgress { done: done + bytes, total, file: &file.name });
                };
                self.fetch(model, listing, file, &path, &at)?;
                new.push(file.name.clone());
            }
            done += file.bytes;
        }
        Ok(new)
    }
}

/// Locks out other processes that download the model. The lock ends with the process.
fn lock(partial: &Path, model: &ModelName) -> Result<File, HubError> {
    let path = partial.join(".lock");
    let lock = private_files::open(&path, Access::Umask).map_err(HubError::at(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(HubError::refused(format!(
            "another process is downloading {model}; wait until it has finished"
        ))),
        Err(TryLockError::Error(error)) => Err(HubError::at(&path)(error)),
    }
}

fn create_parent(path: &Path) -> Result<(), HubError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(HubError::at(parent))
}
