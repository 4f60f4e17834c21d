use anyhow::{Context, bail};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// A file for the time until it is complete, in a folder in which one process at a time has such a file.
#[derive(Debug)]
pub(crate) struct Staging {
    path: PathBuf,
    /// Its lock ends with the process, whatever ends it.
    _folder: File,
}

impl Staging {
    /// Creates `folder` if it is missing, and locks it. What a process that was killed has left under
    /// `name` is overwritten.
    pub(crate) fn create(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let cannot =
            || format!("cannot write to {}: check the path and its rights", folder.display());
        private_files::create_folder(folder).with_context(cannot)?;
        let opened = File::open(folder).with_context(cannot)?;
        match opened.try_lock() {
            Ok(()) => Ok(Self { path: folder.join(name), _folder: opened }),
            Err(TryLockError::WouldBlock) => bail!(
                "another backup or restoration uses {}: run this one when that one has ended",
                folder.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).with_context(cannot),
        }
    }

    /// Returns the path of the file, which need not exist yet.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // It was moved, or what ended the work is reported. The next one overwrites a file that stays.
        drop(fs::remove_file(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_has_a_file_in_a_folder() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("new");
        let first = Staging::create(&folder, "partial").unwrap();
        fs::write(first.path(), "half").unwrap();
        let error = Staging::create(&folder, "partial").unwrap_err();
        assert!(error.to_string().contains("another backup"), "{error}");
        drop(first);
        assert!(!Staging::create(&folder, "partial").unwrap().path().exists());
    }
}
