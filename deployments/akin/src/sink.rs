//! The target of an export.

use crate::output;
use akin_composition::BadSettings;
use anyhow::Context;
use private_files::Access;
use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The standard output, a file, or a device.
pub(crate) enum Sink {
    Output,
    /// Written under another name, so that an incomplete file is never taken for a complete one.
    File {
        file: BufWriter<File>,
        partial: PartialFile,
        path: PathBuf,
        setting: &'static str,
    },
    /// A pipe or a device, which is written as it is and never replaced.
    Device {
        device: File,
        path: PathBuf,
        setting: &'static str,
    },
}

/// A file that is removed unless it is complete.
pub(crate) struct PartialFile {
    path: PathBuf,
    is_complete: bool,
}

impl Sink {
    /// Opens the file `path` of `setting`, or standard output without one or for `-`. A symbolic link is
    /// followed.
    pub(crate) async fn open(path: Option<&Path>, setting: &'static str) -> anyhow::Result<Self> {
        let Some(path) = path.filter(|path| !is_standard_output(path)) else {
            return Ok(Self::Output);
        };
        let path = path.to_owned();
        // A named pipe opens when it has a reader. Until then, signals must be heard.
        tokio::task::spawn_blocking(move || Self::open_file(path, setting)).await?
    }

    fn open_file(path: PathBuf, setting: &'static str) -> anyhow::Result<Self> {
        let found = fs::metadata(&path).ok();
        if found.as_ref().is_some_and(Metadata::is_dir) {
            let problem = format!("{setting}: {} is a folder; name a file in it", path.display());
            return Err(BadSettings(vec![problem]).into());
        }
        if found.is_some_and(|found| !found.is_file()) {
            let device = File::options().write(true).open(&path);
            let device =
                device.with_context(|| format!("cannot write {} ({setting})", path.display()))?;
            return Ok(Self::Device { device, path, setting });
        }
        let path = target(path, setting)?;
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = private_files::create(&partial, Access::Owner)
            .with_context(|| format!("cannot write {} ({setting})", partial.display()))?;
        let partial = PartialFile { path: partial, is_complete: false };
        Ok(Self::File { file: BufWriter::new(file), partial, path, setting })
    }

    /// Writes the next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Output => output::data(bytes),
            Self::File { file, partial, setting, .. } => {
                file.write_all(bytes).with_context(|| cannot_write(&partial.path, setting))?;
            }
            Self::Device { device, path, setting } => {
                device.write_all(bytes).with_context(|| cannot_write(path, setting))?;
            }
        }
        Ok(())
    }

    /// Renames the complete file.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let Self::File { mut file, mut partial, path, setting } = self else { return Ok(()) };
        let written = file.flush().and_then(|()| file.get_ref().sync_all());
        let kept = |()| keep_permissions(file.get_ref(), &path);
        written
            .and_then(kept)
            .and_then(|()| fs::rename(&partial.path, &path))
            .with_context(|| cannot_write(&path, setting))?;
        partial.is_complete = true;
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.is_complete {
            // What ended the export is reported. The next one removes a file that stays.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Returns whether `path` means standard output.
pub(crate) fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns the file to which `path` leads.
fn target(path: PathBuf, setting: &str) -> anyhow::Result<PathBuf> {
    if !path.is_symlink() {
        return Ok(path);
    }
    fs::canonicalize(&path).with_context(|| {
        format!("cannot write {} ({setting}): it is a link to no file", path.display())
    })
}

/// Gives `file` the permissions of the file at `path` that it replaces. A new file has catalogue data
/// that only its owner can read.
fn keep_permissions(file: &File, path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(replaced) if replaced.is_file() => file.set_permissions(replaced.permissions()),
        _ => Ok(()),
    }
}

fn cannot_write(path: &Path, setting: &str) -> String {
    format!("cannot write {}: free disk space, or choose another {setting}", path.display())
}
